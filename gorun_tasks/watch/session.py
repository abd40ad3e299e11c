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
    ConfiguredEvent,
    EndedEvent,
    FailedEvent,
    LoopEvent,
    OutcomeEvent,
    StartedEvent,
    UnchangedEvent,
    WatchingEvent,
)
from gorun_tasks.core.program import logical_directory
from gorun_tasks.core.reasons import because
from gorun_tasks.errors import Interrupted
from gorun_tasks.system import console
from gorun_tasks.toolchain.interrupt import end_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from gorun_tasks.build.events import Event
    from gorun_tasks.watch.watcher import Watch

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

_LAST_STATUS = 128  # what is greater may tell of a signal


def run(watch: Watch, names: Sequence[str]) -> int:
    """Watch until a person or a signal ends it; return the exit status for this process.

    That is the program's own. Where none ran, the signal does to this process what it was sent
    for. Signals are handled in the main thread only.
    """
    voice = _WatchReporter(names)
    with _signals_handled(watch):
        for event in watch:
            voice.show(event)
    if watch.exit_code is None:
        end_by(Interrupted(watch.ended_by))
    return watch.exit_code


@contextlib.contextmanager
def _signals_handled(watch: Watch) -> Iterator[None]:
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
        self._because: dict[str, str] = {}  # by name, what is to be said of the next start
        self._configured: dict[str, str] = {}
        self._running: set[str] = set()
        self._ended: set[str] = set()  # those that ended by themselves
        self._polling = ""

    def show(self, event: Event) -> None:
        """Say what a person wants to know of an event, if anything."""
        name = f"{event.name}: " if self._several and event.name else ""
        if isinstance(event, OutcomeEvent):
            reasons = because(event.because).removeprefix(" because ")
            edited = self._configured.pop(event.name, "")
            self._because[event.name] = ", ".join(filter(None, (edited, reasons)))
        elif isinstance(event, StartedEvent | EndedEvent):
            self._show_run(name, event)
        elif isinstance(event, UnchangedEvent):
            console.say(f"{name}runs on: {self._why(event) or 'all is as it was'}")
        elif isinstance(event, FailedEvent):
            self._why(event)
            if not getattr(event.error, "told", False):
                console.say(f"{name}{event.error}")
            console.say(f"{name}{self._meanwhile(event)}")
        elif isinstance(event, LoopEvent):
            self._why(event)
            paths = ", ".join(map(_from_here, event.paths))
            state = "runs on" if event.name in self._running else "waits for another change"
            console.say(f"{name}{state}: whenever it starts, {paths} changes")
        elif isinstance(event, ConfiguredEvent):
            self._show_configuration(event)
        elif isinstance(event, WatchingEvent) and event.polling != self._polling:
            self._polling = event.polling
            console.say(f"looks twice a second for changes: {event.polling}")

    def _why(self, event: Event) -> str:
        """Return why there is something new, which is told only once."""
        return self._because.pop(event.name, "")

    def _meanwhile(self, event: Event) -> str:
        if not event.name:
            return "all is as it was configured before"
        return "the old program runs on" if event.name in self._running else "waits for a change"

    def _show_run(self, name: str, event: StartedEvent | EndedEvent) -> None:
        if isinstance(event, StartedEvent):
            why = self._why(event)
            if why and event.name in self._ended:
                console.say(f"{name}starts again: {why}")
            self._running.add(event.name)
            return
        self._running.discard(event.name)
        if not event.wanted:
            self._ended.add(event.name)
            console.say(f"{name}{how_it_ended(event.exit_code)}, waits for a change")
        elif why := self._why(event):
            console.say(f"{name}restarts: {why}")

    def _show_configuration(self, event: ConfiguredEvent) -> None:
        edited = f"{_from_here(event.file)} edited"
        if event.change == "changed":
            self._configured[event.name] = edited
            return
        self._several = True
        verb = "joins" if event.change == "joined" else "ends"
        console.say(f"{event.name}: {verb}: {edited}")


def _from_here(path: str) -> str:
    return os.path.relpath(path, logical_directory(os.environ))


def how_it_ended(exit_code: int) -> str:
    """Return in words how a program ended."""
    if exit_code <= _LAST_STATUS:
        return f"ended with exit status {exit_code}"
    try:
        name = signal.Signals(exit_code - _LAST_STATUS).name
    except ValueError:
        return f"ended with exit status {exit_code}"
    return f"ended with exit status {exit_code}, as by {name}"
