"""doit and files: executables as targets that others depend on."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Place

DODO = """
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"])

programs = {"probe": ".", "other": "./other", "gen": "./gen"}
task_go = go.tasks(programs, output="bin")


def task_pack():
    return {"actions": ["cat bin/gen > pack"], "file_dep": ["bin/gen"], "targets": ["pack"]}


def task_single():
    return go.build_task("./other", output="single")
"""

GENERATOR = """package main

import (
	"os"

	"example.com/probe/lib"
)

func main() {
	mark, _ := os.OpenFile("runs", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	mark.WriteString(".")
	if os.Args[1] == "-3" {
		os.Exit(3)
	}
	orders, _ := os.ReadFile("orders.txt")
	os.WriteFile(os.Args[1], append([]byte(lib.Head), orders...), 0o666)
}
"""

PARALLEL = pytest.mark.parametrize("parallel", [(), ("-n2",), ("-n2", "-P", "thread")])


@pytest.fixture(scope="module")
def runner_file() -> tuple[str, str]:
    return "dodo.py", DODO


@pytest.fixture
def own_place(own_place: Place) -> Place:
    """Return a place with a generator, its orders, and a module below."""
    for name, text in {
        "gen/main.go": GENERATOR,
        "lib/lib.go": "package lib\n\n// Head is a word.\nconst Head = `menu of `\n",
        "orders": "mint\n",
        "inner/go.mod": "module example.com/inner\n\ngo 1.24\n",
        "inner/gen/main.go": GENERATOR.replace("probe", "inner"),
        "inner/lib/lib.go": "package lib\n\nconst Head = ``\n",
    }.items():
        path = own_place.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return own_place


def stamp(path: Path) -> int:
    return path.stat().st_mtime_ns


@PARALLEL
def test_a_task_depends_on_an_executable(own_place: Place, parallel: tuple[str, ...]) -> None:
    """Early cut-off: a build to the same bytes makes nothing downstream stale."""
    done = own_place("doit", *parallel, "pack")
    assert (done.rc, done.out) == (0, ".  build:gen\n.  pack\n")
    assert own_place("doit", *parallel, "pack").out == "-- build:gen\n-- pack\n"
    before = stamp(own_place.folder / "bin/gen")
    own_place.edit("lib/lib.go", "a word", "a sign")
    done = own_place("doit", *parallel, "pack")
    assert done.err == "gen: built because lib/lib.go edited\n"
    assert done.out == ".  build:gen\n-- pack\n"
    assert stamp(own_place.folder / "bin/gen") == before
    own_place.edit("lib/lib.go", "menu of", "list of")
    assert own_place("doit", *parallel, "pack").out == ".  build:gen\n.  pack\n"


def test_an_output_is_the_executable_or_it_is_put_there_again(own_place: Place) -> None:
    assert own_place("doit", "build:other").rc == 0
    path = own_place.folder / "bin/other"
    ran = subprocess.run([path, "x"], capture_output=True, text=True, check=True)
    assert ran.stdout == '["other","x"]\n'
    path.unlink()
    assert "bin/other is missing" in own_place("doit", "info", "build:other").out
    assert own_place("doit", "build:other").err == "other: current; bin/other written\n"
    path.write_bytes(path.read_bytes() + b"more")
    assert "bin/other is not what was built" in own_place("doit", "info", "build:other").out
    assert own_place("doit", "build:other").err == "other: current; bin/other written\n"
    assert own_place("doit", "build:other").out == "-- build:other\n"
    path.touch()
    assert own_place("doit", "build:other").out == "-- build:other\n"


def test_an_executable_can_be_asked_for_by_its_name(own_place: Place) -> None:
    assert own_place("doit", "bin/other").out == ".  build:other\n"
    assert own_place("doit", "single").out == ".  single\n"
    assert (own_place.folder / "single").exists()


def test_clean_removes_the_output(own_place: Place) -> None:
    assert own_place("doit").rc == 0
    dry = own_place("doit", "clean", "-n", "build:other")
    assert "other: would be forgotten" in dry.out
    assert (own_place.folder / "bin/other").exists()
    assert own_place("doit", "clean", "build:other").rc == 0
    assert not (own_place.folder / "bin/other").exists()
    assert (own_place.folder / "bin/probe").exists()


def test_an_output_that_cannot_be_written_is_one_sentence(own_place: Place) -> None:
    (own_place.folder / "single").mkdir()
    result = own_place("doit", "single")
    assert result.rc == 1
    assert f"{own_place.folder}/single cannot be written: Is a directory" in result.out
    assert "Traceback" not in result.out + result.err
