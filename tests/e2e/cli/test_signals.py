"""A signal that ends gorun while go builds: go and all that it started end first.

The build is stopped in a tool of the test's choice, so the signal comes at a known moment. Death
by the same signal, no traceback, no process of the session and no folder left.
"""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.held import HOLD, TELL, Held
from tests.support.place import Running
from tests.support.processes import in_world
from tests.support.workshop import TINY, Workshop, go_command

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class HeldBuild(Workshop):
    """A module whose build waits in one of go's tools."""

    def __init__(self, folder: Path, tool: str, instead: str = HOLD) -> None:
        super().__init__(folder, TINY)
        held = Held(folder, tool, instead)
        self.environ["GOFLAGS"] = held.flag
        self.wait = held.wait


@pytest.mark.parametrize("whom", ["gorun", "group"])
@pytest.mark.parametrize("tool", ["compile", "link"])
@pytest.mark.parametrize("signum", SIGNALS, ids=lambda signum: signum.name)
def test_signal_during_the_build_leaves_nothing(
    tmp_path: Path, signum: signal.Signals, tool: str, whom: str
) -> None:
    """To gorun alone as from a supervisor, or to the whole group as from a terminal."""
    workshop = HeldBuild(tmp_path, tool)
    with workshop.start("gorun_tasks", ".") as running:
        workshop.wait()
        if whom == "gorun":
            running.signal(signum)
        else:
            os.killpg(running.pid, signum)
        assert_ended_by(signum, running, workshop)


@pytest.mark.parametrize("signum", SIGNALS, ids=lambda signum: signum.name)
def test_tool_with_children_of_its_own_ends_too(tmp_path: Path, signum: signal.Signals) -> None:
    """A linker's own helper (gcc and ld under cgo) hangs below a shell."""
    workshop = HeldBuild(tmp_path, "link", f"sh -c '{HOLD}'; true")
    with workshop.start("gorun_tasks", ".") as running:
        workshop.wait()
        running.signal(signum)
        assert_ended_by(signum, running, workshop)


@pytest.mark.parametrize("options", [["--which"], ["--ephemeral"], ["--rebuild"]])
def test_signal_during_the_build_with_other_options(tmp_path: Path, options: list[str]) -> None:
    workshop = HeldBuild(tmp_path, "link")
    with workshop.start("gorun_tasks", *options, ".") as running:
        workshop.wait()
        running.signal(signal.SIGTERM)
        assert_ended_by(signal.SIGTERM, running, workshop)


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
@pytest.mark.parametrize("watched", [False, True], ids=["run", "watched"])
def test_signal_while_go_lists_packages(tmp_path: Path, *, watched: bool) -> None:
    """As it does for a program with C code, between two requests to build it."""
    c_code = 'package main\n\n// int one;\nimport "C"\n\nfunc main() { println(C.one) }\n'
    workshop = Workshop(tmp_path, {**TINY, "main.go": c_code})
    held = Held(tmp_path, "list")
    go = tmp_path / "go"
    go.write_text(
        f"#!/bin/sh\n[ $1 = list ] && exec '{tmp_path}/hold' /list\nexec '{go_command()}' \"$@\"\n"
    )
    go.chmod(0o755)
    workshop.environ["GORUN_GO"] = str(go)
    with workshop.start("gorun_tasks", *["--watch"][:watched], ".") as running:
        held.wait()
        running.signal(signal.SIGTERM)
        assert running.end() == -signal.SIGTERM, running.said
        assert running.left_behind() == []


def test_ctrl_c_on_a_terminal_during_the_build(tmp_path: Path) -> None:
    workshop = HeldBuild(tmp_path, "link")
    with workshop.start("gorun_tasks", ".", terminal=True) as running:
        workshop.wait()
        running.type("\x03")
        assert_ended_by(signal.SIGINT, running, workshop)


def test_gotmpdir_is_left_clean(tmp_path: Path) -> None:
    """Where the user sends go's temporary files elsewhere, that folder is clean afterwards too."""
    workshop = HeldBuild(tmp_path, "link")
    chosen = tmp_path / "elsewhere"
    chosen.mkdir()
    workshop.environ["GOTMPDIR"] = str(chosen)
    with workshop.start("gorun_tasks", ".") as running:
        workshop.wait()
        assert list(chosen.iterdir()) != []
        running.signal(signal.SIGTERM)
        assert_ended_by(signal.SIGTERM, running, workshop)
    assert list(chosen.iterdir()) == []


def test_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    """Under nohup SIGHUP ends neither gorun nor go: the build goes on and the program runs."""
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    workshop = HeldBuild(tmp_path, "link", f"{TELL}; read -r _ < {go_on}")
    words = in_world(workshop.command(("gorun_tasks", ".")), ignore=[signal.SIGHUP])
    command = [os.fsdecode(word) for word in words]
    with Running(command, workshop, terminal=False) as running:
        workshop.wait()
        running.signal(signal.SIGHUP)
        go_on.write_text("\n")
        assert running.end() == 0, running.said
        assert running.said == "tiny\n"


def test_who_was_started_in_the_background_of_a_script_can_be_ended(tmp_path: Path) -> None:
    """There SIGINT is ignored, by which go is interrupted otherwise, and all that it started."""
    workshop = HeldBuild(tmp_path, "link")
    ignored = [signal.SIGINT, signal.SIGQUIT]
    words = in_world(workshop.command(("gorun_tasks", ".")), ignore=ignored)
    command = [os.fsdecode(word) for word in words]
    with Running(command, workshop, terminal=False) as running:
        workshop.wait()
        running.signal(signal.SIGTERM)
        assert_ended_by(signal.SIGTERM, running, workshop)


def test_killed_build_is_cleared_by_the_next(tmp_path: Path) -> None:
    """SIGKILL lets nobody tidy up: the folder that is left goes at the next build."""
    workshop = HeldBuild(tmp_path, "link")
    with workshop.start("gorun_tasks", ".") as running:
        workshop.wait()
        running.signal(signal.SIGKILL)
        running.kill()
        running.end()
    assert workshop.leftovers() != []
    del workshop.environ["GOFLAGS"]
    assert workshop.outcome(".")[0] == "built"
    assert workshop.leftovers() == []


def assert_ended_by(signum: int, running: Running, workshop: Workshop) -> None:
    assert running.end() == -signum, running.said
    assert "Traceback" not in running.said
    assert running.left_behind() == []
    assert workshop.leftovers() == []
    assert workshop.executables() == []
