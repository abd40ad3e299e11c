"""Which ways are timed in which situation of which workload.

Decides what a run costs: everything is timed where nothing has to be built, and where go links,
only what differs. It must never leave out a situation in which gorun looks bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks import situations, ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.situations import Situation
    from benchmarks.ways import Way

_PAIR = (ways.GORUN, ways.GO_RUN)
_FEW = (*_PAIR, ways.GO_BUILD, ways.CHECKSUM)
_ALL = (*_FEW, ways.TIMESTAMP, ways.DOIT, ways.MAKE)
_MEASURES = (ways.MEMORY, ways.PYTHON, ways.PYTHON_LOOP, ways.C_LOOP)
_ADAPTERS = (
    *(ways.GORUN, ways.EMPTY_NOX, ways.NOX, ways.EMPTY_INVOKE, ways.INVOKE),
    *(ways.EMPTY_DOIT, ways.DOIT_RUN),
)
_ASKED = (
    # The first one builds them all.
    *(ways.DOIT_ALL, ways.DOIT_ONE, ways.EMPTY_DOIT),
    *(ways.NOT_ASKED, ways.ASKED_ONE, ways.ASKED_ALL),
)
_LISTED = (
    *(ways.HAND_NOX, ways.ALL_NOX, ways.HAND_INVOKE, ways.ALL_INVOKE),
    *(ways.HAND_DOIT, ways.ALL_DOIT),
)

_TIMED: tuple[tuple[Situation, tuple[Way, ...]], ...] = (
    (situations.NOTHING, (*_ALL, *_MEASURES)),
    (situations.TOUCHED, _ALL),
    (situations.TOUCHED_TWICE, _ALL),
    (situations.MAIN_EDITED, _FEW),
    (situations.LEAF_EDITED, _FEW),
    (situations.UNDONE, _FEW),
    (situations.SWITCHED, _FEW),
    (situations.TOGGLED, _FEW),
    (situations.CLEANED, _FEW),
    (situations.STORE_COLD, _FEW),
    (situations.COLD, _PAIR),
)


class Job(NamedTuple):
    """One cell of the results, to be measured."""

    workload: str
    situation: Situation
    ways: tuple[Way, ...]


def jobs() -> Iterator[Job]:
    """Yield everything, the workloads from small to large."""
    for workload in ("hello", "wide", "real"):
        for situation, chosen in _TIMED:
            if workload != "hello" or situation is not situations.LEAF_EDITED:
                yield Job(workload, situation, chosen)
        if workload == "hello":
            yield Job(
                workload, situations.INSTALLED, (*ways.ALONE.values(), ways.GO_RUN, ways.PYTHON)
            )
        if workload != "wide":
            yield Job(workload, situations.RUNNERS, _ADAPTERS)
    yield Job("monorepo", situations.NOTHING, (*_FEW, *_MEASURES))
    yield Job("monorepo", situations.ASKED, _ASKED)
    yield Job("monorepo", situations.LISTED, _LISTED)
