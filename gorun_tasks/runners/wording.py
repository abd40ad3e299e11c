"""Wording: how nox, invoke and doit say an outcome, a verdict and a status.

Decides the words. It must never know a runner, and never start anything.
"""

from __future__ import annotations

from gorun_tasks.errors import in_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gorun_tasks.build.generation import Generation
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.errors import GoRunError

VERBS = {
    "run": "Run {}\n\nWhat stands after -- are the program's arguments, exactly as typed.",
    "watch": "Run {} again after edits\n\nThose that change the executable. After -- as for run.",
    "build": "Build {} if anything changed\n\nOnly go decides what a build is; see the why task.",
    "why": "Say whether {} would be built, and why\n\nBuilds and runs nothing.",
    "clean": "Forget {}\n\nThe next run or build asks go again.",
}
"""What can be done with a program, and how a runner describes it: a line for lists, then more."""

OF_MANY = {
    "build": "Build all Go programs, or those that a change touches",
    "affected": "Say which Go programs a change touches, and why",
}
"""What can be done with the programs of a workspace."""


def not_built(failed: Sequence[tuple[str, GoRunError]]) -> str:
    """Return the sentence for programs that could not be built."""
    return in_one_line(f"not built: {', '.join(sorted(name for name, _ in failed))}")


def news(name: str, outcome: Outcome) -> str:
    """Return the line that tells what a program needed: "api: built because main.go edited"."""
    line = f"{name}: {outcome.outcome}{_because(outcome.because)}"
    trouble = outcome.unrecorded
    said = not trouble or any(trouble in str(reason) for reason in outcome.because)
    return in_one_line(line if said else f"{line}; not remembered: {trouble}")


def verdict(name: str, reasons: Sequence[Reason]) -> str:
    """Return the line that tells what a program would need: "api: stale because go.mod edited"."""
    return in_one_line(f"{name}: {'stale' if reasons else 'current'}{_because(reasons)}")


def answer(name: str, reasons: Sequence[Reason]) -> str:
    """Return the answer to why: "api: current", or "api: stale" and a line for each reason."""
    said = "stale" if reasons else "current"
    return "\n  ".join([in_one_line(f"{name}: {said}"), *map(str, reasons)])


def generated(name: str, generation: Generation) -> str:
    """Return the line that tells whether a program had to make its files anew, and why."""
    if not generation.because:
        return in_one_line(f"{name}: current")
    line = f"{name}: generated{_because(generation.because)}"
    trouble = generation.unrecorded
    return in_one_line(f"{line}; not remembered: {trouble}" if trouble else line)


def ended(name: str, status: int) -> str:
    """Return how a program ended, for runners that report a failure in words."""
    return in_one_line(f"{name} exited with status {status}")


def forgotten(name: str, *, dry: bool = False) -> str:
    """Return what a clean did, or in a dry run would do."""
    return in_one_line(f"{name}: would be forgotten" if dry else f"{name}: forgotten")


def _because(reasons: Sequence[Reason]) -> str:
    if not reasons:  # as mostly
        return ""
    from gorun_tasks.core.reasons import because  # noqa: PLC0415 - where there is something to say

    return because(reasons)
