"""Shared manifest: what a build depended on, for machines that have other places for it.

It tells what its key does not: what go brought along and fetched, each file by its content; what
is needed to start the executable; and the facts that the key was made of, so that a miss can be
explained.

Decides what of a manifest is told elsewhere, and whether bytes from there are such. What strangers
write may have us look below two roots, and nowhere else.
"""

from __future__ import annotations

from typing import NamedTuple

from gorun_tasks.core.store import Manifest
from gorun_tasks.inputs.semantic_digest import kind_of
from gorun_tasks.storage.remote.canonical import NotCanonical, decode, encode
from gorun_tasks.storage.remote.messages import LARGEST_EXECUTABLE
from gorun_tasks.storage.remote.path_set import KINDS, is_mode, is_name, is_place, plain
from gorun_tasks.storage.remote.portable import Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from gorun_tasks.core.fingerprint import Detail, Key, Record
    from gorun_tasks.storage.remote.observation import Told
    from gorun_tasks.storage.remote.portable import Taken

_VERSION = 3
_DIGITS = frozenset("0123456789abcdef")
_DIGEST = 64  # digits of a SHA-256


class SharedManifest(NamedTuple):
    """A manifest without anything of a machine.

    `strong` is the key under which it is to be found. `digest`, `size` and `name` are of the
    executable, unpacked, and `puts_go_in_path` says whether the program finds GOROOT/bin in its
    PATH. `toolchain` and `modules` are records below GOROOT and the module cache. `facts` is what
    was there, and `milliseconds` how long go built, 0 where that is not known.
    """

    version: int
    strong: str
    digest: str
    size: int
    name: str
    go_version: str
    puts_go_in_path: int
    cgo: int
    defaults: dict[str, str]
    toolchain: tuple[Told, ...]
    modules: tuple[Told, ...]
    facts: Facts
    milliseconds: int

    @classmethod
    def of(cls, strong: str, manifest: Manifest, taken: Taken, built: tuple[float, int]) -> Self:
        """Return what is told of a manifest, which was taken apart.

        `built` says for how many seconds go did so, and how large the executable is.
        """
        seconds, size = built
        return cls(
            _VERSION,
            strong,
            manifest.digest,
            size,
            manifest.name,
            manifest.go_version,
            int(bool(manifest.goroot_bin)),
            int(manifest.cgo),
            dict(manifest.defaults),
            _told(taken, "GOROOT"),
            _told(taken, "GOMODCACHE"),
            taken.facts,
            int(seconds * 1000),
        )

    def encoded(self) -> bytes:
        """Return its canonical bytes. Raises NotCanonical."""
        return encode(plain(self))

    @classmethod
    def decoded(cls, data: bytes) -> Self:
        """Return what these bytes tell. Raises NotCanonical for anything else."""
        value = decode(data)
        try:
            found = cls(*value)  # type: ignore[misc]
            found = found._replace(facts=Facts(*found.facts))
            sound = _is_sound(found)
        except (TypeError, ValueError, AttributeError) as error:
            raise NotCanonical("no manifest") from error
        if not sound:
            raise NotCanonical("a manifest that tells what it must not")
        return found

    def records(self, role: str) -> Iterator[tuple[Record, Detail]]:
        """Yield the records of a role, "GOROOT" or "GOMODCACHE", without stats."""
        for base, names, detail in self.toolchain if role == "GOROOT" else self.modules:
            yield (base, None, names, ()), detail

    def manifest(self, key: Key) -> Manifest:
        """Return a manifest for here, in which is nothing of this machine yet.

        `key` is the stat of the executable.
        """
        return Manifest(
            self.digest,
            self.name,
            key,
            environment=(),
            defaults=dict(self.defaults),
            lookups=(),
            links=(),
            tables=(),
            goroot_bin="GOROOT/bin" if self.puts_go_in_path else "",
            wrapper=(),
            cgo=bool(self.cgo),
            go_version=self.go_version,
            recorded=0.0,
        )


def _told(taken: Taken, role: str) -> tuple[Told, ...]:
    return tuple(sorted((r[0], r[2], detail) for r, detail in taken.records(role)))


def _is_sound(found: SharedManifest) -> bool:
    strings = (*found.defaults, *found.defaults.values(), found.go_version)
    numbers = (found.size, found.puts_go_in_path, found.cgo, found.milliseconds)
    return (
        found.version == _VERSION
        and len(found.digest) == _DIGEST
        and _DIGITS.issuperset(found.digest)
        and is_name(found.name)
        and all(isinstance(text, str) for text in strings)
        and all(isinstance(number, int) for number in numbers)
        and 0 <= found.size <= LARGEST_EXECUTABLE
        and all(isinstance(told, tuple) for told in (found.toolchain, found.modules))
        and all(map(_is_told, (*found.toolchain, *found.modules)))
        and _are_facts(found.facts)
    )


def _are_facts(facts: Facts) -> bool:
    pairs = (*facts.links, *facts.values, *facts.inside, *facts.fixed)
    tuples = (facts.seen, facts.links, facts.commands, facts.values, facts.inside, facts.fixed)
    return (
        all(isinstance(many, tuple) for many in tuples)
        and all(_are(str, listing) and _are(bytes, contents) for listing, contents in facts.seen)
        and all(_are(str, pair) and len(pair) == 2 for pair in pairs)  # noqa: PLR2004 - a pair
        and all(_are(str, command) and len(command) > 1 for command in facts.commands)
        and isinstance(facts.go, bytes)
    )


def _are(kind: type, values: object) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, kind) for value in values)


def _is_told(told: Told) -> bool:
    base, names, (mode, further, listing, contents) = told
    return (
        is_place(base)
        and is_mode(mode)
        and all(isinstance(many, tuple) for many in (names, further, listing, contents))
        and all(map(is_name, (*names, *further)))
        and all(isinstance(entry, str) for entry in listing)
        and len(names) == len(contents)
        and all(isinstance(content, bytes) for content in contents)
        and {*map(kind_of, contents)} <= {*KINDS}
    )
