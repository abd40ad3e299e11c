"""Mistakes: what was probably meant by a target that go could not build.

    gorun weave           :weave, where a program is called so
    gorun run .           the word of another command
    gorun ./tools/gen     :gen, where the package is of a module that go does not look into here

Decides what is said after go has said why. It must never change what the words do, nor say
anything of a program that is simply wrong.
"""

from __future__ import annotations

import os

from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.target import Target, is_path
from gorun_tasks.errors import GoRunError
from gorun_tasks.workspace.workspace import NAME_MARK, Workspace, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "run": "gorun runs a target by itself",
    "build": "gorun --build builds programs",
    "list": "gorun --list names the programs",
    "watch": "gorun --watch runs a target again after edits",
    "why": "gorun --why says whether a target is current",
    "help": "gorun --help explains the command line",
    "version": "gorun --version names the version",
    "test": "gorun runs programs, go test tests",
    **{word: f"that is for go: go {word}" for word in ("fmt", "get", "install", "mod", "vet")},
}


def hint(words: Sequence[str], here: str) -> str:
    """Return what was probably meant by the words after gorun's own options, "" for nothing else.

    They were typed `here`.
    """
    try:
        flags, consumed = BuildFlags.parse(words)
        target, _ = Target.parse(list(words[consumed:]))
        if target.kind != "package" or target.is_pattern:
            return ""
        return _hint(target.words[0], os.path.normpath(os.path.join(here, flags.chdir)))
    except GoRunError:
        return ""


def place_hint(words: Sequence[str], here: str) -> str:
    """Return what in a configuration says where a program runs that cannot run there, or ""."""
    try:
        flags, consumed = BuildFlags.parse(words)
        workspace = Workspace(root_of(os.path.normpath(os.path.join(here, flags.chdir))))
        name = workspace.resolve(words[consumed].removeprefix(NAME_MARK))
    except GoRunError:
        return ""
    settings = workspace.config.programs.get(name)
    if settings is None or not settings.cwd:
        return ""
    where = workspace.config.where("programs", name, "cwd")
    return f'{where}: cwd = "{settings.cwd}" names that directory'


def _hint(word: str, here: str) -> str:
    if is_path(word):
        return _of_another_module(here, os.path.normpath(os.path.join(here, word)))
    if "." in word or "/" in word:
        return ""
    workspace = Workspace(root_of(here))
    if any(main.import_path == word for main in workspace.mains()):
        return ""
    if word in workspace.programs or word in workspace.tools:
        return f"did you mean {NAME_MARK}{word}?"
    return _COMMANDS.get(word, "")


def _of_another_module(here: str, place: str) -> str:
    """Return the name of a program that go does not find from here, since it looks elsewhere."""
    from gorun_tasks.workspace.render import governing

    if governing(here, os.environ) == governing(place, os.environ):
        return ""
    workspace = Workspace(root_of(here))
    for name, program in workspace.programs.items():
        if program.package_directory == place:
            module = os.path.relpath(program.cwd, here)
            return f"that package is of the module in {module}: gorun {NAME_MARK}{name} runs it"
    return ""
