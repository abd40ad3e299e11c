"""Watch set: where the inputs of a watched program are, and whether a changed path may be one.

Decides which directories have to be watched: of the recorded closure, of what go told of a build
that is not recorded or failed, and of neither the directory of the target. It must never decide
that a program is stale (`inputs.verdict` does): an event only means that it is worth a look. Where
nothing is recorded there is no verdict, so there it also says whether anything changed since go
looked.

All directories are physical: a link on the way is a name in the directory that holds it.
"""

from __future__ import annotations

import contextlib
import os

from gorun_tasks.closure.accesses import AccessIndex
from gorun_tasks.core.fingerprint import is_settled, key_at, record_directory
from gorun_tasks.inputs.digest import content_of
from gorun_tasks.inputs.directory_listing import list_directory, names_that_count
from gorun_tasks.toolchain.report import NotRecorded, traced_operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from gorun_tasks.core.fingerprint import Key
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.toolchain.report import Report

    Places = dict[str, tuple[int, int]]
    """Directories, each with its device and inode: another one may come to be in its place."""

_OF_MODULES = ("go.mod", "go.sum", "go.work", "go.work.sum")
_NAME_FILES = ("overlay", "modfile", "pgo")  # flags of go


class WatchSet:
    """Directories, and the names in them that may matter."""

    def __init__(self) -> None:
        self._counts: dict[str, list[Callable[[str], bool]]] = {}
        self._names: dict[str, set[str]] = {}
        self._physical: dict[str, str] = {}  # what the paths of directories lead to
        self._fetched: tuple[str, ...] = ()  # below these, directories move for nobody's reasons
        self._in_path: set[str] = set()  # where a command is, and nothing that go reads

    @classmethod
    def of(cls, program: ProgramSpec) -> Self:
        """Return the scope of a program, as its newest manifest and its last build tell it."""
        scope = cls()
        store = program.store.reopened()
        for manifest in store.manifests(program.key, program.identity)[:1]:
            for table, record, (mode, further, listing, _) in store.records(manifest.tables):
                if table.root_name != "module" and table.root not in scope._fetched:
                    scope._fetched += (table.root,)
                directory = record_directory(table.root, record[0])
                links = [entry[:-1] for entry in listing if entry.endswith("@")]
                scope._add(directory, record[2], links, mode, further)
            read = set(scope._counts)
            for _, path in manifest.lookups:
                scope.add_path(path)
            scope._in_path = scope._counts.keys() - read
        if program.stamp:
            scope._add_repository(program)
        if not scope._counts:
            asked = AccessIndex({}, {})
            _ask_for_target(asked, program)
            scope.add_asked(asked)
        return scope

    def add_path(self, path: str) -> None:
        """Have a file in it, there or not."""
        directory, _, name = path.rpartition("/")
        self._add(directory, (name,), (name,) if os.path.islink(path) else ())

    def add_asked(self, asked: AccessIndex) -> None:
        """Have in it what go asked the disk for."""
        for directory in {*asked.names, *asked.listed}:
            names = asked.names.get(directory, set())
            links = [name for name in names if os.path.islink(f"{directory}/{name}")]
            further = names | asked.kinds.get(directory, set())
            self._add(directory, names, links, asked.listed.get(directory, ""), further)

    def concerns(self, path: str) -> bool:
        """Say whether what moved at this path may matter."""
        directory, _, name = path.rpartition("/")
        return name in self._names.get(directory, ()) or any(
            counts(name) for counts in self._counts.get(directory, ())
        )

    def places(self) -> Places:
        """Return the directories to watch: those that are there, and what leads to the others."""
        places: Places = {}
        for directory in self._names:
            there = directory
            while True:
                try:
                    status = os.stat(there or "/")
                except OSError:
                    there = os.path.dirname(there)
                    continue
                if not os.path.isdir(there or "/"):
                    there = os.path.dirname(there)
                    continue
                places[there or "/"] = (status.st_dev, status.st_ino)
                break
        return places

    def listings(self) -> dict[str, tuple[str, ...] | None]:
        """Return what is in each directory, for a `FailedBuildSnapshot` to compare with."""
        fetched = tuple(f"{root}/" for root in self._fetched)
        return {
            directory: list_directory(directory, "all", ())
            for directory in self._counts.keys() - self._in_path
            if not f"{directory}/".startswith(fetched)
        }

    def _add(
        self,
        directory: str,
        names: Iterable[str],
        links: Iterable[str] = (),
        mode: str = "",
        further: Iterable[str] = (),
    ) -> None:
        physical = self._enter(directory)
        self._names.setdefault(physical, set()).update(names)
        listed = self._counts.setdefault(physical, [])
        if mode:
            listed.append(names_that_count(mode, further))
        for name in links:
            self._follow(f"{physical}/{name}")

    def _enter(self, directory: str) -> str:
        """Return what a directory's path leads to; what leads there counts from now on."""
        if directory in ("", "/"):
            return directory if directory == "" else ""
        known = self._physical.get(directory)
        if known is None:
            self._physical[directory] = directory  # so that links in a circle come to an end
            above, _, name = directory.rpartition("/")
            parent = self._enter(above)
            known = f"{parent}/{name}"
            if os.path.islink(known):
                self._note(parent, name)
                known = self._follow(known)
            elif not known.startswith(tuple(f"{root}/" for root in self._fetched)):
                self._note(parent, name)
            self._physical[directory] = known
        return known

    def _follow(self, link: str) -> str:
        """Return where a link leads; it counts, and what is there."""
        try:
            target = os.path.join(os.path.dirname(link), os.readlink(link))
        except OSError:
            return link
        directory, _, name = os.path.normpath(target).rpartition("/")
        physical = self._enter(directory)
        self._note(physical, name)
        reached = f"{physical}/{name}"
        leads_on = os.path.isdir(reached) or os.path.islink(reached)
        return self._enter(reached) if leads_on else reached

    def _note(self, directory: str, name: str) -> None:
        self._names.setdefault(directory, set()).add(name)

    def _add_repository(self, program: ProgramSpec) -> None:
        """Have in it what moves when a commit, a checkout or a tag changes what git says.

        Not the index and no locks: git itself writes them whenever it is asked.
        """
        from gorun_tasks.core.vcs_stamp import repository_around

        git = f"{repository_around(program.directory)}/.git"
        self._add(git, ("HEAD", "packed-refs"))
        self._add(f"{git}/logs", ("HEAD",))
        for kind in ("heads", "tags"):
            refs = self._enter(f"{git}/refs/{kind}")
            self._names.setdefault(refs, set())
            self._counts.setdefault(refs, []).append(lambda name: not name.endswith(".lock"))


