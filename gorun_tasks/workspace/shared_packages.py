"""Shared packages: which main packages a tree has, as a go elsewhere has told.

Where no go is here nobody can be asked which programs there are, and so no name would lead to what
others have built. Who publishes builds publishes this answer, too, under a key of all that decides
it: flags, variables, and of each directory the names that count and the heads of its Go files.

Decides whether an answer from elsewhere is one for the tree that is here. It must never start go,
nor take a directory from elsewhere that is not below the root.
"""

from __future__ import annotations

import contextlib
import hashlib
import os

from gorun_tasks.build.sharing import NOT_SHARED, is_asked_to_publish, use_places
from gorun_tasks.core.fingerprint import is_settled, look_up
from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.go_variables import ENVIRONMENT
from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.storage.remote.canonical import NotCanonical, decode, encode
from gorun_tasks.storage.remote.machine import Machine, Toolchain, Unlike, has_go
from gorun_tasks.storage.remote.messages import action_key, digest_of
from gorun_tasks.storage.remote.place import Changed, Missing, Result
from gorun_tasks.storage.remote.shared import put, small_content
from gorun_tasks.storage.remote.toolchain_choice import PLATFORM
from gorun_tasks.system import host
from gorun_tasks.workspace.discovery import discover, is_known
from gorun_tasks.workspace.own_tree import CONFIGURED_BY, OwnTree
from gorun_tasks.workspace.package_facts import OF_GIT, names_in, record_of
from gorun_tasks.workspace.packages import Found, Main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gorun_tasks.api import Program
    from gorun_tasks.config.patterns import Pattern
    from gorun_tasks.core.fingerprint import Record
    from gorun_tasks.storage.remote.canonical import Value
    from gorun_tasks.storage.remote.place import Place
    from gorun_tasks.workspace.packages import Fact

_SCHEMA = 1  # of the key; raised whenever something else decides what main packages there are
_FILE = "index"  # of a result
_MODULE_FILES = ("go.mod", "go.work")
_OTHER_FILES = ("-modfile", "-overlay")  # flags that name files which are not among the facts
_NO_TOOLCHAIN = Toolchain(b"", {}, ())


