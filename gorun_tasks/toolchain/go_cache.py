"""Go's build cache: its entries, taken from it so that go compiles their packages again.

Decides which entries may hold another content than their key says (law 3). It must never remove
more than those: whatever it takes is compiled anew.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os

from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gorun_tasks.toolchain.command import Go
    from gorun_tasks.toolchain.report import Report


_ENTRY_WORDS = 5
_SHORT = 15  # bytes of an action ID that go shows
_HEAD = 4096  # bytes of a package within which stands its build ID


def invalidate_racy_entries(report: Report, go: Go, further: Sequence[str] = ()) -> None:
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
        forget(cache, report.actions_that_read(moved))


def forget(cache: str, actions: Iterable[str]) -> bool:
    """Have go forget what came of these actions; say whether all of it is gone."""
    paths = [_entry_path(cache, action) for action in actions]
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)
    return not any(map(os.path.lexists, paths))


def entry(cache: str, action: str) -> bytes:
    """Return go's entry for an action, b"" for none.

    It holds the SHA-256 and the size of the output, and when it was made, to the nanosecond.
    """
    return bytes_of(_entry_path(cache, action))


def made_at(entry: bytes) -> int:
    """Return when an entry was made (nanoseconds since the epoch), -1 where it does not tell.

    "v1 ACTION OUTPUT SIZE TIME", as cache.DiskCache.putIndexEntry writes it.
    """
    words = entry.split()
    try:
        return int(words[-1]) if len(words) == _ENTRY_WORDS else -1
    except ValueError:
        return -1


def begins_with(cache: str, entry: bytes, build_id: str) -> bool:
    """Say whether the output of an entry is a package with this build ID."""
    words = entry.split()
    if len(words) != _ENTRY_WORDS:
        return False
    output = os.fsdecode(words[2])
    try:
        with open(f"{cache}/{output[:2]}/{output}-d", "rb") as file:
            return build_id.encode() in file.read(_HEAD)
    except OSError:
        return False


def _entry_path(cache: str, action: str) -> str:
    return f"{cache}/{action[:2]}/{action}-a"


class ActionGraph:
    """Which actions a go performed itself, by what it wrote for -debug-actiongraph."""

    def __init__(self, written: bytes) -> None:
        """Read it; where go wrote none, nothing was performed."""
        self._performed: dict[str, str] = {}
        with contextlib.suppress(ValueError):
            for action in json.loads(written):
                if action.get("Cmd") and action.get("ActionID"):
                    self._performed[action["ActionID"]] = action.get("BuildID", "")

    def build_id(self, action: str) -> str | None:
        """Return the build ID of what an action (hexadecimal) made, None if it was not performed.

        go shortens the ID there as buildid.HashToString does.
        """
        short = base64.urlsafe_b64encode(bytes.fromhex(action)[:_SHORT])
        return self._performed.get(short.decode())
