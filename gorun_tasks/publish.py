"""Publish: the writing side of the store: whole or not at all, executable first, manifest second.

Decides what is kept and when it goes. It must never let a reader wait, never show a half-written
file under its name (temporary name, fsync, rename), never hold a lock while a program runs, and
never turn a trouble with the store into a failed run: `Unusable` sends the caller elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
import time

from gorun_tasks.closure import Known
from gorun_tasks.content import sha256_of
from gorun_tasks.evict import evict
from gorun_tasks.fingerprint import key_of, place
from gorun_tasks.store import Manifest, Store, frame, read_file, unframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from gorun_tasks.closure import Closure, Section
    from gorun_tasks.content import Detail
    from gorun_tasks.fingerprint import Record
    from gorun_tasks.store import Shelf

MANIFESTS_KEPT = 8
"""How many manifests a program has at most."""

VERSIONS_KEPT = 16
"""How many records of one directory a shelf has at most."""

_FOLDERS = ("programs", "shelves", "exe", "which", "work", "locks")


class Unusable(Exception):  # noqa: N818 - not a person's error: a slower run
    """The store cannot be written to; `str()` says why in words."""


class Lock:
    """An exclusive lock between processes, let go when the process ends, however it ends."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self.waited = False  # whether another process had it when it was asked for

    def __enter__(self) -> Self:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.waited = True
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_exception: object) -> None:
        os.close(self._descriptor)


