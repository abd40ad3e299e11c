"""Workspace commands: --list, --graph, --affected, --build, and programs by their names.

    gorun :api --port 8080      runs the program called api; a name has a colon before it, which no
                                package path of go's can have, so neither is taken for the other
    gorun --list                what there is
    gorun --graph [mermaid]     what there is, what of it is stale, and what is shared
    gorun --affected REVISION   which of them a change touches, and why; - reads names of files
    gorun --build [--affected REVISION] [:NAME | package | ./DIR/...]...
                                builds these, or all

With -json (go's own flag, as in `go list -json`) they answer in JSON. Decides what the words after
these options mean. It must never decide anything about a program.
"""

from __future__ import annotations

import os

from gorun_tasks.api import Program
from gorun_tasks.config.patterns import Pattern
from gorun_tasks.core import reasons
from gorun_tasks.core.program import ProgramSpec, logical_directory
from gorun_tasks.core.target import Target, is_path
from gorun_tasks.errors import GoRunError, UsageError, in_one_line
from gorun_tasks.system import console
from gorun_tasks.workspace import render
from gorun_tasks.workspace.configured import configured
from gorun_tasks.workspace.workspace import NAME_MARK, Workspace, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.flags import BuildFlags

    Spec = TypeVar("Spec", bound=ProgramSpec)

_FOLDERS_NAMED = 3
_ABOUT_US = ("json", "C")  # flags that are for gorun, where it builds no single target


def enter(
    name: str, flags: BuildFlags, stamps: Mapping[str, str], arguments: list[str], run_in: str
) -> tuple[ProgramSpec, list[str]]:
    """Take the environment of a program of the workspace around us, to be run where it is typed.

    Returns the program and its arguments, those of the configuration where none were typed.
    """
    if not name:
        raise UsageError("a colon needs the name of a program", "gorun --list shows them")
    workspace = workspace_around(flags)
    program = workspace.program(name)
    _lay_over(program.overlay)
    own = program.flags.followed_by(flags.without("C"))
    entered = ProgramSpec(
        program.target,
        own,
        os.environ,
        {**dict(program.stamp), **stamps},
        cwd=program.cwd,
        overlay=program.overlay,
        store=program.store,
        run_in=run_in or program.run_in,
    )
    return entered, arguments or list(workspace.args(name))


def typed(program: Spec) -> Spec:
    """Return a program that is typed as it is configured, in whose environment we are from now on.

    Of a configuration that says nothing of it, it is the same.
    """
    made = configured(program)
    if made is not program:
        _lay_over(made.overlay)
    return made


def _lay_over(variables: Mapping[str, str | None]) -> None:
    for variable, value in variables.items():
        if value is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = value


def named(
    workspace: Workspace, flags: BuildFlags, names: list[str], stamps: Mapping[str, str]
) -> tuple[dict[str, Program], dict[str, Sequence[str]]]:
    """Return programs with what is typed, and the arguments the configuration has."""
    typed = flags.without("C")
    programs = {name: workspace.program(name).with_flags(typed, stamps) for name in names}
    return programs, {name: workspace.args(name) for name in names}


def show_list(flags: BuildFlags, words: list[str], answer: Callable[[str], int]) -> int:
    if words:
        raise UsageError(f"--list takes no further words: {' '.join(words)}")
    workspace = workspace_around(flags)
    mention_what_is_missing(workspace)
    here = directory_typed(flags)
    status = answer(render.list_text(workspace, here, as_json=flags.is_true("json")))
    # Who reads it with a program wants to know of what is there.
    if workspace.left_out and console.speaks_to_person(os.environ):
        console.say(_left_out(workspace.left_out))
    return status


def show_affected(
    flags: BuildFlags, words: list[str], answer: Callable[[str], int], *, since: str
) -> int:
    workspace = workspace_around(flags)
    _mention(workspace)
    for word in words:
        if not word.startswith(NAME_MARK):
            raise UsageError(f"--affected takes names of programs, like :api, not {word}")
    workspace = workspace.with_programs(_chosen(workspace, flags, words, {}))
    found = workspace.affected_by(since)
    return answer(render.affected_text(workspace, found, as_json=flags.is_true("json")))


def show_graph(flags: BuildFlags, words: list[str], answer: Callable[[str], int]) -> int:
    """Answer --graph: as text, or in the form that is named."""
    workspace = workspace_around(flags)
    mention_what_is_missing(workspace)
    picture = workspace.picture()
    forms = {"text": picture.text, "mermaid": picture.mermaid}
    form = words[0] if words else "text"
    if flags.is_true("json") and not words:
        return answer(render.json_text(picture.data()))
    if form not in forms or words[1:]:
        raise UsageError(f"--graph {' '.join(words)} is unknown", "it is text or mermaid")
    return answer(forms[form]())


