"""Tables of results: for the terminal, and as Markdown for README and docs.

Decides what a person reads first: the overhead in milliseconds. It must never round a way into
another way's place, nor hide that one started a stale program (†).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from benchmarks import situations, watching, ways
from benchmarks.goals import measured

if TYPE_CHECKING:
    from benchmarks.goals import Measured
    from benchmarks.measure import Cell
    from benchmarks.results import Results

_STALE = "†"
_BY_WAY = [
    each.name
    for each in (
        *(situations.NOTHING, situations.INSTALLED, situations.RUNNERS),
        *(situations.ASKED, situations.LISTED),
    )
]


def terminal(workload: str, situation: str, cell: Cell) -> str:
    """Return the table of one cell."""
    head = f"{workload}: {situation} ({cell['rounds']} rounds, load {cell['load'][0]})"
    line = f"{'':34}{'overhead':>12}{'middle half':>18}{'of go run':>11}{'CPU':>12}{'peak':>10}"
    lines = [head, line]
    for way, figures in cell["ways"].items():
        low, middle, high = (1000 * seconds for seconds in figures["overhead"])
        half = f"{low:.1f}-{high:.1f} ms"
        rival = cell["ways"].get(ways.GO_RUN.name)
        share = f"{figures['overhead'][1] / rival['overhead'][1]:.3f} ×" if rival else ""
        lines.append(
            f"{way + (_STALE if figures['stale'] else ''):34}{middle:>9.1f} ms{half:>18}{share:>11}"
            f"{1000 * figures['cpu overhead'][1]:>9.1f} ms{figures['memory'] / 2**20:>6.0f} MiB"
        )
    return "\n".join(lines) + "\n"


def goals(results: Results) -> str:
    """Return the goals, for the terminal."""
    lines = [f"{'goal':82}{'at most':>10}{'measured':>11}{'by CPU':>11}"]
    for each, cpu in zip(measured(results), measured(results.by_cpu()), strict=True):
        numbers = f"{_limit(each):>10}{_value(each):>11}{_value(cpu):>11}"
        lines.append(f"{each.goal.what:82}{numbers}  {_verdict(each).upper()}".rstrip())
    return "\n".join(lines) + "\n"


def _verdict(each: Measured) -> str:
    return "" if each.value is None else "reached" if each.met else "not reached"


def _limit(each: Measured) -> str:
    return f"{each.goal.most:g} {each.goal.unit}".rstrip()


def _value(each: Measured) -> str:
    if each.value is None:
        return "-"
    if not each.goal.unit:
        return f"{each.value:g}"
    digits = 1 if each.goal.unit in ("ms", "MiB") else 2 if each.value >= 1 else 3
    return f"{each.value:.{digits}f} {each.goal.unit}"


_SHOWN = (
    *(ways.GORUN, ways.GO_RUN, ways.GO_BUILD, ways.CHECKSUM, ways.TIMESTAMP, ways.DOIT),
    ways.MAKE,
)
WHAT = {
    "hello": "hello world",
    "real": "moby's dockerd, 2,060 packages",
    "wide": "generated, 9,000 files of its own",
    "monorepo": "one of 50 mains that share 1,000 packages",
}


def readme(results: Results) -> str:
    """Return the table of README: nothing changed."""
    shown = [way for way in _SHOWN if _anywhere(results, way.name)]
    lines = [
        "| nothing changed | " + " | ".join(way.name for way in shown) + " |",
        "| --- |" + " ---: |" * len(shown),
    ]
    for workload, words in WHAT.items():
        cell = results.cells.get(workload, {}).get(situations.NOTHING.name)
        if cell:
            numbers = (_number(cell, way.name) for way in shown)
            lines.append(f"| {words} | " + " | ".join(numbers) + " |")
    if results.loop:
        lines += ["", watching.readme(results.loop)]
    return "\n".join(lines)


def details(results: Results, name: str) -> str:
    """Return all tables of the documentation's page, what most came for first.

    Pictures beside it are called by `name`.
    """
    about = results.about
    machine = (
        f"Measured with go {about['go']}, Python {about['python']}, Task {about['task']}, "
        f"GNU make {about['make']} and doit {about['doit']}, on {about['cores']} cores of "
        f"{about['processor']}, {about['system']}."
    )
    parts = [f"![Overhead of an unchanged program]({name}.svg)\n", readme(results), f"\n{machine}"]
    for workload, words in WHAT.items():
        cells = results.cells.get(workload, {})
        if cells:
            parts.append(f"\n## {words[0].upper()}{words[1:]} ({workload})\n\n{_tables(cells)}")
    if results.scaling:
        picture = f"![Overhead over the number of input files]({name}-scaling.svg)"
        parts.append(f"\n## Growth with the number of files\n\n{picture}\n\n{growth(results)}")
    if results.loop:
        parts.append(f"\n## Watching\n\n{watching.tables(results.loop)}")
    parts.append("\n## Goals\n\n| goal | at most | measured | by CPU time | |")
    parts.append("| --- | ---: | ---: | ---: | --- |")
    for each, cpu in zip(measured(results), measured(results.by_cpu()), strict=True):
        numbers = f"{_limit(each)} | {_value(each)} | {_value(cpu)}"
        parts.append(f"| {each.goal.what} | {numbers} | {_verdict(each)} |")
    return "\n".join(parts)


def growth(results: Results) -> str:
    """Return how overhead grows with the number of input files, and what that means."""
    points, fits = results.scaling["points"], results.scaling["lines"]
    names = list(fits)
    lines = [
        f"| input files | {' | '.join(names)} | gorun of go run |",
        "| ---: |" + " ---: |" * (len(names) + 1),
    ]
    for point in points:
        seconds = point["overhead"]
        share = seconds[ways.GORUN.name] / seconds[ways.GO_RUN.name]
        numbers = " | ".join(f"{1000 * seconds[name]:,.1f} ms" for name in names)
        lines.append(f"| {point['inputs']:,} | {numbers} | {share:.3f} × |")
    slopes = (f"{1e6 * fits[name]['slope']:.1f} µs" for name in names)
    lines.append(f"| **each file more** | {' | '.join(slopes)} | |")
    start, slope = (fits[ways.GORUN.name][part] for part in ("start", "slope"))
    noticed, waited = (f"{round((limit - start) / slope, -3):,.0f}" for limit in (0.1, 1))
    sentence = (
        f"A person notices a delay from a tenth of a second on: gorun takes that for {noticed} "
        f"input files, and a second for {waited}. Beyond that only a watcher could be quicker, "
        "since it is told of changes."
    )
    lines += ["", sentence]
    return "\n".join(lines)


def _tables(cells: dict[str, Cell]) -> str:
    """Return one table of all situations in which something happened, and one for each other."""
    alike = {s: c for s, c in cells.items() if s not in _BY_WAY and ways.GO_RUN.name in c["ways"]}
    tables = [_by_way(situation, cells[situation]) for situation in _BY_WAY if situation in cells]
    return "\n\n".join([*tables, *([_by_situation(alike)] if alike else [])])


def _by_way(situation: str, cell: Cell) -> str:
    lines = [
        f"| {situation} ({_trust(cell)}) | overhead in ms | CPU time in ms | peak memory |",
        "| --- | ---: | ---: | ---: |",
    ]
    for way, figures in cell["ways"].items():
        if way != ways.BARE.name:
            cpu = f"{1000 * figures['cpu overhead'][1]:,.1f}"
            memory = f"{figures['memory'] / 2**20:.0f} MiB"
            lines.append(f"| {way} | {_number(cell, way)} | {cpu} | {memory} |")
    return "\n".join(lines)


def _by_situation(cells: dict[str, Cell]) -> str:
    shown = [w.name for w in _SHOWN if any(w.name in cell["ways"] for cell in cells.values())]
    lines = [
        f"| overhead in ms | {' | '.join(shown)} | gorun of go run | |",
        "| --- |" + " ---: |" * (len(shown) + 2),
    ]
    for situation, cell in cells.items():
        rival = cell["ways"][ways.GO_RUN.name]["overhead"][1]
        share = cell["ways"][ways.GORUN.name]["overhead"][1] / rival
        numbers = " | ".join(_number(cell, way) for way in shown)
        lines.append(f"| {situation} | {numbers} | {share:.3f} × | {_trust(cell)} |")
    return "\n".join(lines)


def _trust(cell: Cell) -> str:
    return f"{cell['rounds']} rounds, load {cell['load'][0]:.1f}"


def _number(cell: Cell, way: str) -> str:
    figures = cell["ways"].get(way)
    if figures is None:
        return ""
    milliseconds = 1000 * figures["overhead"][1]
    digits = 1 if milliseconds < 100 else 0
    return f"{milliseconds:,.{digits}f}{_STALE if figures['stale'] else ''}"


def _anywhere(results: Results, way: str) -> bool:
    cells = (cells.get(situations.NOTHING.name) for cells in results.cells.values())
    return any(cell and way in cell["ways"] for cell in cells)


def replace_between_marks(path: str, text: str, by: str = "nox -s bench") -> None:
    """Put text between the two marks of a Markdown file. A file without marks is left alone."""
    begin, end = f"<!-- benchmark: written by {by} -->", "<!-- benchmark: end -->"
    with open(path, encoding="utf-8") as file:
        before, mark, rest = file.read().partition(begin)
    _, other_mark, after = rest.partition(end)
    if not (mark and other_mark):
        raise ValueError(f"{os.path.basename(path)} has no place for the benchmark's table")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{text.strip()}\n{end}{after}")
