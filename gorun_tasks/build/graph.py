"""Task graph: what `go run` does, as four nodes: Compile → Link → Execute → Delete.

Decides what has to be done, and in which order. One go process performs Compile and Link
together, yet each has a verdict of its own: a changed source makes both stale, a lost executable
only Link. It must never hold a lock while the program runs (but for the moment in which one that
was started early is recorded), and never leave a folder behind.
Runners come this way also where nothing changed: what only a stale node needs is in `builder`.
"""

from __future__ import annotations

import time

from gorun_tasks.build.outcome import Outcome, Stopwatch
from gorun_tasks.core.check import Verdict
from gorun_tasks.core.fingerprint import record_directory
from gorun_tasks.errors import ExecutableGoneError, GoRunError, Interrupted, ToolchainError
from gorun_tasks.inputs.verdict import judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gorun_tasks.build.builder import Builder
    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.reasons import Reason


class Node:
    """One step: what it reads and makes, for people and tools, and why it has to be performed.

    The same step of the same program has the same `key`.
    """

    def __init__(
        self,
        program: ProgramSpec,
        name: str,
        *,
        inputs: Callable[[], tuple[str, ...]],
        outputs: Callable[[], tuple[str, ...]] = lambda: (),
        why_stale: Callable[[], tuple[Reason, ...]],
        perform: Callable[[], None],
    ) -> None:
        self.name = name
        self.key = f"{program.key}/{name}"
        self.performed = False
        self._label = program.label
        self._inputs, self._outputs = inputs, outputs
        self._why_stale, self._perform = why_stale, perform

    @property
    def inputs(self) -> tuple[str, ...]:
        """The paths that it reads."""
        return self._inputs()

    @property
    def outputs(self) -> tuple[str, ...]:
        """What it makes."""
        return self._outputs()

    def why_stale(self) -> tuple[Reason, ...]:
        """Return why it has to be performed; empty when it has not."""
        return self._why_stale()

    def perform(self) -> None:
        """Do it, stale or not."""
        self._perform()
        self.performed = True

    def __repr__(self) -> str:
        return f"<{self.name} of {self._label}>"


