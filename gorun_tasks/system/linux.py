"""Linux: what only this operating system offers, and what holds on it alone.

Decides nothing: each name here is one of `darwin` as well, and `gorun_tasks.system.host` is the one
of the two that runs. It must never import more than os and time before it is asked: a touched file
leads here, and its program waits.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterator, Mapping
    from socket import socket
    from typing import Any

    Mount = tuple[int | None, str, str, str]
    """What is mounted: device (None where it is not told), place, type, and all that is told."""

    Calls = tuple[Callable[[], int], Callable[[int], object], Callable[[], None]]
    """What a child calls that is no program yet: see `calls_after_fork`."""

GO_FINDS_ITSELF_BEHIND_LINKS = True
"""Whether go knows its real path (os.Executable reads /proc/self/exe), whichever link led there,
and so finds its GOROOT (cfg.findGOROOT) where no variable names one. A script between is no link.
"""

BELIEVED = frozenset(
    (
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs"),
        # Its lower layers are believed to be as good as the upper one.
        "overlay",
        # A kernel's own, in memory: the root of a machine without a disk.
        *("rootfs", "ramfs"),
    )
)
"""Types of file systems whose stat tells of each change."""

COUNTS_WRITES = BELIEVED - {"tmpfs", "rootfs", "ramfs"}
"""Types of file systems of which `has_written` tells."""

WITHOUT_CTIME = frozenset(("vfat", "msdos", "exfat"))
"""Types of file systems whose stat tells of each change but by ctime."""

WITHOUT_EVENTS = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "virtiofs", "vboxsf"),
        *("prl_fs", "vmhgfs", "drvfs", "ceph", "lustre", "beegfs", "gfs2", "ocfs2", "fakeowner"),
        *("grpcfuse", "osxfs", "fuse"),
    )
)
"""Types of file systems that are written to from elsewhere, so that no events tell of it."""

TELLS_OF_DIRECTORIES = True
"""Whether DirectoryEvents are to be had, which cost nothing while nothing happens."""

NO_MORE_EVENTS = "the system has no more inotify watches (fs.inotify.max_user_watches, _instances)"

_COARSE_CLOCK = 5  # CLOCK_REALTIME_COARSE: the very clock that stamps files
_MOUNT_TABLE = "/proc/self/mountinfo"
_ESCAPED = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}
# How often a thread that was told to stop is looked at. One that waits for the disk may take long.
_STOP_PATIENCE = 2000
_SET_PIPE_SIZE = 1031  # fcntl: F_SETPIPE_SZ
_TCP = 6  # setsockopt: IPPROTO_TCP
_QUICK_ACKNOWLEDGEMENT = 12  # TCP_QUICKACK
_EVENT = "iIII"  # struct inotify_event: watch, mask, cookie, length of the name
_EVENT_SIZE = 16
_EVENTS_SIZE = 1 << 16  # bytes that are read at once
_MODIFIED, _ATTRIBUTES, _OVERFLOW = 0x2, 0x4, 0x4000
_NAMES = 0x40 | 0x80 | 0x100 | 0x200  # moved from, moved to, created, deleted
_ITSELF = 0x400 | 0x800 | 0x01000000 | 0x02000000  # deleted, moved; a directory, and no link to one
_SET_CHILD_SUBREAPER = 36  # prctl
_SET_PDEATHSIG = 1
_KILL = 9


# Files.


def file_clock() -> int:
    """Return what a file changed now would be stamped with (nanoseconds since the epoch)."""
    return time.clock_gettime_ns(_COARSE_CLOCK)


def mounts() -> list[Mount]:
    """Return what is mounted where this process looks, in its order, [] where nothing tells."""
    try:
        with open(_MOUNT_TABLE, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            return [_parsed(line) for line in file.read().split("\n")[:-1]]
    except OSError:
        return []


def _parsed(line: str) -> Mount:
    """Return what a line of the mount table tells (proc_pid_mountinfo(5))."""
    # Before the type stand optional fields, and " - " after them.
    before, _, after = line.partition(" - ")
    words = before.split(" ")
    major, _, minor = words[2].partition(":")
    place = words[4]
    for escape, character in _ESCAPED.items():  # the backslash is the last
        place = place.replace(escape, character)
    return os.makedev(int(major), int(minor)), place, after.partition(" ")[0], line


def open_mount_events() -> int:
    """Return a descriptor that is exceptional (POLLPRI) once mounts changed, -1 for none."""
    try:
        return os.open(_MOUNT_TABLE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


class DirectoryEvents:
    """What the kernel tells of directories (inotify), to be polled for reading as a file.

    Raises OSError for none.
    """

    def __init__(self) -> None:
        try:
            import ctypes
        except ImportError as error:
            raise OSError(str(error)) from error
        self._ctypes: Any = ctypes
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def add(self, directory: str, *, contents: bool = False) -> int:
        """Return the number under which events come: of names, with `contents` of files' as well.

        Raises OSError.
        """
        mask = _NAMES | _ITSELF | _ATTRIBUTES | (_MODIFIED if contents else 0)
        return self._checked(
            self._libc.inotify_add_watch(self._queue, os.fsencode(directory), mask)
        )

    def fileno(self) -> int:
        """Return what is readable when there are events."""
        return self._queue

    def events(self) -> Iterator[tuple[int, str, bool]]:
        """Yield the events that are there: number, name, and whether the name came or went.

        The number is -1 where some are missing, the name "" for the directory itself.
        """
        from struct import unpack_from

        while True:
            try:
                data = os.read(self._queue, _EVENTS_SIZE)
            except BlockingIOError:
                return
            at = 0
            while at < len(data):
                number, mask, _, length = unpack_from(_EVENT, data, at)
                at += _EVENT_SIZE + length
                name = os.fsdecode(data[at - length : at].rstrip(b"\0"))
                yield -1 if mask & _OVERFLOW else number, name, bool(mask & _NAMES)

    def close(self) -> None:
        """Let the kernel forget all of it."""
        os.close(self._queue)

    def _checked(self, result: int) -> int:
        if result < 0:
            number = self._ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


def user_config_directory(environ: Mapping[str, str]) -> str:
    """Return what go's os.UserConfigDir returns, "" where that is an error."""
    home = environ.get("HOME", "")
    return environ.get("XDG_CONFIG_HOME", "") or (f"{home}/.config" if home else "")


