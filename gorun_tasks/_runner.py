"""What the three adapters share: one wording, one list of options, one way to start a program.

Decides how an outcome, a verdict and a status are said, which of go's build flags a task offers as
options of its own, and where the words after the runner's `--` are found. It must never know a
runner, never decide anything the core decides, and never import the core before it is needed: a
runner that only lists its tasks pays for nothing.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    from gorun_tasks.content import Reason
    from gorun_tasks.program import Outcome, Program

    Runnable: TypeAlias = str | Sequence[str] | Program

VERBS = {
    "run": "Run {}\n\nWhat stands after -- are the program's arguments, exactly as typed.",
    "build": "Build {} if anything changed\n\nOnly go decides what a build is; see the why task.",
    "why": "Say whether {} would be built, and why\n\nBuilds and runs nothing.",
    "clean": "Forget {}\n\nThe next run or build asks go again.",
}
"""What can be done with a program, and how a runner describes it: a line for lists, then more."""

OPTIONS = {
    "race": "find data races while the program runs",
    "tags": "build tags, separated by commas; may be given more than once",
    "ldflags": "arguments for the linker",
    "gcflags": "arguments for the compiler",
    "mod": "module mode: readonly, vendor or mod",
    "trimpath": "leave this machine's paths out of the executable",
    "cover": "measure the coverage of the code the program runs",
}
"""The build flags that a task offers as options, and their help. The others are keywords."""

SWITCHES = frozenset({"race", "trimpath", "cover"})
"""Those of OPTIONS that are on or off."""

_REASONS_SAID = 2


def program_of(
    target: Runnable,
    flags: Mapping[str, Any],
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    within: str | None = None,
    around: Mapping[str, str | None] | None = None,
) -> Program:
    """Return the program that a task names by a target and flags, or already holds.

    `within` and `around` are the runner's own directory and variables; a Program, which was made
    outside of any task, does without them.
    """
    from gorun_tasks.errors import UsageError  # noqa: PLC0415 - listing tasks needs no core
    from gorun_tasks.program import Program  # noqa: PLC0415

    if not isinstance(target, Program):
        variables = {**(around or {}), **(env or {})}
        return Program(target, cwd=cwd or within, env=variables, **flags)
    extra = [*flags, *(["cwd"] if cwd else ()), *(["env"] if env else ())]
    if extra:
        raise UsageError(
            f"{target.name} is a Program already", f"give {', '.join(extra)} where it is made"
        )
    return target


def own_flags(target: Runnable) -> bool:
    """Say whether a target is a Program, which neither shared flags nor options are laid over."""
    return hasattr(target, "flags")


def words_of(target: Runnable) -> str:
    """Return a target as a person would type it, for docstrings; starts nothing, reads nothing."""
    typed: Any = getattr(target, "target", target)
    return typed if isinstance(typed, str) else " ".join(getattr(typed, "words", typed))


def chosen(flags: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Lay options over flags. An option that was not given says nothing: "", None, [].

    A switch says something only where it differs, so that `race=False` stays the same program as
    no race at all.
    """
    said = {
        option: value
        for option, value in typed.items()
        if (bool(flags.get(option)) != value if isinstance(value, bool) else value)
    }
    return {**flags, **said}


def words_after_dashes() -> list[str]:
    """Return what stands on the command line after the first `--`, exactly as it was typed.

    invoke joins these words with spaces and doit takes those with a `=` for itself, so both have
    to look here again.
    """
    argv = sys.argv[1:]
    return argv[argv.index("--") + 1 :] if "--" in argv else []


def build(program: Program) -> Outcome:
    """Bring the program up to date."""
    return program.build()


def run(program: Program, args: Sequence[str], say: Callable[[Outcome], None]) -> Outcome:
    """Bring the program up to date, say so, and run it in the foreground.

    Said in between, since a server may run for days; and in one graph, since looking twice could
    see two different things.
    """
    graph = program.graph(args)
    say(graph.make())
    return graph.run()


def command(program: Program, args: Sequence[str]) -> str:
    """Return what a person would type in a shell for this run."""
    import shlex  # noqa: PLC0415 - only where a command is shown

    stamps = [f"--stamp={variable}={fact}" for variable, fact in program.stamp]
    return shlex.join(["gorun", *stamps, *program.flags.words, *program.target.words, *args])


def news(name: str, outcome: Outcome) -> str:
    """Return the line that tells what a program needed: "api: built because main.go edited"."""
    line = f"{name}: {outcome.outcome}{_because(outcome.because)}"
    trouble = outcome.unrecorded
    said = not trouble or any(trouble in str(reason) for reason in outcome.because)
    return line if said else f"{line}; not remembered: {trouble}"


def verdict(name: str, reasons: Sequence[Reason]) -> str:
    """Return the line that tells what a program would need: "api: stale because go.mod edited"."""
    return f"{name}: {'stale' if reasons else 'current'}{_because(reasons)}"


def answer(name: str, reasons: Sequence[Reason]) -> str:
    """Return the answer to why: "api: current", or "api: stale" and a line for each reason."""
    said = "stale" if reasons else "current"
    return "\n  ".join([f"{name}: {said}", *map(str, reasons)])


def ended(name: str, status: int) -> str:
    """Return how a program ended, for runners that report a failure in words."""
    return f"{name} exited with status {status}"


def forgotten(name: str, *, dry: bool = False) -> str:
    """Return what a clean did, or in a dry run would do."""
    return f"{name}: would be forgotten" if dry else f"{name}: forgotten"


def _because(reasons: Sequence[Reason]) -> str:
    if not reasons:
        return ""
    said = ", ".join(map(str, reasons[:_REASONS_SAID]))
    more = len(reasons) - _REASONS_SAID
    return f" because {said}" + (f" and {more} more" if more > 0 else "")