class Graph:
    """The four nodes of one program, and the scheduler that performs the stale ones in order."""

    def __init__(
        self,
        program: ProgramSpec,
        args: Sequence[str] = (),
        *,
        context: BuildContext | None = None,
        ephemeral: bool = False,
        verdict: Verdict | None = None,
        begun: float = 0.0,
    ) -> None:
        """Prepare to build in `context`, None where nobody listens but the person who reads."""
        self.program = program
        self.args = tuple(args)
        self.ephemeral = ephemeral
        self.made: Outcome | None = None
        self.ready: Callable[[Outcome], None] | None = None
        """Hears of an outcome as soon as its program can be started: what is left to do then, the
        end of go and what is written for the next time, can be done while it runs."""
        self.compile = Node(
            program,
            "compile",
            inputs=lambda: tuple(sorted(self._input_paths())),
            outputs=lambda: ("go's build cache",),
            why_stale=self._why_compile,
            perform=self._ask_go,
        )
        self.link = Node(
            program,
            "link",
            inputs=lambda: self.compile.outputs,
            outputs=self.executable,
            why_stale=self._why_link,
            perform=self._link,
        )
        self.execute = Node(
            program,
            "execute",
            inputs=self.executable,
            why_stale=lambda: _reason("a program is run each time it is asked for"),
            perform=self.run_child,
        )
        self.delete = Node(
            program,
            "delete",
            inputs=self.executable,
            why_stale=self._why_delete,
            perform=self.remove_private,
        )
        self._context = context
        self._verdict = verdict
        self.begun = begun
        """When the request began (of time.perf_counter), 0 for when something is made."""
        self._stopwatch = Stopwatch()
        self._builder: Builder | None = None
        self._is_reported = False  # whether it was said what became of it
        self._is_looked_for = False  # whether it was built elsewhere
        self._miss = ""  # why nothing was fetched, where that is told

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in the order in which they are performed."""
        return (self.compile, self.link, self.execute, self.delete)

    @property
    def verdict(self) -> Verdict:
        """What is known without asking go, as of the first time it was asked for."""
        if self._verdict is None:
            self._verdict = judge(self.program)
        return self._verdict

    @property
    def builder(self) -> Builder:
        """What is done where something is stale."""
        if self._builder is None:
            from gorun_tasks.build.builder import Builder

            self._builder = Builder(self.context, self._stopwatch)
        return self._builder

    @property
    def context(self) -> BuildContext:
        """The session in which it is built."""
        if self._context is None:
            from gorun_tasks.build.context import BuildContext

            self._context = BuildContext(self.program)
        return self._context

    def enter(self, context: BuildContext) -> None:
        """Be built in another session of the same program."""
        self._context = context
        self.program = context.program

    @property
    def private(self) -> str:
        """The folder of an executable that is for this run only, "" for none."""
        return self._builder.private if self._builder is not None else ""

    def executable(self) -> tuple[str, ...]:
        """Return the path of the executable, once there is one."""
        return (self.made.path,) if self.made else ()

    # The scheduler.

    @property
    def steps(self) -> dict[str, float]:
        """The steps of the last request so far, and the seconds that each took."""
        return self._stopwatch.steps()

    def make(self, *, rebuild: bool = False) -> Outcome:
        """Perform Compile and Link where they are stale; return what became of it.

        With `rebuild` go is asked though nothing changed. Raises what `Program.build` raises.
        """
        self._stopwatch = Stopwatch()
        self._stopwatch.begin("check", self.begun)
        self.begun = 0.0
        self._is_reported = False
        made: Outcome | None = None
        if not rebuild:
            self.fetch()
        verdict = self.verdict
        try:
            if verdict.manifest is not None and not rebuild:
                self._settle(verdict)
            else:
                self._make_stale(rebuild=rebuild)
            assert self.made is not None
            made = self.made
        except GoRunError:
            made = Outcome("failed", "", "", because=self.verdict.because)
            raise
        except Interrupted as interrupted:
            from gorun_tasks.toolchain.interrupt import end_by

            end_by(interrupted)
        finally:
            if made is not None and not self._is_reported:
                self._report(made)
        return made

    def fetch(self) -> bool:
        """Take what was built elsewhere of this very content, where the program is stale.

        Say whether it has an executable by now. That is looked for once. Why there is none is
        found out for the file of events, but where somebody waits for each build: in a watch.
        """
        verdict = self.verdict
        if verdict.manifest is None and not self._is_looked_for:
            from gorun_tasks.build.sharing import fetch

            self._is_looked_for = True
            found = fetch(self.program, verdict.facts)
            if found is not None:
                manifest, where = found
                self._verdict = Verdict("fetched", manifest, (*verdict.because, *_reason(where)))
                self._verdict.facts = verdict.facts
            elif self._context is not None and self._context.events and self.ready is None:
                from gorun_tasks.build.sharing import explain

                self._miss = explain(self.program, verdict.facts)[1]
        return self.verdict.manifest is not None

    def publish(self) -> None:
        """Share what is current here by now, if that is asked for. Waits until it is done."""
        if self._is_asked_to_publish():
            from gorun_tasks.build.publication import tell_of_last
            from gorun_tasks.build.sharing import publish

            tell_of_last(self.program)
            publish(self.program, self._seconds_of_go())

    def publish_apart(self) -> None:
        """Share what is new here, if that is asked for: in another process, without waiting.

        What was fetched from one place may be unknown in another.
        """
        made = self.made
        outcome = made.outcome if made is not None and not made.unrecorded else ""
        is_new = outcome in ("built", "fetched")
        if is_new and self._is_asked_to_publish():
            from gorun_tasks.build.publication import begin

            begin(self.program, self._seconds_of_go())

    def _seconds_of_go(self) -> float:
        steps = self.steps
        return sum(steps.get(step, 0.0) for step in ("load", "compile", "link"))

    def _is_asked_to_publish(self) -> bool:
        if not self.program.environ.get("GORUN_REMOTE_WRITE"):
            return False
        from gorun_tasks.build.sharing import is_asked_to_publish

        return is_asked_to_publish(self.program)

    def run(self) -> Outcome:
        """Perform all four nodes; return the outcome with the program's exit status.

        Raises what `Program.run` raises.
        """
        made = self.made or self.make()
        try:
            self._execute_and_delete(made)
        except ExecutableGoneError:
            self._verdict = self._builder = None
            made = self.make()
            self._execute_and_delete(made)
        return made

    def stable_path(self, *, rebuild: bool = False) -> str:
        """Make, and return the path that stays the same for this program (--which).

        Raises BuildError, too, where there can be no such path.
        """
        path = self.builder.stable_path(self.make(rebuild=rebuild))
        self.publish_apart()
        return path

    def _report(self, made: Outcome) -> None:
        """Tell what became of it, and how long that took."""
        self._is_reported = True
        made.took(self._stopwatch.steps())
        made.miss = self._miss
        if self._context is not None:
            from gorun_tasks.build.events import emit_outcome

            emit_outcome(self._context, made)

    def _report_ready(self, made: Outcome) -> None:
        assert self.ready is not None
        self._report(made)
        self.ready(made)

    def _make_stale(self, *, rebuild: bool) -> None:
        asked = time.perf_counter()
        with self.builder.lock() as waited:
            if waited and not rebuild:
                # Another process built meanwhile, perhaps this very content.
                self._stopwatch.begin("wait", asked)
                self._stopwatch.begin("check")
                self.program.store.forget_tables()
                verdict = self._verdict = judge(self.program)
                if verdict.manifest is not None:
                    self._settle(verdict)
                    return
            try:
                self.compile.perform()
                self.link.perform()
            finally:
                self.builder.clean_up()

    def _execute_and_delete(self, made: Outcome) -> None:
        try:
            if self.ephemeral and not self.private:
                self.builder.make_private(made)
            self.execute.perform()
        finally:
            if self.delete.why_stale():
                self.delete.perform()

    # What the nodes read, why they are stale, and what they do.

    def _input_paths(self) -> Iterator[str]:
        """Yield the recorded closure of the newest manifest, as paths of what was there."""
        program = self.program
        for manifest in program.store.manifests(program.key, program.identity)[:1]:
            for table, (base, _, names, keys), _ in program.store.records(manifest.tables):
                directory = record_directory(table.root, base)
                for name, key in zip(names, keys, strict=True):
                    if key is not None:
                        yield f"{directory}/{name}"

    def _why_compile(self) -> tuple[Reason, ...]:
        return () if self.verdict.link_only else self._why_link()

    def _why_link(self) -> tuple[Reason, ...]:
        return () if self.verdict.manifest is not None else self.verdict.because

    def _why_delete(self) -> tuple[Reason, ...]:
        return _reason("the executable was for this run only") if self.private else ()

    def _ask_go(self) -> None:
        """Have go compile and link, once."""
        self.context.facts = self.verdict.facts
        try:
            self.builder.ask(
                self._make_ready if self.ready is not None and not self.ephemeral else None
            )
        except ToolchainError as error:
            # Who never needed go, since builds are shared, has to hear what changed. Where it is go
            # that has gone, that is said already.
            changes = [reason for reason in self.verdict.because if reason.input]
            if not changes or any(reason.input.endswith(" in PATH") for reason in changes):
                raise
            from gorun_tasks.core.reasons import because

            sentence = f"{error.args[0]}, and go is needed{because(changes)}"
            raise ToolchainError(sentence, error.hint) from error

    def _make_ready(self) -> None:
        made = self.builder.make_ready(self.verdict.because)
        if made is not None:
            self._report_ready(made)

    def _link(self) -> None:
        """Publish what go handed over, or keep it for this run only."""
        self._ask_go()
        self.made = self.builder.keep(self.verdict.because, for_this_run=self.ephemeral)

    def run_child(self) -> None:
        """Run the executable in the foreground, as a child."""
        from gorun_tasks.build.outcome import how_to_start
        from gorun_tasks.system.foreground import run_foreground

        made = self.made
        assert made is not None
        self.publish_apart()
        place = self.program.place
        command, words, env = how_to_start(self.program, made, self.args, place)
        status = run_foreground(words, env=env, cwd=place, executable=command)
        made.signal = max(0, -status)
        made.exit_code = 128 + made.signal if made.signal else status

    def remove_private(self) -> None:
        """Remove the executable that was for this run only."""
        self.builder.remove_private()

    def _settle(self, verdict: Verdict) -> None:
        manifest = verdict.manifest
        assert manifest is not None
        self.program.store.mark_used(self.program.key)
        self.made = Outcome.stored(self.program, verdict, manifest)
        if self.ready is not None:
            self._report_ready(self.made)
        if verdict.renewed or verdict.altered:
            from gorun_tasks.storage.writer import write_back

            write_back(self.program, verdict)


def _reason(change: str) -> tuple[Reason, ...]:
    from gorun_tasks.core.reasons import Reason

    return (Reason("", change),)
