"""Runs that fetch and publish while a place is in trouble: each ends as `go run` would.

At each request in turn, and with disks that are full, and with many at once: the right program
runs, with at most one line of ours before it, nothing is left behind, and the next run is right.
"""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.messages import digest_of
from tests.support.clock import let_the_clock_tick
from tests.support.http_cache import http_cache
from tests.support.seeded_store import seed
from tests.support.unlucky_server import KINDS, Trouble, unlucky_server
from tests.support.workshop import Workshop, needs_mounts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.network.conftest import Remote
    from tests.support.place import Result

pytestmark = pytest.mark.usefixtures("go")

HASTY = (
    "from gorun_tasks.storage.remote import deadline\n"
    "deadline.LIMITS = deadline.Limits(0.3, 0.3)\n"
    "from gorun_tasks.main import main\n"
    "main()"
)
"""gorun, to which a server that hangs costs less of the tests' time."""

STATUS = 3


def files(word: str) -> dict[str, str]:
    return {
        "go.mod": "module example.com/tiny\n\ngo 1.24\n",
        "main.go": (
            'package main\n\nimport "os"\n\n'
            f'func main() {{ println("{word}"); os.Exit({STATUS}) }}\n'
        ),
    }


class Machine:
    """A checkout with a store of its own that is started anew again and again."""

    def __init__(self, folder: Path, word: str = "first") -> None:
        folder.mkdir()
        self.word = word
        self.shop = Workshop(folder, files(word))
        self.shop.environ["CGO_ENABLED"] = "0"

    def forget(self) -> None:
        """Begin with a new store."""
        shutil.rmtree(self.shop.store)
        seed(self.shop.store)

    def __call__(self, url: str, *words: str, writes: bool = False) -> Result:
        environ = {"GORUN_REMOTE": url, "GORUN_REMOTE_WRITE": "1" if writes else ""}
        command = [sys.executable, "-c", HASTY, *words, "-trimpath", "."]
        return self.shop.execute(command, env=environ)

    def build(self) -> None:
        """Have it built here."""
        assert self("").rc == STATUS
        assert self("", "--why").rc == 0

    def assert_ran(self, result: Result) -> None:
        """Assert that the program ran as it should, and that nothing was left behind."""
        *ours, word = result.err.splitlines()
        assert (result.rc, result.out, word) == (STATUS, "", self.word), result
        assert len(ours) <= 1, ours
        assert all(line.startswith("gorun: ") for line in ours), ours
        self.assert_tidy()

    def assert_tidy(self) -> None:
        """Assert that nothing was left behind, and each executable is what its name says."""
        assert self.shop.leftovers() == []
        for path in self.shop.executables():
            assert digest_of(path.read_bytes()).hash == path.parent.name

    def assert_published(self, result: Result) -> None:
        """Assert that publishing ended well, whatever became of it."""
        ours = result.err.splitlines()
        assert (result.rc, len(ours) <= 1) == (0, True), result
        assert all(line.startswith("gorun: remote cache: ") for line in ours), ours
        self.assert_tidy()


def assert_only_named(root: Path) -> None:
    """Assert that a place has nothing but results and contents."""
    names = {path.name for path in root.rglob("*") if path.is_file()}
    assert {len(name) for name in names} <= {len(digest_of(b"").hash)}, names


@pytest.fixture(scope="module")
def writer(go: None, tmp_path_factory: pytest.TempPathFactory) -> Machine:  # noqa: ARG001
    """Return a machine that has built "first"."""
    writer = Machine(tmp_path_factory.mktemp("machines") / "writer")
    writer.build()
    return writer


@pytest.fixture
def reader(tmp_path: Path) -> Machine:
    """Return another one, for which the clock has ticked."""
    reader = Machine(tmp_path / "reader")
    let_the_clock_tick()
    return reader


