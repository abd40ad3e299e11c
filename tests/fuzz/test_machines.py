"""Two machines that share builds, while their trees and surroundings change: the short run.

Decides how long that is; `machines` says what may differ, and what is counted. `python -m
tests.fuzz --machines` is the long run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system.find_go import real_go
from tests.fuzz import model
from tests.fuzz.machines import Machines, MachinesTally, MachinesWalk
from tests.support.goroot import goroot_with_edited_embed
from tests.support.workshop import Workshop, go_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.oracle import Caches

_KINDS = ("module", "download", "workspace", "user", "vendor")
_MUTATIONS = 40  # of each kind
_LEAST = 0.3  # of the looks have to be hits, or nothing is shown


@pytest.fixture
def toolchains(tmp_path: Path) -> tuple[str, str]:
    """Return the go that tests use, and one of which the standard library is another."""
    shop = Workshop(tmp_path, {"go.mod": "module example.com/none\n"})
    real = os.path.realpath(real_go(go_command()))
    shop.environ["GORUN_GO"] = real
    goroot_with_edited_embed(shop)
    return real, f"{tmp_path}/goroot/bin/go"


# gorun leaves the pipes to go for the garbage collector to close.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("go")
def test_what_a_machine_fetches_is_what_go_would_build_there(
    tmp_path: Path,
    caches: Caches,
    toolchains: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith("GO")]:
        monkeypatch.delenv(name)
    # For these the standard library would be compiled anew.
    kept = [one for one in model.ENVIRONMENT if one[0] not in ("GOAMD64", "GOOS")]
    monkeypatch.setattr(model, "ENVIRONMENT", tuple(kept))
    tally = MachinesTally()
    for seed, kind in enumerate(_KINDS):
        machines = Machines(
            str(tmp_path), caches, tally, toolchains=toolchains, seed=seed, kind=kind
        )
        walk = MachinesWalk(machines, seed)
        while tally.mutations.total() < _MUTATIONS * (seed + 1):
            failure = machines.take(walk.next())
            assert failure is None, "\n".join(machines.told)
    assert tally.hits >= _LEAST * tally.looks, tally.report()
