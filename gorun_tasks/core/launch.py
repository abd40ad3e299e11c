"""Launch: the program takes the place of this process.

Decides what the program finds when it starts (environment, signal dispositions), and what is said
where it cannot start. It must never stand between the program and the world: no descriptor of
ours, nothing that Python changed. It never starts go (`toolchain.command` does) and never decides
whether to run.

`replace` is on the hot path: the module imports only `os`; what one function needs, it imports.
"""

import os

from gorun_tasks.errors import ExecutableGoneError, ExecutionError, PlaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn, TypeVar

    T = TypeVar("T")

# What PEP 538 may put into LC_CTYPE when the locale is C.
_COERCED_LOCALES = (b"C.UTF-8", b"C.utf8", b"UTF-8")
_C_LOCALES = (b"", b"C", b"POSIX")

# go's own patience with an executable that another process still has open for writing.
_BUSY_PAUSES = (0.1, 0.2, 0.4)


def program_environment(environ: "Mapping[bytes, bytes]", goroot_bin: str) -> dict[bytes, bytes]:
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


def find_wrapper(name: str, env: "Mapping[bytes, bytes]") -> str:
    """Return where the first word of `-exec` is found. Raises ExecutionError."""
    from gorun_tasks.core.fingerprint import look_up

    found = look_up(name, os.fsdecode(env.get(b"PATH", b"")))
    if not found:
        raise ExecutionError(f"-exec: there is no command {name!r} in PATH")
    return found


def replace(path: str, argv: "Sequence[str | bytes]", env: "Mapping[bytes, bytes]") -> "NoReturn":
    """Become the program at `path`; only an `ExecutionError` ever comes back.

    It is an `ExecutableGoneError` where nothing is at `path` any more.

    From the main thread only: no other may change what Python does with a signal.
    """
    import _signal  # type: ignore[import-not-found]  # `signal` without its enums

    flush()
    ignored: list[int] = []
    for name in ("SIGPIPE", "SIGXFZ", "SIGXFSZ"):
        # Python ignores these at start, and what is ignored stays ignored across an exec.
        number = getattr(_signal, name, None)
        if number is not None and _signal.getsignal(number) == _signal.SIG_IGN:
            _signal.signal(number, _signal.SIG_DFL)
            ignored.append(number)
    try:
        start_patiently(lambda: os.execve(path, [*argv], env), path)  # noqa: S606 - no shell is the point
    finally:
        # Only a failed exec comes here, and then a runner may live on.
        for number in ignored:
            _signal.signal(number, _signal.SIG_IGN)


def start_patiently(start: "Callable[[], T]", path: str | bytes, cwd: str | None = None) -> "T":
    """Return what `start` returns, tried again while somebody still writes what is at `path`.

    Raises what `cannot_execute` returns.
    """
    pauses = iter(_BUSY_PAUSES)
    while True:
        try:
            return start()
        except OSError as error:
            if error.errno is None:
                raise  # a time limit of the runner's
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
        return PlaceError(f"cannot run the program in {cwd}: {error.strerror}")
    hint = {
        errno.ENOEXEC: "is it built for another GOOS or GOARCH?",
        errno.EACCES: "is it on a file system mounted noexec?",
    }.get(error.errno or 0, "")
    kind = ExecutionError if os.path.lexists(path) else ExecutableGoneError
    return kind(f"built {path}, but this system cannot execute it: {error.strerror}", hint)


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


def _locale_variables_at_start(env: "Mapping[bytes, bytes]") -> "Mapping[bytes, bytes]":
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


def go_to(place: str) -> None:
    """Go to where a program is to run, as a shell does. Raises ExecutionError."""
    try:
        os.chdir(place)
    except OSError as error:
        raise PlaceError(f"cannot run the program in {place}: {error.strerror}") from error
    os.environ["PWD"] = place


def flush() -> None:
    """Let our words come before those of what starts, and not get lost when we are replaced."""
    import sys

    # A runner may have put another stream before the one that it was started with.
    for stream in filter(None, (sys.stdout, sys.__stdout__, sys.stderr)):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # No true stream, nobody reads it, or it is closed: nothing to suffer from.
            continue
