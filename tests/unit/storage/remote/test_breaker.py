"""A place that failed is not asked again in this run, nor for a minute in others."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.breaker import PAUSE, Breaker
from gorun_tasks.storage.remote.folder import FolderPlace
from gorun_tasks.storage.remote.messages import digest_of
from gorun_tasks.storage.remote.place import Digest, Missing, PlaceUnusable, Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gorun_tasks.storage.remote.place import Place

KEY = Digest("0" * 64, 0)
HELLO = digest_of(b"hello")

CALLS: list[Callable[[Place], object]] = [
    lambda place: place.result(KEY),
    lambda place: place.read(HELLO, len),
    lambda place: place.lacking([HELLO]),
    lambda place: place.put(HELLO, io.BytesIO(b"hello")),
    lambda place: place.put_result(KEY, Result({})),
]


class Runs:
    """Runs that share a store and a folder, which is away until it is made."""

    def __init__(self, folder: Path) -> None:
        self.shared = folder / "mounted" / "shared"
        self.file = folder / "store" / "remote" / "note"
        self.file.parent.parent.mkdir()
        self.now = 1e9

    def run(self) -> Breaker:
        """Return what a new run asks."""
        return Breaker(FolderPlace(str(self.shared)), str(self.file), lambda: self.now)

    def mount(self) -> None:
        """Have the folder answer."""
        self.shared.parent.mkdir()


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


@pytest.mark.parametrize("call", CALLS)
def test_after_any_call_that_failed_no_other_gets_through(
    runs: Runs, call: Callable[[Place], object]
) -> None:
    run = runs.run()
    with pytest.raises(PlaceUnusable, match=r"^remote cache: "):
        call(run)
    runs.mount()
    for again in CALLS:
        with pytest.raises(PlaceUnusable, match=r"^$"):  # it has been said
            again(run)
    run.close()


def test_other_runs_ask_again_after_a_minute(runs: Runs) -> None:
    with pytest.raises(PlaceUnusable):
        runs.run().result(KEY)
    runs.mount()
    for later in (0, PAUSE - 1):
        runs.now = 1e9 + later
        with pytest.raises(PlaceUnusable, match=r"^$"):
            runs.run().result(KEY)
    runs.now = 1e9 + PAUSE
    assert runs.run().result(KEY) is None


def test_a_clock_that_was_set_back_keeps_nothing_away(runs: Runs) -> None:
    with pytest.raises(PlaceUnusable):
        runs.run().result(KEY)
    runs.mount()
    runs.now -= 1
    assert runs.run().result(KEY) is None


@pytest.mark.parametrize("note", [b"", b"nan", b"soon", b"\xff" * 100, b"1" * 100])
def test_a_note_that_says_nothing_keeps_nothing_away(runs: Runs, note: bytes) -> None:
    runs.mount()
    runs.file.parent.mkdir()
    runs.file.write_bytes(note)
    assert runs.run().result(KEY) is None


def test_where_no_note_can_be_kept_this_run_knows(runs: Runs) -> None:
    store = runs.file.parent.parent
    store.rmdir()
    run = runs.run()
    with pytest.raises(PlaceUnusable, match="No such file"):
        run.result(KEY)
    with pytest.raises(PlaceUnusable, match=r"^$"):
        run.result(KEY)
    assert not store.exists()  # a store is not made by the way, with rights of its own


def test_what_is_missing_is_no_failure(runs: Runs) -> None:
    runs.mount()
    run = runs.run()
    with pytest.raises(Missing):
        run.read(HELLO, len)
    run.put(HELLO, io.BytesIO(b"hello"))
    run.put_result(KEY, Result({"index": HELLO}))
    assert run.result(KEY) == Result({"index": HELLO})
    assert run.lacking([HELLO]) == []
    run.read(HELLO, len)
    assert run.label == str(runs.shared)
    assert not runs.file.exists()
