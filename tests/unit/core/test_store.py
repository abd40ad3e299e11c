"""What is believed of a stored file: whole and ours, or nothing at all (law 7)."""

from __future__ import annotations

import marshal
import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from gorun_tasks.core.store import (
    InputTable,
    Manifest,
    Store,
    checksum,
    default_directory,
    frame,
    unframe,
)
from gorun_tasks.storage.publisher import Publisher
from gorun_tasks.storage.writer import StoreUnusable

if TYPE_CHECKING:
    from pathlib import Path

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
