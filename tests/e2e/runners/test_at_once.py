"""nox, invoke, doit and gorun at work on one checkout at the same time: right results, one build.

A person with several terminals, or the jobs of a CI machine that share a store.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.support.clock import PATIENCE
from tests.support.workspace import heard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.place import Place

NOXFILE = """
from gorun_tasks import nox as go

go.sessions()
"""
TASKS = """
from gorun_tasks import invoke as go

ns = go.collection()
"""
DODO = """
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"])
task_go = go.tasks()
"""


FILES = {"noxfile.py": NOXFILE, "tasks.py": TASKS, "dodo.py": DODO}


def at_once(place: Place, *commands: Sequence[str]) -> list[str]:
    """Start all of these, and then wait for all; return what each said on stdout."""
    started = [
        subprocess.Popen(
            place.command(command),
            cwd=place.folder,
            env=place.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    said = []
    for process in started:
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        said.append(out)
    return said


def test_one_program_is_built_once(own_place: Place) -> None:
    outcomes = heard(own_place)
    said = at_once(
        own_place,
        ("nox", "-s", "run:other", "--", "a"),
        ("invoke", "other", "--", "a"),
        ("doit", "run:other", "--", "a"),
        ("gorun_tasks", ":other", "a"),
    )
    assert [json.loads(out.splitlines()[-1]) for out in said] == [["other", "a"]] * 4
    assert outcomes().count("built") == 1
    assert len(outcomes()) == 4


def test_all_programs_are_built_once(own_place: Place) -> None:
    outcomes = heard(own_place)
    at_once(
        own_place,
        ("nox", "-s", "build"),
        ("invoke", "build"),
        ("doit", "-n2"),
        ("gorun_tasks", "--build"),
    )
    assert outcomes().count("built") == 2
    assert "failed" not in outcomes()
    assert own_place("gorun_tasks", "--build").out == "other  current\nprobe  current\n"
