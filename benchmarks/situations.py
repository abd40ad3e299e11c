"""What happened since the last start: each situation puts a scene in its state before every round.

Decides what is done, to the tree and by the ways, before a way is timed. The effect of one way on
the next is nothing: outputs, memories and build caches are each way's own. It must never leave
the tree in a state that `Scene.begin` cannot mend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.workloads import FLAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.scene import Scene


class Situation(NamedTuple):
    """One situation. It is measured for at most `rounds` rounds, and about `seconds` seconds."""

    name: str
    arrange: Callable[[Scene], None]
    rounds: int = 7
    seconds: float = 100
    least: int = 3
    """Rounds that are measured however long they take."""

    def brief(self) -> Situation:
        """Return this situation with fewer rounds, two where one takes long, if go works in it."""
        if self.rounds > Situation._field_defaults["rounds"]:
            return self
        return self._replace(seconds=self.seconds / 5, least=min(self.least, 2))


def _nothing(_scene: Scene) -> None:
    pass


def _touched(scene: Scene) -> None:
    scene.tree.touch()
    scene.age()


def _touched_and_run(scene: Scene) -> None:
    _touched(scene)
    scene.run_all()


def _edited(place: str) -> Callable[[Scene], None]:
    def arrange(scene: Scene) -> None:
        scene.tree.edit(place)
        scene.age()

    return arrange


def _undone(scene: Scene) -> None:
    scene.tree.edit("main")
    scene.age()
    scene.run_all()
    scene.tree.undo()
    scene.age()


def _there_and_back(scene: Scene) -> None:
    scene.tree.switch("other")
    scene.age()
    scene.run_all()
    scene.tree.switch("main")
    scene.age()


def _other_flag(scene: Scene) -> None:
    scene.run_all(FLAG)


def _cleaned(scene: Scene) -> None:
    scene.tree.clean()


def _store_cold(scene: Scene) -> None:
    scene.tree.clean()
    scene.forget_store()


def _everything_cold(scene: Scene) -> None:
    _store_cold(scene)
    scene.forget_caches()


NOTHING = Situation("nothing changed", _nothing, rounds=40, seconds=60, least=5)
TOUCHED = Situation("touch of everything, first run", _touched)
TOUCHED_TWICE = Situation("touch of everything, second run", _touched_and_run)
MAIN_EDITED = Situation("one edit in main", _edited("main"))
LEAF_EDITED = Situation("one edit in a leaf package", _edited("leaf"))
UNDONE = Situation("edit undone", _undone)
SWITCHED = Situation("branch switched there and back", _there_and_back)
TOGGLED = Situation("flags toggled A-B-A", _other_flag)
CLEANED = Situation("after git clean of the outputs", _cleaned)
STORE_COLD = Situation("store cold, GOCACHE warm", _store_cold)
COLD = Situation("everything cold", _everything_cold, rounds=5, seconds=240, least=2)

INSTALLED = Situation("unchanged, as README installs it", _nothing, rounds=40, seconds=60, least=5)
RUNNERS = Situation("unchanged, from a runner", _nothing, rounds=25, seconds=60)
ASKED = Situation("unchanged, many asked at once", _nothing, rounds=25, seconds=60)
LISTED = Situation("unchanged, 50 programs listed", _nothing, rounds=25, seconds=60)
