"""README is short enough to be read, and the page of the command line has what it no longer has."""

from __future__ import annotations

import re

from gorun_tasks.cli.options import OPTIONS
from tests.support.place import REPOSITORY

README = (REPOSITORY / "README.md").read_text().splitlines()
COMMAND_LINE = (REPOSITORY / "docs" / "command-line.md").read_text()


def test_readme_has_at_most_200_lines() -> None:
    assert len(README) <= 200


def test_no_line_of_readme_is_wider_than_a_forge_shows() -> None:
    assert [line for line in README if len(line) > 120 and not line.startswith("|")] == []


def test_every_option_has_a_row() -> None:
    rows = re.findall(r"^\| `--([\w-]+)", COMMAND_LINE, re.MULTILINE)
    assert sorted(rows) == sorted(OPTIONS)
