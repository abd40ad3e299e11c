"""Child process: one that does not outlive us, whatever ends us.

Decides what happens between fork and exec, where no signal may be lost and nothing may wait for
another thread. It must never hand the child anything of ours: no handler, no mask, no descriptor.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from typing import Any

_HANDLED = (
    *(signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP),
    *(signal.SIGUSR1, signal.SIGUSR2),
)
"""What we may have handlers of, which are not the child's."""


def start_child(
    command: Sequence[str | bytes], last_signal: int, **how: Any
) -> subprocess.Popen[bytes]:
    """Start a process that is sent `last_signal` when we end before it, where the system can.

    `how` are arguments of Popen. The thread that starts it has to wait for it as well: to the
    system it is that thread whose end counts.
    """
    import subprocess

    from gorun_tasks.system import host

    tie = host.tied_to_parent(last_signal)
    if tie is None:
        return subprocess.Popen(command, **how)
    parent = os.getpid()
    # What the terminal tells both of us between fork and exec waits, here and there.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    handled = [signum for signum in _HANDLED if callable(signal.getsignal(signum))]

    def before_exec() -> None:
        for signum in handled:
            signal.signal(signum, signal.SIG_DFL)
        tie()
        if os.getppid() != parent:
            os._exit(1)  # we were killed before it was tied
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    try:
        return subprocess.Popen(command, preexec_fn=before_exec, **how)  # noqa: PLW1509 - see above
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
