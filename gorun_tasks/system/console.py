"""Console: what a person sees on stderr. Imported only when there is something to show.

Decides the form of our own words; go's words pass through as go wrote them, but where go worked in
another directory than the person: there paths are as the person would find them. Besides lines that
stay there is one that passes: it is written over while go works, and gone before anything else is
said. It must never write to stdout, and never fail a run because nobody listens.
"""

from __future__ import annotations

import os

from gorun_tasks.core.launch import flush
from gorun_tasks.errors import in_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable
    from threading import Thread

_ERASE = b"\r\x1b[K"
_COLUMNS = 80  # of a terminal that does not know its size

_quiet = False
_passing = False  # whether a passing line stands on the terminal
_end_line: Callable[[], None] | None = None  # where a line that is not ours may be unfinished
_transient_thread: Thread | None = None  # one that may write passing lines as the main one does


def set_quiet() -> None:
    """Say nothing of our own from now on, but why there is no program (--quiet)."""
    global _quiet  # noqa: PLW0603 - there is one stderr
    _quiet = True


def pass_on(line: bytes) -> None:
    """Write what go said, as go said it."""
    erase()
    if _end_line is not None:
        _end_line()
    _write(line)


def passing_on(there: str, here: str) -> Callable[[bytes], None]:
    """Return what writes what go says, who works `there`, for a person who is `here`."""
    if there == here:
        return pass_on

    def found(match: re.Match[bytes]) -> bytes:
        path = os.path.join(there, os.fsdecode(match[2]))
        if not os.path.exists(path):
            return match[0]
        seen = os.fsencode(os.path.relpath(path, here))
        return match[1] + (seen if b"/" in seen else b"./" + seen)

    import re

    position = re.compile(rb"(?m)^(\t?)([^\s/:][^\s:]*)(?=:\d+:\d)")
    return lambda words: pass_on(position.sub(found, words))


def say(sentence: str) -> None:
    """Write one line of ours: a hint or a warning."""
    if not _quiet:
        complain(sentence)


def complain(sentence: str) -> None:
    """Write the line that says why there is no program, however quiet we should be."""
    pass_on(f"gorun: {in_one_line(sentence)}\n".encode("utf-8", "surrogateescape"))


def show(text: str) -> None:
    """Write a line that passes, in place of the one before; cut to the terminal's width."""
    global _passing  # noqa: PLW0603 - as above
    try:
        if os.tcgetpgrp(2) != os.getpgrp():
            return  # in the background, where the terminal is another's
    except OSError:
        pass  # not the terminal that controls us
    try:
        columns = os.get_terminal_size(2).columns or _COLUMNS
    except OSError:
        return  # it has gone
    _passing = True
    _write(b"\r" + text.encode("ascii", "replace")[: columns - 1] + b"\x1b[K")


def erase() -> None:
    """Take away the line that passes, if there is one."""
    global _passing  # noqa: PLW0603 - as above
    if _passing:
        _passing = False
        _write(_ERASE)


def before_words(end_line: Callable[[], None]) -> None:
    """Have this called before anything is said: a line of a program may be unfinished there."""
    global _end_line  # noqa: PLW0603 - as above
    _end_line = end_line


def allow_transient_lines_from(thread: Thread) -> None:
    """Let another thread write lines that pass, while this one waits and nothing else speaks."""
    global _transient_thread  # noqa: PLW0603 - as above
    _transient_thread = thread


def has_passing_lines() -> bool:
    """Say whether somebody watches a terminal on which a line can be taken away again.

    What builds in another thread does so beside something that may speak at any time: a program
    that --watch keeps running would write on behind our line.
    """
    import threading

    environ = os.environ
    return (
        not _quiet
        and threading.current_thread() in (threading.main_thread(), _transient_thread)
        and environ.get("TERM", "dumb") not in ("", "dumb")
        and not environ.get("CI")
        and os.isatty(2)
    )


def speaks_to_person(environ: dict[str, str] | os._Environ[str]) -> bool:
    """Say whether hints reach somebody: on a terminal, or in CI where logs are read."""
    return bool(environ.get("CI")) or os.isatty(2)


def open_closed_std_fds() -> None:
    """Let nothing that we open come to be where our words go, if we were started without that.

    What we start finds it closed, as we did.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)


def write(stream: int, words: bytes) -> None:
    """Write to standard output (1) or error (2), however long it takes; where nobody reads, not."""
    rest = memoryview(words)
    try:
        while rest:
            try:
                rest = rest[os.write(stream, rest) :]
            except BlockingIOError:  # somebody with whom we share it does not want to wait
                import select

                select.select([], [stream], [])
    except OSError:
        pass


def _write(line: bytes) -> None:
    flush()  # what a runner has printed stands before it
    write(2, line)
