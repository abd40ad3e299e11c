"""Build IDs: what go's own says, and whether two executables are the same but for them.

An edit that changes nothing of a program, a comment of package main, still changes the build ID
that go links into it. Decides by the bytes: only where a build ID is, and what follows from it, may
they differ. It must never call alike what is not understood.
"""

from __future__ import annotations

import mmap
import os
import struct

from gorun_tasks.system import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 16  # bytes; for greater ones the system would have to find new memory each time
_PARTS = 4


def same_but_build_id(one: str, other: str) -> bool:
    """Say whether two executables differ in nothing but their build IDs."""
    try:
        if os.path.samefile(one, other):
            return True
        with _mapped(one) as first, _mapped(other) as second:
            but = list(host.build_ids(first))
            return (
                len(first) == len(second)
                and but == list(host.build_ids(second))
                and all(
                    first[start:end] == second[start:end] for start, end in _pieces(len(first), but)
                )
            )
    except (OSError, OverflowError, ValueError, struct.error):
        return False


def go_build_id(path: str) -> str:
    """Return the build ID that go links into a program, "" where it is not to be found.

    It has four parts: the ID of the link, those of compiling package main and of what came of it,
    and the sum of the executable.
    """
    try:
        with _mapped(path) as data:
            texts = [data[start:end] for start, end in host.build_ids(data)]
    except (OSError, OverflowError, ValueError, struct.error):
        return ""
    return next((text.decode("latin-1") for text in texts if text.count(b"/") == _PARTS - 1), "")


def _mapped(path: str) -> mmap.mmap:
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _pieces(size: int, but: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield where to compare, in pieces that fit into a cache."""
    start = 0
    for left_out, further in (*sorted(but), (size, size)):
        for piece in range(start, left_out, _PIECE):
            yield piece, min(piece + _PIECE, left_out)
        start = further
