"""The truth behind a stat that differs, and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks.api import Program
from gorun_tasks.core.check import StatCache
from gorun_tasks.inputs.compare import Examination
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from tests.support.trees import Tree


@pytest.mark.usefixtures("surroundings")
def test_stats_of_what_was_written_meanwhile_are_not_kept(tree: Tree) -> None:
    """One examination compares a file with several builds, and reads it for the first of them.

    By the time of the second, the file may have been saved again within the clock's tick, with the
    same size: the stats that it had when it was read say nothing then.
    """
    tree.write({"go.mod": "module example.com/m\n\ngo 1.24\n"})
    first, second = (f'package main\n\nfunc main() {{ print("{n}") }}\n' for n in "12")
    program = Program(".", cwd=str(tree.folder))
    for text in (first, second):
        tree.write({"main.go": text})
        program.build()
    newest, oldest = program.store.manifests(program.key, program.identity)
    examination = Examination(StatCache(program.store, program.environ), program)
    tree.write({"main.go": first})
    assert [str(reason) for reason in examination.reasons(newest)] == ["main.go edited"]
    let_the_clock_tick()
    assert not list(examination.reasons(oldest))
    assert not any("main.go" in record[2] for _, _, record in examination.refreshed)
