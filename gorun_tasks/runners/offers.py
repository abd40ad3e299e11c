"""Task specifications: what the three adapters offer.

Decides which programs a runner has tasks for, that what is said on stdout and on stderr stays in
order, and where the words after the runner's `--` are found. It must never know a runner, never
decide anything the core decides, and never import the core before it is needed: a runner that only
lists its tasks pays for nothing but, where it lists the programs of a workspace, the look at which
there are.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from gorun_tasks.api import Program
    from gorun_tasks.core.flags import BuildFlags, FlagKeywords
    from gorun_tasks.workspace.workspace import Workspace

    Runnable: TypeAlias = str | Sequence[str] | Program
    Programs: TypeAlias = Mapping[str, Runnable] | Workspace | None

    class SharedKeywords(FlagKeywords, total=False):
        """Build flags, and facts of git that are linked in: see Program."""

        stamp: Mapping[str, str]

    class ProgramKeywords(SharedKeywords, total=False):
        """What one program is made of besides its target: see Program."""

        cwd: str | None
        env: Mapping[str, str | None] | None


class TaskSpec:
    """A program as a runner offers it: its name, what lists call it, and what it is when asked for.

    Holds plain values, since runners copy their tasks and send them to other processes. `shared`
    are the keywords that all programs have in common; a Program in a mapping, which somebody made
    with flags of its own, has none of them (`own`). `args` are its arguments where none are given.
    `root` is where the workspace is that has it, "" where it is of none.
    """

    __slots__ = ("args", "name", "own", "root", "shared", "target", "words")

    def __init__(
        self,
        name: str,
        target: Runnable,
        shared: Mapping[str, Any],
        *,
        words: str = "",
        args: Sequence[str] = (),
        own: bool = False,
        root: str = "",
    ) -> None:
        self.name = name
        self.target = target
        self.shared = {} if own else shared
        self.words = words or target_words(target)
        self.args = args
        self.own = own
        self.root = root

    def anew(self) -> TaskSpec:
        """Return it as the configuration says now. Raises what `Workspace.program` raises."""
        if not self.root:
            return self
        from gorun_tasks.workspace.workspace import Workspace

        return named(Workspace(self.root), self.shared, self.name)

    def is_on(self, switch: str) -> bool:
        """Say whether one of the options that are on or off is on where nobody says anything."""
        if switch in self.shared:
            return bool(self.shared[switch])
        flags: Any = getattr(self.target, "flags", None)
        return flags is not None and bool(flags.is_true(switch))

    def program(
        self,
        options: Mapping[str, Any] | None = None,
        *,
        configured: Mapping[str, Any] | None = None,
        within: str | None = None,
        around: Mapping[str, str | None] | None = None,
    ) -> Program:
        """Return the program, with what a runner's configuration says laid over it, then options.

        What is not given says nothing: "", None, []. A switch says something only where it differs,
        so that `race=False` stays the same program as no race at all.
        """
        how = {**self.shared, **({} if self.own else self._said(configured or {}))}
        program = program_of(self.target, how, within=within, around=around)
        typed = self._said(options or {})
        return program.with_flags(flags_of(typed)) if typed else program

    def _said(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            keyword: value
            for keyword, value in values.items()
            if (value != self.is_on(keyword) if isinstance(value, bool) else value)
        }


def workspace_of(programs: Programs) -> Workspace | None:
    """Return the workspace that is offered: the one around us for None, none for a mapping.

    Raises UsageError for anything else, and what Workspace raises.
    """
    if isinstance(programs, Mapping):
        return None
    given: Any = programs
    if hasattr(given, "affected_by"):
        return programs
    if given is not None:
        from gorun_tasks.errors import UsageError

        expected = "a Workspace, or targets by their names"
        raise UsageError(f"expected {expected}, got {given!r}", 'as in {"api": "./cmd/api"}')
    from gorun_tasks.workspace.workspace import Workspace

    return Workspace()


def task_specs(
    programs: Mapping[str, Runnable] | Workspace, shared: Mapping[str, Any]
) -> list[TaskSpec]:
    """Return what a runner has tasks for.

    What all share wins over what a configuration says. Raises what `Workspace.programs` raises, and
    UsageError for a mapping of anything else, or for a keyword that no program has.
    """
    check_keywords(shared)
    if isinstance(programs, Mapping):
        return [
            named(programs, shared, name)
            for name, target in programs.items()
            if _is_sound(name, target)
        ]
    return [named(programs, shared, name) for name in programs.programs]


def named(
    programs: Mapping[str, Runnable] | Workspace, shared: Mapping[str, Any], name: str
) -> TaskSpec:
    """Return what a runner has for the program of a name. Raises UsageError where there is none."""
    if not isinstance(programs, Mapping):
        program = programs.program(name)
        name = programs.resolve(name)
        words, args, root = programs.place(name), programs.args(name), programs.root
        return TaskSpec(name, program, shared, words=words, args=args, root=root)
    if name in programs:
        return TaskSpec(name, programs[name], shared, own=own_flags(programs[name]))
    from gorun_tasks.core.suggestions import nearest
    from gorun_tasks.errors import UsageError

    hint = nearest(name, programs) or f"there are {', '.join(programs)}"
    raise UsageError(f"no program is called {name}", hint)


def those_named(
    verb: str,
    programs: Mapping[str, Runnable] | Workspace,
    shared: Mapping[str, Any],
    names: Sequence[str],
) -> list[TaskSpec]:
    """Return what a task of many programs does its verb with. Raises UsageError.

    Where none is named, why is asked of all; nothing is watched or forgotten unless it is named.
    """
    if verb == "why" and not names:
        return task_specs(programs, shared)
    if not names:
        from gorun_tasks.errors import UsageError

        raise UsageError(f"{verb}: no program is named", "give the names of programs")
    return [named(programs, shared, name.removeprefix(":")) for name in names]


def check_keywords(how: Mapping[str, Any]) -> None:
    """Raise UsageError for keywords that no program has, while a runner's file is loaded."""
    flags: Any = {key: how[key] for key in how if key not in ("cwd", "env", "stamp")}
    if flags:
        from gorun_tasks.core.flags import BuildFlags

        BuildFlags(**flags)


