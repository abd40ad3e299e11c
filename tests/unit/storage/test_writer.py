"""How many manifests and records the store keeps, and how it forgets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.stored import Programs

from gorun_tasks.core.store import (
    Store,
)
from gorun_tasks.storage.writer import MANIFESTS_KEPT


def test_newest_manifest_comes_first_and_few_are_kept(programs: Programs) -> None:
    for i in range(MANIFESTS_KEPT + 3):
        programs.publish("a", f"content {i}", {"common": (i, i, i, i, i)})
    kept = programs.store.manifests("a", ("a",))
    assert len(kept) == MANIFESTS_KEPT
    assert [m.recorded for m in kept] == sorted((m.recorded for m in kept), reverse=True)
    programs.publisher.promote("a", ("a",), kept[3])
    promoted = programs.store.manifests("a", ("a",))
    assert promoted[0].digest == kept[3].digest
    assert len(promoted) == MANIFESTS_KEPT


def test_shelf_does_not_grow_for_ever(programs: Programs) -> None:
    """Records that no manifest names any longer go, all but a few, when a build evicts."""
    builds = 5 * MANIFESTS_KEPT
    for i in range(builds):
        programs.publish("a", f"content {i}", {"common": (i, i, i, i, i)})
    programs.publisher.evict(10**9)
    table = Store(programs.store.root).table("module-1")
    assert table is not None
    assert MANIFESTS_KEPT <= len(table.seals) < builds
    assert table.seals.keys() == table.packed().keys()
    for manifest in programs.store.manifests("a", ("a",)):
        assert set(manifest.tables[0][1]) <= table.seals.keys()


def test_drop_forgets_one_program(programs: Programs) -> None:
    programs.publish("a", "x", {"common": (1, 1, 1, 1, 1)})
    programs.publish("b", "y", {"common": (1, 1, 1, 1, 1)})
    programs.publisher.drop("a")
    programs.publisher.drop("a")
    assert programs.store.manifests("a", ("a",)) == []
    assert len(programs.store.manifests("b", ("b",))) == 1
