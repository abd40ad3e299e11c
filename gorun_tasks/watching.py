"""Watching: gorun --watch, as it is typed and as a person sees it.

    gorun --watch ./cmd/api --port 8080     one program, as without --watch
    gorun --watch :api :worker              several, with the arguments of the configuration

Decides what the words mean, which lines are said of what happens, what a signal does to the watch,
and what it ends with. It must never write to stdout what no program wrote.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal

from gorun_tasks import console
from gorun_tasks.errors import Interrupted, UsageError
from gorun_tasks.events import (
    EndedEvent,
    FailedEvent,
    OutcomeEvent,
    StartedEvent,
    UnchangedEvent,
    WatchingEvent,
)
from gorun_tasks.keep import listener_at
from gorun_tasks.many import named
from gorun_tasks.program import Program
from gorun_tasks.target import Target
from gorun_tasks.telling import because
from gorun_tasks.watch import GRACE, Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

    from gorun_tasks.events import Event
    from gorun_tasks.flags import BuildFlags

    Typed = tuple[str, str, str]
    """The signal, the seconds and the address that are typed, "" for none."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_NAME = re.compile(r":[^:0-9][^:]*")  # not an address like :8080
_LAST_STATUS = 128  # what is greater may tell of a signal
_COLORS = (36, 33, 32, 35, 34, 31)  # of names


def programs_of(
    words: list[str], flags: BuildFlags, stamps: Mapping[str, str], events: str
) -> tuple[dict[str, Program], dict[str, Sequence[str]]]:
    """Return the programs that the words name, and their arguments. Raises UsageError."""
    names = 0
    while names < len(words) and _NAME.fullmatch(words[names]):
        names += 1
    args: dict[str, Sequence[str]] = {}
    if names == 0:
        target, used = Target.parse(words)
        program = Program.typed(target, flags, os.environ, stamps)
        programs, rest = {program.name: program}, words[used:]
        args[program.name] = rest
    else:
        programs, args = named(flags, [word[1:] for word in words[:names]], stamps)
        rest = words[names:]
        if rest and len(programs) > 1:
            raise UsageError(
                f"several programs cannot share the arguments {' '.join(rest)}",
                "write each one's into pyproject.toml or gorun.toml",
            )
        if rest:
            args = dict.fromkeys(programs, rest)
    for program in programs.values():
        program.events = events or program.events
    return programs, args


def signal_of(word: str) -> int:
    """Return the signal that is typed: TERM, SIGTERM or 15. Raises UsageError."""
    if not word:
        return signal.SIGTERM
    number = int(word) if word.isdecimal() else 0
    found = getattr(signal, f"SIG{word.upper().removeprefix('SIG')}", number)
    if found not in signal.valid_signals():
        raise UsageError(f"--stop-signal {word} is no signal", "INT, TERM, HUP and so on are")
    return int(found)


def seconds_of(word: str) -> float:
    """Return the seconds that are typed: 10, 0.5, 10s. Raises UsageError."""
    if not word:
        return GRACE
    try:
        seconds = float(word.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"--stop-timeout {word} is no number of seconds")
    return seconds


def watch(
    words: list[str], flags: BuildFlags, stamps: Mapping[str, str], *, events: str, typed: Typed
) -> int:
    """Answer --watch; return the exit status."""
    programs, args = programs_of(words, flags, stamps, events)
    names = list(programs)
    number, grace, address = signal_of(typed[0]), seconds_of(typed[1]), typed[2]
    if address and len(names) > 1:
        raise UsageError("--listen is for one program, not for several")
    return run(
        Watch(
            programs,
            args,
            stop_signal=number,
            grace=grace,
            labelled=labelled(names),
            listening=listener_at(address) if address else None,
        ),
        names,
    )


