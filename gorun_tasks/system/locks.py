"""Locks between processes.

Decides who may write where. It must never keep a lock that its process no longer has a use for.
"""

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

STORE_LOCK = "store"
"""Name of the lock that writers share and eviction has alone: under it nothing is half done."""


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
