"""Workspaces: what is found, what it is called, when go is asked, what the configuration adds."""

from __future__ import annotations

import pytest

from gorun_tasks import BuildError, GoRunError, Outcome, UsageError
from gorun_tasks.workspace.workspace import Workspace
from tests.support.trees import MAIN, Tree, module

pytestmark = pytest.mark.usefixtures("surroundings")


def test_a_broken_module_does_not_hide_the_others(
    tree: Tree, capfd: pytest.CaptureFixture[str]
) -> None:
    tree.write(
        {
            "a/go.mod": module("example.com/a"),
            "a/main.go": MAIN,
            "b/go.mod": "modul example.com/b\n",
            "b/main.go": MAIN,
        }
    )
    assert tree.places() == {"a": "./a"}
    assert capfd.readouterr().err == ""  # whoever asks for a is not told of b
    workspace = Workspace(str(tree.folder))
    sentence = (
        "go cannot tell which programs there are in ./b; "
        "go: errors parsing go.mod: go.mod:1: unknown directive: modul"
    )
    assert {place: str(error) for place, error in workspace.unlisted.items()} == {"./b": sentence}
    made = workspace.build()
    assert isinstance(made["a"], Outcome)
    assert str(made["./b"]) == sentence
    with pytest.raises(GoRunError, match=sentence):  # else it would miss one
        workspace.affected(files=["b/go.mod"])
    with pytest.raises(BuildError, match=rf"^no program is called b in .*, but {sentence}"):
        workspace.program("b")
    tree.write({"gorun.toml": "[programs.b]\nrace = true\n"})  # which is no mistake
    assert list(Workspace(str(tree.folder)).programs) == ["a"]
    tree.write({"gorun.toml": 'exclude = ["./b/..."]\n'})
    assert Workspace(str(tree.folder)).unlisted == {}
    tree.remove("gorun.toml")
    tree.write({"b/go.mod": module("example.com/b")})
    assert tree.places() == {"a": "./a", "b": "./b"}


def test_what_a_broken_go_work_names_is_not_known(tree: Tree) -> None:
    tree.write({"a/go.mod": module("example.com/a"), "a/main.go": MAIN, "go.work": "go 1.24\nus a"})
    assert list(Workspace(str(tree.folder)).unlisted) == ["."]
    tree.write({"go.work": "go 1.24\nuse ./a\n"})
    assert Workspace(str(tree.folder)).unlisted == {}


def test_an_unknown_name_is_answered_with_a_near_one(shop: Tree) -> None:
    with pytest.raises(UsageError, match=r"no program is called apo in .*; did you mean api\?"):
        Workspace(str(shop.folder)).program("apo")
