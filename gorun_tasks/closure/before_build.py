"""State before a build: what was there before go started, where no time stamp tells (law 3).

Decides what counts as the same after go has finished: the file system and the directory that a path
leads to, names in directories where others are at work, and, on file systems whose stat says
nothing, stats and contents of what a build of this program read before. It must never call
something unchanged that it has not seen before.
"""

from __future__ import annotations

import os

from gorun_tasks.core.fingerprint import NEVER, key_at, record_directory
from gorun_tasks.inputs.digest import content_by_reading, contents_by_reading
from gorun_tasks.inputs.directory_listing import list_directory
from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.inputs.semantic_digest import kind_of
from gorun_tasks.system.directory_watch import DirectoryWatch
from gorun_tasks.system.mount_table import MountTable
from gorun_tasks.system.mount_watch import MountWatch
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gorun_tasks.core.fingerprint import Detail, Key, Record
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.toolchain.report import Report


class BeforeBuild:
    """What was there when this object was made: before go starts.

    `noisy` are directories in which others are at work, perhaps at nothing that counts.
    """

    def __init__(self, program: ProgramSpec, command: str, noisy: Iterable[str] = ()) -> None:
        self._mounts = MountWatch()
        self.noisy = DirectoryWatch(noisy)
        self._listings: dict[
            tuple[str, str, tuple[str, ...]], tuple[tuple[str, ...] | None, Key | None]
        ] = {}
        roots = {program.cwd, program.directory, command, _module_cache(program)}
        wanted: set[tuple[str, bytes]] = set()
        for root, record, detail in _unbelieved(program, roots):
            wanted |= self._look_at(record_directory(root, record[0]), record, detail)
        self._contents = contents_by_reading(wanted)
        ways = {
            way
            for root in roots
            for path in (root, os.path.realpath(root))
            for way in upwards(path)
        }
        self._directories = {way: _identity(way) for way in ways}

    def held(self, path: str, content: bytes, key: Key | None) -> bool:
        """Say whether a path held this, with this stat, before go started."""
        return self._contents.get((path, kind_of(content))) == (content, key)

    def listed(
        self, how: tuple[str, str, tuple[str, ...]], seen: tuple[tuple[str, ...], Key | None]
    ) -> bool:
        """Say whether a directory was listed so, with this stat, before go started.

        `how` are the arguments of `list_directory`.
        """
        return self._listings.get(how) == seen

    def elsewhere(self) -> set[str]:
        """Return where something was mounted or unmounted, or another directory is by now."""
        replaced = (way for way, was in self._directories.items() if _identity(way) != was)
        return self._mounts.changed().union(replaced)

    def led_elsewhere(self, paths: Iterable[str], inside: str = "") -> list[str]:
        """Return those of these paths that may have led elsewhere since.

        What happened below the directory `inside` is returned as well.
        """
        tops = self.elsewhere()
        if not tops:
            return []
        below = [top for top in tops if inside and _is_below(top, os.path.realpath(inside))]
        return below + [
            path
            for path in paths
            if any(_is_below(way, top) for way in (path, os.path.realpath(path)) for top in tops)
        ]

    def changed_sources(self, report: Report) -> list[str]:
        """Return the files that may be another by now than go hashed, where no time stamp tells."""
        try:
            hashes = report.hashes()
        except NotRecorded:
            return []
        mounts = MountTable()
        roots = [report.settings.get(name, "") for name in ("GOROOT", "GOMODCACHE")]
        brought = tuple(f"{root}/" for root in roots if root)
        changed = []
        for path, digest in hashes.items():
            key = None if path.startswith(brought) else key_at(path)
            if key is not None and mounts.believes(path, key[4]):
                continue
            if key is not None and content_by_reading(path, b"")[0] != digest:
                changed.append(path)
        return self.led_elsewhere(hashes) + changed

    def close(self) -> None:
        self._mounts.close()
        self.noisy.close()

    def _look_at(self, where: str, record: Record, detail: Detail) -> set[tuple[str, bytes]]:
        """List a directory if need be; return the paths, and kinds, of what to read in it."""
        mode, further, _, contents = detail
        if record[1] is not None:
            at = where or "/"
            listing = list_directory(at, mode, further)
            key = None if mode == "named" else key_at(at)
            self._listings[where, mode, further] = listing, key
        named = zip(record[2], contents, strict=True)
        return {(f"{where}/{name}", kind_of(content)) for name, content in named}


def _unbelieved(program: ProgramSpec, roots: set[str]) -> Iterator[tuple[str, Record, Detail]]:
    """Yield root, record and detail of what the last builds read where a stat says nothing.

    The roots of all that they read are added to `roots`.
    """
    store = program.store
    if not store.trusted():
        return
    manifests = store.manifests(program.key, program.identity)[:1]
    for name, identities in (
        *(table for manifest in manifests for table in manifest.tables),
        *store.unconfirmed(program.key, program.identity),
    ):
        table = store.table(name)
        if table is None:
            continue
        roots.add(table.root)
        for identity in identities:
            seal = table.seals.get(identity)
            if seal is not None and seal[3] == NEVER:
                found = table.recorded(identity)
                if found is not None:
                    yield table.root, *found


def _module_cache(program: ProgramSpec) -> str:
    """Return where go keeps modules by the environment alone (a guess: go env knows)."""
    environ = program.environ
    gopath = environ.get("GOPATH", "").partition(":")[0] or f"{environ.get('HOME', '')}/go"
    return environ.get("GOMODCACHE", "") or f"{gopath}/pkg/mod"


def _identity(path: str) -> tuple[int, int] | None:
    key = key_at(path)
    return None if key is None else key[3:]


def _is_below(path: str, top: str) -> bool:
    return f"{path}/".startswith(top if top == "/" else f"{top}/")