class _Survey:
    """A tree as it is here: what is in it, and what the key of an answer is made of."""

    def __init__(self, asker: Program, include: Sequence[Pattern]) -> None:
        """Look at the tree. Raises Unlike where more than what is below the root decides."""
        self.root = asker.cwd
        self.began = host.file_clock()
        self.rows: list[tuple[Record, Fact]] = []
        self.directories: set[str] = set()
        self._asker, self._include = asker, include
        machine = Machine(asker, None, None if has_go(asker) else _NO_TOOLCHAIN)
        flags = " ".join((*asker.flags.words, machine.setting("GOFLAGS")))
        above = (f"{way}/{name}" for way in list(upwards(self.root))[1:] for name in _MODULE_FILES)
        if (
            machine.setting("GOWORK") not in ("", "off")
            or any(word in flags for word in _OTHER_FILES)
            or any(map(os.path.lexists, above))
        ):
            raise Unlike("what decides is not below the root")
        self._values = machine.values({}, uses_c=False)
        self.tree = OwnTree(self.root, asker.environ, include, machine.modules)
        try:
            self._facts: tuple[Value, ...] = tuple(self._walk(self.root))
        finally:
            self.tree.close()

    def _walk(self, directory: str) -> Iterator[Value]:
        """Yield what is so of a directory and those below it, but for what is somebody else's."""
        listing = names_in(directory, "") or ()
        own = tuple(
            name
            for name in listing
            if name not in OF_GIT
            and (not name.endswith("/") or self.tree.may_enter(f"{directory}/{name[:-1]}"))
        )
        names = [name for name in listing if name in _MODULE_FILES]
        record, fact = record_of(directory, self.root, "", names)
        self.rows.append((record, fact))
        self.directories.add(directory)
        held = zip(record[2], fact[2], strict=True)
        yield os.path.relpath(directory, self.root), own, tuple(h for h in held if h[0] in own)
        for name in own:
            if name.endswith("/"):
                yield from self._walk(f"{directory}/{name[:-1]}")

    def keys(self, scope: str) -> Iterator[bytes]:
        """Yield the bytes that stand for all that decides the answer. Raises NotCanonical.

        Where CGO_ENABLED is not set, that of who published counts as well: go here has no say.
        """
        chosen = dict(self._values)["CGO_ENABLED"]
        for value in (chosen,) if chosen else ("", "0", "1"):
            values = tuple((n, value if n == "CGO_ENABLED" else v) for n, v in self._values)
            words = (
                ("gorun packages", _SCHEMA, scope, *PLATFORM),
                self._asker.flags.words,
                tuple(pattern.words for pattern in self._include),
                values,
                self._facts,
            )
            yield hashlib.sha256(encode(words)).hexdigest().encode()

    def told(self, found: Found) -> bytes:
        """Return an answer as others read it. Raises Unlike where it is not of this tree alone."""
        places = {place for main in found.mains for place in (main.directory, main.cwd)}
        if found.failed or found.unreadable or not places <= self.directories | {""}:
            raise Unlike("go could not tell of all of it, or told of more")
        mains = (
            (self._relative(one.directory), one.import_path, self._relative(one.cwd), one.alone)
            for one in found.mains
        )
        return encode(tuple((*words, int(alone)) for *words, alone in mains))

    def found(self, content: bytes) -> Found:
        """Return such an answer as what was found here. Raises Unlike, NotCanonical, ValueError."""
        told: Any = decode(content)
        mains = [
            Main(self._absolute(directory), f"{path}", self._absolute(cwd), alone=bool(alone))
            for directory, path, cwd, alone in told
        ]
        if not all(main.cwd for main in mains):
            raise Unlike("go is to be in no directory")
        environ = self._asker.environ
        environment = {name: self._asker.variable(name) for name in ENVIRONMENT}
        environment |= {n: environ.get(n, "") for n in CONFIGURED_BY if n not in environment}
        absent = (name for name in ("go", "git") if not look_up(name, environ.get("PATH", "")))
        found = Found(tuple(environment.items()), tuple((n, "") for n in absent), (), mains, [])
        found.left_out = tuple(sorted(self.tree.left_out))
        for way in list(upwards(self.root))[1:]:
            self.rows.append(record_of(way.rstrip("/"), self.root, None, _MODULE_FILES))
        found.records, found.facts = map(list, zip(*self.rows, strict=True))
        return found

    def is_settled(self) -> bool:
        """Say whether nothing of the tree can have changed since it was looked at."""
        keys = (key for (_, own, _, keys), _ in self.rows for key in (own, *keys))
        return all(is_settled(key, self.began) for key in keys if key is not None)

    def _relative(self, place: str) -> str:
        return os.path.relpath(place, self.root) if place else ""

    def _absolute(self, place: object) -> str:
        """Return the directory that is meant, "" for none. Raises Unlike for one not in here."""
        path = os.path.normpath(f"{self.root}/{place}") if place else ""
        if path and path not in self.directories:
            raise Unlike(f"{place} is no directory of the tree")
        return path


def fetch(asker: Program, include: Sequence[Pattern]) -> tuple[Found, bool] | None:
    """Return the main packages as a go elsewhere has told, and whether that may be kept.

    None where a go is here, or nobody has told.
    """

    def use(place: Place, scope: str) -> tuple[Found, bool] | None:
        survey = _Survey(asker, include)
        for key in survey.keys(scope):
            result = place.result(action_key(key, scope)[0])
            if result is not None:
                with contextlib.suppress(Missing):
                    found = survey.found(small_content(place, result, _FILE))
                    return found, survey.is_settled()
        return None

    try:
        return None if has_go(asker) else use_places(asker, use)
    except (Unlike, NotCanonical, Missing, OSError, TypeError, ValueError):
        return None


def publish(asker: Program, include: Sequence[Pattern]) -> None:
    """Publish which main packages there are, where the environment asks for that."""

    def use(place: Place, scope: str) -> None:
        if not is_known(asker, include):  # nobody asked which there are
            return
        found = discover(asker, include)
        survey = _Survey(asker, include)
        if not is_known(asker, include):  # it was surveyed in another state
            return
        content, key = survey.told(found), (next(survey.keys(scope)), scope)
        digest = digest_of(content)
        if place.result(action_key(*key)[0]) is None or place.lacking([digest]):
            with contextlib.suppress(Changed):  # somebody else has published just this
                put(place, key, Result({_FILE: digest}), content)

    try:
        if is_asked_to_publish(asker):
            use_places(asker, use, otherwise=NOT_SHARED)
    except (Unlike, NotCanonical, Missing, OSError, UsageError):
        return
