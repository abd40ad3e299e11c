"""Kills gorun at many moments, and looks each time whether the next run is right.

    python -m tests.stress.death --kills 500 [--seed 1] [--folder DIR]

Decides the moments: after a random time, or at one of the calls with which gorun changes the
disk. It must never forgive: a wrong output, a warning, a traceback, or garbage that an eviction
leaves ends it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.stress.tiny import age, files, garbage
from tests.support.workshop import Workshop

DEEDS = {
    "build": ["."],
    "another program": ["-tags=other", "."],
    "check": ["."],
    "rebuild": ["--rebuild", "."],
    "which": ["--which", "."],
    "ephemeral": ["--ephemeral", "."],
    "evict": ["."],
    "drop": ["--store", "drop", "."],
    "clear": ["--store", "clear"],
    "verify": ["--store", "verify"],
}
"""What gorun is killed at, as its words."""

CALLS = 60
"""More calls than any deed makes to change the disk."""

ROUND = 20
"""Kills after which an eviction has to leave no garbage."""


class Killer:
    """One program, one store, and kills."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.shop = Workshop(folder, files("v0"))
        self.random = random.Random(seed)
        self.version = 0
        self.killed: dict[str, int] = {}  # how often it died in time
        self.survived = 0
        self.longest = 0.5  # seconds that gorun took, so far

    def kills(self, number: int) -> None:
        """Kill until gorun died `number` times of it."""
        while sum(self.killed.values()) < number:
            self.strike()
            self.expect_right_runs()
            if self.random.randrange(ROUND) == 0:
                self.expect_no_garbage()
        self.expect_no_garbage()

    def strike(self) -> None:
        """Start some deed and kill it."""
        deed = self.random.choice(list(DEEDS))
        if deed not in ("check", "verify"):
            self.edit()
        env = {"GORUN_CACHE_SIZE": "1"} if deed == "evict" else {}
        died = self.random.choice((self.at_a_moment, self.at_a_call))(DEEDS[deed], env)
        if died:
            self.killed[deed] = self.killed.get(deed, 0) + 1
        else:
            self.survived += 1

    def edit(self) -> None:
        """Make it another program; now and then one that was there before."""
        if self.random.randrange(4):
            self.version += 1
            self.word = f"v{self.version}"
        else:
            self.word = f"v{self.random.randrange(self.version + 1)}"
        self.shop.write(files(self.word))

    word = "v0"

    def at_a_moment(self, words: list[str], env: dict[str, str]) -> bool:
        """Kill after a random time; say whether it was still alive."""
        begun = time.monotonic()
        process = self.start(self.shop.command(("gorun_tasks", *words)), env)
        try:
            process.wait(self.random.uniform(0, self.longest))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        self.longest = min(2.0, max(self.longest, time.monotonic() - begun))
        return False

    def at_a_call(self, words: list[str], env: dict[str, str]) -> bool:
        """Kill at a random call that changes the disk; say whether there were as many."""
        call = str(self.random.randrange(1, CALLS))
        shim = ["tests.stress.shim", "kill", "any", call]
        return self.start(self.shop.command((*shim, *words)), env).wait() == -signal.SIGKILL

    def start(self, command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own."""
        return subprocess.Popen(
            command,
            cwd=self.shop.folder,
            env={**self.shop.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def expect_right_runs(self) -> None:
        """Run what was killed again: the right program, and no word of ours."""
        for words in (["."], ["."]):
            result = self.shop.gorun(*words)
            assert result == (0, "", f"{self.word}\n"), (result, self.word)
        verified = self.shop.gorun("--store", "verify")
        assert verified == (0, "0 damaged executables\n", ""), verified

    def expect_no_garbage(self) -> None:
        """Let time pass, and build: all that nothing leads to is gone."""
        age(self.shop.store)
        self.version += 1
        self.word = f"v{self.version}"
        self.shop.write(files(self.word))
        result = self.shop.gorun("--rebuild", ".")
        assert result == (0, "", f"{self.word}\n"), result
        found = garbage(self.shop.store)
        assert found == [], found


def main() -> None:
    """Kill as often as the command line says, and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where to work (default: a temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        killer = Killer(Path(folder), chosen.seed)
        killer.kills(chosen.kills)
    total = sum(killer.killed.values())
    sys.stdout.write(f"{total} kills, {killer.survived} came too late; all next runs right\n")
    for deed, number in sorted(killer.killed.items()):
        sys.stdout.write(f"  {deed}: {number}\n")


if __name__ == "__main__":
    main()
