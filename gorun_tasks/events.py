"""Events: what happened, typed; for machines one JSON object a line, one append-mode write.

Decides what each event says, and the form of the lines. It must never fail a run: where they
cannot be written, one line on stderr says so.
"""

from __future__ import annotations

import json
import os
import time

from gorun_tasks import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from gorun_tasks.content import Reason
    from gorun_tasks.program import Outcome, Program


class Event:
    """Something that happened to a program: what it is, and its fields are what a kind adds.

    `event` is the kind, `time` seconds since the epoch, `program` target and flags as typed.
    """

    __slots__ = ("program", "time")
    event: ClassVar[str]

    def __init__(self, program: str) -> None:
        self.time = time.time()
        self.program = program

    def fields(self) -> dict[str, object]:
        """Return what there is besides the fields of every event, fit for JSON."""
        raise NotImplementedError

    def line(self) -> str:
        """Return the event as one line of JSON."""
        every = {"event": self.event, "time": self.time, "program": self.program}
        return json.dumps({**every, **self.fields()}, ensure_ascii=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.line()}>"


class OutcomeEvent(Event):
    """A request for an executable has ended. Each ends with one of these, and only one.

    `outcome`, `because`, `seconds` and `steps` (seconds by step) are those of the Outcome;
    `executable` is None where the build failed.
    """

    __slots__ = ("because", "executable", "outcome", "seconds", "steps")
    event = "outcome"

    def __init__(self, program: str, outcome: Outcome) -> None:
        super().__init__(program)
        self.outcome = outcome.outcome
        self.executable = outcome.path or None
        self.because: tuple[Reason, ...] = outcome.because
        self.seconds = outcome.seconds
        self.steps = outcome.steps

    def fields(self) -> dict[str, object]:
        """Return what became of the request."""
        return {
            "outcome": self.outcome,
            "executable": self.executable,
            "because": [{"input": r.input, "change": r.change} for r in self.because],
            "seconds": self.seconds,
            "steps": self.steps,
        }


def tell(program: Program, event: Event) -> None:
    """Tell an event to whom it may concern: the program's file of events, and its listener."""
    if program.on_event is not None:
        program.on_event(event)
    if program.events:
        _append(program.events, event.line() + "\n")


def tell_outcome(program: Program, outcome: Outcome) -> None:
    """Tell the event that ends a request for an executable."""
    tell(program, OutcomeEvent(program.label, outcome))


def _append(path: str, line: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.write(descriptor, line.encode("ascii"))
        finally:
            os.close(descriptor)
    except OSError as error:
        console.say(f"cannot write events to {path}: {error.strerror}")
