"""What gorun ends with, and what it writes: the program's own status, or ours, once explained."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import HELLO, TINY, Workshop, sample

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")


@pytest.fixture(scope="module")
def sigprog(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Make a program that ends as it is told, built once."""
    return Workshop(tmp_path_factory.mktemp("sigprog"), sample("sigprog"))


@pytest.mark.parametrize("status", [0, 1, 2, 3, 66, 125, 126, 255])
def test_exit_status_is_the_programs_own(sigprog: Workshop, status: int) -> None:
    """`go run` turns all of them into 1 and adds a line; nothing is added here."""
    for options in ([], ["--rebuild"], ["--ephemeral"]):
        assert sigprog.gorun(*options, ".", "exit", str(status)) == (status, "", "")


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_death_by_signal_is_seen_as_one(sigprog: Workshop, signum: int) -> None:
    """Gorun's parent sees the program's own death by that signal, as a bare start would show it."""
    assert sigprog.gorun(".", "kill", str(int(signum))) == (-signum, "", "")


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_death_by_signal_where_gorun_is_the_parent(sigprog: Workshop, signum: int) -> None:
    """With --ephemeral, and where no store can be used: whoever waits sees the same death.

    A status above 128 would not do: a shell that waits for a script goes on after one, and ends
    after a death by SIGINT. That a program which says 137 itself is left alone, is shown too.
    """
    kill = [".", "kill", str(int(signum))]
    assert sigprog.gorun("--ephemeral", *kill) == (-signum, "", "")
    without_store = sigprog.gorun("--quiet", *kill, env={"GORUN_CACHE_DIR": "/dev/null"})
    assert without_store == (-signum, "", "")
    status = 128 + signum
    assert sigprog.gorun("--ephemeral", ".", "exit", str(status)) == (status, "", "")


def test_panic_is_status_2_with_its_trace(sigprog: Workshop) -> None:
    result = sigprog.gorun(".", "unheard of")
    assert (result.rc, result.out) == (2, "")
    assert result.err.startswith("panic: unheard of\n\ngoroutine 1 [running]:\n")
    assert "exit status" not in result.err


def test_streams_are_the_callers_own(sigprog: Workshop) -> None:
    """Standard input reaches the program, and both outputs stay apart, also in a build."""
    for options in (["--rebuild"], [], ["--ephemeral"]):
        result = sigprog.gorun(*options, ".", "count", stdin="12345")
        assert result.out.endswith("end after 5 bytes <nil>\n")
        result = sigprog.gorun(*options, ".", "streams")
        assert result.out.endswith("to stdout\n")
        assert result.err == "to stderr\n"


def test_build_failure_is_125_in_gos_own_words(tmp_path: Path) -> None:
    """The diagnostics are those of `go run`, byte for byte, once, at each run; stdout is empty."""
    workshop = Workshop(tmp_path, {**TINY, "main.go": "package main\n\nfunc main() { x := 1 }\n"})
    of_go = workshop.go("run", ".")
    assert of_go.rc == 1
    for _ in range(2):
        assert workshop.gorun(".") == (125, "", of_go.err)
    assert workshop.leftovers() == []


def test_build_failure_in_the_package_loader(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, {**TINY, "main.go": 'package main\n\nimport "no/such/thing"\n'})
    of_go = workshop.go("run", ".")
    assert workshop.gorun(".") == (125, "", of_go.err)


@pytest.mark.parametrize(
    ("chosen", "status"),
    [("1", 1), ("255", 255), ("", 125), ("0", 125), ("256", 125), ("-1", 125), ("one", 125)],
)
def test_status_of_a_failed_build_can_be_chosen(tmp_path: Path, chosen: str, status: int) -> None:
    """1 makes it go run's; success and what is no status are not obeyed."""
    workshop = Workshop(tmp_path, {**TINY, "main.go": "package main\n\nfunc main() { x := 1 }\n"})
    result = workshop.gorun(".", env={"GORUN_BUILD_EXIT_CODE": chosen})
    assert (result.rc, result.out) == (status, "")
    assert "Traceback" not in result.err


def test_chosen_status_concerns_failed_builds_only(sigprog: Workshop) -> None:
    """A bad command line stays 2, and a program that exits with 125 keeps it."""
    env = {"GORUN_BUILD_EXIT_CODE": "1"}
    assert sigprog.gorun("-rase", ".", env=env).rc == 2
    assert sigprog.gorun(".", "exit", "125", env=env).rc == 125


@pytest.mark.parametrize(
    "env", [{"GOOS": "windows"}, {"GOARCH": "arm64"}, {"GOOS": "js", "GOARCH": "wasm"}]
)
def test_foreign_executable_is_126_with_one_sentence(tmp_path: Path, env: dict[str, str]) -> None:
    """Built, but this system cannot execute it: cold and current alike."""
    workshop = Workshop(tmp_path, TINY)
    env = {**env, "CGO_ENABLED": "0"}
    for _ in range(2):
        result = workshop.gorun(".", env=env)
        assert (result.rc, result.out) == (126, "")
        (line,) = result.err.splitlines()
        assert line.startswith("gorun: built ")
        assert line.endswith("Exec format error; is it built for another GOOS or GOARCH?")


def test_exec_helper_of_go_runs_a_foreign_executable(tmp_path: Path) -> None:
    """go_GOOS_GOARCH_exec in PATH stands before the executable, as with `go run`."""
    workshop = Workshop(tmp_path, TINY)
    helper = tmp_path / "bin" / "go_windows_amd64_exec"
    helper.parent.mkdir()
    helper.write_text('#!/bin/sh\necho "${1##*/} $2"\nexit 7\n')
    helper.chmod(0o755)
    path = f"{helper.parent}:{workshop.environ['PATH']}"
    env = {"GOOS": "windows", "GOARCH": "amd64", "PATH": path}
    for expected in ("built", "current"):
        outcome, _, result = workshop.outcome(".", "word", env=env)
        assert (outcome, *result) == (expected, 7, "tiny.exe word\n", "")


def test_compilers_diagnostics_are_repeated_at_each_run(tmp_path: Path) -> None:
    """Go replays what a successful compile said; so such a build is never remembered."""
    workshop = Workshop(tmp_path, HELLO)
    texts = []
    for _ in range(2):
        outcome, _, result = workshop.outcome("-gcflags=-m", ".")
        assert (outcome, result.rc, result.out) == ("built", 0, "hello []\n")
        texts.append(result.err)
    assert "escapes to heap" in texts[0]
    assert texts[0] == texts[1]
