"""`python -m tests.fuzz --minutes N`: mutates small Go modules and holds gorun against go.

Decides how long, with which seeds, and what is told of it. At a failure it says the seed and the
shortest list of steps that still fails, keeps the tree and goes on; it ends with status 1 then.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from random import Random

from tests.fuzz.episode import Episode, Failure, Step, Tally, Walk, unmount_below
from tests.fuzz.machines import Machines, MachinesTally, MachinesWalk
from tests.fuzz.model import MUTATIONS, ON_FILES
from tests.fuzz.oracle import Caches
from tests.support.workshop import go_command

_STEPS = 220  # of an episode
_REPORT_EVERY = 60.0  # seconds
_TO_MINIMISE = 120.0  # seconds


def say(words: str) -> None:
    """Tell the person, at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


class Driver:
    """Runs episodes until the time is over."""

    def __init__(self, folder: str, toolchains: tuple[str, ...], *, machines: bool = False) -> None:
        self._folder = folder
        self._machines = machines
        self._toolchains = toolchains
        os.makedirs(folder, exist_ok=True)
        self._caches = Caches(folder)
        self.tally = self._new_tally()
        self._begun = self._told = time.monotonic()
        self.often_second = 0.15

    def tell_now_and_then(self, seed: int) -> None:
        """Report, unless that was done lately."""
        now = time.monotonic()
        if now - self._told > _REPORT_EVERY:
            self._told = now
            say(f"--- after {(now - self._begun) / 60:.1f} minutes, at seed {seed}")
            say(self.tally.report())
            self.tell_totals()

    def tell_totals(self) -> None:
        """Write all counts in one line, for adding up what several runs counted."""
        say(f"TOTALS {json.dumps(self.tally.plain())}")

    def episode(self, seed: int, until: float) -> Failure | None:
        """Run one episode."""
        episode = self._begin(seed, self.tally)
        if isinstance(episode, Machines):
            walk: Walk | MachinesWalk = MachinesWalk(episode, seed)
        else:
            walk = Walk(episode, seed)
            walk.often_second = self.often_second
        steps: list[Step] = []
        while len(steps) < _STEPS and time.monotonic() < until:
            steps.append(walk.next())
            failure = episode.take(steps[-1])
            self.tell_now_and_then(seed)
            if failure is not None:
                self._tell(failure, episode, seed, steps)
                return failure
        return None

    def _new_tally(self) -> Tally | MachinesTally:
        return MachinesTally() if self._machines else Tally()

    def _begin(self, seed: int, tally: Tally | MachinesTally) -> Episode | Machines:
        if isinstance(tally, MachinesTally):
            made = self._folder, self._caches, tally
            return Machines(*made, toolchains=self._toolchains, seed=seed)
        return Episode(self._folder, self._caches, tally, toolchains=self._toolchains, seed=seed)

    def _tell(
        self, failure: Failure, episode: Episode | Machines, seed: int, steps: list[Step]
    ) -> None:
        kept = f"{self._folder}/kept/{seed}"
        shutil.rmtree(kept, ignore_errors=True)
        for name in ("world", "world-store", "machines"):
            if os.path.isdir(f"{self._folder}/{name}"):
                shutil.copytree(f"{self._folder}/{name}", f"{kept}/{name}", symlinks=True)
        os.makedirs(kept, exist_ok=True)
        with open(f"{kept}/told", "w", encoding="utf-8") as file:
            file.write("\n".join(episode.told))
        say(f"FAILURE with seed {seed} (kept in {kept})\n{failure}")
        fewest, told = self._minimised(seed, steps, failure.kind)
        with open(f"{kept}/steps", "w", encoding="utf-8") as file:
            file.write(repr([tuple(step) for step in fewest]) + "\n" + "\n".join(told))
        say(f"{len(fewest)} of {len(steps)} steps fail alike: {[tuple(s) for s in fewest]}")
        say("\n".join(told))

    def replay(self, seed: int, steps: list[Step]) -> tuple[Failure | None, list[str]]:
        """Take the steps in a new world; return the first failure, and what happened."""
        episode = self._begin(seed, self._new_tally())
        for step in steps:
            failure = episode.take(step)
            if failure is not None:
                return failure, episode.told
        return None, episode.told

    def _minimised(self, seed: int, steps: list[Step], kind: str) -> tuple[list[Step], list[str]]:
        until = time.monotonic() + _TO_MINIMISE
        told: list[str] = ["it could not be replayed"]
        size = len(steps) // 2
        while size >= 1 and time.monotonic() < until:
            at = 0
            while at < len(steps) - 1 and time.monotonic() < until:
                fewer = steps[:at] + steps[min(at + size, len(steps) - 1) :]
                failure, words = self.replay(seed, fewer)
                if failure is not None and failure.kind == kind:
                    steps, told = fewer, words
                else:
                    at += size
            size //= 2
        return steps, told


def main() -> int:
    """Run the driver."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="of the first episode (default: by the clock)")
    parser.add_argument("--episodes", type=int, default=sys.maxsize)
    parser.add_argument("--without", action="append", default=[], help="a class of mutation")
    parser.add_argument(
        "--second", type=float, default=0.15, help="share of rounds about another checkout"
    )
    parser.add_argument("--machines", action="store_true", help="two machines that share builds")
    parser.add_argument("--go", action="append", help="a go command; several may be given")
    parser.add_argument("--folder", help="where to work (kept; default: below $TMPDIR)")
    given = parser.parse_args()
    toolchains = tuple(map(os.path.realpath, given.go or [go_command()]))
    folder = given.folder or f"{os.environ.get('TMPDIR', '/tmp')}/gorun-fuzz-{os.getuid()}"
    for name in [name for name in os.environ if name.startswith(("GO", "GORUN"))]:
        del os.environ[name]
    for name in given.without:
        for table in (MUTATIONS, ON_FILES):
            table.pop(name, None)
    driver = Driver(os.path.realpath(folder), toolchains, machines=given.machines)
    driver.often_second = given.second
    until = time.monotonic() + given.minutes * 60
    seed = given.seed if given.seed is not None else Random().getrandbits(32)
    for number in range(given.episodes):
        driver.episode(seed + number, until)
        if time.monotonic() > until:
            break
    unmount_below(os.path.realpath(folder))
    say(driver.tally.report())
    driver.tell_totals()
    return 1 if driver.tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
