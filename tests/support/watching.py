"""gorun --watch at work in a folder of Go files: what it says, what it tells, whom it leaves.

Decides how the tests of the watch start it, wait for what it does and count what it did. It waits
for events and words, never for time to pass.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.clock import PATIENCE
from tests.support.place import Running
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SERVER = {
    "go.mod": "module example.com/server\n\ngo 1.24\n",
    "main.go": (
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'
        "// first comment\n"
        "func main() {\n"
        "\tsignals := make(chan os.Signal, 1)\n"
        "\tsignal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)\n"
        '\tfmt.Println("version", version(), os.Args[1:])\n'
        '\tfmt.Println("ends by", <-signals)\n'
        "}\n"
    ),
    "version.go": 'package main\n\nfunc version() string { return "one" }\n',
}
"""A program that says its version and waits for a signal."""


class Watching(Running):
    """gorun --watch in a workshop."""

    def __init__(
        self, shop: Workshop, *words: str, terminal: bool = False, through: Sequence[str] = ()
    ) -> None:
        """Start it; `through` are the words of what starts it, a shell perhaps."""
        self.shop = shop
        self.events_file = shop.folder.parent / "events"
        self.events_file.unlink(missing_ok=True)
        options = ("--watch", "--events", str(self.events_file))
        command = shop.command(("gorun_tasks", *options, *words))
        super().__init__([*through, *command], shop, terminal=terminal)

    def __exit__(self, *failure: object) -> None:
        for event in self.events("started"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(event["pid"], signal.SIGKILL)
        super().__exit__(*failure)

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Return what it told so far, of one kind."""
        try:
            lines = self.events_file.read_text().splitlines()
        except FileNotFoundError:
            return []
        told = [json.loads(line) for line in lines]
        return [event for event in told if not kind or event["event"] == kind]

    def wait_until(self, what: Callable[[], object]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, (self.said, self.events())
            self.read_a_little()

    def wait_for_event(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Wait until it has told so many of a kind; return the last of these."""
        self.wait_until(lambda: len(self.events(kind)) >= count)
        return self.events(kind)[count - 1]

    def wait_until_it_watches(self, first_word: str = "version ") -> None:
        """Wait until the program has spoken, and what it was made of is watched.

        A program that has only been started may not hear of signals yet: one would end it.
        """
        self.wait_for(first_word)
        self.wait_for_event("started")
        self.wait_for_event("watching")

    def read_a_little(self) -> None:
        """Take in what is said, for a moment."""
        if select.select([self._ours], [], [], 0.02)[0]:
            with contextlib.suppress(AssertionError):
                self._read(time.monotonic() + 1)

    @property
    def pids(self) -> list[int]:
        """The programs that were started, in order."""
        return [event["pid"] for event in self.events("started")]

    @property
    def outcomes(self) -> list[str]:
        """What became of the builds, in order."""
        return [event["outcome"] for event in self.events("outcome")]

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace words in a file of the workshop."""
        self.shop.edit(name, old, new)


def watching(folder: Path, files: Mapping[str, str] = SERVER) -> Workshop:
    """Return a workshop with these files."""
    return Workshop(folder, files)


def group_is_gone(pid: int) -> bool:
    """Say whether nobody alive is in a process group."""
    return not list(_members(pid))


def has_signals_pending(pid: int) -> bool:
    """Say whether a signal has not reached a process yet: a second one would be lost in it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, mask = line.partition(":")
            if name in ("SigPnd", "ShdPnd") and int(mask, 16):
                return True
    return False


def _members(group: int) -> Iterator[int]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            told = Path(f"/proc/{name}/stat").read_text().rpartition(") ")[2].split()
            state, pgrp, memory = told[0], told[2], told[20]
            if int(pgrp) == group and state not in "ZX" and memory != "0":
                yield int(name)


def free_port() -> int:
    """Return a port that nobody listens at.

    It is below those that the system gives to whoever wants any: it stays free until it is used.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