def run(watch: Watch, names: Sequence[str]) -> int:
    """Watch until a person or a signal ends it; return the exit status for this process.

    That is the program's own. Where none ran, the signal does to this process what it was sent
    for. Signals are handled in the main thread only.
    """
    voice = _Voice(names)
    with _told_of_signals(watch):
        for event in watch:
            voice.tell(event)
    if watch.exit_code is None:
        signal.raise_signal(watch.ended_by)
        raise Interrupted(watch.ended_by)
    return watch.exit_code


@contextlib.contextmanager
def _told_of_signals(watch: Watch) -> Iterator[None]:
    def end(signum: int, _frame: FrameType | None) -> None:
        watch.end(signum)

    def go_on(_signum: int, _frame: FrameType | None) -> None:
        watch.go_on()

    previous = {}
    try:
        for signum, handler in {**dict.fromkeys(_SIGNALS, end), signal.SIGCONT: go_on}.items():
            if signal.getsignal(signum) not in (signal.SIG_IGN, None):
                previous[signum] = signal.signal(signum, handler)
    except ValueError:
        pass  # not the main thread
    try:
        yield
    finally:
        for signum, before in previous.items():
            signal.signal(signum, before)


class _Voice:
    """Says what happens, a line each."""

    def __init__(self, names: Sequence[str]) -> None:
        self._several = len(names) > 1
        self._because = ""
        self._running: set[str] = set()
        self._ended: set[str] = set()  # those that ended by themselves
        self._polling = ""

    def tell(self, event: Event) -> None:
        """Say what a person wants to know of an event, if anything."""
        name = f"{event.name}: " if self._several else ""
        if isinstance(event, OutcomeEvent):
            self._because = because(event.because).removeprefix(" because ")
        elif isinstance(event, StartedEvent | EndedEvent):
            self._tell_of_run(name, event)
        elif isinstance(event, UnchangedEvent):
            console.say(f"{name}runs on: {self._because or 'all is as it was'}")
            self._because = ""
        elif isinstance(event, FailedEvent):
            if not getattr(event.error, "told", False):
                console.say(f"{name}{event.error}")
            runs = event.name in self._running
            console.say(f"{name}{'the old program runs on' if runs else 'waits for a change'}")
            self._because = ""
        elif isinstance(event, WatchingEvent) and event.polling != self._polling:
            self._polling = event.polling
            console.say(f"looks twice a second for changes: {event.polling}")

    def _tell_of_run(self, name: str, event: StartedEvent | EndedEvent) -> None:
        if isinstance(event, StartedEvent):
            if self._because and event.name in self._ended:
                console.say(f"{name}starts again: {self._because}")
            self._because = ""
            self._running.add(event.name)
            return
        self._running.discard(event.name)
        if not event.wanted:
            self._ended.add(event.name)
            console.say(f"{name}{how_it_ended(event.exit_code)}, waits for a change")
        elif self._because:
            console.say(f"{name}restarts: {self._because}")
            self._because = ""


def how_it_ended(exit_code: int) -> str:
    """Return in words how a program ended."""
    if exit_code <= _LAST_STATUS:
        return f"ended with exit status {exit_code}"
    try:
        name = signal.Signals(exit_code - _LAST_STATUS).name
    except ValueError:
        return f"ended with exit status {exit_code}"
    return f"ended with exit status {exit_code}, as by {name}"


def labelled(names: Sequence[str]) -> Callable[[str, int, bytes], None]:
    """Return what writes the lines of several programs, each after its program's name."""
    width = max(map(len, names))
    labels: dict[tuple[str, int], bytes] = {}
    for position, name in enumerate(names):
        for stream in (1, 2):
            label = f"{name:{width}} | "
            if os.isatty(stream) and not os.environ.get("NO_COLOR"):
                label = f"\x1b[{_COLORS[position % len(_COLORS)]}m{label}\x1b[0m"
            labels[name, stream] = os.fsencode(label)

    def write(name: str, stream: int, line: bytes) -> None:
        console.write(stream, labels[name, stream] + line + b"\n")

    return write
