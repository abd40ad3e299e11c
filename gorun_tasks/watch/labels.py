"""Labels: the names of several programs before the lines that they write.

Decides how lines of several programs share one output, also lines that have not ended yet: whoever
speaks next begins a new one. It must never change what a program wrote, but for its label.
"""

from __future__ import annotations

import os
import re

from gorun_tasks.errors import in_one_line
from gorun_tasks.system import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_COLORS = (36, 33, 32, 35, 34, 31)  # of names
_BACK = re.compile(rb"\r(?=[^\r\n])")  # to the beginning of the line, to write over it


class Labels:
    """Writes what programs of these names say, a label before each line."""

    def __init__(self, names: Sequence[str]) -> None:
        self._labels: dict[tuple[str, int], bytes] = {}
        width = max(map(len, names))
        for position, name in enumerate(names):
            for stream in (1, 2):
                label = in_one_line(f"{name:{width}} | ")
                if os.isatty(stream) and not os.environ.get("NO_COLOR"):
                    label = f"\x1b[{_COLORS[position % len(_COLORS)]}m{label}\x1b[0m"
                self._labels[name, stream] = os.fsencode(label)
        self._together = _are_the_same(1, 2)
        # By the output: whose line stands there unfinished, and whether it is being written over.
        self._unfinished: dict[int, tuple[str, int, bool]] = {}
        console.before_words(lambda: self._end_line(2))

    def write(self, name: str, stream: int, words: bytes) -> None:
        """Write what a program wrote: lines with their ends, the last one perhaps without."""
        label, place = self._labels[name, stream], self._place(stream)
        whose = self._unfinished.get(place)
        goes_on = whose is not None and whose[:2] == (name, stream)
        if not goes_on:
            self._end_line(stream)
        lines = words.removesuffix(b"\n").replace(b"\n", b"\n" + label)
        if b"\r" in lines:
            lines = _BACK.sub(b"\r" + label, lines)
        written_over = goes_on and whose is not None and whose[2] and words[:1] not in b"\r\n"
        if written_over or not goes_on:
            lines = label + lines
        if words[-1:] == b"\n":
            lines += b"\n"
            self._unfinished.pop(place, None)
        else:
            self._unfinished[place] = name, stream, words[-1:] == b"\r"
        console.write(stream, lines)

    def _end_line(self, stream: int) -> None:
        whose = self._unfinished.pop(self._place(stream), None)
        if whose is not None:
            console.write(whose[1], b"\n")

    def _place(self, stream: int) -> int:
        return 1 if self._together else stream


def _are_the_same(*descriptors: int) -> bool:
    """Say whether what is written to one stands beside what is written to the other."""
    try:
        return os.path.sameopenfile(*descriptors)
    except OSError:
        return False
