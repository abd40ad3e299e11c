"""Store writer: records and manifests, each written whole or not at all, records first.

Decides where a store may be, and how what is remembered comes into it. It must never let a reader
wait, never write where another user could swap what we wrote, and never turn a trouble with the
store into a failed run: `StoreUnusable` sends the caller elsewhere. A touched file leads here, and
its program waits: what only a build needs is in `publisher`.
"""

from __future__ import annotations

import os
import stat
import time

from gorun_tasks.core.fingerprint import stat_digest
from gorun_tasks.core.store import frame, pack, read_file, unframe_table, unpack
from gorun_tasks.system.atomic_files import write_whole
from gorun_tasks.system.locks import STORE_LOCK, Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    from gorun_tasks.core.check import Verdict
    from gorun_tasks.core.fingerprint import Record, StatDigest
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import Aside, InputTable, Manifest, Packed, Store

    Added = dict[bytes, tuple[Record, bytes]]
    """Records to be written, by identity, each also as it is packed."""

MANIFESTS_KEPT = 8
"""How many manifests a program has at most."""

_FOLDERS = (
    *("programs", "shelves", "exe", "which", "work", "locks"),
    *("workspaces", "generated", "compiled", "shared"),
)


class StoreUnusable(Exception):
    """The store cannot be written to; `str()` says why in words."""


class Writer:
    """A store to write to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root = store.root
        self._written: set[str] = set()  # tables

    @classmethod
    def of(cls, store: Store) -> Self:
        """Return the writing side of a store, made if need be. Raises Unusable."""
        if not store.root:
            raise StoreUnusable("there is no home directory to keep executables in")
        directory = os.path.dirname(store.root)
        try:
            exposed = exposed_part(directory)
            if exposed:
                raise StoreUnusable(
                    f"{store.root} lies in {exposed}, which another user may write to"
                )
            os.makedirs(directory, mode=0o700, exist_ok=True)
            if not os.path.lexists(store.root):
                _create(store.root)
                from gorun_tasks.system.clock import wait_past  # noqa: PLC0415 - once a store

                # A directory above has changed, and go may be about to look at it.
                wait_past(time.time_ns())
            if not store.trusted():
                raise StoreUnusable(
                    f"{store.root} is not a directory that only this user can get at"
                )
            for folder in _FOLDERS:
                os.makedirs(f"{store.root}/{folder}", mode=0o700, exist_ok=True)
        except (OSError, ValueError) as error:
            raise StoreUnusable(f"{store.root} cannot be used: {in_words(error)}") from error
        return cls(store)

    def keep(self, folder: str, key: str, content: bytes) -> None:
        """Write what is remembered of something else than a build. Raises Unusable."""
        with self._write_lock():
            write_whole(f"{self._root}/{folder}/{key}", content)

    def promote(self, key: str, identity: tuple[str, ...], manifest: Manifest) -> None:
        """Make a manifest the newest: its content is what is there now. Raises Unusable."""
        with self._write_lock():
            self._put_first(key, identity, manifest)

    def refresh(self, renewed: Iterable[tuple[InputTable, bytes, Record]]) -> None:
        """Write the stats of records whose content was found unchanged. Trouble costs time only."""
        by_shelf: dict[str, dict[bytes, Record]] = {}
        for table, identity, record in renewed:
            by_shelf.setdefault(table.name, {})[identity] = record
        for name, changes in by_shelf.items():

            def renewed_of(packed: Packed, changes: dict[bytes, Record] = changes) -> Added:
                return {
                    identity: (record, pack((record, unpack(packed[identity])[1])))
                    for identity, record in changes.items()
                    if identity in packed
                }

            try:
                with self._write_lock():
                    self._add_to_table(name, renewed_of)
            except StoreUnusable:
                pass

    def _write_lock(self) -> _WriteLock:
        return _WriteLock(self._root)

    def _add_to_table(
        self,
        name: str,
        what: Callable[[Packed], Added],
        root: tuple[str, str] | None = None,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Write what `what` finds missing among the records that are there, or in need of renewal.

        `root` makes a table where there is none, or none that is sound.
        """
        path = f"{self._root}/shelves/{name}"
        with Lock(f"{self._root}/locks/{name}"):
            packed: Packed = {}
            seals: dict[bytes, StatDigest] = {}
            try:
                root, seals, packed = unframe_table(read_file(path))
            except (OSError, ValueError, TypeError):
                pass  # there may be none yet, or nothing to be had of it
            if root is None:
                return
            added = what(packed)
            if added:
                packed.update((identity, now) for identity, (_, now) in added.items())
                seals.update(
                    (identity, stat_digest(record)) for identity, (record, _) in added.items()
                )
                write_whole(path, frame((*root, seals), packed))
            then()
        self._written.add(name)
        self._store.forget_tables()

    def _put_first(self, key: str, identity: tuple[str, ...], manifest: Manifest) -> None:
        others = [
            other
            for other in self._store.manifests(key, identity)
            if (other.digest, other.environment, other.lookups, other.packed)
            != (manifest.digest, manifest.environment, manifest.lookups, manifest.packed)
        ]
        self._put(key, identity, [manifest, *others], ("", ()))

    def _put(
        self, key: str, identity: tuple[str, ...], manifests: list[Manifest], aside: Aside
    ) -> None:
        stored = tuple(manifest.stored() for manifest in manifests[:MANIFESTS_KEPT])
        content = frame((identity, stored), aside)
        write_whole(f"{self._root}/programs/{key}", content)


class _WriteLock:
    """The lock that writers share; what goes wrong under it makes the store `StoreUnusable`."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._lock = Lock(f"{root}/locks/{STORE_LOCK}", shared=True)

    def __enter__(self) -> None:
        try:
            self._lock.acquire()
        except OSError as error:
            raise self._trouble(error) from error

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._lock.release()
        if isinstance(error, OSError):
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> StoreUnusable:
        return StoreUnusable(f"{self._root} cannot be written to: {in_words(error)}")


def write_back(program: ProgramSpec, verdict: Verdict) -> None:
    """Write what a verdict found out, so that the next look is by stat alone.

    Trouble with the store costs time only.
    """
    try:
        writer = Writer.of(program.store)
        writer.refresh(verdict.renewed)
        if verdict.altered and verdict.manifest is not None:
            writer.promote(program.key, program.identity, verdict.manifest)
    except StoreUnusable:
        return


def exposed_part(directory: str) -> str:
    """Return the part of the way to `directory` where another user could swap it, "" for none.

    Only root and this user may own what is on the way. A directory that others may write to must
    be sticky, as /tmp is; the user's own group may write, since some systems give each user one.
    """
    for way in dict.fromkeys((directory, os.path.realpath(directory))):
        part = way
        while True:
            status = _status(part)
            if status is not None and _is_exposed(status):
                return part
            if part == os.path.dirname(part):
                break
            part = os.path.dirname(part)
    return ""


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_exposed(status: os.stat_result) -> bool:
    if status.st_uid not in (0, os.geteuid()):
        return True
    shared = status.st_mode & stat.S_IWOTH or (
        status.st_mode & stat.S_IWGRP and status.st_gid not in (0, os.getegid())
    )
    return bool(shared) and not status.st_mode & stat.S_ISVTX


def _create(root: str) -> None:
    """Make the store's own directory, 0700 whatever the umask, or find that another just did."""
    try:
        os.mkdir(root, 0o700)
    except FileExistsError:
        return
    os.chmod(root, 0o700)


def in_words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
