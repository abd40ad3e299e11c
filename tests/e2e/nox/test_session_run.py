"""What session.run of nox takes holds for go.run, or is refused in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.place import Place

NOXFILE = """
import os

import nox
from gorun_tasks import nox as go


@nox.session(venv_backend="none", default=False)
def called(session):
    words = eval(os.environ["WORDS"])
    print("exit code", go.run(session, ".", *session.posargs, **words).exit_code)


@nox.session(venv_backend="none", default=False)
def environment(session):
    session.env.update({"LEVEL": "high", "LOWER": None})
    go.run(session, ".", "getenv", "LEVEL")
    go.run(session, ".", "getenv", "LEVEL", env={"LEVEL": "highest"})
    go.run(session, ".", "getenv", "LOWER")


@nox.session(venv_backend="none", default=False)
def elsewhere(session):
    with session.chdir("other"):
        go.run(session, ".", "inside")
    go.run(session, "./other", "outside")


@nox.session(venv_backend="none", default=False)
def by_session_run(session):
    path = go.build(session, ".").path
    print("heard", session.run(path, "streams", external=True, silent=True, stderr=None).strip())
"""
FILES = {"noxfile.py": NOXFILE}


def call(place: Place, words: str, *args: str) -> tuple[int, str]:
    """Call `go.run` with keywords; return the status and what was said on both streams."""
    result = place("nox", "-s", "called", "--", *args, env={"WORDS": words})
    assert "Traceback" not in result.err
    return result.rc, result.out + result.err


@pytest.mark.parametrize(("status", "rc"), [(0, 0), (3, 0), (4, 4)])
def test_success_codes_are_those_that_let_the_session_go_on(
    place: Place, status: int, rc: int
) -> None:
    ended, said = call(place, "{'success_codes': [0, 3]}", "exit", str(status))
    assert ended == rc
    assert (f"exit code {status}\n" in said) == (rc == 0)


def test_0_is_no_success_where_it_is_not_said(place: Place) -> None:
    status, said = call(place, "{'success_codes': [3]}", "exit", "0")
    assert status == 1
    assert "Session called aborted: probe exited with status 0." in said


@pytest.mark.parametrize("keyword", ["silent", "interrupt_timeout", "stderr", "external"])
def test_what_only_session_run_can_do_is_one_sentence(place: Place, keyword: str) -> None:
    status, said = call(place, f"{{{keyword!r}: True}}")
    instead = f"write session.run(go.build(session, ...).path, external=True, {keyword}=...)"
    assert status == 2
    assert f"nox > {keyword} is only for session.run; {instead}\n" in said


def test_the_sentence_is_true(place: Place) -> None:
    assert place("nox", "-s", "by_session_run").out == "heard to stdout\n"


def test_the_environment_is_the_sessions(place: Place) -> None:
    result = place("nox", "-s", "environment", env={"LOWER": "low"})
    assert result.out == '"high"\n"highest"\n""\n'


def test_a_target_is_found_from_where_the_session_is(place: Place) -> None:
    assert place("nox", "-s", "elsewhere").out == '["other","inside"]\n["other","outside"]\n'
