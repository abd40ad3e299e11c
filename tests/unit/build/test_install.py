"""Executables at paths that their user chose: copied whole, and left alone where they are there."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import Reason
from gorun_tasks.build.install import put, why
from gorun_tasks.core.store import Store
from gorun_tasks.errors import OutputError
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.trees import Tree

EXECUTABLE = b"\x7fELF, or so\n" * 1000
DIGEST = sha256(EXECUTABLE).hexdigest()


@pytest.fixture
def store(surroundings: None) -> Store:  # noqa: ARG001 - says where it is
    return Store.at(os.environ)


@pytest.fixture
def stored(tmp_path: Path) -> str:
    path = tmp_path / "stored"
    path.write_bytes(EXECUTABLE)
    path.chmod(0o700)
    return str(path)


def test_it_is_there_once_it_was_put(tree: Tree, store: Store, stored: str) -> None:
    path = tree.folder / "bin/api"
    assert why(str(path), DIGEST, store) == (Reason(str(path), "is missing"),)
    put(stored, str(path))
    assert path.read_bytes() == EXECUTABLE
    assert not path.samefile(stored)
    assert os.listdir(path.parent) == ["api"]
    assert not why(str(path), DIGEST, store)
    let_the_clock_tick()
    assert not why(str(path), DIGEST, store)
    path.touch()
    assert not why(str(path), DIGEST, store)
    assert why(str(path), "0" * 64, store) == (Reason(str(path), "is not what was built"),)


def test_another_content_under_the_same_size_and_time(
    tree: Tree, store: Store, stored: str
) -> None:
    path = tree.folder / "api"
    put(stored, str(path))
    let_the_clock_tick()
    assert not why(str(path), DIGEST, store)
    status = path.stat()
    path.write_bytes(EXECUTABLE[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert why(str(path), DIGEST, store)


def test_what_cannot_be_executed_is_not_it(tree: Tree, store: Store, stored: str) -> None:
    path = tree.folder / "api"
    put(stored, str(path))
    path.chmod(0o600)
    assert why(str(path), DIGEST, store)
    path.unlink()
    path.mkdir()
    assert why(str(path), DIGEST, store)


def test_the_umask_decides_who_may(tree: Tree, stored: str) -> None:
    before = os.umask(0o027)
    try:
        put(stored, str(tree.folder / "api"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tree.folder / "api").stat().st_mode) == 0o750


def test_where_it_cannot_be_written_nothing_is_left(tree: Tree, stored: str) -> None:
    (tree.folder / "api").mkdir()
    (tree.folder / "api/file").write_text("")
    with pytest.raises(OutputError, match="api cannot be written: Is a directory"):
        put(stored, str(tree.folder / "api"))
    with pytest.raises(OutputError, match=r"cannot be written: (File exists|Not a directory)"):
        put(stored, str(tree.folder / "api/file/x"))
    assert sorted(os.listdir(tree.folder)) == [".git", "api"]


def test_without_a_store_it_is_read_each_time(
    tree: Tree, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GORUN_CACHE_DIR", "/proc/nowhere")
    path = str(tree.folder / "api")
    put(stored, path)
    let_the_clock_tick()
    assert not why(path, DIGEST, Store.at(os.environ))