def widen_pipe(pipe: int, size: int) -> None:
    """Let a pipe hold as many bytes, as far as this user may have them."""
    import fcntl

    try:
        fcntl.fcntl(pipe, _SET_PIPE_SIZE, size)
    except OSError:
        pass


def acknowledge_at_once(connection: socket) -> None:
    """Acknowledge what comes next on a TCP connection as soon as it is there (tcp(7)).

    A server that sends an answer in two pieces, and the second one only when the first is
    acknowledged (Nagle's algorithm), otherwise waits 40 ms for that.
    """
    connection.setsockopt(_TCP, _QUICK_ACKNOWLEDGEMENT, 1)


# Processes.


def children_of(pid: int, *, stopped: bool = False) -> list[int]:
    """Return the processes that a process started, as far as they are there.

    With `stopped`, it was told to stop, and is waited for: until then it may start more.
    """
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    children: list[int] = []
    for thread in threads:
        if stopped:
            _await_stop(f"/proc/{pid}/task/{thread}/stat")
        try:
            # Bytes: a decoder may have to be imported, and this runs in a signal handler.
            with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as listing:
                children += map(int, listing.readall().split())
        except OSError:
            continue
    return children


def _await_stop(path: str) -> None:
    for _ in range(_STOP_PATIENCE):
        try:
            with open(path, "rb", buffering=0) as stat:
                state = stat.readall().rpartition(b") ")[2][:1]
        except OSError:
            return  # it has ended
        if state in b"TtZXx":
            return
        os.sched_yield()


def has_written(pid: int) -> bool:
    """Say whether a process, or one that it started and that is there, has written to files.

    Linux counts pages of a cache that have to be written to a disk (see COUNTS_WRITES).
    """
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as counts:
            written = dict(line.split(": ") for line in counts)["write_bytes"]
    except (OSError, KeyError):
        return False
    return int(written) > 0 or any(map(has_written, children_of(pid)))


def executable_of(pid: int) -> str:
    """Return which file a process executes, "" where that cannot be seen."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def running_executables() -> set[tuple[int, int]] | None:
    """Return device and inode of what this user's processes execute, None where nothing tells."""
    if not os.path.exists("/proc/self/exe"):
        return None
    running = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                # Root's right to look is needed for the processes of others.
                status = os.stat(f"/proc/{name}/exe")
            except OSError:
                continue
            running.add((status.st_dev, status.st_ino))
    return running


def calls_after_fork() -> Calls | None:
    """Return functions for a child that is not yet a program, None where the system has none.

    The first forks as os.fork does, but returns -1 where it cannot, and runs no code of Python's:
    the child must have one thread. The second has the caller get a signal when its parent ends,
    that is the thread that started it, by SIGKILL as well. The third closes all that is open.
    """
    libc = _libc()
    if libc is None or not os.path.exists("/proc/thread-self/children"):
        return None
    fork, prctl = libc.fork, libc.prctl
    return fork, lambda signum: prctl(_SET_PDEATHSIG, signum), _close_all


