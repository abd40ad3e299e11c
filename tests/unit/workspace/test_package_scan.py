"""Which programs there are: what go finds, module by module."""

from __future__ import annotations

import pytest

from gorun_tasks.workspace.workspace import Workspace
from tests.support.trees import LIBRARY, MAIN, Tree, module

pytestmark = pytest.mark.usefixtures("surroundings")


def test_one_module(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop/v2"),
            "main.go": MAIN,
            "cmd/api/main.go": MAIN,
            "lib/lib.go": LIBRARY,
            "internal/dev/seed/main.go": MAIN,
        }
    )
    assert tree.places() == {
        "api": "./cmd/api",
        "seed": "./internal/dev/seed",
        "shop": ".",
    }


def test_what_go_passes_over_is_no_program(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop") + "ignore ./web\n",
            "cmd/api/main.go": MAIN,
            "testdata/a/main.go": MAIN,
            "_old/b/main.go": MAIN,
            ".hidden/c/main.go": MAIN,
            "vendor/d/main.go": MAIN,
            "web/e/main.go": MAIN,
            "cmd/ignored/main.go": f"//go:build ignore\n\n{MAIN}",
            "cmd/tests/main_test.go": "package main\n",
            "cmd/other/main_plan9.go": MAIN,
        }
    )
    assert tree.places() == {"api": "./cmd/api"}


def test_a_program_that_cannot_be_built_is_still_one(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop") + "\nrequire example.com/nowhere v1.0.0\n",
            "cmd/missing/main.go": 'package main\n\nimport _ "example.com/nowhere/x"\n',
            "cmd/broken/main.go": "package main\n\nfunc main( {\n",
            "cmd/two/a.go": MAIN,
            "cmd/two/b.go": "package two\n",
        }
    )
    assert list(tree.places()) == ["broken", "missing", "two"]


def test_constraints_are_as_go_applies_them(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/dev/main.go": f"//go:build dev\n\n{MAIN}",
            "cmd/c/main.go": 'package main\n\nimport "C"\n\nfunc main() {}\n',
        }
    )
    monkeypatch.setenv("CGO_ENABLED", "0")
    assert tree.places() == {}
    monkeypatch.setenv("CGO_ENABLED", "1")
    monkeypatch.setenv("GOFLAGS", "-tags=dev")
    assert tree.places() == {"c": "./cmd/c", "dev": "./cmd/dev"}


def test_the_modules_of_a_go_work_are_built_from_the_root(tree: Tree) -> None:
    tree.write(
        {
            "go.work": "go 1.24\n\nuse (\n\t./services\n\t./tools\n)\n",
            "services/go.mod": module("example.com/services"),
            "services/cmd/api/main.go": MAIN,
            "tools/go.mod": module("example.com/tools"),
            "tools/gen/main.go": MAIN,
        }
    )
    workspace = Workspace(str(tree.folder))
    assert tree.places() == {"api": "./services/cmd/api", "gen": "./tools/gen"}
    assert {program.cwd for program in workspace.programs.values()} == {str(tree.folder)}


def test_several_modules_without_a_go_work_are_built_where_they_are(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/api/main.go": MAIN,
            "tools/go.mod": module("example.com/tools"),
            "tools/gen/main.go": MAIN,
            "docs/deep/go.mod": module("example.com/deep"),
            "docs/deep/main.go": MAIN,
        }
    )
    workspace = Workspace(str(tree.folder))
    found = {n: (p.cwd, p.target.words[0]) for n, p in workspace.programs.items()}
    root = str(tree.folder)
    assert found == {
        "api": (root, "./cmd/api"),
        "deep": (f"{root}/docs/deep", "."),
        "gen": (f"{root}/tools", "./gen"),
    }
    assert workspace.program("gen").build().outcome == "built"
    assert workspace.program("deep").build().outcome == "built"


def test_a_repository_of_modules_only(tree: Tree) -> None:
    tree.write(
        {
            "README.md": "",
            "a/go.mod": module("example.com/a"),
            "a/main.go": MAIN,
            "group/b/go.mod": module("example.com/b"),
            "group/b/cmd/main.go": MAIN,
            "node_modules/c/go.mod": module("example.com/c"),
            "node_modules/c/main.go": MAIN,
        }
    )
    assert tree.places() == {"a": "./a", "b": "./group/b/cmd"}


def test_a_module_that_go_work_does_not_name_is_built_without_it(tree: Tree) -> None:
    tree.write(
        {
            "go.work": "go 1.24\n\nuse ./a\n",
            "a/go.mod": module("example.com/a"),
            "a/main.go": MAIN,
            "b/go.mod": module("example.com/b"),
            "b/main.go": MAIN,
        }
    )
    workspace = Workspace(str(tree.folder))
    assert sorted(workspace.programs) == ["a", "b"]
    assert workspace.program("b").build().outcome == "built"


def test_below_a_module_only_what_is_there(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/api/main.go": MAIN,
            "services/mail/main.go": MAIN,
        }
    )
    workspace = Workspace(str(tree.folder / "services"))
    assert {n: workspace.place(n) for n in workspace.programs} == {"mail": "./mail"}
    assert workspace.program("mail").build().outcome == "built"
