"""Events: what happened, typed; for machines one JSON object a line, one append-mode write.

Decides what each event says, and the form of the lines. It must never fail a run: where they
cannot be written, one line on stderr says so.
"""

from __future__ import annotations

import errno
import json
import os
import time

from gorun_tasks.core.reasons import reasons_said
from gorun_tasks.system import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.errors import GoRunError


VERSION = 1
"""Of the lines (docs/events.md): a new one where a field goes, or changes its meaning."""

_PATIENCE = 1.0  # seconds for somebody to read a pipe, who may be about to start
_PAUSE = 0.01  # seconds

_unread: set[str] = set()  # pipes that nobody read


class Event:
    """Something that happened to a program: what it is, and its fields are what a kind adds.

    `event` is the kind, `time` seconds since the epoch, `program` target and flags as typed. `name`
    is the program's name in a watch over several programs, else "".
    """

    __slots__ = ("name", "program", "time")
    event: ClassVar[str]

    def __init__(self, program: str) -> None:
        self.time = time.time()
        self.program = program
        self.name = ""

    def fields(self) -> dict[str, object]:
        """Return what there is besides the fields of every event, fit for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    def line(self) -> str:
        """Return the event as one line of JSON."""
        every = {"event": self.event, "version": VERSION}
        every |= {"time": self.time, "program": self.program}
        return json.dumps({**every, **self.fields()}, ensure_ascii=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.line()}>"


class OutcomeEvent(Event):
    """A request for an executable has ended. Each ends with one of these, and only one.

    `outcome`, `because`, `seconds` and `steps` (seconds by step) are those of the Outcome;
    `executable` is None if the build failed. `miss` says why no build was fetched from a shared
    place, "" where one was, or there is none. A watch emits it as soon as the program can be
    started. The build is recorded after that, which is not part of `seconds`.
    """

    __slots__ = ("because", "executable", "miss", "outcome", "seconds", "steps")
    event = "outcome"

    def __init__(self, program: str, outcome: Outcome) -> None:
        super().__init__(program)
        self.outcome = outcome.outcome
        self.executable = outcome.path or None
        self.because: tuple[Reason, ...] = outcome.because
        self.seconds = outcome.seconds
        self.steps = outcome.steps
        self.miss = outcome.miss

    def fields(self) -> dict[str, object]:
        fields: dict[str, object] = {
            "outcome": self.outcome,
            "executable": self.executable,
            "because": reasons_said(self.because),
            "seconds": self.seconds,
            "steps": self.steps,
        }
        return fields | ({"miss": self.miss} if self.miss else {})


class StartedEvent(Event):
    """A watched program was started. `pid` is its process and process group."""

    __slots__ = ("pid",)
    event = "started"

    def __init__(self, program: str, pid: int) -> None:
        super().__init__(program)
        self.pid = pid


class EndedEvent(Event):
    """A watched program ended: `exit_code` is 0-255, or 128+n after signal n.

    `wanted` says that the watcher had told it to.
    """

    __slots__ = ("exit_code", "wanted")
    event = "ended"

    def __init__(self, program: str, exit_code: int, *, wanted: bool) -> None:
        super().__init__(program)
        self.exit_code = exit_code
        self.wanted = wanted


class FailedEvent(Event):
    """No new program came of it: it could not be built, or not be started. The old one runs on.

    `error` is why. go's own words have reached the person by then.
    """

    __slots__ = ("error",)
    event = "failed"

    def __init__(self, program: str, error: GoRunError) -> None:
        super().__init__(program)
        self.error = error

    def fields(self) -> dict[str, object]:
        return {"error": str(self.error)}


class UnchangedEvent(Event):
    """A build made the executable that runs already, but for its build ID: it runs on."""

    __slots__ = ()
    event = "unchanged"


class LoopEvent(Event):
    """A program changes its own inputs whenever it starts: it is no longer restarted for that.

    `paths` are these inputs. A change of another one restarts it, or one that comes later.
    """

    __slots__ = ("paths",)
    event = "loop"

    def __init__(self, program: str, paths: tuple[str, ...]) -> None:
        super().__init__(program)
        self.paths = paths

    def fields(self) -> dict[str, object]:
        """Return which inputs."""
        return {"paths": list(self.paths)}


class ConfiguredEvent(Event):
    """The configuration of a watched program was edited in `file`: it is started anew.

    `change` is "changed", "joined" for a new one of the workspace, "dropped" for one that is no
    longer there, and ends.
    """

    __slots__ = ("change", "file")
    event = "configured"

    def __init__(self, program: str, file: str, change: str) -> None:
        super().__init__(program)
        self.file = file
        self.change = change

    def fields(self) -> dict[str, object]:
        """Return what, and by which file."""
        return {"file": self.file, "change": self.change}


class WatchingEvent(Event):
    """So many directories are watched from now on.

    `polling` says why they are looked at twice a second, "" where the system tells of changes.
    """

    __slots__ = ("directories", "polling")
    event = "watching"

    def __init__(self, program: str, directories: int, polling: str) -> None:
        super().__init__(program)
        self.directories = directories
        self.polling = polling


def emit(context: BuildContext, event: Event) -> None:
    """Tell an event to whom it may concern: the file of events, and who listens."""
    if context.on_event is not None:
        context.on_event(event)
    if context.events:
        _append(context.events, event.line() + "\n")


def emit_outcome(context: BuildContext, outcome: Outcome) -> None:
    """Tell the event that ends a request for an executable."""
    if context.on_event is not None or context.events:
        emit(context, OutcomeEvent(context.program.label, outcome))


def _append(path: str, line: str) -> None:
    deadline = time.monotonic() + (0 if path in _unread else _PATIENCE)
    try:
        descriptor = _open(path, deadline)
        try:
            _write(descriptor, line.encode("ascii"), deadline)
        finally:
            os.close(descriptor)
    except OSError as error:
        unread = error.errno in (errno.ENXIO, errno.EAGAIN, errno.EPIPE)
        if unread and path in _unread:
            return  # it was said
        if unread:
            _unread.add(path)
        why = "nobody reads it" if unread else error.strerror
        console.say(f"cannot write events to {path}: {why}")


def _open(path: str, deadline: float) -> int:
    """Return a descriptor to append to a file; one of a pipe as soon as somebody reads it."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    while True:
        try:
            return os.open(path, flags, 0o666)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)


def _write(descriptor: int, data: bytes, deadline: float) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
