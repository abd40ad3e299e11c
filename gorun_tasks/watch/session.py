"""Watch session: what a person sees of a watch, which signals end it, and its exit status.

    gorun --watch ./cmd/api --port 8080     one program, as without --watch
    gorun --watch :api :worker              several, with the arguments of the configuration

Decides what the words mean, which lines are said of what happens, what a signal does to the watch,
and what it ends with. It must never write to stdout what no program wrote.
"""

from __future__ import annotations

import contextlib
import os
import signal

from gorun_tasks.build.events import (
    EndedEvent,
    FailedEvent,
    OutcomeEvent,
    StartedEvent,
    UnchangedEvent,
    WatchingEvent,
)
from gorun_tasks.core.reasons import because
from gorun_tasks.errors import Interrupted, in_one_line
from gorun_tasks.system import console
from gorun_tasks.toolchain.interrupt import end_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from gorun_tasks.build.events import Event
    from gorun_tasks.watch.watcher import Watch

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

_LAST_STATUS = 128  # what is greater may tell of a signal
_COLORS = (36, 33, 32, 35, 34, 31)  # of names


def run(watch: Watch, names: Sequence[str]) -> int:
    """Watch until a person or a signal ends it; return the exit status for this process.

    That is the program's own. Where none ran, the signal does to this process what it was sent
    for. Signals are handled in the main thread only.
    """
    voice = _WatchReporter(names)
    with _told_of_signals(watch):
        for event in watch:
            voice.tell(event)
    if watch.exit_code is None:
        end_by(Interrupted(watch.ended_by))
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


class _WatchReporter:
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
            label = in_one_line(f"{name:{width}} | ")
            if os.isatty(stream) and not os.environ.get("NO_COLOR"):
                label = f"\x1b[{_COLORS[position % len(_COLORS)]}m{label}\x1b[0m"
            labels[name, stream] = os.fsencode(label)

    def write(name: str, stream: int, line: bytes) -> None:
        console.write(stream, labels[name, stream] + line + b"\n")

    return write
