"""Events: what happened, for machines: one JSON object a line, one append-mode write.

Decides the form of the lines. It must never fail a run: where they cannot be written, one line
on stderr says so.
"""

from __future__ import annotations

import json
import os
import time

from gorun_tasks import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.program import Outcome, Program


def tell(program: Program, outcome: Outcome) -> None:
    """Append the event that ends a request for an executable to the program's file of events."""
    _append(program.events, _of_outcome(program.label, outcome))


def _of_outcome(program: str, outcome: Outcome) -> dict[str, object]:
    return {
        "event": "outcome",
        "time": time.time(),
        "program": program,
        "outcome": outcome.outcome,
        "executable": outcome.path or None,
        "because": [{"input": reason.input, "change": reason.change} for reason in outcome.because],
        "seconds": outcome.seconds,
    }


def _append(path: str, event: dict[str, object]) -> None:
    line = json.dumps(event, ensure_ascii=True) + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.write(descriptor, line.encode("ascii"))
        finally:
            os.close(descriptor)
    except OSError as error:
        console.say(f"cannot write events to {path}: {error.strerror}")
