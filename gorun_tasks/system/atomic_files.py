"""Atomic files: files that are written whole or not at all.

Decides how a file comes to be under its name: temporary name, fsync, rename. It must never show
a half-written file.
"""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def put_whole(path: str, make: Callable[[str], None], temporary: str = "") -> None:
    """Have `make` make a file under a temporary name, and then give it its own. Raises OSError.

    What is at `path` stays there until it is replaced. A `temporary` name in another directory
    (of the same file system) may be given.
    """
    temporary = temporary or f"{path}.{os.urandom(6).hex()}"
    try:
        make(temporary)
        os.rename(temporary, path)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def write_whole(path: str, content: bytes) -> None:
    """Put a file with this content at `path`, or leave what is there. Raises OSError."""

    def make(temporary: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    put_whole(path, make)


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
