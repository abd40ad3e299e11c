"""doit and the programs that are found: a dodo.py of two lines, in a real repository."""

from __future__ import annotations

import json
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.place import REPOSITORY
from tests.support.workspace import (
    CONFIG,
    asked_of_go,
    commit,
    edited,
    heard,
    stamped,
    starts_no_go,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.place import Place

DODO = """
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"])
task_go = go.tasks()


def task_lint():
    json = {"name": "json", "long": "json", "type": bool, "default": False}
    return {"actions": ["echo no program needed"], "params": [json], "verbosity": 2}
"""

BOTH = """

def task_both():
    return {"actions": None, "task_dep": ["build:probe", "build:other"]}
"""

PARALLEL = pytest.mark.parametrize("parallel", [(), ("-n2",), ("-n2", "-P", "thread")])


FILES = {"dodo.py": DODO}


def test_where_go_cannot_tell_nothing_passes_for_done(own_place: Place) -> None:
    """A broken go.mod hides programs, and without go there are none: a build may not succeed."""
    commit(own_place)
    own_place.edit("go.mod", "module", "modul")
    result = own_place("doit")
    assert result.rc == 125
    sentence = "go cannot tell which programs there are in .; go: errors parsing go.mod: go.mod:1: "
    assert f"{sentence}unknown directive: modul" in result.out
    assert own_place("doit", "affected").rc == 125
    own_place.environ["GORUN_GO"] = "no-such-go"
    result = own_place("doit")
    assert result.rc == 125
    assert "GORUN_GO is 'no-such-go', but there is no such command" in result.out
    assert own_place("doit", "lint").rc == 0


def test_a_build_of_nothing_is_an_error(own_place: Place) -> None:
    """Be it all that doit is asked for, or the default."""
    for file in own_place.folder.rglob("*.go"):
        file.unlink()
    for words in (("doit",), ("doit", "build")):
        result = own_place(*words)
        assert result.rc == 2
        assert f"there is no main package in {own_place.folder}" in result.out


def test_every_program_has_its_tasks(place: Place) -> None:
    listing = [" ".join(line.split()) for line in place("doit", "list", "--all").out.splitlines()]
    for line in (
        "affected Say which Go programs a change touches, and why",
        "build:other Build ./other if anything changed",
        "run:probe Run .",
        "why Say whether Go programs would be built, and why",
    ):
        assert line in listing
    assert "--since" in place("doit", "help", "affected").out
    out = place("doit", "run:other", "--", "a b").out
    assert json.loads(out.splitlines()[-1]) == ["other", "a b"]


def test_listing_starts_no_go_where_nothing_changed(own_place: Place) -> None:
    assert own_place("doit", "list", "--all").rc == 0
    starts_no_go(own_place, "doit", "list", "--all")
    starts_no_go(own_place, "doit", "list", "--all", "--status")


def test_the_configuration_says_names_flags_and_arguments(own_place: Place) -> None:
    own_place.write({"gorun.toml": CONFIG})
    listing = own_place("doit", "list", "--all", "--quiet").out.split()
    assert "run:second" in listing
    assert "run:other" not in listing
    assert "race=false dev=true version=none\n" in own_place("doit", "run:probe").out
    assert "version=2\n" in own_place("doit", "run:probe", "--ldflags=-X main.version=2").out
    assert '"high"\n' in own_place("doit", "run:probe", "--", "getenv", "LEVEL").out


@pytest.mark.parametrize("words", [("list",), ("lint",), ("run:probe",)])
def test_a_wrong_configuration_is_one_sentence(own_place: Place, words: tuple[str, ...]) -> None:
    own_place.write({"gorun.toml": "\nraze = true\n"})
    result = own_place("doit", *words)
    assert (result.rc, result.out) == (3, "")
    (line,) = result.err.splitlines()
    assert line.startswith("ERROR: ")
    assert line.endswith("gorun.toml:2: raze is no setting; did you mean race?")


@pytest.mark.parametrize("programs", ["['./other']", "{'other': 3}", "{1: '.'}"])
def test_what_names_no_programs_is_refused_in_one_sentence(own_place: Place, programs: str) -> None:
    own_place.edit("dodo.py", "go.tasks()", f"go.tasks({programs})")
    result = own_place("doit", "list")
    assert (result.rc, result.out) == (3, "")
    (line,) = result.err.splitlines()
    assert line.startswith("ERROR: ")
    assert "expected" in line or "no name" in line


def test_without_go_the_other_tasks_are_still_good(own_place: Place) -> None:
    own_place.environ["GORUN_GO"] = "no-such-go"
    result = own_place("doit", "lint")
    assert (result.rc, result.out) == (0, ".  lint\nno program needed\n")
    assert result.err.startswith("GORUN_GO is 'no-such-go', but there is no such command")
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("parallel", "words"),
    [
        ((), ()),
        (("-n2",), ()),
        (("-n2", "-P", "thread"), ()),
        ((), ("both",)),
        ((), ("build:probe", "build:other")),
    ],
)
def test_what_is_stale_is_loaded_once(
    own_place: Place, parallel: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """One go loads and compiles for all that doit comes to; one more links each."""
    with (own_place.folder / "dodo.py").open("a") as file:
        file.write(BOTH)
    assert own_place("doit", "list").rc == 0
    assert asked_of_go(own_place, "doit", *parallel, *words) == ["list", "run", "run"]
    assert own_place("doit", *parallel, *words).out.count("-- build:") == 2


def test_one_that_is_stale_is_built_as_ever(own_place: Place) -> None:
    assert own_place("doit").rc == 0
    edited(own_place)
    assert asked_of_go(own_place, "doit") == ["run"]
    own_place.edit("main.go", '"none"', '"edited"')
    own_place.edit("other/main.go", '"another"', '"third"')
    assert asked_of_go(own_place, "doit", "build:probe") == ["run"]


@PARALLEL
def test_what_failed_is_said_once_and_the_rest_is_built(
    own_place: Place, parallel: tuple[str, ...]
) -> None:
    own_place.edit("other/main.go", "os.Args", "os.Arks")
    outcomes = heard(own_place)
    result = own_place("doit", "--continue", *parallel)
    assert result.rc == 125
    assert result.err.count("undefined: os.Arks") == 1
    assert outcomes() == ["built", "failed"]


def test_with_another_reporter_each_is_compiled_by_itself(own_place: Place) -> None:
    assert own_place("doit", "list").rc == 0
    assert asked_of_go(own_place, "doit", "-r", "zero") == ["run", "run"]


def test_what_a_change_touches(own_place: Place) -> None:
    commit(own_place)
    assert own_place("doit", "affected").out == ".  affected\n"
    assert own_place("doit", "affected", "--json").out == "[]\n"
    edited(own_place)
    said = "other  because other/main.go edited\n"
    assert own_place("doit", "affected").out == f".  affected\n{said}"
    (matrix,) = json.loads(own_place("doit", "affected", "--since", "main", "--json").out)
    assert (matrix["name"], matrix["target"]) == ("other", "./other")
    path = str(own_place.folder.resolve() / "other/main.go")
    assert matrix["because"] == [{"input": "other/main.go", "change": "edited", "path": path}]
    result = own_place("doit", "affected", "--since=main", "--build")
    assert (result.rc, result.out) == (0, f".  affected\n{said}")
    assert result.err == "other: built because not built before\n"
    own_place.edit("other/main.go", "os.Args", "os.Arks")
    result = own_place("doit", "affected", "--build")
    assert result.rc == 125
    assert "undefined: os.Arks" in result.err
    assert "not built: other" in result.out


def test_a_task_of_ones_own_is_announced_as_ever(own_place: Place) -> None:
    assert own_place("doit", "lint", "--json").out == ".  lint\nno program needed\n"


def test_what_a_list_of_files_touches(own_place: Place) -> None:
    listed = own_place("doit", "affected", "--since", "-", stdin="other/main.go\nREADME.md\n")
    assert listed.out == ".  affected\nother  because other/main.go changed\n"


def test_a_revision_that_is_not_there(own_place: Place) -> None:
    commit(own_place)
    result = own_place("doit", "affected", "--since", "nowhere")
    assert result.rc == 2
    assert "git knows no revision 'nowhere'" in result.out
    assert "Traceback" not in result.out + result.err


def test_shared_flags_and_stamps_hold_for_all(own_place: Place) -> None:
    own_place.write({".gitignore": "__pycache__\n.doit.db*\n"})
    stamped(own_place, "dodo.py", "go.tasks")
    run = ("doit", "run:probe", "--", "features")
    assert "race=false dev=true version=false\n" in own_place(*run).out
    assert "-- build:probe\n" in own_place("doit").out
    own_place.edit("dodo.py", "no program", "some program")
    result = own_place(*run)
    assert "race=false dev=true version=true\n" in result.out
    assert "probe: built because dirty: 'false' → 'true'" in result.err
    edited(own_place)
    assert "other  because other/main.go edited\n" in own_place("doit", "affected").out


def test_another_workspace_than_the_one_around_us(own_place: Place) -> None:
    elsewhere = own_place.folder.parent / "elsewhere"
    elsewhere.mkdir()
    dodo = DODO.replace("go.tasks()", 'go.tasks(Workspace("../probe"))')
    (elsewhere / "dodo.py").write_text(f"from gorun_tasks import Workspace\n{dodo}")
    own_place.folder = elsewhere
    own_place.environ["PWD"] = str(elsewhere)
    assert own_place("doit").out == ".  build:other\n.  build:probe\n"


def test_the_dodo_of_this_project(own_place: Place) -> None:
    """The example's programs, and its generator with the very program that is found as well."""
    own_place.folder = own_place.folder.parent / "project"
    own_place.environ["PWD"] = str(own_place.folder)
    shutil.copytree(REPOSITORY / "examples", own_place.folder / "examples")
    shutil.copy(REPOSITORY / "dodo.py", own_place.folder)
    listing = own_place("doit", "list", "--all", "--quiet").out.split()
    assert {"affected", "build:api", "menu", "race", "run:checksum"} <= set(listing)
    assert own_place("doit", "build:gen", "menu").out.startswith(".  build:gen\n.  menu\n")
    done = own_place("doit", "build:gen", "menu")
    assert (done.out, done.err) == ("-- build:gen\n-- menu\n", "")
    own_place.edit("examples/monorepo/shared/tea/tea.go", "oolong", "genmaicha")
    assert "menu: generated because" in own_place("doit", "menu").err
    text = (own_place.folder / "examples/monorepo/menu.go").read_text()
    assert "Genmaicha" in text


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_found_programs_reach_other_processes(place: Place, method: str) -> None:
    dodo = f"import multiprocessing\nmultiprocessing.set_start_method({method!r})\n{DODO}"
    (place.folder / f"by_{method}.py").write_text(dodo)
    command = ("doit", "-f", f"by_{method}.py", "-n2", "run:probe", "--", "exit", "7")
    assert place(*command).rc == 7
    assert place("doit", "-f", f"by_{method}.py", "-n2").rc == 0


@PARALLEL
def test_ctrl_c_while_go_compiles_for_all(
    own_place: Place, slow_build: Callable[[], None], parallel: tuple[str, ...]
) -> None:
    with own_place.start("doit", *parallel, terminal=True) as running:
        slow_build()
        running.type("\x03")
        assert running.end() == 130, running.said
        assert "Traceback" not in running.said
        assert running.left_behind() == []


@PARALLEL
def test_sigterm_while_go_compiles_for_all(
    own_place: Place, slow_build: Callable[[], None], parallel: tuple[str, ...]
) -> None:
    with own_place.start("doit", *parallel) as running:
        slow_build()
        running.signal(signal.SIGTERM)
        assert running.end() == -signal.SIGTERM, running.said
        assert running.left_behind() == []