@pytest.fixture(scope="module")
def published(writer: Machine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an HTTP cache's folder in which "first" is."""
    folder = tmp_path_factory.mktemp("published")
    with http_cache(folder) as server:
        done = writer(server.url, "--build", writes=True)
    assert (done.rc, done.err) == (0, ""), done
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_each_request_of_a_fetch_meets_trouble(
    tmp_path: Path, published: Path, reader: Machine, kind: str
) -> None:
    for number in itertools.count(1):
        folder = tmp_path / str(number)
        shutil.copytree(published, folder)
        trouble = Trouble(kind, number)
        reader.forget()
        with unlucky_server(folder, trouble) as server:
            reader.assert_ran(reader(server.url))
        if not trouble.has_happened:
            break
        assert reader("") == (STATUS, "", "first\n")
    assert number == 6, "a fetch makes five requests"


def test_a_miss_makes_two_requests(published: Path, reader: Machine) -> None:
    """Each is a round trip, and so is the connection: four is what a miss may cost."""
    reader.shop.edit("main.go", '"first"', '"other"')
    reader.word = "other"
    with http_cache(published) as server:
        reader.assert_ran(reader(server.url))
        assert [request[:6] for request, _ in server.requests] == ["GET /a", "GET /c"]


def test_each_request_of_publishing_meets_trouble(
    tmp_path: Path, writer: Machine, reader: Machine
) -> None:
    """Of one kind after the other: what is there then is never a wrong program."""
    for number in itertools.count(1):
        folder = tmp_path / str(number)
        folder.mkdir()
        trouble = Trouble(KINDS[number % len(KINDS)], number)
        with unlucky_server(folder, trouble) as server:
            writer.assert_published(writer(server.url, "--build", writes=True))
        shutil.rmtree(writer.shop.store / "v1/remote", ignore_errors=True)  # when it failed
        assert_only_named(folder)
        if trouble.kind in ("lies", "evicts"):  # else there is only less
            reader.forget()
            with http_cache(folder) as server:
                reader.assert_ran(reader(server.url))
        if not trouble.has_happened:
            break
    assert number > 10, "publishing makes more than ten requests"


@contextmanager
def small_disk(path: Path, size: int) -> Iterator[None]:
    """Have a folder on a disk of its own, of so many bytes, while this lasts."""
    path.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(path)]
    subprocess.run(words, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@needs_mounts
@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_place_with_a_full_disk(
    tmp_path: Path, writer: Machine, reader: Machine, published: Path, share: float
) -> None:
    """Of what is published there is room for such a share."""
    place = tmp_path / "place"
    with small_disk(place, int(size_of(published) * share)):
        result = writer(f"file://{place}", "--build", writes=True)
        assert "No space left on device; what is built here is not shared" in result.err
        writer.assert_published(result)
        assert_only_named(place)
        reader.assert_ran(reader(f"file://{place}"))


@needs_mounts
@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_store_with_a_full_disk(reader: Machine, published: Path, share: float) -> None:
    """Beside what each store has there is room for such a share of what is published."""
    store = reader.shop.store
    size = size_of(store) + int(size_of(published) * share)
    shutil.rmtree(store)
    with small_disk(store, size), http_cache(published) as server:
        seed(store)
        for _ in range(2):
            reader.assert_ran(reader(server.url))


def size_of(folder: Path) -> int:
    """Return how much of a disk a folder takes."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))


@pytest.mark.parametrize("unchecked", ["folder", "plain"], indirect=True)
def test_many_read_and_write_while_others_evict(unchecked: Remote, tmp_path: Path) -> None:
    """16 readers, 4 writers, one eviction: each reader runs its program, whoever built it."""
    url = unchecked.variables()["GORUN_REMOTE"]
    words = ("one", "two", "three", "four")
    writers = [Machine(tmp_path / word, word) for word in words]
    readers = [Machine(tmp_path / f"{word}-{n}", word) for word in words for n in range(4)]
    let_the_clock_tick()
    for machine in writers:
        machine.build()
    done = threading.Event()

    def evict() -> None:
        chance = random.Random(16)
        while not done.wait(0.01):
            contents = [path for path in (unchecked.root / "cas").rglob("*") if path.is_file()]
            for path in contents and [chance.choice(contents)]:
                path.unlink(missing_ok=True)

    def write(machine: Machine) -> None:
        for _ in range(4):
            machine.assert_published(machine(url, "--build", writes=True))

    def read(machine: Machine) -> None:
        machine.assert_ran(machine(url))

    with ThreadPoolExecutor(21) as workers:
        evicting = workers.submit(evict)
        try:
            for ended in [
                *[workers.submit(write, machine) for machine in writers],
                *[workers.submit(read, machine) for machine in readers],
            ]:
                ended.result()
        finally:
            done.set()
        evicting.result()
    assert_only_named(unchecked.root)
