"""Callback queue: calls from other threads and signal handlers, made in the watch's loop.

Decides when the loop wakes up for one. It must never write once the loop is over: the number of
its pipe may be somebody else's by then.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class CallbackQueue:
    """Errands in their order, for a loop that polls this for reading, as a file."""

    def __init__(self) -> None:
        self._errands: deque[Callable[[], None]] = deque()
        self._reads = self._writes = -1
        self._lock = threading.RLock()  # a handler may come while its own thread holds it

    def __bool__(self) -> bool:
        """Say whether some are left over, for which nobody wakes the loop again."""
        return bool(self._errands)

    def open(self) -> None:
        """Wake the loop from now on."""
        self._reads, self._writes = os.pipe()
        os.set_blocking(self._writes, False)

    def close(self) -> None:
        """Wake nobody any more."""
        with self._lock:
            descriptors = self._reads, self._writes
            self._reads = self._writes = -1
            for descriptor in descriptors:
                os.close(descriptor)

    def fileno(self) -> int:
        """Return what can be read when there is an errand."""
        return self._reads

    def add(self, errand: Callable[[], None]) -> None:
        """Have the loop do this, from whatever thread."""
        with self._lock:
            self._errands.append(errand)
            with contextlib.suppress(OSError):  # it is full and wakes anyway, or there is no loop
                os.write(self._writes, b".")

    def run(self) -> None:
        """Do what there is to do. An error of one leaves those after it."""
        while self._errands:
            self._errands.popleft()()

    def hush(self) -> None:
        """Take in that there are callbacks."""
        os.read(self._reads, 1 << 12)
