"""invoke and the programs that are found: a tasks.py of one line, in a real repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.place import Place
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

TASKS = """
from invoke import task
from gorun_tasks import invoke as go

ns = go.collection()


@ns.add_task
@task
def lint(c):
    print("no program needed")
"""


FILES = {"tasks.py": TASKS}
SECTION = "section go of invoke's configuration: "


def test_every_program_has_its_tasks(place: Place) -> None:
    flat = " ".join(place("invoke", "--list").out.split())
    assert "probe.run (probe) Run ." in flat
    assert "other.build Build ./other if anything changed" in flat
    assert "build Build all Go programs, or those that a change touches" in flat
    assert "affected Say which Go programs a change touches, and why" in flat
    nested = " ".join(place("invoke", "--list", "-F", "nested").out.split())
    assert "other The Go program ./other .build Build ./other if anything changed" in nested
    tree = json.loads(place("invoke", "--list", "-F", "json").out)
    of_many = {"affected", "build", "clean", "watch", "why"}
    assert {task["name"] for task in tree["tasks"]} == {"lint", *of_many}
    assert [program["name"] for program in tree["collections"]] == ["other", "probe"]
    assert json.loads(place("invoke", "other", "--", "a b", "").out) == ["other", "a b", ""]


def test_completion_knows_programs_and_options(place: Place) -> None:
    tasks = place("invoke", "--complete", "--", "invoke").out.split()
    assert {"probe", "probe.build", "why", "build", "affected"} <= set(tasks)
    assert "--race" in place("invoke", "--complete", "--", "invoke probe --").out.split()
    assert "--affected" in place("invoke", "--complete", "--", "invoke build --").out.split()


def test_all_are_built_with_one_look(own_place: Place) -> None:
    outcomes = heard(own_place)
    result = own_place("invoke", "build")
    assert result.rc == 0
    assert "other: built because not built before\n" in result.err
    assert "probe: built because not built before\n" in result.err
    assert "probe: current\n" in own_place("invoke", "build").err
    assert outcomes() == ["built", "built", "current", "current"]


def test_two_programs_on_one_line_both_run(place: Place) -> None:
    lines = place("invoke", "probe", "other", "--", "x").out.splitlines()
    assert [json.loads(line) for line in lines] == [["x"], ["other", "x"]]


@pytest.mark.parametrize("form", ["flat", "nested", "json"])
def test_listing_starts_no_go_where_nothing_changed(own_place: Place, form: str) -> None:
    assert own_place("invoke", "--list").rc == 0
    starts_no_go(own_place, "invoke", "--list", "-F", form)


def test_the_configuration_says_names_flags_and_arguments(own_place: Place) -> None:
    own_place.write({"gorun.toml": CONFIG})
    listing = own_place("invoke", "--list").out
    assert "second.run (second)" in listing
    assert "other" not in listing.replace("./other", "")
    assert own_place("invoke", "probe").out == "race=false dev=true version=none\n"
    assert json.loads(own_place("invoke", "second", "--", "x").out) == ["other", "x"]
    assert own_place("invoke", "probe", "--", "getenv", "LEVEL").out == '"high"\n'


def test_options_are_laid_over_the_configuration(own_place: Place) -> None:
    text = CONFIG + "trimpath = true\n"
    own_place.write({"gorun.toml": text})
    assert "--[no-]trimpath" in own_place("invoke", "--help", "second").out
    assert "--[no-]trimpath" not in own_place("invoke", "--help", "probe").out
    dry = ("invoke", "-R", "second")
    assert "gorun -trimpath ./other" in own_place(*dry).out
    assert "gorun -trimpath=false ./other" in own_place(*dry, "--no-trimpath").out
    assert "gorun -trimpath=false ./other" in own_place(*dry, env={"INVOKE_GO_TRIMPATH": "0"}).out
    assert "gorun -trimpath -race ./other" in own_place(*dry, "--race").out
    typed = ("--tags=a", "--tags=b", "--gcflags=all=-N", "--gcflags=-l", "--ldflags=-s")
    said = "gorun -trimpath -gcflags=all=-N -gcflags=-l -ldflags=-s -tags=a,b ./other"
    shown = own_place(*dry, *typed).out.replace("\x1b[1;37m", "").replace("\x1b[0m", "")
    assert sorted(shown.split()) == sorted(said.split())


@pytest.mark.parametrize("words", [("--list",), ("lint",), ("probe",)])
def test_a_wrong_configuration_is_one_sentence(own_place: Place, words: tuple[str, ...]) -> None:
    own_place.write({"gorun.toml": "\nraze = true\n"})
    result = own_place("invoke", *words)
    assert (result.rc, result.out) == (2, "")
    (line,) = result.err.splitlines()
    assert line.endswith("gorun.toml:2: raze is no setting; did you mean race?")


@pytest.mark.parametrize(("programs", "said"), NO_PROGRAMS)
def test_what_names_no_programs_is_one_sentence(own_place: Place, programs: str, said: str) -> None:
    own_place.edit("tasks.py", "go.collection()", f"go.collection({programs})")
    result = own_place("invoke", "--list")
    assert result.rc == 2
    (line,) = result.err.splitlines()
    assert said in line


def test_without_go_the_other_tasks_are_still_good(own_place: Place) -> None:
    own_place.environ["GORUN_GO"] = "no-such-go"
    said = "GORUN_GO is 'no-such-go', but there is no such command\n"
    assert own_place("invoke", "lint") == (0, "no program needed\n", said)
    assert own_place("invoke", "build") == (125, "", said + said)


def test_what_a_change_touches(own_place: Place) -> None:
    commit(own_place)
    assert own_place("invoke", "affected", "HEAD").out == ""
    edited(own_place)
    assert own_place("invoke", "affected", "main").out == "other  because other/main.go edited\n"
    (matrix,) = json.loads(own_place("invoke", "affected", "main", "--json").out)
    assert matrix["name"] == "other"
    result = own_place("invoke", "build", "--affected", "main")
    assert result == (0, "", "other: built because not built before\n")
    commit(own_place)
    result = own_place("invoke", "build", "--affected", "HEAD")
    assert result == (0, "", "no program is affected since HEAD\n")


def test_what_a_list_of_files_touches(own_place: Place) -> None:
    names = "other/main.go\nREADME.md\n"
    told = own_place("invoke", "affected", "-", stdin=names)
    assert told.out == "other  because other/main.go changed\n"
    result = own_place("invoke", "build", "--affected", "-", stdin=names)
    assert "other: built" in result.err
    assert "probe" not in result.err
    assert (
        "no program is affected\n"
        in own_place("invoke", "build", "--affected", "-", stdin="README.md\n").err
    )


def test_where_go_cannot_tell_nothing_passes_for_done(own_place: Place) -> None:
    """A broken go.mod hides programs: neither a build nor what CI asks for may succeed."""
    commit(own_place)
    own_place.edit("go.mod", "module", "modul")
    sentence = "go cannot tell which programs there are in ."
    result = own_place("invoke", "build")
    assert result.rc == 125
    assert "go.mod:1: unknown directive: modul" in result.err
    assert f".: failed: {sentence}; go: errors parsing go.mod: " in result.err
    result = own_place("invoke", "affected", "HEAD")
    assert (result.rc, result.out) == (125, "")
    assert sentence in result.err
    listed = own_place("invoke", "--list")
    assert "go cannot tell which there are in ." in " ".join(listed.out.split())
    assert listed.rc == 0


def test_where_there_is_no_program(own_place: Place) -> None:
    for path in own_place.folder.rglob("*.go"):
        path.unlink()
    result = own_place("invoke", "build")
    assert result.rc != 0
    assert f"there is no main package in {own_place.folder}" in result.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("build", "--afected", "main"), 1, "No idea what '--afected' is!"),
        (("affected",), 1, "'affected' did not receive required positional arguments: 'since'"),
        (("affected", "nowhere"), 2, "git knows no revision 'nowhere'; in CI it may have to be"),
    ],
)
def test_a_bad_option_is_one_sentence(
    own_place: Place, words: tuple[str, ...], status: int, said: str
) -> None:
    commit(own_place)
    result = own_place("invoke", *words)
    assert result.rc == status
    assert result.err.startswith(said)
    assert len(result.err.splitlines()) == 1


def test_a_dry_run_shows_the_command(own_place: Place) -> None:
    result = own_place("invoke", "-R", "build", "--affected", "main", "--tags=a", "--race")
    assert (result.rc, result.err) == (0, "")
    assert "gorun --build --affected=main -race -tags=a" in result.out
    configured = own_place("invoke", "-R", "build", env={"INVOKE_GO_RACE": "1"}).out
    assert "gorun --build -race" in configured
    assert not list((own_place.folder.parent / "store").glob("v1/exe/*"))


@pytest.mark.parametrize("folder", [".", "other"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("probe",), "race=false dev=true version=none\n"),
        (("probe", "--", "getenv", "LEVEL"), '"high"\n'),
        (("probe.build",), ".  current\n"),
        (("alone", "--", "a b"), "alone a b\n"),
        (("alone.build",), ".  current\n"),
    ],
)
def test_a_command_that_is_shown_does_the_same_in_a_shell(
    own_place: Place, folder: str, words: Sequence[str], said: str
) -> None:
    """Also of a program with an environment of its own, or in a module that go.work omits."""
    main = 'package main\n\nimport "os"\n\nfunc main() { print("alone ", os.Args[1], "\\n") }\n'
    own_place.write(
        {
            "gorun.toml": CONFIG,
            "go.work": "go 1.24\n\nuse .\n",
            "alone/go.mod": "module example.com/alone\n\ngo 1.24\n",
            "alone/main.go": main,
        }
    )
    place = Place(own_place.folder / folder, own_place.environ)
    place.environ["PWD"] = str(place.folder)
    place.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{place.environ['PATH']}"
    assert place("invoke", "probe.build", "alone.build").rc == 0
    shown = place("invoke", "-R", *words, env={"INVOKE_RUN_ECHO_FORMAT": "{command}"})
    done = subprocess.run(
        ["sh", "-c", shown.out],
        cwd=place.folder,
        env=place.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.stdout == said


def test_a_command_for_the_programs_of_another_workspace_goes_there(own_place: Place) -> None:
    source = """
    from gorun_tasks import Workspace
    from gorun_tasks import invoke as go

    ns = go.collection(Workspace(".."))
    """
    own_place.write({"other/gorun.toml": "", "other/tasks.py": textwrap.dedent(source)})
    other = Place(own_place.folder / "other", own_place.environ)
    other.environ["PWD"] = str(other.folder)
    assert "cd .. && gorun --build" in other("invoke", "-R", "build").out
    assert "cd .. && gorun --cwd other ./other" in other("invoke", "-R", "other").out


def test_hidden_is_what_invoke_was_told_to_hide(own_place: Place) -> None:
    run = ("probe", "--", "streams")
    hidden = own_place("invoke", "--hide=both", *run)
    assert hidden == (0, "", "")
    out = own_place("invoke", "-e", "--hide=stdout", *run)
    assert "to stdout" not in out.out
    assert "gorun . streams" in out.out
    assert out.err == "probe: current\nto stderr\n"
    assert own_place("invoke", "--hide=err", *run) == (0, "to stdout\n", "")
    assert own_place("invoke", "--hide=both", "probe", "--", "exit", "3").rc == 3
    wrong = own_place("invoke", "--hide=all", *run)
    assert wrong.rc == 2
    assert wrong.err.startswith("'hide' got 'all' which is not in ")
    assert len(wrong.err.splitlines()) == 1


def test_configuration_has_every_build_flag(own_place: Place) -> None:
    """By ns.configure, in a file, by a variable: each wins over the one before."""
    dry = ("invoke", "-R", "other")
    own_place.edit(
        "tasks.py",
        "ns = go.collection()",
        'ns = go.collection()\nns.configure({"go": {"pgo": "off", "tags": "a", "race": True}})',
    )
    assert "gorun -race -tags=a -pgo=off ./other" in own_place(*dry).out
    own_place.write({"invoke.yaml": "go:\n  tags: b,c\n  race: false\n"})
    assert "gorun -tags=b,c -pgo=off ./other" in own_place(*dry).out
    variables = {"INVOKE_GO_TAGS": "d", "INVOKE_GO_MOD": "mod"}
    assert "gorun -tags=d -mod=mod -pgo=off ./other" in own_place(*dry, env=variables).out
    own_place.write({"invoke.yaml": "go:\n  stamp:\n    main.version: commit\n"})
    assert "gorun --stamp=main.version=commit -race -tags=a" in own_place(*dry).out
    assert "gorun --stamp" in own_place(*dry, env={"INVOKE_GO_RACE": ""}).out


@pytest.mark.parametrize(
    ("text", "env", "said"),
    [
        ("raze: true", {}, f"{SECTION}no build flag is called raze; did you mean race?"),
        ("race: 1", {}, f"{SECTION}race: expected a bool, got int 1"),
        ("tags: 1", {}, f"{SECTION}tags: expected a str or a sequence of str, got int 1"),
        ("env: [A=1]", {}, "env: expected variables and their values, got ['A=1']"),
        ("mod: mod", {"INVOKE_GO_RACE": "si"}, f'{SECTION}invalid boolean value "si" for -race'),
    ],
)
def test_a_configuration_that_makes_no_sense_is_one_sentence(
    own_place: Place, text: str, env: dict[str, str], said: str
) -> None:
    own_place.write({"invoke.yaml": f"go:\n  {text}\n"})
    wrong = own_place("invoke", "other", env=env)
    assert wrong.rc == 2
    assert wrong.err.startswith(said)
    assert len(wrong.err.splitlines()) == 1


def test_one_that_fails_is_named_and_the_others_are_built(own_place: Place) -> None:
    own_place.edit("other/main.go", "os.Args", "os.Arks")
    result = own_place("invoke", "build")
    assert result.rc == 125
    assert "undefined: os.Arks" in result.err
    assert "probe: built because not built before\n" in result.err
    assert result.err.endswith("not built: other\n")


def test_a_program_called_build_is_run_by_its_name(own_place: Place) -> None:
    own_place.write({"gorun.toml": '[programs.build]\ntarget = "./other"\n'})
    assert own_place("invoke", "build", "--", "x").out == '["other","x"]\n'


def test_dots_and_underscores_in_names_are_dashes(own_place: Place) -> None:
    """As invoke has it for underscores; a dot would lead to a task of a collection."""
    config = own_place.folder / "gorun.toml"
    config.write_text(
        '[programs."api.v2"]\ntarget = "./other"\n[programs.my_probe]\ntarget = "."\n'
    )
    listing = own_place("invoke", "--list").out
    assert "api-v2.run (api-v2)" in listing
    assert "my-probe.run (my-probe)" in listing
    assert json.loads(own_place("invoke", "api-v2", "my-probe.build", "--", "x").out) == [
        "other",
        "x",
    ]
    config.write_text(config.read_text().replace("my_probe", '"api-v2"'))
    result = own_place("invoke", "--list")
    assert (result.rc, len(result.err.splitlines())) == (2, 1)
    assert "two programs are called api-v2 in invoke" in result.err


def test_shared_flags_and_stamps_hold_for_all(own_place: Place) -> None:
    stamped(own_place, "tasks.py", "go.collection")
    run = ("invoke", "probe", "--", "features")
    assert own_place(*run).out == "race=false dev=true version=false\n"
    assert "probe: current" in own_place("invoke", "build").err
    own_place.edit("tasks.py", "no program", "some program")
    result = own_place(*run)
    assert result.out == "race=false dev=true version=true\n"
    assert result.err == "probe: built because dirty: 'false' → 'true'\n"
    dry = own_place("invoke", "-R", "build").out
    assert "gorun --build --stamp=main.version=dirty -tags=dev" in dry


def test_a_signal_while_go_builds(while_go_builds: Callable[[Sequence[str]], None]) -> None:
    while_go_builds(("invoke", "build"))
