"""What was wanted, beside what was measured (the tables of issues 4, 5 and 6).

Decides how each goal is computed from results. It must never leave out a goal that is missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import situations, watching, ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.results import Results
    from benchmarks.situations import Situation
    from benchmarks.ways import Way

_MIB = 1 << 20


class Goal(NamedTuple):
    """A goal: what, how much at most in which unit, and how it is computed."""

    what: str
    most: float
    unit: str  # "×", "ms", "MiB", or "" for a number of things
    value: Callable[[Results], float]


class Measured(NamedTuple):
    """A goal and what came of it; `value` is None where it was not measured."""

    goal: Goal
    value: float | None

    @property
    def met(self) -> bool:
        """Say whether it was reached."""
        return self.value is not None and self.value <= self.goal.most


def _of_go_run(workload: str, situation: Situation) -> Callable[[Results], float]:
    return lambda results: results.ratio(
        workload, situation.name, ways.GORUN.name, ways.GO_RUN.name
    )


def _installed(way: Way) -> Callable[[Results], float]:
    return lambda results: results.ratio(
        "hello", situations.INSTALLED.name, way.name, ways.GO_RUN.name
    )


def _of_floor(results: Results) -> float:
    """Return gorun against the C loop and a Python start."""

    def seconds(way: Way) -> float:
        return results.overhead("wide", situations.NOTHING.name, way.name)

    return seconds(ways.GORUN) / (seconds(ways.C_LOOP) + seconds(ways.PYTHON))


def _beyond(results: Results, workload: str, situation: Situation, way: Way, base: Way) -> float:
    name = situation.name
    return results.overhead(workload, name, way.name) - results.overhead(workload, name, base.name)


def _asked(everything: Way, one: Way, none: Way) -> Callable[[Results], float]:
    def value(results: Results) -> float:
        asked = (_beyond(results, "monorepo", situations.ASKED, w, none) for w in (everything, one))
        return next(asked) / next(asked)

    return value


def _adapter(way: Way, empty: Way, *, real: bool) -> Callable[[Results], float]:
    def value(results: Results) -> float:
        if not real:
            return 1000 * _beyond(results, "hello", situations.RUNNERS, way, empty)
        gorun = results.overhead("real", situations.RUNNERS.name, ways.GORUN.name)
        return _beyond(results, "real", situations.RUNNERS, way, empty) / gorun

    return value


def _memory(results: Results) -> float:
    return (
        float(results.figures("real", situations.NOTHING.name, ways.MEMORY.name)["memory"]) / _MIB
    )


_ADAPTERS = (
    ("nox -s run", ways.NOX, ways.EMPTY_NOX),
    ("invoke run", ways.INVOKE, ways.EMPTY_INVOKE),
    ("doit run:x", ways.DOIT_RUN, ways.EMPTY_DOIT),
)


_LISTS = (
    ("nox --list", ways.ALL_NOX, ways.HAND_NOX),
    ("invoke --list", ways.ALL_INVOKE, ways.HAND_INVOKE),
    ("doit list", ways.ALL_DOIT, ways.HAND_DOIT),
)


def _listed(found: Way, hand: Way) -> Callable[[Results], float]:
    return lambda results: 1000 * _beyond(results, "monorepo", situations.LISTED, found, hand)


def _goals_of_lists() -> Iterator[Goal]:
    for words, found, hand in _LISTS:
        what = f"{words} of 50 programs in 1,000 packages beyond the same written by hand"
        yield Goal(what, 30, "ms", _listed(found, hand))


def _goals_of_installs() -> Iterator[Goal]:
    for count, most in ((0, 0.33), (10, 0.36)):
        way = ways.ALONE[count]
        yield Goal(f"{situations.INSTALLED.name}, {way.name}", most, "×", _installed(way))


def _goals() -> Iterator[Goal]:
    nothing = situations.NOTHING
    for workload, most in (("hello", 0.28), ("real", 0.05), ("wide", 0.10)):
        yield Goal(f"{nothing.name}, {workload}", most, "×", _of_go_run(workload, nothing))
    yield from _goals_of_installs()
    yield Goal(
        f"{nothing.name}, wide, against a C loop over the same stats and one Python start",
        *(1.5, "×", _of_floor),
    )
    api = _asked(ways.ASKED_ALL, ways.ASKED_ONE, ways.NOT_ASKED)
    yield Goal("50 mains asked in one process against one of them, API", 2, "×", api)
    doit = _asked(ways.DOIT_ALL, ways.DOIT_ONE, ways.EMPTY_DOIT)
    yield Goal("50 mains asked in one process against one of them, doit", 2, "×", doit)
    for situation in (situations.UNDONE, situations.SWITCHED, situations.TOGGLED):
        for workload in ("real", "wide"):
            compute = _of_go_run(workload, situation)
            yield Goal(f"{situation.name}, {workload}", 0.10, "×", compute)
    yield Goal("one edit in main, real", 1.15, "×", _of_go_run("real", situations.MAIN_EDITED))
    for workload in ("real", "wide"):
        compute = _of_go_run(workload, situations.TOUCHED)
        yield Goal(f"{situations.TOUCHED.name}, {workload}", 1.1, "×", compute)
    twice = situations.TOUCHED_TWICE
    for workload, most in (("real", 0.05), ("wide", 0.10)):
        yield Goal(f"{twice.name}, {workload}", most, "×", _of_go_run(workload, twice))
    for workload in ("hello", "real", "wide"):
        compute = _of_go_run(workload, situations.COLD)
        yield Goal(f"{situations.COLD.name}, {workload}", 1.02, "×", compute)
    for words, way, empty in _ADAPTERS:
        compute = _adapter(way, empty, real=False)
        yield Goal(f"{words} beyond an empty one, hello", 15, "ms", compute)
    for words, way, empty in _ADAPTERS:
        compute = _adapter(way, empty, real=True)
        yield Goal(f"{words} beyond an empty one against gorun, real", 1.3, "×", compute)
    yield from _goals_of_lists()
    yield Goal("peak memory, nothing changed, real", 60, "MiB", _memory)
    for workload in ("real", "wide"):
        yield Goal(
            f"{nothing.name}, {workload}, against Task's checksum",
            *(1, "×"),
            lambda results, workload=workload: results.ratio(  # type: ignore[misc]
                workload, situations.NOTHING.name, ways.GORUN.name, ways.CHECKSUM.name
            ),
        )


def _of_watchers() -> Iterator[Goal]:
    for program, words in watching.WHAT.items():
        yield Goal(
            f"a save to the new program, beyond go build, {words}",
            *(60, "ms", _timed(lambda loop, program=program: watching.beyond_build(loop, program))),  # type: ignore[misc]
        )
    yield Goal("starts for a save, watched", 1, "", _timed(watching.restarts_a_save))
    yield Goal("needless restarts, against the best peer", -1, "", _timed(watching.against_peers))
    yield Goal("saves missed", 0, "", _timed(watching.counted("missed")))
    yield Goal("kills that left a process behind", 0, "", _timed(watching.counted("killed")))


def _timed(value: Callable[[dict[str, Any]], float]) -> Callable[[Results], float]:
    """Return what asks about watchers; nobody has counted their CPU time."""

    def ask(results: Results) -> float:
        if results.measure != "overhead":
            raise KeyError(results.measure)
        return value(results.loop)

    return ask


def measured(results: Results) -> list[Measured]:
    """Return every goal with what was measured."""

    def ask(goal: Goal) -> float | None:
        try:
            return goal.value(results)
        except KeyError:
            return None

    return [Measured(goal, ask(goal)) for goal in (*_goals(), *_of_watchers())]
