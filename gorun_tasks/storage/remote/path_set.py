"""Path set: what a build looked at, and no contents: places relative to the module, roles, digests.

From elsewhere it is data of a stranger: it may have us look at places, in the repository or in
directories that the system gives to all, and never write.

Decides which places those may be. It must never name one by a path of the machine that it was made
on, unless that counts as an input.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from gorun_tasks.inputs.semantic_digest import ENV_FILE, HEAD, MOD_FILE, SUMS
from gorun_tasks.storage.remote.canonical import NotCanonical, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from gorun_tasks.storage.remote.canonical import Value

ROLES = ("module", "repository", "GOROOT", "GOMODCACHE", "GOPATH", "GOENV", "HOME")
"""The roots that have other places elsewhere."""

KINDS = (b"", HEAD, ENV_FILE, SUMS, MOD_FILE)
_LITERAL = r"(?:[\w-]|\\[.-])*"
_MODE = re.compile(rf"(?:go|all|named|go(?:\|{_LITERAL}\.\*{_LITERAL})+)?")
"""How a directory may be listed (`closure.accesses`): each pattern has one wildcard."""
_DIGEST = 32  # bytes


class Look(NamedTuple):
    """A directory: its path, relative to the module or absolute, how it is listed, and names.

    `further` are names that the listing counts besides, `kinds` is what of each name counts.
    """

    base: str
    mode: str
    further: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[bytes, ...]


class PathSet(NamedTuple):
    """What is to be looked at, in its order of writing.

    `place` is the directory in which go ran, relative to the module; `by_words` says that there is
    no module, so that the target is part of its name. `above` are names that are in no directory
    above the repository, `gopath` names that are not in GOPATH. `env_file` is of which kind the go
    env file is. `commands` are looked up in PATH; where C is compiled (`uses_c`) it counts where
    they are. `defaults` is what go takes for variables that are not set. `fixed` are the roles
    whose absolute paths count. Two digests stand for what go brought along and what it fetched.
    """

    place: str
    by_words: int
    looks: tuple[Look, ...]
    above: tuple[str, ...]
    gopath: tuple[str, ...]
    env_file: tuple[bytes, ...]
    commands: tuple[str, ...]
    uses_c: int
    defaults: dict[str, str]
    fixed: tuple[str, ...]
    go_version: str
    toolchain: bytes
    modules: bytes

    def encoded(self) -> bytes:
        """Return its canonical bytes. Raises NotCanonical."""
        return encode(plain(self))

    @classmethod
    def decoded(cls, data: bytes) -> Self:
        """Return the path set that these bytes are. Raises NotCanonical for anything else."""
        value = decode(data)
        try:
            found = cls(*value)  # type: ignore[misc]
            found = found._replace(looks=tuple(Look(*look) for look in found.looks))
            sound = _is_sound(found)
        except (TypeError, ValueError, AttributeError) as error:
            raise NotCanonical("no path set") from error
        if not sound:
            raise NotCanonical("a path set that names what it must not")
        return found


def plain(value: Any) -> Value:
    """Return a value with tuples in the place of named tuples."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value  # type: ignore[no-any-return]


def _is_sound(found: PathSet) -> bool:
    lists = found.above, found.gopath, found.commands, found.fixed
    strings = (*found.defaults, *found.defaults.values(), found.go_version)
    return (
        _stays_relative(found.place)
        and all(map(_is_look, found.looks))
        and all(isinstance(names, tuple) for names in lists)
        and all(map(is_name, (*found.above, *found.gopath)))
        and all(map(_is_word, found.commands))
        and set(found.fixed) <= set(ROLES)
        and found.env_file in ((), *((kind,) for kind in KINDS))
        and all(isinstance(text, str) for text in strings)
        and all(isinstance(number, int) for number in (found.by_words, found.uses_c))
        and all(
            isinstance(digest, bytes) and len(digest) == _DIGEST
            for digest in (found.toolchain, found.modules)
        )
    )


def _is_look(look: Look) -> bool:
    return (
        (_is_normal(look.base) if look.base[:1] == "/" else _stays_relative(look.base))
        and is_mode(look.mode)
        and isinstance(look.names, tuple)
        and isinstance(look.further, tuple)
        and all(map(is_name, (*look.names, *look.further)))
        and len(look.kinds) == len(look.names)
        and set(look.kinds) <= set(KINDS)
    )


def _stays_relative(path: str) -> bool:
    """Say whether this is a path from the module; how far up it may lead, the repository tells."""
    return path == "" or (_is_normal(path) and path[0] != "/")


def _is_normal(path: str) -> bool:
    return "\0" not in path and os.path.normpath(path) == path != "."


def is_place(path: str) -> bool:
    """Say whether this is a path below a directory, "" for the directory itself."""
    return _stays_relative(path) and path.partition("/")[0] != ".."


def is_mode(mode: str) -> bool:
    """Say whether a directory may be listed so."""
    return _MODE.fullmatch(mode) is not None


def is_name(name: str) -> bool:
    """Say whether this is the name of something in a directory."""
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and "/" not in name
        and "\0" not in name
    )


def _is_word(word: str) -> bool:
    return isinstance(word, str) and bool(word) and "\0" not in word
