"""Reasons: why something is stale, as a value, in one line, and as JSON.

Decides the words that join an input and its change. It must never read a file: what changed is
found in `inputs.compare`.
"""

from __future__ import annotations

from gorun_tasks.errors import in_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Reason:
    """Why something is stale: which input, and what became of it, in the words of who did it."""

    __slots__ = ("change", "input")

    def __init__(self, input: str, change: str) -> None:  # noqa: A002 - the word of the events
        self.input = input
        self.change = change

    def __str__(self) -> str:
        """Return the words a person reads: "main.go edited", "GOFLAGS: '' → '-tags=dev'"."""
        if self.change in ("new file", "new directory"):
            return in_one_line(f"{self.change} {self.input}")
        separator = ": " if " → " in self.change else " "
        return in_one_line(f"{self.input}{separator}{self.change}" if self.input else self.change)

    def __repr__(self) -> str:
        return f"Reason({self.input!r}, {self.change!r})"

    def __eq__(self, other: object) -> bool:
        """Say whether both name the same input and change."""
        return isinstance(other, Reason) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


_REASONS_SAID = 2


def because(reasons: Iterable[Reason]) -> str:
    """Return " because …" with the first few reasons, "" for none."""
    every = list(map(str, reasons))
    more = len(every) - _REASONS_SAID
    said = ", ".join(every[:_REASONS_SAID]) + (f" and {more} more" if more > 0 else "")
    return f" because {said}" if said else ""


def reasons_said(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    """Return reasons, for JSON."""
    return [{"input": reason.input, "change": reason.change} for reason in reasons]
