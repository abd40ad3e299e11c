"""Facts: what of a directory and of a file decides which main packages there are.

Decides what is compared: names in a directory that could lead to a package, and headers of Go
files. It must never say what a name or a header means: that is go's.
"""

from __future__ import annotations

import os
import re
from hashlib import sha256

from gorun_tasks.content import ABSENT, content_of
from gorun_tasks.fingerprint import file_clock, key_at, place, settled
from gorun_tasks.store import unframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.discover import Found
    from gorun_tasks.fingerprint import Record

    Fact = tuple[str, tuple[str, ...], tuple[bytes, ...]]
    """Behind a record: the last `.go` file that counts in its directory (see `names_in`), the names
    that do, and what its own names hold."""

NO_FILE = "\0"
"""The last file that counts where none does: no name comes before it."""

NOT_LOOKED_INTO = frozenset(("testdata", "vendor", "node_modules"))
"""Directories where nobody looks for modules. go has the first two, too."""

# What go reads of a file to know its package, constraints and imports (go/build, readGoInfo):
# comments, the package clause and imports, up to the first word that belongs to neither.
_HEADER = re.compile(
    rb"""(?: \xef\xbb\xbf )? (?: [\s;]+ | //[^\n]* | /\*.*?\*/
    | package \b (?: \s | /\*.*?\*/ )* \w+
    | import \b (?: \s | /\*.*?\*/ )*
        (?: \( (?: "[^"\n]*" | `[^`]*` | //[^\n]* | /\*.*?\*/ | [^"`/)] )* \)
          | (?: [\w.]+ (?: \s | /\*.*?\*/ )* )? (?: "[^"\n]*" | `[^`]*` ) )
    )*""",
    re.VERBOSE | re.DOTALL,
)

_BEHIND = re.compile(rb"(func|type|var|const)\b|\Z")


def names_in(directory: str, last: str) -> tuple[str, ...] | None:
    """Return the names in a directory that count, sorted; None where it cannot be read.

    These are directories (with a slash), go.mod, go.work, and `.go` files up to `last`, all of
    them where that is "". What begins with `.` or `_` is nothing to go.
    """
    limit = os.fsencode(last)
    names = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                name = entry.name
                if name[0] in "._" or name in NOT_LOOKED_INTO:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    names.append(f"{name}/")
                elif name in ("go.mod", "go.work") or (
                    name.endswith(".go") and (not last or os.fsencode(name) <= limit)
                ):
                    names.append(name)
    except OSError:
        return None
    return tuple(sorted(names))


def held_by(path: str) -> bytes:
    """Return what stands for the content of a file: of Go files, for that of the header."""
    if path.endswith(".go"):
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            return ABSENT
        header = _HEADER.match(text)
        if header is not None and _BEHIND.match(text, header.end()):
            text = header[0]
        return sha256(text).digest()  # of all of it, where the header cannot be followed to its end
    return content_of(path)[0]


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
    moment = file_clock()
    where = place(root, base)
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
    if any(key is not None and not settled(key, moment) for key in (directory, *fresh)):
        return record  # looked at again the next time
    return base, directory, names, tuple(fresh)
