"""Which tasks there are: few, those that are chosen, and none for what makes no sense."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.place import Place

FILES = {
    "noxfile.py": "from gorun_tasks import nox as go\n\ngo.sessions()\n",
    "tasks.py": "from gorun_tasks import invoke as go\n\nns = go.collection()\n",
    "dodo.py": (
        "from gorun_tasks import doit as go\n\nDOIT_CONFIG = go.config()\ntask_go = go.tasks()\n"
    ),
}
LISTS = {"nox": ("-l",), "invoke": ("--list",), "doit": ("list", "--all")}
CALLS = {"noxfile.py": "go.sessions(", "tasks.py": "go.collection(", "dodo.py": "go.tasks("}
RUNNERS = pytest.mark.parametrize("runner", LISTS)


def give(place: Place, words: str) -> None:
    """Write these keywords into each runner's file."""
    for name, call in CALLS.items():
        place.edit(name, call, f"{call}{words}")


@RUNNERS
def test_each_program_has_two_tasks(place: Place, runner: str) -> None:
    listed = place(runner, *LISTS[runner]).out
    tasks = [line for line in listed.splitlines() if "other" in line]
    assert len(tasks) == 2, listed


@RUNNERS
def test_verbs_choose(own_place: Place, runner: str) -> None:
    give(own_place, 'verbs=["why", "run"]')
    listed = own_place(runner, *LISTS[runner]).out
    assert "Run ./other" in listed
    assert "Say whether ./other would be" in listed
    assert "Build ./other" not in listed
    assert "Say whether Go programs" not in listed


@pytest.mark.parametrize(
    ("why", "watch"),
    [
        (("nox", "-s", "why", "--"), ("nox", "-s", "watch", "--", "probe")),
        (("invoke", "why"), ("invoke", "watch", "probe", "--")),
        (("doit", "why"), ("doit", "watch", "probe", "--")),
    ],
    ids=LISTS,
)
def test_what_has_no_task_of_its_own_is_told_a_name(
    place: Place, why: tuple[str, ...], watch: tuple[str, ...]
) -> None:
    place("gorun_tasks", "--build")
    assert "other: current\n" in place(*why, "other").out
    result = place(*why, "othr")
    assert result.rc == 2
    assert "no program is called othr" in result.out + result.err
    if why[0] == "invoke":  # which has no words that may be left out
        assert place(*why).rc == 1
    else:
        said = place(*why).out
        assert said.index("other: current\n") < said.index("probe: current\n")
        assert "other: current\n" in place(*why, "probe", "other").out
    pytest.importorskip("watchfiles")
    with place.start(*watch, "serve", "3", terminal=True) as running:
        running.wait_for("ready ")
        running.type("\x03")
        assert running.end() == 3, running.said


@pytest.mark.parametrize("clean", [("nox", "-s", "clean", "--"), ("invoke", "clean")])
def test_a_program_that_is_named_is_forgotten(own_place: Place, clean: tuple[str, ...]) -> None:
    own_place("gorun_tasks", "--build")
    assert "other: forgotten" in own_place(*clean, "other").err
    assert "other: stale" in own_place("invoke", "why", "other").out
    assert "probe: current" in own_place("invoke", "why", "probe").out
    assert own_place(*clean).rc != 0


@RUNNERS
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rase=True", "no build flag is called rase; did you mean race?"),
        ("race=1", "race: expected a bool, got int 1"),
        ("verbs=['biuld']", "verbs: there is no biuld; did you mean build?"),
    ],
)
def test_a_keyword_that_makes_no_sense_ends_the_loading(
    own_place: Place, runner: str, words: str, said: str
) -> None:
    give(own_place, words)
    result = own_place(runner, *LISTS[runner])
    assert result.rc in (2, 3)
    assert said in result.out + result.err
    assert "Traceback" not in result.err


NOXFILE = """
from gorun_tasks import nox as go


@go.session(".", flags={"rase": True})
def x(session, program):
    pass
"""
DODO = """
from gorun_tasks import doit as go


def task_x():
    return go.run_task(".", rase=True)
"""


@pytest.mark.parametrize(("file", "text"), [("noxfile.py", NOXFILE), ("dodo.py", DODO)])
def test_so_does_one_of_a_task_of_ones_own(own_place: Place, file: str, text: str) -> None:
    own_place.write({file: text})
    runner = {"noxfile.py": "nox", "dodo.py": "doit"}[file]
    result = own_place(runner, *LISTS[runner])
    assert result.rc in (2, 3)
    assert "no build flag is called rase; did you mean race?" in result.out + result.err


def test_the_data_of_a_list_is_as_short(place: Place) -> None:
    tree = json.loads(place("invoke", "--list", "-F", "json").out)
    (other, _) = tree["collections"]
    assert {task["name"] for task in other["tasks"]} == {"build", "run"}
