"""Table: what was found in review of every call that `listing` lists, release by release.

Decides what is a known call, and which variables they read. It must never take an unknown call for
a known one: file, function and text are all compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.releases.listing import Read, reads_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = Path(__file__).with_name("reviewed.txt")
_VARIABLE = "variable "
_RELEASES = "# releases: "


def reviewed() -> dict[Read, str]:
    """Return each call that was reviewed, and what came of it."""
    rows = (line.split("\t") for line in _lines() if line and line[0] != "#")
    return {Read(file, function, call): verdict for verdict, file, function, call in rows}


def releases() -> tuple[str, ...]:
    """Return the releases of which all calls were reviewed ("go1.27")."""
    return tuple(
        release
        for line in _lines()
        if line.startswith(_RELEASES)
        for release in line.removeprefix(_RELEASES).split()
    )


def variables() -> set[str]:
    """Return the variables that are inputs."""
    return {
        name
        for verdict in reviewed().values()
        if verdict.startswith(_VARIABLE)
        for name in verdict.removeprefix(_VARIABLE).split()
    }


def unreviewed(goroot: Path) -> list[Read]:
    """Return the calls in the sources of a release that nobody looked at yet."""
    return sorted(reads_of(goroot) - reviewed().keys())


def _lines() -> Iterator[str]:
    yield from TABLE.read_text().splitlines()
