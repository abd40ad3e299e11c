"""Watching in nox, invoke and doit: the same in each, from a session or task of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.place import make_place

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

NOX = """
from gorun_tasks import nox as go
go.sessions({"probe": "."}, verbs=["watch"])
"""

INVOKE = """
from invoke import Collection
from gorun_tasks import invoke as go
ns = Collection(go=go.collection({"probe": "."}, verbs=["watch"]))
"""

DOIT = """
from gorun_tasks import doit as go
DOIT_CONFIG = go.config(default_tasks=["build"])
task_go = go.tasks({"probe": "."}, verbs=["watch"])
"""


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param({"noxfile.py": NOX}, ("nox", "-s", "watch:probe"), id="nox"),
        pytest.param({"tasks.py": INVOKE}, ("invoke", "go.probe.watch"), id="invoke"),
        pytest.param({"dodo.py": DOIT}, ("doit", "watch:probe"), id="doit"),
    ],
)
def test_an_edit_restarts_and_ctrl_c_ends_with_the_programs_status(
    tmp_path: Path, files: dict[str, str], words: tuple[str, ...]
) -> None:
    place = make_place(tmp_path, files)
    with place.start(*words, "--", "serve", "3", terminal=True) as running:
        running.wait_for("ready ")
        place.edit("main.go", '"ready"', '"again"')
        running.wait_for("again ")
        assert "stopping after terminated\n" in running.said
        running.type("\x03")
        assert running.end() == 3, running.said
        assert "stopping after interrupt\n" in running.said
        assert "Traceback" not in running.said
        assert running.left_behind() == []
