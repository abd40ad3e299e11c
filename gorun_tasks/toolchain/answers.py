"""JSON answers: what go writes to its standard output where it is asked for JSON.

A go command may be a script, of a version manager for instance, that writes lines of its own there.
Decides which part of the output is go's answer. It must never take a failure for an answer.
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from gorun_tasks.core.program import ProgramSpec

    Package = Mapping[str, Any]

_OBJECT = re.compile(r'\{(?=\s*["}])')
_DECODER = json.JSONDecoder()


def objects(output: bytes, field: str) -> list[dict[str, Any]]:
    """Return the JSON objects in what go wrote that have a field, one after another."""
    text = output.decode("utf-8", "surrogateescape")
    found = []
    position = 0
    while match := _OBJECT.search(text, position):
        try:
            value, position = _DECODER.raw_decode(text, match.start())
        except ValueError:
            position = match.end()
        else:
            if field in value:
                found.append(value)
    return found


def only_object(output: bytes, field: str) -> dict[str, Any]:
    """Return the last object that has a field, {} where there is none."""
    return ([{}, *objects(output, field)])[-1]


def main_package(program: ProgramSpec, packages: Iterable[Package]) -> Package | None:
    """Return the package that a program is, of those that go listed, None where it is not there."""
    word, directory = program.target.words[0], program.package_directory
    for package in packages:
        if program.target.kind == "files":
            if package["ImportPath"] == "command-line-arguments":
                return package
        elif package["ImportPath"] == word or (directory and package.get("Dir") == directory):
            return package
    return None
