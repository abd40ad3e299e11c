"""Ways: the directories and links that lead to an input, and whether any of them moved.

Decides whether a path may have led elsewhere since a moment. A directory that was swapped with
another moved itself, but nothing in it did; a link that was set anew shows only in itself. It
must never follow a path without looking at each link on the way.
"""

from __future__ import annotations

import os
import stat

from gorun_tasks.fingerprint import key_of, settled


class Ways:
    """What leads to inputs, each way looked at once."""

    def __init__(self, own: str, moment: int) -> None:
        """Look at links anywhere, and at directories from `own` down ("" for none).

        Above it directories move for other people's reasons. `moment` is of `file_clock`.
        """
        self.moved: set[str] = set()
        self._own = f"{own}/" if own else ""
        self._moment = moment
        self._known: dict[str, bool] = {}

    def lead_elsewhere(self, path: str) -> bool:
        """Say whether `path` may have led elsewhere since the moment."""
        if path in ("", "/"):
            return False
        known = self._known.get(path)
        if known is None:
            self._known[path] = False  # so that links in a circle come to an end
            known = self.lead_elsewhere(os.path.dirname(path))
            known = self._known[path] = self._moved_itself(path) or known
        return known

    def _moved_itself(self, path: str) -> bool:
        try:
            status = os.lstat(path)
            is_link = stat.S_ISLNK(status.st_mode)
            target = os.path.join(os.path.dirname(path), os.readlink(path)) if is_link else ""
        except OSError:
            return False
        counts = is_link or (
            stat.S_ISDIR(status.st_mode) and self._own and f"{path}/".startswith(self._own)
        )
        if counts and not settled(key_of(status), self._moment):
            self.moved.add(path)
            return True
        return bool(target) and self.lead_elsewhere(target)
