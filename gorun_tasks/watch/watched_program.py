"""Watched program: its process, the executable that replaces it, and its inputs.

Decides whether a new executable is another program than the one that runs. It must never start one
before the group of the one before it is gone: `system.supervisor` knows when that is.
"""

from __future__ import annotations

import os

from gorun_tasks.build.outcome import how_to_start
from gorun_tasks.system import host
from gorun_tasks.system.build_id import same_but_build_id
from gorun_tasks.system.mount_table import MountTable
from gorun_tasks.watch.restart_loop import RestartLoop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.build.graph import Graph
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.system.supervisor import SupervisorClient
    from gorun_tasks.watch.watch_set import FailedBuildSnapshot, WatchSet


class WatchedProgram:
    """One program of a watch: what runs of it, and what is known of its inputs."""

    def __init__(
        self, name: str, context: BuildContext, args: Sequence[str], keep: SupervisorClient
    ) -> None:
        self.name = name
        self.context = context
        self.program = context.program
        self.place = self.program.place  # where it is to run, wherever this process goes
        self.args = args
        self.keep = keep
        self.taken: Outcome | None = None  # the newest that was made
        self.running: Outcome | None = None  # what was started last
        self.next: Outcome | None = None  # what is to be started when that is gone
        self.same: set[str] = set()  # digests of executables like the newest of these two
        self.exit_code: int | None = None  # of the program that ended last
        self.stopping = False
        self.scope: WatchSet | None = None
        self.tried: FailedBuildSnapshot | None = (
            None  # of the last build, where nothing is recorded of it
        )
        self.loop = RestartLoop()
        self.has_written = False  # whether it was seen to write to files, ever
        self.dropped = False  # whether the configuration has it no longer
        self.renewed = False  # whether another configuration waits for the next start
        self._private: dict[str, Graph] = {}

    def is_as(self, program: ProgramSpec, args: Sequence[str]) -> bool:
        """Say whether this is how it is built and started."""
        return not self.dropped and (
            (program.identity, program.environ, program.place, [*args])
            == (self.program.identity, self.program.environ, self.place, [*self.args])
        )

    def become(self, context: BuildContext, args: Sequence[str]) -> None:
        """Be built and started so from now on."""
        self.context, self.program, self.args = context, context.program, args
        self.place = self.program.place
        self.scope = self.tried = None
        self.same = set()
        self.loop = RestartLoop()
        self.dropped = False
        self.renewed = True

    def may_have_written(self, paths: Iterable[str]) -> bool:
        """Say whether it may have changed these files: always where writes are not counted."""
        self.has_written |= bool(self.keep.pid) and host.has_written(self.keep.pid)
        return self.has_written or not all(map(_writes_are_counted, paths))

    def take(self, made: Outcome) -> bool:
        """Take a new outcome; say whether it is another program than the one that runs."""
        self.taken = made
        self.tried = None  # what could not be recorded was another one
        old = self.running
        if (
            self.keep.pid
            and not self.stopping
            and not self.renewed
            and old is not None
            and same_but_build_id(old.path, made.path)
        ):
            self.same.add(made.digest)
            return False
        self.next = made
        self.same = {made.digest}
        return True

    def start(self) -> None:
        """Start what is to be started. Raises ExecutionError."""
        assert self.next is not None
        self.running, self.next = self.next, None
        self.stopping = self.renewed = False
        self.loop.started()
        command, words, env = how_to_start(self.program, self.running, self.args, self.place)
        self.keep.start(command, words, env, self.place)

    def stop(self, signum: int | None = None, grace: float | None = -1.0) -> None:
        """Tell the whole group to end."""
        self.stopping = True
        self.keep.stop(signum, grace)

    def hold(self, graph: Graph) -> None:
        """Keep an executable that is for this run only, until another has taken its place."""
        if graph.made is not None and graph.private:
            self._private[graph.made.path] = graph

    def let_go(self, *, everything: bool = False) -> None:
        """Remove executables that were for this run only and no longer run."""
        used = {made.path for made in (self.running, self.next) if made}
        for path, graph in list(self._private.items()):
            if everything or path not in used:
                graph.remove_private()
                del self._private[path]


def _writes_are_counted(path: str) -> bool:
    try:
        device = os.stat(os.path.dirname(path)).st_dev
    except OSError:
        return False
    return MountTable().kind(path, device) in host.COUNTS_WRITES
