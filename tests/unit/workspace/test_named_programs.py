"""Names that fit several programs, and which one is meant."""

from __future__ import annotations

import pytest

from gorun_tasks import UsageError
from gorun_tasks.workspace.workspace import Workspace
from tests.support.trees import MAIN, Tree, module

pytestmark = pytest.mark.usefixtures("surroundings")


def meant(tree: Tree, name: str) -> str:
    workspace = Workspace(str(tree.folder))
    return workspace.place(workspace.resolve(name))


def nested(path: str, package: str) -> dict[str, str]:
    return {f"{path}/go.mod": module(f"example.com/{path}"), f"{path}/{package}/main.go": MAIN}


def test_the_one_in_the_root_module_is_meant(tree: Tree, capfd: pytest.CaptureFixture[str]) -> None:
    root = {"go.mod": module("example.com/shop"), "services/long/way/gen/main.go": MAIN}
    tree.write({**root, **nested("tools", "gen")})
    assert meant(tree, "gen") == "./services/long/way/gen"
    assert capfd.readouterr().err == (
        "gorun: gen may mean way-gen (./services/long/way/gen), tools-gen (./tools/gen);"
        " it is taken for way-gen\n"
    )
    assert meant(tree, "tools-gen") == "./tools/gen"
    assert capfd.readouterr().err == ""


def test_else_the_one_with_the_shortest_path(tree: Tree, capfd: pytest.CaptureFixture[str]) -> None:
    tree.write({**nested("tools", "gen"), **nested("services", "cmd/gen")})
    assert meant(tree, "gen") == "./tools/gen"
    assert "it is taken for tools-gen" in capfd.readouterr().err
    tree.write(nested("other", "gen"))
    with pytest.raises(UsageError, match=r"gen may mean .*; say which, as in :other-gen"):
        meant(tree, "gen")


def test_a_longer_name_than_is_needed_is_no_question(
    tree: Tree, capfd: pytest.CaptureFixture[str]
) -> None:
    tree.write(nested("tools", "gen"))
    assert meant(tree, "tools-gen") == "./tools/gen"
    assert capfd.readouterr().err == ""


def test_a_table_is_of_the_one_that_is_meant(tree: Tree) -> None:
    root = {"go.mod": module("example.com/shop"), "cmd/gen/main.go": MAIN}
    tree.write({**root, **nested("tools", "gen"), "gorun.toml": "[programs.gen]\nrace = true\n"})
    workspace = Workspace(str(tree.folder))
    assert {n: p.flags.words for n, p in workspace.programs.items()} == {
        "gen": ("-race",),
        "tools-gen": (),
    }
    assert workspace.place("gen") == "./cmd/gen"
