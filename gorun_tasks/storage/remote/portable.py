"""Portable form: a recorded build in words that mean the same in another checkout.

What a manifest and its records say of this machine is taken apart: a path set, which says where to
look, and facts, which say what was there. Paths are named by roles; what has no role keeps its
absolute path and is compared there.

Where a path of ours stands in a text that steers go (a flag, a variable, go.mod, C), or in the
executable, another checkout would not read what is in its place here: such roots are `fixed`, and
only a checkout with the same ones shares.

Decides what can be said so. It must never leave out what go, or a compiler, could have read: what
it cannot name raises Unlike, and the build is not shared.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import NamedTuple

from gorun_tasks.closure.recorder import table_names
from gorun_tasks.core.fingerprint import record_directory
from gorun_tasks.core.program import QUESTION
from gorun_tasks.inputs.digest import ABSENT, DIRECTORY, content_of
from gorun_tasks.inputs.semantic_digest import kind_of, may_be_absent, meaning_of
from gorun_tasks.storage.remote.machine import Unlike, arrangement, refuse_links, repository_of
from gorun_tasks.storage.remote.path_set import Look, PathSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gorun_tasks.core.fingerprint import Detail, Record
    from gorun_tasks.core.store import InputTable, Manifest
    from gorun_tasks.storage.remote.machine import Machine

    Seen = tuple[tuple[str, ...], tuple[bytes, ...]]
    """Of a look: the listing, and the contents of the names."""

_VENDORED = "modules.txt"
_OF_MODULES = ("go.mod", "go.work", _VENDORED)
_COMMANDS = "bin"  # in a GOROOT
_ANYWHERE = 1 << 30  # a depth
_UP = re.compile(rb"(?<!\.)\.\.(?![\w.])")  # in a path
_DEBUG_INFORMATION = (b"\0.debug_info\0", b"\0.zdebug_info\0")
_OWN_DIRECTORY = b"${SRCDIR}"
_INSIDE = re.compile(rb"(?<!-)[\w.-]\Z|[\d_.-]\Z")  # a path, and not after a flag such as -L
_NOTHING = re.compile(rb"/(?:\./|/)+")  # in a path
_BACK = re.compile(rb"/(?!\.\./)[^/\s]+/\.\.(?=/)")


class Facts(NamedTuple):
    """What was there: of each look, and of what has no path of its own.

    `links` are the own paths that lead elsewhere than they say, and where. `commands` is what PATH
    has of each command, `values` what go takes for the variables, `inside` how roots lie in the
    repository, `fixed` the absolute paths of fixed ones.
    """

    seen: tuple[Seen, ...]
    links: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, ...], ...]
    values: tuple[tuple[str, str], ...]
    inside: tuple[tuple[str, str], ...]
    fixed: tuple[tuple[str, str], ...]
    go: bytes


class Taken:
    """A manifest taken apart."""

    def __init__(
        self, machine: Machine, manifest: Manifest, tables: Iterable[InputTable], executable: str
    ) -> None:
        """Take it. Raises Unlike where it cannot be said for elsewhere, and OSError."""
        self._machine = machine
        self._manifest = manifest
        self._records: dict[str, list[tuple[Record, Detail]]] = {}
        self._places: dict[str, str] = {}
        self._take_tables({table.root_name: table for table in tables})
        self._looks: dict[Look, Seen] = {}
        self._above: set[str] = set()
        self._gopath: set[str] = set()
        self._env_file: tuple[bytes, ...] = ()
        self._found: dict[tuple[str, str], bytes] = {}  # commands in PATH, and their contents
        self._go = b""
        for record, detail in self._records["module"]:
            self._take(record, detail)
        for (base, _, names, _), (*_, contents) in self._records["GOROOT"]:
            if f"{machine.goroot}/{base}" == os.path.dirname(machine.builder):
                named = dict(zip(names, contents, strict=True))
                self._go = named.get(os.path.basename(machine.builder), self._go)
        if machine.switched:
            self._go, _ = content_of(machine.builder, b"")
        uses_c = bool(self._found)
        fixed = self._fixed(executable, uses_c=uses_c)
        path_set = PathSet(
            _relative(machine.program.directory, self.module),
            int(self._by_words),
            tuple(sorted(self._looks)),
            tuple(sorted(self._above)),
            tuple(sorted(self._gopath)),
            self._env_file,
            tuple(name for name, _ in manifest.lookups[1:]),
            int(uses_c),
            dict(manifest.defaults),
            tuple(sorted(fixed)),
            manifest.go_version,
            digest_of(self._records["GOROOT"], manifest.go_version),
            digest_of(self._records["GOMODCACHE"], ""),
        )
        self.path_set = path_set
        seen = tuple(self._looks[look] for look in path_set.looks)
        commands = self._go, self._found
        self.facts = facts_of(machine, self.module, path_set, seen, commands)

    def records(self, role: str) -> list[tuple[Record, Detail]]:
        """Return the records below the root of a role, "GOROOT" or "GOMODCACHE"."""
        return self._records[role]

    def _take_tables(self, tables: dict[str, InputTable]) -> None:
        machine, manifest = self._machine, self._manifest
        names = dict(manifest.tables)
        for role in ("GOROOT", "GOMODCACHE", "module"):
            table = tables.get(role)
            self._records[role] = records = []
            for identity in () if table is None else names[table.name]:
                assert table is not None
                found = table.recorded(identity)
                if found is None:
                    raise Unlike("the store no longer knows what was read")
                records.append(found)
        if "module" not in tables or "GOROOT" not in tables:
            raise Unlike("nothing of its own was read")
        own = tables["module"]
        self.module = own.root
        refuse_links(self.module)
        refuse_links(machine.program.directory)
        if not f"{machine.program.directory}/".startswith(f"{self.module}/"):
            raise Unlike("go ran outside of the module")
        self._by_words = own.name != table_names("", "", self.module, ())[2]
        self._repository = repository_of(self.module)
        roots = machine.roots(self.module)
        if any(roots[role] != table.root for role, table in tables.items()):
            raise Unlike("go found its GOROOT or module cache elsewhere")
        if machine.program.target.kind == "version":
            raise Unlike("nobody vouches for the sums of a program that is fetched")
        go = manifest.links == ((machine.command, os.path.realpath(machine.command)),)
        in_path = all(machine.where(name) == path for name, path in manifest.lookups)
        if not (go and in_path) or manifest.goroot_bin not in ("", f"{machine.goroot}/bin"):
            raise Unlike("another go was started")
        given = [name for name, _ in manifest.environment]
        if any(name.startswith(QUESTION) for name in given) or (
            manifest.environment != machine.environment()
        ):
            raise Unlike("a command is asked at each run, or a variable has changed")

    def _take(self, record: Record, detail: Detail) -> None:
        """Take one record of the module's table."""
        base, _, names, _ = record
        mode, further, listing, contents = detail
        directory = record_directory(self.module, base)
        named = dict(zip(names, contents, strict=True))
        left = {n: c for n, c in named.items() if not self._has_role(directory, n, c)}
        if not left and not mode:
            return
        if f"{directory}/".startswith(f"{self._repository}/"):
            self._look(_relative(directory, self.module), mode, further, (listing, left))
            return
        above = f"{self._repository}/".startswith(f"{directory}/")
        if above or directory == self._machine.gopath:
            if mode or not all(map(is_absence, left.values())):
                raise Unlike(f"go found something in {directory}")
            self._above.update(left if above else ())
            self._gopath.update(left if directory == self._machine.gopath else ())
            return
        self._look(directory or "/", mode, further, (listing, left))

    def _look(
        self,
        base: str,
        mode: str,
        further: tuple[str, ...],
        found: tuple[tuple[str, ...], dict[str, bytes]],
    ) -> None:
        listing, named = found
        kinds = tuple(map(kind_of, named.values()))
        self._looks[Look(base, mode, further, tuple(named), kinds)] = (
            listing,
            tuple(named.values()),
        )

    def _has_role(self, directory: str, name: str, content: bytes) -> bool:
        """Take what has a role, though its directory has none."""
        machine, path = self._machine, f"{directory}/{name}"
        lookups = [name for name, _ in self._manifest.lookups]
        if path == machine.env_file:
            if content_of(path, kind_of(content))[0] != content:
                raise Unlike("the go env file has changed")
            self._env_file = (kind_of(content),)
        elif path == machine.command:
            self._go = self._go if machine.switched else content
        elif path == machine.where(machine.go_name):
            pass  # a script, from which the go command is known
        elif name in lookups[1:] and directory in machine.path.split(":"):
            self._found[directory, name] = content
        else:
            return False
        return True

    def _fixed(self, executable: str, *, uses_c: bool) -> set[str]:
        """Return the roles whose paths stand where they steer go, or in the executable."""
        machine = self._machine
        roots = machine.roots(self.module)
        with open(executable, "rb") as file:
            program = file.read()
        debugged = any(mark in program for mark in _DEBUG_INFORMATION)
        odd = any(re.search(r"[\s\"'`\\,;]", path) for path in roots.values())
        if debugged or odd or not machine.trimmed:
            return set(roots)
        compiles_c = uses_c or self._manifest.cgo
        texts = [program]
        fixed = set()
        for depth, text in self._texts():
            if _leads_out(text, depth) or _OWN_DIRECTORY in text:
                fixed |= {"module", "repository"}
            texts.append(normal(text))
        texts += [os.fsencode(look.base) for look in self._looks if look.base[:1] == "/"]
        if not compiles_c:
            home = os.fsencode(roots.pop("HOME"))
            if home and any(_leads_below(home, text) for text in texts):
                fixed.add("HOME")
        for role, path in roots.items():
            if path and any(os.fsencode(path) in text for text in texts):
                fixed.add(role)
        if compiles_c:
            # ${SRCDIR} puts a package's directory into the flags, and these into its build ID.
            fixed |= {"GOROOT", "GOMODCACHE"}
        return fixed

    def _texts(self) -> Iterator[tuple[int, bytes]]:
        """Yield what tells go where to look, and the compilers where there is C of ours.

        With each how deep in the repository the directory is from where its paths start. Raises
        Unlike where a file is no longer what it was.
        """
        program = self._machine.program
        words = "\n".join((*program.flags.words, *program.target.words))
        yield self._depth(program.directory), words.encode("utf-8", "surrogateescape")
        values = "\n".join(value for _, value in self._machine.values({}, uses_c=False))
        yield 0, values.encode("utf-8", "surrogateescape")
        for look, (_, contents) in self._looks.items():
            directory = os.path.normpath(record_directory(self.module, look.base))
            for name, content in zip(look.names, contents, strict=True):
                steers = self._manifest.cgo or name.endswith((".mod", ".work"))
                if content == DIRECTORY or is_absence(content) or not (steers or name == _VENDORED):
                    continue
                path = f"{directory}/{name}"
                if content_of(path, kind_of(content))[0] != content:
                    raise Unlike(f"{path} has changed")
                with open(path, "rb") as file:
                    text = file.read()
                if look.base[:1] == "/":
                    yield _ANYWHERE, text  # relative to a place that is the same for all
                elif not name.endswith(".go") or b"#" in text:  # directives for C begin so
                    yield self._depth(directory) if name in _OF_MODULES else 0, text

    def _depth(self, directory: str) -> int:
        inside = directory[len(self._repository) :]
        return inside.count("/") if directory.startswith(self._repository) else 0


