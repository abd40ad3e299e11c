"""The public class Program: what a user of the Python API does with a Go program.

Decides who listens to its builds; else each method hands on to the layer that decides. An unchanged
start of `gorun` never needs it.
"""

import os
import sys

from gorun_tasks.core.check import StatCache, Verdict
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.program import ProgramSpec, laid_over
from gorun_tasks.core.target import Target, is_name
from gorun_tasks.inputs.verdict import judge

STOP_SIGNAL = 15  # SIGTERM; `signal` would have to be imported
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Self, Unpack

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.build.events import Event
    from gorun_tasks.build.generation import Generation
    from gorun_tasks.build.graph import Graph
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.flags import FlagKeywords
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.watch.watcher import Watch


class Program(ProgramSpec):
    """A Go program, said in go's own words.

    `target` is a package directory, an import path, `path@version`, or a list of .go files.
    `cwd` is the logical working directory (default: the process's own, as $PWD names it). `env` is
    added to os.environ, for go and for the program; None unsets a variable. Build flags are
    keywords with go's names: race=True, tags=["dev"], ldflags="-X main.version=1.2.3", chdir="dir"
    for -C. `stamp` links facts of git into string variables: {"main.version": "version"}. The facts
    are version, commit, date and dirty.
    ":worker" is a program of the workspace around the working directory, with its configuration.
    `cwd` is then only the directory in which it runs.
    Raises UsageError for words that make no sense.
    """

    __slots__ = ("args", "events", "listener", "on_event")

    args: "tuple[str, ...]"
    """The arguments that its configuration has, for where a runner is given none."""

    events: str
    """The file that events are appended to, "" for none."""
    listener: "Callable[[bytes], None] | None"
    """Hears each line that go writes for the person, who else reads it on stderr."""
    on_event: "Callable[[Event], None] | None"
    """Hears each event as it happens, whether or not there is a file of them."""

    def __init__(
        self,
        target: "str | Sequence[str]" = ".",
        *,
        cwd: str | None = None,
        env: "Mapping[str, str | None] | None" = None,
        stamp: "Mapping[str, str] | None" = None,
        **flags: "Unpack[FlagKeywords]",
    ) -> None:
        if isinstance(target, str) and is_name(target):
            self._become(_of_workspace(target[1:], env), stamp, cwd, flags)
            return
        environ = laid_over(os.environ, env or {})
        super().__init__(
            Target.of(target), BuildFlags(**flags), environ, stamp, cwd=cwd, overlay=env
        )
        self._hear()

    def _become(
        self,
        other: "Program",
        stamp: "Mapping[str, str] | None",
        run_in: str | None,
        flags: "FlagKeywords",
    ) -> None:
        super().__init__(
            other.target,
            other.flags.with_(**flags),
            other.environ,
            {**dict(other.stamp), **(stamp or {})},
            cwd=other.cwd,
            overlay=other.overlay,
            run_in=other.run_in if run_in is None else os.path.abspath(run_in),
        )
        self._hear()
        self.args = other.args

    @classmethod
    def typed(
        cls,
        target: Target,
        flags: BuildFlags,
        environ: "Mapping[str, str]",
        stamp: "Mapping[str, str] | None" = None,
    ) -> "Self":
        """Return the program that words on a command line name."""
        program = cls.__new__(cls)
        ProgramSpec.__init__(program, target, flags, environ, stamp)
        program._hear()  # noqa: SLF001 - its other constructor
        return program

    def with_flags(
        self,
        typed: BuildFlags | None = None,
        stamp: "Mapping[str, str] | None" = None,
        *,
        env: "Mapping[str, str | None] | None" = None,
        **flags: "Unpack[FlagKeywords]",
    ) -> "Self":
        """Return this program with more flags, stamps and variables, which win over its own."""
        both = self.flags.with_(**flags)
        if typed is not None:
            both = both.followed_by(typed)
        return self.altered(both, stamp, env or {}, {**self.overlay, **(env or {})})

    def surrounded_by(self, around: "Mapping[str, str | None]") -> "Self":
        """Return this program where a runner has these variables: what is said of it wins."""
        return self.altered(self.flags, None, {**around, **self.overlay}, self.overlay)

    def in_place(self, run_in: str) -> "Self":
        """Return this program, to be run in another directory than go is."""
        return self.altered(self.flags, None, {}, self.overlay, run_in)

    def altered(
        self,
        flags: BuildFlags,
        stamp: "Mapping[str, str] | None",
        env: "Mapping[str, str | None]",
        overlay: "Mapping[str, str | None]",
        run_in: str | None = None,
    ) -> "Self":
        """Return this program with other flags, more stamps, and `env` laid over its environment.

        `overlay` is what somebody said of it.
        """
        stamped = dict(self.stamp)
        if stamp:
            from gorun_tasks.core.vcs_stamp import checked

            stamped |= checked(stamp)
        program = type(self).__new__(type(self))
        environ = laid_over(self.environ, env)
        ProgramSpec.__init__(
            program,
            self.target,
            flags,
            environ,
            stamped,
            cwd=self.cwd,
            overlay=overlay,
            run_in=self.run_in if run_in is None else run_in,
        )
        program._hear()  # noqa: SLF001 - its other constructor
        program.args = self.args
        program.listener = self.listener
        if "GORUN_EVENTS" not in env:
            program.events = self.events
        return program

    def _hear(self) -> None:
        """Begin with nobody who listens but a file that the environment names."""
        self.args = ()
        self.events = self.environ.get("GORUN_EVENTS", "")
        self.listener = None
        self.on_event = None

    def context(self) -> "BuildContext":
        """Return a session in which it is built, with whoever listens now."""
        from gorun_tasks.build.context import BuildContext

        return BuildContext(
            self, events=self.events, listener=self.listener, on_event=self.on_event
        )

    def _listened(self) -> "BuildContext | None":
        heard = self.events or self.listener is not None or self.on_event is not None
        return self.context() if heard else None

    def judge(self, look: "StatCache | None" = None) -> Verdict:
        """Return the verdict, without asking go."""
        return judge(self, look)

    def is_current(self) -> bool:
        """Say whether a run would start at once, without asking go."""
        return self.judge().outcome == "current"

    def why(self, look: "StatCache | None" = None) -> "tuple[Reason, ...]":
        """Return why a run would not start at once; empty when it would."""
        return self.judge(look).because

    def graph(
        self,
        args: "Sequence[str]" = (),
        *,
        ephemeral: bool = False,
        verdict: Verdict | None = None,
        begun: float = 0.0,
    ) -> "Graph":
        """Return the four nodes of this program: Compile, Link, Execute, Delete.

        `verdict` is one that was reached a moment ago, "stale" perhaps, and `begun` the time (of
        time.perf_counter) at which that was begun.
        """
        from gorun_tasks.build.graph import Graph

        return Graph(
            self,
            args,
            context=self._listened(),
            ephemeral=ephemeral,
            verdict=verdict,
            begun=begun,
        )

    def build(self, *, rebuild: bool = False) -> "Outcome":
        """Have an executable, built by go only if need be (always with `rebuild`).

        Raises BuildError when go cannot build it (go's own words are on stderr by then) and
        ToolchainError when go cannot be found or started.
        """
        graph = self.graph()
        made = graph.make(rebuild=rebuild)
        graph.publish()
        return made

    def run(self, args: "Sequence[str]" = (), *, ephemeral: bool = False) -> "Outcome":
        """Build if need be, and run the program in the foreground as a child of this process.

        The outcome's `exit_code` is the program's. With `ephemeral` the executable is deleted
        when the program ends. Raises what `build` raises, and ExecutionError where this system
        cannot execute what was built.
        """
        return self.graph(args, ephemeral=ephemeral).run()

    def generation(
        self,
        args: "Sequence[str]" = (),
        *,
        inputs: "Iterable[str | os.PathLike[str]]" = (),
        outputs: "Iterable[str | os.PathLike[str]]",
        variables: "Iterable[str]" = (),
    ) -> "Generation":
        """Return the graph of a program that makes files, which runs where it could make others.

        `inputs` and `outputs` are files, directories and patterns (`*`, `?`, `[a-z]`, `**`). They
        are relative to the directory where the program runs. `variables` are the environment
        variables that it reads.
        Raises UsageError for patterns that make no sense.
        """
        from gorun_tasks.build.generation import Generation

        return Generation(
            self,
            args,
            inputs=inputs,
            outputs=outputs,
            variables=variables,
            context=self._listened(),
        )

    def watch(
        self,
        args: "Sequence[str]" = (),
        *,
        stop_signal: int = STOP_SIGNAL,
        grace: float = 5.0,
        listen: str = "",
    ) -> "Watch":
        """Return a watch: iterate over it, and the program runs, again after each edit that counts.

        It yields typed events as they happen. Leaving the loop stops the program and waits until
        it is gone. `stop_signal` ends a program that is replaced, and its whole process group;
        SIGKILL follows `grace` seconds later. `listen` is an address (HOST:PORT) whose socket
        every one of them inherits, as from systemd (LISTEN_FDS). ^C on the terminal ends the
        program and then the loop. Raises UsageError if watchfiles is needed (not on Linux) and not
        installed. Raises GoRunError if the address cannot be used, and what `build` raises if no
        edit can help.
        """
        from gorun_tasks.system.supervisor import listener_at
        from gorun_tasks.watch.watcher import Watch

        return Watch(
            {self.name: self.context()},
            {self.name: args},
            stop_signal=stop_signal,
            grace=grace,
            listening=listener_at(listen) if listen else None,
        )

    def which(self) -> str:
        """Return a path of the executable that stays the same after every rebuild.

        Builds if need be, and raises what `build` raises.
        """
        return self.graph().stable_path()

    def clean(self) -> None:
        """Forget what the store has of this program, on all platforms."""
        from gorun_tasks.storage.publisher import forget

        forget(self)


def _of_workspace(name: str, env: "Mapping[str, str | None] | None") -> Program:
    # By its public name: a workspace is made of programs, and not the other way round.
    found: Program = sys.modules["gorun_tasks"].Workspace(env=env).program(name)
    return found
