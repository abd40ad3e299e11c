"""doit, the real one, on a real dodo.py and a real Go module."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.place import Place

DODO = '''
import multiprocessing
import os

from gorun_tasks import Program
from gorun_tasks import doit as go

if "START_METHOD" in os.environ:
    multiprocessing.set_start_method(os.environ["START_METHOD"])

DOIT_CONFIG = go.config(default_tasks=["build"])

programs = {"probe": ".", "other": "./other", "slim": Program(".", trimpath=True)}
verbs = ("run", "watch", "build", "why")
task_go = go.tasks(programs, verbs=verbs, ldflags="-X main.version=1")


def task_migrate():
    """Migrate with the other program."""
    return go.run_task("./other", trimpath=True) | {"task_dep": ["run:probe"]}


def task_prepare():
    return go.build_task("./other")


def task_generate():
    """Change what every program is built from, between two questions about them."""
    command = "sed -i s/none/generated/ main.go && touch -d 2000-01-01 main.go"
    return {"actions": [command], "task_dep": ["build:probe"], "verbosity": 2}


def task_generated():
    return go.build_task(".") | {"task_dep": ["generate"]}


def task_other_failure():
    return {"actions": ["false"]}
'''

RUN = ("doit", "run:probe", "--")


FILES = {"dodo.py": DODO}


def test_everywhere(place: Place, everywhere: Callable[[Place, Sequence[str]], None]) -> None:
    everywhere(place, RUN)


def arguments(out: str) -> list[str]:
    """Return what the probe printed, below doit's own line."""
    words: list[str] = json.loads(out.splitlines()[-1])
    return words


@pytest.mark.parametrize("parallel", [(), ("-n2",), ("-n2", "-P", "thread")])
def test_arguments_are_exact(place: Place, parallel: tuple[str, ...]) -> None:
    words = ["a b", "--", "k=v", "$HOME", "--help", "-s", "it's", 'a"b', "\\", "*", "x=", "-y=1"]
    assert arguments(place("doit", *parallel, *RUN[1:], *words).out) == words


def test_arguments_without_dashes(place: Place) -> None:
    assert arguments(place("doit", "run:probe", "a b", "--flag", "-- ").out) == [
        "a b",
        "--flag",
        "-- ",
    ]


@pytest.mark.xfail(reason="doit 0.37 looks at the first character of every argument: IndexError")
def test_an_empty_argument(place: Place) -> None:
    assert arguments(place(*RUN, "").out) == [""]


def test_a_program_that_is_a_dependency_gets_no_arguments(place: Place) -> None:
    out = place("doit", "migrate", "--", "a", "k=v").out
    assert [json.loads(line) for line in out.splitlines() if line[0] == "["] == [
        [],
        ["other", "a", "k=v"],
    ]


def test_says_what_a_run_needed(own_place: Place) -> None:
    assert own_place(*RUN).err == "probe: built because not built before\n"
    assert own_place(*RUN).err == "probe: current\n"
    own_place.edit("main.go", '"none"', '"edited"')
    assert own_place(*RUN).err == "probe: built because main.go edited\n"
    own_place.edit("main.go", '"edited"', '"none"')
    assert own_place(*RUN).err == "probe: restored because main.go edited\n"


def test_builds_are_up_to_date_as_go_sees_it(own_place: Place) -> None:
    assert own_place("doit").out == ".  build:probe\n.  build:other\n.  build:slim\n"
    assert own_place("doit").out == "-- build:probe\n-- build:other\n-- build:slim\n"
    (own_place.folder / "main.go").touch()
    assert own_place("doit", "build:probe").out == "-- build:probe\n"
    own_place.edit("other/main.go", '"other"', '"another"')
    assert own_place("doit").out == "-- build:probe\n.  build:other\n-- build:slim\n"


@pytest.mark.parametrize("parallel", [(), ("-n2",), ("-n2", "-P", "thread")])
def test_what_another_task_writes_is_seen(own_place: Place, parallel: tuple[str, ...]) -> None:
    """Programs share what was seen of their inputs, but never past a task that ran."""
    assert own_place("doit", "build:probe").rc == 0
    assert own_place("gorun_tasks", "--which", ".").rc == 0
    done = own_place("doit", *parallel, "generated")
    assert done.out == "-- build:probe\n.  generate\n.  generated\n"
    assert done.err == f"{own_place.folder.name}: built because main.go edited\n"


def test_other_options_are_another_build(place: Place) -> None:
    command = ("doit", "build:probe", "--tags=dev")
    assert place(*command).out == ".  build:probe\n"
    assert place(*command).out == "-- build:probe\n"


