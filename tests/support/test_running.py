"""The harness itself: what is heard of a program is what it said, in whatever pieces it comes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tests.support.place import Place, Running

if TYPE_CHECKING:
    from pathlib import Path

SAID = "→ geändert\n" * 200
A_BYTE_AT_A_TIME = "import os, sys\nfor byte in sys.argv[1].encode(): os.write(1, bytes([byte]))"


def test_letters_and_line_ends_may_come_in_parts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", A_BYTE_AT_A_TIME, SAID]
    place = Place(tmp_path, dict(os.environ))
    for terminal in (False, True):
        with Running(command, place, terminal=terminal) as running:
            assert running.end() == 0
            assert running.said == SAID
