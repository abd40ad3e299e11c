"""The flag-order trap: `gorun . -race` hands -race to the program, as go does, and says so once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import HELLO, Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

HINT = (
    "gorun: -race stands after the target, so it went to the program;"
    " to build with it: gorun -race .\n"
)


def test_hint_comes_in_ci_on_the_run_that_builds(tmp_path: Path) -> None:
    """One line on stderr; the argument still reaches the program; the second run is silent."""
    workshop = Workshop(tmp_path)
    env = {"CI": "1"}
    assert workshop.gorun(".", "-race", env=env) == (0, "hello [-race]\n", HINT)
    assert workshop.gorun(".", "-race", env=env) == (0, "hello [-race]\n", "")


def test_hint_comes_on_a_terminal_once(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.environ["TERM"] = "dumb"  # on others a build that takes long says how far it is
    for hint in (HINT, ""):
        with workshop.start("gorun_tasks", ".", "-race", terminal=True) as running:
            assert running.end() == 0
            assert running.said == f"{hint}hello [-race]\n"


def test_nobody_there_nothing_said(tmp_path: Path) -> None:
    """Neither CI nor a terminal: a pipe reads the program's stderr and nothing else."""
    workshop = Workshop(tmp_path)
    assert workshop.gorun(".", "-race") == (0, "hello [-race]\n", "")


@pytest.mark.parametrize("words", [["--quiet", ".", "-race"], [".", "--", "-race"]])
def test_hint_can_be_switched_off(tmp_path: Path, words: list[str]) -> None:
    """By --quiet; and whoever writes -- knows whose the words behind it are."""
    workshop = Workshop(tmp_path)
    result = workshop.gorun(*words, env={"CI": "1"})
    assert (result.rc, result.err) == (0, "")
    assert "-race" in result.out


@pytest.mark.parametrize(
    ("argument", "written"),
    [
        ("-tags=dev", "gorun -tags=dev main.go"),
        ("--ldflags", "gorun --ldflags=... main.go"),
        ("-gcflags=all=-N -l", "gorun '-gcflags=all=-N -l' main.go"),
    ],
)
def test_hint_shows_how_to_write_it(tmp_path: Path, argument: str, written: str) -> None:
    workshop = Workshop(tmp_path)
    result = workshop.gorun("main.go", argument, env={"CI": "1"})
    assert result.out == f"hello [{argument}]\n"
    (line,) = result.err.splitlines()
    assert line.startswith(f"gorun: {argument} stands after the target")
    assert line.endswith(f": {written}")


def test_flags_that_programs_have_too_are_no_trap(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, {**HELLO})
    words = ["-v", "-n", "-x", "-p", "4", "-json", "-a", "-exec", "-work", "--why", "-C", "race"]
    result = workshop.gorun(".", *words, env={"CI": "1"})
    assert result == (0, f"hello [{' '.join(words)}]\n", "")
