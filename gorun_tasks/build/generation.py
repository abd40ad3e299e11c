"""Generation: a program that makes files, run only where it could make other ones.

    gen = ProgramSpec("./tools/gen")
    gen.generation(["-o", "menu.go"], inputs=["menu.txt"], outputs=["menu.go"]).run()

This is Execute as a node with inputs and outputs, on request only: nobody can know what a program
reads, so whoever asks for this says it. The outputs are current while these are as they were when
it ran: its executable (by content, so that a rebuild to the same bytes makes nothing stale), its
arguments and directory, the variables that are named or laid over its environment, the inputs, and
the outputs themselves, which somebody may have edited or deleted. Of files their names, contents
and links count; who may read them, and when they were written, does not.

Nothing is remembered of a run that failed, nor where an input was touched while it ran. What was
remembered is forgotten before the program starts. Two that ask for the same at once wait for each
other, and one of them runs. Decides whether the program has to run. It must never run it where
that could change nothing, nor keep what it makes: outputs belong to whoever named them.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import NamedTuple

from gorun_tasks.build.globs import GlobExpansion, checked
from gorun_tasks.build.graph import Graph, Node
from gorun_tasks.build.snapshot import (
    differences,
    disturbed,
    path_components,
    settled_keys,
    snapshot_of,
    wait_past_clock_tick,
)
from gorun_tasks.core.reasons import Reason, of_file, where_people_are
from gorun_tasks.core.store import checksum, frame, read_file, unframe
from gorun_tasks.errors import OutputError, UsageError
from gorun_tasks.inputs.verdict import judge
from gorun_tasks.storage.writer import StoreUnusable, Writer
from gorun_tasks.system import console
from gorun_tasks.system.locks import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.build.snapshot import Seen
    from gorun_tasks.core.check import StatCache
    from gorun_tasks.core.program import ProgramSpec

_DAY = 24 * 3600


class _Record(NamedTuple):
    """What was so when the outputs were made."""

    digest: str  # of the executable
    wrapper: tuple[str, ...]
    variables: tuple[tuple[str, str | None], ...]
    patterns: tuple[tuple[str, ...], tuple[str, ...]]
    inputs: Seen
    outputs: Seen


class Generate(Node):
    """From an executable, arguments and inputs to outputs."""

    def __init__(
        self,
        graph: Graph,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
        variables: tuple[str, ...],
    ) -> None:
        super().__init__(
            graph.program,
            "generate",
            inputs=lambda: (*graph.executable(), *self._expanded()[0].paths),
            outputs=lambda: tuple(self._expanded()[1].paths),
            why_stale=self._why_run,
            perform=self._run,
        )
        self._graph = graph
        self.patterns = inputs, outputs
        self.because: tuple[Reason, ...] = ()
        self.unrecorded = ""
        program = graph.program
        self._variables = tuple(sorted({*variables, *program.overlay}))
        self._place = program.place
        elsewhere = ("in", self._place) if self._place != program.directory else ()
        self._identity = (*program.identity, *elsewhere, "generate", *graph.args)
        words = "\0".join(self._identity).encode("utf-8", "surrogateescape")
        self.key = checksum(words).hex()

    def _why_run(self) -> tuple[Reason, ...]:
        """Return why it has to run; empty where its outputs are current.

        Where the program itself is stale its reasons are among these, though building it may show
        that it has not changed.
        """
        record = self._remembered()
        if isinstance(record, str):
            return (Reason("", record),)
        reasons = tuple(dict.fromkeys((*self._changed_program(record), *self._changed(record))))
        if not reasons:
            self._mark_used()
        return reasons

    def _run(self) -> None:
        """Run the program in the foreground, as a child, and remember that it did.

        Raises OutputError where it ends well without having made what it was to make.
        """
        record = self._remembered()
        self._forget("the last run did not end well")
        wait_past_clock_tick(self._expanded()[0])
        inputs, _ = self._expanded()
        before = snapshot_of(inputs, {} if isinstance(record, str) else record.inputs)
        listed = settled_keys(inputs)
        self._graph.run_child()
        made = self._graph.made
        assert made is not None
        if made.exit_code:
            return
        ended = time.time_ns()  # not the files' clock: some kernels stamp finer than it ticks
        inputs, outputs = self._expanded()
        self._refuse_missing(outputs)
        self.unrecorded = disturbed(before, listed, inputs, outputs)
        wait_past_clock_tick(outputs)
        made_now = snapshot_of(outputs, {})
        for path, (key, _) in made_now.items():
            if key is not None and key[1] > ended:
                self.unrecorded = f"{path} changed after it was made"
        if self.unrecorded:
            self._forget(f"not remembered: {self.unrecorded}")
        else:
            values = self._values()
            record = _Record(made.digest, made.wrapper, values, self.patterns, before, made_now)
            try:
                self._keep((self._identity, *record), "")
            except StoreUnusable as trouble:
                self.unrecorded = str(trouble)

    def _expanded(self) -> tuple[GlobExpansion, GlobExpansion]:
        """Return what the patterns name now; what is an output is no input."""
        base = self._place
        inputs, outputs = (GlobExpansion(base, patterns) for patterns in self.patterns)
        own = path_components(outputs)
        inputs.paths = [
            path for path in inputs.paths if os.path.normpath(inputs.place(path)) not in own
        ]
        return inputs, outputs

    def _refuse_missing(self, outputs: GlobExpansion) -> None:
        for pattern in self.patterns[1]:
            if not any(os.path.lexists(outputs.place(p)) for p in outputs.named_by(pattern)):
                raise OutputError(f"{self._graph.program.label} did not make {pattern}")

    def _values(self) -> tuple[tuple[str, str | None], ...]:
        environ = self._graph.program.environ
        return tuple((name, environ.get(name)) for name in self._variables)

    def _changed_program(self, record: _Record) -> Iterator[Reason]:
        graph = self._graph
        made, manifest = graph.made, None if graph.made else graph.verdict.manifest
        if made is None and manifest is None:
            yield from graph.verdict.because
            return
        now = made or manifest
        assert now is not None
        if now.digest != record.digest:
            yield Reason(" ".join(graph.program.target.words), "rebuilt since")
        if now.wrapper != record.wrapper:
            yield Reason("-exec", f"{' '.join(record.wrapper)!r} → {' '.join(now.wrapper)!r}")

    def _changed(self, record: _Record) -> Iterator[Reason]:
        before, environ = dict(record.variables), self._graph.program.environ
        # What was laid over the environment then, and is not now, counts as well.
        for name in sorted({*before, *self._variables}):
            value = environ.get(name)
            if name not in before:
                yield Reason(name, "is an input now")
            elif before[name] != value:
                yield Reason(name, f"{before[name] or ''!r} → {value or ''!r}")
        names, seen = ("inputs", "outputs"), (record.inputs, record.outputs)
        for what, old, new, then, expansion in zip(
            names, record.patterns, self.patterns, seen, self._expanded(), strict=True
        ):
            now = snapshot_of(expansion, then)
            if old == new:
                yield from map(self._as_seen, differences(then, now))
                continue
            yield Reason(what, f"{' '.join(old)!r} → {' '.join(new)!r}")
            # What only one of them names neither came nor went.
            common = then.keys() & now.keys()
            both = ({path: one[path] for path in common} for one in (then, now))
            yield from map(self._as_seen, differences(*both))

    def _as_seen(self, reason: Reason) -> Reason:
        path = os.path.normpath(os.path.join(self._place, reason.input))
        return of_file(path, reason.change, where_people_are(self._graph.program))

    # What is remembered.

    def _remembered(self) -> _Record | str:
        """Return what was so when the outputs were made, or why nobody knows."""
        store = self._graph.program.store
        unknown = "not generated before"
        if not store.trusted():
            return unknown
        try:
            data = read_file(f"{store.root}/generated/{self.key}")
            identity, *stored = unframe(data)
            if identity != self._identity:
                return unknown
            return _Record(*stored) if stored else str(unframe(data, second=True))
        except (OSError, ValueError, TypeError):
            return unknown

    def _mark_used(self) -> None:
        """Stamp the last use, at most daily; eviction goes by it."""
        path = f"{self._graph.program.store.root}/generated/{self.key}"
        with contextlib.suppress(OSError):
            if time.time() - os.stat(path).st_mtime > _DAY:
                os.utime(path)

    def _forget(self, why: str) -> None:
        """Remember nothing but why."""
        with contextlib.suppress(OSError):
            os.unlink(f"{self._graph.program.store.root}/generated/{self.key}")
        with contextlib.suppress(StoreUnusable):
            self._keep((self._identity,), why)

    def _keep(self, first: tuple[object, ...], second: str) -> None:
        writer = Writer.of(self._graph.program.store)
        writer.keep("generated", self.key, frame(first, second))


class Generation(Graph):
    """The four nodes of a program that makes files: Execute is performed where it is stale."""

    execute: Generate

    def __init__(
        self,
        program: ProgramSpec,
        args: Sequence[str],
        *,
        inputs: Iterable[str | os.PathLike[str]],
        outputs: Iterable[str | os.PathLike[str]],
        variables: Iterable[str],
        context: BuildContext | None = None,
    ) -> None:
        if isinstance(args, str):
            raise UsageError(f"args is one string, {args!r}", "give a list of words")
        super().__init__(program, [os.fspath(arg) for arg in args], context=context)
        made = checked(outputs, "outputs")
        if not made:
            raise UsageError(f"{program.label} has no outputs", "name the files that it makes")
        self.execute = Generate(self, checked(inputs, "inputs"), made, tuple(variables))

    @property
    def because(self) -> tuple[Reason, ...]:
        """Why the program ran, empty where it did not."""
        return self.execute.because

    @property
    def unrecorded(self) -> str:
        """Why it will run again the next time, "" where that is not so."""
        return self.execute.unrecorded

    def why(self, look: StatCache | None = None) -> tuple[Reason, ...]:
        """Return why the program would be run, without asking go; empty when it would not."""
        self._verdict = judge(self.program, look)
        return self.execute.why_stale()

    def run(self) -> Outcome:
        """Build if need be, and run the program where its outputs are not current.

        The outcome's `exit_code` is None where it was not run. Raises what a run raises, and
        OutputError.
        """
        made = self.made or self.make()
        with self._alone() as waited:
            if waited:  # meanwhile the program may have become another one
                self._verdict = self._builder = None
                made = self.make()
            self.execute.because = self.execute.why_stale()
            return super().run() if self.execute.because else made

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Have these outputs to ourselves, where there can be locks; yield whether we waited."""
        store = self.program.store
        try:
            Writer.of(store)
        except StoreUnusable as trouble:
            console.say(f"{trouble}; nothing will be remembered")
            yield False
            return
        lock = Lock(f"{store.root}/locks/{self.execute.key}")
        try:
            with contextlib.suppress(OSError):
                lock.acquire()
            yield lock.waited
        finally:
            lock.release()
