"""Process tree: a process and all that descend from it, interrupted as by a terminal's ^C.

Decides in which order they hear of it, so that none is missed. It must never leave a process
stopped, and only Linux's /proc tells it who descends from whom.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

# How often a thread that was told to stop is looked at. One that waits for the disk may take long.
_STOP_PATIENCE = 2000


def interrupt_tree(pid: int) -> None:
    """Send SIGINT to a process and to all that descend from it, as a terminal's ^C would.

    Who was started in a script's background ignores that, and so do all that we start: they get
    the first signal then that is not ignored. Where there is no Linux /proc only the process itself
    is told.
    """
    order = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    interrupt = next(s for s in order if signal.getsignal(s) is not signal.SIG_IGN)

    def tell(member: int, signum: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member, signum)

    # go must know before a compiler it waits for dies of it. It waits for whom it started, so it is
    # still there to be asked, and must not stand still: if we were killed then, it would for ever.
    tree = children_of(pid)
    tell(pid, interrupt)
    tree += set(children_of(pid)) - set(tree)
    for member in tree:
        # Who dies leaves children that no longer name him, so they are listed before, while he
        # stands still and can make no more.
        tell(member, signal.SIGSTOP)
        tree += children_of(member, stopped=True)
        tell(member, interrupt)
        tell(member, signal.SIGCONT)


def children_of(pid: int, *, stopped: bool = False) -> list[int]:
    """Return the processes that a process started, as far as they are there."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    children: list[int] = []
    for thread in threads:
        if stopped:
            _await_stop(f"/proc/{pid}/task/{thread}/stat")
        try:
            # Bytes: a decoder may have to be imported, and this runs in a signal handler.
            with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as listing:
                children += map(int, listing.readall().split())
        except OSError:
            continue
    return children


def _await_stop(path: str) -> None:
    """Wait until a thread that was told to stop has stopped: until then it may fork."""
    for _ in range(_STOP_PATIENCE):
        try:
            with open(path, "rb", buffering=0) as stat:
                state = stat.readall().rpartition(b") ")[2][:1]
        except OSError:
            return  # it has ended
        if state in b"TtZXx":
            return
        os.sched_yield()
