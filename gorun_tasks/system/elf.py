"""ELF files: whether two executables are the same but for their build IDs.

An edit that changes nothing of a program, a comment of package main, still changes the build ID
that go links into it. Decides by the bytes: only the ELF notes that hold a build ID, go's own and
the one that the linker derives from it, may differ. What is not understood is not alike.
"""

from __future__ import annotations

import mmap
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ELF = b"\x7fELF\x02\x01"  # of 64 bits, little-endian
_SECTIONS_AT = 0x28  # in the header: where the table of sections is
_SHAPE_AT = 0x3A  # and the size of an entry and their number
_NOTE = 7  # SHT_NOTE
_BUILD_IDS = ((b"Go\0\0", 4), (b"GNU\0", 3))
_PIECE = 1 << 16  # bytes; for greater ones the system would have to find new memory each time


def same_but_build_id(one: str, other: str) -> bool:
    """Say whether two executables differ in nothing but their build IDs."""
    try:
        if os.path.samefile(one, other):
            return True
        with _mapped(one) as first, _mapped(other) as second:
            but = list(_build_ids(first))
            return (
                len(first) == len(second)
                and but == list(_build_ids(second))
                and all(
                    first[start:end] == second[start:end] for start, end in _pieces(len(first), but)
                )
            )
    except (OSError, OverflowError, ValueError, struct.error):
        return False


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


def _build_ids(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield from where to where the build IDs are; nothing in a file of another kind."""
    if data[: len(_ELF)] != _ELF:
        return
    (table,) = struct.unpack_from("<Q", data, _SECTIONS_AT)
    entry, count = struct.unpack_from("<HH", data, _SHAPE_AT)
    for header in range(table, table + entry * count, entry):
        kind, _, _, at, size = struct.unpack_from("<IQQQQ", data, header + 4)
        end = at + size
        while kind == _NOTE and at < end:
            name_size, content_size, note = struct.unpack_from("<III", data, at)
            content = at + 12 + -(-name_size // 4) * 4
            if (data[at + 12 : at + 12 + name_size], note) in _BUILD_IDS:
                yield content, content + content_size
            at = content + -(-content_size // 4) * 4
