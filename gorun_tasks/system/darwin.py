"""Darwin, the operating system of macOS: what only it offers, and what holds on it alone.

Decides nothing: each name here is one of `linux` as well, where it is described. It must never use
an interface that Apple does not declare in a header (libproc.h, sys/mount.h, mach-o/loader.h,
cs_blobs.h). It was written from these and has not run on macOS yet.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from struct import calcsize, unpack_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterator, Mapping
    from socket import socket
    from typing import Any

    Calls = tuple[Callable[[], int], Callable[[int], object], Callable[[], None]]
    Mount = tuple[int | None, str, str, str]

# The path that os.Executable returns is the one that was given to exec.
GO_FINDS_ITSELF_BEHIND_LINKS = False

BELIEVED = frozenset(("apfs",))
COUNTS_WRITES: frozenset[str] = frozenset()
WITHOUT_CTIME = frozenset(("msdos", "exfat"))
WITHOUT_EVENTS = frozenset(("nfs", "smbfs", "afpfs", "webdav", "ftp"))
TELLS_OF_DIRECTORIES = False
NO_MORE_EVENTS = "the system has no more file descriptors to watch with (ulimit -n)"

_library: Any = ctypes.CDLL(None, use_errno=True)  # libSystem, which has libproc's functions, too

# Which clock stamps files is not documented; 20 ms are more than any clock of a kernel lags behind.
_TICK = 20_000_000  # nanoseconds
_STATFS = "=48xi20x16s1024s1024s32x"  # fsid, type, mounted on, mounted from, of struct statfs
_NO_WAIT = 2  # MNT_NOWAIT: what is known, without asking servers
_PATH_SIZE = 4096  # PROC_PIDPATHINFO_MAXSIZE
_BSD_INFO = 3  # PROC_PIDTBSDINFO
_BSD_INFO_SIZE = 136  # of struct proc_bsdinfo, whose second number is the status
_STOPPED, _ZOMBIE = 4, 5  # SSTOP, SZOMB
_STOP_PATIENCE = 2000  # how often a process that was told to stop is looked at


# Files.


def file_clock() -> int:
    """Return what a file changed now would at least be stamped with: APFS counts nanoseconds."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME) - _TICK


def mounts() -> list[Mount]:
    """Return what is mounted, by getfsstat; st_dev is the first half of a file system's id."""
    # Where there are older programs (on Intel) it is the name of the function with 64-bit inodes.
    getfsstat = getattr(_library, "getfsstat$INODE64", None) or _library.getfsstat
    size = calcsize(_STATFS)
    room = 0
    while True:
        count = getfsstat(None, 0, _NO_WAIT)
        if count <= 0:
            return []
        room = max(room, count + 8)  # some may be mounted meanwhile
        buffer = ctypes.create_string_buffer(room * size)
        count = getfsstat(buffer, len(buffer), _NO_WAIT)
        if count < room:
            return [_mount(buffer.raw, i * size) for i in range(count)]
        room *= 2


def _mount(data: bytes, at: int) -> Mount:
    device, *names = unpack_from(_STATFS, data, at)
    kind, place, source = (os.fsdecode(name.partition(b"\0")[0]) for name in names)
    return device, place, kind, source


def open_mount_events() -> int:
    """Return none: no documented interface tells of mounts."""
    return -1


class DirectoryEvents:
    """None: FSEvents are for whoever has a run loop, and watchfiles has one."""

    def __init__(self) -> None:
        raise OSError("this system tells of directories in another way")

    def add(self, directory: str, *, contents: bool = False) -> int:
        """Do not: there is none."""
        raise NotImplementedError

    def fileno(self) -> int:
        """Do not: there is none."""
        raise NotImplementedError

    def events(self) -> Iterator[tuple[int, str, bool]]:
        """Do not: there is none."""
        raise NotImplementedError

    def close(self) -> None:
        """Do not: there is none."""


def user_config_directory(environ: Mapping[str, str]) -> str:
    """Return what go's os.UserConfigDir returns, "" where that is an error."""
    home = environ.get("HOME", "")
    return f"{home}/Library/Application Support" if home else ""


def widen_pipe(_pipe: int, _size: int) -> None:
    """Do nothing: a pipe grows by itself, and nobody else can have it grow."""


def acknowledge_at_once(_connection: socket) -> None:
    """Do nothing: nobody can have it so."""


# Processes.


def children_of(pid: int, *, stopped: bool = False) -> list[int]:
    """Return the processes that a process started, as far as they are there."""
    if stopped:
        _await_stop(pid)
    return _processes(lambda buffer, size: _library.proc_listchildpids(pid, buffer, size))


def _processes(listed: Callable[[Any, int], int]) -> list[int]:
    """Return what a function of libproc lists: it fills a buffer, and returns how many they are."""
    room = 64
    while True:
        buffer = (ctypes.c_int * room)()
        count = listed(buffer, ctypes.sizeof(buffer))
        if count < room:
            return buffer[: max(count, 0)]
        room *= 2


