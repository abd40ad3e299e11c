"""What --help prints: everything, once, and not wider than a terminal."""

from __future__ import annotations

import re

from gorun_tasks.cli.help import help_text
from gorun_tasks.cli.options import GROUPS, OPTIONS

COLUMNS = 80


def test_every_option_stands_in_one_group() -> None:
    grouped = [option for group in GROUPS.values() for option in group]
    assert sorted(option.name for option in grouped) == sorted(OPTIONS)
    first_words = re.findall(r"^  --(\S+)", help_text(), re.MULTILINE)
    assert first_words == [option.name for option in grouped]


def test_no_line_is_wider_than_a_terminal() -> None:
    assert [line for line in help_text().splitlines() if len(line) > COLUMNS] == []
