"""Rebuild pass: checks the programs of a watch and rebuilds them, in a thread of its own.

Decides what has to be made, and where its inputs are. It must never touch a program that runs:
`watcher` does, when the look has told it what became.
"""

from __future__ import annotations

import functools
import time

from gorun_tasks.build.batch import make_all
from gorun_tasks.build.graph import Graph
from gorun_tasks.core.check import StatCache
from gorun_tasks.errors import GoRunError
from gorun_tasks.inputs.verdict import judge
from gorun_tasks.storage.writer import write_back
from gorun_tasks.system.clock import wait_past
from gorun_tasks.watch.watch_set import FailedBuildSnapshot, WatchSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.check import Verdict
    from gorun_tasks.watch.file_events import FileEvents
    from gorun_tasks.watch.watch_set import Places
    from gorun_tasks.watch.watched_program import WatchedProgram


class RebuildPass:
    """What one look finds.

    `notify` gets each result as soon as there is one, and perhaps the same one again. `since` is
    when something was last told to have moved (of `host.file_clock`); `further` is what is watched
    besides inputs.
    """

    def __init__(
        self,
        watched: Mapping[str, WatchedProgram],
        notices: FileEvents,
        notify: Callable[[str, Outcome | GoRunError], None],
        *,
        since: int,
        further: WatchSet,
    ) -> None:
        self.results: dict[str, Outcome | GoRunError] = {}
        """What became of each program that was stale, or is not started yet."""
        self.graphs: dict[str, Graph] = {}
        self.scopes: dict[str, tuple[WatchSet, FailedBuildSnapshot | None]] = {}
        self.elsewhere = False
        """Whether other directories are watched than before it."""
        self.failure: BaseException | None = None
        self._watched = watched
        self.notices = notices
        self._notify = notify
        self._made: set[str] = set()  # programs that can be started by now
        self.begun = time.monotonic()
        self._since = since
        self._further = further
        self._before: dict[str, dict[str, tuple[str, ...] | None]] = {}

    def make(self) -> None:
        """Judge the programs, and make what is stale. Raises GivenUp."""
        looks: dict[str, StatCache] = {}
        for name, watched in self._watched.items():
            if watched.loop.held or watched.dropped:
                continue
            program = watched.program
            program.store.forget_tables()
            at_machine = StatCache(program.store, program.environ)
            try:
                verdict = judge(program, looks.setdefault(program.store.root, at_machine))
            except GoRunError as error:
                self.results[name] = error
                self._notify(name, error)
                continue
            if self._has_news(watched, verdict):
                watched.context.report = None
                if verdict.manifest is None:
                    watched.scope = watched.scope or WatchSet.of(program)
                    self._before[name] = watched.scope.listings()
                graph = self.graphs[name] = Graph(program, context=watched.context, verdict=verdict)
                graph.ready = functools.partial(self._notify_made, name)
        if not self.notices.directories:
            self.notices.begin(self._known_places)
        wait_past(self._since)  # what was stamped at the moment go starts could not be recorded
        self.results |= make_all(self.graphs, self._notify_made)
        for graph in self.graphs.values():
            graph.publish_apart()

    @property
    def only_records(self) -> bool:
        """Whether all that was stale is made, and only remembering it is left to do."""
        return bool(self.graphs) and self._made.issuperset(self.graphs)

    def _notify_made(self, name: str, result: Outcome | GoRunError) -> None:
        self._made.add(name)
        self._notify(name, result)

    def find_where(self) -> None:
        """Watch where the inputs are of which the look has told."""
        for name, watched in self._watched.items():
            result = self.results.get(name)
            if result is None:
                self.scopes[name] = watched.scope or WatchSet.of(watched.program), watched.tried
                continue
            scope, tried = WatchSet.of(watched.program), None
            report = self.graphs[name].context.report if name in self.graphs else None
            if report is not None and (isinstance(result, GoRunError) or result.unrecorded):
                tried = FailedBuildSnapshot(
                    watched.program, report, scope, self._before.get(name, {})
                )
            self.scopes[name] = scope, tried
        self.elsewhere = self.notices.watch(
            self._places(scope for scope, _ in self.scopes.values())
        )

    def _has_news(self, watched: WatchedProgram, verdict: Verdict) -> bool:
        manifest, tried = verdict.manifest, watched.tried
        if manifest is None:
            # Otherwise nothing changed since that failed, or could not be recorded.
            return tried is None or tried.differs()
        if tried is not None or manifest.digest not in watched.same:
            return True
        if verdict.renewed or verdict.altered:
            write_back(watched.program, verdict)
        return False

    def _known_places(self) -> Places:
        """Return what is known before the first look has ended."""
        for watched in self._watched.values():
            watched.scope = watched.scope or WatchSet.of(watched.program)
        return self._places(w.scope for w in self._watched.values() if w.scope)

    def _places(self, scopes: Iterable[WatchSet]) -> Places:
        places = self._further.places()
        for scope in scopes:
            places |= scope.places()
        return places