class Publisher:
    """A store to write to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root = store.root

    @classmethod
    def of(cls, store: Store) -> Self:
        """Return the writing side of a store, made if need be. Raises Unusable."""
        if not store.root:
            raise Unusable("there is no home directory to keep executables in")
        try:
            os.makedirs(os.path.dirname(store.root), exist_ok=True)
            if not os.path.lexists(store.root):
                _create(store.root)
            if not store.trusted():
                raise Unusable(f"{store.root} is not a directory that only this user can get at")
            for folder in _FOLDERS:
                os.makedirs(f"{store.root}/{folder}", mode=0o700, exist_ok=True)
        except (OSError, ValueError) as error:
            raise Unusable(f"{store.root} cannot be used: {_words(error)}") from error
        return cls(store)

    def lock(self, key: str) -> Lock:
        """Return the lock under which one program is built and published."""
        return Lock(f"{self._root}/locks/{key}")

    def work(self) -> str:
        """Return a new folder for one build, in the store's own file system. Raises Unusable."""
        path = f"{self._root}/work/{os.getpid()}-{os.urandom(6).hex()}"
        try:
            os.mkdir(path, 0o700)
        except OSError as error:
            raise Unusable(f"{path} cannot be made: {_words(error)}") from error
        return path

    def known(self, key: str, identity: tuple[str, ...]) -> Known:
        """Return the contents that the shelves of this program know already."""
        known = Known()
        shelves = {name for m in self._store.manifests(key, identity) for name, _ in m.shelves}
        for name in shelves or self._goroot_shelves():
            shelf = self._store.shelf(name)
            if shelf is None:
                continue
            for identity_, detail in shelf.details().items():
                record = shelf.records.get(identity_)
                if record is not None:
                    known.learn(place(shelf.root, record[0]), record, detail[3])
        return known

    def publish(
        self,
        key: str,
        identity: tuple[str, ...],
        executable: str,
        closure: Closure,
        *,
        goroot_bin: str,
        go_version: str,
        wrapper: tuple[str, ...],
        cgo: bool,
    ) -> Manifest:
        """Publish executable, then records, then the manifest. Raises Unusable."""
        with self._writing():
            digest = sha256_of(executable).hex()
            name = os.path.basename(executable)
            path = self._publish_executable(executable, digest, name)
            for section in closure.sections:
                self._put_records(section)
            manifest = Manifest(
                digest,
                name,
                key_of(os.stat(path)),
                environment=closure.environment,
                lookups=closure.lookups,
                shelves=tuple((s.name, tuple(s.records)) for s in closure.sections),
                goroot_bin=goroot_bin,
                wrapper=wrapper,
                cgo=cgo,
                go_version=go_version,
                recorded=time.time(),
            )
            self._put_first(key, identity, manifest)
        return manifest

    def publish_unrecorded(
        self, key: str, identity: tuple[str, ...], executable: str, why: str
    ) -> tuple[str, str]:
        """Publish an executable that no manifest will name: its digest and path. Raises Unusable.

        It has to lie somewhere while it runs; eviction removes it. `why` is kept for --why.
        """
        with self._writing():
            self._put(key, identity, self._store.manifests(key, identity), why)
            digest = sha256_of(executable).hex()
            name = os.path.basename(executable)
            return digest, self._publish_executable(executable, digest, name)

    def promote(self, key: str, identity: tuple[str, ...], manifest: Manifest) -> None:
        """Make a manifest the newest: its content is what is there now. Raises Unusable."""
        with self._writing():
            self._put_first(key, identity, manifest)

    def evict(self, limit: int) -> None:
        """Bring the executables under `limit` bytes. Trouble costs space only."""
        with contextlib.suppress(OSError):
            evict(self._root, limit)

    def refresh(self, renewed: Iterable[tuple[Shelf, bytes, Record]]) -> None:
        """Write the stats of records whose content was found unchanged. Trouble costs time only."""
        by_shelf: dict[str, dict[bytes, Record]] = {}
        for shelf, identity, record in renewed:
            by_shelf.setdefault(shelf.name, {})[identity] = record
        for name, changes in by_shelf.items():

            def renew(
                records: dict[bytes, Record],
                _details: dict[bytes, Detail],
                changes: dict[bytes, Record] = changes,
            ) -> None:
                records.update((i, r) for i, r in changes.items() if i in records)

            try:
                self._rewrite_shelf(name, renew)
            except OSError:
                continue

    def stable_path(self, key: str, name: str, source: str) -> str:
        """Return the path that is the same for this program after every rebuild (--which)."""
        folder = f"{self._root}/which/{key}"
        path = f"{folder}/{name}"
        with self._writing():
            if not (os.path.exists(path) and os.path.samefile(path, source)):
                os.makedirs(folder, mode=0o700, exist_ok=True)
                temporary = f"{folder}/.{os.urandom(6).hex()}"
                os.link(source, temporary)
                os.rename(temporary, path)
        return path

    def drop(self, key: str) -> None:
        """Forget a program. What only it used goes at the next eviction. Raises Unusable."""
        with self._writing(), contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self._root}/programs/{key}")
        shutil.rmtree(f"{self._root}/which/{key}", ignore_errors=True)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unusable(f"{self._root} cannot be written to: {_words(error)}") from error

    def _publish_executable(self, source: str, digest: str, name: str) -> str:
        folder = f"{self._root}/exe/{digest}"
        path = f"{folder}/{name}"
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if not is_executable_of(path, digest):
            _sync(source)
            os.rename(source, path)
        return path

    def _put_records(self, section: Section) -> None:
        def add(records: dict[bytes, Record], details: dict[bytes, Detail]) -> None:
            for identity, (record, detail) in section.records.items():
                # Moved to the end: the order of a shelf is the order of last use.
                records.pop(identity, None)
                records[identity] = record
                details[identity] = detail
            _keep_latest(records, details)

        self._rewrite_shelf(section.name, add, (section.root_name, section.root))

    def _rewrite_shelf(
        self,
        name: str,
        change: Callable[[dict[bytes, Record], dict[bytes, Detail]], None],
        root: tuple[str, str] | None = None,
    ) -> None:
        path = f"{self._root}/shelves/{name}"
        with Lock(f"{self._root}/locks/{name}"):
            records: dict[bytes, Record] = {}
            details: dict[bytes, Detail] = {}
            before = b""
            try:
                before = read_file(path)
                root_name, root_path, records = unframe(before)
                details = unframe(before, second=True)
                root = (root_name, root_path)
            except (OSError, ValueError):
                records, details = {}, {}
            if root is None:
                return
            change(records, details)
            after = frame((*root, records), details)
            if after != before:
                _write(path, after)
        self._store.forget_shelves()

    def _put_first(self, key: str, identity: tuple[str, ...], manifest: Manifest) -> None:
        others = [
            other
            for other in self._store.manifests(key, identity)
            if (other.digest, other.environment, other.lookups, other.shelves)
            != (manifest.digest, manifest.environment, manifest.lookups, manifest.shelves)
        ]
        self._put(key, identity, [manifest, *others], "")

    def _put(
        self, key: str, identity: tuple[str, ...], manifests: list[Manifest], note: str
    ) -> None:
        stored = tuple(manifest.stored() for manifest in manifests[:MANIFESTS_KEPT])
        content = frame((identity, stored), note)
        _write(f"{self._root}/programs/{key}", content)

    def _goroot_shelves(self) -> list[str]:
        try:
            names = os.listdir(f"{self._root}/shelves")
        except OSError:
            return []
        return [name for name in names if name.startswith("goroot-") and "." not in name]


def is_executable_of(path: str, digest: str) -> bool:
    """Say whether a regular file with this very content (SHA-256, hexadecimal) lies at `path`."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode) and sha256_of(path).hex() == digest
    except OSError:
        return False


def _keep_latest(records: dict[bytes, Record], details: dict[bytes, Detail]) -> None:
    versions: dict[str, int] = {}
    for identity in reversed(list(records)):
        base = records[identity][0]
        versions[base] = versions.get(base, 0) + 1
        if versions[base] > VERSIONS_KEPT:
            del records[identity]
            details.pop(identity, None)


def _create(root: str) -> None:
    """Make the store's own directory, 0700 whatever the umask, or find that another just did."""
    try:
        os.mkdir(root, 0o700)
    except FileExistsError:
        return
    os.chmod(root, 0o700)


def _write(path: str, content: bytes) -> None:
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems have nothing to sync
            raise
    finally:
        os.close(descriptor)


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
