"""Deadline: the time limits of a place, kept whatever the system call is that takes long.

Decides how long is waited for a place. It must never wait for longer, nor keep the process from
ending or from becoming another program.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

_T = TypeVar("_T")


class Limits(NamedTuple):
    """How long, in seconds, a place may take."""

    answer: float = 1.0
    """For the connection and the first answer together."""

    data: float = 10.0
    """For the next part of a content, and for the answer to one that was sent."""


LIMITS = Limits()


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """Return what a call returns that nothing can interrupt. Raises TimeoutError, or what it does.

    A name server, or a disk in the network, may be away. The thread that waits for it ends by
    itself, or with the process.
    """
    results: list[_T] = []
    failures: list[Exception] = []

    def work() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(max(seconds, 0))
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError
    return results[0]


class Watch:
    """Ends, from a thread of its own, what waits longer than the limits for its next step."""

    def __init__(self, first: float, next_: float, end: Callable[[], object]) -> None:
        self.has_ended_it = False
        self._next = next_
        self._end = end
        self._deadline = time.monotonic() + first
        self._over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()

    def wait(self) -> None:
        """From now on there is waited, for as long as a next step may take."""
        self._deadline = time.monotonic() + self._next

    def pause(self) -> None:
        """Nothing is waited for until `wait` says so again."""
        self._deadline = math.inf

    def _watch(self) -> None:
        # A deadline that is set meanwhile is never nearer than `_next`.
        while (left := self._deadline - time.monotonic()) > 0:
            if self._over.wait(min(left, self._next)):
                return
        self.has_ended_it = True
        self._end()
