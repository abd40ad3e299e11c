"""Go's build cache: entries that are taken from it, so that go compiles their packages again.

Decides which entries may hold another content than their key says (law 3). It must never remove
more than those: whatever it takes is compiled anew.
"""

from __future__ import annotations

import contextlib
import os

from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gorun_tasks.toolchain.command import Go
    from gorun_tasks.toolchain.report import Report


def distrust(report: Report, go: Go, further: Sequence[str] = ()) -> None:
    """Take from go's build cache what may be compiled from another content than was hashed.

    That is what read files that moved since go started, and the `further` ones. go compiles those
    packages, and only those, at the next build.
    """
    try:
        moved = [*report.moved_sources(), *further]
    except NotRecorded:
        return
    if moved:
        cache = report.settings.get("GOCACHE") or go.build_cache()
        _take_away(cache, report.actions_that_read(moved))


def _take_away(cache: str, actions: Iterable[str]) -> None:
    """Have go forget what came of these actions."""
    for action in actions:
        with contextlib.suppress(OSError):
            os.unlink(f"{cache}/{action[:2]}/{action}-a")
