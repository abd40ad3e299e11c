"""What of a directory decides which files go looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gorun_tasks.inputs.directory_listing import list_directory

if TYPE_CHECKING:
    from pathlib import Path


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
