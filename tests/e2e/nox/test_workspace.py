"""nox and the programs that are found: a noxfile of one line, in a real repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.workspace import (
    CONFIG,
    NO_PROGRAMS,
    commit,
    edited,
    heard,
    stamped,
    starts_no_go,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.place import Place

NOXFILE = """
import nox
from gorun_tasks import nox as go

go.sessions()


@nox.session(venv_backend="none", default=False)
def lint(session):
    session.log("no program needed")
"""


FILES = {"noxfile.py": NOXFILE}


def test_every_program_has_its_sessions(place: Place) -> None:
    listing = place("nox", "--list").out
    assert "- run:probe [go-run] -> Run .\n" in listing
    assert "- build:other [go-build] -> Build ./other if anything changed\n" in listing
    assert "- why [go-why] -> Say whether Go programs would be built, and why" in listing
    assert "- clean [go-clean] -> Forget Go programs, which are named\n" in listing
    assert "- watch [go-watch] -> Run a Go program, which is named, again after edits\n" in listing
    assert listing.count(":probe [") == 2
    assert "* build [go-build] -> Build all Go programs, or those that a change touches" in listing
    assert "- affected [go-affected] -> Say which Go programs a change touches, and why" in listing
    described = json.loads(place("nox", "--list", "--json").out)
    assert [session["session"] for session in described] == ["build"]
    assert "Build all Go programs" in place("nox", "--usage", "build").out
    assert json.loads(place("nox", "-s", "run:other", "--", "a b", "").out) == ["other", "a b", ""]
    assert place("nox", "-s", "run:probe", "--", "exit", "3").rc == 3


def test_completion_knows_programs(place: Place) -> None:
    """As argcomplete asks for it, once `register-python-argcomplete nox` is in a shell."""
    typed = "nox -s build:"
    answer = place.folder.parent / "completions"
    place(
        "nox",
        env={
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
            "COMP_LINE": typed,
            "COMP_POINT": str(len(typed)),
        },
    )
    assert answer.read_text().split("\v") == ["build:other", "build:probe"]


def test_a_bare_nox_builds_all_with_one_look(own_place: Place) -> None:
    outcomes = heard(own_place)
    result = own_place("nox")
    assert result.rc == 0, result.err
    assert "other: built because not built before" in result.err
    assert "probe: built because not built before" in result.err
    assert "probe: current" in own_place("nox").err
    assert outcomes() == ["built", "built", "current", "current"]


def test_listing_starts_no_go_where_nothing_changed(own_place: Place) -> None:
    assert own_place("nox", "--list").rc == 0
    starts_no_go(own_place, "nox", "--list")


def test_the_configuration_says_names_flags_and_arguments(own_place: Place) -> None:
    own_place.write({"gorun.toml": CONFIG})
    listing = own_place("nox", "--list").out
    assert "run:second [go-run] -> Run ./other\n" in listing
    assert "run:other" not in listing
    assert own_place("nox", "-s", "run:probe").out == "race=false dev=true version=none\n"
    assert json.loads(own_place("nox", "-s", "run:second", "--", "x").out) == ["other", "x"]
    assert own_place("nox", "-s", "run:probe", "--", "getenv", "LEVEL").out == '"high"\n'


@pytest.mark.parametrize("words", [("--list",), ("-s", "lint"), ("-s", "run:probe")])
def test_a_wrong_configuration_is_one_sentence(own_place: Place, words: tuple[str, ...]) -> None:
    own_place.write({"gorun.toml": "\nraze = true\n"})
    result = own_place("nox", *words)
    assert result.rc == 2
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert line.endswith("gorun.toml:2: raze is no setting; did you mean race?")


@pytest.mark.parametrize(("programs", "said"), NO_PROGRAMS)
def test_what_names_no_programs_is_one_sentence(own_place: Place, programs: str, said: str) -> None:
    own_place.edit("noxfile.py", "go.sessions()", f"go.sessions({programs})")
    result = own_place("nox", "--list")
    assert result.rc == 2
    (line,) = result.err.splitlines()
    assert said in line


def test_without_go_the_other_sessions_are_still_good(own_place: Place) -> None:
    own_place.environ["GORUN_GO"] = "no-such-go"
    result = own_place("nox", "-s", "lint")
    assert result.rc == 0
    assert "GORUN_GO is 'no-such-go', but there is no such command" in result.err
    assert "Traceback" not in result.err
    result = own_place("nox", "-s", "build")
    assert result.rc == 125
    assert "nox > GORUN_GO is" in result.err


def test_some_are_built_by_name(own_place: Place) -> None:
    result = own_place("nox", "-s", "build", "--", "other")
    assert "other: built" in result.err
    assert "probe" not in result.err
    result = own_place("nox", "-s", "build", "--", "othr")
    assert result.rc == 2
    assert "nox > no program is called othr" in result.err
    assert "did you mean other?" in result.err


def test_what_a_change_touches(own_place: Place) -> None:
    commit(own_place)
    assert own_place("nox", "-s", "affected").out == ""
    assert own_place("nox", "-s", "affected", "--", "--json").out == "[]\n"
    edited(own_place)
    assert own_place("nox", "-s", "affected").out == "other  because other/main.go edited\n"
    (matrix,) = json.loads(own_place("nox", "-s", "affected", "--", "main", "--json").out)
    assert matrix["name"] == "other"
    assert matrix["target"] == "./other"
    path = str(own_place.folder.resolve() / "other/main.go")
    assert matrix["because"] == [{"input": "other/main.go", "change": "edited", "path": path}]
    result = own_place("nox", "-s", "build", "--", "--affected", "main")
    assert "other: built" in result.err
    assert "probe" not in result.err
    commit(own_place)
    result = own_place("nox", "-s", "build", "--", "--affected", "HEAD")
    assert result.rc == 0
    assert "no program is affected since HEAD" in result.err


def test_what_a_list_of_files_touches(own_place: Place) -> None:
    names = "other/main.go\nREADME.md\n"
    told = own_place("nox", "-s", "affected", "--", "-", stdin=names)
    assert told.out == "other  because other/main.go changed\n"
    result = own_place("nox", "-s", "build", "--", "--affected", "-", stdin=names)
    assert "other: built" in result.err
    assert "probe" not in result.err
    assert (
        "no program is affected\n"
        in own_place("nox", "-s", "build", "--", "--affected", "-", stdin="README.md\n").err
    )


def test_where_go_cannot_tell_nothing_passes_for_done(own_place: Place) -> None:
    """A broken go.mod hides programs: neither a build nor what CI asks for may succeed."""
    commit(own_place)
    own_place.edit("go.mod", "module", "modul")
    sentence = "go cannot tell which programs there are in ."
    result = own_place("nox", "-s", "build")
    assert result.rc == 125
    assert "go.mod:1: unknown directive: modul" in result.err
    assert f".: failed: {sentence}; go: errors parsing go.mod: " in result.err
    result = own_place("nox", "-s", "affected")
    assert (result.rc, result.out) == (125, "")
    assert sentence in result.err
    listed = own_place("nox", "--list")
    assert "that a change touches; go cannot tell which there are in .\n" in listed.out
    assert listed.rc == 0


def test_where_there_is_no_program(own_place: Place) -> None:
    for path in own_place.folder.rglob("*.go"):
        path.unlink()
    result = own_place("nox", "-s", "build")
    assert result.rc != 0
    assert f"there is no main package in {own_place.folder}" in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--afected", "main"), "unrecognized arguments: --afected"),
        (("--affected",), "argument --affected: expected one argument"),
        (("--affected", "nowhere"), "git knows no revision 'nowhere'; in CI it may have to be"),
    ],
)
def test_a_bad_option_is_one_sentence(own_place: Place, words: tuple[str, ...], said: str) -> None:
    commit(own_place)
    result = own_place("nox", "-s", "build", "--", *words)
    assert result.rc == 2
    assert f"nox > {said}" in result.err
    assert "Traceback" not in result.err
    assert "usage:" not in result.err


@pytest.mark.parametrize("words", [("-k", "store"), ("--help",), ("x",)])
def test_words_for_another_session_do_not_fail_a_build(
    own_place: Place, words: tuple[str, ...]
) -> None:
    """Since nox gives what stands after -- to every session, those of a bare nox included."""
    own_place.edit("noxfile.py", "default=False", 'requires=["build"]')
    for command in (("nox",), ("nox", "-s", "lint")):
        result = own_place(*command, "--", *words)
        assert result.rc == 0, result.err
        assert "what stands after -- is for another session; all programs are built" in result.err
        assert "no program needed" in result.err
    commit(own_place)
    edited(own_place)
    result = own_place("nox", "-s", "build", "lint", "--", "--affected", "main")
    assert "other: built" in result.err
    assert "probe" not in result.err


def test_words_for_the_build_of_one_program_are_refused(place: Place) -> None:
    result = place("nox", "-s", "build:other", "--", "-tags", "dev")
    assert result.rc == 2
    assert "nox > build:other takes nothing after --; go's flags are keywords" in result.err
    together = place("nox", "-s", "build:other", "run:other", "--", "a")
    assert (together.rc, json.loads(together.out)) == (0, ["other", "a"])


def test_names_may_have_their_colon(place: Place) -> None:
    result = place("nox", "-s", "build", "--", ":other")
    assert result.rc == 0, result.err
    assert "nox > other: " in result.err
    assert "other: " in place("nox", "-s", "why", "--", ":other").out


def test_help_says_what_a_build_takes(place: Place) -> None:
    result = place("nox", "-s", "build", "--", "--help")
    assert result.rc == 0
    assert "usage: nox -s build -- [-h] [--affected REVISION] [NAME ...]" in result.out


def test_one_that_fails_is_named_and_the_others_are_built(own_place: Place) -> None:
    own_place.edit("other/main.go", "os.Args", "os.Arks")
    result = own_place("nox", "-s", "build")
    assert result.rc == 125
    assert "undefined: os.Arks" in result.err
    assert "probe: built" in result.err
    assert "nox > not built: other" in result.err


def test_a_session_of_ones_own_is_kept(own_place: Place) -> None:
    own_place.edit("noxfile.py", "go.sessions()", "")
    own_place.edit("noxfile.py", "def lint", "def build")
    with (own_place.folder / "noxfile.py").open("a") as file:
        file.write("\n\ngo.sessions(trimpath=True)\n")
    result = own_place("nox", "-s", "build", "build:other")
    assert "no program needed" in result.err
    assert "other: built" in result.err
    assert "FutureWarning" not in result.err


def test_shared_flags_and_stamps_hold_for_all(own_place: Place) -> None:
    stamped(own_place, "noxfile.py", "go.sessions")
    run = ("nox", "-s", "run:probe", "--", "features")
    assert own_place(*run).out == "race=false dev=true version=false\n"
    assert "probe: current" in own_place("nox", "-s", "build").err
    own_place.edit("noxfile.py", "no program", "some program")
    result = own_place(*run)
    assert result.out == "race=false dev=true version=true\n"
    assert "probe: built because dirty: 'false' → 'true'" in result.err


def test_a_signal_while_go_builds(while_go_builds: Callable[[Sequence[str]], None]) -> None:
    while_go_builds(("nox", "-s", "build"))


def test_the_configuration_says_what_is_stamped(own_place: Place) -> None:
    own_place.write({"gorun.toml": '[stamp]\n"main.version" = "dirty"\n'})
    commit(own_place)
    run = ("nox", "-s", "run:probe", "--", "features")
    assert own_place(*run).out == "race=false dev=false version=false\n"
    edited(own_place)
    assert own_place(*run).out == "race=false dev=false version=true\n"
