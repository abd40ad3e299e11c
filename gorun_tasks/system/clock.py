"""Clock: waiting until what changes from now on gets a later time stamp.

Decides when the clock that stamps files has ticked. It must never wait for more than that, nor for
ever where a time stamp is from the future.
"""

from __future__ import annotations

import time

from gorun_tasks.system import host

_NAP = 0.001  # seconds


def wait_past(moment: int, at_most: float = 1.0) -> None:
    """Wait until the clock that stamps files is past a moment (nanoseconds since the epoch).

    `at_most` is in seconds.
    """
    deadline = time.monotonic() + at_most
    while host.file_clock() <= moment and time.monotonic() < deadline:
        time.sleep(_NAP)
