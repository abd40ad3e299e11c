"""What is found: folders of somebody else's, folders that cannot be read, and tools."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.workspace.workspace import Workspace
from tests.support.trees import MAIN, Tree, module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("surroundings")

SHOP = {"go.mod": module("example.com/shop"), "cmd/api/main.go": MAIN}
FOREIGN = {"go.mod": module("example.com/tool"), "cmd/api/main.go": MAIN}


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


@pytest.fixture
def shop(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tree.folder / ".git").rmdir()
    tree.git("init", "--quiet", "--initial-branch", "main")
    tree.write(SHOP)
    tree.commit("first")
    return tree


def left_out(tree: Tree) -> tuple[str, ...]:
    return Workspace(str(tree.folder)).left_out


@pytest.mark.parametrize("ignored", ["dist/", "/dist", "dist/*", "d*\n!docs"])
@pytest.mark.parametrize("with_module", [True, False])
def test_an_ignored_folder_has_no_programs(shop: Tree, ignored: str, *, with_module: bool) -> None:
    foreign = FOREIGN if with_module else {"cmd/api/main.go": MAIN}
    shop.write({".gitignore": f"{ignored}\n", **below("dist/deep", foreign)})
    assert shop.places() == {"api": "./cmd/api"}
    if ignored == "dist/":
        assert left_out(shop) == ("./dist",)


def test_ignored_by_settings_of_the_repository_and_of_the_user(shop: Tree, tmp_path: Path) -> None:
    shop.write(below("dist", FOREIGN))
    assert len(shop.places()) == 2
    exclude = shop.folder / ".git/info/exclude"
    before = exclude.read_text()
    shop.write({".git/info/exclude": "dist\n"})
    assert shop.places() == {"api": "./cmd/api"}
    shop.write({".git/info/exclude": before})
    assert len(shop.places()) == 2
    (tmp_path / "ignored").write_text("dist\n")
    (tmp_path / "gitconfig").write_text(f"[core]\n\texcludesFile = {tmp_path}/ignored\n")
    assert shop.places() == {"api": "./cmd/api"}
    (tmp_path / "ignored").write_text("\n")
    assert len(shop.places()) == 2


def test_a_name_in_an_ignore_file_hides_no_tracked_package(shop: Tree) -> None:
    """The name of a binary, which is that of its package as well."""
    shop.write({".gitignore": "api\nnew\n", "cmd/new/main.go": MAIN})
    assert shop.places() == {"api": "./cmd/api"}
    shop.git("add", "--force", "cmd/new/main.go")
    assert sorted(shop.places()) == ["api", "new"]


def test_an_ignored_file_is_a_file_of_its_package(shop: Tree) -> None:
    shop.write({".gitignore": "gen.go\nmain.go\n", "cmd/gen/main.go": MAIN})
    assert sorted(shop.places()) == ["api", "gen"]


def test_what_an_ignore_file_says_is_looked_up_when_it_changes(shop: Tree) -> None:
    shop.write(below("dist", FOREIGN))
    assert sorted(shop.places()) == ["shop-api", "tool-api"]
    shop.write({".gitignore": "dist\n"})
    assert sorted(shop.places()) == ["api"]
    shop.write({".gitignore": "other\n"})
    assert sorted(shop.places()) == ["shop-api", "tool-api"]
    shop.remove(".gitignore")
    assert sorted(shop.places()) == ["shop-api", "tool-api"]


def test_a_repository_within_has_no_programs(shop: Tree) -> None:
    clone = Tree(shop.folder / "clone")
    clone.write(FOREIGN)
    assert len(shop.places()) == 2
    clone.git("init", "--quiet")
    assert shop.places() == {"api": "./cmd/api"}
    clone.commit("first")
    clone.git("worktree", "add", "--quiet", "../tree", "-b", "other")
    shutil.rmtree(shop.folder / "clone" / ".git")
    assert shop.places()["tool-api"] == "./clone/cmd/api"


def test_what_is_unpacked_is_nobodys_program(shop: Tree) -> None:
    shop.write(
        {
            **below("mod/example.com/tool@v1.0.0", FOREIGN),
            "mod/cache/download/x": "",
            **below("sdk/src", {"go.mod": module("std"), "cmd/gofmt/main.go": MAIN}),
            "sdk/VERSION": "go1.27",
        }
    )
    assert shop.places() == {"api": "./cmd/api"}


def test_the_clones_of_a_folder_that_is_no_repository_are_its_programs(tree: Tree) -> None:
    (tree.folder / ".git").rmdir()
    for name in ("a", "b"):
        tree.write(below(name, {"go.mod": module(f"example.com/{name}"), "main.go": MAIN}))
        Tree(tree.folder / name).git("init", "--quiet")
    assert tree.places() == {"a": "./a", "b": "./b"}


def test_without_git_nothing_is_ignored(
    shop: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write({".gitignore": "dist\n", **below("dist", FOREIGN)})
    bare = tmp_path / "bin"
    bare.mkdir()
    go = shutil.which("go")
    assert go is not None
    (bare / "go").symlink_to(os.path.realpath(go))
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(bare))
        assert len(shop.places()) == 2
    assert shop.places() == {"api": "./cmd/api"}


def test_the_configuration_overrules(shop: Tree) -> None:
    shop.write({".gitignore": "dist\n", **below("dist/deep", FOREIGN)})
    shop.write({"gorun.toml": 'include = ["./dist/..."]\n'})
    assert sorted(shop.places().values()) == ["./cmd/api", "./dist/deep/cmd/api"]
    shop.write({"gorun.toml": 'include = ["./dist/..."]\nexclude = ["./dist/deep/..."]\n'})
    assert shop.places() == {"api": "./cmd/api"}


def test_who_works_in_an_ignored_folder_means_what_is_there(shop: Tree) -> None:
    shop.write({".gitignore": "dist\n", **below("dist", FOREIGN)})
    assert Tree(shop.folder / "dist").places() == {"api": "./cmd/api"}


TOOL = {
    "go.mod": module("example.com/shop")
    + "\ntool (\n\texample.com/tool/cmd/api\n\texample.com/shop/cmd/api\n)\n"
    + "\nrequire example.com/tool v0.0.0\n\nreplace example.com/tool => ../tool\n"
}


def test_tools_can_be_named_and_are_in_no_all(shop: Tree, tmp_path: Path) -> None:
    Tree(tmp_path / "tool").write(FOREIGN)
    shop.write(TOOL)
    workspace = Workspace(str(shop.folder))
    assert list(workspace.programs) == ["api"]
    assert list(workspace.tools) == ["tool-api"]
    assert workspace.place("tool-api") == "example.com/tool/cmd/api"
    assert workspace.program("tool-api").build().outcome == "built"
    shop.write({"gorun.toml": 'include = ["tool"]\n'})
    assert list(Workspace(str(shop.folder)).programs) == ["api", "tool-api"]
