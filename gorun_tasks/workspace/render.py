"""Render: many programs as text for a person, and as JSON for a program such as CI.

Decides how these answers look, for `gorun` and in each runner alike. It must never decide anything
about a program, nor import more than it says something of.
"""

from __future__ import annotations

import os

from gorun_tasks.core.reasons import because, reasons_said
from gorun_tasks.errors import in_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.workspace.workspace import Workspace


def list_text(workspace: Workspace, *, as_json: bool = False) -> str:
    if as_json:
        return json_text([described(workspace, name) for name in workspace.programs])
    rows = [
        (name, " ".join((*program.flags.words, workspace.place(name))))
        for name, program in workspace.programs.items()
    ]
    width = max((len(name) for name, _ in rows), default=0)
    return "".join(in_one_line(f"{name:{width}}  {place}") + "\n" for name, place in rows)


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
    program = workspace.programs[name]
    return {
        "name": name,
        "target": workspace.place(name),
        "directory": os.path.relpath(program.cwd, workspace.root),
        "flags": list(program.flags.words),
        "args": list(workspace.args(name)),
    }


def json_text(value: object) -> str:
    import json

    return json.dumps(value, indent=2) + "\n"
