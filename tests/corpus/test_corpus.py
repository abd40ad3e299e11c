"""The corpus can tell: what is as `go run` does, and what is not. Needs no network."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.corpus.day import Day, Place, day
from tests.corpus.programs import PROGRAMS, Entry
from tests.corpus.table import Table, row_of
from tests.support.trees import write
from tests.support.workshop import TINY, TWO_PACKAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SAYS_WHERE_IT_IS = {
    **TINY,
    "main.go": 'package main\n\nimport "os"\n\nfunc main() { println(os.Args[0]); os.Exit(3) }\n',
}
SAYS_WHO_IT_IS = {
    **TINY,
    "main.go": 'package main\n\nimport "os"\n\nfunc main() { println(os.Getpid()) }\n',
}


def lived(folder: Path, files: Mapping[str, str], **further: object) -> Day:
    place = Place(str(folder / "place"))
    write(folder / "place" / "tree", files)
    return day(Entry("it", "", {}, ".", **further), place)  # type: ignore[arg-type]


@pytest.mark.parametrize("files", [TWO_PACKAGES, SAYS_WHERE_IT_IS])
def test_a_day_without_a_difference(tmp_path: Path, files: Mapping[str, str]) -> None:
    found = lived(tmp_path, files)
    assert found.differences == ()
    assert all(cost for pair in found[1:4] for cost in pair)
    assert found.packages > 20


def test_what_a_program_says_differently_is_a_difference(tmp_path: Path) -> None:
    told = lived(tmp_path, SAYS_WHO_IT_IS).differences
    assert [difference.partition(" '")[0] for difference in told] == [
        f"{when}: stderr" for when in ("first run", "unchanged", "edited", "undone")
    ]


def test_what_varies_is_none(tmp_path: Path) -> None:
    assert lived(tmp_path, SAYS_WHO_IT_IS, varies=r"\d+").differences == ()


def test_what_is_never_remembered_is_a_difference(tmp_path: Path) -> None:
    told = lived(tmp_path, TINY, flags=("-toolexec=env",)).differences
    assert any(difference.startswith("unchanged: built") for difference in told), told
    if shutil.which("strace"):
        assert "unchanged: starts go" in told


def test_a_row_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\nWords.\n\n| program | packages |\n| --- | --- |\n\n## Method\n")
    first, second = PROGRAMS[:2]
    table = Table(str(page))
    assert not table.has(first.name)
    table.put(row_of(first, Day(7, (None, None), (None, None), (None, None), 1.0, ("one",))))
    table = Table(str(page))
    assert table.has(first.name)
    assert not table.has(second.name)
    table.put(row_of(first, Day(8, (None, None), (None, None), (None, None), 1.0, ())))
    lines = page.read_text().splitlines()
    assert lines[:5] == ["# Page", "", "Words.", "", "| program | packages |"]
    assert lines[6 + len(PROGRAMS) :] == ["", "## Method"]
    assert "| 8 |" in lines[6]
    assert lines[6].endswith("| as go run |")
    assert lines[7].endswith("| not run yet |")


def test_there_are_many_and_each_has_a_row() -> None:
    names = [entry.name for entry in PROGRAMS]
    assert len(names) == len(set(names))
    assert len(names) >= 40
    with open(f"{os.path.dirname(__file__)}/../../docs/corpus.md", encoding="utf-8") as file:
        page = file.read()
    assert [name for name in names if f"\n| `{name}`: " not in page] == []


def test_a_place_is_made_anew_where_one_was_left(tmp_path: Path) -> None:
    folder = str(tmp_path / "place")
    with open(f"{Place(folder).tree}/main.go", "w", encoding="utf-8"):
        pass
    assert os.listdir(Place(folder).tree) == []
