"""Module changes: which programs are as they were where only go.mod and its like differ.

A dependency that is added for one program changes a go.mod that all programs of the module read.
Where no other file of a program differs, go is asked for its packages twice, for all such programs
at once: as the files are, and as they were, which go lays over them. A program is the same where go
finds the same packages at the same places, of the same modules (path, version, sum, go version,
replacement), with the same files and the same default of GODEBUG, and nothing is wrong with it.

Decides which programs a change of module files leaves as they were. It must never say so where it
cannot tell: another toolchain, a file that is a link, a vendor/modules.txt (go lays nothing over
that), or an answer that go does not give.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile

from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.reasons import MODULE_FILES
from gorun_tasks.errors import GoRunError
from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.toolchain.answers import main_package
from gorun_tasks.toolchain.command import Go
from gorun_tasks.workspace.git_changes import EDITED, NEW, REMOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gorun_tasks.api import Program
    from gorun_tasks.workspace.git_changes import Changes

    Packages = list[dict[str, Any]]

_KNOWN_BEFORE = (EDITED, NEW, REMOVED)
_TOOLCHAIN = re.compile(rb"^[ \t]*(?:go|toolchain)[ \t]+[^\s/]+", re.MULTILINE)
_FORBIDDING = ("overlay", "modfile", "mod=mod")
_FILES = (
    *("GoFiles", "CgoFiles", "CFiles", "CXXFiles", "MFiles", "HFiles", "FFiles", "SFiles"),
    *("SwigFiles", "SwigCXXFiles", "SysoFiles", "EmbedFiles"),
)
_FIELDS = (
    *("ImportPath", "Dir", "Standard", "Module", "Deps", "Error", "DepsErrors", "DefaultGODEBUG"),
    *_FILES,
)
_OF_MODULE = ("Path", "Version", "Sum", "GoVersion", "Main")


def is_module_file(path: str, change: str) -> bool:
    """Say whether a changed file says which modules there are, and what it said is known."""
    return path.rpartition("/")[2] in MODULE_FILES and change in _KNOWN_BEFORE


def unchanged(programs: Mapping[str, Program], changes: Changes) -> list[str]:
    """Return which of these programs that can be asked for at once are the same as before.

    Nothing else than module files differs for each of them.
    """
    program = next(iter(programs.values()))
    words = (*program.flags.words, *program.environ.get("GOFLAGS", "").split())
    if (
        not changes.base
        or program.target.kind != "package"
        or os.path.realpath(program.directory) != program.directory
        or any(forbidding in word for word in words for forbidding in _FORBIDDING)
    ):
        return []
    before = _before(changes)
    if before is None:
        return []
    folder = tempfile.mkdtemp(prefix="gorun-")
    try:
        overlay = _overlay(before, folder)
        now, then = _listed(programs, ()), _listed(programs, (f"-overlay={overlay}",))
    except (GoRunError, OSError):
        return []
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [
        name
        for name, one in programs.items()
        if (facts := _facts(one, now)) is not None and facts == _facts(one, then)
    ]


def _before(changes: Changes) -> dict[str, bytes | None] | None:
    """Return what changed module files held, None for one that is new; None where nobody knows."""
    contents: dict[str, bytes | None] = {}
    for path, change in changes.files.items():
        if not is_module_file(path, change):
            continue
        held = None if change == NEW else changes.before(path)
        if os.path.islink(path) or (held is None and change != NEW):
            return None
        # By these lines go chooses a toolchain, before it lays anything over anything.
        if _TOOLCHAIN.findall(held or b"") != _TOOLCHAIN.findall(bytes_of(path)):
            return None
        contents[path] = held
    return contents


def _overlay(contents: Mapping[str, bytes | None], folder: str) -> str:
    """Write what go lays over the files; return its path. Raises OSError."""
    replaced = {}
    for number, (path, held) in enumerate(contents.items()):
        replaced[path] = "" if held is None else f"{folder}/{number}"
        if held is not None:
            with open(replaced[path], "wb") as file:
                file.write(held)
    with open(f"{folder}/overlay", "w", encoding="utf-8") as file:
        json.dump({"Replace": replaced}, file)
    return f"{folder}/overlay"


def _listed(programs: Mapping[str, Program], further: tuple[str, ...]) -> Packages:
    """Return go's packages of the programs; [] where it cannot tell. Raises GoRunError."""
    program = next(iter(programs.values()))
    own = program.environ.get("GODEBUG", "")
    environ = {**program.environ, "GODEBUG": f"{own},goindex=0".lstrip(",")}
    flags = BuildFlags.of_words((*program.flags.words, "-e", *further))
    targets = tuple(word for one in programs.values() for word in one.target.words)
    go = Go(Go.of(program).command, environ, program.cwd)
    return go.list_packages(flags, targets, _FIELDS) or []


def _facts(program: Program, packages: Packages) -> list[object] | None:
    """Return all that a program is linked from, as go lists it; None where something is wrong."""
    main = main_package(program, packages)
    if main is None or main.get("Error") or main.get("DepsErrors"):
        return None
    by_path = {package["ImportPath"]: package for package in packages}
    members = [main, *(by_path.get(path) for path in main.get("Deps") or ())]
    return [main.get("DefaultGODEBUG", ""), *map(_fact, members)]


def _fact(package: Mapping[str, Any] | None) -> object:
    if package is None or package.get("Standard"):
        return package and package["ImportPath"]
    files = [package.get(field) or [] for field in _FILES]
    return package["ImportPath"], package.get("Dir"), files, _module(package.get("Module"))


def _module(module: Mapping[str, Any] | None) -> object:
    if not module:
        return None
    return [module.get(field) for field in _OF_MODULE], _module(module.get("Replace"))
