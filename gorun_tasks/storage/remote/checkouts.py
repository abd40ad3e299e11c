"""Checkouts: what one checkout of this user has built, another one starts. The store is the place.

A build with -trimpath is offered after it was recorded: under its weak key stand the path set, the
strong key, and the program whose manifest has the rest. So an offer has no copy of anything, and is
worth as much as that manifest.

Decides whether an offer is of what is here. All that was recorded is compared by content, wherever
it is by now; then this checkout gets a manifest of its own. It must never start go, nor take what
differs in anything.
"""

from __future__ import annotations

import hashlib
import os

from gorun_tasks.closure.recorder import Closure, Section, table_names
from gorun_tasks.core.fingerprint import key_at
from gorun_tasks.core.store import frame, read_file, unframe
from gorun_tasks.inputs.digest import ABSENT, DIRECTORY, is_executable_of
from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.inputs.semantic_digest import SUMS
from gorun_tasks.storage.publisher import Publisher
from gorun_tasks.storage.remote.canonical import NotCanonical
from gorun_tasks.storage.remote.keys import strong_key, weak_key
from gorun_tasks.storage.remote.machine import Machine, Unlike, refuse_links, repository_of
from gorun_tasks.storage.remote.observation import Observation
from gorun_tasks.storage.remote.path_set import PathSet
from gorun_tasks.storage.remote.portable import Taken, digest_of, facts_of, is_absence
from gorun_tasks.storage.remote.vouched import with_compilers
from gorun_tasks.storage.writer import MANIFESTS_KEPT, StoreUnusable
from gorun_tasks.system.clock import wait_past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gorun_tasks.core.fingerprint import Detail, Record
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import InputTable, Manifest, Store
    from gorun_tasks.storage.remote.portable import Facts, Seen

    Entry = tuple[str, str, str, tuple[str, ...], str]
    """Strong key, digest of the path set, key and identity of a program, digest of its
    executable."""

FOLDER = "shared"
_SETS, _ENTRIES = 8, 64  # at most, under one weak key
_TRIES = 2  # looks, where something changed within the clock's tick


class _Offers:
    """What is offered under one weak key, newest first."""

    def __init__(self, store: Store, weak: bytes) -> None:
        self._weak = weak
        self.name = hashlib.sha256(weak).hexdigest()[:32]
        self.sets: dict[str, bytes] = {}
        self.entries: tuple[Entry, ...] = ()
        try:
            stored, sets, entries = unframe(read_file(f"{store.root}/{FOLDER}/{self.name}"))
            if stored == weak:
                self.sets, self.entries = sets, entries
        except (OSError, ValueError, TypeError):
            pass  # there are none, or it is damaged

    def add(self, entry: Entry, path_set: bytes) -> None:
        """Take an offer in, as the newest."""
        self.sets[entry[1]] = path_set
        kept = {entry: None}
        for other in self.entries:
            # Of each program there are so many manifests.
            if sum(other[2] == one[2] for one in kept) < MANIFESTS_KEPT:
                kept[other] = None
        self.entries = tuple(kept)[:_ENTRIES]
        used = [*dict.fromkeys(entry[1] for entry in self.entries)][:_SETS]
        self.entries = tuple(entry for entry in self.entries if entry[1] in used)
        self.sets = {name: self.sets[name] for name in used}

    def of_others(self, identity: tuple[str, ...]) -> list[tuple[bytes, list[Entry]]]:
        """Return the path sets, each with the offers of other programs."""
        others = [entry for entry in self.entries if entry[3] != identity]
        found = ((packed, [e for e in others if e[1] == n]) for n, packed in self.sets.items())
        return [one for one in found if one[1]]

    def framed(self) -> bytes:
        """Return what is written of them."""
        return frame((self._weak, self.sets, self.entries), None)


def offer(machine: Machine, manifest: Manifest, publisher: Publisher) -> None:
    """Offer a build with -trimpath that was just recorded to other checkouts.

    Trouble costs the offer only.
    """
    program = machine.program
    store = program.store.reopened()
    try:
        taken = Taken(machine, manifest, tables_of(store, manifest), store.executable(manifest))
        packed, weak = taken.path_set.encoded(), weak_key(program)
        name = hashlib.sha256(packed).hexdigest()
        strong = strong_key(weak, taken.path_set, taken.facts)
        entry = (strong, name, program.key, program.identity, manifest.digest)
        publisher.offer(_Offers(store, weak).name, lambda: _added(store, weak, entry, packed))
    except (Unlike, NotCanonical, StoreUnusable, OSError, ValueError):
        return


def _added(store: Store, weak: bytes, entry: Entry, packed: bytes) -> bytes:
    offers = _Offers(store, weak)
    offers.add(entry, packed)
    return offers.framed()


