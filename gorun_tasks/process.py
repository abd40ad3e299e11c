"""Starts the program: in our place, or as a child that is kept well.

Decides what the program finds when it starts (environment, signal dispositions), which signals
a waiting parent passes on, and how a process of ours ends by a signal. It must never stand
between the program and the world: no pipe, no new process group or session, no descriptor of
ours, no change to the program's exit status. It never starts go (`toolchain` does) and never
decides whether to run.

`replace` is on the hot path: the module imports only `os`; what one function needs, it imports.
"""
# ruff: noqa: PLC0415 - the hot path counts every import

from __future__ import annotations

import os

from gorun_tasks.errors import ExecutableGoneError, ExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType
    from typing import NoReturn, TypeVar

    T = TypeVar("T")

# What PEP 538 may put into LC_CTYPE when the locale is C.
_COERCED_LOCALES = (b"C.UTF-8", b"C.utf8", b"UTF-8")
_C_LOCALES = (b"", b"C", b"POSIX")

# How often a thread that was told to stop is looked at. One that waits for the disk may take long.
_STOP_PATIENCE = 2000

# go's own patience with an executable that another process still has open for writing.
_BUSY_PAUSES = (0.1, 0.2, 0.4)


def program_environment(environ: Mapping[bytes, bytes], goroot_bin: str) -> dict[bytes, bytes]:
    """Return the environment the program gets when ours is `environ`.

    That is the caller's own, with GOROOT/bin first in PATH as go does, and without what the go
    command and Python's start left in it. Values a person gives for this program alone are added
    to the result, not to `environ`: an LC_CTYPE among them could be taken for Python's.
    """
    env = dict(environ)
    env.pop(b"GOTOOLCHAIN_INTERNAL_SWITCH_COUNT", None)
    if goroot_bin:
        first, rest = os.fsencode(goroot_bin), env.get(b"PATH")
        env[b"PATH"] = first + b":" + rest if rest else first
    _undo_locale_coercion(env)
    return env


def find_wrapper(name: str, env: Mapping[bytes, bytes]) -> str:
    """Return where the first word of `-exec` is found. Raises ExecutionError."""
    from gorun_tasks.fingerprint import look_up

    found = look_up(name, os.fsdecode(env.get(b"PATH", b"")))
    if not found:
        raise ExecutionError(f"-exec: there is no command {name!r} in PATH")
    return found


def replace(path: str, argv: Sequence[str | bytes], env: Mapping[bytes, bytes]) -> NoReturn:
    """Become the program at `path`; only an `ExecutionError` ever comes back.

    It is an `ExecutableGoneError` where nothing is at `path` any more.

    From the main thread only: no other may change what Python does with a signal.
    """
    import _signal  # type: ignore[import-not-found]  # `signal` without its enums

    _flush()
    ignored: list[int] = []
    for name in ("SIGPIPE", "SIGXFZ", "SIGXFSZ"):
        # Python ignores these at start, and what is ignored stays ignored across an exec.
        number = getattr(_signal, name, None)
        if number is not None and _signal.getsignal(number) == _signal.SIG_IGN:
            _signal.signal(number, _signal.SIG_DFL)
            ignored.append(number)
    try:
        _start(lambda: os.execve(path, [*argv], env), path)  # noqa: S606 - no shell is the point
    finally:
        # Only a failed exec comes here, and then a runner may live on.
        for number in ignored:
            _signal.signal(number, _signal.SIG_IGN)


def run_foreground(
    argv: Sequence[str | bytes],
    *,
    env: Mapping[bytes, bytes] | None = None,
    cwd: str | None = None,
    executable: str | None = None,
) -> int:
    """Run the program as a child that has everything we have; return its exit status.

    The status is 0-255 as the program gave it, or 128+n when signal n killed it. While it runs,
    signals meant to end us are the program's to answer: we pass them on and wait. In a thread
    other than the main one Python can handle no signals, and we only wait.
    `executable` is what to start when that is not `argv[0]`.
    """
    import subprocess

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
    _flush()
    handlers = _handle_signals(pass_on)
    try:
        child = _start(spawn, executable or argv[0], cwd)
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
    return status if status >= 0 else 128 - status


