"""Affected: where only go.mod and its like differ, exact, and never one too few."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.workspace.workspace import Workspace
from tests.support.trees import MAIN, Tree, module

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.usefixtures("surroundings")

USES_DEP = 'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.D) }\n'
NEEDS_DEP = "\nrequire example.com/dep v0.1.0\n\nreplace example.com/dep v0.1.0 => ./dep\n"
SHOP = {
    "go.mod": module("example.com/shop") + NEEDS_DEP,
    "cmd/api/main.go": USES_DEP,
    "cmd/worker/main.go": MAIN,
    "dep/go.mod": module("example.com/dep"),
    "dep/dep.go": "package dep\n\nconst D = 1\n",
    "other/go.mod": module("example.com/other"),
    "other/other.go": "package other\n",
}


@pytest.fixture
def shop(tree: Tree) -> Tree:
    (tree.folder / ".git").rmdir()
    tree.git("init", "--quiet", "--initial-branch", "main")
    tree.write(SHOP)
    tree.commit("first")
    return tree


def touched(tree: Tree) -> dict[str, list[str]]:
    with contextlib.chdir(tree.folder):  # where people stand
        found = Workspace(str(tree.folder)).affected("HEAD")
    return {name: list(map(str, why)) for name, why in found.items()}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"go.mod": SHOP["go.mod"].replace("v0.1.0", "v0.2.0")}, ["api"]),
        ({"go.mod": SHOP["go.mod"] + "\nreplace example.com/other => ./other\n"}, []),
        ({"go.mod": SHOP["go.mod"].replace("go 1.24", "go 1.25")}, ["api", "worker"]),
        ({"go.mod": SHOP["go.mod"] + "\ngodebug panicnil=1\n"}, ["api", "worker"]),
        (
            {"go.mod": SHOP["go.mod"].replace("example.com/shop", "example.com/s")},
            ["api", "worker"],
        ),
        ({"dep/go.mod": module("example.com/dep").replace("1.24", "1.23")}, ["api", "worker"]),
        ({"dep/go.mod": module("example.com/dep") + "\nrequire example.com/x v1.0.0\n"}, None),
        ({"go.work": "go 1.24\n\nuse .\n"}, ["api", "worker"]),
        ({"go.sum": "example.com/x v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"}, []),
        ({"cmd/worker/go.mod": module("example.com/shop/cmd/worker")}, ["worker"]),
    ],
    ids=[
        *("raised", "replaced", "go-line", "godebug", "path", "go-line-of-dep", "needs-more"),
        *("go-work", "go-sum", "nested"),
    ],
)
def test_a_program_is_touched_where_its_modules_differ(
    shop: Tree, files: Mapping[str, str], expected: list[str] | None
) -> None:
    shop.write(files)
    found = list(touched(shop))
    assert expected is None or found == expected


def test_a_dependency_that_is_added_for_one_program_touches_that(shop: Tree) -> None:
    added = "\nrequire example.com/other v1.0.0\n\nreplace example.com/other => ./other\n"
    code = USES_DEP.replace("import ", 'import _ "example.com/other"\nimport ')
    shop.write({"go.mod": SHOP["go.mod"] + added, "cmd/api/main.go": code})
    assert list(touched(shop)) == ["api"]


def test_a_raised_version_is_named_as_that_of_go_mod(shop: Tree) -> None:
    shop.write({"go.mod": SHOP["go.mod"].replace("v0.1.0", "v0.2.0")})
    assert touched(shop) == {"api": ["go.mod edited"]}


def test_what_differs_in_bytes_is_never_missed(shop: Tree) -> None:
    """Random edits of module files: a program that is not touched is built to the same bytes."""
    chance = random.Random(29)
    lines = (
        *("\nrequire example.com/other v1.0.0\n", "\nreplace example.com/other => ./other\n"),
        *("\ngodebug panicnil=1\n", "\nexclude example.com/dep v0.0.9\n", "\n// a\n"),
        "\nreplace example.com/other v1.0.0 => ./other\n",
    )

    def digests() -> dict[str, str]:
        made = Workspace(str(shop.folder)).build()
        return {name: getattr(outcome, "digest", "failed") for name, outcome in made.items()}

    before = digests()
    seen = 0
    for _ in range(10):
        text = module("example.com/shop").replace("1.24", chance.choice(("1.24", "1.24", "1.25")))
        needs = NEEDS_DEP.replace("v0.1.0", chance.choice(("v0.1.0", "v0.1.1")))
        shop.write({"go.mod": text + needs + "".join(chance.sample(lines, chance.randint(0, 2)))})
        found = touched(shop)
        now = digests()
        for name, digest in now.items():
            if name not in found:
                seen += 1
                assert digest == before[name]
        shop.commit("next")
        before = now
    assert seen
