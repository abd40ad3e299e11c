"""Publisher: brings a build into the store: executable, then records, then the manifest.

Decides what is written of a build, in which order, and where a build under way may put what is
its own. It must never hold a lock while a program runs, and never name in a manifest what is not
on the disk.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import functools
import os
import shutil
import tempfile
import time

from gorun_tasks.core.fingerprint import key_at, key_of, record_directory
from gorun_tasks.core.store import Manifest, pack, packed_tables, unpack
from gorun_tasks.errors import BuildError, GivenUp, GoRunError
from gorun_tasks.inputs.digest import ContentCache, is_executable_of
from gorun_tasks.storage.eviction import evict
from gorun_tasks.storage.writer import StoreUnusable, Writer, in_words
from gorun_tasks.system.atomic_files import put_whole, sync, write_whole
from gorun_tasks.system.locks import Lock
from gorun_tasks.toolchain.interrupt import InterruptGuard
from gorun_tasks.toolchain.report import JOURNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gorun_tasks.closure.recorder import Closure, Section
    from gorun_tasks.core.fingerprint import Key
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import InputTable, Packed, Store
    from gorun_tasks.storage.staged_executable import StagedExecutable
    from gorun_tasks.storage.writer import Added

_PATIENCE = 0.05  # seconds between two looks whether a lock is to be had


class Publisher(Writer):
    """A store that a build writes to."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._held: list[Lock] = []  # folders for builds and runs, ours while this object is there

    @contextlib.contextmanager
    def lock(self, key: str) -> Iterator[Lock]:
        """Have one program to ourselves, to build and publish it.

        `waited` also says whether somebody wrote it since it was read. Where there can be no lock
        two may build the same: that is only slow. Raises GivenUp.
        """
        lock = Lock(f"{self._root}/locks/{key}")
        guard = InterruptGuard.here()
        scope = guard.scope if guard is not None else None
        try:
            with contextlib.suppress(OSError):
                # Nothing interrupts a thread that waits for a lock.
                while not lock.acquire(wait=scope is None):
                    lock.waited = True
                    if scope is not None and scope.cancelled:
                        raise GivenUp
                    time.sleep(_PATIENCE)
            lock.waited = lock.waited or self._store.has_news(key)
            yield lock
        finally:
            lock.release()

    def work(self, *inside: str) -> str:
        """Return a new folder for one build or run, with these folders in it. Raises Unusable.

        To eviction it is garbage as soon as this object, or this process, is gone.
        """
        path = self._temporary()
        with self._write_lock():
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
                if os.path.exists(f"{folder}/{JOURNAL}"):
                    lock = Lock(folder, folder=True)
                    if lock.acquire(wait=False):
                        yield folder
                    lock.release()

    def _temporary(self) -> str:
        return f"{self._root}/work/{os.urandom(8).hex()}"

    def known(self, key: str, identity: tuple[str, ...]) -> ContentCache:
        """Return the contents that the tables of this program know already."""
        known = ContentCache()
        tables = {name for m in self._store.manifests(key, identity) for name, _ in m.tables}
        for name in tables or self._goroot_tables():
            table = self._store.table(name)
            if table is not None:
                # That of a module has what is in no other root as well.
                prefix = "" if table.root_name == "module" else f"{table.root}/"
                known.add_later(prefix, functools.partial(_add_all, known, table))
        return known

    def publish(
        self,
        key: str,
        identity: tuple[str, ...],
        executable: StagedExecutable,
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
        with self._write_lock(), contextlib.ExitStack() as undo:
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
                tables=tuple((s.name, tuple(s.records)) for s in closure.sections),
                goroot_bin=goroot_bin,
                wrapper=wrapper,
                cgo=cgo,
                go_version=go_version,
                recorded=time.time(),
            )
            self._put_first(key, identity, manifest)
            undo.pop_all()
        return manifest

    def renew(
        self,
        program: ProgramSpec,
        manifest: Manifest,
        closure: Closure,
        wrapper: tuple[str, ...],
    ) -> None:
        """Have the executable of a manifest depend on other inputs from now on. Raises Unusable."""
        renewed = copy.copy(manifest)
        renewed.environment, renewed.defaults = closure.environment, closure.defaults
        renewed.lookups, renewed.links = closure.lookups, closure.links
        renewed.packed = packed_tables((s.name, s.records) for s in closure.sections)
        renewed.wrapper, renewed.recorded = wrapper, time.time()
        self.put_records(closure)
        self.promote(program.key, program.identity, renewed)

    def take_over(self, program: ProgramSpec, manifest: Manifest, closure: Closure) -> None:
        """Have a program start what another checkout has built, as depending on a closure.

        The manifest is that of the other one, and becomes this one's. Raises Unusable.
        """
        manifest.environment, manifest.defaults = closure.environment, closure.defaults
        manifest.lookups, manifest.links = closure.lookups, closure.links
        manifest.packed = packed_tables((s.name, s.records) for s in closure.sections)
        manifest.recorded = time.time()
        with self._write_lock():
            if key_at(self._store.executable(manifest)) != manifest.key:
                raise StoreUnusable("the executable has just been evicted")
            self._put_all_records(closure)
            self._put_first(program.key, program.identity, manifest)

    def offer(self, name: str, content: Callable[[], bytes]) -> None:
        """Write what is offered to other checkouts: `content`, once nobody else does. Unusable."""
        with self._write_lock(), Lock(f"{self._root}/locks/shared-{name}"):
            write_whole(f"{self._root}/shared/{name}", content())

    def place(self, executable: StagedExecutable) -> str:
        """Put an executable where it stays, so that it can be started; return its path.

        It may not be on the disk yet: to `publish` it is what is left to do. Raises Unusable.
        """
        with self._write_lock():
            executable.placed = self._place(executable, synced=False)
        return executable.placed

    def put_records(self, closure: Closure) -> None:
        """Write the records of a build that is not finished: a manifest may name them then.

        Until it does, they are of use to nobody, and true all the same. Raises Unusable.
        """
        with self._write_lock():
            self._put_all_records(closure)

    def publish_unrecorded(
        self,
        key: str,
        identity: tuple[str, ...],
        executable: StagedExecutable,
        why: str,
        unconfirmed: Closure | None = None,
    ) -> tuple[str, str]:
        """Publish an executable that no manifest will name: its digest and path. Raises Unusable.

        It has to lie somewhere while it runs; eviction removes it. `why` is kept for --why, and
        what it depends on for the next build, where that can be surer.
        """
        with self._write_lock():
            tables: tuple[tuple[str, bytes], ...] = ()
            if unconfirmed is not None:
                self._put_all_records(unconfirmed)
                tables = packed_tables((s.name, s.records) for s in unconfirmed.sections)
            self._put(key, identity, self._store.manifests(key, identity), (why, tables))
            path = self._publish_executable(executable)
            return executable.digest(), path

    def evict(self, limit: int) -> None:
        """Bring the store under `limit` bytes and clear garbage. Trouble costs space only."""
        with contextlib.suppress(OSError):
            evict(self._root, limit, self._written)

    def stable_path(self, key: str, name: str, source: str) -> str:
        """Return the path that is the same for this key after every rebuild (--which)."""
        folder = f"{self._root}/which/{key}"
        path = f"{folder}/{name}"
        with self._write_lock():
            os.makedirs(folder, mode=0o700, exist_ok=True)
            if not (os.path.exists(path) and os.path.samefile(path, source)):
                put_whole(path, lambda temporary: os.link(source, temporary), self._temporary())
            os.utime(folder)  # when it was handed out: eviction goes by it
        return path

    def drop(self, key: str) -> None:
        """Forget a program on all platforms, and remove what only it used. Raises Unusable."""
        with self._write_lock():
            for folder in ("programs", "which"):
                for name in self._store.keys(key, folder):
                    with contextlib.suppress(FileNotFoundError):
                        if folder == "which":
                            os.utime(f"{self._root}/which/{name}", (0, 0))  # nobody wants it now
                        else:
                            os.unlink(f"{self._root}/{folder}/{name}")
        with contextlib.suppress(OSError):
            evict(self._root)

    def _publish_executable(self, executable: StagedExecutable) -> str:
        """Have an executable under its name, and on the disk: a manifest may name it then."""
        if not executable.placed:
            return self._place(executable, synced=True)
        try:
            executable.sync()
        except OSError:
            os.unlink(executable.placed)  # from now on nobody can tell what is on the disk
            raise
        return executable.placed

    def _place(self, executable: StagedExecutable, *, synced: bool) -> str:
        digest = executable.digest()
        folder = f"{self._root}/exe/{digest}"
        path = f"{folder}/{os.path.basename(executable.path)}"
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if is_executable_of(path, digest):
            os.utime(folder)  # it is about to be started: eviction leaves what is young alone
            if synced:
                sync(path)  # whoever placed it may have been killed before
            return path
        if os.path.isdir(path):
            shutil.rmtree(path)
        if synced:
            executable.sync()
        try:
            os.rename(executable.path, path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise

            def copy(temporary: str) -> None:
                shutil.copy(executable.path, temporary)
                if synced:
                    sync(temporary)

            put_whole(path, copy, self._temporary())
        return path

    def _put_all_records(self, closure: Closure) -> None:
        for section in closure.sections:
            # Another process, or eviction, may have written since.
            if section.kept is None or section.kept != self._key_of_table(section.name):
                self._put_records(section)

    def _key_of_table(self, name: str) -> Key | None:
        return key_at(f"{self._root}/shelves/{name}")

    def _put_records(self, section: Section) -> None:
        def missing(packed: Packed) -> Added:
            return {
                identity: (record, now)
                for identity, (record, detail) in section.records.items()
                if packed.get(identity) != (now := pack((record, detail)))
            }

        def note() -> None:
            section.kept = self._key_of_table(section.name)

        self._add_to_table(section.name, missing, (section.root_name, section.root), note)

    def _goroot_tables(self) -> list[str]:
        try:
            names = os.listdir(f"{self._root}/shelves")
        except OSError:
            return []
        return [name for name in names if name.startswith("goroot-") and "." not in name]


def _add_all(known: ContentCache, table: InputTable) -> None:
    for record, detail in map(unpack, table.packed().values()):
        known.add(record_directory(table.root, record[0]), record, detail[3])


def working_folder(publisher: Publisher | None, *inside: str) -> str:
    """Return a new folder for one build or run, with these folders in it.

    It is in the store if it can be, where eviction finds what a kill left, else among temporary
    files. Raises BuildError.
    """
    if publisher is not None:
        with contextlib.suppress(StoreUnusable):
            return publisher.work(*inside)
    try:
        path = tempfile.mkdtemp(prefix="gorun-")
        _make_folders(path, inside)
    except OSError as error:
        trouble = f"there is no room for a build: {in_words(error)}"
        raise BuildError(trouble, "TMPDIR can name a directory with room") from error
    return path


def forget(program: ProgramSpec) -> None:
    """Forget what the store has of a program. Raises GoRunError where that cannot be."""
    if program.store.trusted():
        try:
            Publisher.of(program.store).drop(program.key)
        except StoreUnusable as trouble:
            if program.store.keys(program.key, "programs"):
                raise GoRunError(f"{program.label} is not forgotten: {trouble}") from trouble


def _make_folders(path: str, names: Iterable[str]) -> None:
    """Make these folders in a new one, or remove it. Raises OSError."""
    try:
        for name in names:
            os.mkdir(f"{path}/{name}")
    except OSError:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _link_again(path: str, source: str) -> None:
    with contextlib.suppress(OSError):
        os.link(path, source)
