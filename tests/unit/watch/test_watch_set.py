"""What a failed build saw, and whether it differs by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks import (
    BuildError,
    Program,
)
from gorun_tasks.watch.watch_set import FailedBuildSnapshot, WatchSet
from tests.support.watching import SERVER

if TYPE_CHECKING:
    from tests.support.trees import Tree


pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.mark.parametrize("edited", [False, True])
def test_an_edit_between_go_and_us_is_seen(tree: Tree, *, edited: bool) -> None:
    """What a failed build saw is taken down after go has ended: somebody may have mended it."""
    version = 'package main\n\nimport "example.com/server/lib"\n\nvar version = lib.Word\n'
    tree.write(SERVER | {"version.go": version})
    program = Program(cwd=str(tree.folder))
    scope = WatchSet.of(program)
    before = scope.listings()
    graph = program.graph()
    with pytest.raises(BuildError):
        graph.make()
    if edited:
        tree.write({"lib/lib.go": 'package lib\n\nfunc Word() string { return "" }\n'})
    report = graph.context.report
    assert report is not None
    assert FailedBuildSnapshot(program, report, scope, before).differs() == edited
