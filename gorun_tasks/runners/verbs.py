"""Verbs: what can be done with a program, and with those of a workspace, in any runner.

Decides the steps of each verb, and the words in which it is told. What a runner does in its own way
is a hook: how a line is said, and what becomes of a status other than 0. It must never know a
runner, nor start anything before it is asked to.
"""

from __future__ import annotations

from gorun_tasks.errors import UsageError, in_one_line
from gorun_tasks.runners import offers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import Any

    from gorun_tasks.api import Program
    from gorun_tasks.build.generation import Generation
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.errors import GoRunError
    from gorun_tasks.watch.configuration import Programs
    from gorun_tasks.workspace.workspace import Workspace

    Made = tuple[Program, Sequence[str]]
    """A program and its arguments."""

VERBS = {
    "run": "Run {}\n\nWhat stands after -- are the program's arguments, exactly as typed.",
    "watch": "Run {} again after edits\n\nThose that change the executable. After -- as for run.",
    "build": "Build {} if anything changed\n\nOnly go decides what a build is; see the why task.",
    "why": "Say whether {} would be built, and why\n\nBuilds and runs nothing.",
    "clean": "Forget {}\n\nThe next run or build asks go again.",
}
"""What can be done with a program, and how a runner describes it: a line for lists, then more."""

DEFAULT = ("run", "build")
"""The verbs for which each program has a task of its own where nothing is said."""

OF_MANY = {
    "build": "Build all Go programs, or those that a change touches",
    "affected": "Say which Go programs a change touches, and why",
}
"""What can be done with the programs of a workspace."""

OF_NAMED = {
    "watch": "Run a Go program, which is named, again after edits",
    "why": "Say whether Go programs would be built, and why",
    "clean": "Forget Go programs, which are named",
}
"""What can be done in one task, in which programs are named, where they have none of their own."""


def described(workspace: Workspace | None) -> dict[str, str]:
    """Return OF_MANY for a workspace: lists say too where go cannot tell which programs it has.

    A program that runs has nothing to do with that, and says nothing of it.
    """
    places = ", ".join(workspace.unlisted if workspace else ())
    unlisted = in_one_line(f"; go cannot tell which there are in {places}") if places else ""
    return {**OF_MANY, "build": OF_MANY["build"] + unlisted}


def chosen(names: Iterable[str]) -> list[str]:
    """Return the verbs with these names, in the order of lists. Raises UsageError."""
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in VERBS:
            from gorun_tasks.core.suggestions import nearest

            hint = nearest(str(name), VERBS) or f"they are {', '.join(VERBS)}"
            raise UsageError(f"verbs: there is no {name}", hint)
    return [verb for verb in VERBS if verb in names]


class Verbs:
    """What can be done with one program, whose name for people this is, and its arguments.

    `again` returns both as the configuration has them now.
    """

    dry = False
    """Whether nothing is forgotten."""
    only_builds = False
    """Whether nothing is run."""
    success_codes = frozenset((0,))
    """The statuses with which a program that ran to its end has not failed."""

    def __init__(self, name: str, made: Made, again: Callable[[], Made]) -> None:
        self.name = name
        self.program, args = made
        self.args = args or self.program.args
        self._again = again

    # What a runner does in its own way.

    def say(self, line: str) -> None:
        """Say a line of ours."""
        offers.say(line)

    def end(self, status: int) -> None:
        """Take in that the program failed, and with which status."""
        raise NotImplementedError

    def show(self, outcome: Outcome) -> None:
        """Say what a program needed."""
        self.say(news(self.name, outcome))

    # What all do alike.

    def run(self) -> Outcome:
        """Bring the program up to date, say so, and run it in the foreground.

        Said in between, since a server may run for days; and in one graph, since looking twice
        could see two different things.
        """
        if self.only_builds:
            return self.build()
        graph = self.program.graph(self.args)
        self.show(graph.make())
        outcome = graph.run()
        if outcome.exit_code not in self.success_codes:
            assert outcome.exit_code is not None
            self.end(outcome.exit_code)
        return outcome

    def watch(self) -> None:
        """Run the program, and again when an edit changes it, until a person ends it."""
        from gorun_tasks.watch.session import run
        from gorun_tasks.watch.watcher import Watch
        from gorun_tasks.workspace.configured_programs import ConfiguredPrograms

        def programs(program: Program, args: Sequence[str]) -> Programs:
            return {self.name: program.context()}, {self.name: args or program.args}

        said = ConfiguredPrograms(self.program.directory, lambda: programs(*self._again()))
        watch = Watch(*programs(self.program, self.args), configuration=said)
        status = run(watch, [self.name])
        if status:
            self.end(status)

    def build(self) -> Outcome:
        """Bring the program up to date, and say so."""
        outcome = self.program.build()
        self.show(outcome)
        return outcome

    def why(self) -> None:
        """Answer whether a run would build, and because of what."""
        offers.answer(answer(self.name, self.program.why()) + "\n")

    def clean(self) -> None:
        """Forget what was built of the program."""
        if not self.dry:
            self.program.clean()
        self.say(forgotten(self.name, dry=self.dry))

    def generate(self, **patterns: Any) -> Outcome:
        """Run the program where it could make other files than are there: Program.generation."""
        generation = self.program.generation(self.args, **patterns)
        if self.only_builds:
            return self.build()
        outcome = generation.run()
        if outcome.exit_code:
            self.end(outcome.exit_code)
        else:
            self.show_generated(generation)
        return outcome

    def show_generated(self, generation: Generation) -> None:
        """Say whether the files had to be made anew."""
        self.say(generated(self.name, generation))


