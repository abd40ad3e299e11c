"""Pictures of results: bars of what an unchanged program costs, lines of how it grows.

Decides what a person sees at a glance. SVG that takes the colours of a light or a dark page by
itself. It must never cut a bar or an axis so that a difference looks other than it is: the bars
of a workload share one scale that begins at nothing, and the lines' axes are logarithmic.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from benchmarks import situations, ways
from benchmarks.text import WHAT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.results import Results

_STYLE = """\
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.quiet { fill: #57606a; font-size: 12px }
.title { font-weight: 600; font-size: 14px }
.bar { fill: #8c959f } .ours { fill: #0a7f5a } .floor { fill: #c9d1d9 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke-width: 2.5; stroke: #8c959f }
.line.ours { stroke: #0a7f5a; fill: none } .line.floor { stroke: #bf8700; fill: none }
.dot.floor { fill: #bf8700 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .quiet { fill: #9198a1 }
.bar { fill: #6e7681 } .ours { fill: #2fbf8f } .floor { fill: #3d444d }
.grid { stroke: #3d444d }
.line { stroke: #6e7681 } .line.ours { stroke: #2fbf8f } .line.floor { stroke: #d29922 }
.dot.floor { fill: #d29922 }
}
</style>"""

_SHOWN = (
    *(ways.PYTHON, ways.GORUN, ways.GO_RUN, ways.CHECKSUM, ways.TIMESTAMP, ways.MAKE, ways.DOIT),
    ways.GO_BUILD,
)
_WIDTH, _LEFT, _ROW = 760, 170, 20


def bars(results: Results) -> str:
    """Return the picture of an unchanged program's overhead, "" where nothing was measured."""
    parts: list[str] = []
    y = 24
    for workload, words in WHAT.items():
        cell = results.cells.get(workload, {}).get(situations.NOTHING.name)
        if cell is None:
            continue
        parts.append(f'<text class="title" x="12" y="{y}">{escape(words)}</text>')
        shown = [way for way in _SHOWN if way.name in cell["ways"]]
        most = max(results.overhead(workload, situations.NOTHING.name, w.name) for w in shown)
        for way in shown:
            y += _ROW
            seconds = results.overhead(workload, situations.NOTHING.name, way.name)
            parts += _bar(way.name, seconds, seconds / most, y)
        y += 34
    if not parts:
        return ""
    title = "What it costs to start an unchanged program, beyond the program itself"
    return _svg(title, y - 10, [f'<g transform="translate(0 26)">{"".join(parts)}</g>'])


def _bar(name: str, seconds: float, share: float, y: int) -> list[str]:
    width = max(1.0, share * (_WIDTH - _LEFT - 150))
    kind = {ways.GORUN.name: "ours", ways.PYTHON.name: "floor"}.get(name, "bar")
    return [
        f'<text x="{_LEFT - 8}" y="{y}" text-anchor="end">{escape(name)}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{y - 12}" width="{width:.1f}" height="15" rx="2"/>',
        f'<text x="{_LEFT + width + 8:.1f}" y="{y}">{_words(seconds)}</text>',
    ]


def _words(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{1000 * seconds:.3g} ms"


_HEIGHT = 340
_TOP, _BOTTOM, _RIGHT = 50, 310, 590
_KINDS = {ways.GORUN.name: "ours", ways.C_LOOP.name: "floor", ways.GO_RUN.name: "bar"}


def lines(results: Results) -> str:
    """Return the picture of overhead over input files, "" where it was not measured."""
    points = results.scaling.get("points", [])
    if not points:
        return ""
    counts = [point["inputs"] for point in points]
    times = [1000 * seconds for point in points for seconds in point["overhead"].values()]
    across = _Axis(min(counts), max(counts), 60, _RIGHT)
    up = _Axis(min(times), max(times), _BOTTOM, _TOP)
    parts = []
    for count in across.marks():
        x = across.at(count)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_BOTTOM}"/>')
        parts.append(_label(f"{count:,}", x, _BOTTOM + 18, "middle"))
    for time in up.marks():
        y = up.at(time)
        parts.append(f'<line class="grid" x1="60" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_label(_words(time / 1000), 52, y + 4, "end"))
    parts.append(_label("input files", (60 + _RIGHT) / 2, _BOTTOM + 38, "middle"))
    for name, kind in _KINDS.items():
        drawn = [
            (across.at(point["inputs"]), up.at(1000 * point["overhead"][name]))
            for point in points
            if name in point["overhead"]
        ]
        if drawn:
            slope = 1e6 * results.scaling["lines"][name]["slope"]
            parts += _line(name, f"{slope:.1f} µs a file", kind, drawn)
    return _svg("Overhead of an unchanged program over its number of input files", _HEIGHT, parts)


def _label(words: str, x: float, y: float, anchor: str) -> str:
    return f'<text class="quiet" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def _line(name: str, slope: str, kind: str, points: list[tuple[float, float]]) -> Iterable[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline class="line {kind}" points="{path}"/>'
    for x, y in points:
        yield f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    x, y = points[-1]
    words = f"{name.partition(' over')[0]}, {slope}"
    yield f'<text x="{x + 10:.1f}" y="{y + 4:.1f}">{escape(words)}</text>'


class _Axis:
    """A logarithmic axis between two places of the picture."""

    def __init__(self, least: float, most: float, start: float, end: float) -> None:
        self._low, self._high = math.log10(least), math.log10(most)
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)

    def marks(self) -> list[int]:
        powers = range(math.ceil(self._low), math.floor(self._high) + 1)
        return [10**power for power in powers if power >= 0]


def _svg(title: str, height: int, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height + 26}" '
        f'role="img" aria-label="{escape(title)}">\n{_STYLE}\n'
        f'<text class="title" x="12" y="22">{escape(title)}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
