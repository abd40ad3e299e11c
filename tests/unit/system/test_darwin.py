"""The file of macOS, on Linux: over a stand-in for its library, and with what holds on any Unix.

It has not run on macOS. What is tried here is how it reads what the headers declare, and that gorun
works with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import darwin, linux, mount_table, supervisor, supervisor_process
from gorun_tasks.system.mount_table import ALL, NO_CTIME, NOTHING, MountTable
from gorun_tasks.system.process_tree import interrupt_tree
from tests.support.clock import PATIENCE, let_the_clock_tick
from tests.support.libsystem import LibSystem, statfs
from tests.support.place import REPOSITORY
from tests.support.workshop import TINY, Workshop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.place import Result

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="its stand-in needs /proc")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> LibSystem:
    library = LibSystem()
    monkeypatch.setattr(darwin, "_library", library)
    return library


def test_what_is_mounted_is_read_from_its_structures(library: LibSystem) -> None:
    library.mounted = [
        statfs(0x1000010, "apfs", "/", "/dev/disk3s1s1"),
        statfs(0x1000013, "apfs", "/System/Volumes/Data", "/dev/disk3s5"),
    ]
    library.appear = [statfs(-0x1000000, "msdos", f"/Volumes/s-{i}", "x") for i in range(40)]
    found = darwin.mounts()
    assert found[:2] == [
        (0x1000010, "/", "apfs", "/dev/disk3s1s1"),
        (0x1000013, "/System/Volumes/Data", "apfs", "/dev/disk3s5"),
    ]
    assert len(found) == 42
    assert found[-1] == (-0x1000000, "/Volumes/s-39", "msdos", "x")
    library.mounted = []
    assert darwin.mounts() == []


def test_the_function_of_64_bit_inodes_is_called_where_there_are_two(library: LibSystem) -> None:
    library.mounted = [statfs(1, "apfs", "/", "x")]
    setattr(library, "getfsstat$INODE64", library.getfsstat)
    library.getfsstat = None  # type: ignore[method-assign, assignment]
    assert darwin.mounts() == [(1, "/", "apfs", "x")]


@pytest.mark.parametrize(
    ("kind", "belief"),
    [("apfs", ALL), ("msdos", NO_CTIME), ("exfat", NO_CTIME), ("hfs", NOTHING), ("nfs", NOTHING)],
)
def test_belief_goes_by_the_type(
    library: LibSystem, monkeypatch: pytest.MonkeyPatch, kind: str, belief: int
) -> None:
    library.mounted = [statfs(1, "smbfs", "/", "x"), statfs(7, kind, "/Volumes/x", "y")]
    monkeypatch.setattr(mount_table, "host", darwin)
    mounts = MountTable()
    assert mounts.belief("/Volumes/x/main.go", 7) == belief
    assert mounts.belief("/Volumes/x/main.go", 99) == belief  # by its path
    assert mounts.belief("/main.go", 1) == NOTHING


@pytest.mark.usefixtures("library")
def test_processes_are_told_of_by_the_library() -> None:
    children = [subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) for _ in range(70)]
    try:
        assert {child.pid for child in children} <= set(darwin.children_of(os.getpid()))
        assert darwin.executable_of(children[0].pid) == os.path.realpath("/bin/cat")
        status = os.stat("/bin/cat")
        assert (status.st_dev, status.st_ino) in (darwin.running_executables() or ())
    finally:
        for child in children:
            child.communicate()
    assert darwin.executable_of(children[0].pid) == ""
    assert darwin.children_of(children[0].pid, stopped=True) == []


@pytest.mark.usefixtures("library")
def test_who_was_told_to_stop_is_asked_when_he_stands_still() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "exec sleep 1000 & wait"]) as parent:
        while not (children := darwin.children_of(parent.pid)):
            pass
        parent.send_signal(signal.SIGSTOP)
        assert darwin.children_of(parent.pid, stopped=True) == children
        parent.send_signal(signal.SIGCONT)
        parent.send_signal(signal.SIGTERM)
        os.kill(children[0], signal.SIGKILL)


@pytest.mark.usefixtures("library")
def test_a_tree_is_interrupted_to_its_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gorun_tasks.system.process_tree.host", darwin)
    script = "trap 'exit 3' INT; (exec sleep 1000) & echo; wait"
    with subprocess.Popen(["/bin/bash", "-mc", script], stdout=subprocess.PIPE) as tree:
        assert tree.stdout is not None
        tree.stdout.readline()
        interrupt_tree(tree.pid)
        assert tree.stdout.read() == b""  # the sleeper had it as well
    assert tree.returncode == 3


def test_settings_are_where_go_has_them() -> None:
    assert darwin.user_config_directory({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}) == (
        "/h/Library/Application Support"
    )
    assert darwin.user_config_directory({}) == ""


SUPERVISOR = """
import os, signal, subprocess, sys
from gorun_tasks.system.darwin import LifeLine
line = LifeLine()
program = subprocess.Popen(["/bin/cat"], stderr=subprocess.DEVNULL, process_group=0)
line.hold(program.pid)
if sys.argv[1] == "let go":
    line.hold(0)