def interrupt_tree(pid: int) -> None:
    """Send SIGINT to a process and to all that descend from it, as a terminal's ^C would.

    Where there is no Linux /proc only the process itself is told.
    """
    from contextlib import suppress
    from signal import SIGCONT, SIGINT, SIGSTOP

    def tell(member: int, signum: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member, signum)

    # The whole tree is listed before anyone is told (who dies leaves children that no longer name
    # him), each member while it stands still and can make no more children. Parents come first:
    # go must know before a compiler it waits for dies of it.
    tree = [pid]
    for member in tree:
        tell(member, SIGSTOP)
        tree += _children(member)
    for signum in (SIGINT, SIGCONT):
        for member in tree:
            tell(member, signum)


def die_by(signum: int) -> NoReturn:
    """End this process by the signal, so that whoever waits for us sees which one it was."""
    import signal
    from contextlib import suppress

    _flush()
    with suppress(ValueError):  # not the main thread: the exit status below has to do
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signum])
    signal.raise_signal(signum)
    os._exit(128 + signum)


def _start(start: Callable[[], T], path: str | bytes, cwd: str | None = None) -> T:
    pauses = iter(_BUSY_PAUSES)
    while True:
        try:
            return start()
        except OSError as error:
            import errno

            pause = next(pauses, None) if error.errno == errno.ETXTBSY else None
            if pause is None:
                raise cannot_execute(error, os.fsdecode(path), cwd) from error
        import time

        time.sleep(pause)


def cannot_execute(error: OSError, path: str, cwd: str | None) -> ExecutionError:
    """Return what to say where a program, in the directory `cwd`, could not be started.

    It is an ExecutableGoneError where nothing is at `path` any more.
    """
    import errno

    if cwd is not None and error.filename == cwd:
        return ExecutionError(f"cannot run the program in {cwd}: {error.strerror}")
    hint = {
        errno.ENOEXEC: "is it built for another GOOS or GOARCH?",
        errno.EACCES: "is it on a file system mounted noexec?",
    }.get(error.errno or 0, "")
    kind = ExecutionError if os.path.lexists(path) else ExecutableGoneError
    return kind(f"built {path}, but this system cannot execute it: {error.strerror}", hint)


def _handle_signals(handler: Callable[[int, FrameType | None], None]) -> dict[int, object]:
    """Give `handler` the signals the program must hear of; return the handlers it replaced."""
    import signal

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
    import signal

    for signum, handler in handlers.items():
        signal.signal(signum, handler)  # type: ignore[arg-type]


def _terminal_told(signum: int) -> bool:
    """Say whether the program has this signal already, from the terminal we share with it.

    A second SIGINT makes many servers give up their shutdown, so it must not come from us. Only
    the foreground group of a controlling terminal is told; a descriptor that is a terminal proves
    nothing, hence /dev/tty.
    """
    from signal import SIGINT, SIGQUIT

    if signum not in (SIGINT, SIGQUIT):
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


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    children: list[int] = []
    for thread in threads:
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


def _undo_locale_coercion(env: dict[bytes, bytes]) -> None:
    """Put LC_CTYPE back to what it was before Python started.

    In the C locale, or in one this system does not have, Python sets LC_CTYPE in its own
    environment (PEP 538). A program started bare would not see that. A value that a person or a
    noxfile set must stay.
    """
    value = env.get(b"LC_CTYPE")
    if value not in _COERCED_LOCALES:
        return
    import _locale

    if os.fsencode(_locale.setlocale(_locale.LC_CTYPE, None)) != value:
        return  # Python does not run in it, so Python did not choose it
    given = _locale_variables_at_start(env)
    if (given.get(b"LC_ALL") or given.get(b"LC_CTYPE") or given.get(b"LANG")) == value:
        return  # the locale that was asked for
    if b"LC_CTYPE" in given:
        env[b"LC_CTYPE"] = given[b"LC_CTYPE"]
    else:
        del env[b"LC_CTYPE"]


def _locale_variables_at_start(env: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    try:
        # The environment as it was at exec: no setenv reaches it.
        with open("/proc/self/environ", "rb") as start:
            return dict(entry.partition(b"=")[::2] for entry in start.read().split(b"\0"))
    except OSError:
        pass
    import sys

    # No /proc (macOS). Python coerces when LC_ALL is empty and the locale is C, and a C locale also
    # turns its UTF-8 mode on, which tells LC_CTYPE=UTF-8 of a person from Python's own.
    in_c_locale = not env.get(b"LC_ALL") and env.get(b"LANG", b"") in _C_LOCALES
    return {} if sys.flags.utf8_mode and in_c_locale else env


def _flush() -> None:
    """Let our words come before the program's, and not get lost when we are replaced."""
    import sys

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # No stream, nobody reads it, or it is closed: nothing the program should suffer from.
            continue
