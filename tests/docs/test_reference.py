"""The reference has an entry for every public name."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.support.place import REPOSITORY

_ENTRY = re.compile(r"^\.\. (?:auto\w+|(currentmodule)):: (.+?)(?:\(\))?$", re.MULTILINE)


def entries() -> set[str]:
    """Return the full names of what the page has directives for."""
    found, module = set(), ""
    for is_module, name in _ENTRY.findall((REPOSITORY / "docs" / "reference.md").read_text()):
        if is_module:
            module = name
        else:
            found.add(f"{module}.{name}")
    return found


@pytest.mark.parametrize(
    "module", ["gorun_tasks", "gorun_tasks.nox", "gorun_tasks.invoke", "gorun_tasks.doit"]
)
def test_every_public_name_has_an_entry(module: str) -> None:
    names = {f"{module}.{name}" for name in import_module(module).__all__}
    assert names - entries() == set()
