"""What leaves the store: the least recently used, never what runs, was just made or is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.errors import UsageError
from gorun_tasks.storage.eviction import evict, size_limit
from tests.support.stored import Programs

if TYPE_CHECKING:
    from pathlib import Path

DAY = 24 * 3600.0
SIZE = 100  # of each executable here


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", 5 * 2**30),
        ("0", 0),
        ("123", 123),
        ("5GiB", 5 * 2**30),
        ("5GB", 5 * 10**9),
        ("5G", 5 * 2**30),
        ("1.5MiB", 3 * 2**19),
        (" 2 KiB ", 2048),
        ("7B", 7),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert size_limit({"GORUN_CACHE_SIZE": text}) == size
    assert size_limit({}) == 5 * 2**30


@pytest.mark.parametrize("text", ["lots", "-1", "5 G i B", "GiB", "1e9", "5PiB", "٣", "1,5GiB"])
def test_words_that_are_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="which is no size"):
        size_limit({"GORUN_CACHE_SIZE": text})


class Made(Programs):
    """A store with programs of chosen ages, one executable of SIZE bytes for each content."""

    def program(self, name: str, age: float, *contents: str) -> None:
        """Publish a program with these contents, the last one newest; last used `age` ago."""
        for content in contents:
            self.publish(name, content.ljust(SIZE), {"lib": (1, 2, 3, 4, 5)})
        self.age(f"programs/{name}", age)
        for digest in self.left("exe"):
            self.age(f"exe/{digest}", 10 * DAY)

    def age(self, path: str, age: float) -> None:
        """Put the time of something in the store back, by seconds."""
        then = time.time() - age
        os.utime(f"{self.store.root}/{path}", (then, then))

    def left(self, folder: str) -> set[str]:
        """Return what is there now."""
        return set(os.listdir(f"{self.store.root}/{folder}"))

    def evict(self, limit: int = 10**9) -> None:
        """Evict, as a run that builds does."""
        evict(self.store.root, limit)

    def digests(self, name: str) -> list[str]:
        """Return what is remembered of a program, newest first."""
        return [manifest.digest for manifest in self.store.manifests(name, (name,))]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def test_least_recently_used_programs_go_first(made: Made) -> None:
    for name, days in (("old", 3), ("middle", 2), ("new", 1)):
        made.program(name, days * DAY, name)
    gone = made.digests("old")
    os.mkdir(f"{made.store.root}/which/old")
    made.age("which/old", 10 * DAY)
    made.evict(2 * SIZE)
    assert made.left("programs") == {"middle", "new"}
    assert made.left("exe") == {*made.digests("middle"), *made.digests("new")}
    assert made.left("exe").isdisjoint(gone)
    assert made.left("which") == set()


def test_last_used_program_stays_however_large(made: Made) -> None:
    """What was just built is about to run."""
    made.program("program", 0, "big")
    made.evict(SIZE // 10)
    assert made.left("exe") == set(made.digests("program")) != set()


def test_each_platform_of_a_program_counts_by_itself(made: Made) -> None:
    """Its newest build stays before the older ones of any, and goes by when it was used."""
    made.program("a", 3 * DAY, "a old", "a new")
    made.program("a-1", 2 * DAY, "a-1 old", "a-1 new")
    made.program("a-2", 40 * DAY, "a-2")
    made.evict(3 * SIZE)
    assert made.left("programs") == {"a", "a-1"}
    assert [len(made.digests(name)) for name in ("a", "a-1")] == [1, 2]


def test_shared_executables_count_once(made: Made) -> None:
    """Equal content is one file: two programs of it fit where one does."""
    made.program("old", 2 * DAY, "shared")
    made.program("new", 1 * DAY, "shared")
    made.evict(SIZE)
    assert made.left("programs") == {"old", "new"}
    assert made.digests("old") == made.digests("new")


def test_nothing_that_fits_is_taken(made: Made) -> None:
    """Earlier contents are what `restored` lives on."""
    made.program("a", 2 * DAY, "one", "two", "three")
    made.program("b", 1 * DAY, "four", "five")
    before = made.digests("a"), made.digests("b")
    made.evict(5 * SIZE)
    assert (made.digests("a"), made.digests("b")) == before
    assert len(made.left("exe")) == 5


def test_executables_without_a_name_go_but_not_young_ones(made: Made) -> None:
    """Another process may be between its executable and its manifest, or just about to start."""
    for name, age in (("orphan", 10 * DAY), ("young", 0.0)):
        os.mkdir(f"{made.store.root}/exe/{name}")
        made.age(f"exe/{name}", age)
    made.evict()
    assert made.left("exe") == {"young"}


@pytest.mark.skipif(not os.path.exists("/proc/self/exe"), reason="needs Linux's /proc")
def test_running_executable_stays(made: Made) -> None:
    """A server that has run for weeks keeps its file, also when no manifest names it."""
    folder = f"{made.store.root}/exe/server"
    os.mkdir(folder)
    path = shutil.copy(os.path.realpath(shutil.which("cat") or "/bin/cat"), f"{folder}/server")
    made.age("exe/server", 10 * DAY)
    with subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b"started\n")
        server.stdin.flush()
        assert server.stdout.readline() == b"started\n"
        made.evict(0)
        assert made.left("exe") == {"server"}
    made.evict(0)
    assert made.left("exe") == set()


def test_what_a_crash_left_is_found(made: Made) -> None:
    """Folders of builds whose process is gone, and files that were never finished."""
    made.program("sound", 0, "content")
    with subprocess.Popen(["true"]) as gone:
        pass
    os.mkdir(f"{made.store.root}/work/{gone.pid}-abc")
    made.age(f"work/{gone.pid}-abc", 2 * DAY)
    for folder in ("programs", "shelves"):
        with open(f"{made.store.root}/{folder}/key.123-abc", "wb"):
            pass
        made.age(f"{folder}/key.123-abc", 2 * DAY)
    made.evict()
    assert made.left("work") == set()
    assert made.left("programs") == {"sound"}
    assert made.left("shelves") == {"module-1"}


def test_damaged_manifests_are_no_obstacle(made: Made) -> None:
    made.program("sound", 0, "content")
    for name, data in (("empty", b""), ("foreign", b"gorun 1\nxx"), ("noise", b"\0" * 99)):
        with open(f"{made.store.root}/programs/{name}", "wb") as file:
            file.write(data)
    made.evict()
    assert made.left("exe") == set(made.digests("sound")) != set()


def test_what_is_kept_still_works(made: Made) -> None:
    """After an eviction every manifest that is left has its executable and its records."""
    for i in range(6):
        made.program(f"p{i}", i * DAY, f"content {i}", f"more {i}")
    made.evict(7 * SIZE)
    made.store.forget_tables()
    remembered = [m for i in range(6) for m in made.store.manifests(f"p{i}", (f"p{i}",))]
    assert remembered
    for manifest in remembered:
        assert os.path.exists(made.store.executable(manifest))
        for name, identities in manifest.tables:
            table = made.store.table(name)
            assert table is not None
            assert set(identities) <= table.seals.keys()
    assert {m.digest for m in remembered} == made.left("exe")
