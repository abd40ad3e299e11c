"""Process tree: a process and all that descend from it, interrupted as by a terminal's ^C.

Decides in which order they hear of it, so that none is missed. It must never leave a process
stopped, and who descends from whom only the operating system tells.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from gorun_tasks.system import host


def interrupt_signal() -> signal.Signals:
    """Return the signal that interrupts what we start: SIGINT, as a terminal's ^C.

    Who was started in a script's background ignores that, and so do all that we start: they get
    the first signal then that is not ignored.
    """
    order = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    return next(s for s in order if signal.getsignal(s) is not signal.SIG_IGN)


def interrupt_tree(pid: int) -> None:
    """Send SIGINT to a process and to all that descend from it, as a terminal's ^C would.

    Where nothing tells of descendants only the process itself is told.
    """
    interrupt = interrupt_signal()

    def tell(member: int, signum: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member, signum)

    # go must know before a compiler it waits for dies of it. It waits for whom it started, so it is
    # still there to be asked, and must not stand still: if we were killed then, it would for ever.
    tree = host.children_of(pid)
    tell(pid, interrupt)
    tree += set(host.children_of(pid)) - set(tree)
    for member in tree:
        # Who dies leaves children that no longer name him, so they are listed before, while he
        # stands still and can make no more.
        tell(member, signal.SIGSTOP)
        tree += host.children_of(member, stopped=True)
        tell(member, interrupt)
        tell(member, signal.SIGCONT)
