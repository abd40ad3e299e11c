"""Deadline: the time limits of a place, kept whatever the system call is that takes long.

Decides how long is waited for a place. It must never wait for longer, nor keep the process from
ending or from becoming another program.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

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
