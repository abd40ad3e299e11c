"""Publish: the writing side of the store: whole or not at all, executable first, manifest second.

Decides where a store may be, and what is written to it in which order. It must never let a reader
wait, never write where another user could swap what we wrote, never hold a lock while a program
runs, and never turn a trouble with the store into a failed run: `Unusable` sends the caller
elsewhere. What a touched file leads to comes here as well: what only a build needs is imported
where it is needed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time

from gorun_tasks.content import Known, sha256_of
from gorun_tasks.disk import NOTES, STORE_LOCK, Lock, sync, write_whole
from gorun_tasks.errors import BuildError
from gorun_tasks.fingerprint import key_at, key_of, place, sealed
from gorun_tasks.store import (
    Manifest,
    Shelf,
    Store,
    frame,
    pack,
    read_file,
    unframe_shelf,
    unpack,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from gorun_tasks.closure import Closure, Section
    from gorun_tasks.fingerprint import Key, Record, Seal
    from gorun_tasks.handed import Handed
    from gorun_tasks.program import Program
    from gorun_tasks.store import Packed
    from gorun_tasks.verdict import Verdict

    _Added = dict[bytes, tuple[Record, bytes]]

MANIFESTS_KEPT = 8
"""How many manifests a program has at most."""

_FOLDERS = (
    *("programs", "shelves", "exe", "which", "hours", "work", "locks"),
    *("workspaces", "generated"),
)


class Unusable(Exception):  # noqa: N818 - not a person's error: a slower run
    """The store cannot be written to; `str()` says why in words."""


class Publisher:
    """A store to write to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root = store.root
        self._held: list[Lock] = []  # folders for builds and runs, ours while this object is there
        self._written: set[str] = set()  # shelves

    @classmethod
    def of(cls, store: Store) -> Self:
        """Return the writing side of a store, made if need be. Raises Unusable."""
        if not store.root:
            raise Unusable("there is no home directory to keep executables in")
        directory = os.path.dirname(store.root)
        try:
            exposed = exposed_part(directory)
            if exposed:
                raise Unusable(f"{store.root} lies in {exposed}, which another user may write to")
            os.makedirs(directory, mode=0o700, exist_ok=True)
            if not os.path.lexists(store.root):
                _create(store.root)
            if not store.trusted():
                raise Unusable(f"{store.root} is not a directory that only this user can get at")
            for folder in _FOLDERS:
                os.makedirs(f"{store.root}/{folder}", mode=0o700, exist_ok=True)
        except (OSError, ValueError) as error:
            raise Unusable(f"{store.root} cannot be used: {_words(error)}") from error
        return cls(store)

    @contextlib.contextmanager
    def lock(self, key: str) -> Iterator[Lock]:
        """Have one program to ourselves, to build and publish it.

        `waited` also says whether somebody wrote it since it was read. Where there can be no lock
        two may build the same: that is only slow.
        """
        lock = Lock(f"{self._root}/locks/{key}")
        try:
            with contextlib.suppress(OSError):
                lock.acquire()
            lock.waited = lock.waited or self._store.has_news(key)
            yield lock
        finally:
            lock.release()

    def work(self, *inside: str) -> str:
        """Return a new folder for one build or run, with these folders in it. Raises Unusable.

        To eviction it is garbage as soon as this object, or this process, is gone.
        """
        path = self._temporary()
        with self._writing():
            os.mkdir(path, 0o700)
            lock = Lock(path, folder=True)
            with contextlib.suppress(OSError):  # such a folder is garbage after a day
                lock.acquire()
            self._held.append(lock)
            _make_folders(path, inside)
        return path

    def left_by_builds(self) -> Iterator[str]:
        """Yield the folders of builds that were killed, each locked meanwhile.

        Where there are no locks nobody can tell, and nothing is yielded.
        """
        with contextlib.suppress(OSError):
            for name in os.listdir(f"{self._root}/work"):
                folder = f"{self._root}/work/{name}"
                if os.path.exists(f"{folder}/{NOTES}"):
                    lock = Lock(folder, folder=True)
                    if lock.acquire(wait=False):
                        yield folder
                    lock.release()

    def _temporary(self) -> str:
        return f"{self._root}/work/{os.urandom(8).hex()}"

    def known(self, key: str, identity: tuple[str, ...]) -> Known:
        """Return the contents that the shelves of this program know already."""
        known = Known()
        shelves = {name for m in self._store.manifests(key, identity) for name, _ in m.shelves}
        for name in shelves or self._goroot_shelves():
            shelf = self._store.shelf(name)
            if shelf is None:
                continue
            for record, detail in map(unpack, shelf.packed().values()):
                known.learn(place(shelf.root, record[0]), record, detail[3])
        return known

    def publish(
        self,
        key: str,
        identity: tuple[str, ...],
        executable: Handed,
        closure: Closure,
        *,
        goroot_bin: str,
        go_version: str,
        wrapper: tuple[str, ...],
        cgo: bool,
    ) -> Manifest:
        """Publish executable, then records, then the manifest.

        Raises Unusable, and then the executable is where it was.
        """
        with self._writing(), contextlib.ExitStack() as undo:
            path = self._publish_executable(executable)
            digest, name = executable.digest(), os.path.basename(path)
            undo.callback(_link_again, path, executable.path)
            self._put_all_records(closure)
            manifest = Manifest(
                digest,
                name,
                key_of(os.stat(path)),
                environment=closure.environment,
                defaults=closure.defaults,
                lookups=closure.lookups,
                links=closure.links,
                shelves=tuple((s.name, tuple(s.records)) for s in closure.sections),
                goroot_bin=goroot_bin,
                wrapper=wrapper,
                cgo=cgo,
                go_version=go_version,
                recorded=time.time(),
            )
            self._put_first(key, identity, manifest)
            undo.pop_all()
        return manifest

    def place(self, executable: Handed) -> str:
        """Put an executable where it stays, so that it can be started; return its path.

        It may not be on the disk yet: to `publish` it is what is left to do. Raises Unusable.
        """
        with self._writing():
            executable.placed = self._place(executable, synced=False)
        return executable.placed

    def put_records(self, closure: Closure) -> None:
        """Write the records of a build that is not finished: a manifest may name them then.

        Until it does, they are of use to nobody, and true all the same. Raises Unusable.
        """
        with self._writing():
            self._put_all_records(closure)

    def publish_unrecorded(
        self, key: str, identity: tuple[str, ...], executable: Handed, why: str
    ) -> tuple[str, str]:
        """Publish an executable that no manifest will name: its digest and path. Raises Unusable.

        It has to lie somewhere while it runs; eviction removes it. `why` is kept for --why.
        """
        with self._writing():
            self._put(key, identity, self._store.manifests(key, identity), why)
            path = self._publish_executable(executable)
            return executable.digest(), path

    def keep(self, folder: str, key: str, content: bytes) -> None:
        """Write what is remembered of something else than a build. Raises Unusable."""
        with self._writing():
            write_whole(f"{self._root}/{folder}/{key}", content)

    def promote(self, key: str, identity: tuple[str, ...], manifest: Manifest) -> None:
        """Make a manifest the newest: its content is what is there now. Raises Unusable."""
        with self._writing():
            self._put_first(key, identity, manifest)

    def evict(self, limit: int) -> None:
        """Bring the store under `limit` bytes and clear garbage. Trouble costs space only."""
        from gorun_tasks.evict import evict  # noqa: PLC0415 - not for a touched file

        with contextlib.suppress(OSError):
            evict(self._root, limit, self._written)

    def refresh(self, renewed: Iterable[tuple[Shelf, bytes, Record]]) -> None:
        """Write the stats of records whose content was found unchanged. Trouble costs time only."""
        by_shelf: dict[str, dict[bytes, Record]] = {}
        for shelf, identity, record in renewed:
            by_shelf.setdefault(shelf.name, {})[identity] = record
        for name, changes in by_shelf.items():

            def renewed_of(packed: Packed, changes: dict[bytes, Record] = changes) -> _Added:
                return {
                    identity: (record, pack((record, unpack(packed[identity])[1])))
                    for identity, record in changes.items()
                    if identity in packed
                }

            with contextlib.suppress(Unusable), self._writing():
                self._add_to_shelf(name, renewed_of)

    def stable_path(self, key: str, name: str, source: str) -> str:
        """Return the path that is the same for this program after every rebuild (--which)."""
        folder = f"{self._root}/which/{key}"
        path = f"{folder}/{name}"
        with self._writing():
            os.makedirs(folder, mode=0o700, exist_ok=True)
            if not (os.path.exists(path) and os.path.samefile(path, source)):
                temporary = self._temporary()
                os.link(source, temporary)
                os.rename(temporary, path)
            os.utime(folder)  # when it was handed out: eviction goes by it
        return path

    def drop(self, key: str) -> None:
        """Forget a program, and remove what only it used. Raises Unusable."""
        with self._writing():
            for folder in ("programs", "hours"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{self._root}/{folder}/{key}")
            with contextlib.suppress(FileNotFoundError):
                os.utime(f"{self._root}/which/{key}", (0, 0))  # nobody wants it any longer
        from gorun_tasks.evict import evict  # noqa: PLC0415

        with contextlib.suppress(OSError):
            evict(self._root)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with Lock(f"{self._root}/locks/{STORE_LOCK}", shared=True):
                yield
        except OSError as error:
            raise Unusable(f"{self._root} cannot be written to: {_words(error)}") from error

    def _publish_executable(self, executable: Handed) -> str:
        """Have an executable under its name, and on the disk: a manifest may name it then."""
        if not executable.placed:
            return self._place(executable, synced=True)
        try:
            executable.sync()
        except OSError:
            os.unlink(executable.placed)  # from now on nobody can tell what is on the disk
            raise
        return executable.placed

    def _place(self, executable: Handed, *, synced: bool) -> str:
        digest = executable.digest()
        folder = f"{self._root}/exe/{digest}"
        path = f"{folder}/{os.path.basename(executable.path)}"
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if is_executable_of(path, digest):
            os.utime(folder)  # it is about to be started: eviction leaves what is young alone
            if synced:
                sync(path)  # whoever placed it may have been killed before
            return path
        import shutil  # noqa: PLC0415

        if os.path.isdir(path):
            shutil.rmtree(path)
        if synced:
            executable.sync()
        try:
            os.rename(executable.path, path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            temporary = self._temporary()
            shutil.copy(executable.path, temporary)
            if synced:
                sync(temporary)
            os.rename(temporary, path)
        return path

    def _put_all_records(self, closure: Closure) -> None:
        for section in closure.sections:
            # Another process, or eviction, may have written since.
            if section.kept is None or section.kept != self._key_of_shelf(section.name):
                self._put_records(section)

    def _key_of_shelf(self, name: str) -> Key | None:
        return key_at(f"{self._root}/shelves/{name}")

    def _put_records(self, section: Section) -> None:
        def missing(packed: Packed) -> _Added:
            return {
                identity: (record, now)
                for identity, (record, detail) in section.records.items()
                if packed.get(identity) != (now := pack((record, detail)))
            }

        def note() -> None:
            section.kept = self._key_of_shelf(section.name)

        self._add_to_shelf(section.name, missing, (section.root_name, section.root), note)

    def _add_to_shelf(
        self,
        name: str,
        what: Callable[[Packed], _Added],
        root: tuple[str, str] | None = None,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Write what `what` finds missing among the records that are there, or in need of renewal.

        `root` makes a shelf where there is none, or none that is sound.
        """
        path = f"{self._root}/shelves/{name}"
        with Lock(f"{self._root}/locks/{name}"):
            packed: Packed = {}
            seals: dict[bytes, Seal] = {}
            # There may be none yet, or nothing to be had of it.
            with contextlib.suppress(OSError, ValueError, TypeError):
                root, seals, packed = unframe_shelf(read_file(path))
            if root is None:
                return
            added = what(packed)
            if added:
                packed.update((identity, now) for identity, (_, now) in added.items())
                seals.update((identity, sealed(record)) for identity, (record, _) in added.items())
                write_whole(path, frame((*root, seals), packed))
            then()
        self._written.add(name)
        self._store.forget_shelves()

    def _put_first(self, key: str, identity: tuple[str, ...], manifest: Manifest) -> None:
        others = [
            other
            for other in self._store.manifests(key, identity)
            if (other.digest, other.environment, other.lookups, other.packed)
            != (manifest.digest, manifest.environment, manifest.lookups, manifest.packed)
        ]
        self._put(key, identity, [manifest, *others], "")

    def _put(
        self, key: str, identity: tuple[str, ...], manifests: list[Manifest], note: str
    ) -> None:
        stored = tuple(manifest.stored() for manifest in manifests[:MANIFESTS_KEPT])
        content = frame((identity, stored), note)
        write_whole(f"{self._root}/programs/{key}", content)

    def _goroot_shelves(self) -> list[str]:
        try:
            names = os.listdir(f"{self._root}/shelves")
        except OSError:
            return []
        return [name for name in names if name.startswith("goroot-") and "." not in name]


def write_back(program: Program, verdict: Verdict) -> None:
    """Write what a verdict found out, so that the next look is by stat alone.

    Trouble with the store costs time only.
    """
    try:
        publisher = Publisher.of(program.store)
        publisher.refresh(verdict.renewed)
        if verdict.altered and verdict.manifest is not None:
            publisher.promote(program.key, program.identity, verdict.manifest)
    except Unusable:
        return


def working_folder(publisher: Publisher | None, *inside: str) -> str:
    """Return a new folder for one build or run, with these folders in it.

    It is in the store if it can be, where eviction finds what a kill left, else among temporary
    files. Raises BuildError.
    """
    if publisher is not None:
        with contextlib.suppress(Unusable):
            return publisher.work(*inside)
    import tempfile  # noqa: PLC0415

    try:
        path = tempfile.mkdtemp(prefix="gorun-")
        _make_folders(path, inside)
    except OSError as error:
        raise BuildError(f"there is no room for a build: {_words(error)}", "set TMPDIR") from error
    return path


def _make_folders(path: str, names: Iterable[str]) -> None:
    """Make these folders in a new one, or remove it. Raises OSError."""
    try:
        for name in names:
            os.mkdir(f"{path}/{name}")
    except OSError:
        import shutil  # noqa: PLC0415

        shutil.rmtree(path, ignore_errors=True)
        raise


def _link_again(path: str, source: str) -> None:
    with contextlib.suppress(OSError):
        os.link(path, source)


def is_executable_of(path: str, digest: str) -> bool:
    """Say whether a file that this user owns and may execute has this very SHA-256."""
    try:
        status = os.lstat(path)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        ours = ours and bool(status.st_mode & stat.S_IXUSR)
        return ours and sha256_of(path).hex() == digest
    except OSError:
        return False


def exposed_part(directory: str) -> str:
    """Return the part of the way to `directory` where another user could swap it, "" for none.

    Only root and this user may own what is on the way. A directory that others may write to must
    be sticky, as /tmp is; the user's own group may write, since some systems give each user one.
    """
    for way in dict.fromkeys((directory, os.path.realpath(directory))):
        part = way
        while True:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                if _is_exposed(os.stat(part)):
                    return part
            if part == os.path.dirname(part):
                break
            part = os.path.dirname(part)
    return ""


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


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
