"""What is believed of a stored file: whole and ours, or nothing at all (law 7)."""

from __future__ import annotations

import errno
import hashlib
import marshal
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gorun_tasks.closure.recorder import Closure, Section
from gorun_tasks.core.check import StatCache
from gorun_tasks.core.fingerprint import key_at
from gorun_tasks.core.store import (
    InputTable,
    Manifest,
    Store,
    checksum,
    default_directory,
    frame,
    unframe,
    unpack,
)
from gorun_tasks.errors import BuildError
from gorun_tasks.storage.publisher import Publisher, working_folder
from gorun_tasks.storage.staged_executable import StagedExecutable
from gorun_tasks.storage.writer import MANIFESTS_KEPT, StoreUnusable

if TYPE_CHECKING:
    from gorun_tasks.core.fingerprint import Detail, Key, Record

FIRST = ("root", {b"12345678": ("base", (1, 2, 3, 4, 5), ("a",), (None,))}, 1 << 70, "é\udcff")
SECOND = {b"12345678": ("go", (), ("a.go",), (b"\0" * 32,))}
IDENTITY = ("-race", "--", ".", "in", "/somewhere")


def test_frame_gives_back_both_parts() -> None:
    data = frame(FIRST, SECOND)
    assert unframe(data) == FIRST
    assert unframe(data, second=True) == SECOND


def test_every_truncation_is_refused() -> None:
    """At any length, also one that ends exactly between the parts."""
    data = frame(FIRST, SECOND)
    for length in range(len(data)):
        for second in (False, True):
            with pytest.raises(ValueError, match=r"truncated|not a file of this store"):
                unframe(data[:length], second=second)
    with pytest.raises(ValueError, match="truncated"):
        unframe(data + b"\0")


def test_every_flipped_bit_is_noticed_by_who_reads_the_part() -> None:
    """One bit anywhere: refused, or it was in the other part and the answer is the right one."""
    data = frame(FIRST, SECOND)
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            refused = 0
            for second, expected in ((False, FIRST), (True, SECOND)):
                try:
                    assert unframe(bytes(flipped), second=second) == expected
                except ValueError:
                    refused += 1
            assert refused >= 1


def test_noise_is_refused() -> None:
    """Foreign files, with and without the right first bytes, never reach marshal."""
    noise = random.Random(2)
    magic = frame(None, None)[:8]
    foreign = [b"", b"\0" * 100, b"SQLite format 3\0", b"gorun 0\n" + b"\0" * 16, magic]
    foreign += [noise.randbytes(noise.randrange(200)) for _ in range(500)]
    foreign += [magic + noise.randbytes(noise.randrange(200)) for _ in range(500)]
    for data in foreign:
        with pytest.raises(ValueError, match=r"not a file of this store|truncated|damaged"):
            unframe(data)


def test_sound_sum_around_what_marshal_cannot_read_is_refused() -> None:
    """A newer marshal, or another program that knows our frame."""
    magic = frame(None, None)[:8]
    for part in (b"", b"?", marshal.dumps((1, 2), 4)[:-3]):
        tail = marshal.dumps(None, 4)
        head = b"".join(len(p).to_bytes(4, "little") for p in (part, tail))
        head += checksum(part) + checksum(tail)
        with pytest.raises(ValueError, match=r"damaged|marshal"):
            unframe(magic + head + part + tail)


def manifest(digest: str = "ab" * 32, **changes: Any) -> Manifest:
    values = {
        "environment": (("GOFLAGS", ""),),
        "defaults": {"GOOS": "linux"},
        "links": (),
        "lookups": (("go", "/usr/bin/go"),),
        "tables": (("module-1", (b"12345678", b"abcdefgh")),),
        "goroot_bin": "/usr/lib/go/bin",
        "wrapper": ("qemu", "-x"),
        "cgo": True,
        "go_version": "go1.27.3",
        "recorded": 12.5,
    }
    return Manifest(digest, "name", (1, 2, 3, 4, 5), **{**values, **changes})


