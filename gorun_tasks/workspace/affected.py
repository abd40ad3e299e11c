"""Affected programs: which ones a change touches, and why. Exact, and never one too few.

A program is touched where something changed that its build reads, lists, or looks for in vain. That
is its closure. Where the store knows the closure for what is there now (the program is current, or
its executable can be restored), that is the authority: embedded files, C headers and go.mod are in
it. If nothing in the closure of one of two states differs between them, go reads the same in both,
so the closure of what is there now is enough.

Closures that no store knows, as in a fresh checkout of CI, go is asked for once, for all programs
that have the same flags and environment: it loads their packages, and its trace tells what it read
and looked for, as for a build. A program counts as affected unseen only where that fails.

Where only go.mod and its like differ, the programs that go finds to be the same are not touched
(`module_changes`). A commit alone touches nothing, also where it is stamped: else each would touch
every program. What lies outside of the repository, such as the C library or a module beside it, is
not asked about.

Decides what is touched. It must never leave out a program because it could not tell.
"""

from __future__ import annotations

import os

from gorun_tasks.closure.accesses import AccessIndex
from gorun_tasks.closure.cgo import LIST_FIELDS, find_external_inputs
from gorun_tasks.closure.implicit_inputs import ImplicitInputs, effective_flag
from gorun_tasks.closure.linker_libraries import Runner
from gorun_tasks.closure.shared_report import embedded_from
from gorun_tasks.core.fingerprint import record_directory
from gorun_tasks.core.reasons import Reason, of_file
from gorun_tasks.errors import GoRunError
from gorun_tasks.inputs.directory_listing import names_that_count
from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.inputs.semantic_digest import HEAD, kind_of
from gorun_tasks.inputs.verdict import judge_all
from gorun_tasks.system import console
from gorun_tasks.toolchain.answers import main_package
from gorun_tasks.toolchain.command import Go
from gorun_tasks.toolchain.report import NotRecorded, traced_operations
from gorun_tasks.workspace.git_changes import CHANGED, EDITED, IGNORED, NEW, NEW_DIRECTORY
from gorun_tasks.workspace.module_changes import is_module_file, unchanged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from gorun_tasks.api import Program
    from gorun_tasks.core.store import Manifest, Store
    from gorun_tasks.workspace.git_changes import Changes

_COMPILED = ("GoFiles", "CgoFiles")
_OTHERS = (
    *("CFiles", "CXXFiles", "MFiles", "HFiles", "FFiles", "SFiles", "SwigFiles", "SwigCXXFiles"),
    *("SysoFiles", "EmbedFiles"),
)
_FIELDS = tuple(
    {
        *LIST_FIELDS,
        *("ImportPath", "Deps", "Error", "DepsErrors", "EmbedPatterns"),
        *_COMPILED,
        *_OTHERS,
    }
)
_OF_ALL = frozenset(("go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt", "vendor"))
"""What says which modules there are: it counts for every program."""


def affected(
    programs: Mapping[str, Program], changes: Changes, here: str
) -> dict[str, tuple[Reason, ...]]:
    """Return why each program is touched by these changes; nothing for those that are not.

    Reasons name files as one would who is `here`, a directory without links on the way.
    """
    if not changes.files:
        return dict.fromkeys(programs, ())
    links = _Links()
    reasons: dict[str, tuple[Reason, ...]] = {}
    unknown: dict[str, Program] = {}
    stores: dict[str, Store] = {}  # each reads its tables once
    for name, verdict in zip(programs, judge_all(programs.values()), strict=True):
        if verdict.manifest is None:
            unknown[name] = programs[name]
        else:
            own = programs[name].store
            store = stores.setdefault(own.root, own)
            reach = _recorded(programs[name], store, verdict.manifest, links)
            reasons[name] = tuple(reach.reasons(changes, here))
    for group in _groups(unknown):
        for name, found in _PackageQuery(group, links).reaches().items():
            if isinstance(found, Reason):
                reasons[name] = (found,)
            else:
                reasons[name] = tuple(found.reasons(changes, here))
    of_modules = {
        name: programs[name]
        for name, found in reasons.items()
        if found and all(is_module_file(reason.input, reason.change) for reason in found)
    }
    for group in _groups(of_modules):
        reasons |= dict.fromkeys(unchanged(group, changes), ())
    return {name: reasons[name] for name in programs}


class _Links:
    """Where paths really are; each is looked at once."""

    def __init__(self) -> None:
        self._directories: dict[str, str] = {}
        self._files: dict[str, tuple[str, ...]] = {}

    def directory(self, path: str) -> str:
        real = self._directories.get(path)
        if real is None:
            real = self._directories[path] = os.path.realpath(path or "/")
        return real

    def followed(self, path: str) -> tuple[str, ...]:
        """Return what a file leads to, each link on the way and the end."""
        places = self._files.get(path)
        if places is None:
            found: list[str] = []
            place_ = path
            while place_ not in found:
                try:
                    target = os.readlink(place_)
                except OSError:
                    break
                found.append(place_)
                parent, name = os.path.split(os.path.join(os.path.dirname(place_), target))
                place_ = f"{self.directory(parent)}/{name}"
            places = self._files[path] = (*found[1:], place_) if found else ()
        return places


