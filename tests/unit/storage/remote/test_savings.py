"""What was fetched is counted, whatever lies in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gorun_tasks.core.store import Store
from gorun_tasks.storage.remote.savings import Savings, note

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_noted_adds_up(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    (tmp_path / "locks").mkdir()
    assert Savings.of(store) == (0, 0, 0.0)
    note(store, 10, 2.5)
    note(store, 5, -1.0)  # slower than go would have been: nothing is saved
    assert Savings.of(store) == (2, 15, 2.5)
    (tmp_path / "remote/fetched").write_bytes(b"damaged")
    note(store, 1, 1.0)
    assert Savings.of(store) == (1, 1, 1.0)


def test_where_nothing_can_be_written_nothing_is_counted(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "nowhere"))
    note(store, 1, 1.0)
    assert Savings.of(store) == (0, 0, 0.0)
