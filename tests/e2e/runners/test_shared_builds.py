"""What another machine has built, in each face: fetched, said so, and started without go.

One machine publishes, once for all of these tests. Each of them has a fresh clone, with a home and
a store of its own.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.place import Place, make_place
from tests.support.trees import MAIN
from tests.support.without_go import PlaceWithoutGo
from tests.support.workshop import needs_strace
from tests.support.workspace import asked_of_go, commit, heard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Clone = Callable[[], Place]

pytestmark = pytest.mark.usefixtures("go")

API = """package main

import (
	"os"

	"example.com/tea/lib"
)

func main() { os.Stdout.WriteString(lib.Word + " " + os.Args[1] + "\\n") }
"""
GEN = """package main

import "os"

func main() { os.WriteFile(os.Args[1], []byte("made\\n"), 0o666) }
"""
FILES = {
    "go.mod": "module example.com/tea\n\ngo 1.24\n",
    "gorun.toml": 'trimpath = true\nenv = { CGO_ENABLED = "0" }\n',
    "lib/lib.go": 'package lib\n\nconst Word = "one"\n',
    "cmd/api/main.go": API,
    "cmd/gen/main.go": GEN,
    "cmd/other/main.go": MAIN,
    "noxfile.py": "from gorun_tasks import nox as go\n\ngo.sessions()\n",
    "tasks.py": "from gorun_tasks import invoke as go\n\nnamespace = go.collection()\n",
    "dodo.py": (
        "from gorun_tasks import doit as go\n\n"
        "DOIT_CONFIG = go.config()\n"
        "task_go = go.tasks()\n\n\n"
        "def task_menu():\n"
        '    return go.generate_task(":gen", ["menu.txt"], outputs=["menu.txt"])\n'
    ),
    "use.py": """
from gorun_tasks import Workspace

program = Workspace().program("api")
assert not program.is_current()
outcome = program.run(["api"])
print(outcome.outcome, outcome.because[-1], outcome.exit_code)
print({name: one.outcome for name, one in Workspace().build().items()})
step = Workspace().program("gen").generation(["menu.txt"], outputs=["menu.txt"])
step.run()
print(*step.because)
""",
}
SAID = re.compile(r"(\w+): fetched because not built before, built by go1\.[\w.]+ elsewhere")


@pytest.fixture(scope="module")
def published(go: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001
    """Publish the programs, as a job of the main branch does; return a folder with a clone."""
    folder = tmp_path_factory.mktemp("published")
    place = _machine(folder / "first", folder)
    result = place("gorun_tasks", "--build", env={"GORUN_REMOTE_WRITE": "1"})
    assert (result.rc, result.err) == (0, ""), result
    assert result.out.count(" built because not built before\n") == 3
    return folder


@pytest.fixture
def clone(published: Path, tmp_path: Path) -> Clone:
    """Return what makes a fresh clone, on a machine that only reads."""
    return lambda: _machine(tmp_path / "second", published)


@pytest.fixture
def bare(clone: Clone, tmp_path: Path) -> PlaceWithoutGo:
    """Return a fresh clone on a machine without go."""
    return PlaceWithoutGo(clone(), tmp_path / "surroundings")


def _machine(folder: Path, shared: Path) -> Place:
    folder.mkdir()
    place = make_place(folder, {})
    shutil.rmtree(place.folder)
    place.write(FILES)
    commit(place)
    place.environ |= {"GORUN_REMOTE": f"file://{shared}/place", "HOME": str(folder)}
    return place


RUN = {
    "gorun": (("gorun_tasks", ":api", "x"), ""),
    "nox": (("nox", "-s", "run:api", "--", "x"), "nox > api: current"),
    "invoke": (("invoke", "api", "--", "x"), ""),
    "doit": (("doit", "run:api", "--", "x"), ""),
}


@pytest.mark.parametrize("face", RUN)
def test_without_go_what_is_unchanged_runs(bare: PlaceWithoutGo, face: str) -> None:
    words, then = RUN[face]
    outcomes = heard(bare)
    result = bare(*words)
    assert result.rc == 0, result
    assert "one x\n" in result.out
    assert SAID.findall(result.err) == ([] if face == "gorun" else ["api"])
    result = bare(*words, env={"GORUN_REMOTE": ""})
    assert result.rc == 0, result
    assert "one x\n" in result.out
    assert then in result.err
    assert "fetched" not in result.err
    assert outcomes() == ["current", "fetched"]


def test_without_go_python_has_what_is_unchanged(bare: PlaceWithoutGo) -> None:
    script = bare("use")
    first, rest = script.out.split("\n", 1)
    assert first == "one api"
    ran, *more = rest.splitlines()
    assert re.fullmatch(r"fetched built by go1\.[\w.]+ elsewhere 0", ran)
    assert more == [
        "{'api': 'current', 'gen': 'fetched', 'other': 'fetched'}",
        "not generated before",
    ]
    assert (bare.folder / "menu.txt").read_text() == "made\n"


def test_without_go_files_are_made(bare: PlaceWithoutGo) -> None:
    result = bare("doit", "menu")
    assert (result.rc, SAID.findall(result.err)) == (0, ["gen"]), result
    which = bare("gorun_tasks", "--which", ":gen")
    assert os.access(which.out.strip(), os.X_OK)


BUILD = {
    "gorun": ("gorun_tasks", "--build"),
    "nox": ("nox", "-s", "build"),
    "invoke": ("invoke", "build"),
    "doit": ("doit", "build"),
    "doit at once": ("doit", "-n", "2", "build"),
}


@needs_strace
@pytest.mark.parametrize("face", BUILD)
def test_go_is_asked_about_what_was_changed(clone: Clone, face: str) -> None:
    place = clone()
    place.edit("cmd/other/main.go", "{}", "{ println() }")
    place("gorun_tasks", "--list")  # which asks go which programs there are
    outcomes = heard(place)
    assert asked_of_go(place, *BUILD[face]) == ["run"]
    assert outcomes() == ["built", "fetched", "fetched"]


def test_doit_says_of_each_of_several_where_it_came_from(clone: Clone) -> None:
    place = clone()
    result = place("doit", "build:api", "build:gen")
    assert sorted(SAID.findall(result.err)) == ["api", "gen"], result
    assert result.out == "-- build:api\n-- build:gen\n"


def test_a_watch_begins_with_what_was_fetched(clone: Clone) -> None:
    place = clone()
    outcomes = heard(place)
    with place.start("gorun_tasks", "--watch", ":api", "x", terminal=True) as running:
        running.wait_for("waits for a change")
        assert outcomes() == ["fetched"]
        place.edit("lib/lib.go", '"one"', '"two"')
        running.wait_for("two x")
        assert outcomes() == ["built", "fetched"]
        running.forget()
        place.edit("lib/lib.go", '"two"', '"one"')
        running.wait_for("one x")
        # A look that restored it may be given up for a second event of the same edit, before it
        # says so: the next one finds it current.
        assert outcomes() in (["built", "fetched", "restored"], ["built", "current", "fetched"])


def test_questions_ask_no_place(clone: Clone) -> None:
    place = clone()
    place.environ["GORUN_REMOTE"] = "http://127.0.0.1:1"  # where nobody is
    place.edit("lib/lib.go", '"one"', '"two"')
    for words in (("--affected", "HEAD"), ("--graph",), ("--list",), ("--why", ":api")):
        result = place("gorun_tasks", *words)
        assert "api" in result.out
        assert result.err == ""