class FailedBuildSnapshot:
    """What a build saw that is not recorded: it failed, or may not be remembered.

    With what go hashed itself and, where it did not come so far, with what is there now if that
    is older than its start.
    """

    def __init__(
        self,
        program: ProgramSpec,
        report: Report,
        scope: WatchSet,
        before: Mapping[str, tuple[str, ...] | None],
    ) -> None:
        """Take down what go told, and put it into the scope.

        `before` are listings from before go started (of `WatchSet.listings`). A directory that is
        not among them and moved since counts as changed.
        """
        self._started = report.started
        self._contents: dict[str, tuple[bytes | None, Key | None]] = {}
        self._listings: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...] | None] = {}
        hashes: dict[str, bytes] = {}
        operations: dict[str, set[str]] = {}
        with contextlib.suppress(NotRecorded):
            hashes = report.hashes()
        with contextlib.suppress(NotRecorded):
            operations = traced_operations(report.traced, program.directory)
        asked = AccessIndex(operations, hashes)
        if not asked.listed:
            _ask_for_target(asked, program)
        scope.add_asked(asked)
        for path in (*report.outside, *_named_by(program, report)):
            asked.note(path)
            scope.add_path(path)
        roots = (report.settings.get(name) for name in ("GOROOT", "GOMODCACHE"))
        fetched = tuple(f"{root}/" for root in roots if root)
        for directory, names in asked.names.items():
            if not f"{directory}/".startswith(fetched):
                for name in names:
                    path = f"{directory}/{name}"
                    if os.path.lexists(path) or not _was_there(path, before):
                        self._take(path, hashes.get(path))
                    else:
                        self._contents[path] = (None, None)
        for directory, mode in asked.listed.items():
            if not f"{directory}/".startswith(fetched):
                how = directory, mode, tuple(sorted(asked.names.get(directory, ())))
                self._listings[how] = _listed_before(how, before, self._started)

    def differs(self) -> bool:
        """Say whether anything changed since go started, by content."""
        return any(list_directory(*how) != before for how, before in self._listings.items()) or any(
            self._changed(path) for path in self._contents
        )

    def _take(self, path: str, hashed: bytes | None) -> None:
        key = key_at(path)
        if hashed is None and (key is None or is_settled(key, self._started)):
            hashed, key = content_of(path)
        # What moved meanwhile has no content that go could vouch for.
        self._contents[path] = (hashed, key if key and is_settled(key, self._started) else None)

    def _changed(self, path: str) -> bool:
        before, key = self._contents[path]
        now_key = key_at(path)
        if before is not None and key is not None and now_key == key:
            return False
        now, now_key = content_of(path)
        if now != before:
            return True
        self._contents[path] = (now, now_key)
        return False


def _was_there(path: str, before: Mapping[str, tuple[str, ...] | None]) -> bool:
    """Say whether a path that is not there any more was there before go started."""
    directory, _, name = path.rpartition("/")
    listing = before.get(_physical(directory)) or ()
    return any(entry.rstrip("/@") == name for entry in listing)


def _listed_before(
    how: tuple[str, str, tuple[str, ...]],
    before: Mapping[str, tuple[str, ...] | None],
    started: int,
) -> tuple[str, ...] | None:
    """Return how a directory was listed when go started; None also where nobody knows."""
    directory, mode, further = how
    physical = _physical(directory)
    if physical in before:
        counts = names_that_count(mode, further)
        listing = before[physical]
        return listing and tuple(name for name in listing if counts(name.rstrip("/@")))
    key = key_at(directory)
    return list_directory(*how) if key is None or is_settled(key, started) else None


def _physical(directory: str) -> str:
    """Return where a directory's path leads; "", as in a scope, is the root, not where we are."""
    return os.path.realpath(directory) if directory else ""


def _ask_for_target(asked: AccessIndex, program: ProgramSpec) -> None:
    """Count as asked for where the target is, as far as its words say, and files of modules."""
    for word in program.target.words:
        path = os.path.normpath(os.path.join(program.directory, word))
        if word.endswith(".go"):
            asked.note(path)
        elif word.startswith((".", "/")):
            asked.listed[path] = "go"
            for name in list_directory(path, "go", ()) or ():
                asked.note(f"{path}/{name.rstrip('/@')}")
    above = program.directory
    while above != "/":
        for name in _OF_MODULES:
            asked.note(f"{above}/{name}")
        above = os.path.dirname(above)


def _named_by(program: ProgramSpec, report: Report) -> list[str]:
    """Return the files that go reads without telling: beside go.mod, and named by flags."""
    module = report.module()
    paths = [f"{os.path.dirname(module)}/{name}" for name in _OF_MODULES] if module else []
    for flag in _NAME_FILES:
        value = program.flags.get(flag)
        if value and value not in ("off", "auto"):
            paths.append(os.path.normpath(os.path.join(program.directory, value)))
    return paths
