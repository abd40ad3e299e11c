"""Package facts: what of a directory and of a file decides which main packages there are.

Decides what is compared: names in a directory that could lead to a package, and heads of Go
files. It must never say what a name or a head means: that is go's.
"""

from __future__ import annotations

import os

from gorun_tasks.core.fingerprint import is_settled, key_at, record_directory
from gorun_tasks.core.store import unframe
from gorun_tasks.inputs.digest import content_of
from gorun_tasks.inputs.semantic_digest import HEAD, MOD_FILE, SUMS
from gorun_tasks.system import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gorun_tasks.core.fingerprint import Record
    from gorun_tasks.workspace.packages import Fact, Found

NO_FILE = "\0"
"""The last file that counts where none does: no name comes before it."""

_KINDS = {"go.mod": MOD_FILE, "go.work": MOD_FILE, "go.sum": SUMS, "go.work.sum": SUMS}

NOT_LOOKED_INTO = frozenset(("testdata", "vendor", "node_modules"))
"""Directories where nobody looks for modules. go has the first two, too."""


IGNORE_FILE = ".gitignore"
OF_GIT = (".git", IGNORE_FILE)
"""What makes a directory a repository of its own, and what says what git ignores in it."""


def names_in(directory: str, last: str) -> tuple[str, ...] | None:
    """Return the names in a directory that count, sorted; None where it cannot be read.

    These are directories (with a slash), go.mod, go.work, and `.go` files up to `last`, all of
    them where that is "". What begins with `.` or `_` is nothing to go, and of these two names
    something to git.
    """
    limit = os.fsencode(last)
    names = []
    if not os.access(directory, os.X_OK):
        return None
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                name = entry.name
                if name in OF_GIT:
                    names.append(name)
                elif name[0] in "._" or name in NOT_LOOKED_INTO:
                    continue
                elif entry.is_dir(follow_symlinks=False):
                    names.append(f"{name}/")
                elif name in ("go.mod", "go.work") or (
                    name.endswith(".go") and (not last or os.fsencode(name) <= limit)
                ):
                    names.append(name)
    except OSError:
        return None
    return tuple(sorted(names))


def held_by(path: str) -> bytes:
    """Return what stands for the content of a file: what go takes from it, of Go files the head."""
    name = path.rpartition("/")[2]
    kind = HEAD if name.endswith(".go") else _KINDS.get(name, b"")
    return content_of(path, kind)[0]


def record_of(
    directory: str, root: str, last: str | None, names: Iterable[str]
) -> tuple[Record, Fact]:
    """Return what is so of a directory now: its names up to `last`, None where they do not count.

    `names` are those that count besides, be they there or not.
    """
    key, listing, counted = None, None, set(names)
    if last is not None:
        key = key_at(directory) if os.path.isdir(directory) else None
        listing = names_in(directory, last)
        counted.update(n for n in listing or () if n.endswith(".go") or n == IGNORE_FILE)
    ordered = tuple(sorted(counted))
    paths = [f"{directory}/{name}" for name in ordered]
    keys = tuple(map(key_at, paths))
    base = directory or "/"
    if f"{directory}/".startswith(f"{root}/"):
        base = directory[len(root) + 1 :]
    return (base, key, ordered, keys), (last or "", listing, tuple(map(held_by, paths)))


def renew(found: Found, suspects: list[int], data: bytes, root: str) -> bool:
    """Say whether all facts are as they were, and put the stats that records have now into them."""
    try:
        found.records, found.facts = unframe(data, second=True)
        for number in suspects:
            record = _renewed(found.records[number], found.facts[number], root)
            if record is None:
                return False
            found.records[number] = record
    except (ValueError, TypeError, IndexError):
        return False
    return True


def _renewed(record: Record, fact: Fact, root: str) -> Record | None:
    """Return the record with fresh stats, None where a fact is another."""
    base, directory, names, keys = record
    last, listing, contents = fact
    moment = host.file_clock()
    where = record_directory(root, base)
    if directory is not None:
        directory = key_at(where)
        if directory is None or names_in(where, last) != listing:
            return None
    fresh = []
    for name, key, content in zip(names, keys, contents, strict=True):
        path = f"{where}/{name}"
        now = key_at(path)
        if now != key and held_by(path) != content:
            return None
        fresh.append(now)
    if any(key is not None and not is_settled(key, moment) for key in (directory, *fresh)):
        return record  # looked at again the next time
    return base, directory, names, tuple(fresh)
