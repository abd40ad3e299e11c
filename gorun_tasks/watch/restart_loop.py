"""Restart loop: whether a program is restarted because of what it writes itself.

Decides that by what moved, and how soon after a start: where the same files did so a few times in
turn, their changes no longer restart the program. It must never pass over a change of anything
else, nor one of these that comes while all has been quiet: that is a person's.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

_ROUNDS = 3
_SOON = 3.0  # seconds


class RestartLoop:
    """What moved of a program's inputs since it was started, and before."""

    def __init__(self) -> None:
        self.blamed: frozenset[str] = frozenset()
        """The paths whose changes may be the program's own."""
        self.held = False
        """Whether their changes restart nothing."""
        self._moved: set[str] = set()  # since the program was started
        self._rounds = 0
        self._last = float("-inf")  # when it was started, or else changed something

    def note(self, paths: AbstractSet[str]) -> bool:
        """Take in that inputs moved; say whether that is worth a look."""
        now = time.monotonic()
        if self.held and paths <= self.blamed and now - self._last < _SOON:
            self._last = now
            return False
        self.held = False
        self._moved |= paths
        return True

    def closes(self, moment: float, may_have_written: Callable[[AbstractSet[str]], bool]) -> bool:
        """Say whether a restart for what moved until a moment is one too many.

        `may_have_written` says whether the program may have written these: else it was somebody in
        haste.
        """
        soon = moment - self._last < _SOON
        if soon and self._moved and (self._moved <= self.blamed or not self.blamed):
            self.blamed = self.blamed or frozenset(self._moved)
            self._rounds += 1
        else:
            self.blamed, self._rounds = frozenset(), 0
        self.held = self._rounds > _ROUNDS and may_have_written(self.blamed)
        if self.held:
            self._last = time.monotonic()
        return self.held

    def started(self) -> None:
        """Take in that the program was started."""
        self._last = time.monotonic()
        self._moved.clear()
