"""When a stat is believed: only when nothing it stands for can have changed unseen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.fingerprint import (
    NEVER,
    UNBELIEVED,
    holds,
    is_settled,
    key_at,
    key_of,
    look_up,
    record_directory,
    stat_digest,
)
from gorun_tasks.system import host
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gorun_tasks.core.fingerprint import Record

SECOND = 1_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.go").write_text("package a\n")
    (tmp_path / "b.go").write_text("package b\n")
    return tmp_path


def recorded(folder: Path, *, listed: bool = True) -> Record:
    """Take a record of a folder as it is: a.go is there, absent.go is not."""
    keys = (key_at(f"{folder}/a.go"), key_at(f"{folder}/absent.go"))
    return ("", key_at(str(folder)) if listed else None, ("a.go", "absent.go"), keys)


def held(record: Record, root: str) -> bool:
    """Say whether a record holds, looked at from afar and from inside: both must agree."""
    seal, here = stat_digest(record), os.getcwd()
    try:
        from_inside = holds(seal, root, enter=True)
    finally:
        os.chdir(here)
    assert from_inside == holds(seal, root)
    return from_inside


def same_length_same_time(path: Path) -> None:
    before = path.stat()
    path.write_text("package x\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced_by_a_twin(path: Path) -> None:
    before = path.stat()
    twin = path.with_name("twin")
    twin.write_text("package x\n")
    os.utime(twin, ns=(before.st_atime_ns, before.st_mtime_ns))
    twin.rename(path)


def a_directory_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link_to_another_instead(path: Path) -> None:
    path.unlink()
    path.symlink_to("b.go")


def a_link_to_nothing_instead(path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing.go")


CHANGES: tuple[Callable[[Path], object], ...] = (
    same_length_same_time,
    replaced_by_a_twin,
    lambda path: path.write_text("package longer\n"),
    lambda path: path.unlink(),
    lambda path: path.touch(),
    lambda path: path.chmod(0o600),
    a_directory_instead,
    a_link_to_another_instead,
    a_link_to_nothing_instead,
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("listed", [True, False])
def test_every_change_of_a_file_is_a_suspicion(
    folder: Path, change: Callable[[Path], object], *, listed: bool
) -> None:
    record = recorded(folder, listed=listed)
    assert held(record, str(folder))
    change(folder / "a.go")
    assert not held(record, str(folder))


@pytest.mark.parametrize("listed", [True, False])
def test_appearance_of_an_absent_name_is_a_suspicion(folder: Path, *, listed: bool) -> None:
    record = recorded(folder, listed=listed)
    (folder / "absent.go").touch()
    assert not held(record, str(folder))


@pytest.mark.parametrize("listed", [True, False])
def test_a_record_of_what_is_not_believed_never_holds(folder: Path, *, listed: bool) -> None:
    """Not even where each stat is as it was; and one look tells."""
    base, directory, names, keys = recorded(folder, listed=listed)
    assert not held((base, directory, names, (UNBELIEVED, *keys[1:])), str(folder))
    assert not held((base, UNBELIEVED, names, keys), str(folder))
    assert stat_digest((base, UNBELIEVED, names, keys))[3] == NEVER


def test_neighbours_concern_listed_directories_only(folder: Path) -> None:
    listed, unlisted = recorded(folder), recorded(folder, listed=False)
    (folder / "new.go").touch()
    assert not held(listed, str(folder))
    assert held(unlisted, str(folder))


def test_directory_swapped_with_its_twin_is_a_suspicion(tmp_path: Path) -> None:
    """Another inode, also where all time stamps are those of before."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.go").write_text("package a\n")
    record = recorded(tmp_path / "one")
    assert held(record, f"{tmp_path}/one")
    (tmp_path / "one").rename(tmp_path / "old")
    (tmp_path / "two").rename(tmp_path / "one")
    assert not held(record, f"{tmp_path}/one")


def test_removed_root_is_a_suspicion_not_an_error(folder: Path) -> None:
    record = recorded(folder)
    assert not held(record, f"{folder}/nowhere")
    assert not held(record, f"{folder}/a.go")
    assert not held((f"{folder}/nowhere", None, ("a.go",), ((1, 1, 1, 1, 1),)), "")


def test_links_are_followed(folder: Path) -> None:
    """The key is that of what a path leads to: an edit behind a link moves it."""
    (folder / "link.go").symlink_to("a.go")
    assert key_at(f"{folder}/link.go") == key_of(os.stat(folder / "a.go"))
    (folder / "loop").symlink_to("loop")
    for nothing in ("loop", "absent", "a.go/below", "a\0b", "x" * 5000):
        assert key_at(f"{folder}/{nothing}") is None


@pytest.mark.parametrize(
    ("ctime", "moment", "expected"),
    [
        (5 * SECOND + 1, 5 * SECOND + 2, True),
        (5 * SECOND + 1, 5 * SECOND + 1, False),
        (5 * SECOND + 2, 5 * SECOND + 1, False),
        (5 * SECOND, 7 * SECOND + 1, True),
        (5 * SECOND, 7 * SECOND, False),
        (5 * SECOND, 5 * SECOND + 1, False),
    ],
)
def test_settled_needs_the_clocks_tick_to_have_passed(
    ctime: int, moment: int, *, expected: bool
) -> None:
    """An equal stamp may hide a later edit; whole seconds come from coarse file systems."""
    assert is_settled((0, ctime, 0, 0, 0), moment) is expected


def test_clock_never_runs_ahead_of_the_stamps(tmp_path: Path) -> None:
    """What is written after a look at the clock is never older: law 3 rests on it."""
    for i in range(200):
        before = host.file_clock()
        path = tmp_path / str(i)
        path.touch()
        assert path.stat().st_ctime_ns >= before


def test_clock_is_past_what_was_written_before_it_ticked(tmp_path: Path) -> None:
    """However fine the stamps are: else tests that build right after they write are a lottery."""
    path = tmp_path / "file"
    for i in range(100):
        path.write_text("x" * i)
        let_the_clock_tick()
        key = key_at(str(path))
        assert key is not None
        assert is_settled(key, host.file_clock()), i


@pytest.mark.parametrize(
    ("root", "base", "expected"),
    [
        ("/m", "", "/m"),
        ("/m", "a/b", "/m/a/b"),
        ("/m", "/etc", "/etc"),
        ("/m", "/", ""),
    ],
)
def test_place_of_a_record(root: str, base: str, expected: str) -> None:
    assert record_directory(root, base) == expected


def test_look_up_is_gos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """exec.LookPath: the first executable file; no directory, nothing through a relative entry."""
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "tool").mkdir()
    (tmp_path / "two" / "tool").touch(mode=0o644)
    (tmp_path / "three" / "tool").touch(mode=0o755)
    three = f"{tmp_path}/three"
    path = f"{tmp_path}/one:{tmp_path}/two:{tmp_path}/none::{three}"
    assert look_up("tool", path) == f"{three}/tool"
    assert look_up("other", path) == ""
    assert look_up("tool", "") == ""
    assert look_up(f"{three}/tool", "") == f"{three}/tool"
    assert look_up(f"{three}/other", path) == ""
    monkeypatch.chdir(three)
    assert look_up("tool", ".:") == ""
    assert look_up("./tool", "") == "./tool"
