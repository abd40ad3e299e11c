"""Foreground process: the program as a child, with signals passed on.

Decides which signals a waiting parent passes on, and how a process of ours ends by a signal. It
must never stand between the program and the world: no pipe, no new process group or session, no
change to the program's exit status. What a program finds wherever it starts is decided by
`core.launch`.
"""

from __future__ import annotations

import os
import signal

from gorun_tasks.core.launch import flush, start_patiently
from gorun_tasks.system.child_process import end_by_signal, start_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType
    from typing import NoReturn

    from gorun_tasks.system.child_process import ChildProcess


def run_foreground(
    argv: Sequence[str | bytes],
    *,
    env: Mapping[bytes, bytes] | None = None,
    cwd: str | None = None,
    executable: str | None = None,
) -> int:
    """Run the program as a child that has everything we have; return its exit status.

    The status is 0-255 as the program gave it, or -n when signal n killed it. While it runs,
    signals meant to end us are the program's to answer: we pass them on and wait. Where we are
    killed all the same, it is told to end by SIGTERM. In a thread
    other than the main one Python can handle no signals, and we only wait.
    `executable` is what to start when that is not `argv[0]`.
    """
    child: ChildProcess | None = None
    early: set[int] = set()

    def pass_on(signum: int, _frame: FrameType | None) -> None:
        if child is None:
            early.add(signum)
        elif not _terminal_told(signum):
            child.send_signal(signum)

    def spawn() -> ChildProcess:
        unborn.update(early)
        # With a directory Popen forks by itself. Without one it asks glibc's posix_spawn, which
        # leaves two realtime signals ignored in the program.
        return start_child(
            *(argv, signal.SIGTERM),
            executable=executable,
            env=env,
            cwd=cwd or os.curdir,
            close_fds=False,
        )

    unborn: set[int] = set()
    flush()
    handlers = _handle_signals(pass_on)
    try:
        child = start_patiently(spawn, executable or argv[0], cwd)
        try:
            for signum in early:
                # The terminal tells only what exists: before the spawn, it told us alone.
                if signum in unborn or not _terminal_told(signum):
                    child.send_signal(signum)
            status = child.wait()
        except BaseException:
            # A handler of the runner's own raised, a time limit perhaps: no orphan even then.
            child.end()
            raise
    finally:
        _restore_signals(handlers)
    return status


def die_by(signum: int) -> NoReturn:
    """End this process by the signal, so that whoever waits for us sees which one it was."""
    flush()
    end_by_signal(signum)


def _handle_signals(handler: Callable[[int, FrameType | None], None]) -> dict[int, object]:
    """Give `handler` the signals the program must hear of; return the handlers it replaced."""
    replaced: dict[int, object] = {}

    def install(signum: int, action: Callable[[int, FrameType | None], None] | int) -> None:
        replaced[signum] = signal.signal(signum, action)

    try:
        # A handler, never SIG_IGN: an exec resets handlers, and the program would inherit SIG_IGN.
        # For the same reason what is ignored now (nohup, a background job) is left alone, as is a
        # handler that Python did not install (None).
        for signum in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(signum) not in (signal.SIG_IGN, None):
                install(signum, handler)
        # These would end us too, unless the runner has a use for them.
        for signum in (signal.SIGUSR1, signal.SIGUSR2):
            if signal.getsignal(signum) == signal.SIG_DFL:
                install(signum, handler)
        # With SIGCHLD ignored the kernel throws away exit statuses, and Popen would report 0.
        if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
            install(signal.SIGCHLD, signal.SIG_DFL)
    except ValueError:
        # Not the main thread, so nothing was replaced.
        return {}
    return replaced


def _restore_signals(handlers: dict[int, object]) -> None:
    for signum, handler in handlers.items():
        signal.signal(signum, handler)  # type: ignore[arg-type]


def _terminal_told(signum: int) -> bool:
    """Say whether the program has this signal already, from the terminal we share with it.

    A second SIGINT makes many servers give up their shutdown, so it must not come from us. Only
    the foreground group of a controlling terminal is told; a descriptor that is a terminal proves
    nothing, hence /dev/tty.
    """
    if signum not in (signal.SIGINT, signal.SIGQUIT):
        return False
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