class _Reach:
    """What one build reads, lists, and looks for in vain, by directory, without links.

    Where git ignores what is `elsewhere`, such as go and fetched modules in a virtual environment
    of the repository, or what lies in the program's PATH, it does not count.
    """

    def __init__(self, links: _Links, program: Program, elsewhere: Iterable[str]) -> None:
        self._links = links
        self._elsewhere = tuple({f"{links.directory(root)}/" for root in elsewhere if root})
        self._path = {*map(links.directory, program.environ.get("PATH", "").split(":"))}
        self._names: dict[str, dict[str, bytes]] = {}  # and how much of the content go takes
        self._lists: dict[str, list[Callable[[str], bool]]] = {}
        self._directories: set[str] = set()

    def add(
        self, directory: str, names: Mapping[str, bytes], mode: str, further: Iterable[str]
    ) -> None:
        """Count names in a directory with their kinds (see `semantic_digest`), and its listing."""
        real = self._links.directory(directory)
        self._directories.update((directory, real))
        self._names.setdefault(real, {}).update(names)
        for name, kind in names.items():
            for path in self._links.followed(f"{real}/{name}"):
                parent, _, last = path.rpartition("/")
                self._names.setdefault(parent, {})[last] = kind
        if mode:
            self._lists.setdefault(real, []).append(names_that_count(mode, further))

    def reasons(self, changes: Changes, here: str) -> Iterator[Reason]:
        own = [
            directory
            for directory in map(self._links.directory, self._directories)
            if not (directory in self._path or self._is_elsewhere(directory))
        ]
        ways, own_ways = _ways(self._directories), _ways(own)
        for path, kind in sorted(changes.files.items()):
            if kind == IGNORED and self._is_elsewhere(path):
                continue
            # A directory that git knows as one thing is a link, or a repository in this one.
            if (
                path in (own_ways if kind == IGNORED else ways)
                or self._counts(path, kind, changes)
                or self._was_way(path, kind)
            ):
                yield of_file(path, kind, here)

    def _is_elsewhere(self, path: str) -> bool:
        return f"{path}/".startswith(self._elsewhere)

    def _counts(self, path: str, change: str, changes: Changes) -> bool:
        parent, _, name = path.rpartition("/")
        kind = self._names.get(parent, {}).get(name)
        if kind is not None:
            return not (kind and change in (EDITED, CHANGED) and changes.mean_nothing(path, kind))
        return change != EDITED and any(counts(name) for counts in self._lists.get(parent, ()))

    def _was_way(self, path: str, change: str) -> bool:
        """Say whether a directory that is gone with a file was looked at."""
        if change in (NEW, NEW_DIRECTORY, IGNORED):
            return False
        for gone in upwards(os.path.dirname(path)):
            if os.path.isdir(gone):
                return False
            parent, _, name = gone.rpartition("/")
            if name in self._names.get(parent, ()) or any(
                counts(name) for counts in self._lists.get(parent, ())
            ):
                return True
        return False


