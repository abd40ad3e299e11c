"""Toolchain choice: which go builds, the command in PATH or one that it switches to.

The rules are go's (cmd/go/internal/toolchain, Select, since 1.21): a `go` or `toolchain` line of
go.work, else of go.mod, may ask for a newer one than the command is, and GOTOOLCHAIN may name one.

Decides by the same files and variables. It must never guess: where go could choose by anything
else, nothing is shared.
"""

from __future__ import annotations

import os
import re
import sys
from typing import NamedTuple

from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.inputs.path_resolution import upwards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PLATFORM = sys.platform, os.uname().machine
"""What this machine is called: one of another kind starts nothing that was built here."""

_NAME = re.compile(r"go(\d+)(?:\.(\d+))?(?:\.(\d+)|(alpha|beta|rc)(\d+))?(-\S*)?")
_SWITCHES_SINCE = (1, 21)
_NONE = -1  # of a version, where there is no such number
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Unclear(Exception):
    """Nobody but go can tell which toolchain builds."""


class Version(NamedTuple):
    """A release of go, or a language version ("1.24"), in go's order (internal/gover)."""

    major: int
    minor: int
    patch: int
    kind: str
    number: int

    @classmethod
    def of(cls, name: str) -> Version:
        """Return the version of a toolchain's name, "go1.24.3". Raises Unclear."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise Unclear(f"{name} is no name of a go toolchain")
        major, minor, patch, kind, number, _ = found.groups()
        numbers = int(major), int(minor or 0)
        # Before 1.21, the first release of a language version was called as that.
        first = 0 if numbers < _SWITCHES_SINCE and not kind else _NONE
        return cls(*numbers, first if patch is None else int(patch), kind or "", int(number or 0))

    @property
    def is_of_language(self) -> bool:
        """Whether no release is called so."""
        return self.patch == _NONE and not self.kind


def choose(goroot: str, setting: Callable[[str], str], directory: str) -> str:
    """Return the toolchain that the go command switches to in a directory, "" for none.

    `goroot` is its own, `setting` says what it takes for a variable. Raises Unclear.
    """
    least, plus, mode = setting("GOTOOLCHAIN").partition("+")
    if least in ("auto", "path") and not plus:
        least, mode = "local", least
    without_modules = setting("GO111MODULE") == "off"
    if not least or (least == "local" and not mode) or without_modules:
        return ""
    local = _release_of(goroot)
    if Version.of(local)[:2] < _SWITCHES_SINCE:
        return ""
    chosen = local if least == "local" else least
    if mode in ("auto", "path"):
        chosen = _asked_for(chosen, _file(setting("GOWORK"), directory))
    if chosen != local and mode == "path":
        raise Unclear(f"{chosen} is to be found in PATH")
    return "" if chosen == local else chosen


def _asked_for(least: str, file: str) -> str:
    """Return what a go.mod or go.work asks for, `least` where that is enough."""
    lines = bytes_of(file).decode(errors="replace").split("\n") if file else []
    named, language = _value(lines, "toolchain"), _value(lines, "go")
    chosen = least
    if named == "default":
        return chosen
    if named and Version.of(named) > Version.of(chosen):
        chosen = named
    if language and (version := Version.of(f"go{language}")) > Version.of(chosen):
        dot_zero = version.is_of_language and version[:2] >= _SWITCHES_SINCE
        chosen = f"go{language}.0" if dot_zero else f"go{language}"
    return chosen


def _value(lines: list[str], key: str) -> str:
    """Return the value of the first line with a key (gover.GoModLookup)."""
    for line in map(str.strip, lines):
        if line.startswith((f"{key} ", f"{key}\t")):
            return line.removeprefix(key).partition("//")[0].strip()
    return ""


def _file(workspace: str, directory: str) -> str:
    """Return the go.work that counts in a directory, else the go.mod, "" for neither."""
    if workspace not in ("", "auto", "off"):
        return workspace if os.path.exists(workspace) else _above("go.mod", directory)
    return (_above("go.work", directory) if workspace != "off" else "") or _above(
        "go.mod", directory
    )


def _above(name: str, directory: str) -> str:
    paths = (os.path.join(place, name) for place in upwards(directory))
    return next((path for path in paths if os.path.isfile(path)), "")


def folder_of(name: str) -> str:
    """Return where in the module cache go keeps a toolchain for this machine."""
    system, machine = PLATFORM
    platform = f"{system}-{_ARCHITECTURES.get(machine, machine)}"
    return f"golang.org/toolchain@v0.0.1-{name}.{platform}"


def _release_of(goroot: str) -> str:
    words = bytes_of(f"{goroot}/VERSION").decode(errors="replace").split()
    if not words:
        raise Unclear(f"{goroot} is no release of go")
    return words[0]
