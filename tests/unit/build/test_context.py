"""Sessions of builds: who hears of them, and that no build changes a program that others hold."""

from __future__ import annotations

import pytest

from gorun_tasks import Event, Outcome, Program, Workspace
from tests.support.trees import MAIN, Tree, module

pytestmark = pytest.mark.usefixtures("surroundings")


def test_another_session_is_of_the_same_program(tree: Tree) -> None:
    program = Program(
        cwd=str(tree.folder), race=True, env={"LEVEL": "2"}, stamp={"main.v": "commit"}
    )
    program.events = "events.jsonl"
    said: list[bytes] = []
    happened: list[Event] = []
    context = program.context()
    apart, heard = context.apart(said.append), context.with_listener(happened.append)
    for other in (apart, heard):
        assert (other.program.key, other.events) == (program.key, program.events)
    assert apart.go_listener() == said.append
    assert apart.program.store is not program.store
    assert (apart.program.environ, apart.program.overlay, apart.program.stamp) == (
        (program.environ, program.overlay, program.stamp)
    )
    assert (context.listener, context.on_event, context.program) == (None, None, program)


def test_builds_at_the_same_time_leave_their_programs_alone(tree: Tree) -> None:
    """What one program's words and events are is known to its owner, whoever builds it."""
    tree.write({"go.mod": module("example.com/two"), "a/main.go": MAIN, "b/main.go": MAIN})
    workspace = Workspace(str(tree.folder))
    happened: list[Event] = []
    programs = list(workspace.programs.values())
    for program in programs:
        program.on_event = happened.append
    stores = [program.store for program in programs]
    made = workspace.build(jobs=2)
    assert [one.outcome for one in made.values() if isinstance(one, Outcome)] == ["built"] * 2
    assert [program.store for program in programs] == stores
    assert [program.listener for program in programs] == [None, None]
    assert [event.event for event in happened] == ["outcome"] * 2
    assert all(program.is_current() for program in programs)