def _ways(directories: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for directory in directories:
        for way in upwards(directory):
            if way in found:
                break
            found.add(way)
    return found


def _recorded(program: Program, store: Store, manifest: Manifest, links: _Links) -> _Reach:
    records = list(store.records(manifest.tables))
    assert len(records) == sum(len(names) for _, names in manifest.tables)  # it was judged by them
    reach = _Reach(links, program, {t.root for t, _, _ in records if t.root_name != "module"})
    for table, (base, _, names, _), (mode, further, _, contents) in records:
        kinds = dict(zip(names, map(kind_of, contents), strict=True))
        reach.add(record_directory(table.root, base), kinds, mode, further)
    return reach


def _groups(programs: Mapping[str, Program]) -> Iterator[dict[str, Program]]:
    groups: dict[object, dict[str, Program]] = {}
    for name, program in programs.items():
        alone = program.target.kind != "package" and name
        key = (program.cwd, program.flags, alone, tuple(sorted(program.environ.items())))
        groups.setdefault(key, {})[name] = program
    yield from groups.values()


class _PackageQuery:
    """What go tells of programs that no store knows, when it is asked for all of them at once."""

    def __init__(self, programs: Mapping[str, Program], links: _Links) -> None:
        self._programs = programs
        self._links = links
        self._program = next(iter(programs.values()))
        self._elsewhere: tuple[str, ...] = ()

    def reaches(self) -> dict[str, _Reach | Reason]:
        """Return the closure of each program, or why it is not known."""
        program = self._program
        if program.target.kind == "version":
            # What is here says nothing of a module that is taken from elsewhere.
            return dict.fromkeys(self._programs, _Reach(self._links, program, ()))
        try:
            return self._ask()
        except (GoRunError, NotRecorded) as trouble:
            return dict.fromkeys(self._programs, _unseen(str(trouble)))

    def _ask(self) -> dict[str, _Reach | Reason]:
        program = self._program
        go = Go.of(program)
        targets = [word for one in self._programs.values() for word in one.target.words]
        packages, traced = go.find_packages(program.flags, targets, _FIELDS, "-deps")
        if packages is None:
            console.pass_on(go.complaint)
            return dict.fromkeys(self._programs, _unseen("go cannot list its packages"))
        settings = go.settings(program.flags.words)
        self._elsewhere = tuple(settings.get(name, "") for name in ("GOROOT", "GOMODCACHE"))
        operations = traced_operations(traced, program.directory)
        implicit = ImplicitInputs(program, go, settings)
        modules = {
            path
            for path in implicit.files(implicit.lookups(), operations, used=())
            # A go.sum counts for all programs only where there is a module.
            if not path.endswith("/go.sum") or os.path.lexists(f"{path.removesuffix('sum')}mod")
        }
        tool_flags = {
            n: effective_flag(program.flags, settings, n) for n in ("asmflags", "ldflags")
        }
        run = Runner(program.environ, program.directory)
        external = find_external_inputs(packages, settings, tool_flags, run)
        by_package = self._by_package(packages, operations)
        by_path = {package["ImportPath"]: package for package in packages}
        answers: dict[str, _Reach | Reason] = {}
        for name, one in self._programs.items():
            main = main_package(one, packages)
            if main is None or main.get("Error") or main.get("DepsErrors"):
                error = (main or {}).get("Error") or ((main or {}).get("DepsErrors") or [{}])[0]
                answers[name] = _unseen(error.get("Err", "go does not know it"))
                continue
            members = [
                by_path[p] for p in (main["ImportPath"], *main.get("Deps", ())) if p in by_path
            ]
            taken = [external[m["ImportPath"]] for m in members if m["ImportPath"] in external]
            if any(outside.unfollowed for outside in taken):
                answers[name] = _unseen("it has an #include that cannot be followed")
                continue
            operations = dict(by_package.get("", {}))
            for member in members:
                operations |= by_package.get(member["ImportPath"], {})
            paths = {*modules, *(path for outside in taken for path in outside.paths)}
            answers[name] = self._reach(members, operations, paths)
        return answers

    def _by_package(
        self,
        packages: Iterable[Mapping[str, Any]],
        operations: Mapping[str, set[str]],
    ) -> dict[str, dict[str, set[str]]]:
        """Return what go did, by the package for which it did; "" for all of them.

        A path belongs to the nearest package above it, and to those that embed what lies there; to
        all where go found no package, since it may have looked for that of any of them.
        """
        elsewhere = tuple(f"{directory}/" for directory in self._elsewhere)
        owners: dict[str, str] = {}
        embedding: list[tuple[str, str]] = []
        for package in packages:
            owners[package.get("Dir", "")] = package["ImportPath"]
            embedding += [
                (start, package["ImportPath"])
                for pattern in package.get("EmbedPatterns") or ()
                if not package.get("Standard")
                for start in (embedded_from(package["Dir"], pattern),)
            ]
        by_package: dict[str, dict[str, set[str]]] = {}
        for path, seen in operations.items():
            if path.startswith(elsewhere):
                continue
            found = {owner for start, owner in embedding if path.startswith(start)}
            if os.path.basename(path) in _OF_ALL and os.path.lexists(path):
                found.add("")
            else:
                if path not in owners and "IsGoDir" in seen:  # modload.dirInModule
                    found.add("")
                found.add(next((owners[way] for way in upwards(path) if way in owners), ""))
            for owner in found:
                by_package.setdefault(owner, {})[path] = seen
        return by_package

    def _reach(
        self,
        members: Iterable[Mapping[str, Any]],
        operations: dict[str, set[str]],
        paths: Iterable[str],
    ) -> _Reach:
        asked = AccessIndex(operations, {})
        whole = set(paths)
        for package in members:
            if not package.get("Standard"):
                for field in (*_COMPILED, *_OTHERS):
                    whole.update(f"{package['Dir']}/{name}" for name in package.get(field) or ())
        for path in whole:
            asked.note(path)
        reach = _Reach(self._links, self._program, self._elsewhere)
        for directory in {*asked.names, *asked.listed}:
            kinds = {
                name: HEAD if name.endswith(".go") and f"{directory}/{name}" not in whole else b""
                for name in asked.names.get(directory, ())
            }
            further = {*kinds, *asked.kinds.get(directory, ())}
            reach.add(directory, kinds, asked.listed.get(directory, ""), further)
        return reach


def _unseen(why: str) -> Reason:
    return Reason("", f"counted unseen: {why}")
