"""Supervisor process: starts a watched program, ends its process group, outlives the watch.

A script of its own, started as `supervisor_process.py DESCRIPTOR SIGNAL GRACE TERMINAL SOCKET`,
that imports of ours what knows the operating system alone: at the other end of the descriptor is
`supervisor`. Decides what the program finds when it starts (a process group of its own, the
terminal if we had it), who is told of a signal, and when a group is gone. It must never leave
anyone of a group behind: where the watcher is gone, however it went, the descriptor ends, and then
the group is stopped as at a restart. It must never be in the program's way: nothing of ours reaches
it, no descriptor (but a socket that it is to have), no signal's disposition, no mask.

    start N PATH ARGV ENVIRONMENT DIRECTORY  → started N PID | failed N ERRNO DIRECTORY?
    stop SIGNAL GRACE                  → gone N     GRACE: seconds until SIGKILL, None: for ever;
                                       SIGNAL 0: the group has been told
    resume                             what was stopped by ^Z goes on
    ended N STATUS LEFT WRITTEN        the program ended; LEFT: `gone` has not been told yet;
                                       WRITTEN: it has written to files
    told N SIGNAL                      the terminal, or somebody else, told the whole group

N is the number of the program: two words may cross, and then they are about different ones.

We join the program's group. A ^C is told to the foreground group alone, and the watcher has to know
of it; and as long as we are in a group, no other can get its number. Before we signal it we leave.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import marshal
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from gorun_tasks.system import host

_FROM_THE_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP)
_HEARD = (*_FROM_THE_TERMINAL, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM)
_BUSY_PAUSES = (0.1, 0.2, 0.4)  # go's own patience with an executable that is open for writing
_LOOK_AGAIN = 0.01  # seconds between two looks whether a group is gone
_ASK_AGAIN = 0.1  # seconds between two looks whether the terminal is to be had
_LAST_PATIENCE = 5.0  # seconds after SIGKILL; what then is there still, the kernel does not let go
_FIRST_HANDED_OVER = 3  # sd_listen_fds(3)


class Supervisor:
    """One program after another, each in a process group that is gone before the next."""

    def __init__(
        self,
        control: int,
        stop_signal: int,
        grace: float,
        *,
        terminal: bool,
        listening: int,
        life_line: host.LifeLine,
    ) -> None:
        self._control = control
        self._stop = (stop_signal, grace)
        self._home = os.getpgrp()  # the watcher's
        self._me = os.getpid()
        os.setpgid(0, 0)  # who kills the watcher's group does not kill us
        self._terminal = _open_terminal() if terminal else -1
        self._listening = listening  # a socket that the program inherits, -1 for none
        self._number = 0  # of the program
        self._child = 0  # the program, until its status is known
        self._group = 0  # its process group, until that is gone
        self._deadline: float | None = None
        self._stopping = False
        self._killed = False
        self._wants_terminal = False  # and stands still, since another has it
        self._over = False  # whether the watcher is gone
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU, signal.SIGTTIN])
        self._life_line = life_line
        # What is ignored stays ignored in the program, too.
        self._heard = {s for s in _HEARD if signal.getsignal(s) is not signal.SIG_IGN}
        self._woken = self._hear_signals()

    def run(self) -> None:
        """Do as the watcher says, until it is gone and no program is left."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while not (self._over and not self._group):
            pause = _LOOK_AGAIN if self._stopping else _ASK_AGAIN if self._wants_terminal else None
            ready = poll.poll(pause and pause * 1000)
            for descriptor, _ in ready:
                if descriptor == self._woken:
                    self._hear(os.read(self._woken, 4096))
                elif not self._obey():
                    poll.unregister(self._control)
                    self._over = True
                    self._end_group(*self._stop)
            self._reap()
            self._look_after_the_group()
            if self._wants_terminal and self._foreground() == self._home:
                self._resume()

    # The watcher's words.

    def _obey(self) -> bool:
        size = int.from_bytes(_read(self._control, 4), "little")
        words = _read(self._control, size)
        if not size or len(words) < size:
            return False  # also in the middle of a word: it was killed
        verb, *values = marshal.loads(words)  # noqa: S302 - from our own parent
        if verb == "start":
            self._number, *values = values
            self._start(*values)
        elif verb == "stop":
            self._end_group(*values)
        elif verb == "resume" and self._group:
            self._resume()
        return True

    def _resume(self) -> None:
        self._wants_terminal = False
        if self._foreground() == self._home:
            self._give_terminal(self._group)
        self._signal_group(signal.SIGCONT)

    def _tell(self, *words: Any) -> None:
        data = marshal.dumps((words[0], self._number, *words[1:]))
        frame = memoryview(len(data).to_bytes(4, "little") + data)
        try:
            while frame:
                frame = frame[os.write(self._control, frame) :]
        except OSError:
            pass  # it is gone, as the end of its words will tell

    # Starting.

    def _start(
        self, path: bytes, argv: list[bytes], environment: dict[bytes, bytes], directory: bytes
    ) -> None:
        gets_terminal = self._terminal >= 0 and self._foreground() == self._home
        reads, writes = os.pipe()
        gate = os.pipe()  # ends when we are in the group, and hear what that is told
        # A signal must wait for the program, and not be taken from it by a handler of ours.
        ours = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            child = os.fork()
        except OSError as error:  # there are as many processes as there may be
            signal.pthread_sigmask(signal.SIG_SETMASK, ours)
            for descriptor in (reads, writes, *gate):
                os.close(descriptor)
            self._tell("failed", error.errno, False)
            return
        if not child:
            os.close(gate[1])
            self._become(
                *(path, argv, environment, directory, writes),
                gate=gate[0],
                gets_terminal=gets_terminal,
            )
        self._child = self._group = child
        _suppress(os.setpgid, child, child)  # the child does the same: whoever comes first
        _suppress(os.setpgid, 0, child)  # if it has ended already, its remains are in the group
        self._life_line.hold(child)
        signal.pthread_sigmask(signal.SIG_SETMASK, ours)
        for descriptor in (writes, *gate):
            os.close(descriptor)
        trouble = _read(reads, 5)
        os.close(reads)
        if trouble:
            os.waitpid(child, 0)
            self._child = 0
            self._let_go()
            number, of_directory = int.from_bytes(trouble[:4], "little"), trouble[4:] == b"d"
            self._tell("failed", number, of_directory)
        else:
            self._tell("started", child)

    def _become(
        self,
        path: bytes,
        argv: list[bytes],
        environment: dict[bytes, bytes],
        directory: bytes,
        writes: int,
        *,
        gate: int,
        gets_terminal: bool,
    ) -> NoReturn:
        where = b"d"
        try:
            os.setpgid(0, 0)
            os.read(gate, 1)
            if gets_terminal:
                os.tcsetpgrp(self._terminal, os.getpid())
            # Python ignores the first two.
            for signum in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, *_HEARD):
                if signum in self._heard or signum not in _HEARD:
                    signal.signal(signum, signal.SIG_DFL)
            self._life_line.grasp()
            if os.getppid() != self._me:
                os._exit(1)  # the supervisor was killed before that was set
            os.chdir(directory)
            where = b"x"
            if self._listening >= 0:
                writes = fcntl.fcntl(writes, fcntl.F_DUPFD_CLOEXEC, _FIRST_HANDED_OVER + 1)
                environment |= {b"LISTEN_FDS": b"1", b"LISTEN_PID": b"%d" % os.getpid()}
                os.dup2(self._listening, _FIRST_HANDED_OVER)
                os.set_inheritable(_FIRST_HANDED_OVER, True)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            pauses = iter(_BUSY_PAUSES)
            while True:
                try:
                    os.execve(path, argv, environment)  # noqa: S606 - no shell is the point
                except OSError as error:
                    pause = next(pauses, None) if error.errno == errno.ETXTBSY else None
                    if pause is None:
                        raise
                    time.sleep(pause)
        except OSError as error:
            os.write(writes, (error.errno or 0).to_bytes(4, "little") + where)
        finally:
            os._exit(1)

    # Ending.

    def _end_group(self, signum: int, grace: float | None) -> None:
        """Signal the group, and see to its end: `gone` is told then."""
        if not self._group:
            self._tell("gone")
            return
        # A second word may only shorten the time that the first one gave.
        deadline = None if grace is None else time.monotonic() + grace
        if self._deadline is None or (deadline is not None and deadline < self._deadline):
            self._deadline = deadline
        self._stopping = True
        self._signal_group(signum)
        self._signal_group(signal.SIGCONT)  # one that stands still hears nothing

    def _look_after_the_group(self) -> None:
        if not self._stopping:
            return
        if self._killed or (self._deadline is not None and time.monotonic() >= self._deadline):
            if not self._killed:
                self._killed = True
                self._deadline = time.monotonic() + _LAST_PATIENCE
            self._signal_group(signal.SIGKILL)
        if not self._child and (not self._has_members() or self._given_up()):
            self._let_go()
            self._tell("gone")

    def _let_go(self) -> None:
        self._take_terminal_back()
        self._leave()
        self._group = 0
        self._life_line.hold(0)
        self._stopping = self._killed = False
        self._deadline = None

    def _given_up(self) -> bool:
        return self._killed and time.monotonic() >= (self._deadline or 0.0)

    def _has_members(self) -> bool:
        """Say whether anybody but us is in the group. The dead whom nobody buries count, too."""
        return self._signal_group(0)

    def _signal_group(self, signum: int) -> bool:
        """Signal everybody in the group but us; say whether there is anybody."""
        self._leave()
        try:
            os.killpg(self._group, signum)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # it has become another user's
        _suppress(os.setpgid, 0, self._group)
        return True

    def _leave(self) -> None:
        if os.getpgrp() != self._me:
            os.setpgid(0, 0)

    def _reap(self) -> None:
        """Bury the program and whoever of its own is orphaned: they come to us."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if not pid:
                return
            if os.WIFSTOPPED(status):
                # A shell that brings a running job to the foreground tells nobody.
                if pid == self._child and self._terminal >= 0:
                    self._wants_terminal = os.WSTOPSIG(status) in (signal.SIGTTIN, signal.SIGTTOU)
            elif pid == self._child:
                self._child = 0
                self._wants_terminal = False
                left = self._has_members()
                if not self._stopping:
                    self._take_terminal_back()
                    if not left:
                        self._let_go()
                ended = os.waitstatus_to_exitcode(status), left or self._stopping
                self._tell("ended", *ended, used.ru_oublock > 0)

    # Signals and the terminal.

    def _hear_signals(self) -> int:
        reads, writes = os.pipe()
        os.set_blocking(writes, False)
        os.set_blocking(reads, False)
        signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _do_nothing)
        for signum in self._heard:
            signal.signal(signum, _do_nothing)
        return reads

    def _hear(self, numbers: bytes) -> None:
        for signum in numbers:
            # Of a program without one it is nobody's affair but its own.
            if signum in _FROM_THE_TERMINAL and self._group and self._terminal >= 0:
                self._tell("told", signum)

    def _foreground(self) -> int:
        if self._terminal < 0:
            return -1
        try:
            return os.tcgetpgrp(self._terminal)
        except OSError:
            return -1

    def _give_terminal(self, group: int) -> None:
        _suppress(os.tcsetpgrp, self._terminal, group)

    def _take_terminal_back(self) -> None:
        if self._group and self._foreground() == self._group:
            self._give_terminal(self._home)


def _do_nothing(_signum: int, _frame: object) -> None:
    """Be told by the wakeup descriptor alone."""


def _suppress(call: Any, *arguments: int) -> None:
    with contextlib.suppress(OSError):
        call(*arguments)


def _read(descriptor: int, size: int) -> bytes:
    """Return this many bytes, fewer (or none) where there is an end."""
    data = b""
    while len(data) < size:
        try:
            chunk = os.read(descriptor, size - len(data))
        except OSError:
            break
        if not chunk:
            break
        data += chunk
    return data


def _open_terminal() -> int:
    try:
        return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return -1


def main() -> None:
    """Keep programs for the watcher at the other end of the descriptor."""
    # Behind the standard library, which has files of the same names.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    from gorun_tasks.system import host

    control, stop_signal, grace, terminal, listening = sys.argv[1:]
    for descriptor in (int(control), int(listening)):
        if descriptor >= 0:
            fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    Supervisor(
        int(control),
        int(stop_signal),
        float(grace),
        terminal=terminal == "1",
        listening=int(listening),
        life_line=host.LifeLine(),
    ).run()


if __name__ == "__main__":
    main()
