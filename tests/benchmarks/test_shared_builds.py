"""The table of shared builds has a figure in each cell, whichever programs were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import sharing
from benchmarks.measure import Lap
from benchmarks.network import FARTHEST, LOOPBACK, NETWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

MEASURED = {
    *("cold", "nothing to publish", "published", "published again", "current", "bare", "modules"),
    *("beside go", "beside go, from the disk", "built", "missed and built"),
    *("no server", "silent", "silent again", *(network.name for network in NETWORKS)),
    *(
        f"{what}{by}"
        for what in ("published", "built", "missed and built", LOOPBACK.name, FARTHEST.name)
        for by in sharing.GRPC.values()
    ),
}


def stored(name: str) -> dict[str, Any]:
    figures = sharing.Figures(name)
    for number, what in enumerate(sorted(MEASURED), 1):
        for seconds in (1.0, number, 1000.0):
            figures.note(what, Lap(0, seconds, seconds / 2, 0, "", ""))
    figures.round_trips = {"fetched": 6, "missed": 3, "published": 22}
    figures.sizes = [2_000_000 + 1_000_000 * n for n in range(6)]
    about = {"go": "1.27.3", "python": "3.11", "cores": "2", "processor": "any"}
    return {**figures.stored(), "load": 1.0, "about": about}


@pytest.mark.parametrize("names", [["hello"], ["dockerd", "hello"], list(sharing.WORKLOADS)])
def test_each_row_has_a_cell_for_each_program(names: Sequence[str]) -> None:
    text = sharing.markdown({name: stored(name) for name in names})
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count(" | ") for row in rows} == {len(names)}
    assert "| round trips of a miss | 3 |" in text
    assert "| each of 5 more commits, MB | 1.0 |" in text