def _close_all() -> None:
    last = max(map(int, os.listdir("/proc/self/fd")))
    os.closerange(0, last + 1)  # many a Python closes them one by one: not up to the limit


def _libc() -> Any:
    """Return the C library, None where it cannot be called or has no prctl(2)."""
    try:
        from ctypes import PyDLL

        libc = PyDLL(None)
    except (ImportError, OSError):
        return None
    return libc if hasattr(libc, "prctl") else None


class LifeLine:
    """Sees to it that programs do not outlive their supervisor, and that it buries their orphans.

    The supervisor makes it before it starts any.
    """

    def __init__(self) -> None:
        libc = _libc()
        self._prctl = libc.prctl if libc is not None else (lambda _option, _value: 0)
        self._prctl(_SET_CHILD_SUBREAPER, 1)

    def hold(self, group: int) -> None:
        """Take the process group of a program, 0 when it is gone: the kernel needs no telling."""

    def grasp(self) -> None:
        """Tie this process, which is about to become a program, to the supervisor."""
        self._prctl(_SET_PDEATHSIG, _KILL)


# Executables.

_ELF = b"\x7fELF\x02\x01"  # of 64 bits, little-endian
_SECTIONS_AT = 0x28  # in the header: where the table of sections is
_SHAPE_AT = 0x3A  # and the size of an entry and their number
_NOTE = 7  # SHT_NOTE
_SEGMENTS_AT = 0x20  # where the table of segments is
_SEGMENTS_SHAPE_AT = 0x36
_INTERPRETER = 3  # PT_INTERP
_BUILD_IDS = ((b"Go\0\0", 4), (b"GNU\0", 3))


def build_ids(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield from where to where an executable differs when its build ID alone does.

    In an ELF file these are the notes with build IDs, go's own and the one that the linker derives
    from it; nothing in a file of another kind. Raises struct.error where it is damaged.
    """
    from struct import unpack_from

    if data[: len(_ELF)] != _ELF:
        return
    (table,) = unpack_from("<Q", data, _SECTIONS_AT)
    entry, count = unpack_from("<HH", data, _SHAPE_AT)
    for header in range(table, table + entry * count, entry):
        kind, _, _, at, size = unpack_from("<IQQQQ", data, header + 4)
        end = at + size
        while kind == _NOTE and at < end:
            name_size, content_size, note = unpack_from("<III", data, at)
            content = at + 12 + -(-name_size // 4) * 4
            if (data[at + 12 : at + 12 + name_size], note) in _BUILD_IDS:
                yield content, content + content_size
            at = content + -(-content_size // 4) * 4


_LONGEST_LOAD = 10.0  # seconds for a loader to find libraries


def why_not_loaded(path: str, environ: Mapping[str, str]) -> str:
    """Return what an executable lacks of the libraries that it is linked with, "" for nothing.

    The loader that it names tells, and does not start it. One that names none needs none.
    """
    import subprocess
    from struct import error

    try:
        loader = _loader_of(path)
        if not loader:
            return ""
        done = subprocess.run(
            (loader, "--list", path),
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST_LOAD,
            check=False,
        )
    except (OSError, ValueError, error, subprocess.SubprocessError) as trouble:
        return f"it cannot be loaded: {trouble}"
    # Of a version that is missing glibc's loader only warns.
    lines = os.fsdecode(done.stderr or done.stdout).splitlines()
    missing = [line.strip() for line in lines if "not found" in line or done.stderr]
    return missing[0] if missing else "its loader refuses it" if done.returncode else ""


def _loader_of(path: str) -> bytes:
    """Return the loader that an ELF file names, b"" for none. Raises ValueError, struct.error."""
    from struct import unpack_from

    with open(path, "rb") as file:
        data = file.read(1 << 16)
    if data[: len(_ELF)] != _ELF:
        raise ValueError("no executable of this system")
    (table,) = unpack_from("<Q", data, _SEGMENTS_AT)
    entry, count = unpack_from("<HH", data, _SEGMENTS_SHAPE_AT)
    for header in range(table, table + entry * count, entry):
        kind, _, at, _, _, size = unpack_from("<IIQQQQ", data, header)
        if kind == _INTERPRETER:
            return data[at : at + size].rstrip(b"\0")
    return b""
