"""Which files changed and how, as git tells it of real repositories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.semantic_digest import HEAD
from gorun_tasks.workspace.git_changes import Changes, names_told
from tests.support.trees import Tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (b"a b.go\nc.go\r\n\n", ["a b.go", "c.go"]),
        (b'"a\\303\\244\\\\\\"\\t\\n1.go"\n', ['aä\\"\t\n1.go']),
        (b'a\n"b"\0c"\0', ['a\n"b"', 'c"']),
        (b"caf\xe9\n", ["caf\udce9"]),
        (b"", []),
    ],
)
def test_names_are_as_git_tells_them(told: bytes, names: list[str]) -> None:
    assert names_told(told) == names


@pytest.fixture
def repository(tree: Tree) -> Tree:
    """Return a repository with one commit, called first."""
    (tree.folder / ".git").rmdir()
    tree.git("init", "--quiet", "--initial-branch=main")
    tree.write(
        {"a.go": "package a\n\nvar x int\n", "d/b.go": "package b\n", "go.mod": "module m\n"}
    )
    tree.write({".gitignore": "built/\n*.gen.go\n"})
    tree.commit("first")
    tree.git("tag", "first")
    return tree


def since(repository: Tree, revision: str, directory: str = "") -> dict[str, str]:
    """Return what changed, by path in the repository."""
    place = os.path.join(repository.folder, directory)
    found = Changes.since(revision, place, os.environ).files
    return {os.path.relpath(path, repository.folder): how for path, how in found.items()}


def test_nothing_changed(repository: Tree) -> None:
    assert since(repository, "HEAD") == {}


def test_before_the_first_commit_all_is_new(repository: Tree) -> None:
    tree = dict.fromkeys((".gitignore", "a.go", "d/b.go", "go.mod"), "new file")
    repository.git("switch", "--quiet", "--orphan", "orphan")
    repository.git("checkout", "--quiet", "first", "--", ".")
    assert since(repository, "HEAD") == tree
    assert since(repository, "HEAD..") == tree


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("directory", ["", "d"])
def test_what_became_of_each_file(repository: Tree, directory: str, *, committed: bool) -> None:
    """Of the whole repository, from wherever it is asked, whatever the user has configured."""
    repository.git("config", "status.relativePaths", "true")
    repository.git("config", "diff.relative", "true")
    repository.git("config", "diff.renames", "copies")
    (repository.folder / "a.go").rename(repository.folder / 'odd "ü\n.go')
    (repository.folder / "d" / "link").symlink_to("b.go")
    repository.write({"go.mod": "module n\n"})
    if committed:
        repository.commit("second")
    new = "new file"
    changes = {"a.go": "removed", 'odd "ü\n.go': new, "d/link": new, "go.mod": "edited"}
    assert since(repository, "first", directory) == changes
    assert since(repository, "first..HEAD", directory) == changes


def test_a_file_that_became_a_link_is_of_another_kind(repository: Tree) -> None:
    repository.remove("a.go")
    (repository.folder / "a.go").symlink_to("d/b.go")
    assert since(repository, "HEAD") == {"a.go": "changed"}


def test_what_is_ignored_and_what_is_another_repository_counts_as_one(repository: Tree) -> None:
    """Nobody knows what was there before."""
    repository.write({"built/deep/x": "", "built/y": "", "d/made.gen.go": "", "inner/c.go": ""})
    repository.git("init", "--quiet", "inner")
    Tree(repository.folder / "inner").commit("of its own")
    assert since(repository, "HEAD") == {
        "built": "ignored by git",
        "d/made.gen.go": "ignored by git",
        "inner": "new directory",
    }


def test_three_dots_count_from_where_the_branch_left(repository: Tree) -> None:
    repository.git("switch", "--quiet", "--create", "work")
    repository.write({"d/b.go": "package work\n"})
    repository.commit("on the branch")
    repository.git("switch", "--quiet", "main")
    repository.write({"a.go": "package main\n"})
    repository.commit("on main")
    repository.git("switch", "--quiet", "work")
    assert since(repository, "main...HEAD") == {"d/b.go": "edited"}
    assert since(repository, "main...") == {"d/b.go": "edited"}
    assert since(repository, "main..") == {"d/b.go": "edited", "a.go": "edited"}


@pytest.mark.parametrize(
    ("revision", "sentence"),
    [
        ("nowhere", "git knows no revision 'nowhere'"),
        ("--output=x", "git knows no revision '--output=x'"),
        ("HEAD..first~1", "git knows no revision 'first~1'"),
        ("HEAD..first", "first is not what is checked out, and only that can be built"),
        ("orphan...HEAD", "git knows no commit that orphan and HEAD have in common"),
    ],
)
def test_revisions_that_cannot_be_compared(repository: Tree, revision: str, sentence: str) -> None:
    repository.git("switch", "--quiet", "--orphan", "orphan")
    repository.commit("from nothing")
    repository.git("switch", "--quiet", "main")
    repository.commit("second")
    with pytest.raises(UsageError) as raised:
        since(repository, revision)
    assert str(raised.value).startswith(sentence)
    assert not (repository.folder / "x").exists()


def test_an_edit_that_means_nothing_to_go_is_told_from_one_that_does(repository: Tree) -> None:
    edited, path = "package a\n\nfunc f() {}\n", str(repository.folder / "a.go")
    repository.write({"a.go": edited, "new.go": edited})
    changes = Changes.since("HEAD", str(repository.folder), os.environ)
    assert changes.before(path) == b"package a\n\nvar x int\n"
    assert changes.mean_nothing(path, HEAD)
    repository.write({"a.go": 'package a\n\nimport "os"\n'})
    assert not changes.mean_nothing(path, HEAD)
    assert not changes.mean_nothing(f"{repository.folder}/new.go", HEAD)
    assert not Changes.of([path], "/").mean_nothing(path, HEAD)


def test_a_list_of_files_is_taken_as_it_is(tmp_path: Path) -> None:
    """By real paths, since inputs are; a link itself may be what changed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.go").touch()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "dangling").symlink_to("nowhere")
    listed = ["link/a.go", "real/gone.go", "./link/dangling", f"{tmp_path}/link"]
    assert Changes.of(listed, str(tmp_path)).files == {
        f"{tmp_path}/real/a.go": "changed",
        f"{tmp_path}/real/gone.go": "removed",
        f"{tmp_path}/real/dangling": "changed",
        f"{tmp_path}/link": "changed",
    }
