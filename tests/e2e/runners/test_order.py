"""What is said stands in the order in which it was said, also in a pipe and in the log of a CI job.

Python holds back what is printed to a pipe; go, programs, and stderr are not held back. Each test
gives both streams one pipe, as `2>&1 | cat` does, and no PYTHONUNBUFFERED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.place import Place, make_place
from tests.support.workspace import commit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

FILES = {
    "noxfile.py": """
import nox
from gorun_tasks import nox as go

go.sessions(verbs=["run", "watch", "build", "why", "clean"])


@nox.session(venv_backend="none", default=False)
def printed(session):
    print("before the build")
    go.build(session, ".")
    print("before the run")
    go.run(session, ".", "streams")
    print("before the failure")
    go.build(session, "./nothing")
""",
    "tasks.py": """
from invoke import Collection, task
from gorun_tasks import invoke as go


@task
def printed(c):
    print("before the build")
    go.build(c, ".")
    print("before the run")
    go.run(c, ".", args=["streams"])
    print("before the failure")
    go.build(c, "./nothing")


ns = Collection(printed, go=go.collection(verbs=["run", "watch", "why", "clean"]))
""",
    "dodo.py": """
from gorun_tasks import Program
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(dep_file=".doit/db")
task_go = go.tasks(verbs=["run", "watch", "build", "why"])


def printed():
    print("before the build")
    Program(".").build()
    print("before the run")
    Program(".").run(["streams"])
    print("before the failure")
    Program("./nothing").build()


def task_printed():
    return {"actions": [printed], "verbosity": 2}
""",
    ".doit/kept": "",
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = make_place(tmp_path, FILES)
    place.environ["GOFLAGS"] = "-buildvcs=false"
    return place


def stands_in_order(said: str, lines: Sequence[str]) -> None:
    """Assert that all of this was said, each after the one before."""
    places = [said.find(line) for line in lines]
    assert -1 not in places, (lines[places.index(-1)], said)
    assert places == sorted(places), said


def said_by(place: Place, *words: str) -> str:
    with place.start(*words) as running:
        running.end()
        return running.said


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["-s", "why:probe"], ["session why:probe", "probe: stale\n", "why:probe was successful"]),
        (
            ["-s", "affected", "clean:probe"],
            ["session affected", "other  because", "affected was successful", "probe: forgotten"],
        ),
        (
            ["-s", "printed"],
            [
                *("session printed", "before the build\n", "probe: built", "before the run\n"),
                *("probe: current", "to stdout\n", "before the failure\n", "nothing: directory"),
                "go could not build the program",
            ],
        ),
    ],
)
def test_nox(place: Place, words: list[str], lines: list[str]) -> None:
    commit(place)
    place.edit("other/main.go", '"other"', '"another"')
    stands_in_order(said_by(place, "nox", *words), lines)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["go.probe.why", "go.probe.clean"], ["probe: stale\n", "probe: forgotten\n"]),
        (["go.affected", "main", "go.build"], ["other  because", ": built because"]),
        (
            ["--echo", "go.probe", "--", "streams"],
            ["gorun . streams", "probe: built", "to stdout\n"],
        ),
        (
            ["printed"],
            [
                *("before the build\n", "probe: built", "before the run\n", "to stdout\n"),
                *("before the failure\n", "nothing: directory"),
            ],
        ),
    ],
)
def test_invoke(place: Place, words: list[str], lines: list[str]) -> None:
    commit(place)
    place.edit("other/main.go", '"other"', '"another"')
    stands_in_order(said_by(place, "invoke", *words), lines)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["why:probe", "build:probe", "run:probe", "--", "streams"],
            [
                *(".  why:probe", "probe: stale\n", ".  build:probe", "probe: built"),
                *(".  run:probe", "probe: current", "to stdout\n"),
            ],
        ),
        (
            ["affected", "--build"],
            [".  affected", "other  because", "other: built"],
        ),
        (
            ["printed"],
            [
                *(".  printed", "before the build\n", "before the run\n", "to stdout\n"),
                *("before the failure\n", "nothing: directory", "TaskError"),
            ],
        ),
        (
            ["build:probe", "build:other"],
            [".  build:probe", "probe: built", ".  build:other", "other: built"],
        ),
    ],
)
def test_doit(place: Place, words: list[str], lines: list[str]) -> None:
    commit(place)
    place.edit("other/main.go", '"other"', '"another"')
    stands_in_order(said_by(place, "doit", *words), lines)


@pytest.mark.parametrize("runner", ["nox", "invoke", "doit"])
def test_a_watch(place: Place, runner: str) -> None:
    pytest.importorskip("watchfiles")
    names = {"nox": "noxfile.py", "invoke": "tasks.py", "doit": "dodo.py"}
    with (place.folder / names[runner]).open("a") as file:
        file.write('\nprint("loaded")\n')
    words = {"nox": ("-s", "watch:probe"), "invoke": ("go.probe.watch",), "doit": ("watch:probe",)}
    with place.start(runner, *words[runner], "--", "serve", "0") as running:
        running.wait_for("ready ")
        stands_in_order(running.said, ["loaded\n", "ready "])
