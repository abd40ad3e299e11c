"""Access index: what go asked the file system for, by directory.

Decides what of a directory counts: names in it, its listing, all that is below. It must never
look at what is there beyond whether a path is a directory: `recorder` records that.
"""

from __future__ import annotations

import os
import re

_LISTS = frozenset(("ReadDir", "IsGoDir"))


class AccessIndex:
    """What go asked the disk for, by directory."""

    def __init__(self, operations: dict[str, set[str]], hashes: dict[str, bytes]) -> None:
        self.names: dict[str, set[str]] = {}  # directory → names in it
        self.kinds: dict[str, set[str]] = {}  # directory → names of which go looked at the kind
        self.listed: dict[str, str] = {}  # directory → "go" or "all"
        for path, seen in operations.items():
            self._take(path, seen)
        for path in hashes:
            self.note(path)
        trees, patterns = _embedded(operations)
        self._widen(trees, patterns)

    def note(self, path: str) -> None:
        """Count a path as asked for, unless its own listing says more than a name in its parent."""
        if path in self.listed and os.path.isdir(path):
            return
        parent, _, name = path.rpartition("/")
        self.names.setdefault(parent, set()).add(name)

    def _take(self, path: str, seen: set[str]) -> None:
        if seen & _LISTS:
            self.listed.setdefault(path, "go")
        if seen - {"Glob"}:
            self.note(path)
        if "Lstat" in seen:
            # go cares whether it is a link, which only a listing of its parent tells.
            parent, _, name = path.rpartition("/")
            self.listed.setdefault(parent, "go")
            self.kinds.setdefault(parent, set()).add(name)

    def _widen(self, trees: tuple[str, ...], patterns: dict[str, set[str]]) -> None:
        """In embedded trees any new name may matter, beside patterns those that match."""
        for path in self.listed:
            if (path + "/").startswith(trees):
                self.listed[path] = "all"
            elif path in patterns:
                self.listed[path] = "go|" + "|".join(sorted(patterns[path]))


def _embedded(operations: dict[str, set[str]]) -> tuple[tuple[str, ...], dict[str, set[str]]]:
    """Return what //go:embed reaches: trees, each with a slash at its end, and names by directory.

    The names are regular expressions that match at least what the pattern does. Only the
    resolution of embed patterns uses Lstat and Glob (load.resolveEmbed).
    """
    trees = []
    patterns: dict[str, set[str]] = {}
    for path, seen in operations.items():
        if "Lstat" in seen:
            trees.append(path + "/")
        if "Glob" in seen:
            literal = _literal_start(path)
            if literal is None:
                continue
            directory = literal.rpartition("/")[0]
            last = path[path.rindex("/") + 1 :]
            if _literal_start(path.removesuffix(last)) is None:
                patterns.setdefault(directory, set()).add(_at_least(last))
            else:
                trees.append(directory + "/")
    return tuple(trees), patterns


def _literal_start(pattern: str) -> str | None:
    """Return what stands before the first meta character of a path.Match pattern, None for none.

    A backslash quotes what follows it (str.QuoteGlob writes them).
    """
    match = re.match(r"((?:[^\\*?\[]|\\.)*)[*?\[]", pattern)
    return re.sub(r"\\(.)", r"\1", match[1]) if match else None


def _at_least(pattern: str) -> str:
    """Return a regular expression for every name that a path.Match pattern may match."""
    start = re.match(r"[\w.-]*", pattern)
    end = re.search(r"[\w.-]*\Z", pattern)
    assert start is not None
    assert end is not None
    return f"{re.escape(start[0])}.*{re.escape(end[0])}"
