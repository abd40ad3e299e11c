"""A stand-in for macOS's libSystem on Linux: its functions, answered from /proc.

Decides what they write into buffers and return, as xnu's libproc.c and sys/mount.h have it. It must
never write beyond the size it is given.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING, Any

from gorun_tasks.system import linux

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAXPATHLEN = 1024
STOPPED, RUNNING = 4, 2


def statfs(device: int, kind: str, place: str, source: str) -> bytes:
    """Return a struct statfs, field by field (__DARWIN_STRUCT_STATFS64)."""
    return b"".join(
        (
            struct.pack("<Ii", 4096, 1 << 20),  # f_bsize, f_iosize
            struct.pack("<5Q", 1, 2, 3, 4, 5),  # f_blocks, f_bfree, f_bavail, f_files, f_ffree
            struct.pack("<ii", device, 26),  # f_fsid
            struct.pack("<IIII", 501, 26, 0x4000, 0),  # f_owner, f_type, f_flags, f_fssubtype
            kind.encode().ljust(16, b"\0"),
            os.fsencode(place).ljust(MAXPATHLEN, b"\0"),
            os.fsencode(source).ljust(MAXPATHLEN, b"\0"),
            struct.pack("<I7I", 0, *range(7)),  # f_flags_ext, f_reserved
        )
    )


class LibSystem:
    """The functions that `gorun_tasks.system.darwin` calls; `appear` are mounted after a count."""

    def __init__(self, mounted: Sequence[bytes] = (), appear: Sequence[bytes] = ()) -> None:
        self.mounted = [*mounted]
        self.appear = [*appear]

    def getfsstat(self, buffer: Any, size: int, flags: int) -> int:
        """Answer as the library does."""
        assert flags == 2  # MNT_NOWAIT
        if buffer is None:
            count = len(self.mounted)
            self.mounted += self.appear
            self.appear = []
            return count
        fitting = self.mounted[: size // len(statfs(0, "", "", ""))]
        _fill(buffer, size, b"".join(fitting))
        return len(fitting)

    def proc_listallpids(self, buffer: Any, size: int) -> int:
        """Answer as the library does."""
        return _fill_numbers(buffer, size, (int(n) for n in os.listdir("/proc") if n.isdigit()))

    def proc_listchildpids(self, parent: int, buffer: Any, size: int) -> int:
        """Answer as the library does."""
        return _fill_numbers(buffer, size, linux.children_of(parent))

    def proc_pidpath(self, pid: int, buffer: Any, size: int) -> int:
        """Answer as the library does."""
        assert size == 4 * MAXPATHLEN
        path = os.fsencode(linux.executable_of(pid))
        _fill(buffer, size, path)
        return len(path)

    def proc_pidinfo(self, pid: int, flavor: int, arg: Any, buffer: Any, size: int) -> int:
        """Answer as the library does."""
        assert (flavor, ctypes.sizeof(arg)) == (3, 8)
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                state = file.read().rpartition(b") ")[2][:1]
        except OSError:
            return 0
        status = STOPPED if state in b"Tt" else RUNNING
        info = struct.pack("<10I", 0x10, status, 0, pid, *range(6)).ljust(136, b"\0")
        _fill(buffer, size, info)
        return len(info)


def _fill_numbers(buffer: Any, size: int, numbers: Iterable[int]) -> int:
    fitting = [*numbers][: size // 4]
    _fill(buffer, size, struct.pack(f"<{len(fitting)}i", *fitting))
    return len(fitting)


def _fill(buffer: Any, size: int, data: bytes) -> None:
    assert len(data) <= size == ctypes.sizeof(buffer)
    ctypes.memmove(buffer, data, len(data))