def show_affected(workspace: Workspace, since: str, *, as_json: bool) -> Collection[str]:
    """Answer which programs a change since this revision touches, and why; return their names."""
    from gorun_tasks.workspace.render import affected_text

    found = workspace.affected_by(since)
    offers.answer(affected_text(workspace, found, as_json=as_json))
    return found


def build_many(
    workspace: Workspace,
    say: Callable[[str], None],
    *,
    names: Sequence[str] = (),
    since: str = "",
) -> list[tuple[str, GoRunError]]:
    """Bring programs up to date, all or those with these names, and say what became of each.

    With `since` only those that a change since this revision touches. Returns those that failed.
    """
    for remark in workspace.remarks:
        say(remark)
    for name in names:
        workspace.program(name)
    chosen = [name.removeprefix(":") for name in names or workspace.programs]
    everything = not (names or since)
    if workspace.emptiness:
        raise UsageError(workspace.emptiness)
    if since:
        touched = workspace.affected_by(since)
        chosen = [name for name in chosen if name in touched]
        if not chosen:
            say(untouched(since))
    failed: list[tuple[str, GoRunError]] = []

    def tell(name: str, result: Outcome | GoRunError) -> None:
        if isinstance(result, Exception):
            failed.append((name, result))
            say(f"{name}: failed: {result}")
        else:
            say(news(name, result))

    if chosen or everything:
        workspace.build(() if everything else chosen, tell=tell)
    return failed


def untouched(since: str) -> str:
    """Return the sentence for a change that touches no program."""
    return in_one_line(f"no program is affected{'' if since == '-' else f' since {since}'}")


def not_built(failed: Sequence[tuple[str, GoRunError]]) -> str:
    """Return the sentence for programs that could not be built."""
    return in_one_line(f"not built: {', '.join(sorted(name for name, _ in failed))}")


def news(name: str, outcome: Outcome) -> str:
    """Return the line that tells what a program needed: "api: built because main.go edited"."""
    line = f"{name}: {outcome.outcome}{_because_of(outcome.because)}"
    trouble = outcome.unrecorded
    said = not trouble or any(trouble in str(reason) for reason in outcome.because)
    return in_one_line(line if said else f"{line}; not remembered: {trouble}")


def verdict(name: str, reasons: Sequence[Reason]) -> str:
    """Return the line that tells what a program would need: "api: stale because go.mod edited"."""
    return in_one_line(f"{name}: {'stale' if reasons else 'current'}{_because_of(reasons)}")


def answer(name: str, reasons: Sequence[Reason]) -> str:
    """Return the answer to why: "api: current", or "api: stale" and a line for each reason."""
    said = "stale" if reasons else "current"
    return "\n  ".join([in_one_line(f"{name}: {said}"), *map(str, reasons)])


def generated(name: str, generation: Generation) -> str:
    """Return the line that tells whether a program had to make its files anew, and why."""
    if not generation.because:
        return in_one_line(f"{name}: current")
    line = f"{name}: generated{_because_of(generation.because)}"
    trouble = generation.unrecorded
    return in_one_line(f"{line}; not remembered: {trouble}" if trouble else line)


def ended(name: str, status: int) -> str:
    """Return how a program ended, for runners that report a failure in words."""
    return in_one_line(f"{name} exited with status {status}")


def forgotten(name: str, *, dry: bool = False) -> str:
    """Return what a clean did, or in a dry run would do."""
    return in_one_line(f"{name}: would be forgotten" if dry else f"{name}: forgotten")


def _because_of(reasons: Sequence[Reason]) -> str:
    if not reasons:  # as mostly
        return ""
    from gorun_tasks.core.reasons import because

    return because(reasons)
