"""Overhead over the number of input files, from hello world to a hundred thousand.

Decides how programs of a given number of inputs come to be: one generated module with a main for
each size, whose packages of ten files are shared. It must never fit a line through sizes measured
at different times: the rounds go over all sizes.
"""

from __future__ import annotations

import os
import statistics
from typing import TYPE_CHECKING, Any

from benchmarks.scene import Scene
from benchmarks.tree import MAIN_WORD, Tree
from benchmarks.ways import BARE, C_LOOP, GO_RUN, GORUN

if TYPE_CHECKING:
    from benchmarks.kit import Kit
    from benchmarks.measure import Stopwatch

_FILES = 10
"""Files in a package."""

_PACKAGES = (0, 10, 30, 100, 300, 1000, 3000, 10000)
_ROUNDS = 9
_MAIN = f"""package main

import "os"

var flagWord = "plain"

func main() {{ os.Stdout.WriteString("{MAIN_WORD} " + flagWord + "\\n") }}
"""


def measure_scaling(kit: Kit, stopwatch: Stopwatch) -> dict[str, Any]:
    """Return the points, and the lines through them."""
    scenes = [Scene(kit, tree, stopwatch, tree.target) for tree in _trees(kit)]
    timed = (BARE, GORUN, GO_RUN, C_LOOP)
    for scene in scenes:
        scene.begin((GORUN, GO_RUN))
    laps: dict[tuple[int, str], list[float]] = {}
    for turn in range(_ROUNDS):
        for number, scene in enumerate(scenes):
            first = turn % len(timed)
            for way in timed[first:] + timed[:first]:
                laps.setdefault((number, way.name), []).append(scene.time(way).wall)
    points = []
    for number, scene in enumerate(scenes):
        bare = laps[number, BARE.name]
        points.append(
            {
                "inputs": scene.count_inputs(),
                "overhead": {
                    way.name: statistics.median(
                        wall - base for wall, base in zip(laps[number, way.name], bare, strict=True)
                    )
                    for way in timed[1:]
                },
            }
        )
    scenes[0].close()
    return {
        "rounds": _ROUNDS,
        "load": os.getloadavg()[0],
        "points": points,
        "lines": {way.name: fit(points, way.name) for way in timed[1:]},
    }


def fit(points: list[dict[str, Any]], way: str) -> dict[str, float]:
    """Return the straight line of least squares of relative error: seconds, and seconds a file.

    Relative, since else the largest program alone would decide the line.
    """
    weighted = [(p["inputs"], p["overhead"][way], 1 / p["overhead"][way] ** 2) for p in points]
    total = sum(w for _, _, w in weighted)
    x_mean = sum(w * x for x, _, w in weighted) / total
    y_mean = sum(w * y for _, y, w in weighted) / total
    slope = sum(w * (x - x_mean) * (y - y_mean) for x, y, w in weighted) / sum(
        w * (x - x_mean) ** 2 for x, _, w in weighted
    )
    return {"start": y_mean - slope * x_mean, "slope": slope}


def _trees(kit: Kit) -> list[Tree]:
    """Write the module, and return it as often as there are sizes, each time with another main."""
    files = {"go.mod": "module scaling\n\ngo 1.26\n"}
    for number in range(max(_PACKAGES)):
        for i in range(_FILES):
            files[f"{_package(number)}/f{i}.go"] = (
                f"package p\n\nfunc F{i}() int {{ return {i} }}\n"
            )
    mains = [f"cmd/n{count}" for count in _PACKAGES]
    for main, count in zip(mains, _PACKAGES, strict=True):
        imports = "".join(f'import _ "scaling/{_package(number)}"\n' for number in range(count))
        files[f"{main}/main.go"] = _MAIN
        files[f"{main}/imports.go"] = f"package main\n\n{imports}"
    Tree(kit, "scaling", tuple(mains), {"main": "go.mod"}).prepare(files)
    return [Tree(kit, "scaling", (f"./{m}",), {"main": f"{m}/main.go"}) for m in mains]


def _package(number: int) -> str:
    return f"g{number // 100:02}/p{number:05}"
