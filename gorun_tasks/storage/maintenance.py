"""Maintenance: `gorun --store stat|clear|verify`.

Decides what a person is told of the store and what they may do to it. It must never remove the
executable of a program that is running.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from gorun_tasks.core.program import PLATFORM
from gorun_tasks.core.store import InputTable, Manifest, Store, read_file, unframe
from gorun_tasks.errors import GoRunError, UsageError, in_one_line
from gorun_tasks.inputs.digest import is_executable_of
from gorun_tasks.storage.eviction import clear, size_limit
from gorun_tasks.storage.remote.savings import Savings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_RECORDS = ("programs", "shelves", "shared")
"""The folders with what is remembered of builds."""

_HOUR = 3600


def maintain(
    what: str, words: list[str], environ: Mapping[str, str], answer: Callable[[str], int]
) -> int:
    """Do what --store asks for; return the exit status. Raises GoRunError."""
    as_json = what == "stat" and words in (["-json"], ["--json"])
    if as_json:
        words = []
    verbs = {
        "stat": lambda store: (_stat_in_json if as_json else _stat)(store, size_limit(environ)),
        "clear": _clear,
        "verify": _verify,
    }
    if what not in verbs:
        raise UsageError(f"--store {what} is unknown", "it is stat, clear, verify or drop")
    if words:
        raise UsageError(f"--store {what} takes no further words: {' '.join(words)}")
    store = Store.at(environ)
    if not (store.trusted() or as_json):
        where = in_one_line(store.root) or "no home directory"
        return answer(f"{where}: nothing is stored\n")
    try:
        text, sound = verbs[what](store)
    except OSError as error:
        raise GoRunError(f"{store.root} cannot be used: {error.strerror}") from error
    return answer(text) or int(not sound)


def _stat(store: Store, limit: int) -> tuple[str, bool]:
    programs = _programs(store)
    sizes = _sizes(store)
    text = (
        f"{in_one_line(store.root)}\n"
        f"programs: {len(programs)}; executables: {len(sizes)}, {_said_size(sum(sizes.values()))}"
        f" (GORUN_CACHE_SIZE allows {_said_size(limit)})\n"
        f"records of what they were built from: {_said_size(_size_of_records(store))}\n"
    )
    savings = Savings.of(store)
    if savings.fetched:
        text += (
            f"fetched from shared places: {savings.fetched}, {_said_size(savings.size)};"
            f" builds saved: {savings.seconds:.0f} seconds\n"
        )
    if programs:
        text += "\n" + _ROW.format("last used", "last built", "builds", "size", "program")
    now = time.time()
    for folder in dict.fromkeys(program.folder for program in programs):
        text += f"in {in_one_line(folder)}\n"
        text += "".join(_row(p, now) for p in programs if p.folder == folder)
    return text, True


_ROW = "{:<14}{:<14}{:>6}{:>12}  {}\n"


def _row(program: _Program, now: float) -> str:
    used, built = _ago(now - program.last_used), _ago(now - program.last_built)
    typed = in_one_line(program.typed)
    return _ROW.format(
        *(used, built if program.builds else "-", program.builds, _said_size(program.size), typed)
    )


def _stat_in_json(store: Store, limit: int) -> tuple[str, bool]:
    """Return the same as data: sizes in bytes, times in seconds since the epoch."""
    import json  # noqa: PLC0415 - only where it is asked for

    told = {
        "directory": store.root,
        "limit": limit,
        "executables": [*_sizes(store).values()],
        "records": _size_of_records(store),
        "fetched": Savings.of(store)._asdict(),
        "programs": [
            {
                "program": program.typed,
                "directory": program.folder,
                "last_used": program.last_used,
                "last_built": program.last_built if program.builds else None,
                "builds": program.builds,
                "size": program.size,
            }
            for program in _programs(store)
        ],
    }
    return json.dumps(told, indent=2) + "\n", True


def _clear(store: Store) -> tuple[str, bool]:
    clear(store.root)
    return "", True


def _verify(store: Store) -> tuple[str, bool]:
    text = ""
    damaged = 0
    for path in _files(store, "exe"):
        if not is_executable_of(path, os.path.basename(os.path.dirname(path))):
            damaged += 1
            os.unlink(path)
            text += f"{in_one_line(path)}: was not what was published; removed\n"
    records = 0
    for path in _files(store, *_RECORDS):
        if not _is_sound(path):
            records += 1
            os.unlink(path)
            text += f"{in_one_line(path)}: cannot be read; removed\n"
    text += f"{damaged} damaged executables\n"
    if records:
        text += f"{records} damaged records\n"
    return text, not (damaged or records)


def _is_sound(path: str) -> bool:
    try:
        data = read_file(path)
        unframe(data, second=True)
        folder = os.path.basename(os.path.dirname(path))
        if folder == "shelves":
            InputTable("", path)
        elif folder == "programs":
            for values in unframe(data)[1]:
                Manifest.from_stored(values)
    except (OSError, ValueError, TypeError, IndexError):
        return False
    return True


def _files(store: Store, *folders: str) -> Iterator[str]:
    """Yield the files in these folders, without records that are being written."""
    for top in folders:
        for folder, _, names in os.walk(f"{store.root}/{top}"):
            yield from (f"{folder}/{name}" for name in names if top == "exe" or "." not in name)


def _sizes(store: Store) -> dict[str, int]:
    """Return the sizes of all executables, by path."""
    return {path: os.lstat(path).st_size for path in _files(store, "exe")}


def _size_of_records(store: Store) -> int:
    return sum(os.lstat(path).st_size for path in _files(store, *_RECORDS))


class _Program(NamedTuple):
    """What the store has of one program on one platform."""

    typed: str  # platform, stamps, flags and target, as one types them
    folder: str  # where
    last_used: float  # to the hour: started, built or asked for
    last_built: float
    builds: int  # how many of its builds are kept
    size: int  # what these take; programs of equal content share an executable


def _programs(store: Store) -> list[_Program]:
    """Return the programs, the last used first: in this order they are kept."""
    sizes = _sizes(store)
    found = []
    for path in _files(store, "programs"):
        try:
            identity = unframe(read_file(path))[0]
            typed, folder = _as_typed(identity)
            last_used = os.lstat(path).st_mtime
        except (OSError, ValueError, TypeError, IndexError):
            continue
        manifests = store.manifests(os.path.basename(path), identity)
        found.append(
            _Program(
                " ".join((*_platform(manifests), typed)),
                folder,
                last_used,
                max((manifest.recorded for manifest in manifests), default=0.0),
                len(manifests),
                sum(sizes.get(file, 0) for file in {*map(store.executable, manifests)}),
            )
        )
    return sorted(found, key=lambda program: (-program.last_used, program.typed))


def _as_typed(identity: tuple[str, ...]) -> tuple[str, str]:
    """Return the words of a program (`core.program.ProgramSpec`), and where they were typed."""
    end = identity.index("--")
    place = identity.index("in", end + 2)  # no further word of a target can be this one
    rest = identity[place + 2 :]
    stamps = rest[rest.index("stamp") + 1 :] if "stamp" in rest else ()
    typed = [f"--stamp {stamp}" for stamp in stamps]
    return " ".join((*typed, *identity[:end], *identity[end + 1 : place])), identity[place + 1]


def _platform(manifests: list[Manifest]) -> list[str]:
    """Return the variables that named the platform, as one writes them before a command."""
    set_then = [setting for m in manifests[:1] for setting in m.environment if setting[1]]
    return [f"{name}={value}" for name, value in set_then if name in PLATFORM]


def _ago(seconds: float) -> str:
    for unit, length in (("day", 24 * _HOUR), ("hour", _HOUR)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "<1 hour ago"


def _said_size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