print("ready", file=sys.stderr)
signal.pause()
"""


@pytest.mark.parametrize("last", ["held", "let go"])
def test_a_program_dies_with_its_supervisor_while_that_holds_it(last: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, last],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as supervisor:
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        assert supervisor.stderr is not None
        assert supervisor.stderr.readline() == b"ready\n"
        supervisor.kill()
        assert supervisor.stderr.read() == b""  # it is gone, and so is the one who waits for that
        if last == "held":
            assert supervisor.stdout.read() == b""  # though there is more to read for it
        else:
            supervisor.stdin.write(b"still here")
            supervisor.stdin.close()
            assert supervisor.stdout.read() == b"still here"


KEEPER = """
import runpy, sys
sys.path.append({root!r})
from gorun_tasks import system
from gorun_tasks.system import darwin
system.host = darwin
runpy.run_path({script!r}, run_name="__main__")
"""


@pytest.mark.parametrize("end", ["stopped", "supervisor killed"])
def test_a_watched_program_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    script = tmp_path / "supervisor"
    script.write_text(KEEPER.format(root=str(REPOSITORY), script=supervisor_process.__file__))
    monkeypatch.setattr(supervisor, "_SCRIPT", str(script))
    stdin, stdout = os.pipe(), os.pipe()
    keep = supervisor.SupervisorClient(
        signal.SIGTERM, PATIENCE, terminal=False, streams=(stdin[0], stdout[1], stdout[1])
    )
    os.close(stdout[1])
    told: list[tuple[object, ...]] = []
    try:
        keep.start("/bin/cat", ["cat"], {}, "/")
        while not keep.pid:
            told += keep.messages()
        assert linux.executable_of(keep.pid) == os.path.realpath("/bin/cat")
        if end == "stopped":
            keep.stop()
            while keep.group:
                told += keep.messages()
            assert told[1:] == [("ended", -signal.SIGTERM, True, False), ("gone",)]
        else:
            (of_ours,) = (
                child
                for child in linux.children_of(os.getpid())
                if keep.pid in linux.children_of(child)
            )
            os.kill(of_ours, signal.SIGKILL)
        keep.close()
        assert os.read(stdout[0], 1) == b""  # though nobody closed what it reads
    finally:
        for descriptor in (*stdin, stdout[0]):
            os.close(descriptor)


ON_DARWIN = """
import sys
from gorun_tasks import system
from gorun_tasks.system import darwin
from tests.support.libsystem import LibSystem, statfs
system.host = darwin
darwin._library = LibSystem([statfs(1, "apfs", "/", "/dev/disk3s1s1")])
"""


class Mac(Workshop):
    """A workshop in which gorun believes to be on macOS, on a disk with APFS."""

    def gorun(self, *words: str, stdin: str = "", env: dict[str, str] | None = None) -> Result:
        """Run gorun to its end."""
        del stdin
        code = f"{ON_DARWIN}\nfrom gorun_tasks.main import main; main()"
        env = {**(env or {}), "PYTHONPATH": str(REPOSITORY)}
        return self.execute([sys.executable, "-c", code, *words], env=env)


def test_a_program_is_remembered_there(tmp_path: Path) -> None:
    mac = Mac(tmp_path, TINY)
    let_the_clock_tick()
    assert mac.outcome(".")[0] == "built"
    assert mac.outcome(".")[0] == "current"
    os.utime(mac.folder / "main.go")
    assert mac.outcome(".")[:2] == ("current", [])
    mac.edit("main.go", "tiny", "tidy")
    assert mac.outcome(".")[:2] == ("built", ["main.go edited"])
    assert mac.gorun(".").err == "tidy\n"
    assert mac.gorun("--store", "clear").rc == 0
    assert mac.outcome(".")[0] == "built"
