"""Processes started in a world of their own, and what they say.

Decides what such a world is: environment, signals, descriptors, limits, a terminal. It must never
wait for time to pass: it waits for words.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import PATIENCE
from tests.support.place import REPOSITORY, SAMPLES
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Start = Callable[..., "Running"]


needs_proc = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="reads Linux's /proc"
)


# Makes a world, then becomes its first argument. Python's own marks on a process (ignored signals,
# LC_CTYPE) are gone after that.
LAUNCHER = """
import fcntl, json, os, resource, signal, sys, termios
world = json.loads(sys.argv[1])
if world.get("terminal"):
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for number in world.get("open", []):
    os.dup2(os.open("/dev/null", os.O_RDWR | os.O_APPEND), number)
for number in world.get("close", []):
    os.close(number)
for number in world.get("ignore", []):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, world.get("block", []))
if "umask" in world:
    os.umask(world["umask"])
if "files" in world:
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (world["files"], resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
environment = os.environb
if "environment" in world:
    entries = [entry.encode("latin-1") for entry in world["environment"]]
    environment = dict(entry.split(b"=", 1) for entry in entries)
for number in {signal.SIGPIPE, signal.SIGXFSZ}.difference(world.get("ignore", [])):
    signal.signal(number, signal.SIG_DFL)
os.execve(sys.argv[2], sys.argv[2:], environment)
"""


FOREGROUND = "end_as(run_foreground(sys.argv[1:], env=program_environment(os.environb, '')))"
FOREGROUND_IN = (
    "end_as(run_foreground(sys.argv[1:], env=program_environment(os.environb, ''), cwd='.'))"
)
REPLACE = "replace(sys.argv[1], sys.argv[1:], program_environment(os.environb, ''))"
Word = str | bytes


def python(code: str) -> list[str]:
    """Return the command line of a Python process that has the functions under test."""
    start = (
        f"import os, signal, sys; sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from gorun_tasks.system.foreground import die_by, run_foreground\n"
        "from gorun_tasks.core.launch import program_environment, replace\n"
        "def end_as(status): sys.exit(status if status >= 0 else 128 - status)"
    )
    return [sys.executable, "-c", f"{start}\n{code}\n"]


def in_world(words: Sequence[Word], **world: object) -> list[Word]:
    return [sys.executable, "-c", LAUNCHER, json.dumps(world), *words]


def build(name: str, folder: Path) -> str:
    subprocess.run(
        [go_command(), "build", "-o", folder, "."],
        cwd=SAMPLES / name,
        env=os.environ | {"GOFLAGS": "", "GOWORK": "off"},
        check=True,
    )
    return str(folder / name)


class Running:
    """A process, the words it has said so far, and a way to talk to it."""

    def __init__(self, process: subprocess.Popen[bytes], reads: int, writes: int) -> None:
        self.process = process
        self.said = b""
        self._reads = reads
        self._writes = writes

    def expect(self, words: str) -> re.Match[bytes]:
        """Read until a line ends with `words`; a terminal's echo may come before them."""
        pattern = re.compile(words.encode() + rb"\r?\n")
        while not (match := pattern.search(self.said)):
            assert self._read(), f"ended without {words!r}: {self.said!r}"
        return match

    def send(self, words: bytes) -> None:
        """Write to its standard input, or type on its terminal."""
        os.write(self._writes, words)

    def signal(self, signum: int) -> None:
        """Send a signal to the process we started, and to no other."""
        self.process.send_signal(signum)

    def end(self) -> int:
        """Read to the end, and return the process's return code as Python counts it."""
        while self._read():
            pass
        code = self.process.wait(PATIENCE)
        assert b"Traceback" not in self.said, self.said.decode()
        return code

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._reads], [], [], PATIENCE)
        assert ready, f"said nothing more: {self.said!r}"
        try:
            more = os.read(self._reads, 1 << 16)
        except OSError:  # how a terminal says that nobody has its other side open
            more = b""
        self.said += more
        return more


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind when a test fails; the leader of the session is its group's, too."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def ready(running: Running) -> int:
    """Wait until sigprog serves; return its process id."""
    return int(running.expect(r"ready (\d+)")[1])


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def state_of(pid: int) -> str:
    """Return the state of a process as ps shows it, "" for none."""
    return subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
