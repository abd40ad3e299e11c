"""invoke, the real one, on a real tasks.py and a real Go module."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.place import Place

TASKS = '''
from invoke import Collection, task
from gorun_tasks import Program
from gorun_tasks import invoke as go


@task(help=go.HELP, iterable=["tags"])
def serve(c, race=False, tags=None):
    """Serve my way."""
    go.run(c, ".", race=race, tags=tags, env={"PORT": "8080"})


@task
def path(c):
    print("built", go.build(c, "./other").path)


@task
def inside(c):
    with c.cd("other"):
        go.run(c, ".", args=["of its own"])


@task
def held(c):
    go.run(c, Program(".", tags="dev"))


@task
def mistaken(c):
    go.run(c, ".", rase=True)


@task
def judged(c):
    go.why(c, ".")
    go.clean(c, ".")


ns = Collection(serve, path, inside, held, mistaken, judged)
programs = {"probe": ".", "other": "./other", "fixed": Program(".", tags="dev")}
verbs = ("run", "watch", "build", "why", "clean")
ns.add_collection(go.collection(programs, verbs=verbs, ldflags="-X main.version=1"), "go")
slim = go.collection({"slim": "."}, verbs=verbs, trimpath=True, tags=["dev", "slim"])
ns.add_collection(slim, "more")
'''

RUN = ("invoke", "go.probe", "--")


FILES = {"tasks.py": TASKS}


def test_everywhere(place: Place, everywhere: Callable[[Place, Sequence[str]], None]) -> None:
    everywhere(place, RUN)


@pytest.mark.parametrize("task", ["go.probe", "serve"])
def test_arguments_are_exact(place: Place, task: str) -> None:
    words = ["", "a b", "--", "k=v", "$HOME", "--help", "-r", "it's", 'a"b', "\\", "*"]
    assert json.loads(place("invoke", task, "--", *words).out) == words


def test_without_dashes_there_are_no_arguments(place: Place) -> None:
    assert json.loads(place("invoke", "go.probe").out) == []


def test_says_what_a_run_needed(own_place: Place) -> None:
    assert own_place(*RUN).err == "probe: built because not built before\n"
    assert own_place(*RUN).err == ""
    assert own_place("invoke", "-e", *RUN[1:]).err == "probe: current\n"
    own_place.edit("main.go", '"none"', '"edited"')
    assert own_place(*RUN).err == "probe: built because main.go edited\n"
    own_place.edit("main.go", '"edited"', '"none"')
    assert own_place(*RUN).err == "probe: restored because main.go edited\n"


def test_a_failed_build(own_place: Place) -> None:
    own_place.edit("main.go", "serve(number(2))", "serve(nimber(2))")
    result = own_place(*RUN)
    assert result.rc == 125
    assert "undefined: nimber" in result.err
    assert "Traceback" not in result.err


def test_an_unknown_flag_is_one_sentence(place: Place) -> None:
    result = place("invoke", "mistaken")
    assert result.rc == 2
    assert "rase" in result.err
    assert len(result.err.splitlines()) == 1


def test_two_programs_on_one_line_both_run(place: Place) -> None:
    # invoke takes tasks of one name and one code object for one task: invoke#536.
    lines = place("invoke", "go.probe", "go.other", "--", "x").out.splitlines()
    assert [json.loads(line) for line in lines] == [["x"], ["other", "x"]]


def test_a_task_asked_for_twice_with_other_options_runs_twice(place: Place) -> None:
    command = ("invoke", "go.probe", "go.probe", "--tags=dev", "--", "features")
    assert place(*command).out == "race=false dev=false version=1\nrace=false dev=true version=1\n"


def test_flags_are_options(place: Place) -> None:
    command = (
        "invoke",
        "go.probe",
        "--tags",
        "slim",
        "--tags",
        "dev",
        "--ldflags=-X main.version=2",
    )
    assert place(*command, "--", "features").out == "race=false dev=true version=2\n"
    assert "dev=true" in place("invoke", "serve", "--tags=dev", "--", "features").out
    assert "dev=true" in place("invoke", "held", "--", "features").out


def test_a_program_has_its_own_flags(place: Place) -> None:
    result = place("invoke", "go.fixed", "--", "features", env={"INVOKE_GO_TAGS": "slim"})
    assert result.out == "race=false dev=true version=none\n"
    dry = place("invoke", "-R", "go.fixed", "--trimpath").out
    assert "gorun -tags=dev -trimpath .\n" in dry.replace("\x1b[0m", "")


def test_race(place: Place, race: None) -> None:  # noqa: ARG001 - may skip
    assert "race=true" in place("invoke", "go.probe", "--race", "--", "features").out


def test_flags_are_configuration(place: Place) -> None:
    command = ("invoke", "go.probe", "--", "features")
    assert "dev=true" in place(*command, env={"INVOKE_GO_TAGS": "other,dev"}).out
    assert "version=3" in place(*command, env={"INVOKE_GO_LDFLAGS": "-X main.version=3"}).out
    dry = ("invoke", "-R", "more.slim", "--")
    assert "gorun -trimpath -tags=dev,slim ." in place(*dry).out
    off = {"INVOKE_GO_TRIMPATH": "0"}  # said, since GOFLAGS may have it too
    assert "gorun -trimpath=false -tags=dev,slim ." in place(*dry, env=off).out
    typed = place("invoke", "-R", "more.slim", "--no-trimpath").out
    assert "gorun -tags=dev,slim -trimpath=false ." in typed
    wrong = place(*dry, env={"INVOKE_GO_TRIMPATH": "maybe"})
    assert wrong.rc == 2
    said = 'invalid boolean value "maybe" for -trimpath; it is true or false\n'
    assert wrong.err == f"section go of invoke's configuration: {said}"


def test_configuration_file_holds_for_tasks_of_ones_own(own_place: Place) -> None:
    config = "go:\n  tags: [dev, x]\nrun:\n  env:\n    COLOR: blue\n"
    own_place.write({"invoke.yaml": config})
    assert own_place("invoke", "go.probe", "--", "getenv", "COLOR").out == '"blue"\n'
    assert own_place("invoke", "serve", "--", "getenv", "PORT").out == '"8080"\n'
    assert "dev=true" in own_place("invoke", "serve", "--", "features").out
    assert "dev=true" in own_place("invoke", "go.probe", "--", "features").out
    assert "dev=false" in own_place("invoke", "go.probe", "--tags=x", "--", "features").out


def test_a_dry_run_shows_the_command(own_place: Place) -> None:
    result = own_place("invoke", "-R", "go.probe", "--race", "--", "a b")
    assert (result.rc, result.err) == (0, "")
    assert "gorun '-ldflags=-X main.version=1' -race . 'a b'" in result.out
    assert own_place("invoke", "-R", "go.probe.clean").err == "probe: would be forgotten\n"
    assert not list((own_place.folder.parent / "store").glob("v1/programs/*"))


def test_echo_shows_the_command_and_runs_it(place: Place) -> None:
    result = place("invoke", "-e", "go.other", "--", "x")
    assert "gorun '-ldflags=-X main.version=1' ./other x" in result.out
    assert '["other","x"]' in result.out


def test_warn_only_goes_on(place: Place) -> None:
    result = place("invoke", "-w", "go.probe", "go.other", "--", "exit", "3")
    assert result.rc == 0
    assert '["other","exit","3"]' in result.out


def test_a_failure_ends_the_line(place: Place) -> None:
    result = place("invoke", "go.probe", "go.other", "--", "exit", "3")
    assert (result.rc, result.out) == (3, "")


def test_why_and_clean(own_place: Place) -> None:
    why = ("invoke", "go.probe.why")
    assert own_place(*why) == (0, "probe: stale\n  not built before\n", "")
    assert own_place("invoke", "go.probe.build").rc == 0
    assert own_place(*why).out == "probe: current\n"
    own_place.edit("main.go", '"none"', '"edited"')
    assert own_place(*why).out == "probe: stale\n  main.go edited\n"
    assert own_place("invoke", "go.probe.clean").err == "probe: forgotten\n"
    assert own_place(*why).out == "probe: stale\n  not built before\n"
    assert own_place("invoke", "judged").rc == 0


def test_build_returns_the_executable(place: Place) -> None:
    assert place("invoke", "path").out.split()[1].endswith("/other")


def test_within_cd_and_with_arguments_of_its_own(place: Place) -> None:
    assert json.loads(place("invoke", "inside", "--", "not", "these").out) == [
        "other",
        "of its own",
    ]


def test_tasks_describe_themselves(place: Place) -> None:
    listing = " ".join(place("invoke", "--list").out.split())
    assert "go.probe.run (go.probe) Run ." in listing
    assert "go.other.build Build ./other if anything changed" in listing
    assert "go.other.why Say whether ./other would be built, and why" in listing
    assert "more.slim.clean Forget ." in listing
    tree = json.loads(place("invoke", "--list", "-F", "json").out)
    told = [program["help"] for part in tree["collections"] for program in part["collections"]]
    assert "The Go program ./other" in told


def test_options_have_help(place: Place) -> None:
    text = " ".join(place("invoke", "--help", "go.probe").out.split())
    for option in ("--race", "--tags", "--ldflags", "--gcflags", "--mod", "--trimpath", "--cover"):
        assert option in text
    assert "find data races while the program runs" in text
    assert "are the program's arguments" in text
    assert "find data races" in place("invoke", "--help", "serve").out


def test_a_signal_while_go_builds(while_go_builds: Callable[[Sequence[str]], None]) -> None:
    while_go_builds(RUN)
