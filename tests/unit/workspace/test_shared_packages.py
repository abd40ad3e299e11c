"""Which programs there are where no go is here: what a go elsewhere has told of the same tree."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.errors import ToolchainError
from gorun_tasks.storage.remote.canonical import encode
from gorun_tasks.storage.remote.folder import FolderPlace
from gorun_tasks.storage.remote.machine import Unlike
from gorun_tasks.storage.remote.place import Changed
from gorun_tasks.workspace.shared_packages import _Survey, publish
from gorun_tasks.workspace.workspace import Workspace
from tests.support.trees import LIBRARY, MAIN, Tree, module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("surroundings")

FILES = {
    "go.work": "go 1.24\n\nuse (\n\t./tea\n\t./tools\n)\n",
    "gorun.toml": "trimpath = true\nexclude = ['./tools/old']\n",
    "tea/go.mod": module("example.com/tea"),
    "tea/cmd/api/main.go": MAIN,
    "tea/lib/gen.go": f"//go:build ignore\n\n{MAIN}",
    "tea/lib/lib.go": LIBRARY,
    "tools/go.mod": module("example.com/tools"),
    "tools/gen/main.go": MAIN,
    "tools/old/main.go": MAIN,
    "apart/go.mod": module("example.com/apart"),
    "apart/main.go": MAIN,
}
PLACES = {"apart": "./apart", "api": "./tea/cmd/api", "gen": "./tools/gen"}


def _publish(tree: Tree) -> None:
    workspace = Workspace(str(tree.folder))
    assert workspace.programs
    publish(workspace._asker(), workspace.config.patterns("include"))  # noqa: SLF001


@pytest.fixture
def elsewhere(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Tree]:
    """Publish what go finds in a tree; return what returns its copy on a machine without go."""
    monkeypatch.setenv("GORUN_REMOTE", f"file://{tmp_path}/place")
    tree.write(FILES)

    def copied() -> Tree:
        monkeypatch.setenv("GORUN_REMOTE_WRITE", "1")
        _publish(tree)
        monkeypatch.delenv("GORUN_REMOTE_WRITE")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git").symlink_to(shutil.which("git") or "")
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.delenv("GORUN_GO", raising=False)
        no_wheel = [p for p in sys.path if not os.access(f"{p}/go/bin/go", os.X_OK)]
        monkeypatch.setattr(sys, "path", no_wheel)
        monkeypatch.setenv("GORUN_CACHE_DIR", str(tmp_path / "other-store"))
        copy = Tree(tmp_path / "else" / "where")
        shutil.copytree(tree.folder, copy.folder)
        monkeypatch.chdir(copy.folder)
        copy.write({})
        return copy

    return copied


def test_names_need_no_go(
    elsewhere: Callable[[], Tree], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = elsewhere()
    assert copy.places() == PLACES
    workspace = Workspace(str(copy.folder))
    assert workspace.program("apart").overlay == {"GOWORK": "off"}
    assert workspace.is_known()
    monkeypatch.setenv("GORUN_REMOTE", "")
    copy.write({"tea/cmd/api/main.go": f"{MAIN}\nfunc other() {{}}\n"})
    assert copy.places() == PLACES
    copy.write({"tea/cmd/more/main.go": MAIN})
    with pytest.raises(ToolchainError, match="no go command"):
        copy.places()
    shutil.rmtree(copy.folder / "tea/cmd/more")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{tmp_path}")
    (tmp_path / "go").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "go").chmod(0o755)  # from now on it is asked
    assert Workspace(str(copy.folder)).unlisted


@pytest.mark.parametrize(
    "change",
    [
        {"tea/cmd/more/main.go": MAIN},
        {"tea/lib/lib.go": "package main\n"},
        {"tools/go.mod": module("example.com/others")},
        {"gorun.toml": "tags = ['other']\n"},
        {"../go.work": "go 1.24\n"},
    ],
    ids=["new package", "head", "module", "flags", "go.work above"],
)
def test_another_tree_is_none_of_theirs(
    elsewhere: Callable[[], Tree], change: dict[str, str]
) -> None:
    copy = elsewhere()
    copy.write(change)
    with pytest.raises(ToolchainError, match="no go command"):
        copy.places()


def test_what_is_not_all_is_not_told(elsewhere: Callable[[], Tree], tree: Tree) -> None:
    """Where go could not answer somewhere, one program too few would be told."""
    tree.write({"tools/go.mod": "modul example.com/tools\n"})
    copy = elsewhere()
    with pytest.raises(ToolchainError, match="no go command"):
        copy.places()


def test_nothing_is_told_where_nobody_asked_for_it(
    elsewhere: Callable[[], Tree], tree: Tree, tmp_path: Path
) -> None:
    _publish(tree)
    assert not (tmp_path / "place").exists()
    assert elsewhere().places() == PLACES


def test_somebody_else_may_tell_it_first(
    elsewhere: Callable[[], Tree], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket says so; it is what this one would have told."""

    def refuse(*_: object) -> None:
        raise Changed

    monkeypatch.setattr(FolderPlace, "put_result", refuse)
    elsewhere()


@pytest.mark.parametrize(
    "told",
    [
        (("../..", "example.com/x", ".", 0),),
        (("/etc", "example.com/x", ".", 0),),
        (("tools/gen", "example.com/x", "..", 0),),
        (("tools/gen", "example.com/x", "", 0),),
        (("tools/gen", "example.com/x"),),
        (((), (), (), ()),),
        7,
    ],
)
def test_what_strangers_tell_leads_nowhere_else(tree: Tree, told: object) -> None:
    tree.write(FILES)
    survey = _Survey(Workspace(str(tree.folder))._asker(), ())  # noqa: SLF001
    with pytest.raises((Unlike, ValueError, TypeError)):
        survey.found(encode(told))  # type: ignore[arg-type]
