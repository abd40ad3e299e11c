"""Outcome: what became of a request for an executable.

Holds what is told of it: to the caller of the API, in events, to whoever starts the program; and
what times it. It decides nothing, and must never be needed to start an unchanged program.
"""

from __future__ import annotations

import os
import time

from gorun_tasks.core.launch import find_wrapper, program_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from gorun_tasks.core.check import Verdict
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.core.store import Manifest


class Stopwatch:
    """Which step of a request began when; each ends where the next one begins."""

    def __init__(self) -> None:
        self._began: list[tuple[str, float]] = []

    def begin(self, step: str, at: float = 0.0) -> None:
        """Note that a step begins: now, or `at` a time of time.perf_counter."""
        self._began.append((step, at or time.perf_counter()))

    @property
    def began(self) -> float:
        """When the first step began."""
        return self._began[0][1]

    def steps(self) -> dict[str, float]:
        """Return the seconds that each step has taken until now."""
        taken: dict[str, float] = {}
        ends = (*(at for _, at in self._began[1:]), time.perf_counter())
        for (step, began), ended in zip(self._began, ends, strict=True):
            taken[step] = taken.get(step, 0.0) + ended - began
        return taken


class Outcome:
    """What became of a request for an executable.

    `outcome` is "current" (nothing changed; of several programs also those that another go.mod
    leaves as they were), "restored" (something changed, but the store has the executable for this
    very content), "fetched" (it was built elsewhere), "built" or, in events only, "failed".
    `path` is the executable, `digest` its SHA-256 (hexadecimal), `because` the reasons (empty for
    "current"), `seconds` how long it took, `exit_code` the program's exit status where it was run:
    0-255, or 128+n after signal n killed it, and `signal` is that n then, else 0. `unrecorded` says
    why the build will not be remembered, "" where it is; `miss` why no build was fetched from a
    shared place, which is only found out for a file of events, and not in a watch.

    `steps` says where the time went: the seconds of each step that was taken, which add up to
    `seconds`. "check" is the look at what changed, "wait" for another build of the same program;
    "load" is go finding the packages (and fetching modules), "compile" and "link" are go's;
    "publish" is what is done with the executable, and remembering what it depended on.
    """

    def __init__(
        self,
        outcome: str,
        path: str,
        digest: str,
        *,
        because: tuple[Reason, ...] = (),
        goroot_bin: str = "",
        wrapper: tuple[str, ...] = (),
        unrecorded: str = "",
    ) -> None:
        self.outcome = outcome
        self.path = path
        self.digest = digest
        self.because = because
        self.seconds = 0.0
        self.goroot_bin = goroot_bin
        self.wrapper = wrapper
        self.unrecorded = unrecorded
        self.miss = ""
        self.exit_code: int | None = None
        self.signal = 0
        self.steps: dict[str, float] = {}

    def took(self, steps: dict[str, float]) -> None:
        """Note how long each step took."""
        self.steps = steps
        self.seconds = sum(steps.values())

    @classmethod
    def stored(cls, program: ProgramSpec, verdict: Verdict, manifest: Manifest) -> Self:
        """Return the outcome of a verdict that needs no go."""
        return cls(
            verdict.outcome,
            program.store.executable(manifest),
            manifest.digest,
            because=verdict.because,
            goroot_bin=manifest.goroot_bin,
            wrapper=manifest.wrapper,
        )

    def __repr__(self) -> str:
        return f"Outcome({self.outcome!r}, {self.path!r}, exit_code={self.exit_code})"


def how_to_start(
    program: ProgramSpec, made: Outcome, args: Sequence[str], place: str
) -> tuple[str, list[str], dict[bytes, bytes]]:
    """Return the file to execute, its words, and the environment of a program as a child.

    It is to run in `place`.

    Raises ExecutionError where there is no wrapper (-exec) of that name.
    """
    env = program_environment(_encoded(program.environ), made.goroot_bin)
    given = os.environ.get("PWD")
    told = place if program.run_in else program.cwd  # a -C changes the place, and not PWD
    env |= _encoded({"PWD": told})
    if given != told:
        from gorun_tasks.core.program import logical_directory

        if logical_directory(os.environ) == told:
            # go was told the way to where we are, the program finds what we found.
            env.pop(b"PWD", None)
            env |= _encoded({"PWD": given} if given is not None else {})
    # Again, since an LC_CTYPE among them may have been taken for Python's own.
    env |= _encoded({k: v for k, v in program.overlay.items() if v is not None and k != "PATH"})
    words = [*made.wrapper, made.path, *args]
    command = find_wrapper(words[0], env) if made.wrapper else made.path
    return command, words, env


def _encoded(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}
