"""The public class Program: what a user of the Python API does with a Go program.

Decides nothing: each method hands on to the layer that does. An unchanged start never needs it.
"""

from gorun_tasks.core.check import StatCache, Verdict
from gorun_tasks.core.program import ProgramSpec
from gorun_tasks.inputs.verdict import judge

STOP_SIGNAL = 15  # SIGTERM; `signal` would have to be imported
TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from gorun_tasks.build.generation import Generation
    from gorun_tasks.build.graph import Graph
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.watch.watcher import Watch


class Program(ProgramSpec):
    """A Go program, said in go's own words: see ProgramSpec."""

    __slots__ = ()

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
        from gorun_tasks.build.graph import Graph  # noqa: PLC0415 - off the hot path

        return Graph(self, args, ephemeral=ephemeral, verdict=verdict, begun=begun)

    def build(self, *, rebuild: bool = False) -> "Outcome":
        """Have an executable, built by go only if need be (always with `rebuild`).

        Raises BuildError when go cannot build it (go's own words are on stderr by then) and
        ToolchainError when go cannot be found or started.
        """
        return self.graph().make(rebuild=rebuild)

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

        `inputs` and `outputs` are files, directories and patterns (`*`, `?`, `[a-z]`, `**`), from
        the directory where the program runs; `variables` are what it reads of its environment.
        Raises UsageError for patterns that make no sense.
        """
        from gorun_tasks.build.generation import Generation  # noqa: PLC0415 - off the hot path

        return Generation(self, args, inputs=inputs, outputs=outputs, variables=variables)

    def watch(
        self,
        args: "Sequence[str]" = (),
        *,
        stop_signal: int = STOP_SIGNAL,
        grace: float = 5.0,
        listen: str = "",
    ) -> "Watch":
        """Return a watch: iterate over it, and the program runs, again after each edit that counts.

        It yields typed events as they happen, for as long as the loop over it lasts; leaving the
        loop stops the program and waits until it is gone. `stop_signal` ends a program that is
        replaced, and its whole process group, SIGKILL `grace` seconds later. `listen` is an address
        (HOST:PORT) whose socket every one of them inherits, in the manner of systemd (LISTEN_FDS).
        ^C on the terminal ends the program and then the loop. Raises UsageError where watchfiles is
        not installed, GoRunError where nobody can listen at the address, and what `build` raises
        where no edit can help.
        """
        from gorun_tasks.system.supervisor import listener_at  # noqa: PLC0415 - off the hot path
        from gorun_tasks.watch.watcher import Watch  # noqa: PLC0415

        return Watch(
            {self.name: self},
            {self.name: args},
            stop_signal=stop_signal,
            grace=grace,
            listening=listener_at(listen) if listen else None,
        )

    def which(self) -> str:
        """Return a path of the executable that stays the same after every rebuild."""
        return self.graph().stable_path()

    def clean(self) -> None:
        """Forget what the store has of this program."""
        from gorun_tasks.storage.publisher import forget  # noqa: PLC0415 - as above

        forget(self)
