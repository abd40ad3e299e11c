"""Recorder: the inputs of a link, from what go reported while it made the executable.

Decides which inputs are recorded, and whether they may be: only what go saw, and only when none
of it can have changed since before go started (law 3). It must never work out by itself what go
would read: `toolchain.report` says what go told, `implicit_inputs` adds where go tells nothing.
"""

from __future__ import annotations

import os
import stat
from hashlib import blake2b

from gorun_tasks.closure.accesses import AccessIndex
from gorun_tasks.closure.recordable import refuse_unrecordable
from gorun_tasks.core.fingerprint import UNBELIEVED, is_settled, key_of
from gorun_tasks.core.store import pack
from gorun_tasks.inputs.digest import ABSENT, DIRECTORY, UNREADABLE, bytes_of, content_of
from gorun_tasks.inputs.directory_listing import list_directory, names_that_count
from gorun_tasks.inputs.path_resolution import PathResolution
from gorun_tasks.inputs.semantic_digest import (
    ENV_FILE,
    HEAD,
    MOD_FILE,
    SUMS,
    kind_of,
    may_be_absent,
    meaning_of,
)
from gorun_tasks.system.mount_table import ALL, NO_CTIME, NOTHING, MountTable
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gorun_tasks.closure.before_build import BeforeBuild
    from gorun_tasks.closure.implicit_inputs import ImplicitInputs
    from gorun_tasks.core.fingerprint import Detail, Key, Record
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.inputs.digest import ContentCache
    from gorun_tasks.toolchain.report import Report

_COARSE = 2_000_000_000  # nanoseconds: FAT stamps files so finely


class Moved(NotRecorded):
    """Inputs changed while go was building.

    `only_directories` says that these are directories of the module: perhaps others are at work in
    them, and what go looks at stayed as it was.
    """

    def __init__(self, paths: list[str], *, only_directories: bool = False) -> None:
        self.paths = paths
        self.only_directories = only_directories
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        super().__init__(f"{paths[0]}{more} changed while go was building")


class Section:
    """The records of one table: what lies under one root."""

    def __init__(self, name: str, root_name: str, root: str) -> None:
        self.name = name
        self.root_name = root_name
        self.root = root
        self.records: dict[bytes, tuple[Record, Detail]] = {}
        self.kept: Key | None = None  # of the stored table in which all of them are

    def holds(self, directory: str) -> bool:
        return (directory + "/").startswith(self.root + "/")

    def add(self, record: Record, detail: Detail) -> None:
        """Take a record in; its identity is its portable part, so equal content is one record."""
        base, _, names, _ = record
        portable = (self.root_name, base, names, *detail)
        self.records[blake2b(pack(portable), digest_size=8).digest()] = (record, detail)


class Closure:
    """Everything that one executable depends on."""

    def __init__(
        self,
        environment: tuple[tuple[str, str], ...],
        defaults: dict[str, str],
        lookups: tuple[tuple[str, str], ...],
        links: tuple[tuple[str, str], ...],
        sections: list[Section],
        *,
        leading: Iterable[str] = (),
        unconfirmed: str = "",
    ) -> None:
        self.environment = environment
        self.defaults = defaults
        self.lookups = lookups
        self.links = links
        self.sections = sections
        self.leading = leading  # what may be a link or a directory on the way to an input
        self.unconfirmed = unconfirmed  # an input that the next build has to vouch for, or ""


class _Kinds:
    """Of which inputs go takes less than every byte: nothing that it hashed."""

    def __init__(
        self,
        report: Report,
        implicit: ImplicitInputs,
        operations: dict[str, set[str]],
        hashes: dict[str, bytes],
    ) -> None:
        settings = report.settings
        self.fetched = tuple(f"{settings[name]}/" for name in ("GOROOT", "GOMODCACHE"))
        self._operations = operations
        self.hashes = hashes
        self._compiled: dict[str, list[str]] = {}  # Go files by directory
        for path in hashes:
            if path.endswith(".go"):
                self._compiled.setdefault(os.path.dirname(path), []).append(path)
        self._whole = implicit.whole()
        self._env_file = implicit.env_file()

    def of(self, path: str) -> bytes:
        """Return the kind (`inputs.semantic_digest`) of `path`, b"" where every byte counts."""
        if path in self.hashes or path in self._whole or path.startswith(self.fetched):
            return b""
        if path == self._env_file:
            return ENV_FILE
        name = path[path.rindex("/") + 1 :]
        if name in ("go.mod", "go.work"):
            return MOD_FILE
        if name in ("go.sum", "go.work.sum"):
            return SUMS
        # What is not hashed is not compiled.
        is_opened = name.endswith(".go") and "Open" in self._operations.get(path, ())
        return HEAD if is_opened else b""

    def possible_mains(self) -> Iterator[str]:
        """Yield the directories that may be a main package: there go looks for a default.pgo.

        load.setPGOProfilePath, which go does not report. In the standard library and in fetched
        modules nobody looks closer.
        """
        for directory, paths in self._compiled.items():
            # The files of a package all begin with its name, or go would not have compiled them.
            if (directory + "/").startswith(self.fetched) or b"main" in next(
                filter(None, map(bytes_of, paths)), b"main"
            ):
                yield directory


