"""Builds that are shared where go.mod, or GOTOOLCHAIN, has go switch to another toolchain.

The other toolchain is fetched once per machine, by go.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.network.conftest import Remote
from tests.network.test_shared_builds import API, Machines
from tests.support.clock import let_the_clock_tick
from tests.support.machine_cache import machine_cache
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

OTHER = "go1.25.5"
"""A release that is no test's own."""


@pytest.fixture(scope="module")
def modules() -> Path:
    """Return a module cache with the toolchain."""
    with machine_cache("toolchains") as folder:
        asked = subprocess.run(
            [go_command(), "version"],
            env={**os.environ, "GOTOOLCHAIN": OTHER, "GOMODCACHE": str(folder), "GOFLAGS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
    if f" {OTHER} " not in asked.stdout:
        pytest.skip(f"needs {OTHER} from a module proxy: {asked.stderr.strip()}")
    return folder


@pytest.fixture
def pair(tmp_path: Path, modules: Path) -> Machines:
    """Return two machines of which the first one has built with the other toolchain."""
    pair = Machines(tmp_path, Remote(tmp_path))
    pair.first.environ |= {"GOTOOLCHAIN": OTHER, "GOMODCACHE": str(modules)}
    pair.build(*API)
    return pair


def test_who_switches_as_well_fetches(pair: Machines, modules: Path) -> None:
    pair.second.environ |= {"GOTOOLCHAIN": OTHER, "GOMODCACHE": str(modules)}
    assert pair.asked(*API) == "fetched"


def test_who_does_not_switch_builds(pair: Machines) -> None:
    pair.download()
    assert pair.second.outcome(*API)[0] == "built"


def test_a_toolchain_that_is_not_here_is_as_no_go(pair: Machines, modules: Path) -> None:
    """Nothing is downloaded; and it counts as soon as it is here."""
    second = pair.second
    second.environ |= {"GOTOOLCHAIN": OTHER, "GOPROXY": "off"}
    assert second.outcome(*API)[0] == "fetched"
    assert not (second.folder.parent / "home/go").exists()
    assert second.outcome(*API)[0] == "current"
    second.environ["GOTOOLCHAIN"] = "go1.25.4"
    assert second.gorun(*API).rc == 125
    second.environ["GOTOOLCHAIN"] = OTHER
    assert second.outcome(*API)[0] == "current"
    (toolchain,) = modules.glob("golang.org/toolchain@*")
    place = second.folder.parent / "home/go/pkg/mod/golang.org"
    place.mkdir(parents=True)
    (place / toolchain.name).symlink_to(toolchain)
    let_the_clock_tick()
    outcome, because, _ = second.outcome(*API)
    assert outcome == "fetched"
    assert because[0].endswith("/bin/go appeared")
