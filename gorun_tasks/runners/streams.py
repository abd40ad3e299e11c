"""Streams: what programs, go and we write goes elsewhere for a while.

Decides how a runner's own way to hide holds for processes, which know descriptors alone. It must
never leave one of them elsewhere.
"""

from __future__ import annotations

import contextlib
import os

from gorun_tasks.runners import offers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = {"stdout": 1, "stderr": 2}


@contextlib.contextmanager
def diverted(name: str, to: int) -> Iterator[None]:
    """Have what is written to "stdout" or "stderr" meanwhile go to another descriptor."""
    number = NUMBERS[name]
    offers.flush()
    kept = os.dup(number)
    os.dup2(to, number)
    try:
        yield
    finally:
        offers.flush()
        os.dup2(kept, number)
        os.close(kept)
