"""What was probably meant, and what is not there: hints, never another meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gorun_tasks.api import Program
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS
from gorun_tasks.core.suggestions import absent, flag_hint, nearest, refuse_env
from gorun_tasks.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_flag_is_never_suggested_that_go_run_lacks() -> None:
    for flag in BOOLEAN_FLAGS | VALUE_FLAGS:
        for typed in (flag[:-1], f"{flag}s", flag.upper(), f"x{flag}"):
            hint = flag_hint(typed)
            if hint.startswith("did you mean"):
                assert hint[len("did you mean -") : -1] in BOOLEAN_FLAGS | VALUE_FLAGS


def test_what_is_like_nothing_gets_no_suggestion() -> None:
    assert nearest("zzz", ["api", "worker"], "") == ""
    assert nearest("apo", ["api", "worker"], "./") == "did you mean ./api?"


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        (["A=1"], "env: expected variables and their values, got ['A=1']"),
        ({1: "a"}, "env: 1 is no name for a variable"),
        ({"": "a"}, "env: '' is no name for a variable"),
        ({"A=B": "a"}, "env: 'A=B' is no name for a variable"),
        ({"A": "a", "B": 8080}, "env: B: expected a str or None, got 8080"),
        ({"A": None, "B": "\0"}, "env: no variable can hold a zero byte"),
    ],
)
def test_what_is_wrong_with_an_environment_is_named(env: Any, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        refuse_env(env)
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["."], ""),
        (["./cmd"], ""),
        (["./cmb"], "there is no ./cmb in {here}"),
        (["{here}/cmb"], "there is no {here}/cmb"),
        (["cmd/main.go"], ""),
        (["cmd/main.go", "cmd/mian.go"], "there is no cmd/mian.go in {here}"),
        (["cmd/main.go/x.go"], "there is no cmd/main.go/x.go in {here}"),
        (["./nowhere/..."], ""),
        (["example.com/nowhere"], ""),
        (["example.com/nowhere@latest"], ""),
    ],
)
def test_what_is_not_there_is_said_where_it_is_surely_meant(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    """Only go can tell where import paths and patterns lead."""
    (tmp_path / "cmd").mkdir()
    (tmp_path / "cmd" / "main.go").touch()
    here = str(tmp_path)
    target = [word.format(here=here) for word in words]
    assert absent(Program(target, cwd=here)) == sentence.format(here=here)


def test_an_overlay_may_make_a_directory_of_nothing(tmp_path: Path) -> None:
    for how in ({"overlay": "f.json"}, {"env": {"GOFLAGS": "-overlay=f.json"}}):
        keywords: dict[str, Any] = how
        assert absent(Program("./nowhere", cwd=str(tmp_path), **keywords)) == ""