def _leads_below(home: bytes, text: bytes) -> bool:
    """Say whether a path below HOME begins somewhere; /root, for one, is a part of many others."""
    found = re.finditer(re.escape(home) + b"/", text) if home + b"/" in text else ()
    starts = (match.start() for match in found)
    return any(not _INSIDE.search(text[max(0, start - 2) : start]) for start in starts)


def _leads_out(text: bytes, depth: int) -> bool:
    """Say whether a line of a text goes up more often than its directory is deep."""
    return any(len(_UP.findall(line)) > depth for line in text.split(b"\n") if b".." in line)


def facts_of(
    machine: Machine,
    module: str,
    path_set: PathSet,
    seen: tuple[Seen, ...],
    commands: tuple[bytes, Mapping[tuple[str, str], bytes]],
) -> Facts:
    """Return what is here of a path set, besides what was `seen` at its looks.

    `commands` are the content of the go command, and of the commands in PATH. Raises Unlike.
    """
    roots = machine.roots(module)
    go, found = commands
    in_path = (
        (*place, found[place].hex())
        for place in machine.in_path(path_set.commands)
        if found.get(place, ABSENT) not in (ABSENT, DIRECTORY)
    )
    commands_here = (*_commands(machine, path_set), *in_path)
    uses_c = bool(path_set.uses_c)
    return Facts(
        seen,
        tuple(_links(module, roots["repository"], path_set.looks, seen)),
        commands_here if machine.elsewhere is None else machine.elsewhere.commands,
        machine.values(path_set.defaults, uses_c=uses_c),
        arrangement(roots),
        tuple((role, roots[role]) for role in path_set.fixed),
        go,
    )


