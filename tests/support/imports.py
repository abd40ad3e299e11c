"""Which modules a command imports, and which of them are ours."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.workshop import Workshop

_IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)


def modules(*names: str) -> set[str]:
    """Return modules of ours by their names, with the folders that they lie in."""
    folders = {name.partition(".")[0] for name in names}
    return {"gorun_tasks", *(f"gorun_tasks.{name}" for name in (*names, *folders))}


HOT = tuple(
    f"core.{name}"
    for name in ("check", "fingerprint", "flags", "launch", "program", "store", "target")
)
OTHERS = frozenset(("_operator", "_signal", "_locale", "gc"))
"""The interpreter's own modules, of which no Python code is run. `__future__` is a file to read:
the modules of the hot path quote their annotations."""


def imported(workshop: Workshop, code: str, *words: str) -> set[str]:
    """Run code with words; return the names of all modules that it imported."""
    result = workshop.execute([sys.executable, "-P", "-X", "importtime", "-c", code, *words])
    assert result.rc == 0
    return set(_IMPORTED.findall(result.err))
