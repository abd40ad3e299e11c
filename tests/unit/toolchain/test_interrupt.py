"""A build in another thread can be given up: go ends, with all it started, and tells nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import Program
from gorun_tasks.errors import GivenUp
from gorun_tasks.toolchain.interrupt import CancelScope
from tests.support.held import HOLD, Held
from tests.support.processes import state_of
from tests.support.workshop import TINY

if TYPE_CHECKING:
    from pathlib import Path

    from gorun_tasks.build.events import Event
    from tests.support.trees import Tree

pytestmark = pytest.mark.usefixtures("surroundings")


def test_a_build_is_given_up(tree: Tree, tmp_path: Path) -> None:
    """No outcome is told: nobody asks for this one any more. The next build is as any other."""
    tree.write(TINY)
    told = tmp_path / "told"
    held = Held(tmp_path, instead=f"echo $$ > '{told}'; {HOLD}")
    program = Program(cwd=str(tree.folder), env={"GOFLAGS": held.flag})
    events: list[Event] = []
    program.on_event = events.append
    failures: list[BaseException] = []

    scope = CancelScope()

    def build() -> None:
        try:
            with scope:
                program.build()
        except BaseException as failure:  # noqa: BLE001 - that is what this is about
            failures.append(failure)

    thread = threading.Thread(target=build)
    thread.start()
    held.wait()
    scope.cancel()
    thread.join()
    assert [type(failure) for failure in failures] == [GivenUp]
    assert events == []
    assert state_of(int(told.read_text())) in ("", "Z", "X")
    assert Program(cwd=str(tree.folder)).build().outcome == "built"


def test_what_another_thread_gives_up_is_its_own(tree: Tree, tmp_path: Path) -> None:
    """Two watches in one process, or a watch and a build, do not know each other."""
    tree.write(TINY)
    held = Held(tmp_path)
    program = Program(cwd=str(tree.folder), env={"GOFLAGS": held.flag})
    scope = CancelScope()
    may_leave = threading.Event()

    def give_up() -> None:
        with scope:
            with pytest.raises(GivenUp):
                program.build()
            may_leave.wait()

    thread = threading.Thread(target=give_up)
    thread.start()
    try:
        held.wait()
        scope.cancel()
        with CancelScope():
            assert Program(cwd=str(tree.folder)).build().outcome == "built"
        assert Program(cwd=str(tree.folder), env={"GOFLAGS": "-v"}).build().outcome == "built"
    finally:
        may_leave.set()
        thread.join()
