"""The truth behind a stat that differs, and its words."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.api import Program
from gorun_tasks.core.check import StatCache
from gorun_tasks.core.reasons import Reason
from gorun_tasks.inputs.compare import Examination
from gorun_tasks.inputs.digest import ABSENT, DIRECTORY, UNREADABLE, content_of, sha256_of
from gorun_tasks.inputs.directory_listing import list_directory
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.trees import Tree


def test_content_is_what_the_path_leads_to(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("file")
    expected = hashlib.sha256(b"x" * 100_000).digest()
    assert content_of(str(file))[0] == content_of(f"{tmp_path}/link")[0] == expected
    assert sha256_of(str(file)) == expected


def test_content_of_what_is_no_file(tmp_path: Path) -> None:
    """Absent, dangling, a directory, a fifo (which must not be opened: that would block)."""
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    assert content_of(f"{tmp_path}/absent") == (ABSENT, None)
    assert content_of(f"{tmp_path}/dangling") == (ABSENT, None)
    assert content_of("a\0b") == (ABSENT, None)
    assert content_of(str(tmp_path))[0] == DIRECTORY
    assert content_of(f"{tmp_path}/fifo")[0] == UNREADABLE


NAMES = [
    *("main.go", "x_test.go", "a.c", "a.S", "a.syso", "a.for"),
    *(
        "default.pgo",
        "notes.txt",
        "other.pgo",
        ".hidden.go",
        "_off.go",
        "go",
        "README",
        "a.go~",
        "a.rs",
    ),
]


def test_listing_of_a_package_has_what_go_looks_at(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).touch()
    (tmp_path / "dir.go").mkdir()
    (tmp_path / "link.go").symlink_to("main.go")
    (tmp_path / "go.mod").touch()
    listing = list_directory(str(tmp_path), "go", ["go.mod", "absent"])
    assert listing == tuple(sorted([*NAMES[:6], "dir.go/", "link.go@", "go.mod"]))


def test_listing_of_an_embedded_tree_has_everything(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    assert list_directory(str(tmp_path), "all", []) == tuple(sorted([*NAMES, "sub/"]))


def test_listing_of_nothing_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert list_directory(f"{tmp_path}/absent", "go", []) is None
    assert list_directory(f"{tmp_path}/file", "all", []) is None


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("cmd/api/main.go", "edited"), "cmd/api/main.go edited"),
        (Reason("lib/x_linux.go", "new file"), "new file lib/x_linux.go"),
        (Reason("GOFLAGS", "'' → '-tags=dev'"), "GOFLAGS: '' → '-tags=dev'"),
        (Reason("", "not built before"), "not built before"),
    ],
)
def test_words_of_a_reason(reason: Reason, words: str) -> None:
    """Those of the person who made the change (law 10)."""
    assert str(reason) == words


def test_reasons_are_values() -> None:
    assert Reason("a", "edited") == Reason("a", "edited") != Reason("b", "edited")
    assert len({Reason("a", "edited"), Reason("a", "edited")}) == 1
    assert Reason("a", "edited") != "a edited"


@pytest.mark.usefixtures("surroundings")
def test_stats_of_what_was_written_meanwhile_are_not_kept(tree: Tree) -> None:
    """One examination compares a file with several builds, and reads it for the first of them.

    By the time of the second, the file may have been saved again within the clock's tick, with the
    same size: the stats that it had when it was read say nothing then.
    """
    tree.write({"go.mod": "module example.com/m\n\ngo 1.24\n"})
    first, second = (f'package main\n\nfunc main() {{ print("{n}") }}\n' for n in "12")
    program = Program(".", cwd=str(tree.folder))
    for text in (first, second):
        tree.write({"main.go": text})
        program.build()
    newest, oldest = program.store.manifests(program.key, program.identity)
    examination = Examination(StatCache(program.store, program.environ), program)
    tree.write({"main.go": first})
    assert [str(reason) for reason in examination.reasons(newest)] == ["main.go edited"]
    let_the_clock_tick()
    assert not list(examination.reasons(oldest))
    assert not any("main.go" in record[2] for _, _, record in examination.refreshed)
