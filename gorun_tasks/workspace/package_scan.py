"""Package scan: asks go for the main packages of a directory tree, and records what that rests on.

go looks through one module, or the modules of one go.work. It does not look into other modules nor
outside of any, so this module looks for those itself, and only where go has not been: never into
directories whose names begin with `.` or `_`, testdata, vendor and node_modules, nor into folders
of somebody else's (`own_tree`). A directory that cannot be read is passed over. Each module is
asked for once; one that the go.work above it does not name is taken by itself, with GOWORK=off,
since only so can it be built.

Decides where go is asked, and which of the facts behind its answer are kept. It must never read a
go.mod or a constraint, and never keep what may have changed while go was answering (law 3).
"""

from __future__ import annotations

import os

from gorun_tasks.closure.implicit_inputs import ImplicitInputs
from gorun_tasks.closure.recordable import supported
from gorun_tasks.core.fingerprint import is_settled, look_up
from gorun_tasks.errors import ToolchainError
from gorun_tasks.inputs.digest import ContentCache, bytes_of
from gorun_tasks.system import host
from gorun_tasks.toolchain.command import Go
from gorun_tasks.toolchain.report import NotRecorded, traced_operations
from gorun_tasks.workspace.own_tree import CONFIGURED_BY, OwnTree
from gorun_tasks.workspace.package_facts import NO_FILE, names_in, record_of
from gorun_tasks.workspace.packages import Found, Main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from gorun_tasks.api import Program
    from gorun_tasks.config.patterns import Pattern

_FIELDS = ("Dir", "ImportPath", "Name", "GoFiles", "CgoFiles", "InvalidGoFiles", "Error")
_NO_NETWORK = {"GOPROXY": "file:///dev/null", "GONOPROXY": "none"}
_EVERY_PACKAGE = ("work",)  # of the main module, or of those that go.work names (go help packages)


def explore(asker: Program, include: Iterable[Pattern]) -> tuple[Found, bool]:
    """Return what there is below the directory of `asker`, and whether that may be kept.

    What a pattern of `include` means is found though it lies in a folder of somebody else's.
    Raises ToolchainError where there is no go to ask, or one that is too old. Where go cannot
    answer for a module the module has no programs, and is among those that `failed`.
    """
    exploration = _Exploration(asker, tuple(include))
    try:
        exploration.look_around()
        return exploration.found(), exploration.recordable
    finally:
        exploration.end()


