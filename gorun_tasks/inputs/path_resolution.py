"""Path resolution: the directories and links on the way to an input, and whether one changed.

Decides whether a path may have led elsewhere since a moment. A directory that was swapped with
another moved itself, but nothing in it did; a link that was set anew shows only in itself. It
must never follow a path without looking at each link on the way.
"""

from __future__ import annotations

import os
import stat

from gorun_tasks.core.fingerprint import is_settled, key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gorun_tasks.system.mount_table import MountTable


class PathResolution:
    """What leads to inputs, each way looked at once.

    Links count anywhere, directories from the root of their module down, and those that links lead
    into. Above them other people's files come and go, which moves mtime and ctime of a directory to
    one moment: there it counts that it was itself renamed, which moves the ctime alone.
    """

    def __init__(self, moment: int, mounts: MountTable | None = None) -> None:
        """Look for what moved since `moment` (of `host.file_clock`).

        With `mounts`, what is stamped by another clock counts as unmoved: it is compared otherwise.
        """
        self._mounts = mounts
        self.moved: set[str] = set()
        self._moment = moment
        self._known: dict[str, bool] = {}
        self._in_module: dict[str, bool] = {}

    def may_have_changed(self, path: str) -> bool:
        """Say whether `path` may have led elsewhere since the moment."""
        if path in ("", "/"):
            return False
        known = self._known.get(path)
        if known is None:
            self._known[path] = False  # so that links in a circle come to an end
            known = self.may_have_changed(os.path.dirname(path))
            known = self._known[path] = self._moved_itself(path) or known
        return known

    def _moved_itself(self, path: str) -> bool:
        try:
            status = os.lstat(path)
            target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
        except OSError:
            return False
        counts = stat.S_ISDIR(status.st_mode) and (
            self._is_in_module(path) or status.st_ctime_ns != status.st_mtime_ns
        )
        moved = bool(target or counts) and self._touched(path, status)
        if not target:
            return moved
        target = os.path.join(os.path.dirname(path), target)
        into = os.path.dirname(target)
        try:
            entered = not self._is_in_module(target) and self._touched(into, os.stat(into))
        except OSError:
            entered = False
        elsewhere = self.may_have_changed(target)
        return moved or entered or elsewhere

    def _touched(self, path: str, status: os.stat_result) -> bool:
        if is_settled(key_of(status), self._moment):
            return False
        if self._mounts:
            from gorun_tasks.system.mount_table import NOTHING

            if self._mounts.belief(path, status.st_dev) == NOTHING:
                return False
        self.moved.add(path)
        return True

    def _is_in_module(self, directory: str) -> bool:
        if directory in ("", "/"):
            return False
        known = self._in_module.get(directory)
        if known is None:
            known = os.path.exists(f"{directory}/go.mod") or self._is_in_module(
                os.path.dirname(directory)
            )
            self._in_module[directory] = known
        return known


def upwards(directory: str) -> Iterator[str]:
    """Yield a directory and all above it."""
    while True:
        yield directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent
