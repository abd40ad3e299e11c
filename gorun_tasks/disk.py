"""Disk: locks between processes, and files that are written whole or not at all.

Decides how the store's files come to be under their names: temporary name, fsync, rename. It must
never show a half-written file, and never keep a lock that its process no longer has a use for.
"""

from __future__ import annotations

import errno
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

STORE_LOCK = "store"
"""Name of the lock that writers share and eviction has alone: under it nothing is half done."""


NOTES = "report"
"""Name of the file in a build's folder in which lies what go told, for as long as go works."""


class Lock:
    """A lock between processes, let go when the process ends, however it ends.

    It is let go, too, when nobody refers to it any longer.
    """

    def __init__(self, path: str, *, shared: bool = False, folder: bool = False) -> None:
        self._path = path
        # A folder is there already. Whatever else is locked is a file for that purpose alone.
        self._flags = os.O_DIRECTORY if folder else os.O_RDWR | os.O_CREAT
        self._kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._descriptor = -1
        self.waited = False  # whether another process had it when it was asked for

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()

    def acquire(self, *, wait: bool = True) -> bool:
        """Have it, after those who came before; without `wait`, now or not at all: say whether.

        Raises OSError.
        """
        while True:
            descriptor = self._open()
            try:
                if not self._lock(descriptor, wait=wait):
                    return False
                # Eviction removes locks that nobody holds: this one may have no name any more.
                if os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                    self._descriptor, descriptor = descriptor, -1
                    return True
            except FileNotFoundError:
                continue
            finally:
                if descriptor >= 0:
                    os.close(descriptor)

    def release(self) -> None:
        """Let it go, if it was held."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _lock(self, descriptor: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, self._kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                return False
            self.waited = True
            fcntl.flock(descriptor, self._kind)
        return True

    def _open(self) -> int:
        return os.open(self._path, self._flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def write_whole(path: str, content: bytes) -> None:
    """Put a file with this content at `path`, or leave what is there. Raises OSError."""
    temporary = f"{path}.{os.urandom(6).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def sync(path: str) -> None:
    """Have the content of a file on the disk, not only on its way there. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems have nothing to sync
            raise
    finally:
        os.close(descriptor)
