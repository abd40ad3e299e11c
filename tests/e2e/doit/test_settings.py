"""What doit is told of output and of its database holds for programs, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.doit.test_doit import arguments

if TYPE_CHECKING:
    from tests.support.place import Place

DODO = """
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"])
task_go = go.tasks({"probe": ".", "other": "./other"})


def task_captured():
    return go.run_task(".") | {"io": {"capture": True}, "verbosity": 0}


def task_failing():
    return {"actions": ["false"]}


def task_noted():
    return {"actions": ["true"], "file_dep": ["go.mod"]}
"""
FILES = {"dodo.py": DODO}
BROKEN = ("main.go", "serve(number(2))", "serve(nimber(2))")


@pytest.mark.parametrize(
    ("verbosity", "out", "err"),
    [("0", "", ""), ("1", "", "to stderr\n"), ("2", "to stdout\n", "to stderr\n")],
)
def test_what_is_captured_is_as_verbose_as_doit_is(
    place: Place, verbosity: str, out: str, err: str
) -> None:
    place("doit", "build:probe")
    result = place("doit", "-v", verbosity, "captured", "--", "streams")
    assert result == (0, f".  captured\n{out}", f"probe: current\n{err}" if err else "")


def test_what_was_hidden_is_shown_where_the_task_fails(own_place: Place) -> None:
    said = own_place("doit", "captured", "--", "kill").out
    assert "probe: built because not built before" in said
    own_place.edit(*BROKEN)
    assert "undefined: nimber" in own_place("doit", "build:probe").err
    result = own_place("doit", "-v", "0", "build:probe")
    assert result.rc == 125
    assert "nimber" not in result.err
    assert "undefined: nimber" in result.out


def test_what_is_not_captured_is_shown_as_ever(place: Place) -> None:
    result = place("doit", "-v", "0", "run:probe", "--", "streams")
    assert "to stdout\n" in result.out
    assert "to stderr\n" in result.err


BACKENDS = ["dbm", "json", "sqlite3"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_another_doit_can_work_while_a_program_runs(own_place: Place, backend: str) -> None:
    doit = ("doit", "--backend", backend)
    assert own_place(*doit, "build:probe").rc == 0
    with own_place.start(
        *doit, "-c", "failing", "run:probe", "--", "serve", "0", terminal=True
    ) as one:
        one.wait_for("ready ")
        assert own_place(*doit, "noted") == (0, ".  noted\n", "")
        assert own_place(*doit, "-n2", "build").rc == 0
        assert "probe" in own_place("doit", "list", *doit[1:], "--all", "-s").out
        one.type("\x03")
        assert one.end() == 1, one.said  # of the task that failed before
        assert "Traceback" not in one.said
    assert own_place(*doit, "noted").out == "-- noted\n"
    assert own_place(*doit, "failing").rc == 1


@pytest.mark.parametrize("parallel", [("-n2",), ("-n2", "-P", "thread")])
def test_with_several_at_a_time_the_database_is_left_alone(
    place: Place, parallel: tuple[str, ...]
) -> None:
    result = place("doit", *parallel, "run:probe", "--", "a")
    assert arguments(result.out) == ["a"]
    assert result.rc == 0


def test_a_database_of_somebody_else_is_left_alone(own_place: Place) -> None:
    own_place.write(
        {
            "theirs.py": "from doit.dependency import JsonDB\nclass Theirs(JsonDB): pass\n",
            "pyproject.toml": '[tool.doit.plugins.backend]\ntheirs = "theirs:Theirs"\n',
        }
    )
    own_place.environ["PYTHONPATH"] += f":{own_place.folder}"
    assert own_place("doit", "--backend", "theirs", "run:probe", "--", "exit", "3").rc == 3
