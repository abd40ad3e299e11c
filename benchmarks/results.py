"""The JSON file of results: cells of numbers, by workload and situation, kept between runs.

Decides what a partial run replaces: its own cells. It must never let numbers of two machines
stand in one file.
"""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.measure import Cell

_OF_THE_CELL = ("commit", "gorun")  # what may differ between the cells of one file


class Results:
    """What has been measured so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.measure = "overhead"  # wall time, or "cpu overhead"
        self.about: dict[str, str] = {}
        self.cells: dict[str, dict[str, Cell]] = {}
        self.scaling: dict[str, Any] = {}
        self.loop: dict[str, Any] = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                stored = json.load(file)
            self.about, self.cells = stored["about"], stored["cells"]
            self.scaling, self.loop = stored["scaling"], stored.get("loop", {})

    def measured_with(self, about: dict[str, str]) -> None:
        """Say what the next cells are measured with; cells of another machine go."""
        self._marks = {name: about[name] for name in _OF_THE_CELL}
        machine = {name: value for name, value in about.items() if name not in _OF_THE_CELL}
        if machine != self.about:
            self.about, self.cells, self.scaling, self.loop = machine, {}, {}, {}

    def put(self, workload: str, situation: str, cell: Cell) -> None:
        """Replace a cell, and write the file."""
        self.cells.setdefault(workload, {})[situation] = cell | self._marks
        self.write()

    def put_scaling(self, scaling: dict[str, Any]) -> None:
        """Replace what is known of scaling, and write the file."""
        self.scaling = scaling | self._marks
        self.write()

    def put_loop(self, loop: dict[str, Any]) -> None:
        """Replace what is known of watchers, and write the file."""
        self.loop = loop | self._marks
        self.write()

    def write(self) -> None:
        """Write the file."""
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        stored = {
            "about": self.about,
            "cells": self.cells,
            "scaling": self.scaling,
            "loop": self.loop,
        }
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(stored, file, indent=1)
            file.write("\n")

    # Questions. Each raises KeyError for what was not measured.

    def figures(self, workload: str, situation: str, way: str) -> Cell:
        """Return what was measured of a way."""
        ways: dict[str, Cell] = self.cells[workload][situation]["ways"]
        return ways[way]

    def by_cpu(self) -> Results:
        """Return the same results, asked for CPU time where they were for wall time."""
        other = copy.copy(self)
        other.measure = "cpu overhead"
        return other

    def overhead(self, workload: str, situation: str, way: str) -> float:
        """Return the median of seconds beyond the bare executable."""
        return float(self.figures(workload, situation, way)[self.measure][1])

    def ratio(self, workload: str, situation: str, way: str, to: str) -> float:
        """Return the ratio of two overheads."""
        return self.overhead(workload, situation, way) / self.overhead(workload, situation, to)