def _await_stop(pid: int) -> None:
    for _ in range(_STOP_PATIENCE):
        info = ctypes.create_string_buffer(_BSD_INFO_SIZE)
        if _library.proc_pidinfo(pid, _BSD_INFO, ctypes.c_uint64(0), info, len(info)) < len(info):
            return  # it has ended
        if unpack_from("=4xI", info)[0] in (_STOPPED, _ZOMBIE):
            return
        os.sched_yield()


def has_written(pid: int) -> bool:  # noqa: ARG001 - as above
    """Do not say so: no type of file system is among those of which this tells."""
    return False


def executable_of(pid: int) -> str:
    """Return which file a process executes, "" where that cannot be seen."""
    buffer = ctypes.create_string_buffer(_PATH_SIZE)
    length = _library.proc_pidpath(pid, buffer, len(buffer))
    return os.fsdecode(buffer.raw[: max(length, 0)])


def running_executables() -> set[tuple[int, int]] | None:
    """Return device and inode of what this user's processes execute, None where nothing tells."""
    running = set()
    for pid in _processes(_library.proc_listallpids):
        try:
            status = os.stat(executable_of(pid))
        except OSError:
            continue
        running.add((status.st_dev, status.st_ino))
    return running or None  # we ourselves are one


def calls_after_fork() -> Calls | None:
    """Return none: no signal comes with a parent's death."""
    return None


class LifeLine:
    """Sees to it that programs do not outlive their supervisor.

    Orphans are launchd's, which buries them. No signal comes with a parent's death, so a process
    of ours waits for the end of a pipe that the supervisor alone holds.
    """

    def __init__(self) -> None:
        reads, self._pipe = os.pipe()
        if not os.fork():
            os.setsid()  # who signals the watcher's group, or its terminal's, does not mean us
            os.close(self._pipe)
            _kill_at_the_end(reads)
        os.close(reads)

    def hold(self, group: int) -> None:
        """Take the process group of a program, 0 when it is gone."""
        try:
            os.write(self._pipe, group.to_bytes(4, "little"))
        except OSError:
            pass  # somebody has killed the one who waits

    def grasp(self) -> None:
        """Do nothing: the group is held."""


def _kill_at_the_end(pipe: int) -> None:
    """Wait for the end of a pipe, then kill the process group that it told last."""
    group = 0
    try:
        while word := os.read(pipe, 4):
            group = int.from_bytes(word, "little")
        if group:
            os.killpg(group, signal.SIGKILL)
    finally:
        os._exit(0)


# Executables.

_MACH_O = b"\xcf\xfa\xed\xfe"  # of 64 bits, little-endian
_HEADER_SIZE, _SMALLEST_COMMAND = 32, 8
_UUID = 0x1B  # LC_UUID, which go's linker derives from the build ID
_SIGNATURE = 0x1D  # LC_CODE_SIGNATURE, with a hash of each page
_SIGNATURE_MAGIC, _CODE_DIRECTORY = 0xFADE0CC0, 0xFADE0C02
_WHERE_GO_LOOKS = 1 << 15  # cmd/internal/buildid finds it so near to the beginning
_BEFORE, _AFTER = b'\xff Go build ID: "', b'"\n \xff'


def build_ids(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield from where to where an executable differs when its build ID alone does.

    In a Mach-O file these are go's own before its code, the UUID, and the hashes of the pages that
    have these; nothing in a file of another kind. Raises struct.error or ValueError where it is
    damaged.
    """
    if data[: len(_MACH_O)] != _MACH_O:
        return
    start = data.find(_BEFORE, 0, _WHERE_GO_LOOKS)
    end = data.find(_AFTER, start, _WHERE_GO_LOOKS)
    if start >= 0 and end >= 0:
        yield start + len(_BEFORE), end
    (commands,) = unpack_from("<I", data, 20)
    at = _HEADER_SIZE
    while at < _HEADER_SIZE + commands:
        kind, size, first = unpack_from("<III", data, at)
        if size < _SMALLEST_COMMAND:
            raise ValueError("a load command without a size")
        if kind == _UUID:
            yield at + 8, at + 24
        elif kind == _SIGNATURE:
            yield from _page_hashes(data, first)
        at += size


def why_not_loaded(path: str, environ: Mapping[str, str]) -> str:  # noqa: ARG001 - as elsewhere
    """Return what an executable lacks of its libraries: that is not to be found out here."""
    return "nothing tells whether its libraries are here"


def _page_hashes(data: mmap.mmap, signature: int) -> Iterator[tuple[int, int]]:
    """Yield where the hashes of pages are in a signature, which is big-endian."""
    magic, _, count = unpack_from(">III", data, signature)
    if magic != _SIGNATURE_MAGIC:
        return
    for index in range(count):
        _, offset = unpack_from(">II", data, signature + 12 + 8 * index)
        directory = signature + offset
        magic, _, _, _, hashes, _, _, pages, _, size = unpack_from(">9IB", data, directory)
        if magic == _CODE_DIRECTORY:
            yield directory + hashes, directory + hashes + pages * size
