"""Events: what happened, for machines: one JSON object a line, one append-mode write.

Decides the form of the lines. It must never fail a run: where they cannot be written, one line
on stderr says so.
"""

from __future__ import annotations

import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.program import Outcome


def outcome_event(program: str, outcome: Outcome) -> dict[str, object]:
    """Return the event that ends each request for an executable; `program` is words as typed."""
    return {
        "event": "outcome",
        "time": time.time(),
        "program": program,
        "outcome": outcome.outcome,
        "executable": outcome.path or None,
        "because": [{"input": reason.input, "change": reason.change} for reason in outcome.because],
        "seconds": outcome.seconds,
    }


def append(path: str, event: dict[str, object]) -> str:
    """Append one event to the file at `path`; return "" or a sentence that says what went wrong."""
    line = json.dumps(event, ensure_ascii=True) + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.write(descriptor, line.encode("ascii"))
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"cannot write events to {path}: {error.strerror}"
    return ""
