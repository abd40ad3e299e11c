"""One look at the machine: what it asks, it asks once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.check import StatCache
from gorun_tasks.core.fingerprint import (
    key_at,
)
from gorun_tasks.core.store import (
    Store,
    frame,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gorun_tasks.core.fingerprint import Key
    from tests.support.stored import Programs


def test_one_look_asks_once(tmp_path: Path) -> None:
    """However many nodes and programs share a look, it is of one moment."""
    look = StatCache(Store(""), {"PATH": str(tmp_path)})
    assert look.where("tool") == ""
    (tmp_path / "tool").touch(mode=0o755)
    assert look.where("tool") == ""
    assert StatCache(Store(""), {"PATH": str(tmp_path)}).where("tool") == f"{tmp_path}/tool"


def test_own_files_are_looked_at_first(programs: Programs) -> None:
    """Where one of them moved, what go brought along is looked at only if that was nothing."""
    moved: Key = (1, 1, 1, 1, 1)
    manifest = programs.publish("a", "same", {"src/fmt": moved, "own": moved})
    look = StatCache(programs.store, {})
    first, everywhere = look.suspects(manifest), look.suspects(manifest, everywhere=True)
    assert first is not None
    assert everywhere is not None
    assert [table.name for table, _ in first] == ["module-1"]
    assert [table.name for table, _ in everywhere] == ["module-1", "goroot-1"]


@pytest.mark.parametrize("removed", [True, False])
def test_look_from_inside_comes_back(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, *, removed: bool
) -> None:
    """To the very directory that it came from, also where that has no name any longer."""
    (programs.folder / "common").mkdir()
    (programs.folder / "common" / "a.go").touch()
    key = key_at(f"{programs.folder}/common/a.go")
    assert key is not None
    manifest = programs.publish("a", "same", {"common": key})
    home = programs.folder / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    if removed:
        home.rmdir()
    before = os.stat(".")
    assert StatCache(programs.store, {}, alone=True).suspects(manifest) == []
    assert os.path.samestat(os.stat("."), before)
    (programs.folder / "common" / "a.go").write_text("package a\n")
    suspects = StatCache(programs.store, {}, alone=True).suspects(manifest)
    assert suspects is not None
    assert len(suspects) == 1
    assert os.path.samestat(os.stat("."), before)


def test_lost_shelf_is_not_an_empty_one(programs: Programs) -> None:
    """A manifest whose records are gone can vouch for nothing: None, not "no suspects"."""
    a = programs.publish("a", "x", {"common": (1, 1, 1, 1, 1)})
    table = programs.folder / "store" / "v1" / "shelves" / "module-1"
    data = table.read_bytes()
    for damage in (data[:-1], b"", frame(("module", "/", {}), {})):
        table.write_bytes(damage)
        assert StatCache(Store(programs.store.root), {}).suspects(a) is None
    table.unlink()
    assert StatCache(Store(programs.store.root), {}).suspects(a) is None
