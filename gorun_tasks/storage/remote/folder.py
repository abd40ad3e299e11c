"""Folder: a place that is a directory of this machine or of the network, `file:///srv/builds`.

Decides what its files are called and how they come there: each whole or not at all, whoever else
reads and writes. It must never write when it only reads, nor pass a content for another. It has
no size limit: who owns the folder evicts, by any command that deletes files.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from typing import TYPE_CHECKING

from gorun_tasks.errors import in_one_line
from gorun_tasks.storage.remote.contents import PART, parts_of, pass_on
from gorun_tasks.storage.remote.deadline import LIMITS, Limits, within
from gorun_tasks.storage.remote.messages import LARGEST_RESULT, decode_result, encode_result
from gorun_tasks.storage.remote.place import Missing, PlaceUnusable, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from gorun_tasks.storage.remote.place import Digest, Result

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ELOOP)
"""Errors that a file which is not there, or not there any more, is met with."""

_REFUSALS = (
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
)
"""Errors of writing that say nothing of reading."""

_LEFT_BEHIND = 24 * 3600
"""After how many seconds a file that was never finished counts as left behind."""


class FolderPlace:
    """A directory with `ac/KEY` and `cas/HASH`, each in a folder named by its first two letters."""

    def __init__(self, root: str, limits: Limits = LIMITS) -> None:
        self.label = in_one_line(root)
        self._root = root
        self._limits = limits
        self._answered = False
        self._damaged: set[Digest] = set()
        self._tidy = False

    def result(self, key: Digest) -> Result | None:
        try:
            data = b"".join(self._parts("ac", key.hash, LARGEST_RESULT))
            return decode_result(data)
        except (Missing, ValueError):
            return None

    def read(self, digest: Digest, write: Callable[[bytes], object]) -> None:
        try:
            pass_on(self._parts("cas", digest.hash, digest.size), digest, write)
        except Missing:
            self._damaged.add(digest)
            raise

    def lacking(self, digests: Sequence[Digest]) -> list[Digest]:
        self._ask()
        return [digest for digest in digests if digest in self._damaged or not self._has(digest)]

    def put(self, digest: Digest, source: BinaryIO) -> None:
        self._write("cas", digest.hash, parts_of(source, digest))
        self._damaged.discard(digest)

    def put_result(self, key: Digest, result: Result) -> None:
        self._write("ac", key.hash, iter([encode_result(result)]))

    def close(self) -> None:
        """There is no connection."""

    def _ask(self) -> None:
        """Make sure, once, that a disk in the network answers."""
        if self._answered:
            return
        try:
            within(self._limits.answer, self._look)
        except TimeoutError:
            raise PlaceUnusable(f"remote cache: {self.label} does not answer") from None
        except OSError as error:
            raise self._unusable(error) from error
        self._answered = True

    def _look(self) -> None:
        """Raise OSError where no folder is, nor can be made: who first writes makes it."""
        os.stat(os.path.dirname(self._root))
        if not os.path.isdir(self._root) and os.path.lexists(self._root):
            raise NotADirectoryError(errno.ENOTDIR, "")

    def _parts(self, folder: str, name: str, largest: int) -> Iterator[bytes]:
        """Yield a file in parts; Missing where there is none of at most so many bytes."""
        self._ask()
        try:
            descriptor = os.open(
                self._path(folder, name), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
            )
        except OSError as error:
            raise self._read_failure(error) from error
        try:
            yield from self._parts_of(descriptor, largest)
        finally:
            os.close(descriptor)

    def _parts_of(self, descriptor: int, largest: int) -> Iterator[bytes]:
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > largest:
                raise Missing
            left = largest
            while part := os.read(descriptor, min(PART, left + 1)):
                left -= len(part)
                if left < 0:
                    raise Missing
                yield part
        except OSError as error:
            raise self._read_failure(error) from error

    def _write(self, folder: str, name: str, parts: Iterator[bytes]) -> None:
        """Write a file whole, or leave what is there. What `parts` raises ends it."""
        self._ask()
        self._remove_left_behind()
        path = self._path(folder, name)
        temporary = f"{self._root}/work/{os.urandom(8).hex()}"
        with self._writing():
            os.makedirs(os.path.dirname(temporary), exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, 0o666)
        try:
            try:
                for part in parts:
                    with self._writing():
                        view = memoryview(part)
                        while view:
                            view = view[os.write(descriptor, view) :]
                with self._writing():
                    os.fsync(descriptor)
            finally:
                with self._writing():  # where some systems say first that the disk is full
                    os.close(descriptor)
            with self._writing():
                self._move(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _move(self, temporary: str, path: str) -> None:
        """Give a file its name, also where an eviction takes away empty folders meanwhile."""
        for last in (False, True):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                os.rename(temporary, path)
            except FileNotFoundError:
                if last:
                    raise
            else:
                return

    def _remove_left_behind(self) -> None:
        """Remove, once, what writers left that were killed."""
        if self._tidy:
            return
        self._tidy = True
        oldest = time.time() - _LEFT_BEHIND
        with contextlib.suppress(OSError), os.scandir(f"{self._root}/work") as entries:
            for entry in entries:
                if entry.stat(follow_symlinks=False).st_mtime < oldest:
                    os.unlink(entry.path)

    def _has(self, digest: Digest) -> bool:
        try:
            status = os.stat(self._path("cas", digest.hash))
        except OSError as error:
            if error.errno in _GONE:
                return False
            raise self._unusable(error) from error
        return stat.S_ISREG(status.st_mode) and status.st_size == digest.size

    def _path(self, folder: str, name: str) -> str:
        return f"{self._root}/{folder}/{name[:2]}/{name}"

    def _read_failure(self, error: OSError) -> Exception:
        return Missing() if error.errno in _GONE else self._unusable(error)

    def _unusable(self, error: OSError) -> PlaceUnusable:
        why = os.strerror(error.errno or errno.EIO)
        return PlaceUnusable(f"remote cache: {self.label}: {why}")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _REFUSALS:
                why = os.strerror(error.errno)
                raise WriteRefused(f"remote cache: {self.label}: {why}") from error
            raise self._unusable(error) from error
