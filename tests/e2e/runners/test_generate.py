"""A generator in nox and in invoke: run where it could make another file, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.place import Place

GENERATOR = """package main

import (
	"os"

	"example.com/probe/gen/kind"
)

func main() {
	runs, _ := os.OpenFile("runs", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	runs.WriteString(".")
	menu, _ := os.ReadFile("menu.txt")
	if string(menu) == "fail\\n" {
		os.Exit(3)
	}
	made := kind.Of(string(menu) + os.Getenv("TASTE"))
	os.WriteFile(os.Args[1], []byte(made), 0o666)
}
"""
KIND = """package kind

import "strings"

// Of is what a word becomes.
func Of(word string) string { return strings.ToUpper(word) }
"""
NOXFILE = """
import nox
from gorun_tasks import nox as go


@nox.session(venv_backend="none")
def menu(session):
    go.generate(
        session, "./gen", "out.txt", inputs=["menu.txt"], outputs=["out.txt"], variables=["TASTE"]
    )
"""
TASKS = """
from invoke import task
from gorun_tasks import invoke as go


@task
def menu(c):
    go.generate(
        c, "./gen", args=["out.txt"], inputs=["menu.txt"], outputs=["out.txt"], variables=["TASTE"]
    )
"""
RUNNERS = pytest.mark.parametrize("command", [("nox", "-s", "menu"), ("invoke", "-e", "menu")])


FILES = {
    "noxfile.py": NOXFILE,
    "tasks.py": TASKS,
    "menu.txt": "sencha\n",
    "gen/main.go": GENERATOR,
    "gen/kind/kind.go": KIND,
}


def runs(own_place: Place) -> int:
    """Return how often the generator has run."""
    return len((own_place.folder / "runs").read_text())


@RUNNERS
def test_a_generator_runs_where_its_inputs_changed(
    own_place: Place, command: tuple[str, ...]
) -> None:
    made = own_place.folder / "out.txt"
    result = own_place(*command)
    assert result.rc == 0, result.err
    assert "gen: generated because not generated before" in result.err
    assert "gen: current" in own_place(*command).err
    assert runs(own_place) == 1
    own_place.edit("menu.txt", "sencha", "oolong")
    assert "gen: generated because menu.txt edited" in own_place(*command).err
    assert made.read_text() == "OOLONG\n"
    made.write_text("by hand")
    assert "gen: generated because out.txt edited" in own_place(*command).err
    assert made.read_text() == "OOLONG\n"
    result = own_place(*command, env={"TASTE": "sweet"})
    assert "gen: generated because TASTE: '' → 'sweet'" in result.err
    assert made.read_text() == "OOLONG\nSWEET"


@RUNNERS
def test_an_edit_that_changes_no_byte_of_it_runs_nothing(
    own_place: Place, command: tuple[str, ...]
) -> None:
    """Early cut-off: the generator is built, and as its bytes are the same it has nothing to do."""
    assert own_place(*command).rc == 0
    own_place.edit("gen/kind/kind.go", "what a word becomes", "what any word becomes")
    assert "gen: current" in own_place(*command).err
    assert runs(own_place) == 1
    own_place.edit("gen/kind/kind.go", "ToUpper", "ToLower")
    assert "gen: generated because ./gen rebuilt since" in own_place(*command).err
    assert (own_place.folder / "out.txt").read_text() == "sencha\n"


def test_what_one_runner_made_is_current_for_the_other(own_place: Place) -> None:
    assert own_place("nox", "-s", "menu").rc == 0
    assert own_place("invoke", "-e", "menu").err == "gen: current\n"
    assert own_place("invoke", "menu").err == ""
    assert runs(own_place) == 1


@RUNNERS
def test_a_generator_that_fails_is_not_believed(own_place: Place, command: tuple[str, ...]) -> None:
    own_place.edit("menu.txt", "sencha", "fail")
    for _ in range(2):
        result = own_place(*command)
        assert result.rc == 3
        assert "generated" not in result.err
    assert runs(own_place) == 2


def test_a_dry_run_makes_nothing(own_place: Place) -> None:
    assert "gorun ./gen out.txt" in own_place("invoke", "-R", "menu").out
    result = own_place("nox", "--install-only", "-s", "menu")
    assert "gen: built because not built before" in result.err
    assert not (own_place.folder / "out.txt").exists()


@RUNNERS
def test_one_that_makes_nothing_is_one_sentence(own_place: Place, command: tuple[str, ...]) -> None:
    for file in ("noxfile.py", "tasks.py"):
        own_place.edit(file, 'outputs=["out.txt"]', 'outputs=["elsewhere.txt"]')
    result = own_place(*command)
    assert result.rc == 1
    assert "./gen did not make elsewhere.txt" in result.err
    assert "Traceback" not in result.err
