"""Short names for the main packages of a workspace, without clashes.

The rule, on import paths, since go names executables by them too:

1. A name is the last element that says something: `cmd`, `main` and major versions (`v2`) do not.
   `example.com/shop/services/cmd/api` is `api`, `example.com/shop/v2` is `shop`.
2. Where two would have one name, each takes as many elements before it as are needed:
   `tools-gen` and `services-gen`.
3. Where even these are the same (`example.com/shop` and `example.com/shop/cmd`), the elements that
   say nothing count too: `shop` and `shop-cmd`.
4. Two modules of one path, such as a copy for an older release, are told apart by directories, in
   the same way: `old-api` and `new-api`. They count from the root, so that no name says where a
   checkout lies.

A new program can so lengthen the name of an old one; a name in the configuration never changes.
The shorter one still means something (`meant`): the program in the root module, else the one with
the shortest path.

Decides names from words alone. It must never look at a disk.
"""

from __future__ import annotations

from gorun_tasks.core.module_version import is_major_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

_FILLERS = frozenset(("cmd", "main"))


def short_names(packages: Iterable[tuple[str, str]], root: str = "") -> dict[str, str]:
    """Return a name for each package, given as import path and directory: {directory: name}.

    The directories are `root`, or below.
    """
    longer = {
        directory: _candidates(path, directory.removeprefix(root).strip("/") or root)
        for path, directory in packages
    }
    names = {directory: next(candidates) for directory, candidates in longer.items()}
    while clashing := _clashes(names):
        for directory in clashing:
            names[directory] = next(longer[directory], directory)
    return names


def fits(name: str, path: str, directory: str, root: str = "") -> bool:
    """Say whether a package may be called so, be it with others that may."""
    return name in _candidates(path, directory.removeprefix(root).strip("/") or root)


def free_name(path: str, taken: Container[str]) -> str:
    """Return the shortest name for a package that is not taken, its path where all are."""
    return next((name for name in _candidates(path, path) if name not in taken), path)


def meant(places: Mapping[str, tuple[str, bool]]) -> list[str]:
    """Return which of several programs a name means that fits them all; several for a tie.

    Of each it is given where it lies, relative to the root, and whether in the root module.
    """
    chosen = [name for name, (_, in_root) in places.items() if in_root] or list(places)
    depths = {name: len([e for e in places[name][0].split("/") if e != "."]) for name in chosen}
    return [name for name in chosen if depths[name] == min(depths.values())]


def _clashes(names: dict[str, str]) -> list[str]:
    """Return the directories whose names are not theirs alone."""
    by_name: dict[str, list[str]] = {}
    for directory, name in names.items():
        by_name.setdefault(name, []).append(directory)
    return [one for directories in by_name.values() if len(directories) > 1 for one in directories]


def _candidates(path: str, directory: str) -> Iterator[str]:
    """Yield names for one package, each longer than the one before."""
    elements = path.split("/")
    yield from _tails(elements, [e for e in elements if not is_major_version(e)])
    elements = [e for e in directory.split("/") if e]
    yield from _tails(elements, elements)  # where a copy is in v2, just this is what it says


def _tails(elements: list[str], saying: list[str]) -> Iterator[str]:
    significant = [e for e in saying if e not in _FILLERS] or elements
    for count in range(1, len(significant) + 1):
        yield "-".join(significant[-count:])
    silent_tail = next((n for n, e in enumerate(reversed(elements)) if e in significant), 0)
    for count in range(silent_tail + 1, len(elements) + 1):
        yield "-".join(elements[-count:])
