"""Directory watch: which names came, went or were replaced in a directory while go builds.

Decides that by the kernel's own word, where a time stamp tells only that there were some. It must
never call a directory undisturbed of which an event may be missing.
"""

from __future__ import annotations

import contextlib

from gorun_tasks.system import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class DirectoryWatch:
    """Watches directories from when it is made until it is closed; none where nobody tells."""

    def __init__(self, directories: Iterable[str]) -> None:
        self._queue: host.DirectoryEvents | None = None
        self._directories: dict[int, str] = {}  # by their numbers
        self._moved: dict[str, set[str]] = {}
        for directory in directories:
            with contextlib.suppress(OSError):
                self._begin(directory)

    def watches(self, directory: str) -> bool:
        """Say whether this directory is watched."""
        return directory in self._moved

    def undisturbed(self, directory: str, counts: Callable[[str], bool]) -> bool:
        """Say whether the directory stayed where it was, and in it each name that counts."""
        self._take_in()
        moved = self._moved.get(directory)
        return moved is not None and not any(map(counts, moved))

    def close(self) -> None:
        """End the watch."""
        self._moved.clear()
        if self._queue is not None:
            self._queue.close()
            self._queue = None

    def _begin(self, directory: str) -> None:
        if self._queue is None:
            self._queue = host.DirectoryEvents()
        number = self._queue.add(directory)
        if number not in self._directories:
            self._directories[number] = directory
            self._moved[directory] = set()

    def _take_in(self) -> None:
        for number, name, came_or_went in self._queue.events() if self._queue is not None else ():
            if number < 0:
                self._moved.clear()
            elif not name:  # the directory itself: moved, removed, unmounted, its permissions
                self._moved.pop(self._directories[number], None)
            elif came_or_went:
                self._moved.get(self._directories[number], set()).add(name)
