"""How long tests wait: for the clock that stamps files, and for what should have come long ago.

What is built within the tick of an edit is, rightly, not remembered: whoever expects "current"
afterwards has to let the clock tick in between.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gorun_tasks.system import host

if TYPE_CHECKING:
    from collections.abc import Callable


PATIENCE = 180.0
"""Seconds after which a test gives up, on however busy a machine; never what it measures."""


def let_the_clock_tick() -> None:
    """Wait until that clock is past everything written so far (some milliseconds).

    One tick of it need not be enough: since Linux 6.13 a file that was looked at and then written
    again is stamped finer than the clock ticks, and so ahead of it.
    """
    now = time.time_ns()
    while host.file_clock() <= now:
        time.sleep(0.0005)


def wait_until(what: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
