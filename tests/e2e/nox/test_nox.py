"""nox, the real one, on a real noxfile and a real Go module."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.imports import modules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.place import Place

NOXFILE = '''
import nox
import nox_uv
from gorun_tasks import Program
from gorun_tasks import nox as go

go.sessions({"probe": ".", "other": "./other"}, verbs=("run", "watch", "build", "why", "clean"))
go.sessions({"fixed": Program(".", tags="dev"), "stamped": "."}, ldflags="-X main.version=1")


@nox.session(venv_backend="none", default=False, requires=["build:other"])
def serve(session):
    """Serve with the dev tag."""
    session.env["PORT"] = "8080"
    go.run(session, ".", *session.posargs, tags=["dev"], ldflags=["-X", "main.version=1 2"])


@nox.session(venv_backend="none", default=False)
def race(session):
    go.run(session, ".", "features", race=True)


@nox.session(venv_backend="none", default=False)
def held(session):
    go.run(session, Program(".", tags="dev"), "features")


@go.session("./other", name="decorated", tags=["mine"], default=False, flags={"trimpath": True})
@nox.parametrize("word", [nox.param("a", id="a"), nox.param("b", id="b")])
def decorated(session, program, word):
    """Run it my way."""
    assert program.flags.words == ("-trimpath",)
    go.run(session, program, word, *session.posargs)


@go.session(".", default=False)
def returned(session, program):
    return program.run(["exit", "7"])


@go.session(".", venv_backend="virtualenv", default=False)
def within(session, program):
    """Run it in a virtual environment."""
    go.run(session, program, "getenv", "PATH")


@nox_uv.session(venv_backend="uv", uv_sync_locked=False, uv_no_install_project=True, default=False)
def beside_uv(session):
    go.run(session, ".", *session.posargs)


@go.session(".", name="with_uv", venv_backend="uv", default=False)
def with_uv(session, program):
    go.run(session, program, *session.posargs)


@nox.session(venv_backend="none", default=False)
def stamped(session):
    go.run(session, ".", "features", stamp={"main.version": "commit"})


@nox.session(venv_backend="none", default=False)
def laid_over(session):
    program = Program(".", tags="dev", env={"PORT": "1", "LEVEL": "low"})
    go.run(session, program, "getenv", "LEVEL", env={"LEVEL": "high"})
    go.run(session, program, "features", ldflags="-X main.version=3")
    go.run(session, program, cwd="other")


@nox.session(venv_backend="none", default=False)
def mistaken(session):
    go.run(session, ".", rase=True)


@nox.session(venv_backend="none", default=False)
def asked(session):
    go.run(session, ".", "features", v=True)


@nox.session(venv_backend="none", default=False)
def judged(session):
    go.why(session, "./other")
    go.clean(session, "./other")


@nox.session(venv_backend="none", default=False)
def path(session):
    print("built", go.build(session, ".").path)
'''

RUN = ("nox", "-s", "run:probe", "--")


FILES = {"noxfile.py": NOXFILE}


def test_everywhere(place: Place, everywhere: Callable[[Place, Sequence[str]], None]) -> None:
    everywhere(place, RUN)


def test_arguments_are_exact(place: Place) -> None:
    words = ["", "a b", "--", "k=v", "$HOME", "--help", "-s", "it's", 'a"b', "\\", "*"]
    assert json.loads(place(*RUN, *words).out) == words


def test_stdout_is_the_programs_alone(place: Place) -> None:
    assert place(*RUN, "features").out == "race=false dev=false version=none\n"


def test_says_what_a_run_needed(own_place: Place) -> None:
    assert "probe: built because not built before" in own_place(*RUN).err
    assert "probe: current" in own_place(*RUN).err
    own_place.edit("main.go", '"none"', '"edited"')
    assert "probe: built because main.go edited" in own_place(*RUN).err
    own_place.edit("main.go", '"edited"', '"none"')
    assert "probe: restored because main.go edited" in own_place(*RUN).err


def test_within_a_virtual_environment(place: Place) -> None:
    assert "/probe/.nox/within/bin:" in place("nox", "-s", "within").out


@pytest.fixture
def uv(place: Place) -> None:
    """Make the place a project that uv can synchronise, and keep uv from the network."""
    text = '[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.11"\n'
    place.write({"pyproject.toml": text})
    place.environ |= {"UV_OFFLINE": "1", "UV_PYTHON_DOWNLOADS": "never"}


@pytest.mark.parametrize("session", ["beside_uv", "with_uv"])
def test_beside_nox_uv(place: Place, uv: None, session: str) -> None:  # noqa: ARG001 - sets up
    """In a session that nox-uv has synchronised, and in one of ours that uv makes."""
    result = place("nox", "-s", session, "--", "getenv", "PATH")
    assert result.rc == 0, result.err
    assert f"/probe/.nox/{session}/bin:" in result.out
    assert place("nox", "-R", "-s", session, "--", "exit", "3").rc == 3
    words = place("nox", "-R", "-s", session, "--", "", "a b").out
    assert json.loads(words.splitlines()[-1]) == ["", "a b"]  # below what uv says


def test_a_failure_among_several_sessions_is_told_in_words(place: Place) -> None:
    result = place("nox", "-s", "run:probe", "run:other", "--", "exit", "3")
    assert result.rc == 1
    assert "Session run:probe aborted: probe exited with status 3." in result.err
    assert '["other","exit","3"]' in result.out
    assert "run:other: success" in result.err


def test_a_required_session_does_not_cost_the_status(place: Place) -> None:
    result = place("nox", "-s", "serve", "--", "exit", "3")
    assert "Running session build:other" in result.err
    assert result.rc == 3
    assert "probe exited with status 3" in result.err


def test_a_report_is_written_rather_than_the_status_given(place: Place) -> None:
    report = place.folder / "report.json"
    assert place("nox", "--report", str(report), *RUN[1:], "exit", "3").rc == 1
    (session,) = json.loads(report.read_text())["sessions"]
    assert session["reason"] == "probe exited with status 3"


def test_a_failed_build_ends_nox_where_it_is_alone(own_place: Place) -> None:
    own_place.edit("main.go", "serve(number(2))", "serve(nimber(2))")
    result = own_place(*RUN)
    assert result.rc == 125
    assert "undefined: nimber" in result.err
    assert "nox > go could not build the program" in result.err
    result = own_place("nox", "-s", "build:probe", "build:other")
    assert result.rc == 1
    assert "Session build:probe aborted: go could not build the program" in result.err
    assert "build:other: success" in result.err
    assert "Traceback" not in result.err


def test_flags_are_keywords(place: Place) -> None:
    assert place("nox", "-s", "serve", "--", "features").out == "race=false dev=true version=1 2\n"


def test_flags_of_sessions_are_shared_by_targets(place: Place) -> None:
    assert "version=1\n" in place("nox", "-s", "run:stamped", "--", "features").out
    assert "dev=true version=none" in place("nox", "-s", "run:fixed", "--", "features").out


def test_a_stamp_is_a_keyword(place: Place) -> None:
    assert place("nox", "-s", "stamped").out == "race=false dev=false version=unknown\n"


def test_keywords_are_laid_over_a_program(place: Place) -> None:
    result = place("nox", "-s", "laid_over")
    assert result.out == '"high"\nrace=false dev=true version=3\n'
    assert "is a Program, which has its cwd; give it to Program(...)" in result.err


def test_race(place: Place, race: None) -> None:  # noqa: ARG001 - may skip
    assert "race=true dev=false" in place("nox", "-s", "race").out


def test_a_target_may_be_a_program(place: Place) -> None:
    assert "dev=true" in place("nox", "-s", "held").out


def test_an_unknown_flag_is_one_sentence(place: Place) -> None:
    result = place("nox", "-s", "mistaken")
    assert result.rc == 2
    assert "rase" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("env", "said"),
    [
        (
            "['PORT=80']",
            'env: expected variables and their values, got [\'PORT=80\']; as in {"PORT": "80"}',
        ),
        ("{'PORT': 80}", "env: PORT: expected a str or None, got 80"),
        ("{'': 'x'}", "env: '' is no name for a variable"),
    ],
)
def test_an_environment_that_cannot_be_is_one_sentence(
    own_place: Place, env: str, said: str
) -> None:
    own_place.edit("noxfile.py", "rase=True", f"env={env}")
    result = own_place("nox", "-s", "mistaken")
    assert result.rc == 2
    assert f"nox > {said}\n" in result.err
    assert "Traceback" not in result.err


def test_session_env_reaches_the_program(place: Place) -> None:
    assert place("nox", "-s", "serve", "--", "getenv", "PORT").out == '"8080"\n'
    assert place(*RUN, "getenv", "NOX_CURRENT_SESSION").out == '"run:probe"\n'


def test_why_and_clean(own_place: Place) -> None:
    why = ("nox", "-s", "why:probe")
    assert own_place(*why) == (0, "probe: stale\n  not built before\n", own_place(*why).err)
    assert own_place("nox", "-s", "build:probe").rc == 0
    assert own_place(*why).out == "probe: current\n"
    own_place.edit("main.go", '"none"', '"edited"')
    assert own_place(*why).out == "probe: stale\n  main.go edited\n"
    assert "probe: forgotten" in own_place("nox", "-s", "clean:probe").err
    assert own_place(*why).out == "probe: stale\n  not built before\n"


def test_why_and_clean_are_functions_too(own_place: Place) -> None:
    result = own_place("nox", "-s", "judged")
    assert result.out == "other: stale\n  not built before\n"
    assert "other: forgotten" in result.err


def test_says_why_a_build_is_not_remembered(own_place: Place) -> None:
    for _ in range(2):
        said = own_place("nox", "-s", "asked").err
        assert "probe: built because -v has go asked at each run\n" in said


def test_build_returns_the_executable(place: Place) -> None:
    path = place("nox", "-s", "path").out.split()[1]
    done = subprocess.run([path, "exit", "5"], check=False)
    assert done.returncode == 5


def test_sessions_describe_themselves(place: Place) -> None:
    listing = place("nox", "--list").out
    assert "- run:probe [go-run] -> Run .\n" in listing
    assert "* build:other [go-build] -> Build ./other if anything changed\n" in listing
    assert "- why:other [go-why] -> Say whether ./other would be built, and why\n" in listing
    assert "- clean:probe [go-clean] -> Forget .\n" in listing
    assert "decorated(a) [mine] -> Run it my way." in listing
    assert "are the program's arguments" in place("nox", "--usage", "run:probe").out


def test_a_bare_nox_builds_and_runs_nothing(place: Place) -> None:
    result = place("nox")
    assert result.rc == 0
    assert result.out == ""
    assert "build:probe: success" in result.err
    assert "build:other: success" in result.err


def test_builds_may_run_in_parallel(own_place: Place) -> None:
    result = own_place("nox", "-j2", "-t", "go-build")
    assert result.rc == 0, result.err
    assert "probe: built" in result.out + result.err
    assert "other: built" in result.out + result.err


def test_in_parallel_there_is_no_terminal(place: Place) -> None:
    """Builds run side by side, a program alone after them; nobody types to it."""
    words = ("build:probe", "build:other", "run:probe", "--", "terminals")
    with place.start("nox", "-j2", "-s", *words, terminal=True) as running:
        assert running.end() == 0, running.said
        assert "terminals: false false false\n" in running.said


def test_a_parallel_worker_reports_in_words(place: Place) -> None:
    result = place("nox", "-j2", "--allow-parallel", "-s", "returned", "serve", "--", "exit", "3")
    assert result.rc == 1
    assert "exited with status 7" in result.out + result.err
    assert "exited with status 3" in result.out + result.err


def test_install_only_builds_and_does_not_run(place: Place) -> None:
    result = place("nox", "--install-only", *RUN[1:], "exit", "3")
    assert (result.rc, result.out) == (0, "")


def test_decorator_passes_nox_its_own_keywords(place: Place) -> None:
    assert json.loads(place("nox", "-s", "decorated(b)", "--", "c").out) == ["other", "b", "c"]


def test_decorator_without_a_word(own_place: Place) -> None:
    with (own_place.folder / "noxfile.py").open("a") as file:
        file.write('@go.session\ndef bare(session, program):\n    program.run(["features"])\n')
    assert own_place("nox", "-s", "bare").out == "race=false dev=false version=none\n"


def test_decorator_passes_on_what_it_does_not_know(own_place: Place) -> None:
    """Which is an error of nox's own; or an option that a later nox has."""
    own_place.edit("noxfile.py", 'name="with_uv", ', "no_such_option=1, ")
    assert "unexpected keyword argument 'no_such_option'" in own_place("nox", "-l").err


def test_decorated_function_may_return_the_outcome(place: Place) -> None:
    assert place("nox", "-s", "returned").rc == 7


def test_a_signal_while_go_builds(while_go_builds: Callable[[Sequence[str]], None]) -> None:
    while_go_builds(RUN)


def test_importing_the_adapter_imports_no_core(place: Place) -> None:
    script = (
        "import sys, nox; had = set(sys.modules); import gorun_tasks.nox;"
        "print(*sorted(set(sys.modules) - had))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=place.environ,
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    ours = modules("errors", "nox", "runners.offers", "runners.verbs")
    assert set(done.stdout.split()) - {"__future__"} == ours
