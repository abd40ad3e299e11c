"""Git changes: edits of files at which git was told not to look."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.workspace.git_changes import EDITED, REMOVED, Changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.trees import Tree

pytestmark = pytest.mark.usefixtures("surroundings")


def changed(tree: Tree) -> Mapping[str, str]:
    files = Changes.since("HEAD", str(tree.folder), os.environ).files
    return {os.path.relpath(path, tree.folder): kind for path, kind in files.items()}


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_edits_count_where_git_was_told_not_to_look(tree: Tree, flag: str) -> None:
    (tree.folder / ".git").rmdir()
    tree.git("init", "--quiet")
    tree.write({"a.go": "a", "b.go": "b", "c.go": "c", "d.go": "d"})
    tree.commit("one")
    tree.git("update-index", flag, "a.go", "b.go", "c.go")
    assert changed(tree) == {}
    tree.write({"a.go": "other"})
    tree.remove("b.go")
    assert changed(tree) == {"a.go": EDITED, "b.go": REMOVED}


def test_what_a_sparse_checkout_leaves_out_is_no_change(tree: Tree) -> None:
    (tree.folder / ".git").rmdir()
    tree.git("init", "--quiet")
    tree.write({"a/a.go": "a", "b/b.go": "b"})
    tree.commit("one")
    tree.git("sparse-checkout", "set", "a")
    assert not (tree.folder / "b").exists()
    assert changed(tree) == {}
