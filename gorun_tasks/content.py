"""Content: the truth behind a stat that differs, and the words for what changed.

Decides whether an input really changed, by reading it. It must never trust a time stamp, and
never say "changed" without naming the input and the change (law 10).
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys

from gorun_tasks.errors import ToolchainError
from gorun_tasks.fingerprint import file_clock, key_at, key_of, place, settled
from gorun_tasks.meaning import HEAD, SHA256_SIZE, kind_of, may_be_absent, meaning_of
from gorun_tasks.variables import PLACES_OF_THE_ENV_FILE, env_file, without_telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gorun_tasks.fingerprint import Key, Look, Record
    from gorun_tasks.program import Program
    from gorun_tasks.store import Manifest, Shelf

    Detail = tuple[str, tuple[str, ...], tuple[str, ...], tuple[bytes, ...]]
    """Of a record: how the directory was listed ("", "go" or "all"), the further names that the
    listing counts, the listing itself, and the content of each name."""

ABSENT = b"absent"
DIRECTORY = b"directory"
UNREADABLE = b"unreadable"

# The file names go looks at in a package directory: knownExtensions and goodOSArchFile's
# callers in go/build (build.go), `.syso` included.
GO_EXTENSIONS = frozenset(
    (
        *("go", "c", "cc", "cpp", "cxx", "m", "h", "hh", "hpp", "hxx", "f", "F", "for", "f90"),
        *("s", "S", "sx", "swig", "swigcxx", "syso"),
    )
)


class Reason:
    """Why something is stale: which input, and what became of it, in the words of who did it."""

    __slots__ = ("change", "input")

    def __init__(self, input: str, change: str) -> None:  # noqa: A002 - the word of the events
        self.input = input
        self.change = change

    def __str__(self) -> str:
        """Return the words a person reads: "main.go edited", "GOFLAGS: '' → '-tags=dev'"."""
        if self.change in ("new file", "new directory"):
            return f"{self.change} {self.input}"
        separator = ": " if " → " in self.change else " "
        return f"{self.input}{separator}{self.change}" if self.input else self.change

    def __repr__(self) -> str:
        return f"Reason({self.input!r}, {self.change!r})"

    def __eq__(self, other: object) -> bool:
        """Say whether both name the same input and change."""
        return isinstance(other, Reason) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def sha256_of(path: str) -> bytes:
    """Return the SHA-256 (32 bytes) of a file's content. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").digest()


def bytes_of(path: str) -> bytes:
    """Return what a file holds, b"" where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError):
        return b""


def content_of(path: str, kind: bytes = b"") -> tuple[bytes, Key | None]:
    """Return what `path` holds now and the stat key it had while it was read.

    The content is a SHA-256, with a `kind` (see `meaning`) of what go takes from the file, or
    ABSENT, DIRECTORY or UNREADABLE (also when it moved while it was being read).
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        # A link that leads nowhere is more than nothing: a file may come to be where it leads.
        nothing = may_be_absent(kind) and not os.path.lexists(path)
        return (meaning_of(kind, b"") if nothing else ABSENT), None
    key = key_of(status)
    if stat.S_ISDIR(status.st_mode):
        return DIRECTORY, key
    if not stat.S_ISREG(status.st_mode):
        return UNREADABLE, key
    try:
        if kind:
            with open(path, "rb") as file:
                digest = meaning_of(kind, file.read())
        else:
            digest = sha256_of(path)
        return (digest if key_of(os.stat(path)) == key else UNREADABLE), key
    except OSError:
        return UNREADABLE, key


class Known:
    """Contents that the store already knows, by path and stat key: not to be read again."""

    def __init__(self) -> None:
        self._contents: dict[tuple[str, Key], bytes] = {}

    def learn(self, directory: str, record: Record, contents: tuple[bytes, ...]) -> None:
        """Remember the contents of one record."""
        for name, key, content in zip(record[2], record[3], contents, strict=True):
            if key is not None:
                self._contents[f"{directory}/{name}", key] = content

    def content(self, path: str, key: Key) -> bytes | None:
        """Return the content that `path` had with this key, if it is known."""
        return self._contents.get((path, key))


def list_directory(base: str, mode: str, further: Iterable[str]) -> tuple[str, ...] | None:
    """Return the names in a directory that could matter to go, sorted; None if it is unreadable.

    Mode "go" takes the names go looks at in a package, "go|REGEX" those that match besides (embed
    patterns), "all" every name (embedded trees); `further` are names go asked for besides (go.mod,
    vendor). A directory's name ends in "/", a symbolic link's in "@": go treats them unlike files.
    """
    counts = names_that_count(mode, further)
    try:
        with os.scandir(base) as entries:
            names = [entry.name + _mark(entry) for entry in entries if counts(entry.name)]
    except OSError:
        return None
    return tuple(sorted(names))


