"""Shell command: what a person would type in a shell for what a task does.

Decides the words, from where that person is: a place to go to first, variables, options of gorun's,
flags. It must never start anything, and what it says has to do the same in a shell.
"""

from __future__ import annotations

import os
import shlex

from gorun_tasks.core.program import logical_directory
from gorun_tasks.runners.offers import TaskSpec
from gorun_tasks.workspace.workspace import root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gorun_tasks.api import Program


def command(program: Program, args: Sequence[str], *options: str) -> str:
    """Return the words for one program, with these options of gorun's."""
    unset = [name for name, value in program.overlay.items() if value is None]
    env = [word for name in unset for word in ("-u", name)]
    env += [f"{name}={value}" for name, value in program.overlay.items() if value is not None]
    place = program.place
    elsewhere = options in ((), ("--watch",)) and place != program.directory
    cwd = ["--cwd", os.path.relpath(place, program.cwd)] if elsewhere else []
    words = ["gorun", *options, *cwd, *_flags(program), *program.target.words, *args]
    return _in(program.cwd, ["env", *env, *words] if env else words)


def command_of_many(
    option: str,
    *words: str,
    root: str,
    shared: Mapping[str, Any],
    configured: Mapping[str, Any],
    options: Mapping[str, Any],
) -> str:
    """Return the words for what is done with the programs of the workspace at `root`.

    The rest is what they have in common, in the order in which the one wins over the other.
    """
    any_of_them = TaskSpec("", ".", shared).program(options, configured=configured)
    here = logical_directory(os.environ)
    place = here if root_of(here) == root else root
    return _in(place, ["gorun", option, *words, *_flags(any_of_them)])


def _flags(program: Program) -> list[str]:
    stamps = [f"--stamp={variable}={fact}" for variable, fact in program.stamp]
    return [*stamps, *program.flags.words]


def _in(directory: str, words: list[str]) -> str:
    here, line = logical_directory(os.environ), shlex.join(words)
    if directory == here:
        return line
    return f"cd {shlex.quote(os.path.relpath(directory, here))} && {line}"
