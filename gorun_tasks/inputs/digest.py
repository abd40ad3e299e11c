"""Digest: the content of a file as an input, with the stat it had while it was read.

Decides how much of a file counts and how it is hashed. It must never trust a time stamp.
"""

from __future__ import annotations

import hashlib
import os
import stat

from gorun_tasks.core.fingerprint import key_of
from gorun_tasks.inputs.semantic_digest import may_be_absent, meaning_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gorun_tasks.core.fingerprint import Key, Record

ABSENT = b"absent"
DIRECTORY = b"directory"
UNREADABLE = b"unreadable"

_AT_ONCE = 1 << 20  # bytes that are read
_THREADS, _FEW = 7, 16  # that read beside the first one, each for so many files


def sha256_of(path: str) -> bytes:
    """Return the SHA-256 (32 bytes) of a file's content. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").digest()


def bytes_of(path: str) -> bytes:
    """Return what a file holds, b"" where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError):
        return b""


def content_of(path: str, kind: bytes = b"") -> tuple[bytes, Key | None]:
    """Return what `path` holds now and the stat key it had while it was read.

    The content is a SHA-256, with a `kind` (see `semantic_digest`) of what go takes from the file,
    or ABSENT, DIRECTORY or UNREADABLE (also when it moved while it was being read).
    """
    content, key, now = _read(path, kind)
    if now != key:
        # A file system may answer late what it knows no better before it reads.
        content, key, now = _read(path, kind)
    return (content if now == key else UNREADABLE), key


def _read(path: str, kind: bytes) -> tuple[bytes, Key | None, Key | None]:
    """Return what `path` holds, and its stat keys before and after it was read."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        # A link that leads nowhere is more than nothing: a file may come to be where it leads.
        nothing = may_be_absent(kind) and not os.path.lexists(path)
        return (meaning_of(kind, b"") if nothing else ABSENT), None, None
    key = key_of(status)
    if stat.S_ISDIR(status.st_mode):
        return DIRECTORY, key, key
    if not stat.S_ISREG(status.st_mode):
        return UNREADABLE, key, key
    try:
        if kind:
            with open(path, "rb") as file:
                digest = meaning_of(kind, file.read())
        else:
            digest = sha256_of(path)
        return digest, key, key_of(os.stat(path))
    except OSError:
        return UNREADABLE, key, key


def content_by_reading(path: str, kind: bytes) -> tuple[bytes, Key | None]:
    """Return the same where no stat is believed: one that was late is no reason to doubt it.

    It is the way of the fewest questions to the file system, of which a server answers each.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return content_of(path, kind)
    try:
        status = os.fstat(file)
        if stat.S_ISDIR(status.st_mode):
            return DIRECTORY, key_of(status)
        if not stat.S_ISREG(status.st_mode):
            return UNREADABLE, key_of(status)
        chunks = iter(lambda: os.read(file, min(status.st_size + 1, _AT_ONCE)), b"")
        if kind:
            return meaning_of(kind, b"".join(chunks)), key_of(status)
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
        return digest.digest(), key_of(status)
    except OSError:
        return content_of(path, kind)
    finally:
        os.close(file)


def contents_by_reading(
    wanted: Collection[tuple[str, bytes]],
) -> dict[tuple[str, bytes], tuple[bytes, Key | None]]:
    """Return the contents of paths and kinds, read by several threads: servers take their time."""
    import threading

    found: dict[tuple[str, bytes], tuple[bytes, Key | None]] = {}
    rest = iter(list(wanted))

    def work() -> None:
        for path, kind in rest:
            found[path, kind] = content_by_reading(path, kind)

    threads = [threading.Thread(target=work) for _ in range(min(_THREADS, len(wanted) // _FEW))]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    return found


class ContentCache:
    """Contents that the store already knows, by path and stat key: not to be read again."""

    def __init__(self) -> None:
        self._contents: dict[tuple[str, Key], bytes] = {}
        self._later: list[tuple[str, Callable[[], None]]] = []

    def add(self, directory: str, record: Record, contents: tuple[bytes, ...]) -> None:
        """Remember the contents of one record."""
        for name, key, content in zip(record[2], record[3], contents, strict=True):
            if key is not None:
                self._contents[f"{directory}/{name}", key] = content

    def add_later(self, prefix: str, add: Callable[[], None]) -> None:
        """Have `add` called once a path with this prefix is asked for."""
        self._later.append((prefix, add))

    def content(self, path: str, key: Key) -> bytes | None:
        """Return the content that `path` had with this key, if it is known."""
        for entry in [entry for entry in self._later if path.startswith(entry[0])]:
            self._later.remove(entry)
            entry[1]()
        return self._contents.get((path, key))


def is_executable_of(path: str, digest: str) -> bool:
    """Say whether a file that this user owns and may execute has this very SHA-256."""
    try:
        status = os.lstat(path)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        ours = ours and bool(status.st_mode & stat.S_IXUSR)
        return ours and sha256_of(path).hex() == digest
    except OSError:
        return False