def digest_of(records: Iterable[tuple[Record, Detail]], version: str) -> bytes:
    """Return what stands for records under a root: places, listings and contents, no stats.

    The go command in a GOROOT is compared by itself, as it need not be in one.
    """
    rows = sorted(_row(found) for found in records if found[0][0] != _COMMANDS)
    return hashlib.sha256(b"".join((_counted(version.encode()), *rows))).digest()


def _row(found: tuple[Record, Detail]) -> bytes:
    """Return the bytes of one record, which those of no other begin with.

    There are thousands of names and contents, for which `canonical` takes too long.
    """
    (base, _, names, _), (mode, further, listing, contents) = found
    counts = map(str, map(len, (names, further, listing)))
    words = "\0".join((base, mode, *counts, *names, *further, *listing))
    return _counted(words.encode("utf-8", "surrogateescape")) + b"".join(map(_counted, contents))


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def normal(text: bytes) -> bytes:
    """Return a text with each path in it in its shortest form."""
    text = _NOTHING.sub(b"/", text)
    while (shorter := _BACK.sub(b"", text)) != text:
        text = shorter
    return text


def _commands(machine: Machine, path_set: PathSet) -> Iterator[tuple[str, ...]]:
    """Yield what PATH has of each command: where, if that counts, else whether there is any.

    Another toolchain, and what starts the program, count by their place.
    """
    for name in path_set.commands:
        where = machine.where(name)
        exact = path_set.uses_c or name.startswith("go")
        yield name, where if exact else str(bool(where))


def _links(
    module: str, repository: str, looks: Iterable[Look], seen: Iterable[Seen]
) -> Iterator[tuple[str, str]]:
    """Yield the own paths that lead elsewhere than they say, and where they lead."""
    for look, (_, contents) in zip(looks, seen, strict=True):
        if look.base[:1] == "/":
            continue
        directory = os.path.normpath(record_directory(module, look.base))
        paths = [directory]
        paths += [
            f"{directory}/{name}"
            for name, content in zip(look.names, contents, strict=True)
            if content != ABSENT and os.path.islink(f"{directory}/{name}")
        ]
        for path in paths:
            real = os.path.realpath(path)
            if real != path:
                inside = f"{real}/".startswith(f"{repository}/")
                leads = _relative(real, module) if inside else real
                yield _relative(path, module), leads


def is_absence(content: bytes) -> bool:
    """Say whether a content is that of nothing, or means as much."""
    kind = kind_of(content)
    return content == ABSENT or (may_be_absent(kind) and content == meaning_of(kind, b""))


def _relative(path: str, module: str) -> str:
    return "" if path == module else os.path.relpath(path, module)