def fetch(machine: Machine) -> Manifest | None:
    """Return a manifest for what another checkout has built of this very content, if any has.

    It is for programs that are built with -trimpath.
    """
    program = machine.program
    store = program.store.reopened()
    try:
        if not store.trusted() or program.never_recorded():
            return None
        publisher = Publisher.of(store)
        weak = weak_key(program)
        offers = _Offers(store, weak).of_others(program.identity)
        for _ in range(_TRIES if offers else 0):
            observation = Observation(publisher.known(program.key, program.identity))
            manifest, closure = _fitting(machine, weak, offers, observation)
            if not observation.unsettled:
                publisher.take_over(program, manifest, closure)
                program.store.forget_tables()
                return manifest
            wait_past(observation.began)
    except (Unlike, NotCanonical, StoreUnusable, OSError, ValueError):
        pass
    return None


def _fitting(
    machine: Machine,
    weak: bytes,
    offers: Iterable[tuple[bytes, list[Entry]]],
    observation: Observation,
) -> tuple[Manifest, Closure]:
    """Return a manifest, and the closure, of an offer that is of what is here. Raises Unlike."""
    for packed, entries in offers:
        try:
            here = Here(machine, PathSet.decoded(packed), observation)
            strong = strong_key(weak, here.path_set, here.facts)
        except (Unlike, NotCanonical):
            continue
        for entry in entries:
            if entry[0] == strong:
                try:
                    return here.complete(entry)
                except Unlike:
                    continue
    raise Unlike("no other checkout has built this")


