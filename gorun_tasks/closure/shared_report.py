"""Shared report: what go told while it loaded several programs at once, and what of it is one's.

Decides what of it was done for a program. It must never leave out what may have been: what go did
in a directory of a package was done for that package, and for those that embed what lies there; but
where it looked for a package, a module or a workspace, that may have been for any of them.
"""

from __future__ import annotations

import os
import re

from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.toolchain.report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    Line = tuple[bytes, str, str, str]
    """A line, the operation that it tells of, the path, and the package for which that was done."""

FIELDS = ("ImportPath", "Dir", "Deps", "EmbedPatterns", "Error", "DepsErrors")
"""What go is to list of each package."""

_META = re.compile(r"[*?\[\\]")  # of path.Match
_SEARCHES = ("Stat", "IsDir", "IsGoDir")
_OF_EMBEDDING = ("Lstat", "Glob")  # load.resolveEmbed uses them, and nothing else does
_TESTS = "(tests)"
"""Who imports a package of GOROOT that go did not list: go list looks where it is."""


class SharedReport:
    """A report on several programs, by the packages that they are made of."""

    def __init__(self, report: Report, packages: Iterable[Mapping[str, Any]]) -> None:
        """Take the packages as go listed them."""
        self._report = report
        self._goroot = f"{report.settings.get('GOROOT')}/"
        self._packages = {package["ImportPath"]: package for package in packages}
        self._owners = {p.get("Dir", ""): path for path, p in self._packages.items()}
        hashed = (line for line in report.hashed if line[:6] == b"HASH /")
        self._hashed = [self._line(line, "HASH", line[5:].rpartition(b": ")[0]) for line in hashed]
        traced = ((line, line.split(b" ", 3)) for line in report.traced.splitlines())
        self._traced = [self._line(line, os.fsdecode(word[2]), word[3]) for line, word in traced]

    def part_of(self, members: Collection[str]) -> Report:
        """Return what go told of a program that is made of these packages."""
        starts = {
            embedded_from(package["Dir"], pattern): package["Dir"]
            for package in map(self._packages.__getitem__, members)
            for pattern in package.get("EmbedPatterns") or ()
        }
        begins = tuple(starts)
        ways = {way for start, directory in starts.items() for way in _between(directory, start)}

        def is_own(operation: str, path: str, owner: str) -> bool:
            if path.startswith(begins) or path in ways:
                return True
            if operation in _OF_EMBEDDING:  # a directory of odd names is quoted in a glob
                return operation == "Glob" and bool(begins)
            return not owner or owner in members

        def own(lines: Iterable[Line]) -> list[bytes]:
            return [line for line, *about in lines if is_own(*about)]

        part = Report()
        part.started, part.settings = self._report.started, self._report.settings
        part.temporary, part.diagnostics = self._report.temporary, self._report.diagnostics
        part.hashed, part.traced = own(self._hashed), b"\n".join(own(self._traced))
        return part

    def _line(self, line: bytes, operation: str, word: bytes) -> Line:
        path, owners = os.fsdecode(word), self._owners
        owner = next((owners[way] for way in upwards(path) if way in owners), "")
        if path not in owners and operation in _SEARCHES:
            owner = ""
        if path not in owners and operation == "ReadDir" and path.startswith(self._goroot):
            owner = _TESTS
        return line, operation, path, owner


def embedded_from(directory: str, pattern: str) -> str:
    """Return what begins every path that an embed pattern may reach."""
    return f"{directory}/{_META.split(pattern.removeprefix('all:'))[0]}"


def _between(directory: str, path: str) -> Iterable[str]:
    """Yield what is on the way from a directory to a path."""
    for way in upwards(path):
        if len(way) <= len(directory):
            return
        yield way
