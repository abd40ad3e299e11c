"""Reasons: why something is stale, as a value, in one line, and as JSON.

Decides the words that join an input and its change. It must never read a file: what changed is
found in `inputs.compare`.
"""

from __future__ import annotations

import os

from gorun_tasks.core.program import logical_directory
from gorun_tasks.errors import ToolchainError, in_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gorun_tasks.core.program import ProgramSpec


class Reason:
    """Why something is stale: which input, and what became of it, in the words of who did it.

    `path` is where the input is, "" for one that is no file.
    """

    __slots__ = ("change", "input", "path")

    def __init__(
        self,
        input: str,  # noqa: A002 - the word of the events
        change: str,
        path: str = "",
    ) -> None:
        self.input = input
        self.change = change
        self.path = path

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

MODULE_FILES = frozenset(("go.mod", "go.sum", "go.work", "go.work.sum"))
"""Files that say which modules there are."""


def only_module_files(reasons: Iterable[Reason]) -> bool:
    """Say whether there are reasons, and each is that a file says other things of modules."""
    names = {os.path.basename(reason.path) for reason in reasons}
    return bool(names) and names <= MODULE_FILES


def because(reasons: Iterable[Reason]) -> str:
    """Return " because …" with the first few reasons, "" for none."""
    every = list(map(str, reasons))
    more = len(every) - _REASONS_SAID
    said = ", ".join(every[:_REASONS_SAID]) + (f" and {more} more" if more > 0 else "")
    return f" because {said}" if said else ""


def reasons_said(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    """Return reasons, for JSON."""
    return [
        {"input": reason.input, "change": reason.change}
        | ({"path": reason.path} if reason.path else {})
        for reason in reasons
    ]


def of_file(path: str, change: str, here: str) -> Reason:
    """Return the reason that a file is, named as one would who is `here`, as go's errors do."""
    relative = os.path.relpath(path, here)
    return Reason(relative if len(relative) < len(path) else path, change, path)


def where_people_are(program: ProgramSpec) -> str:
    """Return the directory of whoever reads this: that of the process, as PWD names it."""
    try:
        return logical_directory(os.environ)
    except ToolchainError:
        return program.cwd  # a watch goes on where its directory went, and comes again
