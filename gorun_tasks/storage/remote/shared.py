"""Shared builds: what one machine has published in a place, another one starts.

Under the weak key is an index: path sets, each with the strong keys of what was built last. Under a
strong key is the result: an executable and a manifest. A writer puts contents first, then the
result, and the index last; of two that write an index at once, one may lose its entry to it where
the place cannot tell.

Decides what is written of a build, and whether a result is of what is here: all that was read is
compared by content. It must never start go, name an executable before its content was compared, nor
publish what was not built from what go.sum names.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import time
from tempfile import TemporaryFile

from gorun_tasks.core.fingerprint import key_of
from gorun_tasks.errors import in_one_line
from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.inputs.verdict import judge
from gorun_tasks.storage.publisher import Publisher
from gorun_tasks.storage.remote.canonical import LARGEST, NotCanonical, decode, encode
from gorun_tasks.storage.remote.checkouts import Here, tables_of
from gorun_tasks.storage.remote.keys import module_of, strong_key, weak_key
from gorun_tasks.storage.remote.machine import (
    Machine,
    NoToolchain,
    Toolchain,
    Unlike,
    has_go,
    settings_of,
)
from gorun_tasks.storage.remote.messages import action_key, digest_of
from gorun_tasks.storage.remote.observation import Observation
from gorun_tasks.storage.remote.packed import Unpacking, pack
from gorun_tasks.storage.remote.path_set import PathSet, plain
from gorun_tasks.storage.remote.place import Changed, Digest, Missing, Result
from gorun_tasks.storage.remote.portable import Taken
from gorun_tasks.storage.remote.savings import note
from gorun_tasks.storage.remote.shared_manifest import SharedManifest
from gorun_tasks.storage.remote.sums import read_sums, refuse_edited
from gorun_tasks.storage.remote.vouched import as_told, has_absent
from gorun_tasks.storage.staged_executable import StagedExecutable
from gorun_tasks.storage.writer import StoreUnusable
from gorun_tasks.system import console, host
from gorun_tasks.system.clock import wait_past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO

    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import Manifest
    from gorun_tasks.core.vcs_stamp import Facts as GitFacts
    from gorun_tasks.storage.remote.place import Place

    Row = tuple[bytes, Toolchain, tuple[str, ...]]
    """A path set as it is encoded, what built, and strong keys, the newest first."""

_SETS, _KEYS = 16, 64  # at most: path sets in an index, and strong keys of each
_ROUNDS = 8  # of writing an index that others write too; in each of them one succeeds
_TRIES = 2  # looks, where something changed within the clock's tick
_HEX = frozenset("0123456789abcdef")
_KEY = 64  # digits of a strong key


def publish(
    program: ProgramSpec,
    manifest: Manifest,
    facts: GitFacts | None,
    place: Place,
    scope: str,
    *,
    seconds: float = 0.0,
) -> bool:
    """Publish a recorded build that describes what is here. What is known there is not sent again.

    go built for `seconds`, 0 where that is not known. Returns whether it is one for other paths
    than those here. Raises Unlike where it is none for elsewhere, PlaceUnusable and WriteRefused.
    """
    store = program.store.reopened()
    executable = store.executable(manifest)
    try:
        machine = Machine(program, facts)
        if manifest.wrapper:
            raise Unlike("it is started by a command of this machine")
        taken = Taken(machine, manifest, tables_of(store, manifest), executable)
        if has_absent(taken.records("GOMODCACHE")):
            raise Unlike("it was built elsewhere, from modules that are not here")
        packed, weak = taken.path_set.encoded(), weak_key(program, scope)
        strong = strong_key(weak, taken.path_set, taken.facts)
        is_known = _is_known(place, (weak, packed, strong), scope)
        if not is_known:
            refuse_edited(machine.modules, taken.records("GOMODCACHE"), read_sums(_sums_of(taken)))
        # After all that was read above: it may have been another content.
        if not _describes_here(program, manifest):
            raise Unlike("something has changed since it was built")
        if not is_known:
            with TemporaryFile() as file:
                with open(executable, "rb") as source:
                    content, compressed = pack(source, file)
                if content.hash != manifest.digest:
                    raise Unlike("the stored executable is not what was built")
                told = SharedManifest.of(strong, manifest, taken, (seconds, content.size)).encoded()
                files = {"executable": compressed, "manifest": digest_of(told)}
                with contextlib.suppress(Changed):  # somebody else has published just this
                    put(place, (strong.encode(), scope), Result(files), told, file)
            settings = settings_of(machine.goroot)
            settings["CGO_ENABLED"] = dict(taken.facts.values)["CGO_ENABLED"]  # or by go itself
            toolchain = Toolchain(taken.facts.go, settings, taken.facts.commands)
            add_to_index(place, (weak, scope), (packed, toolchain, (strong,)))
    except (NotCanonical, OSError, ValueError) as error:
        raise Unlike(str(error)) from error
    except Missing as error:
        raise Unlike("the stored executable is not what was published") from error
    return machine.trimmed


def fetch(
    program: ProgramSpec, facts: GitFacts | None, place: Place, scope: str
) -> Manifest | None:
    """Return a manifest for what somebody has published of this very content, if anybody has.

    Raises PlaceUnusable.
    """
    began = time.perf_counter()
    try:
        if program.never_recorded():
            return None
        publisher = Publisher.of(program.store.reopened())
        published = Published(program, facts, place, scope)
        for _ in range(_TRIES if published.index else 0):
            observation = Observation(publisher.known(program.key, program.identity))
            here, told, digest = _fitting(published, observation)
            if not observation.unsettled:
                manifest = _taken_over(publisher, here, told, (place, digest))
                program.store.forget_tables()
                took = time.perf_counter() - began
                saved = told.milliseconds / 1000 - took
                note(program.store, digest.size, saved)
                if not here.has_go:
                    _say_which_go(published.index, told.go_version)
                return manifest
            wait_past(observation.began)
    except (Unlike, NotCanonical, Missing, StoreUnusable, OSError, ValueError):
        pass
    return None


def add_to_index(place: Place, key: tuple[bytes, str], row: Row) -> None:
    """Add to an index, to which others may have added meanwhile: weak key and scope."""
    for _ in range(_ROUNDS):
        content = encode(plain(_with(_index(place, *key), row)))
        with contextlib.suppress(Changed):
            put(place, key, Result({"index": digest_of(content)}), content)
            return


class Published:
    """What is published of one program, in the order in which it is to be compared."""

    def __init__(
        self, program: ProgramSpec, facts: GitFacts | None, place: Place, scope: str
    ) -> None:
        """Ask the place for it. Raises Unlike and NotCanonical, PlaceUnusable, OSError."""
        self.program = program
        self.weak = weak_key(program, scope)
        self.index = _index(place, self.weak, scope)
        self.results = Results(place, scope)
        self._facts = facts
        self._machine: Machine | None = None
        named, plus, _ = program.environ.get("GOTOOLCHAIN", "").partition("+")
        wanted = named if named.startswith("go") and not plus else ""
        if has_go(program):
            try:
                self._machine = Machine(program, facts)
            except NoToolchain as absent:
                wanted = absent.name
        if self._machine is None:
            self.index = _preferred(self.index, program, wanted)

    def here(self, row: Row, observation: Observation) -> Here:
        """Return what is here of a row of the index. Raises Unlike and NotCanonical."""
        packed, toolchain, keys = row
        path_set = PathSet.decoded(packed)
        if self._machine is not None:
            return Here(self._machine, path_set, observation)
        machine = Machine(self.program, self._facts, toolchain)
        newest = self.results.of("".join(keys[:1]))[0].facts if path_set.uses_c else None
        return Here(machine, path_set, observation, newest)

    def result(self, here: Here, row: Row) -> tuple[SharedManifest, Digest]:
        """Return what was published of the very contents that are here. Raises Unlike."""
        keys, strong = row[2], strong_key(self.weak, here.path_set, here.facts)
        # Of what was published before the newest so many, the index knows no more.
        if strong not in keys and len(keys) < _KEYS:
            raise Unlike("nobody has published this")
        return self.results.of(strong)


class Results:
    """What strong keys lead to, asked for once each."""

    def __init__(self, place: Place, scope: str) -> None:
        self._place = place
        self._scope = scope
        self._found: dict[str, tuple[SharedManifest, Digest] | None] = {}

    def of(self, strong: str) -> tuple[SharedManifest, Digest]:
        """Return a manifest, and the digest of the packed executable. Raises Unlike."""
        if strong not in self._found:
            self._found[strong] = None
            self._found[strong] = self._ask(strong)
        found = self._found[strong]
        if found is None:
            raise Unlike("its contents are gone")
        return found

    def _ask(self, strong: str) -> tuple[SharedManifest, Digest]:
        key, _ = action_key(strong.encode(), self._scope)
        result = self._place.result(key)
        if result is None or "executable" not in result.files:
            raise Unlike("its contents are gone")
        try:
            told = SharedManifest.decoded(small_content(self._place, result, "manifest"))
        except (Missing, NotCanonical) as error:
            raise Unlike("its manifest is gone, or none") from error
        if told.strong != strong:
            raise Unlike("its manifest is that of another build")
        return told, result.files["executable"]


def _fitting(published: Published, observation: Observation) -> tuple[Here, SharedManifest, Digest]:
    """Return what is here, and what was published of just that. Raises Unlike."""
    for row in published.index:
        try:
            here = published.here(row, observation)
            told, digest = published.result(here, row)
            take(here, told, observation)
        except (Unlike, NotCanonical, ValueError):
            continue
        return here, told, digest
    raise Unlike("nobody has published this")


def take(here: Here, told: SharedManifest, observation: Observation) -> None:
    """Take what is here of all that go brought along and fetched. Raises Unlike if it differs."""
    if here.has_go:
        here.take("GOROOT", observation.as_told(told.toolchain, here.root("GOROOT")))
    modules = as_told(observation, told.modules, here.root("GOMODCACHE"))
    here.take("GOMODCACHE", modules, told.records("GOMODCACHE"))


def _preferred(index: tuple[Row, ...], program: ProgramSpec, wanted: str) -> tuple[Row, ...]:
    """Return an index in the order in which toolchains stand for one that is not here.

    First that which go.mod names by a `toolchain` line, then the newest release. Where go would
    take the `wanted` one, no other.
    """
    line = re.search(rb"(?m)^toolchain[ \t]+(\S+)", bytes_of(f"{module_of(program)}/go.mod"))
    named = line[1].decode(errors="replace") if line else ""

    def rank(row: Row) -> tuple[bool, list[int]]:
        version = _version(row)
        return version == named, [int(n) for n in re.findall(r"\d{1,9}", version)]

    rows = (row for row in index if wanted in ("", _version(row)))
    return tuple(sorted(rows, key=rank, reverse=True))


def _version(row: Row) -> str:
    try:
        return PathSet.decoded(row[0]).go_version.split(" ")[0]
    except NotCanonical:
        return ""


def _say_which_go(index: tuple[Row, ...], version: str) -> None:
    """Say which toolchain was taken where none is here, if there was a choice."""
    if len({*map(_version, index)} - {""}) > 1:
        console.say(in_one_line(f"no go is here; what {version} built elsewhere is started"))


def _taken_over(
    publisher: Publisher, here: Here, told: SharedManifest, source: tuple[Place, Digest]
) -> Manifest:
    """Bring an executable into the store, then what it depends on here. Raises Missing, OSError."""
    place, digest = source
    folder = publisher.work()
    path = f"{folder}/{told.name}"
    try:
        with open(path, "xb", opener=lambda path, flags: os.open(path, flags, 0o777)) as file:
            unpacking = Unpacking(Digest(told.digest, told.size), file.write)
            place.read(digest, unpacking.write)
            unpacking.end()
        # What came has this digest, and is brought to the disk once placed.
        staged = StagedExecutable(path, told.digest, in_a_hurry=True)
        if here.path_set.uses_c and not here.has_go:
            _refuse_without_libraries(path, here.program)
        placed = publisher.place(staged)
        staged.sync()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    manifest = told.manifest(key_of(os.stat(placed)))
    publisher.take_over(here.program, manifest, here.closure(manifest))
    return manifest


def _refuse_without_libraries(path: str, program: ProgramSpec) -> None:
    """Raise Unlike, and say so, where an executable cannot be loaded: nobody can build another."""
    trouble = host.why_not_loaded(path, program.environ)
    if trouble:
        trouble = in_one_line(trouble.replace(path, os.path.basename(path)))
        console.say(f"a published build is not for this machine: {trouble}")
        raise Unlike(trouble)


def _describes_here(program: ProgramSpec, manifest: Manifest) -> bool:
    """Say whether all is still as it was recorded: what is published was read here just now."""
    now = judge(program.with_own_store()).manifest
    return now is not None and (now.digest, now.tables) == (manifest.digest, manifest.tables)


def _is_known(place: Place, entry: tuple[bytes, bytes, str], scope: str) -> bool:
    """Say whether a build is there with all its contents: weak key, path set, strong key."""
    weak, packed, strong = entry
    index = _index(place, weak, scope)
    if not any(known == packed and strong in keys for known, _, keys in index):
        return False
    result = place.result(action_key(strong.encode(), scope)[0])
    return result is not None and not place.lacking([*result.files.values()])


def put(
    place: Place,
    key: tuple[bytes, str],
    result: Result,
    content: bytes,
    executable: BinaryIO | None = None,
) -> None:
    """Have a key lead to a result: to one small content, and a packed executable."""
    name, small = action_key(*key)
    small[digest_of(content)] = content
    for digest in place.lacking([*small, *result.files.values()]):
        if digest in small:
            place.put(digest, io.BytesIO(small[digest]))
        elif executable is not None:
            executable.seek(0)
            place.put(digest, executable)
    place.put_result(name, result)


def _index(place: Place, weak: bytes, scope: str) -> tuple[Row, ...]:
    """Return what is known of a weak key, () for nothing that could be used."""
    result = place.result(action_key(weak, scope)[0])
    try:
        found: Any = decode(small_content(place, result, "index")) if result is not None else ()
        rows = tuple((packed, Toolchain(*told), keys) for packed, told, keys in found)
        return rows if len(rows) <= _SETS and all(map(_is_row, rows)) else ()
    except (Missing, NotCanonical, TypeError, ValueError, AttributeError):
        return ()


def _is_row(row: Row) -> bool:
    packed, told, keys = row
    settings = (*told.settings, *told.settings.values())
    words = (word for command in told.commands for word in command)
    return (
        isinstance(packed, bytes)
        and isinstance(told.commands, tuple)
        and isinstance(told.go, bytes)
        and all(isinstance(word, str) for word in (*settings, *words))
        and isinstance(keys, tuple)
        and len(keys) <= _KEYS
        and all(len(key) == _KEY and _HEX.issuperset(key) for key in keys)
    )


def _with(index: tuple[Row, ...], row: Row) -> tuple[Row, ...]:
    """Return an index in which what this row has is the newest."""
    packed, told, new = row
    known = next((keys for other, _, keys in index if other == packed), ())
    keys = tuple(dict.fromkeys((*new, *known)))[:_KEYS]
    return ((packed, told, keys), *(other for other in index if other[0] != packed))[:_SETS]


def small_content(place: Place, result: Result, name: str) -> bytes:
    """Return a small content of a result. Raises Missing."""
    if name in result.inline:
        return result.inline[name]
    digest = result.files.get(name)
    if digest is None or digest.size > LARGEST:
        raise Missing
    parts: list[bytes] = []
    place.read(digest, parts.append)
    return b"".join(parts)


def _sums_of(taken: Taken) -> Iterable[str]:
    """Yield the files with sums that go read."""
    for look in taken.path_set.looks:
        for name in look.names:
            if name.endswith(".sum"):
                yield os.path.normpath(os.path.join(taken.module, look.base, name))
