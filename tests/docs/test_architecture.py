"""What docs/architecture.md names is there: folders, files, modules, classes and functions."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from tests.support.place import REPOSITORY

PACKAGE = REPOSITORY / "gorun_tasks"
NOT_OURS = {"gorun", "lib/tea.go", "rules.md"}
"""The command, the file of the example, and another page."""


def is_there(name: str) -> bool:
    """Say whether a path, or a name with dots, is one of the package."""
    if "/" in name or name.endswith(".py"):
        return (PACKAGE / name).exists() or (REPOSITORY / name).exists()
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = PACKAGE.joinpath(*parts[:count])
        if path.is_dir() or path.with_suffix(".py").exists():
            at: Any = import_module(".".join(("gorun_tasks", *parts[:count])))
            for part in parts[count:]:
                at = getattr(at, part, None)
            return at is not None
    return False


def test_what_the_page_names_is_there() -> None:
    page = (REPOSITORY / "docs" / "architecture.md").read_text()
    flow, _, rest = page.partition("## The folders")
    names = {
        *re.findall(r"`([a-z_]+(?:[./]\w+)*/?)`", rest),
        *re.findall(r"\b[a-z_]+\.[a-z_]+\b", flow),
    }
    assert [name for name in sorted(names - NOT_OURS) if not is_there(name)] == []


def test_every_folder_of_the_package_has_a_sentence() -> None:
    page = (REPOSITORY / "docs" / "architecture.md").read_text()
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert [name for name in sorted(folders) if f"`{name}/`" not in page] == []