def read(
    report: Report, implicit: ImplicitInputs, known: ContentCache, before: BeforeBuild
) -> Closure:
    """Return the closure of a build.

    Raises NotRecorded where go's report is not known to be complete, and Moved where an input
    may have changed after go started.
    """
    program = implicit.program
    refuse_unrecordable(report, program)
    operations = report.operations(program.directory)
    hashes = report.hashes()
    lookups = implicit.lookups()
    implicit.refuse_launchers(lookups, known)
    used = implicit.compilers_used(hashes)
    said = implicit.said_by_launchers(used)
    asked = AccessIndex(operations, hashes)
    for path in implicit.files(lookups, operations, used=used):
        asked.note(path)
    kinds = _Kinds(report, implicit, operations, hashes)
    for directory in kinds.possible_mains():
        asked.note(f"{directory}/default.pgo")
    recording = _Recorder(report, program, asked, kinds, known=known, before=before)
    sections = recording.sections()
    environment = (*implicit.environment(), *said)
    return Closure(
        environment,
        implicit.defaults(),
        lookups,
        implicit.links(),
        sections,
        leading=recording.leading,
        unconfirmed=min(recording.unconfirmed, default=""),
    )


class _Recorder:
    """Takes down what is on the disk for everything go asked, and whether it can have moved."""

    def __init__(
        self,
        report: Report,
        program: ProgramSpec,
        asked: AccessIndex,
        kinds: _Kinds,
        *,
        known: ContentCache,
        before: BeforeBuild,
    ) -> None:
        self._kinds = kinds
        self._before = before
        self._mounts = MountTable()
        self._report = report
        self._started = report.started
        self._settings = report.settings
        self._program = program
        self._asked = asked
        self._hashes = kinds.hashes
        self._known = known
        self._moved: set[str] = set()
        self.unconfirmed: set[str] = set()  # inputs of which nobody knows whether they moved
        self.leading: set[str] = set()  # what may be a link or a directory on the way to an input
        self._leaves: set[str] = set()  # what is absent, or not a directory
        self._counted: dict[str, tuple[str, set[str]]] = {}  # which names in a directory count

    def sections(self) -> list[Section]:
        """Return the records by table. Raises Moved and NotRecorded."""
        module = self._report.module()
        own = os.path.dirname(module) if module else self._program.directory
        words = () if module else self._program.target.words
        goroot, modules = self._settings["GOROOT"], self._settings["GOMODCACHE"]
        names = table_names(goroot, modules, own, words)
        places = zip(("GOROOT", "GOMODCACHE", "module"), (goroot, modules, own), strict=True)
        sections = [Section(name, *place) for name, place in zip(names, places, strict=True)]
        self._note_missing_directories()
        for directory in sorted({*self._asked.names, *self._asked.listed}):
            section = next((s for s in sections[:2] if s.holds(directory)), sections[2])
            self._add(section, directory)
        self._check_ways(own)
        if self._moved:
            own_directories = {d for d in self._counted if sections[2].holds(d)}
            raise Moved(sorted(self._moved), only_directories=self._moved <= own_directories)
        return [section for section in sections if section.records]

    def _add(self, section: Section, directory: str) -> None:
        asked = self._asked
        names = self._names(section, directory)
        if self._is_implied(directory, names):
            return
        self.leading.add(directory)
        mode, key = asked.listed.get(directory, ""), None
        further: tuple[str, ...] = ()
        listing: tuple[str, ...] = ()
        leading: Iterable[str] = names
        at = directory or "/"
        status = _status(at)
        if status is None or not stat.S_ISDIR(status.st_mode):
            mode = ""
        else:
            belief = self._mounts.belief(at, status.st_dev)
            if belief != ALL:
                mode = mode or "named"
            if mode:
                # An empty go.sum may come and go.
                counted = (
                    n
                    for n in names
                    if belief != ALL or not may_be_absent(self._kinds.of(f"{directory}/{n}"))
                )
                further = tuple(sorted({*counted, *asked.kinds.get(directory, ())}))
                entries = list_directory(at, mode, further)
                if entries is not None:
                    # A listing tells files from links and directories.
                    linked = {entry[:-1] for entry in entries if entry[-1] in "@/"}
                    listing, leading = entries, linked | set(names) - set(further)
                key = self._key(at, status, belief)
                if self._before.noisy.watches(at) and belief == ALL:
                    key = (0, 0, 0, *key[3:])  # no directory's: the next look lists it
                # Where go only looked for names, other people's may come and go.
                seen = listing, None if mode == "named" else key_of(status)
                if belief == NOTHING and not self._before.listed((directory, mode, further), seen):
                    self.unconfirmed.add(at)
        if not (names or mode):
            return
        self._counted[at] = mode or "named", {*names, *further}
        self.leading.update(f"{directory}/{name}" for name in leading if name in names)
        found = [self._content(f"{directory}/{name}") for name in names]
        self._leaves.update(
            f"{directory}/{name}"
            for name, (_, content) in zip(names, found, strict=True)
            if content != DIRECTORY
        )
        base = directory or "/"
        if section.holds(directory):
            base = directory[len(section.root) + 1 :]
        section.add(
            (base, key, names, tuple(key for key, _ in found)),
            (mode, further, listing, tuple(content for _, content in found)),
        )

    def _names(self, section: Section, directory: str) -> tuple[str, ...]:
        """Return the names in a directory that count.

        Of a fetched module go keeps an index that it never renews (modindex.GetModule), so what
        stands in its tests matters as little to go run; that they are there, a listing tells.
        """
        names: Iterable[str] = self._asked.names.get(directory, ())
        if section.root_name == "GOMODCACHE":
            names = (
                name
                for name in names
                if not name.endswith("_test.go") or f"{directory}/{name}" in self._hashes
            )
        return tuple(sorted(names))

    def _is_implied(self, directory: str, names: tuple[str, ...]) -> bool:
        """Say whether nothing can be in a directory while what is recorded above it holds.

        Its parents came before it. What go did read there is another matter: it is gone.
        """
        above = directory
        while above and above not in self._leaves:
            above = above.rpartition("/")[0]
        return bool(above) and not any(f"{directory}/{name}" in self._hashes for name in names)

    def _content(self, path: str) -> tuple[Key | None, bytes]:
        status = _status(path)
        if status is None:
            if path in self._hashes:
                self._moved.add(path)
            if os.path.islink(path):
                # What it leads to may appear without a trace in the directory that lists it.
                raise NotRecorded(f"{path} is a link that leads nowhere")
            kind = self._kinds.of(path)
            return None, (meaning_of(kind, b"") if may_be_absent(kind) else ABSENT)
        return self._content_there(path, status)

    def _content_there(self, path: str, status: os.stat_result) -> tuple[Key, bytes]:
        belief = self._mounts.belief(path, status.st_dev)
        if stat.S_ISDIR(status.st_mode):
            return key_of(status) if belief == ALL else UNBELIEVED, DIRECTORY
        kind = self._kinds.of(path)
        key = self._key(path, status, belief)
        hashed = self._hashes.get(path)
        content: bytes | None = None
        if belief == ALL:
            content = self._known.content(path, key)
            if hashed and path.startswith(self._kinds.fetched):
                content = hashed
        if content is None or kind_of(content) != kind or hashed not in (None, content):
            content, now = content_of(path, kind)
            if now != key_of(status) or hashed not in (None, content):
                self._moved.add(path)
            if belief == NOTHING and not self._before.held(path, content, now):
                self.unconfirmed.add(path)
        if content == UNREADABLE:
            raise NotRecorded(f"{path} cannot be read as a file")
        return key, content

    def _key(self, path: str, status: os.stat_result, belief: int) -> Key:
        """Return the key that is recorded; law 3 has it older than go's start."""
        key, started = key_of(status), self._started
        if belief == NO_CTIME:
            started -= _COARSE
        if belief != NOTHING and not is_settled(key, started):
            self._moved.add(path)
        return key if belief == ALL else UNBELIEVED

    def _note_missing_directories(self) -> None:
        """Have the listing of a directory tell that one in it is missing, where a stat cannot."""
        directories = (*self._asked.names, *self._asked.listed)
        missing = [directory for directory in directories if not os.path.isdir(directory or "/")]
        while missing:
            path = missing.pop()
            parent = os.path.dirname(path)
            if not os.path.isdir(parent):
                missing.append(parent)
            elif not self._mounts.believes(parent, os.stat(parent).st_dev):
                self._asked.note(path)

    def _check_ways(self, own: str) -> None:
        ways = PathResolution(self._started, self._mounts)
        for path in self.leading:
            ways.may_have_changed(path)
        self._moved |= ways.moved
        for directory in filter(self._before.noisy.watches, tuple(self._moved)):
            # All that is in it was looked at by now.
            counts = names_that_count(*self._counted[directory])
            if self._before.noisy.undisturbed(directory, counts):
                self._moved.discard(directory)
        self._moved.update(self._before.led_elsewhere(self._paths(), own))

    def _paths(self) -> Iterator[str]:
        yield from filter(None, self.leading)
        for directory, names in self._asked.names.items():
            yield from (f"{directory}/{name}" for name in names)


def table_names(goroot: str, modules: str, own: str, words: Iterable[str]) -> tuple[str, str, str]:
    """Return the names of the tables for three roots; `words` are the target's without a module."""
    return (
        f"goroot-{_short(goroot)}",
        f"modules-{_short(modules, own, *words)}",
        f"module-{_short(own, *words)}",
    )


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _short(*words: str) -> str:
    return blake2b("\0".join(words).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
