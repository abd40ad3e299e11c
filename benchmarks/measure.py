"""Paired rounds: every way once a round, in rotating order, and what is said of the numbers.

Decides what a figure is: the median over rounds of what a way took beyond the bare executable in
the same round, and ratios of such medians. It must never compare numbers of different rounds.
"""

from __future__ import annotations

import marshal
import os
import statistics
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from benchmarks.ways import BARE, GO_RUN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.scene import Scene
    from benchmarks.situations import Situation
    from benchmarks.ways import Way

Cell = dict[str, Any]
"""What was measured of one workload in one situation, as it stands in the JSON file."""


class Lap(NamedTuple):
    """One process, from spawn to exit."""

    status: int
    wall: float  # seconds
    cpu: float  # seconds, user and system, with all descendants
    memory: int  # bytes
    said: str
    error: str


class Stopwatch:
    """The process that times others."""

    def __init__(self, python: str) -> None:
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stopwatch.py")
        command = [python, "-I", "-S", script]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._folder = tempfile.TemporaryDirectory()

    def time(self, command: list[str], environ: dict[str, str], folder: str) -> Lap:
        """Run a command to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        output = f"{self._folder.name}/output"
        marshal.dump((command, environ, folder, output), self._process.stdin)
        self._process.stdin.flush()
        status, wall, cpu, memory = marshal.load(self._process.stdout)
        return Lap(status, wall, cpu, memory, _read(output), _read(f"{output}.err"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failed: object) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._folder.cleanup()


def measure(scene: Scene, situation: Situation, ways: Sequence[Way]) -> Cell:
    """Measure these ways, and the bare executable, in one situation."""
    ways = [BARE, *ways]
    scene.begin(ways)
    began = time.time()
    load = os.getloadavg()[0]
    laps: dict[str, list[Lap]] = {way.name: [] for way in ways}
    rounds = 0
    while rounds < situation.least or (
        rounds < situation.rounds
        and (time.time() - began) * (rounds + 1) / max(rounds, 1) < situation.seconds
    ):
        situation.arrange(scene)
        first = rounds % len(ways)
        for way in ways[first:] + ways[:first]:
            laps[way.name].append(scene.time(way))
        rounds += 1
    return {
        "rounds": rounds,
        "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime(began)),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "ways": {way.name: _figures(scene, way, laps) for way in ways},
    }


def _figures(scene: Scene, way: Way, laps: dict[str, list[Lap]]) -> Cell:
    own, bare = laps[way.name], laps[BARE.name]
    beyond = _beyond_bare(own, bare if way.answers else None)
    figures: Cell = {
        "wall": quartiles([lap.wall for lap in own]),
        "cpu": quartiles([lap.cpu for lap in own]),
        "overhead": quartiles([seconds for seconds, _ in beyond]),
        "cpu overhead": quartiles([cpu for _, cpu in beyond]),
        "memory": int(statistics.median(lap.memory for lap in own)),
        "stale": way.name in scene.wrong,
    }
    if GO_RUN.name in laps and way is not BARE:
        rivals = _beyond_bare(laps[GO_RUN.name], bare)
        pairs = zip(beyond, rivals, strict=True)
        figures["of go run"] = quartiles([seconds / rival for (seconds, _), (rival, _) in pairs])
    return figures


def _beyond_bare(own: list[Lap], bare: list[Lap] | None) -> list[tuple[float, float]]:
    """Return seconds and CPU seconds without those of the program itself, where it was started."""
    if bare is None:
        return [(lap.wall, lap.cpu) for lap in own]
    pairs = zip(own, bare, strict=True)
    return [(lap.wall - base.wall, lap.cpu - base.cpu) for lap, base in pairs]


def quartiles(values: list[float]) -> list[float]:
    """Return the quartiles (seconds, to the microsecond); of one value, it three times."""
    if len(values) == 1:
        values *= 2
    found = statistics.quantiles(values, n=4, method="inclusive")
    return [round(value, 6) for value in found]


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