class _Exploration:
    """One way through a directory tree."""

    def __init__(self, asker: Program, include: tuple[Pattern, ...]) -> None:
        self._asker = asker
        self._include = include
        self._root = asker.cwd
        go = Go.of(asker)
        self._go_name, self._command = go.name, go.command
        self._started = host.file_clock()
        self.recordable = True
        self._tree: OwnTree | None = None
        self._mains: dict[str, Main] = {}
        self._tools: dict[str, Main] = {}  # by import path
        self._failed: dict[str, str] = {}  # where go could not answer, and what it said
        self._asked: set[str] = set()  # go.work files, and modules taken by themselves
        self._listed: dict[str, str] = {}  # directories looked into, and the last file that counts
        self._answered: set[str] = set()  # those of which go has told
        self._names: dict[str, set[str]] = {}  # what else was asked for, by directory
        self._environment: tuple[tuple[str, str], ...] = ()
        self._lookups: dict[str, str] = {}
        self._links: dict[str, str] = {}

    def look_around(self) -> None:
        """Ask for what governs the root, then for whatever modules lie below it."""
        settings = self._settings(self._root)
        if not settings:
            return  # no more can be asked of this go
        cache = settings.get("GOMODCACHE", "")
        self._tree = OwnTree(self._root, self._asker.environ, self._include, cache)
        if settings.get("GOWORK") not in (None, "", "off") or settings.get("GOMOD") not in (
            *(None, ""),
            os.devnull,
        ):
            self._ask(self._root)
        self._look_into(self._root, below_module=False)

    def end(self) -> None:
        """End the git that was asked."""
        if self._tree is not None:
            self._tree.close()

    def _look_into(self, directory: str, *, below_module: bool) -> None:
        if directory not in self._answered:
            entries = names_in(directory, NO_FILE) or ()
            if "go.mod" in entries or ("go.work" in entries and not below_module):
                self._ask(directory)
            elif below_module:
                return  # go has been here, and had no reason to look into it
        below_module = directory in self._answered
        self._listed.setdefault(directory, NO_FILE)
        for name in names_in(directory, NO_FILE) or ():
            if name.endswith("/"):
                inner = f"{directory}/{name[:-1]}"
                if self._tree is None or self._tree.may_enter(inner):
                    self._look_into(inner, below_module=below_module)

    def _ask(self, directory: str) -> None:
        """Ask go for the module or the go.work that governs a directory, unless that was done."""
        settings = self._settings(directory)
        work = settings.get("GOWORK", "")
        cwd, alone = directory, False
        if work not in ("", "off"):
            above = f"{self._root}/".startswith(f"{os.path.dirname(work)}/")
            chosen = self._asker.environ.get("GOWORK")
            if self._uses(work, directory):
                cwd = self._root if above or chosen else os.path.dirname(work)
            else:
                alone, work = True, ""
        elif settings.get("GOMOD", os.devnull) == os.devnull:
            return
        if (work or directory) in self._asked:
            return
        self._asked.add(work or directory)
        if alone:
            settings = self._settings(directory, alone=True)
        self._take_answer(settings, cwd, alone=alone)
        self._take_tools(settings, cwd, alone=alone)

    def _settings(self, directory: str, *, alone: bool = False) -> dict[str, str]:
        go = self._go(alone=alone, cwd=directory)
        settings = go.settings_or_complaint()
        if not settings:
            self._note_failure(directory, _why(go.complaint), is_lasting=False)
        return settings

    def _note_failure(self, directory: str, complaint: str, *, is_lasting: bool) -> None:
        """Take down that go could not answer, which `is_lasting` until a file changes."""
        self._failed.setdefault(directory, complaint)
        self.recordable &= is_lasting

    def _uses(self, work: str, directory: str) -> bool:
        """Say whether go.work names the module at a directory; yes where there is no module."""
        if not os.path.exists(f"{directory}/go.mod"):
            return True
        read = self._go(alone=False, cwd=directory).edit_json("work", work)
        if not read:
            self._note_failure(os.path.dirname(work), "", is_lasting=False)
        used = read.get("Use") or ()
        base = os.path.dirname(work)
        return any(_is_at(os.path.join(base, use["DiskPath"]), directory) for use in used)

    def _take_answer(self, settings: dict[str, str], cwd: str, *, alone: bool) -> None:
        go = self._go(alone=alone, cwd=cwd)
        flags = self._asker.flags
        packages, traced = go.find_packages(flags, _EVERY_PACKAGE, _FIELDS, "-find")
        if packages is None:
            # What go says without a network as well lies in files, and these it has named.
            other = self._go(alone=alone, cwd=cwd, **_NO_NETWORK)
            other.find_packages(flags, _EVERY_PACKAGE, _FIELDS, "-find")
            said = _why(go.complaint)
            self._note_failure(cwd, said, is_lasting=_why(other.complaint) == said)
        implicit = ImplicitInputs(self._asker, go, settings, directory=cwd)
        try:
            operations = traced_operations(traced, cwd)
            kept = self._note_operations(operations, settings)
            if packages is not None:
                self._answered |= {path for path, seen in kept.items() if "ReadDir" in seen}
            self._note_rest(implicit, kept)
        except NotRecorded:
            self.recordable = False
        self.recordable &= supported(settings.get("GOVERSION", ""))
        whole = next((p for p in packages or () if p["ImportPath"] == _EVERY_PACKAGE[0]), {})
        # What cannot be read is an error of the pattern; the other packages are there.
        if whole and not (whole.get("Error") or {}).get("Err", "").startswith("pattern "):
            version = settings.get("GOVERSION", "this go")
            raise ToolchainError(f"{version} cannot list all packages at once", "Go 1.25 can")
        for package in packages or ():
            self._take_package(package, cwd, alone=alone)

    def _take_package(self, package: Mapping[str, Any], cwd: str, *, alone: bool) -> None:
        directory = package.get("Dir", "")
        if not self._is_below(directory):
            return
        named = {*(package.get("GoFiles") or ()), *(package.get("CgoFiles") or ())}
        self.recordable &= directory in self._listed
        # A file that cannot be read gives no name; then a later one does.
        sure = named - {*(package.get("InvalidGoFiles") or ())}
        self._listed[directory] = min(sure, key=os.fsencode, default="")
        if package.get("Name") == "main" and named and not self._tree_leaves_out(directory, named):
            self._mains[directory] = Main(directory, package["ImportPath"], cwd, alone=alone)

    def _tree_leaves_out(self, directory: str, files: Iterable[str]) -> bool:
        return self._tree is not None and self._tree.leaves_out(directory, files)

    def _take_tools(self, settings: Mapping[str, str], cwd: str, *, alone: bool) -> None:
        """Take down the tools that the modules name of which go has just told."""
        go = self._go(alone=alone, cwd=cwd)
        work, files = settings.get("GOWORK", ""), [settings.get("GOMOD", "")]
        if work not in ("", "off"):
            uses = go.edit_json("work", work).get("Use") or ()
            files = [os.path.join(os.path.dirname(work), u["DiskPath"], "go.mod") for u in uses]
        for path in files:
            if b"tool" in bytes_of(path):
                for tool in go.edit_json("mod", path).get("Tool") or ():
                    main = Main("", tool["Path"], cwd, alone=alone)
                    self._tools.setdefault(main.import_path, main)

    def _note_operations(
        self, operations: dict[str, set[str]], settings: Mapping[str, str]
    ) -> dict[str, set[str]]:
        """Take down what go did, but in the standard library and the module cache.

        What packages import does not decide which of them are main packages.
        """
        elsewhere = tuple(f"{settings.get(name)}/" for name in ("GOROOT", "GOMODCACHE"))
        kept: dict[str, set[str]] = {}
        for path, seen in operations.items():
            if not path.startswith(elsewhere):
                kept.setdefault(path.rstrip("/"), set()).update(seen)
        looked_into = {path for path, seen in kept.items() if "ReadDir" in seen}
        for path in looked_into:
            if self._is_below(path):
                self._listed.setdefault(path, "")
        for path in kept:
            parent, _, name = path.rpartition("/")
            if path in looked_into or (parent in looked_into and name not in ("go.mod", "go.work")):
                continue
            self._names.setdefault(parent, set()).add(name)
        return kept

    def _note_rest(self, implicit: ImplicitInputs, operations: dict[str, set[str]]) -> None:
        self._environment = implicit.environment()
        lookups = implicit.lookups()
        implicit.refuse_launchers(lookups, ContentCache())
        self._lookups |= dict(lookups)
        self._links |= dict(implicit.links())
        for path in implicit.files(lookups, operations, used=()):
            parent, _, name = path.rpartition("/")
            self._names.setdefault(parent, set()).add(name)

    def _note_tree(self) -> None:
        """Take down what the answer to which folders are somebody else's rests on."""
        if self._tree is None:
            return
        for path in self._tree.inputs():
            parent, _, name = path.rpartition("/")
            self._names.setdefault(parent, set()).add(name)
        environ = self._asker.environ
        noted = dict(self._environment)
        further = tuple(
            (name, environ.get(name, "")) for name in CONFIGURED_BY if name not in noted
        )
        self._environment += further if noted else ()
        if not look_up("git", environ.get("PATH", "")):
            self._lookups["git"] = ""

    def found(self) -> Found:
        """Return everything, as it is on the disk now; not to be kept where that is too new."""
        self._note_tree()
        own = {main.import_path for main in self._mains.values()}
        tools = [self._tools[path] for path in sorted(self._tools) if path not in own]
        found = Found(
            self._environment,
            tuple(self._lookups.items()),
            tuple(self._links.items()),
            [*(self._mains[directory] for directory in sorted(self._mains)), *tools],
            [],
        )
        if self._tree is not None:
            found.left_out = tuple(sorted(self._tree.left_out))
        found.failed = tuple(self._failed.items())
        for directory in sorted({*self._listed, *self._names}):
            last, names = self._listed.get(directory), self._names.get(directory, ())
            record, fact = record_of(directory, self._root, last, names)
            if (
                record[1] is not None
                and fact[1] is None
                and not self._tree_leaves_out(directory, ())
            ):
                found.unreadable += (directory,)
            found.records.append(record)
            found.facts.append(fact)
            keys = [key for key in (record[1], *record[3]) if key is not None]
            self.recordable &= all(is_settled(key, self._started) for key in keys)
        # Without an answer nothing is known of the environment that counts.
        self.recordable &= bool(self._environment)
        return found

    def _is_below(self, directory: str) -> bool:
        return f"{directory}/".startswith(f"{self._root}/")

    def _go(self, *, alone: bool, cwd: str, **variables: str) -> Go:
        environ = {**self._asker.environ, "PWD": cwd, **variables}
        if alone:
            environ["GOWORK"] = "off"
        return Go(self._command, environ, cwd, self._go_name)


def _why(complaint: bytes) -> str:
    """Return what go said, but for its progress."""
    lines = complaint.decode("utf-8", "surrogateescape").splitlines()
    return "\n".join(line for line in lines if not line.startswith("go: downloading "))


def _is_at(place: str, directory: str) -> bool:
    try:
        return os.path.samefile(place, directory)
    except OSError:
        return False
