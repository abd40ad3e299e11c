"""The flag-order trap: when one flag after the target is said to be misplaced, and how."""

from __future__ import annotations

import pytest

from gorun_tasks.cli.answers import misplaced_flag, trap_sentence
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS

TRAPS = (
    *("race", "tags", "ldflags", "gcflags", "asmflags", "mod", "modfile", "trimpath", "cover"),
    *("msan", "asan", "pgo", "buildvcs"),
)


@pytest.mark.parametrize("name", TRAPS)
def test_a_misplaced_flag_is_found_in_each_spelling(name: str) -> None:
    for flag in (f"-{name}", f"--{name}", f"-{name}=x", f"--{name}=x", f"-{name}="):
        assert misplaced_flag(["serve", "-v", flag, "-race"]) == flag


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--", "-race"],
        ["-x", "--", "--tags=a"],
        ["race", "---race", "-races", "-Race", "=race", "a-race", "x=-race"],
        ["-", "", "-=race", "--=race"],
        [f"-{name}" for name in sorted((BOOLEAN_FLAGS | VALUE_FLAGS) - set(TRAPS))],
    ],
)
def test_arguments_that_may_well_be_the_programs_own_are_left_alone(arguments: list[str]) -> None:
    assert misplaced_flag(arguments) == ""


@pytest.mark.parametrize(
    ("flag", "words", "advice"),
    [
        ("-race", ["main.go"], "gorun -race main.go"),
        ("--tags=dev", ["a.go", "b.go"], "gorun --tags=dev a.go b.go"),
        ("-tags", ["."], "gorun -tags=... ."),
        ("-ldflags=-X a=b", ["./my cmd"], "gorun '-ldflags=-X a=b' './my cmd'"),
    ],
)
def test_the_trap_sentence_says_how_to_write_it(flag: str, words: list[str], advice: str) -> None:
    sentence = trap_sentence(flag, words)
    assert sentence == (
        f"gorun: {flag} stands after the target, so it went to the program;"
        f" to build with it: {advice}"
    )
