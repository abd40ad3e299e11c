"""Observation: what is here of what a build looked at, by content, with stats to record.

Decides what a directory holds now. A stat is taken before a content is read, and must be the same
after it. It must never believe a stat of the past, but one with which the store knows a content,
and never call sure what changed within the clock's tick: `unsettled` says so then, and a later look
may be sure (law 3).
"""

from __future__ import annotations

import os

from gorun_tasks.core.fingerprint import holds, is_settled, key_of, record_directory
from gorun_tasks.inputs.digest import ABSENT, UNREADABLE, content_of
from gorun_tasks.inputs.directory_listing import list_directory
from gorun_tasks.inputs.semantic_digest import kind_of
from gorun_tasks.storage.remote.machine import Unlike
from gorun_tasks.system import host
from gorun_tasks.system.mount_table import MountTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gorun_tasks.core.fingerprint import Detail, Key, Record
    from gorun_tasks.core.store import InputTable
    from gorun_tasks.inputs.digest import ContentCache

    Told = tuple[str, tuple[str, ...], Detail]
    """A record without stats: the directory below its root, names in it, and what they hold."""


class Observation:
    """One look: each file is read once, however many ask for it."""

    def __init__(self, known: ContentCache) -> None:
        self.began = host.file_clock()
        self.unsettled = False
        self._known = known
        self._mounts = MountTable()
        self._contents: dict[tuple[str, bytes], tuple[bytes, Key | None]] = {}
        self._listings: dict[tuple[str, str, tuple[str, ...]], tuple[tuple[str, ...], Key]] = {}

    def directory(
        self,
        where: str,
        base: str,
        how: tuple[str, tuple[str, ...]],
        names: Iterable[tuple[str, bytes]],
    ) -> tuple[Record, Detail]:
        """Return a directory as a record calls it `base`: names, each with its kind, and a listing.

        `how` it is listed are a mode and further names. Raises Unlike for what no build would
        have recorded.
        """
        mode, further = how
        listing, key = self._listing(where, mode, further) if mode else ((), None)
        named = tuple(names)
        found = [self.content(f"{where}/{name}", kind) for name, kind in named]
        record = base, key, tuple(name for name, _ in named), tuple(key for _, key in found)
        return record, (mode, further, listing, tuple(content for content, _ in found))

    def alike(
        self, table: InputTable, identities: Iterable[bytes], root: str
    ) -> list[tuple[Record, Detail]]:
        """Return records of a table as they are under a root here. Raises Unlike where they differ.

        Where that is the table's own root and a stat is as recorded, nothing is read.
        """
        records = []
        for identity in identities:
            found, seal = table.recorded(identity), table.seals.get(identity)
            if found is None or seal is None:
                raise Unlike("the store no longer knows what was read")
            if not (table.root == root and holds(seal, root)):
                record, detail = found
                where, how = record_directory(root, record[0]), detail[:2]
                named = zip(record[2], map(kind_of, detail[3]), strict=True)
                found = self.directory(where, record[0], how, named)
                if found[1] != detail:
                    raise Unlike(f"{where} is another")
            records.append(found)
        return records

    def as_told(self, told: Iterable[Told], root: str) -> list[tuple[Record, Detail]]:
        """Return records as they are under a root here. Raises Unlike where one is not as told."""
        records = []
        for base, names, detail in told:
            where = record_directory(root, base)
            named = zip(names, map(kind_of, detail[3]), strict=True)
            found = self.directory(where, base, detail[:2], named)
            if found[1] != detail:
                raise Unlike(f"{where} is another")
            records.append(found)
        return records

    def content(self, path: str, kind: bytes) -> tuple[bytes, Key | None]:
        """Return what a path holds, and its stat. Raises Unlike where that cannot be told."""
        found = self._contents.get((path, kind))
        if found is None:
            found = self._contents[path, kind] = self._read(path, kind)
        return found

    def _read(self, path: str, kind: bytes) -> tuple[bytes, Key | None]:
        try:
            key = key_of(os.stat(path))
        except (OSError, ValueError):
            key = None
        known = None if key is None else self._known.content(path, key)
        if key is None or known is None or kind_of(known) != kind:
            known, key = content_of(path, kind)
        if known == UNREADABLE or (known == ABSENT and os.path.lexists(path)):
            raise Unlike(f"{path} cannot be read as a file")
        self._note(path, key)
        return known, key

    def _listing(
        self, where: str, mode: str, further: tuple[str, ...]
    ) -> tuple[tuple[str, ...], Key]:
        asked = where, mode, further
        if asked not in self._listings:
            try:
                key = key_of(os.stat(where or "/"))
            except (OSError, ValueError) as error:
                raise Unlike(f"{where} is not there") from error
            entries = list_directory(where or "/", mode, further)
            if entries is None:
                raise Unlike(f"{where} cannot be listed")
            self._note(where, key)
            self._listings[asked] = entries, key
        return self._listings[asked]

    def _note(self, path: str, key: Key | None) -> None:
        if key is None:
            return
        if not self._mounts.believes(path, key[4]):
            raise Unlike(f"{path} is on a file system whose time stamps are not believed")
        self.unsettled = self.unsettled or not is_settled(key, self.began)
