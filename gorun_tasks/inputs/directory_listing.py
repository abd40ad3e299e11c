"""Directory listing: the names in a directory that could matter to go.

Decides which names those are, by go's own rule. It must never read a file.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# The file names go looks at in a package directory: knownExtensions and goodOSArchFile's
# callers in go/build (build.go), `.syso` included.
GO_EXTENSIONS = frozenset(
    (
        *("go", "c", "cc", "cpp", "cxx", "m", "h", "hh", "hpp", "hxx", "f", "F", "for", "f90"),
        *("s", "S", "sx", "swig", "swigcxx", "syso"),
    )
)


def list_directory(base: str, mode: str, further: Iterable[str]) -> tuple[str, ...] | None:
    """Return the names in a directory that could matter to go, sorted; None if it is unreadable.

    Mode "go" takes the names go looks at in a package, "go|REGEX" those that match besides (embed
    patterns), "all" every name (embedded trees), "named" none; `further` are names go asked for
    besides (go.mod, vendor). A directory's name ends in "/", a symbolic link's in "@": go treats
    them unlike files.
    """
    counts = names_that_count(mode, further)
    try:
        with os.scandir(base) as entries:
            names = [entry.name + _mark(entry) for entry in entries if counts(entry.name)]
    except OSError:
        return None
    return tuple(sorted(names))


def names_that_count(mode: str, further: Iterable[str]) -> Callable[[str], bool]:
    """Return what says whether a name is in a listing (see `list_directory`); "" lists nothing."""
    wanted = frozenset(further)
    matching = None
    if mode.startswith("go|"):
        import re

        matching = re.compile(mode[3:], re.DOTALL).fullmatch  # newlines are in names, too

    def counts(name: str) -> bool:
        return bool(mode) and (
            mode == "all"
            or name in wanted
            or (mode != "named" and _go_looks_at(name))
            or (matching is not None and matching(name) is not None)
        )

    return counts


def _go_looks_at(name: str) -> bool:
    _, dot, extension = name.rpartition(".")
    return bool(dot) and name[0] not in "_." and extension in GO_EXTENSIONS


def _mark(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "@"
    return "/" if entry.is_dir() else ""
