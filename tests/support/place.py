"""A folder with a small Go module and a runner's file, and processes started in it.

Decides how they are started, heard and ended. It must never look inside gorun_tasks: tests see
what a person sees.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.support.clock import PATIENCE
from tests.support.seeded_store import seed
from tests.support.trees import write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


REPOSITORY = Path(__file__).parents[2]


SAMPLES = REPOSITORY / "tests" / "samples"


# What a person's shell, or the runner that runs these tests, could have left to the ones we start.
FOREIGN = re.compile(
    r"(GO|NOX|INVOKE|DOIT|GORUN)[A-Z0-9_]*|CI|NO_COLOR|FORCE_COLOR|PYTHONUNBUFFERED"
)


# Makes the terminal on its standard input the controlling one, and becomes the command.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class Result(NamedTuple):
    """How a command ended."""

    rc: int
    out: str
    err: str


class Place:
    """A folder to start runners in."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ

    def __call__(self, *words: str, stdin: str = "", env: dict[str, str] | None = None) -> Result:
        """Run `python -m WORDS...` to its end."""
        done = subprocess.run(
            self.command(words),
            cwd=self.folder,
            env={**self.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def command(self, words: Sequence[str]) -> list[str]:
        """Return the command that starts a runner with this Python."""
        return [sys.executable, "-m", *words]

    def start(self, *words: str, terminal: bool = False) -> Running:
        """Start `python -m WORDS...` in a session of its own, and on a terminal if asked."""
        return Running(self.command(words), self, terminal=terminal)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by path in the folder."""
        write(self.folder, files)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace words in a file."""
        text = (self.folder / name).read_text()
        assert old in text
        self.write({name: text.replace(old, new)})


class Running:
    """A runner at work: what it has said so far, and how it ends."""

    def __init__(self, command: list[str], place: Place, *, terminal: bool) -> None:
        if terminal:
            self._ours, theirs = os.openpty()
            command = [sys.executable, "-c", TAKE_TERMINAL, *command]
            stdin = theirs
        else:
            self._ours, theirs = os.pipe()
            stdin = subprocess.DEVNULL
        self._heard = b""
        self._process = subprocess.Popen(
            command,
            cwd=place.folder,
            env=place.environ,
            stdin=stdin,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        self.pid = self._process.pid
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.kill()
        self._process.wait()
        os.close(self._ours)

    @property
    def said(self) -> str:
        """What it said so far; a terminal's line ends are those of a file."""
        return self._heard.decode(errors="replace").replace("\r\n", "\n")

    @property
    def unread(self) -> int:
        """How many bytes of what it said wait to be read."""
        return int.from_bytes(fcntl.ioctl(self._ours, termios.FIONREAD, bytes(4)), sys.byteorder)

    def wait_for(self, words: str) -> str:
        """Read on until the words have been said; return all that was said so far."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.said:
            assert self._read(deadline), f"{words!r} was never said:\n{self.said}"
        return self.said

    def wait_for_next(self, pattern: str) -> str:
        """Read on until something that was not there before matches; return what does."""
        deadline = time.monotonic() + PATIENCE
        begin = len(self.said)
        while not (found := re.search(pattern, self.said[begin:])):
            assert self._read(deadline), f"{pattern!r} was never said:\n{self.said}"
        return found[0]

    def forget(self) -> None:
        """Have what was said so far count no longer."""
        self._heard = b""

    def resize(self, columns: int) -> None:
        """Give the terminal another width."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def type(self, text: str) -> None:
        """Type on the terminal."""
        os.write(self._ours, text.encode())

    def signal(self, signum: int) -> None:
        """Signal the runner, and nobody else."""
        os.kill(self.pid, signum)

    def end(self) -> int:
        """Read on to the end; return the exit status, negative for death by a signal."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Kill whatever is left of this session."""
        for pid in self.left_behind():
            with contextlib.suppress(ProcessLookupError):  # it went with its parent
                os.kill(pid, signal.SIGKILL)

    def left_behind(self) -> list[int]:
        """Return the processes of this session that are still there.

        One that has closed its files and given up its memory is as good as gone, though the system
        may show it for a moment before it is seen to have ended.
        """
        columns = ("-o", "pid=", "-o", "stat=", "-o", "vsz=")
        listed = subprocess.run(["ps", "-A", *columns], capture_output=True, text=True, check=True)
        alive = (line.split() for line in listed.stdout.splitlines())
        return [
            int(pid)
            for pid, state, size in alive
            if state[0] != "Z" and size != "0" and session_of(pid) == self.pid
        ]

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"no end in sight:\n{self.said}"
        try:
            chunk = os.read(self._ours, 1 << 16)
        except OSError:  # how Linux says that the last process has closed a terminal
            return False
        self._heard += chunk  # which may end within a letter, or a line end
        return bool(chunk)


def session_of(pid: str) -> int:
    """Return the session of a process, -1 for one that has just ended."""
    try:
        return os.getsid(int(pid))
    except (ProcessLookupError, PermissionError):
        return -1


def make_place(folder: Path, files: Mapping[str, str]) -> Place:
    """Fill a folder: two programs, runners' files, a store of its own."""
    module = folder / "probe"
    shutil.copytree(SAMPLES / "probe", module)
    environ = {k: v for k, v in os.environ.items() if not FOREIGN.fullmatch(k) or k == "GOCACHE"}
    if chosen := os.environ.get("GORUN_GO"):
        environ["GORUN_GO"] = chosen
    environ |= {
        "PYTHONPATH": str(REPOSITORY),
        "PWD": str(module),
        "GORUN_CACHE_DIR": str(seed(folder / "store")),
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOENV": "off",
    }
    place = Place(module, environ)
    place.write(files)
    return place
