"""The benchmark's own machinery: what it would say of given times. No test times anything."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart, goals, text
from benchmarks.kit import Kit
from benchmarks.measure import Stopwatch, quartiles
from benchmarks.results import Results
from benchmarks.scaling import fit
from benchmarks.tree import Tree

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = dict.fromkeys(
    ("go", "python", "task", "make", "doit", "cores", "processor", "system", "gorun", "commit"), "c"
)


class Here(Kit):
    """A kit with which nothing is timed, in a folder for temporary files: nothing is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.environ = {**os.environ, "GOFLAGS": "-buildvcs=false"}


def cell(**overheads: float) -> dict[str, Any]:
    """Return a cell in which each way (underscores for blanks) took so many seconds."""
    return {
        "rounds": 3,
        "load": [0.1, 0.1],
        "ways": {
            name.replace("_", " "): {
                "overhead": [seconds, seconds, seconds],
                "cpu overhead": [seconds / 2, seconds / 2, seconds / 2],
                "memory": 20 << 20,
                "stale": name == "Task,_checksum",
            }
            for name, seconds in overheads.items()
        },
    }


@pytest.fixture
def results(tmp_path: Path) -> Results:
    results = Results(str(tmp_path / "results.json"))
    results.measured_with(ABOUT)
    times = {"the_executable": 0.0, "gorun": 0.02, "go_run": 0.08, "Task,_checksum": 0.04}
    results.put("hello", "nothing changed", cell(**times))
    return results


def test_stopwatch_says_status_times_memory_and_output(tmp_path: Path) -> None:
    with Stopwatch(sys.executable) as stopwatch:
        script = "echo $WORD; pwd; echo oops >&2; exit 3"
        lap = stopwatch.time(["/bin/sh", "-c", script], {"WORD": "hi"}, str(tmp_path))
    assert (lap.status, lap.said, lap.error) == (3, f"hi\n{tmp_path}\n", "oops\n")
    assert 0 <= lap.cpu <= lap.wall + 1
    assert lap.memory > 1 << 16


def test_ratio_and_goal_come_from_overheads(results: Results) -> None:
    assert results.ratio("hello", "nothing changed", "gorun", "go run") == 0.25
    assert results.by_cpu().overhead("hello", "nothing changed", "gorun") == 0.01
    first, *_, last = goals.measured(results)
    assert first.value == 0.25
    assert first.met
    assert last.value is None
    assert not last.met


def test_a_run_replaces_its_own_cells_and_no_others(results: Results, tmp_path: Path) -> None:
    again = Results(results.path)
    again.measured_with(ABOUT | {"commit": "d"})
    again.put("wide", "nothing changed", cell(gorun=1.0))
    stored = json.loads((tmp_path / "results.json").read_text())
    assert stored["cells"]["hello"]["nothing changed"]["commit"] == "c"
    assert stored["cells"]["wide"]["nothing changed"]["commit"] == "d"


def test_cells_of_another_machine_go(results: Results) -> None:
    again = Results(results.path)
    again.measured_with(ABOUT | {"processor": "2"})
    assert again.cells == {}


def test_tables_and_pictures_show_what_was_measured_and_who_was_stale(results: Results) -> None:
    table = text.readme(results)
    assert "| hello world | 20.0 | 80.0 | 40.0† |" in table
    details = text.details(results, "here")
    assert re.search("nothing changed, hello .* 0.250 . .* reached", details)
    assert "](here.svg)" in details
    drawn = ET.fromstring(chart.bars(results))
    assert "20 ms" in "".join(drawn.itertext())
    assert chart.lines(results) == ""


def test_text_goes_between_the_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    marks = "<!-- benchmark: written by nox -s bench -->\nold\n<!-- benchmark: end -->"
    page.write_text(f"before\n{marks}\nafter\n")
    text.replace_between_marks(str(page), "new")
    assert page.read_text() == f"before\n{marks.replace('old', 'new')}\nafter\n"


def test_line_through_points_on_a_line() -> None:
    points = [{"inputs": x, "overhead": {"gorun": 0.02 + x * 1e-6}} for x in (1000, 10000, 100000)]
    assert fit(points, "gorun") == pytest.approx({"start": 0.02, "slope": 1e-6})


def test_quartiles_of_few_values() -> None:
    assert quartiles([2.0]) == [2.0, 2.0, 2.0]
    assert quartiles([3.0, 1.0, 2.0]) == [1.5, 2.0, 2.5]


@pytest.mark.skipif(not shutil.which("git"), reason="needs git: apt-get install git")
def test_tree_knows_what_its_program_would_print(tmp_path: Path) -> None:
    def said() -> str:
        return (tmp_path / "made" / "tree" / "main.go").read_text().split('"')[1]

    tree = Tree(Here(tmp_path), "made", (".",), {"main": "main.go"})
    tree.prepare({"main.go": 'package main // "main-word"\n', "go.mod": "module made\n"})
    assert tree.answer(flagged=True) == f"{said()} flagged"
    tree.edit("main")
    assert tree.answer() == f"{said()} plain"
    assert said() != "main-word"
    tree.undo()
    tree.switch("other")
    assert tree.answer() == f"{said()} plain" == "other-main-word plain"
    tree.switch("main")
    assert tree.answer() == f"{said()} plain" == "main-word plain"
    (tmp_path / "made" / "tree" / "bin" / "x").write_text("")
    tree.clean()
    assert os.listdir(tmp_path / "made" / "tree" / "bin") == [".keep"]
