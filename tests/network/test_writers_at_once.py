"""Several machines that publish builds of one program at once, where the place cannot tell.

Neither HTTP caches nor the Remote Execution API have a write that depends on what is there. So of
two that write an index at once one may lose its entry: nobody gets a wrong program, and who lost it
publishes it again.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.place import Digest
from tests.network.conftest import Remote, remote_of
from tests.network.test_runs_in_trouble import files
from tests.support.clock import let_the_clock_tick
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gorun_tasks.storage.remote.place import Result

pytestmark = pytest.mark.usefixtures("go")

PATIENT = (
    "from gorun_tasks.storage.remote import deadline\n"
    "deadline.LIMITS = deadline.Limits(300, 300)\n"
    "from gorun_tasks.main import main\n"
    "main()"
)
"""gorun, which waits for a server however busy this machine is."""

WORDS = ("one", "two", "three", "four")
"""What the programs of the machines say: each builds another content under the same weak key."""


@pytest.fixture(params=["bazel-remote", "bazel-remote by gRPC"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Remote]:
    with remote_of(request, tmp_path) as remote:
        yield remote


class Machine:
    """A checkout, with a store of its own."""

    def __init__(self, folder: Path, word: str, remote: Remote) -> None:
        folder.mkdir()
        self.shop = Workshop(folder, files(word))
        self.shop.environ["CGO_ENABLED"] = "0"
        self.remote = remote

    def build(self) -> None:
        assert self._gorun({}).startswith(". built ")

    def publish(self) -> None:
        assert self._gorun(self.remote.writing()).startswith(". current")

    def fetch(self) -> bool:
        """Build as on a machine with a new store; return whether it was fetched instead."""
        self.shop.without_store()
        return self._gorun(self.remote.variables()).startswith(". fetched ")

    def _gorun(self, variables: dict[str, str]) -> str:
        """Build; return what is said of it."""
        command = [sys.executable, "-c", PATIENT, "-trimpath", "--build", "."]
        result = self.shop.execute(command, env=variables)
        assert result.rc == 0, result
        assert "remote" not in result.err, result
        return " ".join(result.out.split())


@pytest.fixture
def machines(tmp_path: Path, remote: Remote) -> list[Machine]:
    machines = [Machine(tmp_path / word, word, remote) for word in WORDS]
    let_the_clock_tick()
    for machine in machines:
        machine.build()
    return machines


def index_of(remote: Remote) -> tuple[Digest, Result]:
    """Return the key of the only program's index, and what it leads to."""
    place = remote.reader()
    keys = [Digest(path.name[:64], 1) for path in (remote.root / "ac.v2").glob("*/*")]
    found = {key: place.result(key) for key in keys}
    ((key, result),) = [(key, one) for key, one in found.items() if one and "index" in one.files]
    return key, result


def test_an_entry_that_another_writer_undid_is_published_again(
    remote: Remote, machines: list[Machine]
) -> None:
    """That one had read the index before, and wrote it after the entry was in it."""
    one, two = machines[:2]
    one.publish()
    key, before = index_of(remote)
    two.publish()
    remote.writer().put_result(key, before)
    assert not Machine(two.shop.folder.parent / "reader", WORDS[1], remote).fetch()
    two.publish()
    assert two.fetch()
    assert one.fetch()


def test_of_four_that_publish_at_once_all_is_found_once_each_has_published_again(
    machines: list[Machine],
) -> None:
    with ThreadPoolExecutor(len(machines)) as workers:
        for publishing in [workers.submit(machine.publish) for machine in machines]:
            publishing.result()
    for machine in machines:
        machine.publish()
    assert [machine.fetch() for machine in machines] == [True] * len(machines)