def build(
    flags: BuildFlags,
    words: list[str],
    answer: Callable[[str], int],
    *,
    rebuild: bool,
    quiet: bool,
    since: str,
    stamps: Mapping[str, str],
) -> int:
    """Answer --build: build and report; return 0, 125 where the report cannot be written.

    Raises ReportedError where a program failed.
    """
    workspace = workspace_around(flags)
    programs = _chosen(workspace, flags, words, stamps)
    if not words:
        _mention(workspace)
        if workspace.emptiness:
            raise UsageError(workspace.emptiness)
    if since:
        touched = workspace.with_programs(programs).affected_by(since)
        programs = {name: program for name, program in programs.items() if name in touched}
    workspace = workspace.with_programs(programs)
    results: list[dict[str, object]] = []
    statuses: list[int] = []
    width = max(map(len, programs), default=0)

    def tell(name: str, result: Outcome | GoRunError) -> None:
        results.append({"name": name, **_result(result)})
        if not (quiet or flags.is_true("json") or any(statuses)):
            statuses.append(answer(in_one_line(f"{name:{width}}  {_said(result)}") + "\n"))

    made = workspace.build(programs if words else (), rebuild=rebuild, tell=tell)
    failed = [result for result in made.values() if isinstance(result, GoRunError)]
    if flags.is_true("json"):
        statuses.append(answer(render.json_text(results)))
    if failed:
        # What go said stands above; the errors that nobody has told yet are told by the report.
        raise ReportedError(failed[0])
    return max(statuses, default=0)


class ReportedError(GoRunError):
    """Some program failed, and was reported."""

    told = True

    def __init__(self, first: GoRunError) -> None:
        super().__init__(*first.args)
        self.exit_status = first.exit_status


def _mention(workspace: Workspace) -> None:
    for remark in workspace.remarks:
        console.say(remark)


def _left_out(folders: Sequence[str]) -> str:
    count = len(folders)
    what = "1 folder is" if count == 1 else f"{count} folders are"
    named = ", ".join(folders[:_FOLDERS_NAMED]) + (", …" if count > _FOLDERS_NAMED else "")
    return (
        f"{what} left out, ignored by git or not of this repository: {named};"
        " `include` in the configuration takes them in"
    )


def mention_what_is_missing(workspace: Workspace) -> None:
    _mention(workspace)
    for error in workspace.unlisted.values():
        console.complain(str(error))
    if workspace.emptiness:
        console.say(workspace.emptiness)


def directory_typed(flags: BuildFlags) -> str:
    """Return where the words after the options hold: -C leads there."""
    return os.path.normpath(os.path.join(logical_directory(os.environ), flags.chdir))


def workspace_around(flags: BuildFlags) -> Workspace:
    """Return the workspace around the place where words are typed."""
    return Workspace(root_of(directory_typed(flags)))


def _chosen(
    workspace: Workspace, flags: BuildFlags, words: list[str], stamps: Mapping[str, str]
) -> Mapping[str, Program]:
    """Return the programs that words name: `:NAME`, ./DIR/..., what go takes; all for no words."""
    typed = flags.without(*_ABOUT_US)
    if not words:
        return {n: p.with_flags(typed, stamps) for n, p in workspace.programs.items()}
    programs = {}
    for word in words:
        if word.startswith(NAME_MARK):
            name = word.removeprefix(NAME_MARK)
            programs[name] = workspace.program(name).with_flags(typed, stamps)
        elif is_path(word) and word.endswith("/..."):
            pattern = Pattern(word, directory_typed(flags))
            every = workspace.programs.items()
            below = {n: p for n, p in every if pattern.matches(p.package_directory)}
            if not below:
                place = word.removesuffix("/...")
                raise UsageError(f"there is no program below {place}", "gorun --list shows them")
            programs |= {n: p.with_flags(typed, stamps) for n, p in below.items()}
        else:
            own = flags.without("json")
            program = Program.typed(Target((word,)), own, os.environ, stamps)
            programs[word] = configured(program)
    return programs


def _result(result: Outcome | GoRunError) -> dict[str, object]:
    if isinstance(result, GoRunError):
        return {"outcome": "failed", "error": str(result)}
    return {
        "outcome": result.outcome,
        "executable": result.path,
        "because": reasons.reasons_said(result.because),
        "seconds": result.seconds,
    }


def _said(result: Outcome | GoRunError) -> str:
    if isinstance(result, GoRunError):
        return f"failed: {result}"
    return result.outcome + reasons.because(result.because)
