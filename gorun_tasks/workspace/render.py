"""Render: many programs as text for a person, and as JSON for a program such as CI.

Decides how these answers look, for `gorun` and in each runner alike. It must never decide anything
about a program, nor import more than it says something of.
"""

from __future__ import annotations

import os

from gorun_tasks.core.reasons import because, reasons_said
from gorun_tasks.errors import in_one_line
from gorun_tasks.inputs.path_resolution import upwards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gorun_tasks.api import Program
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.workspace.workspace import Workspace


def list_text(workspace: Workspace, here: str, *, as_json: bool = False) -> str:
    """Return the answer to which programs there are, for a person who is `here`; last the tools."""
    if as_json:
        names = (*workspace.programs, *workspace.tools)
        return json_text([described(workspace, name) for name in names])
    programs = {**workspace.programs, **workspace.tools}
    rows = [
        (name, typed(program, workspace.args(name), here)) for name, program in programs.items()
    ]
    width = max((len(name) for name, _ in rows), default=0)
    return "".join(in_one_line(f"{name:{width}}  {words}") + "\n" for name, words in rows)


def typed(program: Program, args: Sequence[str], here: str) -> str:
    """Return what follows `gorun` on a command line that runs a program from where a person is.

    Before it stand the variables that are configured. A program that go cannot build from there has
    a -C.
    """
    import shlex

    target, flags = program.target.words[0], program.flags.words
    variables = [f"{n}={v}" for n, v in sorted(program.overlay.items()) if v is not None]
    if program.cwd != here:
        environ = program.environ
        if governing(here, environ) != governing(program.cwd, environ):
            flags = (f"-C={os.path.relpath(program.cwd, here)}", *flags)
        elif target.startswith("."):
            target = os.path.relpath(os.path.join(program.cwd, target), here)
            target = target if target.startswith(".") else f"./{target}"
    return shlex.join((*variables, *flags, target, *args))


def governing(directory: str, environ: Mapping[str, str]) -> str:
    """Return the go.work or go.mod around a directory, "" for none.

    A module that the go.work does not name has GOWORK=off among its variables.
    """
    chosen = environ.get("GOWORK", "")
    if chosen not in ("", "off"):
        return chosen
    for name in ("go.mod",) if chosen else ("go.work", "go.mod"):
        for place in upwards(directory):
            if os.path.isfile(f"{place}/{name}"):
                return f"{place}/{name}"
    return ""


def affected_text(
    workspace: Workspace, found: Mapping[str, tuple[Reason, ...]], *, as_json: bool = False
) -> str:
    if as_json:
        return json_text(
            [
                {**described(workspace, name), "because": reasons_said(reasons)}
                for name, reasons in found.items()
            ]
        )
    width = max(map(len, found), default=0)
    lines = (f"{name:{width}} {because(reasons)}" for name, reasons in found.items())
    return "".join(f"{in_one_line(line)}\n" for line in lines)


def described(workspace: Workspace, name: str) -> dict[str, object]:
    """Return what a program is, for JSON."""
    program = workspace.program(name)
    told: dict[str, object] = {
        "name": name,
        "target": workspace.place(name),
        "directory": os.path.relpath(program.cwd, workspace.root),
        "flags": list(program.flags.words),
        "args": list(workspace.args(name)),
        "env": {name: value for name, value in program.overlay.items() if value is not None},
    }
    return told | {"tool": True} if name in workspace.tools else told


def json_text(value: object) -> str:
    import json

    return json.dumps(value, indent=2) + "\n"