class Here:
    """What is here of a path set: the facts, and the records of the program's own part."""

    def __init__(
        self,
        machine: Machine,
        path_set: PathSet,
        observation: Observation,
        there: Facts | None = None,
    ) -> None:
        """Look at it. Where no go is here, `there` tells with what C was compiled.

        Raises Unlike.
        """
        self.path_set = path_set
        self.machine = machine
        self._observation = observation
        self.module = _module_at(machine.program.directory, path_set.place)
        self._repository = repository_of(self.module)
        words = machine.program.target.words if path_set.by_words else ()
        names = table_names(machine.goroot, machine.modules, self.module, words)
        places = (machine.goroot, machine.modules, self.module)
        roles = ("GOROOT", "GOMODCACHE", "module")
        found = zip(names, roles, places, strict=True)
        self._sections = [Section(*one) for one in found if one[2]]
        seen = tuple(self._looks())
        self._surroundings()
        self.facts: Facts = facts_of(machine, self.module, path_set, seen, self._commands())
        if there is not None:
            self.facts = with_compilers(self.facts, there, path_set.looks, machine)

    def complete(self, entry: Entry) -> tuple[Manifest, Closure]:
        """Return a manifest for here, and the closure, from the one that an offer names.

        Raises Unlike where something that go brought along, or fetched, is another here.
        """
        store = self.machine.program.store
        _, _, key, identity, digest = entry
        manifests = store.manifests(key, identity)
        manifest = next((m for m in manifests if m.digest == digest), None)
        if manifest is None or not _is_sound(store, manifest):
            raise Unlike("the offer is no longer in the store")
        identities = dict(manifest.tables)
        tables = {table.root_name: table for table in tables_of(store, manifest)}
        for section in self._sections[:-1]:
            table = tables.get(section.root_name)
            records = []
            if table is not None:
                asked = identities[table.name]
                records = self._observation.alike(table, asked, section.root)
            self.take(section.root_name, records)
        return manifest, self.closure(manifest)

    @property
    def program(self) -> ProgramSpec:
        """The program that is asked for."""
        return self.machine.program

    @property
    def has_go(self) -> bool:
        """Whether there is a go here, whose files are compared."""
        return self.machine.elsewhere is None

    def root(self, role: str) -> str:
        """Return where is what go brought along ("GOROOT"), or fetched ("GOMODCACHE")."""
        return next(section.root for section in self._sections if section.root_name == role)

    def take(
        self,
        role: str,
        records: list[tuple[Record, Detail]],
        told: Iterable[tuple[Record, Detail]] | None = None,
    ) -> None:
        """Take what is here under such a root. Raises Unlike where that is not what was read.

        `told` is what was read, where some of that is not here.
        """
        path_set = self.path_set
        expected, version = path_set.modules, ""
        if role == "GOROOT":
            expected, version = path_set.toolchain, path_set.go_version
        if digest_of(records if told is None else told, version) != expected:
            raise Unlike(f"{role} was another")
        section = next(section for section in self._sections if section.root_name == role)
        for record, detail in records:
            section.add(record, detail)

    def path(self, base: str, name: str) -> str:
        """Return the path here of a name at a look."""
        return os.path.normpath(os.path.join(self.module, base, name))

    def closure(self, manifest: Manifest) -> Closure:
        """Return what a build depends on here. Its manifest is as of elsewhere, and becomes ours.

        All that it read has been taken by then.
        """
        machine = self.machine
        goroot_bin = f"{machine.goroot}/bin" if machine.goroot else ""
        manifest.goroot_bin = manifest.goroot_bin and goroot_bin
        defaults = {n: v for n, v in manifest.defaults.items() if not machine.is_set(n)}
        if not self.has_go and not machine.program.variable("CGO_ENABLED"):
            defaults["CGO_ENABLED"] = machine.setting("CGO_ENABLED")  # of who published
        return Closure(
            machine.environment(),
            {name: value for name, value in defaults.items() if value},
            tuple((name, machine.where(name)) for name in self._names()),
            ((machine.command, os.path.realpath(machine.command)),) if machine.command else (),
            [section for section in self._sections if section.records],
        )

    def _names(self) -> Iterator[str]:
        """Yield the commands that go looks up in PATH, itself first."""
        names = self.machine.go_name, *self.path_set.commands, self.machine.switched
        yield from dict.fromkeys(filter(None, names))

    def _looks(self) -> Iterator[Seen]:
        """Yield what is at each look, and record it."""
        for look in self.path_set.looks:
            where = look.base
            if where[:1] != "/":
                where = os.path.normpath(f"{self.module}/{where}")
                if not f"{where}/".startswith(f"{self._repository}/"):
                    raise Unlike(f"{where} is not in the repository")
            named = zip(look.names, look.kinds, strict=True)
            yield self._add(where, named, (look.mode, look.further))

    def _surroundings(self) -> None:
        """Record what is absent above the repository and in GOPATH, and the go env file."""
        machine, path_set = self.machine, self.path_set
        for names, directories in (
            (path_set.above, upwards(os.path.dirname(self._repository))),
            (path_set.gopath, (machine.gopath,)),
        ):
            for directory in directories if names else ():
                _, contents = self._add(directory, ((name, _kind(name)) for name in names))
                for name, content in zip(names, contents, strict=True):
                    if not is_absence(content):
                        raise Unlike(f"{directory.rstrip('/')}/{name} is only here")
        if machine.env_file:
            directory, _, name = machine.env_file.rpartition("/")
            self._add(directory, [(name, (*path_set.env_file, b"")[0])])

    def _commands(self) -> tuple[bytes, dict[tuple[str, str], bytes]]:
        """Record the go command, and where C is compiled what PATH has; return their contents."""
        machine = self.machine
        if machine.elsewhere is not None and machine.command and self.path_set.uses_c:
            raise Unlike("a go that is here would decide about C once it has its toolchain")
        paths = [machine.where(machine.go_name), machine.command]
        if machine.switched:
            paths.append(f"{machine.toolchain}/bin/go")
        go = b""
        for path in dict.fromkeys(filter(None, paths)):
            directory, _, name = path.rpartition("/")
            _, (go,) = self._add(directory, [(name, b"")])
        found = {}
        if self.path_set.uses_c:
            for directory, name in machine.in_path(self.path_set.commands):
                _, (found[directory, name],) = self._add(directory, [(name, b"")])
        if machine.elsewhere is not None:
            for (directory, name), content in found.items():
                known = (directory, name, content.hex()) in machine.elsewhere.commands
                if not known and content not in (ABSENT, DIRECTORY):
                    raise Unlike(f"{directory}/{name} is another")
            return machine.elsewhere.go, {}
        return go, found

    def _add(
        self,
        directory: str,
        names: Iterable[tuple[str, bytes]],
        how: tuple[str, tuple[str, ...]] = ("", ()),
    ) -> Seen:
        where = directory if directory != "/" else ""
        section = next((s for s in self._sections if s.holds(where)), self._sections[-1])
        base = where[len(section.root) + 1 :] if section.holds(where) else directory
        record, detail = self._observation.directory(where, base, how, names)
        section.add(record, detail)
        return detail[2], detail[3]


def _module_at(directory: str, place: str) -> str:
    """Return the module of which a directory is at this place. Raises Unlike."""
    module = directory.removesuffix(f"/{place}") if place else directory
    if place and module == directory:
        raise Unlike("go runs elsewhere in the module")
    refuse_links(module)
    refuse_links(directory)
    return module


def tables_of(store: Store, manifest: Manifest) -> list[InputTable]:
    """Return the tables of a manifest. Raises Unlike where one is gone."""
    tables = [store.table(name) for name, _ in manifest.tables]
    if None in tables:
        raise Unlike("the store no longer knows what was read")
    return [table for table in tables if table is not None]


def _is_sound(store: Store, manifest: Manifest) -> bool:
    """Say whether the executable is there, and is what was published; note its stat."""
    path = store.executable(manifest)
    key = key_at(path)
    if key is None or (key != manifest.key and not is_executable_of(path, manifest.digest)):
        return False
    manifest.key = key
    return True


def _kind(name: str) -> bytes:
    return SUMS if name in ("go.sum", "go.work.sum") else b""
