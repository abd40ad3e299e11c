"""Starts the program as a child that is kept well.

Decides what is started for it, which signals a waiting parent passes on, how a tree of processes is
interrupted, and how a process of ours ends by a signal. It must never stand between the program
and the world: no pipe, no new process group or session, no change to the program's exit status.
What a program finds wherever it starts is decided by `process`.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from gorun_tasks.process import find_wrapper, flush, program_environment, start_patiently

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType
    from typing import NoReturn

    from gorun_tasks.outcome import Outcome
    from gorun_tasks.program import Program

# How often a thread that was told to stop is looked at. One that waits for the disk may take long.
_STOP_PATIENCE = 2000


def how_to_start(
    program: Program, made: Outcome, args: Sequence[str]
) -> tuple[str, list[str], dict[bytes, bytes]]:
    """Return the file to execute, its words, and the environment of a program as a child.

    Raises ExecutionError where there is no wrapper (-exec) of that name.
    """
    env = program_environment(_encoded(program.environ), made.goroot_bin)
    given = os.environ.get("PWD")
    if given != program.cwd:
        from gorun_tasks.program import logical_directory  # noqa: PLC0415 - loaded by then

        if logical_directory(os.environ) == program.cwd:
            # go was told the way to where we are, the program finds what we found.
            env.pop(b"PWD", None)
            env |= _encoded({"PWD": given} if given is not None else {})
    # Again, since an LC_CTYPE among them may have been taken for Python's own.
    env |= _encoded({k: v for k, v in program.overlay.items() if v is not None and k != "PATH"})
    words = [*made.wrapper, made.path, *args]
    command = find_wrapper(words[0], env) if made.wrapper else made.path
    return command, words, env


def _encoded(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}


def run_foreground(
    argv: Sequence[str | bytes],
    *,
    env: Mapping[bytes, bytes] | None = None,
    cwd: str | None = None,
    executable: str | None = None,
) -> int:
    """Run the program as a child that has everything we have; return its exit status.

    The status is 0-255 as the program gave it, or -n when signal n killed it. While it runs,
    signals meant to end us are the program's to answer: we pass them on and wait. In a thread
    other than the main one Python can handle no signals, and we only wait.
    `executable` is what to start when that is not `argv[0]`.
    """
    import subprocess  # noqa: PLC0415 - who interrupts, or ends, starts nothing

    child: subprocess.Popen[bytes] | None = None
    early: set[int] = set()

    def pass_on(signum: int, _frame: FrameType | None) -> None:
        if child is None:
            early.add(signum)
        elif not _terminal_told(signum):
            child.send_signal(signum)

    def spawn() -> subprocess.Popen[bytes]:
        unborn.update(early)
        # With a directory Popen forks by itself. Without one it asks glibc's posix_spawn, which
        # leaves two realtime signals ignored in the program.
        return subprocess.Popen(
            argv, executable=executable, env=env, cwd=cwd or os.curdir, close_fds=False
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
            child.terminate()
            child.wait()
            raise
    finally:
        _restore_signals(handlers)
    return status


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
    tree = _children(pid)
    tell(pid, interrupt)
    tree += set(_children(pid)) - set(tree)
    for member in tree:
        # Who dies leaves children that no longer name him, so they are listed before, while he
        # stands still and can make no more.
        tell(member, signal.SIGSTOP)
        tree += _children(member, stopped=True)
        tell(member, interrupt)
        tell(member, signal.SIGCONT)


def die_by(signum: int) -> NoReturn:
    """End this process by the signal, so that whoever waits for us sees which one it was."""
    import resource  # noqa: PLC0415 - nobody dies twice

    flush()
    with suppress(ValueError, OSError):  # a core of ours would be taken for the program's
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # Not the main thread: the exit status below has to do. SIGKILL: nobody can change what it does.
    with suppress(ValueError, OSError):
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signum])
    signal.raise_signal(signum)
    os._exit(128 + signum)


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


def _children(pid: int, *, stopped: bool = False) -> list[int]:
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
