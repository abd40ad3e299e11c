"""Everything stored is suspect: whatever lies there, the right program runs (law 7)."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import BuildFlags, Program, Target
from gorun_tasks.inputs.digest import is_executable_of
from tests.stress.tiny import files, programs
from tests.support.workshop import WITHOUT_OVERRIDE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.place import Result
    from tests.support.workshop import Workshop

pytestmark = pytest.mark.usefixtures("go")

STRANGER = 12345
"""A user that nobody is."""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def the_program(shop: Workshop) -> Path:
    (path,) = (shop.store / "v1" / "programs").iterdir()
    return path


def the_shelf(shop: Workshop) -> Path:
    return next((shop.store / "v1" / "shelves").glob("module-*"))


def the_goroot_shelf(shop: Workshop) -> Path:
    return next((shop.store / "v1" / "shelves").glob("goroot-*"))


def the_executable(shop: Workshop) -> Path:
    (manifests,) = programs(shop.store).values()
    return shop.store / "v1" / "exe" / manifests[0].digest / manifests[0].name


STORED = (the_program, the_shelf, the_goroot_shelf, the_executable)

every_file = pytest.mark.parametrize("which", STORED, ids=lambda which: which.__name__)


def expect_right(shop: Workshop, word: str = "first", *, ours: int = 0) -> None:
    """Run twice: the right program, and no more than so many lines of ours."""
    for _ in range(2):
        is_right(shop.gorun("."), word, ours)


def is_right(result: Result, word: str, ours: int) -> None:
    *before, last = result.err.splitlines() or [""]
    assert (result.rc, result.out, last) == (0, "", word), result
    assert len(before) <= ours, result
    assert all(line.startswith("gorun: ") for line in before), result


def heals(shop: Workshop) -> None:
    """Look whether damage costs one build at most, and no word."""
    expect_right(shop)
    assert shop.outcome(".")[0] == "current"
    for path in (the_program(shop), the_shelf(shop), the_executable(shop)):
        assert path.stat().st_uid == os.geteuid()


@every_file
def test_truncated_file(shop: Workshop, which: Callable[[Workshop], Path]) -> None:
    shop.gorun(".")
    whole = which(shop).read_bytes()
    for length in (0, 24, len(whole) // 2, len(whole) - 1):
        which(shop).write_bytes(whole[:length])
        expect_right(shop)
    heals(shop)


@every_file
def test_flipped_bits(shop: Workshop, which: Callable[[Workshop], Path]) -> None:
    """In the head of the file, in the middle and at the end; each bit of a frame: test_store."""
    shop.gorun(".")
    flip = random.Random(1)
    size = which(shop).stat().st_size
    for position in (9, size // 2, size - 1):
        damaged = bytearray(which(shop).read_bytes())
        damaged[position] ^= 1 << flip.randrange(8)
        which(shop).write_bytes(damaged)
        expect_right(shop)
    heals(shop)


@pytest.mark.parametrize("touched", [False, True], ids=["untouched", "touched"])
@pytest.mark.parametrize("which", STORED[:2], ids=lambda which: which.__name__)
def test_any_flipped_bit_is_no_reason_to_crash_or_to_believe(
    shop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    which: Callable[[Workshop], Path],
    touched: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The verdict on every byte region: stale, or the executable that was published."""
    shop.gorun(".")
    monkeypatch.chdir(shop.folder)
    path, whole = which(shop), which(shop).read_bytes()
    (manifests,) = programs(shop.store).values()
    flip = random.Random(1)
    if touched:  # what the second part of a table is for
        os.utime(shop.folder / "main.go", (1, 1))
    positions = {*range(0, len(whole), max(1, len(whole) // 400)), len(whole) - 1}
    for position in sorted(positions):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << flip.randrange(8)
        path.write_bytes(damaged)
        verdict = Program.typed(Target.parse(["."])[0], BuildFlags(), shop.environ).judge()
        assert verdict.outcome in ("current", "stale"), position
        if verdict.manifest is not None:
            assert verdict.manifest.stored()[:2] == manifests[0].stored()[:2]


def test_files_swapped_between_programs(shop: Workshop) -> None:
    """One program's manifests, or its executable, under another's name."""
    shop.write({"main.go": 'package main\n\nvar w = "-"\n\nfunc main() { println(w) }\n'})
    words = {word: f"-ldflags=-X main.w={word}" for word in ("first", "second")}
    for word, flag in words.items():
        is_right(shop.gorun(flag, "."), word, 0)
    for folder in ("programs", "exe"):
        one, other = (shop.store / "v1" / folder).iterdir()
        if folder == "exe":
            (one,), (other,) = one.iterdir(), other.iterdir()
        third = shop.folder.parent / "third"
        one.rename(third)
        other.rename(one)
        third.rename(other)
        for _ in range(2):
            for word, flag in words.items():
                is_right(shop.gorun(flag, "."), word, 0)


@pytest.mark.parametrize("magic", [b"gorun 0\n", b"gorun 9\n", b"\0" * 8])
def test_file_of_another_schema(shop: Workshop, magic: bytes) -> None:
    shop.gorun(".")
    for which in (the_program, the_shelf):
        which(shop).write_bytes(magic + which(shop).read_bytes()[8:])
        heals(shop)


def test_store_of_another_schema_is_left_alone(shop: Workshop) -> None:
    other = shop.store / "v2" / "programs" / "x"
    other.parent.mkdir(parents=True)
    other.write_text("of the future")
    heals(shop)
    shop.gorun("--store", "clear")
    assert other.read_text() == "of the future"


@as_root
@every_file
def test_file_of_a_stranger_is_not_believed(
    shop: Workshop, which: Callable[[Workshop], Path]
) -> None:
    """A stranger's executable may be the right one now and another one at the next run."""
    shop.gorun(".")
    os.chown(which(shop), STRANGER, STRANGER)
    assert shop.outcome(".")[0] == "built"
    heals(shop)


@as_root
def test_executable_of_a_stranger_is_never_the_one_published(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("content")
    path.chmod(0o700)
    digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    assert is_executable_of(str(path), digest)
    os.chown(path, STRANGER, -1)
    assert not is_executable_of(str(path), digest)


@pytest.mark.parametrize("which", [the_program, the_shelf], ids=lambda which: which.__name__)
def test_records_that_others_may_write_are_not_believed(
    shop: Workshop, which: Callable[[Workshop], Path]
) -> None:
    shop.gorun(".")
    which(shop).chmod(0o666)
    assert shop.outcome(".")[0] == "built"
    heals(shop)


def in_a_file(shop: Workshop) -> None:
    shop.environ["GORUN_CACHE_DIR"] = str(shop.folder / "go.mod")


def below_a_file(shop: Workshop) -> None:
    shop.environ["GORUN_CACHE_DIR"] = str(shop.folder / "go.mod" / "store")


def behind_a_link(shop: Workshop) -> None:
    (shop.store / "v1").rename(shop.store / "elsewhere")
    (shop.store / "v1").symlink_to("elsewhere")


def open_to_readers(shop: Workshop) -> None:
    (shop.store / "v1").chmod(0o755)


def open_to_writers(shop: Workshop) -> None:
    (shop.store / "v1").chmod(0o777)


def in_a_folder_open_to_writers(shop: Workshop) -> None:
    shop.store.chmod(0o777)


def of_a_stranger(shop: Workshop) -> None:
    os.chown(shop.store / "v1", STRANGER, -1)


def in_a_strangers_folder(shop: Workshop) -> None:
    os.chown(shop.store, STRANGER, -1)


def with_a_file_for_programs(shop: Workshop) -> None:
    shutil.rmtree(shop.store / "v1" / "programs")
    (shop.store / "v1" / "programs").touch()


def with_a_file_for_work(shop: Workshop) -> None:
    (shop.store / "v1" / "work").rmdir()
    (shop.store / "v1" / "work").touch()
    shop.write(files("edited"))
    shop.write(files("first"))


UNUSABLE = [
    in_a_file,
    below_a_file,
    behind_a_link,
    open_to_readers,
    open_to_writers,
    pytest.param(of_a_stranger, marks=as_root),
    with_a_file_for_programs,
    with_a_file_for_work,
]


@pytest.mark.parametrize("made", UNUSABLE, ids=lambda made: made.__name__)
def test_unusable_store_costs_one_line(shop: Workshop, made: Callable[[Workshop], None]) -> None:
    shop.gorun(".")
    made(shop)
    expect_right(shop, ours=1)
    shop.write(files("second"))
    expect_right(shop, "second", ours=1)
    assert list(shop.temporary.iterdir()) == []


@pytest.mark.parametrize(
    "made",
    [in_a_folder_open_to_writers, pytest.param(in_a_strangers_folder, marks=as_root)],
    ids=lambda made: made.__name__,
)
def test_nothing_is_stored_where_others_could_swap_it(
    shop: Workshop, made: Callable[[Workshop], None]
) -> None:
    """Whoever may write above the store could put another one in its place."""
    shop.without_store().store.mkdir()
    made(shop)
    result = shop.gorun(".")
    is_right(result, "first", 1)
    assert f"{shop.store}, which another user may write to" in result.err
    assert list(shop.store.iterdir()) == []


@as_root
def test_root_leaves_nothing_in_a_users_home(shop: Workshop) -> None:
    home = shop.folder.parent / "home"
    home.mkdir()
    os.chown(home, STRANGER, -1)
    cache = shop.go("env", "GOCACHE", "GOMODCACHE").out.splitlines()
    shop.environ |= dict(zip(("GOCACHE", "GOMODCACHE"), cache, strict=True))
    shop.environ |= {"GORUN_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": str(home)}
    expect_right(shop, ours=1)
    assert not (home / ".cache").exists()


def test_sticky_folder_and_a_link_to_the_store_will_do(shop: Workshop, tmp_path: Path) -> None:
    """What /tmp is, and a cache on another disk."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    (tmp_path / "link").symlink_to("shared")
    shop.environ["GORUN_CACHE_DIR"] = str(tmp_path / "link" / "store")
    expect_right(shop)
    assert shop.outcome(".")[0] == "current"


@pytest.mark.parametrize("home", ["", "/dev/null", "/proc/1/nothing", "relative"])
def test_unusable_home(shop: Workshop, home: str) -> None:
    cache = shop.go("env", "GOCACHE", "GOMODCACHE").out.splitlines()
    shop.environ |= dict(zip(("GOCACHE", "GOMODCACHE"), cache, strict=True))
    shop.environ |= {"GORUN_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": home}
    expect_right(shop, ours=1)
    assert {path.name for path in shop.folder.iterdir()} <= {"go.mod", "main.go", "relative"}


def without_override(shop: Workshop, *words: str) -> Result:
    """Run gorun as somebody whom permissions hold."""
    command = shop.command(("gorun_tasks", *words))
    return shop.execute([command[0], "-c", WITHOUT_OVERRIDE, *command])


def test_store_that_may_only_be_read_is_read(shop: Workshop) -> None:
    """A cache that was brought along: current without a word, and one line for what is stale."""
    shop.gorun(".")
    folders = [path for path in shop.store.rglob("*") if path.is_dir()]
    for folder in folders:
        folder.chmod(0o500)
    try:
        is_right(without_override(shop, "."), "first", 0)
        shop.write(files("second"))
        for _ in range(2):
            is_right(without_override(shop, "."), "second", 1)
    finally:
        for folder in folders:
            folder.chmod(0o700)
    expect_right(shop, "second")


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "x").touch()


def a_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("which", "made"),
    [
        *((the_program, made) for made in (a_folder, a_link, a_dangling_link, os.mkfifo)),
        *((which, made) for which in STORED[1:] for made in (a_folder, os.mkfifo)),
        (the_executable, a_dangling_link),
    ],
    ids=lambda made: made.__name__,
)
def test_something_else_in_place_of_a_file(
    shop: Workshop, which: Callable[[Workshop], Path], made: Callable[[Path], None]
) -> None:
    shop.gorun(".")
    path = which(shop)
    path.unlink()
    made(path)
    expect_right(shop, ours=1)
    shop.write(files("second"))
    expect_right(shop, "second", ours=1)


def test_something_else_in_place_of_a_lock(shop: Workshop) -> None:
    shop.gorun(".")
    for path in list((shop.store / "v1" / "locks").iterdir()):
        path.unlink()
        path.mkdir()
    expect_right(shop)
    shop.write(files("second"))
    expect_right(shop, "second", ours=1)


def test_stable_path_that_cannot_be_made_is_one_line(shop: Workshop) -> None:
    """There is nothing to run instead: a path was asked for."""
    shop.gorun(".")
    (shop.store / "v1" / "which" / the_program(shop).name).touch()
    result = shop.gorun("--which", ".")
    assert (result.rc, result.out, len(result.err.splitlines())) == (125, "", 1)
    expect_right(shop)
