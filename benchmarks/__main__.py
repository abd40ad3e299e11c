"""`python -m benchmarks`: measure, and write it down."""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks import chart, text, watching, workloads
from benchmarks.kit import REPOSITORY, Kit
from benchmarks.loop import QUICK, Extent, measure_loop
from benchmarks.measure import Stopwatch, measure
from benchmarks.plan import Job, jobs
from benchmarks.results import Results
from benchmarks.scaling import measure_scaling
from benchmarks.scene import Scene

LATEST = f"{REPOSITORY}/benchmarks/results/latest.json"


def main() -> None:
    """Measure what the command line asks for."""
    options = _options()
    results = Results(options.json)
    chosen = [job for job in jobs() if _is_chosen(job, options)]
    if not options.render:
        kit = Kit()
        results.measured_with(kit.about())
        with Stopwatch(kit.python) as stopwatch:
            _measure(kit, stopwatch, results, chosen, options)
            if options.scaling:
                results.put_scaling(measure_scaling(kit, stopwatch))
        if options.loop:
            results.put_loop(measure_loop(kit, QUICK if options.quick else Extent()))
    if results.scaling:
        print(text.growth(results), end="\n\n")
    if results.loop:
        print(watching.tables(results.loop), end="\n\n")
    sys.stdout.write(text.goals(results))
    _write_down(results, publish=options.publish)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Compare gorun with its peers on this machine."
    )
    names = sorted({job.situation.name for job in jobs()})
    parser.add_argument("--workload", action="append", choices=sorted(workloads.ALL))
    parser.add_argument(
        "--situation", action="append", metavar="WORDS", help=f"part of: {'; '.join(names)}"
    )
    parser.add_argument("--rounds", type=int, help="exactly so many, however long they take")
    parser.add_argument(
        "--brief", action="store_true", help="fewer rounds: everything in less than half the time"
    )
    parser.add_argument("--quick", action="store_true", help="hello, a few rounds: does it work?")
    parser.add_argument(
        "--scaling", action=argparse.BooleanOptionalAction, help="up to 100,000 files"
    )
    parser.add_argument(
        "--loop", action=argparse.BooleanOptionalAction, help="watchers, and nothing else"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing, write anew")
    parser.add_argument(
        "--json", default=LATEST, help="the results; cells measured now are replaced"
    )
    parser.add_argument(
        "--publish", action=argparse.BooleanOptionalAction, help="write README.md and docs/ too"
    )
    options = parser.parse_args()
    options.only_loop = options.loop and not (options.workload or options.situation)
    everything = not (options.workload or options.situation or options.quick or options.loop)
    if options.publish is None:
        options.publish = everything and options.json == LATEST
    if options.scaling is None:
        options.scaling = everything
    if options.loop is None:
        options.loop = everything
    if options.quick:
        options.workload = options.workload or ["hello"]
        options.situation = options.situation or ["nothing changed", "one edit in main"]
        options.rounds = options.rounds or 3
    return options


def _is_chosen(job: Job, options: argparse.Namespace) -> bool:
    if options.only_loop:
        return False
    return (not options.workload or job.workload in options.workload) and (
        not options.situation or any(words in job.situation.name for words in options.situation)
    )


def _measure(
    kit: Kit, stopwatch: Stopwatch, results: Results, chosen: list[Job], options: argparse.Namespace
) -> None:
    for workload in dict.fromkeys(job.workload for job in chosen):
        scene = Scene(kit, workloads.ALL[workload](kit), stopwatch)
        for job in chosen:
            if job.workload == workload:
                situation = job.situation.brief() if options.brief else job.situation
                if options.rounds:
                    rounds = options.rounds
                    situation = situation._replace(rounds=rounds, least=rounds)
                cell = measure(scene, situation, job.ways)
                results.put(workload, situation.name, cell)
                print(text.terminal(workload, situation.name, cell), flush=True)
        scene.close()


def _write_down(results: Results, *, publish: bool) -> None:
    """Write pictures and Markdown beside the JSON file, or where people read them."""
    beside = os.path.splitext(results.path)[0]
    pictures = {"": chart.bars(results), "-scaling": chart.lines(results)}
    name = f"{REPOSITORY}/docs/benchmarks" if publish else beside
    for suffix, picture in pictures.items():
        if picture:
            with open(f"{name}{suffix}.svg", "w", encoding="utf-8") as file:
                file.write(picture)
    if publish:
        text.replace_between_marks(f"{REPOSITORY}/README.md", text.readme(results))
        text.replace_between_marks(f"{name}.md", text.details(results, "benchmarks"))
    else:
        with open(f"{beside}.md", "w", encoding="utf-8") as file:
            details = text.details(results, os.path.basename(beside))
            file.write(f"{text.readme(results)}\n\n{details}\n")


if __name__ == "__main__":
    main()
