"""Atomic files: files that are written whole or not at all.

Decides how a file comes to be under its name: temporary name, fsync, rename. It must never show
a half-written file.
"""

from __future__ import annotations

import errno
import os


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
