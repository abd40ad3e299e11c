"""The program finds the world as if it had been started bare (law 8).

tests/samples/procdump prints whatever a middleman could change: arguments, environment,
directory, descriptors, signal mask, ignored signals, umask, limits, process group. The same text
must come from `go run`, gorun cold, gorun current, gorun as a parent, and the bare executable.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import PATIENCE
from tests.support.processes import in_world
from tests.support.workshop import Workshop, go_command, sample

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("go"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc"),
]

ODD_WORDS = ["", "a b", "-race", "--", "*", "\n", "$HOME", "é", "--why"]
PARENT_DEATH = "signal when the parent dies"
STRANGE = {"EMPTY": "", "LC_ALL": "", "LANG": "C", "GODEBUG": "http2debug=1", "SPACE": " a\tb\n"}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("world"), sample("procdump"))


def dump(workshop: Workshop, command: Sequence[str], env: dict[str, str]) -> dict[str, str]:
    """Start a command in a strange world; return what procdump printed, by name."""
    environment = {**workshop.environ, **STRANGE, **env}
    done = subprocess.run(
        in_world(
            [*command, *ODD_WORDS],
            environment=[f"{k}={v}" for k, v in environment.items()] + ["BYTES=\xff\xfe"],
            ignore=[signal.SIGUSR2],
            block=[signal.SIGALRM],
            open=[5, 9],
            umask=0o027,
            files=512,
        ),
        cwd=workshop.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), done
    lines = done.stdout.decode().splitlines()
    entries = [line.partition(": ")[::2] for line in lines]
    found = {(v if k == "environment" else k): v for k, v in entries}
    if "--ephemeral" in command:  # the one difference on purpose: no program outlives its parent
        assert found[PARENT_DEATH] == str(int(signal.SIGTERM))
        found[PARENT_DEATH] = "0"
    return found | {"words": str(len(entries))}


def compared(found: dict[str, str], goroot_bin: str = "") -> dict[str, str]:
    """Take out what design.md names: the path of the executable, and GOROOT/bin first in PATH."""
    rest = dict(found)
    name = rest.pop("argument 0").strip('"')
    assert os.path.isabs(name)
    (path,) = [key for key in rest if key.startswith('"PATH=')]
    del rest[path]
    value = path.removeprefix('"PATH=')
    if goroot_bin:
        assert value.startswith(goroot_bin + ":")
        value = value.removeprefix(goroot_bin + ":")
    return rest | {"base name": os.path.basename(name), "PATH": value}


def goroot_bin(workshop: Workshop) -> str:
    return workshop.go("env", "GOROOT").out.strip() + "/bin"


def test_program_finds_the_same_world_everywhere(workshop: Workshop) -> None:
    """Five ways to start one program, one text."""
    gorun = [sys.executable, "-m", "gorun_tasks"]
    ours = goroot_bin(workshop)
    of_go_run = dump(workshop, [go_command(), "run", "."], {})
    cold = dump(workshop, [*gorun, "."], {})
    current = dump(workshop, [*gorun, "."], {})
    as_a_parent = dump(workshop, [*gorun, "--ephemeral", "."], {})
    (executable,) = workshop.executables()
    bare = dump(workshop, [str(executable)], {})
    expected = compared(of_go_run, ours)
    for found in (cold, current, as_a_parent):
        assert compared(found, ours) == expected
    assert compared(bare) == expected


def test_path_begins_with_the_bin_of_goroot(workshop: Workshop) -> None:
    """As go does it: a go program that runs go runs the go that built it; cold and current."""
    for _ in range(2):
        found = dump(workshop, [sys.executable, "-m", "gorun_tasks", "-trimpath", "."], {})
        path = f'"PATH={goroot_bin(workshop)}:{workshop.environ["PATH"]}"'
        assert found[path] == path


def test_own_godebug_is_not_touched(workshop: Workshop) -> None:
    """What gorun says to go in GODEBUG never reaches the program, cold or current."""
    for words in (["--rebuild", "."], ["."]):
        found = dump(workshop, [sys.executable, "-m", "gorun_tasks", *words], {})
        assert [key for key in found if key.startswith('"GODEBUG')] == ['"GODEBUG=http2debug=1"']


@pytest.mark.parametrize("state", ["cold", "current", "ephemeral"])
def test_chdir_changes_the_directory_and_not_pwd(
    workshop: Workshop, tmp_path: Path, state: str
) -> None:
    """`go run -C dir` starts the program in dir and leaves PWD alone; so do we."""
    shutil.copytree(workshop.folder, tmp_path / "elsewhere" / "procdump")
    chdir = ["-C", str(tmp_path / "elsewhere" / "procdump"), "."]
    gorun = [sys.executable, "-m", "gorun_tasks"]
    expected = compared(dump(workshop, [go_command(), "run", *chdir], {}), goroot_bin(workshop))
    if state != "cold":
        dump(workshop, [*gorun, *chdir], {})
    options = ["--ephemeral"] if state == "ephemeral" else []
    found = compared(dump(workshop, [*gorun, *options, *chdir], {}), goroot_bin(workshop))
    assert found == expected
    assert found["directory"] == f'"{chdir[1]}"'
    assert f'"PWD={workshop.folder}"' in found


@pytest.mark.parametrize("given", [None, "", "/somewhere/else"])
def test_pwd_is_as_it_was_found(workshop: Workshop, given: str | None) -> None:
    """The way here is for go: the program finds what gorun found, be it nothing or wrong."""
    unset = [] if given is not None else ["/usr/bin/env", "-u", "PWD"]
    env = {} if given is None else {"PWD": given}
    gorun = [sys.executable, "-m", "gorun_tasks"]
    expected = compared(
        dump(workshop, [*unset, go_command(), "run", "."], env), goroot_bin(workshop)
    )
    for options in (["--rebuild"], [], ["--ephemeral"]):
        found = dump(workshop, [*unset, *gorun, *options, "."], env)
        assert compared(found, goroot_bin(workshop)) == expected
