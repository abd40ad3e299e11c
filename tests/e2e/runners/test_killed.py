"""A runner that is killed by SIGKILL, of which it cannot hear: nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.runners.test_at_once import FILES as RUNNER_FILES
from tests.support.clock import wait_until
from tests.support.held import TELL, Held
from tests.support.place import Running
from tests.support.processes import gone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.place import Place

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="no other system tells a child of its parent's end"
)
FILES = RUNNER_FILES
RUNS = pytest.mark.parametrize(
    "run",
    [
        ("nox", "-s", "run:probe"),
        ("invoke", "probe.run"),
        ("doit", "run:probe"),
        ("gorun_tasks", "--ephemeral", "."),
    ],
    ids=lambda run: run[0],
)

# Gets what is orphaned below it, as the first process of a container does, and never asks how it
# ended: what ends there keeps its process id.
NEVER_ASKS = """
import ctypes, signal, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
print("runner", subprocess.Popen(sys.argv[1:]).pid, flush=True)
signal.pause()
"""


@RUNS
def test_the_program_is_told_and_ends(place: Place, run: tuple[str, ...]) -> None:
    dashes = () if run[0] == "gorun_tasks" else ("--",)
    with place.start(*run, *dashes, "serve", "3") as running:
        running.wait_for("ready ")
        running.signal(signal.SIGKILL)
        running.wait_for("stopping after terminated\n")
        assert running.end() == -signal.SIGKILL
        assert running.said.endswith("stopped\n")
        wait_until(lambda: running.left_behind() == [])


@RUNS
def test_nothing_of_the_program_is_left_where_nobody_asks(
    place: Place, run: tuple[str, ...]
) -> None:
    dashes = () if run[0] == "gorun_tasks" else ("--",)
    command = place.command([*run, *dashes, "serve", "3"])
    asleep = [sys.executable, "-c", NEVER_ASKS, *command]
    with Running(asleep, place, terminal=False) as running:
        running.wait_for_next(r"ready \d+\n")
        runner, program = map(int, re.findall(r"(?:runner|ready) (\d+)\n", running.said))
        os.kill(runner, signal.SIGKILL)
        running.wait_for("stopped\n")
        wait_until(lambda: gone(program))


def executed_in(folder: Path) -> set[str]:
    """Return which files are executed by the processes whose working directory this is."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == str(folder):
                found.add(os.readlink(f"/proc/{pid}/exe"))
    return found


SLEEPER = """package main

import (
	"os"
	"time"
)

func main() {
	os.Create("started")
	time.Sleep(5 * time.Minute)
}
"""


@pytest.mark.parametrize(
    "run",
    [("nox", "-j2", "-s", "run:sleeper", "build:other"), ("doit", "-n2", "run:sleeper")],
    ids=lambda run: run[0],
)
def test_what_runs_in_a_process_of_the_runners_own_ends(
    own_place: Place, run: tuple[str, ...]
) -> None:
    """The program says nothing: nox would not pass it on before the end."""
    own_place.write({"sleeper/main.go": SLEEPER})
    with own_place.start(*run) as running:
        wait_until((own_place.folder / "started").exists)
        running.signal(signal.SIGKILL)
        wait_until(lambda: not executed_in(own_place.folder))


@RUNS
def test_go_starts_no_further_tool(own_place: Place, run: tuple[str, ...]) -> None:
    wait = 'echo >>"$REACHED.tools"; until [ -e "$REACHED.released" ]; do sleep 0.02; done'
    held = Held(own_place.folder, instead=f"{TELL}; {wait}")
    own_place.environ["GOFLAGS"] = f"-p=1 {held.flag}"
    with own_place.start(*run) as running:
        held.wait()
        running.signal(signal.SIGKILL)
        (own_place.folder / "reached.released").touch()
        wait_until(lambda: running.left_behind() == [])
    assert (own_place.folder / "reached.tools").read_text() == "\n"