def as_stored(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(frame(value, None))


def test_manifest_survives_being_written(tmp_path: Path) -> None:
    written = manifest()
    as_stored(tmp_path / "programs" / "key", (IDENTITY, (written.stored(),)))
    (read,) = Store(str(tmp_path)).manifests("key", IDENTITY)
    assert read.stored() == written.stored()
    assert read.tables == written.tables


@pytest.mark.parametrize(
    "stored",
    [
        None,
        1,
        (),
        (IDENTITY,),
        (IDENTITY, None),
        (IDENTITY, (None,)),
        (IDENTITY, ((1, 2, 3),)),
        (IDENTITY, ("abcdefghij",)),
        (IDENTITY, (manifest().stored()[:-1],)),
        (IDENTITY, ((*manifest().stored(), "one more field"),)),
        (IDENTITY[1:], (manifest().stored(),)),
    ],
)
def test_manifests_of_another_form_or_program_are_none(tmp_path: Path, stored: object) -> None:
    """An older or newer schema, and a collision of keys: no manifest, never a crash."""
    as_stored(tmp_path / "programs" / "key", stored)
    assert Store(str(tmp_path)).manifests("key", IDENTITY) == []


def test_missing_and_strange_files_are_none(tmp_path: Path) -> None:
    (tmp_path / "programs" / "folder").mkdir(parents=True)
    target = tmp_path / "programs" / "target"
    as_stored(target, (IDENTITY, (manifest().stored(),)))
    (tmp_path / "programs" / "link").symlink_to(target)
    store = Store(str(tmp_path))
    assert len(store.manifests("target", IDENTITY)) == 1
    for name in ("absent", "folder", "link", "a\0b"):
        assert store.manifests(name, IDENTITY) == []
        assert store.table(name) is None


def test_damaged_records_leave_the_first_part_in_use(tmp_path: Path) -> None:
    """The hot path reads the first part alone; who suspects something finds nothing to compare."""
    data = bytearray(frame(("module", "/root", {}), SECOND))
    data[-1] ^= 1
    (tmp_path / "shelf").write_bytes(bytes(data))
    (tmp_path / "shelf").chmod(0o600)
    table = InputTable("module-1", str(tmp_path / "shelf"))
    assert (table.root, table.packed()) == ("/root", {})


def test_shelf_is_read_once_until_told_otherwise(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    assert store.table("s") is None
    as_stored(tmp_path / "shelves" / "s", ("module", "/root", {}))
    assert store.table("s") is None
    store.forget_tables()
    table = store.table("s")
    assert table is not None
    assert table.root == "/root"


def test_only_a_directory_of_our_own_is_trusted(tmp_path: Path) -> None:
    """0700, ours, a directory, no link: also when we are root."""
    root = tmp_path / "v1"
    assert not Store(str(root)).trusted()
    assert not Store("").trusted()
    assert not Store("a\0b").trusted()
    root.mkdir(mode=0o700)
    assert Store(str(root)).trusted()
    for mode in (0o701, 0o710, 0o720, 0o755, 0o777, 0o1777):
        root.chmod(mode)
        assert not Store(str(root)).trusted()
    root.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(root)
    assert not Store(str(link)).trusted()
    file = tmp_path / "file"
    file.touch(mode=0o700)
    assert not Store(str(file)).trusted()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_directory_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    root = tmp_path / "v1"
    root.mkdir(mode=0o700)
    os.chown(root, 65534, -1)
    assert not Store(str(root)).trusted()
    with pytest.raises(StoreUnusable, match="not a directory that only this user can get at"):
        Publisher.of(Store(str(root)))


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"GORUN_CACHE_DIR": "/x/y"}, "/x/y"),
        ({"GORUN_CACHE_DIR": "/x//y/../z/"}, "/x/z"),
        ({"HOME": "/h"}, "/h/.cache/gorun-tasks"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "/c/gorun-tasks"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "relative"}, "/h/.cache/gorun-tasks"),
        ({"HOME": "/h", "GORUN_CACHE_DIR": ""}, "/h/.cache/gorun-tasks"),
        ({"HOME": ""}, ""),
        ({}, ""),
    ],
)
def test_where_the_store_is(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], directory: str
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert default_directory(environ) == directory


class Programs:
    """Publishes made-up programs into a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(str(folder / "store" / "v1"))
        self.publisher = Publisher.of(self.store)

    def publish(
        self, key: str, content: str, records: dict[str, Key], *, placed: bool = False
    ) -> Manifest:
        """Publish a program that read one file in each of these directories."""
        executable = self.folder / "out"
        executable.write_text(content)
        handed = StagedExecutable(str(executable), in_a_hurry=placed)
        if placed:
            assert Path(self.publisher.place(handed)).read_text() == content
        # One of go's own, where a name begins as such a path does, and one of the program's.
        sections = [
            Section("goroot-1", "GOROOT", str(self.folder)),
            Section("module-1", "module", str(self.folder)),
        ]
        for base, stat_key in records.items():
            record: Record = (base, None, ("a.go",), (stat_key,))
            detail: Detail = ("", (), (), (content.encode(),))
            sections[not base.startswith("src/")].add(record, detail)
        return self.publisher.publish(
            key,
            (key,),
            handed,
            Closure((), {}, (), (), [section for section in sections if section.records]),
            goroot_bin="",
            go_version="go1.27.3",
            wrapper=(),
            cgo=False,
        )


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


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


def test_other_content_of_a_directory_is_another_record(programs: Programs) -> None:
    """An edit seen by one program must not change what another recorded."""
    a = programs.publish("a", "old", {"common": (1, 1, 1, 1, 1)})
    b = programs.publish("b", "new", {"common": (2, 2, 2, 2, 2)})
    table = programs.store.table("module-1")
    assert table is not None
    keys = [unpack(table.packed()[m.tables[0][1][0]])[0][3] for m in (a, b)]
    assert keys == [((1, 1, 1, 1, 1),), ((2, 2, 2, 2, 2),)]


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


def test_publishing_leaves_no_temporary_files(programs: Programs) -> None:
    programs.publish("a", "x", {"common": (1, 1, 1, 1, 1)})
    root = programs.folder / "store" / "v1"
    names = {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}
    digest = programs.store.manifests("a", ("a",))[0].digest
    kept = {name for name in names if not name.startswith("locks/")}
    assert kept == {f"exe/{digest}/out", "programs/a", "shelves/module-1"}


def test_drop_forgets_one_program(programs: Programs) -> None:
    programs.publish("a", "x", {"common": (1, 1, 1, 1, 1)})
    programs.publish("b", "y", {"common": (1, 1, 1, 1, 1)})
    programs.publisher.drop("a")
    programs.publisher.drop("a")
    assert programs.store.manifests("a", ("a",)) == []
    assert len(programs.store.manifests("b", ("b",))) == 1


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
    with pytest.raises(BuildError, match=r"^there is no room for a build: .*; set TMPDIR$"):
        working_folder(publisher, "out")
