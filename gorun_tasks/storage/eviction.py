"""Eviction: what is removed from the store, and when.

Decides by last use, size and age, on runs that build only. It must never remove an executable
that is running, that is about to be started, or that was just handed out by --which; and it must
find whatever a crash left behind. It takes the store's write lock, and where that is
busy leaves eviction to a later build. Readers never wait for it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import time

from gorun_tasks.core.store import IDENTITY_SIZE, InputTable, Manifest, frame, read_file, unframe
from gorun_tasks.errors import UsageError
from gorun_tasks.system import host
from gorun_tasks.system.atomic_files import write_whole
from gorun_tasks.system.locks import STORE_LOCK, Lock
from gorun_tasks.toolchain.report import JOURNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

    from gorun_tasks.core.store import Aside

DEFAULT_SIZE = "5GiB"

UNUSED = 30 * 24 * 3600.0
"""Seconds after which a program that nobody ran is forgotten."""

YOUNG = 10.0
"""Seconds for which an executable that no manifest names is left alone: it is about to start."""

HANDED_OUT = 3600.0
"""Seconds for which a path that --which printed stays, whatever becomes of its program."""

UNWATCHED = 24 * 3600.0
"""What YOUNG is where the system does not tell which executables are running."""

GARBAGE_KEPT = 16
"""How many records that no manifest names a table may have: it is not written anew for fewer."""

_UNITS = {"": 1, "B": 1} | {
    f"{prefix}{suffix}": base**power
    for power, prefix in enumerate("KMGT", 1)
    for suffix, base in (("", 1024), ("B", 1000), ("iB", 1024))
}


def size_limit(environ: Mapping[str, str]) -> int:
    """Return the bytes that executables may take: GORUN_CACHE_SIZE, "5GiB" or a plain number.

    Raises UsageError for anything else.
    """
    text = environ.get("GORUN_CACHE_SIZE", "") or DEFAULT_SIZE
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?(?:i?B)?)\s*", text)
    if match is None or match[2] not in _UNITS:
        raise UsageError(
            f"GORUN_CACHE_SIZE is {text!r}, which is no size", "write bytes, or 500MiB, or 5GiB"
        )
    return int(float(match[1]) * _UNITS[match[2]])


def evict(root: str, limit: float = float("inf"), written: Collection[str] = ()) -> None:
    """Bring the executables under `limit` bytes; clear what is old, and garbage.

    `written` are the tables that may have got records which no manifest names any longer.
    Raises OSError.
    """
    lock = Lock(f"{root}/locks/{STORE_LOCK}")
    if lock.acquire(wait=False):
        try:
            _Eviction(root).perform(limit, written)
        finally:
            lock.release()


def clear(root: str) -> None:
    """Remove everything but what is running. Raises OSError."""
    with Lock(f"{root}/locks/{STORE_LOCK}"):
        for folder in ("programs", "remote"):
            for entry in _entries(f"{root}/{folder}"):
                os.unlink(entry.path)
        _Eviction(root, patient=False).perform(0, ())


class _Program:
    """What is remembered of one program, as far as eviction is concerned."""

    def __init__(self, path: str) -> None:
        """Read it. Raises OSError, ValueError and TypeError where it is damaged."""
        data = read_file(path)
        self._path = path
        self.status = os.stat(path)
        self.identity, manifests = unframe(data)
        note, unconfirmed = unframe(data, second=True)
        self._aside: Aside = note, unconfirmed
        self.digests: list[str] = []
        self._tables: list[dict[str, bytes]] = []
        for values in manifests:
            manifest = Manifest.from_stored(values)
            self.digests.append(manifest.digest)
            self._tables.append(dict(manifest.packed))
        self._stored: tuple[Any, ...] = manifests
        self.kept = 0

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Yield each table and the packed identities of records that a kept manifest names.

        So does the build that the next one is to be compared with.
        """
        for tables in self._tables[: self.kept]:
            yield from tables.items()
        yield from self._aside[1]

    def forget_the_rest(self) -> None:
        """Write the manifests that are kept, with the last use unchanged."""
        if self.kept < len(self._stored):
            content = frame((self.identity, self._stored[: self.kept]), self._aside)
            write_whole(self._path, content)
            os.utime(self._path, ns=(self.status.st_atime_ns, self.status.st_mtime_ns))


