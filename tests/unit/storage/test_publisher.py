"""What a build leaves in the store: whole, shared with other programs, or not at all (law 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.stored import Programs

import errno
import hashlib
import os
import tempfile

import pytest

from gorun_tasks.core.check import StatCache
from gorun_tasks.core.store import (
    Store,
    unpack,
)
from gorun_tasks.errors import BuildError
from gorun_tasks.storage.publisher import Publisher, working_folder
from gorun_tasks.storage.writer import StoreUnusable


@pytest.mark.parametrize("left", ["nothing", "whole", "torn"])
@pytest.mark.parametrize("placed", [True, False])
def test_an_executable_is_on_the_disk_before_a_manifest_names_it(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, left: str, *, placed: bool
) -> None:
    """Also one that is started first, and one that a killed process left there, as it left it."""
    synced: set[int] = set()
    manifests: list[str] = []

    def fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)

    def rename(source: str, target: str) -> None:
        if "/programs/" in target:
            manifests.append(target)
            assert os.stat(executable).st_ino in synced
        os.replace(source, target)

    digest = hashlib.sha256(b"same").hexdigest()
    executable = programs.folder / "store" / "v1" / "exe" / digest / "out"
    if left != "nothing":
        executable.parent.mkdir()
        executable.write_text({"whole": "same", "torn": "s"}[left])
        executable.chmod(0o700)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    programs.publish("a", "same", {"common": (1, 1, 1, 1, 1)}, placed=placed)
    assert executable.read_text() == "same"
    assert len(manifests) == 1


def test_an_executable_that_does_not_get_to_the_disk_loses_its_name(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs on, but the next to build the same could only see what is in memory."""

    def fsync(_descriptor: int) -> None:
        raise OSError(errno.EIO, "it does not work")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StoreUnusable):
        programs.publish("a", "same", {"common": (1, 1, 1, 1, 1)}, placed=True)
    assert list(programs.folder.rglob("exe/*/*")) == []


def test_programs_share_a_shelf(programs: Programs) -> None:
    """What two programs read alike is stored once and looked at once; each keeps its own."""
    a = programs.publish("a", "same", {"common": (1, 1, 1, 1, 1), "a": (2, 2, 2, 2, 2)})
    b = programs.publish("b", "same", {"common": (1, 1, 1, 1, 1), "b": (3, 3, 3, 3, 3)})
    table = programs.store.table("module-1")
    assert table is not None
    assert sorted(record[0] for record, _ in map(unpack, table.packed().values())) == [
        "a",
        "b",
        "common",
    ]
    ((_, of_a),), ((_, of_b),) = a.tables, b.tables
    assert len(set(of_a) & set(of_b)) == 1
    look = StatCache(programs.store, {})
    for of_one in (a, b):
        suspects = look.suspects(of_one)
        assert suspects is not None
        assert len(suspects) == 2  # nothing of it is on the disk


def test_other_content_of_a_directory_is_another_record(programs: Programs) -> None:
    """An edit seen by one program must not change what another recorded."""
    a = programs.publish("a", "old", {"common": (1, 1, 1, 1, 1)})
    b = programs.publish("b", "new", {"common": (2, 2, 2, 2, 2)})
    table = programs.store.table("module-1")
    assert table is not None
    keys = [unpack(table.packed()[m.tables[0][1][0]])[0][3] for m in (a, b)]
    assert keys == [((1, 1, 1, 1, 1),), ((2, 2, 2, 2, 2),)]


def test_publishing_leaves_no_temporary_files(programs: Programs) -> None:
    programs.publish("a", "x", {"common": (1, 1, 1, 1, 1)})
    root = programs.folder / "store" / "v1"
    names = {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}
    digest = programs.store.manifests("a", ("a",))[0].digest
    kept = {name for name in names if not name.startswith("locks/")}
    assert kept == {f"exe/{digest}/out", "programs/a", "shelves/module-1"}


def test_folder_for_a_build_is_somewhere_or_a_sentence_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the store; among temporary files; nowhere."""
    store = Store(str(tmp_path / "store" / "v1"))
    publisher = Publisher.of(store)
    assert working_folder(publisher, "out").startswith(f"{store.root}/work/")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    folder = working_folder(publisher, "out")
    assert folder.startswith(str(tmp_path / "tmp"))
    assert os.listdir(folder) == ["out"]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(
        BuildError,
        match=r"^there is no room for a build: .*; TMPDIR can name a directory with room$",
    ):
        working_folder(publisher, "out")
