"""Batch build: many programs, loaded and compiled together, linked one by one.

1. One look at the machine judges all of them: what they share is looked at once.
2. What is current or restored, or another checkout has built, needs no go.
3. Of the stale ones, those with the same flags and environment have their packages compiled by one
   go process, which loads the package graph once and has all processors. It also tells which of
   those for which other modules were chosen it would make again as they are (`renewal`).
4. Each other one is then linked by a go of its own, a few at a time: `go run` hands over one
   executable, and no `go build` makes the same bytes (it marks them as built otherwise). What that
   go reports is the closure of that program, exactly as if it had been built alone.

Decides what is built when. It must never decide how, nor keep one program's failure from being one
program's: the others are built.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context

from gorun_tasks.build.c_packages import CPackages
from gorun_tasks.build.graph import Graph
from gorun_tasks.build.renewal import Renewal
from gorun_tasks.build.sharing import keep_places
from gorun_tasks.closure.launchers import Compilers
from gorun_tasks.errors import BuildError, GoRunError, Interrupted
from gorun_tasks.inputs.verdict import judge_all
from gorun_tasks.storage.object_notes import ObjectNotes
from gorun_tasks.storage.publisher import Publisher, working_folder
from gorun_tasks.storage.writer import StoreUnusable
from gorun_tasks.system import console
from gorun_tasks.toolchain.command import Go
from gorun_tasks.toolchain.go_cache import invalidate_racy_entries
from gorun_tasks.toolchain.interrupt import InterruptGuard, end_by
from gorun_tasks.toolchain.report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.program import ProgramSpec

    Tell = Callable[[str, Outcome | GoRunError], None]

_BY_PACKAGE = re.compile(rb"^(?=# )", re.MULTILINE)  # how go begins what it says of one


class _OutputByPackage:
    """What go says while other programs are built: passed on when it has ended, by package.

    `written` is what was said already: of a package that several programs import go says the same.
    """

    def __init__(self, write: Callable[[bytes], None], written: set[bytes]) -> None:
        self._write = write
        self._written = written
        self._said: list[bytes] | None = []

    def __call__(self, words: bytes) -> None:
        if self._said is None:
            self._write(words)
        else:
            self._said.append(words)

    def pass_on(self) -> None:
        """Pass on what was said, and from now on whatever is said."""
        said, self._said = self._said or (), None
        for words in _BY_PACKAGE.split(b"".join(said)):
            if words not in self._written:
                self._written.add(words)
                self._write(words)


def build_all(
    contexts: Mapping[str, BuildContext], tell: Tell, *, jobs: int = 0, rebuild: bool = False
) -> dict[str, Outcome | GoRunError]:
    """Have an executable of each program; return what became of it, an error where it failed.

    `tell` hears each result as soon as there is one. `jobs` is how many are linked at a time (0:
    as many as there are processors). Ends as a signal wants it, once no go is left. What is current
    here, and unknown where builds are shared, is published there if that is asked for.
    """
    verdicts = judge_all(context.program for context in contexts.values())
    graphs = {
        name: Graph(context.program, context=context, verdict=verdict)
        for (name, context), verdict in zip(contexts.items(), verdicts, strict=True)
    }
    results = make_all(graphs, tell, jobs=jobs, rebuild=rebuild)
    with keep_places():
        for name, graph in graphs.items():
            if not isinstance(results[name], GoRunError):
                graph.publish()
    return results


def make_all(
    graphs: Mapping[str, Graph], tell: Tell, *, jobs: int = 0, rebuild: bool = False
) -> dict[str, Outcome | GoRunError]:
    """Do the same for programs that have been judged a moment ago."""
    results: dict[str, Outcome | GoRunError] = {}
    stale: list[tuple[str, Graph]] = []
    with keep_places():
        for name, graph in graphs.items():
            if rebuild or not _has_executable(graph):
                stale.append((name, graph))
            else:
                results[name] = _made(graph, rebuild=False)
                tell(name, results[name])
    jobs = min(jobs or os.cpu_count() or 1, len(stale))
    if jobs <= 1:
        for name, graph in stale:
            results[name] = _made(graph, rebuild=rebuild)
            tell(name, results[name])
        return results
    try:
        with InterruptGuard() as guard:
            _compile_together([graph for _, graph in stale])
            written: set[bytes] = set()
            with ThreadPoolExecutor(jobs) as pool:
                futures = {
                    # In a context like ours: that is how their go is under our guard.
                    pool.submit(
                        copy_context().run, _make_apart, graph, guard, written, rebuild=rebuild
                    ): name
                    for name, graph in stale
                }
                for future in as_completed(futures):
                    results[futures[future]] = future.result()
                    tell(futures[future], future.result())
    except Interrupted as interrupted:
        end_by(interrupted)
    return results


def compile_together(graphs: Mapping[str, Graph], tell: Tell) -> None:
    """Have go compile what several stale programs need, before each is built by itself.

    What was built elsewhere is there from then on, and `tell` hears of it. Whatever is wrong with
    another one is not said: each of them will say it. Ends as a signal wants it.
    """
    stale = []
    with keep_places():
        for name, graph in graphs.items():
            if _has_executable(graph):
                tell(name, _made(graph, rebuild=False))
            else:
                stale.append(graph)
    try:
        _compile_together(stale)
    except Interrupted as interrupted:
        end_by(interrupted)


def _has_executable(graph: Graph) -> bool:
    """Say whether a program has one, perhaps from elsewhere: then that is part of the request."""
    began = time.perf_counter()
    found = graph.fetch()
    if found:
        graph.begun = graph.begun or began
    return found


def _made(graph: Graph, *, rebuild: bool) -> Outcome | GoRunError:
    try:
        return graph.make(rebuild=rebuild)
    except GoRunError as error:
        return error


def _make_apart(
    graph: Graph, guard: InterruptGuard, written: set[bytes], *, rebuild: bool
) -> Outcome | GoRunError:
    """Build while others are built, with a store of its own, which are not made for two threads."""
    if guard.interrupted:
        return BuildError("go was interrupted before it came to this program")
    store = graph.program.store
    words = _OutputByPackage(graph.context.go_listener(), written)
    graph.enter(graph.context.apart(words))
    try:
        return _made(graph, rebuild=rebuild)
    finally:
        store.forget_tables()
        words.pass_on()


def _compile_together(graphs: list[Graph]) -> None:
    """Have go compile what several stale programs need, wherever they can be compiled at once."""
    groups: dict[tuple[object, ...], list[Graph]] = {}
    for graph in graphs:
        program = graph.program
        if program.target.kind == "package" and not graph.verdict.link_only:
            key = (program.cwd, program.flags, tuple(sorted(program.environ.items())))
            groups.setdefault(key, []).append(graph)
    for group in groups.values():
        if len(group) < 2:  # noqa: PLR2004 - one needs no other's packages
            continue
        try:
            _compile(Go.of(group[0].program), group)
        except (GoRunError, StoreUnusable, OSError):
            return  # each of them will say what is wrong


def _compile(go: Go, graphs: list[Graph]) -> None:
    """Have go compile, and once more where its cache had C that nobody knows the origin of."""
    first = graphs[0].program
    publisher = Publisher.of(first.store)
    targets = tuple(graph.program.target.words[0] for graph in graphs)
    notes = ObjectNotes(publisher, first.store.root)
    compilers = Compilers(first.environ, first.directory)
    seen: set[str] = set()
    again: Collection[str] = targets
    while not seen.issuperset(again):
        seen.update(again)
        # GODEBUG, which names the trace, is a list with commas.
        work = working_folder(None if "," in first.store.root else publisher)
        with Renewal(graphs, go, publisher, compilers) as renewal:
            again = _compile_once(go, first, targets, (work, notes, compilers, renewal))


def _compile_once(
    go: Go,
    first: ProgramSpec,
    targets: tuple[str, ...],
    tools: tuple[str, ObjectNotes, Compilers, Renewal],
) -> Collection[str]:
    """Compile, note of which C, and have go forget what it had of other C; else renew records.

    Returns the actions that were forgotten, or what compilers had to be asked before: in both cases
    it is to be done once more. `tools` begins with a folder to work in.
    """
    work, notes, compilers, renewal = tools
    compilers.ask()
    report = Report()
    tick = None
    if console.has_passing_lines():
        from gorun_tasks.toolchain.progress import Progress

        tick = Progress(report).tick
    try:
        listed = go.compile(report, first.flags, targets, work, tick=tick, fields=renewal.fields)
        packages = CPackages(first, go, report, compilers, targets)
        if packages.unasked:
            compilers.ask(packages.unasked)
            return packages.unasked
        provenance = packages.provenance(notes, "")
        if provenance.doubtful and provenance.forget():
            return provenance.doubtful
        renewal.renew(report, listed)
        return ()
    finally:
        console.erase()
        invalidate_racy_entries(report, go)
        shutil.rmtree(work, ignore_errors=True)