class _Eviction:
    """One sweep through a store to which nobody else is writing."""

    def __init__(self, root: str, *, patient: bool = True) -> None:
        self._root = root
        self._now = time.time()
        self._patient = patient  # with what is young

    def perform(self, limit: float, written: Collection[str]) -> None:
        """Remove what has to go, manifests before what they name."""
        programs = self._programs()
        digests = self._choose(programs, limit)
        for key, program in list(programs.items()):
            unrecorded = not program.digests and not self._is_old(program)
            if program.kept or unrecorded:
                program.forget_the_rest()
            else:
                os.unlink(f"{self._root}/programs/{key}")
                del programs[key]
        tables = self._clear_tables(programs, written)
        self._clear_offers(digests)
        self._clear_folders("exe", digests, UNWATCHED if self._in_use is None else YOUNG)
        self._clear_folders("which", programs, HANDED_OUT)
        by_age = ("workspaces", "generated", "compiled")
        for entry in (entry for name in by_age for entry in _entries(f"{self._root}/{name}")):
            age = self._now - entry.stat(follow_symlinks=False).st_mtime
            if not self._patient or age > UNUSED:
                _remove(entry)
        self._clear_work_and_locks({STORE_LOCK, *programs, *tables})

    def _programs(self) -> dict[str, _Program]:
        programs = {}
        for entry in _entries(f"{self._root}/programs"):
            if "." in entry.name:  # never finished
                _remove(entry)
                continue
            try:
                programs[entry.name] = _Program(entry.path)
            except (OSError, ValueError, TypeError):
                _remove(entry)
        return programs

    def _choose(self, programs: Mapping[str, _Program], limit: float) -> set[str]:
        """Decide how many manifests each program keeps; return the digests they name.

        The newest of each program comes before the older ones of any, and the program that was
        used last before the others. What was used last of all is kept whatever its size.
        """
        sizes = {entry.name: _size(entry.path) for entry in _entries(f"{self._root}/exe")}
        ranking = sorted(
            (position > 0, -program.status.st_mtime, position, key)
            for key, program in programs.items()
            for position in range(len(program.digests))
        )
        kept: set[str] = set()
        total = 0
        for _, _, position, key in ranking:
            program = programs[key]
            if self._is_old(program) or program.kept < position:
                continue
            digest = program.digests[position]
            added = 0 if digest in kept else sizes.get(digest, 0)
            if kept and total + added > limit:
                break
            total += added
            kept.add(digest)
            program.kept += 1
        return kept

    def _is_old(self, program: _Program) -> bool:
        return self._now - program.status.st_mtime > UNUSED

    def _clear_tables(
        self, programs: Mapping[str, _Program], written: Collection[str]
    ) -> Collection[str]:
        """Remove what no manifest names; return the names of the tables that are left."""
        named: dict[str, set[bytes]] = {}
        for program in programs.values():
            for table, packed in program.records():
                named.setdefault(table, set()).add(packed)
        for entry in _entries(f"{self._root}/shelves"):
            if entry.name not in named:
                _remove(entry)
            elif entry.name in written:
                _sweep(entry.path, named[entry.name])
        return named

    def _clear_offers(self, kept: Collection[str]) -> None:
        """Remove what is offered to other checkouts where all of its executables go."""
        for entry in _entries(f"{self._root}/shared"):
            try:
                _weak, _sets, offers = unframe(read_file(entry.path))
                needed = "." not in entry.name and any(offer[-1] in kept for offer in offers)
            except (OSError, ValueError, TypeError, IndexError):
                needed = False
            if not needed:
                _remove(entry)

    def _clear_folders(self, name: str, kept: Collection[str], patience: float) -> None:
        for folder in _entries(f"{self._root}/{name}"):
            if folder.name not in kept:
                self._remove_unused(folder, patience)

    def _clear_work_and_locks(self, needed: Collection[str]) -> None:
        """Remove the folders of builds that have ended, and the locks that nobody needs."""
        for entry in _entries(f"{self._root}/work"):
            if not entry.is_dir(follow_symlinks=False):
                _remove(entry)
                continue
            if os.path.exists(f"{entry.path}/{JOURNAL}"):
                continue  # the next build wants to know what this one compiled, if it was killed
            lock = Lock(entry.path, folder=True)
            try:
                if lock.acquire(wait=False):
                    self._remove_unused(entry, 0)
            except OSError:  # no locks for folders here
                self._remove_unused(entry, UNWATCHED)
            finally:
                lock.release()
        for entry in _entries(f"{self._root}/locks"):
            lock = Lock(entry.path)
            if entry.name not in needed and lock.acquire(wait=False):
                _remove(entry)
                lock.release()

    def _remove_unused(self, folder: os.DirEntry[str], patience: float) -> None:
        """Remove a folder unless something in it is running, or may be about to."""
        age = self._now - folder.stat(follow_symlinks=False).st_mtime
        if self._patient and 0 <= age < patience:
            return
        files = {(s.st_dev, s.st_ino) for s in map(os.DirEntry.stat, _entries(folder.path))}
        if self._in_use is None or self._in_use.isdisjoint(files):
            _remove(folder)

    @functools.cached_property
    def _in_use(self) -> set[tuple[int, int]] | None:
        """Device and inode of what this user's processes execute; None where nothing tells.

        The processes of others run nothing from here.
        """
        return host.running_executables()


def _sweep(path: str, packed: set[bytes]) -> None:
    """Take the records that no manifest names from a table."""
    try:
        table = InputTable("", path)
        size = IDENTITY_SIZE
        named = {blob[i : i + size] for blob in packed for i in range(0, len(blob), size)}
        if len(table.seals.keys() - named) > GARBAGE_KEPT:
            records = {i: record for i, record in table.packed().items() if i in named}
            seals = {i: seal for i, seal in table.seals.items() if i in records}
            write_whole(path, frame((table.root_name, table.root, seals), records))
    except (ValueError, TypeError):
        os.unlink(path)


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _size(folder: str) -> int:
    return sum(entry.stat(follow_symlinks=False).st_size for entry in _entries(folder))
