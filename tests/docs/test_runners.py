"""Each cell of the table of docs/runners.md is typed, and ends and says what it tells."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.place import REPOSITORY, Place
from tests.support.workshop import Workshop
from tests.support.workspace import commit

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = REPOSITORY / "docs" / "runners.md"
CELL = re.compile(r"`(?P<command>[^`]+)` → (?P<status>\d+)(?P<words>(?: `[^`]+`)*)")
FILE = re.compile(r"```python\n# (noxfile\.py|tasks\.py|dodo\.py)\n(.*?)```", re.DOTALL)


def table() -> dict[str, list[str]]:
    """Return the cells of each row, by the first of them."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0][1:] == ["nox", "invoke", "doit"]
    return {first: cells for first, *cells in rows[2:]}


def edit(name: str, old: str, new: str) -> Callable[[Place], None]:
    return lambda place: place.edit(name, old, new)


COMMENT = ("package main\n", "package main // and more\n")
BREAK = edit("services/cmd/worker/main.go", "\tpots := ", "\t_ = tea.Nonsense\n\tpots := ")
PREPARED = {
    "a build fails": BREAK,
    "one build of several fails": BREAK,
    "why a program is stale": edit("services/cmd/worker/main.go", *COMMENT),
    "affected, without a revision": edit("tools/cmd/gen/main.go", *COMMENT),
    "affected since a revision": edit("tools/cmd/gen/main.go", *COMMENT),
}


@pytest.fixture(scope="module")
def teahouse(go: None, tmp_path_factory: pytest.TempPathFactory) -> Place:  # noqa: ARG001
    """Return the example as the three pages have it, committed and built."""
    place = Workshop(tmp_path_factory.mktemp("teahouse"), {})
    shutil.copytree(REPOSITORY / "examples" / "monorepo", place.folder, dirs_exist_ok=True)
    for runner in ("nox", "invoke", "doit"):
        name, text = FILE.findall((REPOSITORY / "docs" / f"{runner}.md").read_text())[0]
        place.write({name: text, ".gitignore": ".doit.db*\n__pycache__/\n"})
    commit(place)
    assert place("gorun_tasks", "--build").rc == 0
    return place


@pytest.mark.parametrize("row", table())
def test_row(teahouse: Place, row: str) -> None:
    prepare = PREPARED.get(row)
    folder = Path(teahouse.folder)
    before = {path: path.read_text() for path in folder.rglob("*.go")}
    if prepare:
        prepare(teahouse)
    try:
        for cell in table()[row]:
            check(teahouse, cell)
    finally:
        for path, text in before.items():
            if path.read_text() != text:
                path.write_text(text)


def check(place: Place, cell: str) -> None:
    """Type the command of a cell, if there is one; else it says why there is none."""
    if cell.startswith("("):
        return
    match = CELL.fullmatch(cell)
    assert match, cell
    runner, *words = match["command"].split(" ")
    result = place(runner, *words)
    said = result.out + result.err
    assert result.rc == int(match["status"]), (cell, said)
    for expected in re.findall(r"`([^`]+)`", match["words"]):
        assert expected in said, cell
    assert "Traceback" not in said
