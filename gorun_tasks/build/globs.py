"""Globs: which files the inputs and outputs of a generator name.

    menu.txt           a file, also where it is not there: its absence counts
    templates          a directory: all that is in it, at any depth, empty directories as well
    api/*.proto        `*`, `?` and `[a-z]` as in a shell: not over `/`, and no dot at the front
    api/**/*.proto     `**` is any directories, without following links to some

Decides what is named, by listing directories anew each time. It must never read a file, nor pass
over what it cannot list in silence: whoever compares two expansions sees what came and went.
"""

from __future__ import annotations

import os
import re
from fnmatch import translate

from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAGIC = re.compile(r"[*?\[]")
_ANY_DIRECTORIES = "**"


class GlobExpansion:
    """What patterns name: `paths`, and the directories that were `listed` to find them.

    Both are relative to `base`, as the patterns are, or absolute.
    """

    def __init__(self, base: str, patterns: Iterable[str]) -> None:
        self._base = base
        self._trees: set[str] = set()
        self.listed: set[str] = set()
        self.paths: list[str] = []
        found: set[str] = set()
        for pattern in patterns:
            found.update(map(os.path.normpath, self.named_by(pattern)))
        self.paths = sorted(found)

    def named_by(self, pattern: str) -> list[str]:
        """Return what one pattern names; a plain name also where nothing is there."""
        self._trees.clear()
        root = "/" if pattern.startswith("/") else ""
        paths = self._match(root, pattern.strip("/").split("/"))
        if not is_plain(pattern):
            return [path for path in paths if os.path.lexists(self.place(path))]
        return list(paths)

    def place(self, path: str) -> str:
        return os.path.join(self._base, path)

    def _match(self, prefix: str, segments: Sequence[str]) -> Iterable[str]:
        if not segments:
            yield from self._tree(prefix)
            return
        first, *rest = segments
        if first == _ANY_DIRECTORIES:
            yield from self._match(prefix, rest)
            for entry in self._list(prefix):
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    yield from self._match(os.path.join(prefix, entry.name), segments)
        elif _MAGIC.search(first):
            matches = re.compile(translate(first)).match
            for entry in self._list(prefix):
                hidden = entry.name.startswith(".") and not first.startswith(".")
                if not hidden and matches(entry.name):
                    yield from self._match(os.path.join(prefix, entry.name), rest)
        else:
            yield from self._match(os.path.join(prefix, first), rest)

    def _tree(self, path: str) -> Iterable[str]:
        """Yield a file, or a directory and all that is in it, each directory once."""
        yield path
        place = self.place(path)
        if not os.path.isdir(place):
            return
        real = os.path.realpath(place)
        if real not in self._trees:
            self._trees.add(real)
            for entry in self._list(path):
                yield from self._tree(os.path.join(path, entry.name))

    def _list(self, path: str) -> list[os.DirEntry[str]]:
        self.listed.add(path)
        try:
            with os.scandir(self.place(path)) as entries:
                return list(entries)
        except OSError:
            return []


def is_plain(pattern: str) -> bool:
    return not _MAGIC.search(pattern)


def checked(patterns: Iterable[str | os.PathLike[str]], what: str) -> tuple[str, ...]:
    """Return patterns in their plain form. Raises UsageError for what is none."""
    if isinstance(patterns, str):
        raise UsageError(f"{what} is one string, {patterns!r}", "give a list of paths or patterns")
    words = [os.fspath(pattern) for pattern in patterns]
    if not all(words):
        raise UsageError(f"{what} has an empty path", "write . for the directory itself")
    return tuple(map(os.path.normpath, words))