def test_info_says_why(own_place: Place) -> None:
    info = ("doit", "info", "build:probe")
    assert "probe: stale because not built before" in own_place(*info).out
    assert own_place("doit", "build").rc == 0
    assert "status     : up-to-date" in own_place(*info).out
    own_place.edit("main.go", '"none"', '"edited"')
    assert "probe: stale because main.go edited" in own_place(*info).out
    assert "R build:probe" in own_place("doit", "list", "--all", "--status").out
    assert "U build:other" in own_place("doit", "list", "--all", "--status").out


@pytest.mark.parametrize("parallel", [(), ("-n2",), ("-n2", "-P", "thread")])
@pytest.mark.parametrize("status", [3, 137])
def test_status(place: Place, parallel: tuple[str, ...], status: int) -> None:
    result = place("doit", *parallel, *RUN[1:], "exit", str(status))
    assert result.rc == status
    assert result.out == ".  run:probe\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_tasks_reach_other_processes(place: Place, method: str) -> None:
    for program in ("probe", "slim"):  # named by a target, and held as a Program
        command = ("doit", "-n2", f"run:{program}", "--", "exit", "7")
        assert place(*command, env={"START_METHOD": method}).rc == 7


def test_status_with_another_reporter(place: Place) -> None:
    assert place("doit", "-r", "zero", *RUN[1:], "exit", "3").rc == 1


def test_the_first_failure_decides_the_status(place: Place) -> None:
    assert place("doit", "-c", "other_failure", "run:probe", "--", "exit", "3").rc == 1


@pytest.mark.parametrize("task", ["run:probe", "build:probe"])
def test_a_failed_build(own_place: Place, task: str) -> None:
    own_place.edit("main.go", "serve(number(2))", "serve(nimber(2))")
    result = own_place("doit", task)
    assert result.rc == 125
    assert "undefined: nimber" in result.err
    assert f"ProgramFailed - taskid:{task}\n" in result.out
    assert "Traceback" not in result.out + result.err


def test_flags_are_options(place: Place) -> None:
    command = ("doit", "run:probe", "--tags=slim", "--tags", "dev", "--ldflags=-X main.version=2")
    assert "race=false dev=true version=2\n" in place(*command, "--", "features").out
    assert "race=false dev=false version=1\n" in place(*RUN, "features").out


def test_a_program_has_its_own_flags(place: Place) -> None:
    assert "version=none" in place("doit", "run:slim", "features").out
    assert "--race" not in place("doit", "help", "run:slim").out


def test_race(place: Place, race: None) -> None:  # noqa: ARG001 - may skip
    assert "race=true" in place("doit", "run:probe", "--race", "--", "features").out


def test_flags_are_configuration(own_place: Place) -> None:
    config = '[tool.doit.tasks."run:probe"]\ntags = "dev,x"\n'
    own_place.write({"pyproject.toml": config})
    assert "dev=true" in own_place(*RUN, "features").out


def test_parallel_builds(own_place: Place) -> None:
    result = own_place("doit", "-n2")
    assert result.rc == 0, result.err
    assert "probe: built because not built before\n" in result.err
    assert "other: built because not built before\n" in result.err


def test_why_and_clean(own_place: Place) -> None:
    why = ("doit", "why:probe")
    assert own_place(*why).out == ".  why:probe\nprobe: stale\n  not built before\n"
    assert own_place("doit").rc == 0
    assert own_place(*why) == (0, ".  why:probe\nprobe: current\n", "")
    assert "probe: would be forgotten\n" in own_place("doit", "clean", "-n", "build:probe").out
    assert own_place(*why).out == ".  why:probe\nprobe: current\n"
    assert "probe: forgotten\n" in own_place("doit", "clean", "build:probe").out
    assert own_place(*why).out == ".  why:probe\nprobe: stale\n  not built before\n"
    assert "other: current" in own_place("doit", "why").out


def test_tasks_describe_themselves(place: Place) -> None:
    listing = [" ".join(line.split()) for line in place("doit", "list", "--all").out.splitlines()]
    for line in (
        "build Build Go programs.",
        "build:other Build ./other if anything changed",
        "run Run Go programs.",
        "run:probe Run .",
        "why:other Say whether ./other would be built, and why",
        "migrate Migrate with the other program.",
    ):
        assert line in listing
    text = place("doit", "help", "run:probe").out
    assert "--race" in text
    assert "find data races while the program runs" in text


def test_loading_tasks_imports_no_core(place: Place) -> None:
    (place.folder / "bare.py").write_text(
        "import sys\n"
        "from gorun_tasks import doit as go\n"
        "task_go = go.tasks({'probe': '.'})\n"
        "def task_one():\n"
        "    print('core' if 'gorun_tasks.core.program' in sys.modules else 'no core')\n"
        "    return go.run_task('.')\n"
    )
    assert "no core\n" in place("doit", "list", "-f", "bare.py").out


def test_a_signal_while_go_builds(while_go_builds: Callable[[Sequence[str]], None]) -> None:
    while_go_builds(RUN)
