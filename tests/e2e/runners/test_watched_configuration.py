"""The configuration is edited while a runner's task watches a program of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.place import Place

FILES = {
    "noxfile.py": "from gorun_tasks import nox as go\n\ngo.sessions(tags=['dev'])\n",
    "tasks.py": "from gorun_tasks import invoke as go\n\nns = go.collection(tags=['dev'])\n",
    "dodo.py": "from gorun_tasks import doit as go\n\ntask_go = go.tasks(tags=['dev'])\n",
    "gorun.toml": '[programs.probe]\nargs = ["features"]\n',
}


@pytest.mark.parametrize(
    "words",
    [
        ("nox", "-s", "watch", "--", "probe"),
        ("invoke", "watch", "probe"),
        ("doit", "watch", "probe"),
    ],
    ids=["nox", "invoke", "doit"],
)
def test_its_new_arguments_and_flags_count(own_place: Place, words: tuple[str, ...]) -> None:
    """And the flags that the task itself says still do."""
    with own_place.start(*words, terminal=True) as running:
        running.wait_for("race=false dev=true version=none")
        own_place.edit("gorun.toml", '"features"', '"getenv", "LEVEL"')
        running.wait_for('""')
        own_place.edit("gorun.toml", "args", 'env = { LEVEL = "info" }\nargs')
        running.wait_for('"info"')
        own_place.edit("gorun.toml", '"getenv", "LEVEL"', '"features"')
        running.wait_for_next("race=false dev=true version=none")
