"""Configured programs: those of a watch, as the configuration has them now.

Decides which files may say something of them. It must never change what runs: `watch.watcher` does,
where what is said here differs.
"""

from __future__ import annotations

import os

from gorun_tasks.config.configuration import FILES, repository_of
from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.inputs.path_resolution import upwards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gorun_tasks.watch.configuration import Programs


class ConfiguredPrograms:
    """The programs of a watch.

    `load` returns them, and the arguments of each, as the configuration around `place` has them
    now.
    """

    def __init__(self, place: str, load: Callable[[], Programs]) -> None:
        top = repository_of(place) or place
        places = [way for way in upwards(place) if way == top or way.startswith(f"{top}/")]
        self._files = [os.path.join(way, name) for way in places for name in FILES]
        self._contents = self._read()
        self.load = load

    def files(self) -> list[str]:
        """Return the files that may say something of these programs, there or not."""
        return self._files

    def edited(self) -> str:
        """Return which of them says something else than at the last call, "" for none."""
        before, self._contents = self._contents, self._read()
        changed = (path for path in self._files if before[path] != self._contents[path])
        return next(changed, "")

    def _read(self) -> dict[str, bytes]:
        return {path: bytes_of(path) for path in self._files}
