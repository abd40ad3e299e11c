"""Child process: one that does not outlive us, whatever ends us.

Decides what happens between fork and exec, where no signal may be lost and nothing may wait for
another thread, and what a reaper does, the process between us and the child that waits for it
where we no longer can. It must never hand the child anything of ours: no handler, no mask, no
descriptor.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` without its enums
import errno
import os
import subprocess
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from gorun_tasks.system.linux import Calls

_HANDLED = (
    *(_signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM, _signal.SIGHUP),
    *(_signal.SIGUSR1, _signal.SIGUSR2, _signal.SIGALRM),
)
"""What we and runners may have handlers of, which are not the child's."""

_KEYS = (_signal.SIGINT, _signal.SIGQUIT, _signal.SIGTSTP)
"""What a terminal sends to all of us when a key is typed."""

_PATIENCE = 5.0  # seconds between SIGTERM and SIGKILL, as in a watch


class ChildProcess(subprocess.Popen[bytes]):
    """A child as `subprocess` has it, but that `pid` is the reaper's, where it has one."""

    has_reaper = False

    @property
    def command_pid(self) -> int:
        """The process that executes the command, to which signals are sent."""
        from gorun_tasks.system import host

        children = host.children_of(self.pid) if self.has_reaper else []
        return children[0] if children else self.pid  # which heeds no signal

    def send_signal(self, sig: int) -> None:
        """Send a signal to the command, if it has not ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.command_pid, sig)

    def end(self) -> None:
        """Have the command end, by itself if it can."""
        self.terminate()
        try:
            self.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()


def start_child(command: Sequence[str | bytes], last_signal: int, **how: Any) -> ChildProcess:
    """Start a process that is sent `last_signal` when we end before it, where the system can.

    `how` are arguments of Popen. The child's parent is a reaper. An orphan's would be the first
    process of the system, which in a container may never ask how an orphan ended, and until then
    its process ID looks as if it still ran.
    """
    from gorun_tasks.system import host

    calls = host.calls_after_fork()
    if calls is None:
        return ChildProcess(command, **how)
    # What the terminal tells both of us between fork and exec waits, here and there.
    mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, _HANDLED)
    child = None
    try:
        child = ChildProcess(command, preexec_fn=_parting(calls, last_signal, mask), **how)
        child.has_reaper = True
    except subprocess.SubprocessError as error:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
    finally:
        try:
            _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
        except BaseException:  # of a handler of the runner's
            if child is not None:
                child.end()
            raise
    return child


def _parting(calls: Calls, last_signal: int, mask: set[int]) -> Callable[[], None]:
    """Return what our child calls: it becomes the reaper, and its own child comes back."""
    fork, tie, close_all = calls
    parent = os.getpid()
    handled = [signum for signum in _HANDLED if callable(_signal.getsignal(signum))]
    every = _signal.valid_signals()

    # Each object that is used after a fork costs a copy of the page in which it lies.
    def part() -> None:
        _signal.pthread_sigmask(_signal.SIG_BLOCK, every)
        tie_to(parent, _signal.SIGCHLD)
        reaper = os.getpid()
        command_pid = fork()
        if command_pid < 0:
            raise BlockingIOError
        if command_pid > 0:
            close_all()  # a pipe has to end, a lock to be let go
            _reap(command_pid, parent, last_signal)
        tie_to(reaper, _signal.SIGCHLD)
        _signal.sigwait((_signal.SIGCHLD,))
        tie_to(reaper, last_signal)
        for signum in handled:
            _signal.signal(signum, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)

    def tie_to(expected: int, signum: int) -> None:
        tie(signum)
        if os.getppid() != expected:
            os._exit(1)  # it was killed before

    return part


def end_with_parent() -> None:
    """Have this process killed when its parent ends, where the system can.

    For one that a runner has started to do a task in: it would wait for the next one for ever.
    """
    from gorun_tasks.system import host

    if calls := host.calls_after_fork():
        calls[1](_signal.SIGKILL)


def _reap(command_pid: int, parent: int, last_signal: int) -> NoReturn:
    """Be the reaper: wait for the command, and end as it ends. All signals are blocked."""
    try:
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)  # ignored, it would hide how it ended
        for signum in _signal.sigpending():
            if signum in _KEYS:  # typed before there was a command
                os.kill(command_pid, signum)
        os.kill(command_pid, _signal.SIGCHLD)  # go on
        while not (ended := os.waitpid(command_pid, os.WNOHANG))[0]:
            if os.getppid() != parent:
                parent = os.getppid()
                os.kill(command_pid, last_signal)
            _signal.sigwait((_signal.SIGCHLD,))
        status = os.waitstatus_to_exitcode(ended[1])
        if status < 0:
            end_by_signal(-status)
        os._exit(status)
    finally:
        os._exit(1)


def end_by_signal(signum: int) -> NoReturn:
    """End this process by the signal, so that whoever waits for us sees which one it was."""
    import resource

    with suppress(ValueError, OSError):  # a core of ours would be taken for the program's
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # Not the main thread: the exit status below has to do. SIGKILL: nobody can change what it does.
    with suppress(ValueError, OSError):
        _signal.signal(signum, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [signum])
    _signal.raise_signal(signum)
    os._exit(128 + signum)
