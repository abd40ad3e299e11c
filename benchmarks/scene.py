"""A tree with the ways to start its program: what was built, and the caches it was built with.

Decides what a way is given when it starts, and sees to it that no way profits from another: each
has a build cache of its own, filled alike. It must never take a run for good whose program is
not the one in the sources, without saying so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.ways import GORUN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.kit import Kit
    from benchmarks.measure import Lap, Stopwatch
    from benchmarks.tree import Tree
    from benchmarks.ways import Way

_YOUNG = 2.1
"""Seconds for which go does not trust the time stamp of a file."""

_INPUTS = """\
import os, sys
from gorun_tasks import Program
inputs = Program(sys.argv[1]).graph().compile.inputs
print(*sorted({*inputs, *map(os.path.dirname, inputs)}), sep="\\n")
"""


class Scene:
    """One workload, ready to be put into situations."""

    def __init__(self, kit: Kit, tree: Tree, stopwatch: Stopwatch, part: str = "") -> None:
        """Build the program. `part` tells apart the scenes of one tree."""
        self.kit: Kit = kit
        self.tree: Tree = tree
        self.c_loop: str = kit.compile_c("stats.c")
        self._stopwatch = stopwatch
        self._folder = os.path.normpath(f"{tree.kept}/run/{part}")
        self._store = f"{self._folder}/store"
        self._caches = f"{tree.kept}/run/caches"
        self.ways: list[Way] = []
        self.wrong: set[str] = set()
        """The names of ways that started another program than the sources say."""
        os.makedirs(self._folder, exist_ok=True)
        # Built once; every way begins with a copy of this cache.
        self._first_cache = f"{tree.kept}/gocache"
        kit.run([kit.go, "run", tree.target], tree.folder, {"GOCACHE": self._first_cache})
        self.executable: str = f"{self._folder}/bare"
        kept = kit.run([kit.gorun, "--which", tree.target], tree.folder, self._environ(GORUN))
        shutil.copy(kept.strip(), self.executable)

    def _environ(self, way: Way, flag: str = "") -> dict[str, str]:
        cache = f"{self._caches}/{way.cache}"
        if not os.path.isdir(cache):
            os.makedirs(os.path.dirname(cache), exist_ok=True)
            subprocess.run(["cp", "-a", self._first_cache, cache], check=True)
        return {
            **self.kit.environ,
            "PWD": self.tree.folder,
            "GOCACHE": cache,
            "GORUN_CACHE_DIR": self._store,
            "FLAGS": flag,
        }

    def time(self, way: Way, flag: str = "") -> Lap:
        """Start a program one way, wait for it, and see whether it is the right one."""
        command = way.command(self, flag)
        lap = self._stopwatch.time(command, self._environ(way, flag), self.tree.folder)
        if lap.status:
            sys.exit(f"benchmark: {way.name} in {self.tree.folder} failed:\n{lap.said}{lap.error}")
        if way.builds and way.answers and self.tree.answer(flagged=bool(flag)) not in lap.said:
            self.wrong.add(way.name)
        return lap

    def run_all(self, flag: str = "") -> None:
        """Start the program in each way, untimed."""
        for way in self.ways:
            if way.builds:
                self.time(way, flag)

    def begin(self, ways: Iterable[Way]) -> None:
        """Have the tree as it was written, and every one of these ways know it."""
        self.ways = list(ways)
        self.tree.undo()
        self.age()
        self.run_all()
        self.age()
        self.run_all()
        self.wrong.clear()

    def age(self) -> None:
        """Let files grow old enough to be trusted, as those of a person mostly are."""
        time.sleep(_YOUNG)

    def forget_store(self) -> None:
        """Remove gorun's store."""
        shutil.rmtree(self._store, ignore_errors=True)

    def forget_caches(self) -> None:
        """Empty the build caches of the ways."""
        for way in self.ways:
            cache = f"{self._caches}/{way.cache}"
            shutil.rmtree(cache, ignore_errors=True)
            os.makedirs(cache)

    def list_of_inputs(self) -> str:
        """Return a file with the paths of the program's inputs: files, and their directories."""
        path = f"{self._folder}/inputs"
        if not os.path.exists(path):
            environ = self._environ(GORUN)
            ask = [self.kit.python, "-c", _INPUTS, self.tree.target]
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.kit.run(ask, self.tree.folder, environ))
        return path

    def count_inputs(self) -> int:
        """Return how many files the program is made of, directories not counted."""
        with open(self.list_of_inputs(), encoding="utf-8") as paths:
            return sum(os.path.isfile(path.rstrip("\n")) for path in paths)

    def close(self) -> None:
        """Give back the space of the copies."""
        shutil.rmtree(self._caches, ignore_errors=True)
