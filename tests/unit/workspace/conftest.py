"""A repository with one program, which is remembered."""

from __future__ import annotations

import pytest

from tests.support.trees import LIBRARY, MAIN, Tree, module


@pytest.fixture
def shop(tree: Tree) -> Tree:
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/api/main.go": MAIN,
            "cmd/api/more.go": "package main\n",
            "lib/lib.go": LIBRARY,
            "docs/guide.md": "",
        }
    )
    assert tree.places() == {"api": "./cmd/api"}
    return tree