def names_that_count(mode: str, further: Iterable[str]) -> Callable[[str], bool]:
    """Return what says whether a name is in a listing (see `list_directory`); "" lists nothing."""
    wanted = frozenset(further)
    matching = None
    if mode.startswith("go|"):
        import re  # noqa: PLC0415 - embed patterns are rare, and a suspicion is in a hurry

        matching = re.compile(mode[3:]).fullmatch

    def counts(name: str) -> bool:
        return bool(mode) and (
            mode == "all"
            or name in wanted
            or _go_looks_at(name)
            or (matching is not None and matching(name) is not None)
        )

    return counts


def _go_looks_at(name: str) -> bool:
    _, dot, extension = name.rpartition(".")
    return bool(dot) and name[0] not in "_." and extension in GO_EXTENSIONS


def _mark(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "@"
    return "/" if entry.is_dir() else ""


class Examination:
    """Reads what stat made suspicious, each file once, and remembers what it found."""

    def __init__(self, look: Look, program: Program) -> None:
        self._look = look
        self._program = program
        self._root = program.root.rstrip("/") + "/"
        self._began = file_clock()
        self._contents: dict[tuple[str, bytes], tuple[bytes, Key | None]] = {}
        self._listings: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...] | None] = {}
        self._refreshed: dict[tuple[str, bytes], tuple[Shelf, Record]] = {}

    @property
    def refreshed(self) -> list[tuple[Shelf, bytes, Record]]:
        """The records whose content was as recorded, with the stats they have now."""
        return [(shelf, identity, r) for (_, identity), (shelf, r) in self._refreshed.items()]

    def reasons(self, manifest: Manifest) -> Iterator[Reason]:
        """Yield why this manifest does not describe the machine as it is; nothing if it does.

        The reasons are complete for the program's own files: where one of them changed, go has to
        be asked, and nobody need look at all that it fetched and brought along.
        """
        yield from self._surroundings(manifest)
        examined: set[tuple[str, bytes]] = set()
        changed = False
        for everywhere in (False, True):
            suspects = [] if changed else self._look.suspects(manifest, everywhere=everywhere)
            if suspects is None:
                yield Reason("the store", "no longer knows what this build read")
                return
            for shelf, identity in suspects:
                if (shelf.name, identity) not in examined:
                    examined.add((shelf.name, identity))
                    for reason in self._record(shelf, identity):
                        changed = True
                        yield reason

    def _surroundings(self, manifest: Manifest) -> Iterator[Reason]:
        same_go = self._way_to_go(manifest) is not None
        for name, value, now in self._changed_variables(manifest):
            means_the_same = (
                same_go if name == "GORUN_GO" else self._same(manifest, name, value, now)
            )
            if not means_the_same:
                # What is stamped stands among the variables, with a mark that none of them has.
                yield Reason(name.removeprefix("="), f"{value!r} → {now!r}")
        for name, path in manifest.lookups[same_go:]:
            now = self._look.where(name)
            if now != path:
                yield Reason(f"{name} in PATH", f"{path or 'none'} → {now or 'none'}")
        for path, real in manifest.links[same_go:]:
            now = os.path.realpath(path)
            if now != real:
                yield Reason(path, f"{real} → {now}")

    def _way_to_go(self, manifest: Manifest) -> tuple[tuple[str, str], tuple[str, str]] | None:
        """Return how the go of a manifest is found now, None where another is.

        That is the name that is looked up and what is found for it, and the link that this is. On
        Linux go knows where it is by /proc/self/exe (os.Executable), whichever link led there, and
        so finds its GOROOT (cfg.findGOROOT) where no variable names one. A script between is no
        link.
        """
        (name, found), (command, real) = manifest.lookups[0], manifest.links[0]
        if (
            self._program.environ.get("GORUN_GO", "") == dict(manifest.environment).get("GORUN_GO")
            and self._look.where(name) == found
            and os.path.realpath(command) == real
        ):
            return (name, found), (command, real)  # the same way
        if sys.platform != "linux" or self._program.environ.get("GOROOT"):
            return None
        from gorun_tasks.toolchain import find_go  # noqa: PLC0415 - few looks come so far

        try:
            name, command = find_go(self._program.environ, self._look.where)
        except ToolchainError:
            return None
        found = self._look.where(name)
        if found != command or os.path.realpath(command) != real:
            return None
        return (name, found), (command, real)

    def adopt(self, manifest: Manifest) -> bool:
        """Take the values of variables, and the way to go, into a manifest that holds.

        The next look then needs no more than these. Returns whether any differed.
        """
        program = self._program
        now = tuple((name, program.variable(name)) for name, _ in manifest.environment)
        before = manifest.environment, manifest.lookups, manifest.links
        way = self._way_to_go(manifest)
        if way is not None:
            manifest.lookups = (way[0], *manifest.lookups[1:])
            manifest.links = (way[1], *manifest.links[1:])
        manifest.environment = now
        return before != (manifest.environment, manifest.lookups, manifest.links)

    def _changed_variables(self, manifest: Manifest) -> Iterator[tuple[str, str, str]]:
        for name, value in manifest.environment:
            now = self._program.variable(name)
            if now != value:
                yield name, value, now

    def _same(self, manifest: Manifest, name: str, before: str, now: str) -> bool:
        """Say whether go makes the same of two values of a variable."""
        default = manifest.defaults.get(name)
        if default is not None:
            return {before, now} == {"", default}
        if name == "GODEBUG":
            return without_telling(before) == without_telling(now)
        if name in PLACES_OF_THE_ENV_FILE:
            recorded = dict(manifest.environment)
            place_now = env_file(self._program.environ)
            # HOME is the default of GOPATH too, and C compilers may have settings in these places.
            other_uses = (name == "HOME" and not recorded.get("GOPATH")) or (
                name != "GOENV" and manifest.cgo
            )
            return not other_uses and place_now != "" and place_now == env_file(recorded)
        return False

    def _record(self, shelf: Shelf, identity: bytes) -> Iterator[Reason]:
        found = shelf.recorded(identity)
        if found is None:
            yield Reason("the store", "no longer knows what this build read")
            return
        record, detail = found
        base, directory, names, keys = record
        where = place(shelf.root, base)
        gone: set[str] = set()
        changed = False
        if directory is not None:
            try:
                directory = key_of(os.stat(where))
            except OSError:
                yield Reason(self._show(where), "removed")
                return
            gone = _gone_for_nothing(where, names, detail)
            for reason in self._listing_changes(where, detail, gone):
                changed = True
                yield reason
        fresh: list[Key | None] = []
        for name, key, content in zip(names, keys, detail[3], strict=True):
            path = f"{where}/{name}"
            now, fresh_key = (content, None) if name in gone else self._content(path, key, content)
            fresh.append(fresh_key)
            came_or_went = (key is None) != (fresh_key is None)
            if now != content and not (changed and came_or_went):
                changed = True
                words = _change(content, now)
                if came_or_went:
                    words = "appeared" if key is None else "removed"
                yield Reason(self._show(path), words)
        if changed:
            return
        renewed: Record = (base, directory, names, tuple(fresh))
        # What could still change within the clock's tick after it was read, be it for an earlier
        # manifest, is looked at again the next time.
        unsettled = any(k is not None and not settled(k, self._began) for k in (directory, *fresh))
        if not unsettled:
            self._refreshed[shelf.name, identity] = (shelf, renewed)

    def _content(self, path: str, key: Key | None, content: bytes) -> tuple[bytes, Key | None]:
        kind = kind_of(content)
        known = self._contents.get((path, kind))
        if known is None:
            if key is not None and key_at(path) == key:
                return content, key
            known = self._contents[path, kind] = content_of(path, kind)
        return known

    def _listing_changes(self, base: str, detail: Detail, gone: set[str]) -> Iterator[Reason]:
        mode, further, listed, _ = detail
        before = [entry for entry in listed if entry not in gone]
        asked = base, mode, further
        if asked not in self._listings:
            self._listings[asked] = list_directory(*asked)
        now = self._listings[asked]
        if now is None:
            yield Reason(self._show(base), "cannot be read")
            return
        for name in sorted(set(now) - set(before)):
            kind = "new directory" if name.endswith("/") else "new file"
            yield Reason(self._show(f"{base}/{name.rstrip('/@')}"), kind)
        for name in sorted(set(before) - set(now)):
            if name.rstrip("/@") not in {other.rstrip("/@") for other in now}:
                yield Reason(self._show(f"{base}/{name.rstrip('/@')}"), "removed")

    def _show(self, path: str) -> str:
        return path.removeprefix(self._root)


def _gone_for_nothing(where: str, names: tuple[str, ...], detail: Detail) -> set[str]:
    """Return the Go files of a package that are gone, and were not compiled.

    go weighs each file by itself (go/build.matchFile), and such a file was found to be no trouble.
    What remains must still be a directory with Go files (fsys.IsGoDir), and nothing be embedded.
    """
    mode, _, _, contents = detail
    found = {
        name
        for name, content in zip(names, contents, strict=True)
        if kind_of(content) == HEAD and not os.path.lexists(f"{where}/{name}")
    }
    remains = found and any(
        name.endswith(".go") and len(content) == SHA256_SIZE and os.path.isfile(f"{where}/{name}")
        for name, content in zip(names, contents, strict=True)
    )
    return found if remains and mode == "go" else set()


def _change(before: bytes, now: bytes) -> str:
    if before == ABSENT:
        return "appeared"
    if now == ABSENT:
        return "removed"
    if now == UNREADABLE:
        return "cannot be read"
    if DIRECTORY in (before, now):
        return "is a directory now" if now == DIRECTORY else "is no longer a directory"
    return "edited"
