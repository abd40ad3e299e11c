"""Maintenance: `gorun --store stat|clear|verify`.

Decides what a person is told of the store and what they may do to it. It must never remove the
executable of a program that is running.
"""

from __future__ import annotations

import os

from gorun_tasks.core.program import PLATFORM
from gorun_tasks.core.store import InputTable, Manifest, Store, read_file, unframe
from gorun_tasks.errors import GoRunError, UsageError, in_one_line
from gorun_tasks.inputs.digest import is_executable_of
from gorun_tasks.storage.eviction import clear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_RECORDS = ("programs", "shelves", "shared")
"""The folders with what is remembered of builds."""


def maintain(
    what: str, words: list[str], environ: Mapping[str, str], answer: Callable[[str], int]
) -> int:
    """Do what --store asks for; return the exit status. Raises GoRunError."""
    verbs = {"stat": _stat, "clear": _clear, "verify": _verify}
    if what == "stat" and words in (["-json"], ["--json"]):
        words, verbs["stat"] = [], _stat_in_json
    if what not in verbs:
        raise UsageError(f"--store {what} is unknown", "it is stat, clear, verify or drop")
    if words:
        raise UsageError(f"--store {what} takes no further words: {' '.join(words)}")
    store = Store.at(environ)
    if not store.trusted() and verbs["stat"] is not _stat_in_json:
        where = in_one_line(store.root) or "no home directory"
        return answer(f"{where}: nothing is stored\n")
    try:
        text, sound = verbs[what](store)
    except OSError as error:
        raise GoRunError(f"{store.root} cannot be used: {error.strerror}") from error
    return answer(text) or int(not sound)


def _stat(store: Store) -> tuple[str, bool]:
    sizes = {path: os.lstat(path).st_size for path in _files(store, "exe")}
    records = sum(os.lstat(path).st_size for path in _files(store, *_RECORDS))
    programs = list(_programs(store))
    text = (
        f"{in_one_line(store.root)}\n"
        f"{len(sizes)} executables, {_megabytes(sum(sizes.values()))}\n"
        f"{len(programs)} programs\n"
        f"{_megabytes(records)} of records\n"
    )
    for key, label, manifests in programs:
        own = {store.executable(manifest) for manifest in manifests}
        size = sum(sizes.get(path, 0) for path in own)
        text += (
            f"  {in_one_line(label)}: {len(manifests)} remembered\n"
            f"    {_megabytes(size)}, started without go in {_hours(store, key)} different hours\n"
        )
    return text, True


def _stat_in_json(store: Store) -> tuple[str, bool]:
    """Return the same as data, sizes in bytes."""
    import json  # noqa: PLC0415 - only where it is asked for

    programs = [
        {"program": label, "remembered": len(manifests), "hours": _hours(store, key)}
        for key, label, manifests in _programs(store)
    ]
    told = {
        "directory": store.root,
        "executables": [os.lstat(path).st_size for path in _files(store, "exe")],
        "records": sum(os.lstat(path).st_size for path in _files(store, *_RECORDS)),
        "programs": programs,
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


def _programs(store: Store) -> Iterator[tuple[str, str, list[Manifest]]]:
    for path in sorted(_files(store, "programs")):
        key = os.path.basename(path)
        try:
            identity = unframe(read_file(path))[0]
        except (OSError, ValueError, TypeError, IndexError):
            continue
        manifests = store.manifests(key, identity)
        label = " ".join((*_platform(manifests), *(word for word in identity if word != "--")))
        yield key, label, manifests


def _platform(manifests: list[Manifest]) -> list[str]:
    """Return the variables that named the platform, as one writes them before a command."""
    set_then = [setting for m in manifests[:1] for setting in m.environment if setting[1]]
    return [f"{name}={value}" for name, value in set_then if name in PLATFORM]


def _hours(store: Store, key: str) -> int:
    try:
        return os.lstat(f"{store.root}/hours/{key}").st_size
    except OSError:
        return 0


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
