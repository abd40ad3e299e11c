"""Configured programs: what the configuration says of a package, however it is named.

    gorun ./services/cmd/worker     has the flags, stamps and variables that gorun :worker has

They hold for the programs of the workspace around the place where a target is typed, named by
directory or import path. For `path@version`, lists of files, patterns and packages of other modules
nothing holds, and `args` are for names alone. What is typed wins.

Decides for which programs what is configured holds. It must never decide what is configured, and
is only imported where there may be a configuration.
"""

from __future__ import annotations

import os

from gorun_tasks.api import Program
from gorun_tasks.config.configuration import find
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.program import ProgramSpec, laid_over
from gorun_tasks.workspace.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from gorun_tasks.config.configuration import Settings

    Spec = TypeVar("Spec", bound=ProgramSpec)


def configured(program: Spec) -> Spec:
    """Return a program as the configuration around it has it: another one where it says anything.

    Its own flags, stamps and variables win. Raises what `Workspace.programs` raises.
    """
    if program.target.kind != "package" or program.target.is_pattern:
        return program
    config = find(program.directory)
    if not config.says_how_to_build():
        return program
    settings = _settings(Workspace(config.directory), program)
    if settings is None or not settings.says_how_to_build():
        return program
    flags = BuildFlags(**settings.flags).followed_by(program.flags)
    stamp = {**settings.stamp, **dict(program.stamp)}
    env: dict[str, str | None] = {**settings.env, **program.overlay}
    if isinstance(program, Program):
        return program.altered(flags, stamp, env, env)
    return ProgramSpec(  # type: ignore[return-value]  # the only other class
        program.target,
        flags,
        laid_over(program.environ, env),
        stamp,
        cwd=program.cwd,
        overlay=env,
        store=program.store,
        run_in=program.run_in,
    )


def _settings(workspace: Workspace, program: ProgramSpec) -> Settings | None:
    word, directory = program.target.words[0], program.package_directory
    for main in workspace.mains():
        if main.directory and directory in (main.directory, os.path.realpath(main.directory)):
            return workspace.settings_of(main.directory)
        if main.directory and not directory and main.import_path == word:
            return workspace.settings_of(main.directory)
    return None
