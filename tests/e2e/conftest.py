"""Folders with a small Go module and a runner's file, and what is true in each runner alike.

Decides what a program may rely on whichever runner starts it: exit status, signals, terminal and
streams. It must never look inside gorun_tasks: these tests see what a person sees.
"""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import PATIENCE
from tests.support.held import Held
from tests.support.place import make_place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.support.place import Place


@pytest.fixture(scope="module")
def place(
    go: None,  # noqa: ARG001 - all of these tests need it
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Place:
    """Return the place that a module's tests share; whoever edits takes `own_place`.

    It has the module's FILES.
    """
    return make_place(tmp_path_factory.mktemp("place"), request.module.FILES)


@pytest.fixture
def own_place(go: None, tmp_path: Path, request: pytest.FixtureRequest) -> Place:  # noqa: ARG001
    """Return a place for one test, with an empty store."""
    return make_place(tmp_path, request.module.FILES)


@pytest.fixture
def slow_build(own_place: Place) -> Callable[[], None]:
    """Make every build hang in its first tool; return what waits until it does."""
    held = Held(own_place.folder)
    own_place.environ["GOFLAGS"] = held.flag
    return held.wait


# What is true in every runner. `run` are the words that run the probe, up to its arguments.


def exits_with_its_own_status(place: Place, run: Sequence[str]) -> None:
    for status in (0, 1, 3, 125, 130, 255):
        assert place(*run, "exit", str(status)).rc == status


def shows_a_deadly_signal(place: Place, run: Sequence[str]) -> None:
    assert place(*run, "kill").rc == 137


def shuts_down_in_peace_on_ctrl_c(place: Place, run: Sequence[str]) -> None:
    for status in (3, 0):
        with place.start(*run, "serve", str(status), terminal=True) as running:
            running.wait_for("ready ")
            running.type("\x03")
            assert running.end() == status, running.said
            assert "stopping after interrupt\n" in running.said
            assert "stopped\n" in running.said
            assert "Traceback" not in running.said
            assert running.left_behind() == []


def hears_what_only_the_runner_is_told(place: Place, run: Sequence[str]) -> None:
    for signum, name in (
        (signal.SIGTERM, "terminated"),
        (signal.SIGHUP, "hangup"),
        (signal.SIGINT, "interrupt"),
    ):
        with place.start(*run, "serve", "3") as running:
            running.wait_for("ready ")
            running.signal(signum)
            assert running.end() == 3, running.said
            assert f"stopping after {name}\n" in running.said
            assert "stopped\n" in running.said
            assert running.left_behind() == []


def hears_sigterm_on_a_terminal(place: Place, run: Sequence[str]) -> None:
    with place.start(*run, "serve", "3", terminal=True) as running:
        running.wait_for("ready ")
        running.signal(signal.SIGTERM)
        assert running.end() == 3, running.said
        assert running.left_behind() == []


def has_the_terminal(place: Place, run: Sequence[str]) -> None:
    with place.start(*run, "terminals", terminal=True) as running:
        assert running.end() == 0, running.said
        assert "terminals: true true true\n" in running.said


def reads_the_terminal_to_its_end(place: Place, run: Sequence[str]) -> None:
    with place.start(*run, "read", terminal=True) as running:
        running.type("a line\n\x04")
        assert running.end() == 0, running.said
        assert 'read "a line\\n"\n' in running.said


def reads_stdin(place: Place, run: Sequence[str]) -> None:
    assert 'read "from a pipe"\n' in place(*run, "read", stdin="from a pipe").out


def keeps_its_streams_apart(place: Place, run: Sequence[str]) -> None:
    result = place(*run, "streams")
    assert "to stdout\n" in result.out
    assert "to stderr\n" in result.err
    assert "to stderr\n" not in result.out
    assert "to stdout\n" not in result.err


def writes_what_is_not_text(place: Place, run: Sequence[str]) -> None:
    megabytes = 20
    done = subprocess.run(
        place.command((*run, "flood", str(megabytes))),
        cwd=place.folder,
        env=place.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=True,
    )
    block = bytes(0x80 | i % 64 for i in range(1 << 20))
    assert done.stdout.endswith(block * megabytes)


EVERYWHERE = (
    exits_with_its_own_status,
    shows_a_deadly_signal,
    shuts_down_in_peace_on_ctrl_c,
    hears_what_only_the_runner_is_told,
    hears_sigterm_on_a_terminal,
    has_the_terminal,
    reads_the_terminal_to_its_end,
    reads_stdin,
    keeps_its_streams_apart,
    writes_what_is_not_text,
)


@pytest.fixture(params=EVERYWHERE, ids=lambda check: check.__name__)
def everywhere(request: pytest.FixtureRequest) -> Callable[[Place, Sequence[str]], None]:
    """Return each thing that is true of a program in every runner."""
    check: Callable[[Place, Sequence[str]], None] = request.param
    return check


# What is true of every runner while go builds. `build` are words that make it build.


def ends_by_ctrl_c(place: Place, build: Sequence[str], wait: Callable[[], None]) -> None:
    with place.start(*build, terminal=True) as running:
        wait()
        running.type("\x03")
        assert running.end() == 130, running.said
        assert "Traceback" not in running.said
        assert running.left_behind() == []


def ends_by_sigterm(place: Place, build: Sequence[str], wait: Callable[[], None]) -> None:
    with place.start(*build) as running:
        wait()
        running.signal(signal.SIGTERM)
        assert running.end() == -signal.SIGTERM, running.said
        assert running.left_behind() == []


@pytest.fixture(params=(ends_by_ctrl_c, ends_by_sigterm), ids=lambda check: check.__name__)
def while_go_builds(
    request: pytest.FixtureRequest, own_place: Place, slow_build: Callable[[], None]
) -> Callable[[Sequence[str]], None]:
    """Return each thing that is true in every runner of a build that is interrupted."""
    check: Callable[[Place, Sequence[str], Callable[[], None]], None] = request.param
    return lambda build: check(own_place, build, slow_build)