def _is_sound(name: object, target: object) -> bool:
    """Say that a program can have this name and be this target. Raises UsageError."""
    named = isinstance(name, str) and name != ""
    words = (target,) if isinstance(target, str) or own_flags(target) else target
    if named and isinstance(words, (list, tuple)):
        return True
    from gorun_tasks.errors import UsageError

    if not named:
        raise UsageError(f"{name!r} is no name for a program", 'as in {"api": "./cmd/api"}')
    raise UsageError(f"{name}: expected a target or a Program, got {target!r}", 'as in "./cmd/api"')


def with_shared(
    workspace: Workspace, shared: Mapping[str, Any], around: Mapping[str, str | None] | None = None
) -> Workspace:
    """Return a workspace whose programs have what all share, in a runner with these variables."""
    programs = workspace.programs.items()
    return workspace.with_programs(
        {name: program_of(program, shared, around=around) for name, program in programs}
    )


def flags_of(options: Mapping[str, Any]) -> BuildFlags:
    """Return the options of a task as build flags. A list is of the values that were given."""
    from gorun_tasks.core.flags import BuildFlags

    words: list[str] = []
    for option, value in options.items():
        if isinstance(value, bool):
            values = ["true" if value else "false"]
        elif option == "tags":
            values = [value if isinstance(value, str) else ",".join(value)]
        else:
            values = [value] if isinstance(value, str) else list(value)
        words += [f"-{option}={one}" for one in values]
    return BuildFlags.parse(words)[0]


def program_of(
    target: Runnable,
    how: Mapping[str, Any],
    *,
    within: str | None = None,
    around: Mapping[str, str | None] | None = None,
) -> Program:
    """Return the program that a task names by a target and ProgramKeywords, or already holds.

    `within` and `around` are the runner's own directory and variables. A Program stays in its own
    directory and keeps what was said of its environment; the keywords are laid over it.
    """
    from gorun_tasks.api import Program
    from gorun_tasks.core.program import checked_env, may_be_configured
    from gorun_tasks.errors import UsageError

    env = checked_env(how.get("env") or {})
    rest = {keyword: value for keyword, value in how.items() if keyword not in ("cwd", "env")}
    cwd = how.get("cwd")
    if not isinstance(target, Program):
        program = Program(target, cwd=cwd or within, env=env, **rest)
        if program.target.kind == "package" and may_be_configured(program.directory):
            from gorun_tasks.workspace.configured import configured

            program = configured(program)
    elif cwd:
        raise UsageError(
            f"{target.name} is a Program, which has its cwd", "give it to Program(...)"
        )
    else:
        program = target.with_flags(env=env, **rest) if env or rest else target
    return program.surrounded_by(around) if around else program


def refuse(how: Mapping[str, Any], keywords: Sequence[str], call: str, instead: str) -> None:
    """Raise UsageError for a keyword that only the runner's own `call` takes; `instead` does it."""
    for keyword in keywords:
        if keyword in how:
            from gorun_tasks.errors import UsageError

            raise UsageError(f"{keyword} is only for {call}", f"write {instead.format(keyword)}")


def own_flags(target: object) -> bool:
    """Say whether a target is a Program, which shared flags are not laid over."""
    return hasattr(target, "flags")


def target_words(target: Runnable) -> str:
    """Return a target as a person would type it, for docstrings; starts nothing, reads nothing."""
    typed: Any = getattr(target, "target", target)
    return typed if isinstance(typed, str) else " ".join(getattr(typed, "words", typed))


def words_after_dashes() -> list[str]:
    """Return what stands on the command line after the first `--`, exactly as it was typed.

    invoke joins these words with spaces and doit takes those with a `=` for itself, so both have
    to look here again.
    """
    argv = sys.argv[1:]
    return argv[argv.index("--") + 1 :] if "--" in argv else []


def answer(text: str) -> None:
    """Write what was asked for to stdout. Raises GoRunError where it cannot be written."""
    flush()
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError as error:  # the locale's encoding has no arrows
            sys.stdout.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
        sys.stdout.flush()
    except OSError as error:
        from gorun_tasks.errors import GoRunError

        raise GoRunError(f"cannot write to standard output: {error.strerror}") from error


def say(line: str) -> None:
    """Write a line of ours to stderr: the standard output belongs to programs and answers."""
    flush()
    sys.stderr.write(f"{line}\n")


def flush() -> None:
    """Write out what was printed, before anything is written to the other stream.

    Python holds back what goes to a pipe by stdout, and nothing that goes to stderr.
    """
    from gorun_tasks.core import launch

    launch.flush()
