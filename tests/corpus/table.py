"""The table of the corpus in docs/corpus.md: one row a program.

Decides how a row is written. It must never lose the row of a program that was not tried just now,
nor what people wrote: the reason of a difference, and the text before and after the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.corpus.programs import PROGRAMS
from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.corpus.day import Cost, Day
    from tests.corpus.programs import Entry

_HEAD = "| program | packages |"
_NOT_RUN = "not run yet"
_COLUMNS = 9


def row_of(entry: Entry, lived: Day) -> str:
    """Return the row of a program that was tried."""
    cells = (
        f"`{entry.name}`: {entry.why}",
        str(lived.packages or ""),
        _both(lived.cold, _seconds),
        _both(lived.edited, _seconds),
        _both(lived.again, _milliseconds),
        _both(lived.cold, _megabytes),
        _both(lived.again, _megabytes),
        f"{lived.load:.0f}",
        "; ".join(lived.differences).replace("|", "\\|") or "as go run",
    )
    return f"| {' | '.join(cells)} |"


def _both(costs: tuple[Cost | None, Cost | None], write: Callable[[Cost], str]) -> str:
    return " / ".join(write(cost) if cost else "-" for cost in costs)


def _seconds(cost: Cost) -> str:
    return f"{cost.seconds:.1f}"


def _milliseconds(cost: Cost) -> str:
    return f"{cost.seconds * 1000:.0f}"


def _megabytes(cost: Cost) -> str:
    return f"{cost.megabytes:.0f}"


class Table:
    """The page that the table is in."""

    def __init__(self, path: str = str(REPOSITORY / "docs" / "corpus.md")) -> None:
        self._path = path
        with open(path, encoding="utf-8") as file:
            before, head, rest = file.read().partition(_HEAD)
        table, _, self._after = rest.partition("\n\n")
        columns, dashes, *lines = table.splitlines()
        self._before = f"{before}{head}{columns}\n{dashes}\n"
        self._rows = {_name(line): line for line in lines if line.startswith("| `")}

    def has(self, name: str) -> bool:
        """Say whether a program was tried."""
        return _NOT_RUN not in self._rows.get(name, _NOT_RUN)

    def put(self, row: str) -> None:
        """Write a row, in place of what stood there; and one for each program that has none."""
        self._rows[_name(row)] = row
        rows = [self._rows.get(entry.name) or _untried(entry) for entry in PROGRAMS]
        with open(self._path, "w", encoding="utf-8") as file:
            file.write(self._before + "".join(f"{row}\n" for row in rows))
            file.write(f"\n{self._after}" if self._after else "")


def _name(row: str) -> str:
    return row.split("`")[1]


def _untried(entry: Entry) -> str:
    return f"| `{entry.name}`: {entry.why} |{' |' * (_COLUMNS - 2)} {_NOT_RUN} |"
