"""Compare: what of a manifest's inputs differs from the disk, and the words for it.

Decides whether a suspicion is a change, by reading (law 5). It must never trust a time stamp, and
never say "changed" without naming the input and the change (law 10).
"""

from __future__ import annotations

import os

from gorun_tasks.core.fingerprint import (
    NEVER,
    UNBELIEVED,
    is_settled,
    key_at,
    key_of,
    record_directory,
)
from gorun_tasks.core.program import QUESTION
from gorun_tasks.core.reasons import Reason, of_file, where_people_are
from gorun_tasks.errors import ToolchainError
from gorun_tasks.inputs.digest import ABSENT, DIRECTORY, UNREADABLE, content_of, contents_by_reading
from gorun_tasks.inputs.directory_listing import list_directory
from gorun_tasks.inputs.go_variables import PLACES_OF_THE_ENV_FILE, effective_godebug, env_file
from gorun_tasks.inputs.semantic_digest import HEAD, SHA256_SIZE, kind_of
from gorun_tasks.system import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gorun_tasks.core.check import StatCache
    from gorun_tasks.core.fingerprint import Detail, Key, Record
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import InputTable, Manifest
    from gorun_tasks.system.mount_table import MountTable


class Examination:
    """Reads what stat made suspicious, each file once, and remembers what it found."""

    def __init__(self, look: StatCache, program: ProgramSpec) -> None:
        self._look = look
        self._program = program
        self._here = where_people_are(program)
        self._began = host.file_clock()
        self._contents: dict[tuple[str, bytes], tuple[bytes, Key | None]] = {}
        self._listings: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...] | None] = {}
        self._mounts: MountTable | None = None
        self._refreshed: dict[tuple[str, bytes], tuple[InputTable, Record]] = {}

    @property
    def refreshed(self) -> list[tuple[InputTable, bytes, Record]]:
        """The records whose content was as recorded, with the stats they have now."""
        return [(table, identity, r) for (_, identity), (table, r) in self._refreshed.items()]

    def reasons(self, manifest: Manifest) -> Iterator[Reason]:
        """Yield why this manifest does not describe the machine as it is; nothing if it does.

        The reasons are complete for the program's own files: where one of them changed, go has to
        be asked, and nobody need look at all that it fetched and brought along.
        """
        changed = False
        for reason in self._changes(manifest):
            changed = True
            yield reason
        if not changed:  # what a launcher says may be no more than what follows from that
            yield from self._answers(manifest)

    def _answers(self, manifest: Manifest) -> Iterator[Reason]:
        for name, _, _ in self._changed_variables(manifest):
            if name.startswith(QUESTION):
                from gorun_tasks.core.command_answer import changed

                yield changed(name)

    def _changes(self, manifest: Manifest) -> Iterator[Reason]:
        yield from self._surroundings(manifest)
        examined: set[tuple[str, bytes]] = set()
        changed = False
        for everywhere in (False, True):
            suspects = [] if changed else self._look.suspects(manifest, everywhere=everywhere)
            if suspects is None:
                yield Reason("the store", "no longer knows what this build read")
                return
            self._read_unbelieved(suspects)
            for table, identity in suspects:
                if (table.name, identity) not in examined:
                    examined.add((table.name, identity))
                    for reason in self._record(table, identity):
                        changed = True
                        yield reason

    def _surroundings(self, manifest: Manifest) -> Iterator[Reason]:
        same_go = self._way_to_go(manifest) is not None
        for name, value, now in self._changed_variables(manifest):
            means_the_same = (
                same_go if name == "GORUN_GO" else self._same(manifest, name, value, now)
            )
            if not (means_the_same or name.startswith(QUESTION)):
                # What is stamped stands among the variables, with a mark that none of them has.
                yield Reason(name.removeprefix("="), f"{value!r} → {now!r}")
        for name, path in manifest.lookups[same_go:]:
            now = self._look.where(name)
            if now != path:
                yield Reason(f"{name} in PATH", f"{path or 'none'} → {now or 'none'}")
        for path, real in manifest.links[same_go:]:
            now = os.path.realpath(path)
            if now != real:
                yield Reason(path, f"{real} → {now}")

    def _way_to_go(self, manifest: Manifest) -> tuple[tuple[str, str], tuple[str, str]] | None:
        """Return how the go of a manifest is found now, None where another is.

        That is the name that is looked up and what is found for it, and the link that this is.
        Another link will do where go finds its GOROOT whichever led to it.
        """
        if not manifest.links:
            return None  # there was none, where somebody else built it
        (name, found), (command, real) = manifest.lookups[0], manifest.links[0]
        if (
            self._program.environ.get("GORUN_GO", "") == dict(manifest.environment).get("GORUN_GO")
            and self._look.where(name) == found
            and os.path.realpath(command) == real
        ):
            return (name, found), (command, real)  # the same way
        if not host.GO_FINDS_ITSELF_BEHIND_LINKS or self._program.environ.get("GOROOT"):
            return None
        from gorun_tasks.system.find_go import find_go

        try:
            name, command = find_go(self._program.environ, self._look.where)
        except ToolchainError:
            return None
        found = self._look.where(name)
        if found != command or os.path.realpath(command) != real:
            return None
        return (name, found), (command, real)

    def adopt(self, manifest: Manifest) -> bool:
        """Take the values of variables, and the way to go, into a manifest that holds.

        The next look then needs no more than these. Returns whether any differed.
        """
        program = self._program
        now = tuple((name, self._look.variable(name, program)) for name, _ in manifest.environment)
        before = manifest.environment, manifest.lookups, manifest.links
        way = self._way_to_go(manifest)
        if way is not None:
            manifest.lookups = (way[0], *manifest.lookups[1:])
            manifest.links = (way[1], *manifest.links[1:])
        manifest.environment = now
        return before != (manifest.environment, manifest.lookups, manifest.links)

    def _changed_variables(self, manifest: Manifest) -> Iterator[tuple[str, str, str]]:
        for name, value in manifest.environment:
            now = self._look.variable(name, self._program)
            if now != value:
                yield name, value, now

    def _same(self, manifest: Manifest, name: str, before: str, now: str) -> bool:
        """Say whether go makes the same of two values of a variable."""
        default = manifest.defaults.get(name)
        if default is not None:
            return {before, now} == {"", default}
        if name == "GODEBUG":
            return effective_godebug(before) == effective_godebug(now)
        if name in PLACES_OF_THE_ENV_FILE:
            recorded = dict(manifest.environment)
            place_now = env_file(self._program.environ)
            # HOME is the default of GOPATH too, and C compilers may have settings in these places.
            other_uses = (name == "HOME" and not recorded.get("GOPATH")) or (
                name != "GOENV" and manifest.cgo
            )
            return not other_uses and place_now != "" and place_now == env_file(recorded)
        return False

    def _read_unbelieved(self, suspects: list[tuple[InputTable, bytes]]) -> None:
        """Read all at once of which no stat is believed."""
        wanted = set()
        for table, identity in suspects:
            found = table.recorded(identity) if table.seals[identity][3] == NEVER else None
            if found is not None:
                (base, _, names, keys), detail = found
                where = record_directory(table.root, base)
                wanted |= {
                    (f"{where}/{name}", kind_of(content))
                    for name, key, content in zip(names, keys, detail[3], strict=True)
                    if key == UNBELIEVED
                }
        wanted -= self._contents.keys()
        if wanted:
            self._contents |= contents_by_reading(wanted)

    def _record(self, table: InputTable, identity: bytes) -> Iterator[Reason]:
        found = table.recorded(identity)
        if found is None:
            yield Reason("the store", "no longer knows what this build read")
            return
        record, detail = found
        base, directory, names, keys = record
        where = record_directory(table.root, base)
        at = where or "/"
        gone: set[str] = set()
        changed = False
        if directory is not None:
            try:
                directory = self._believed(at, directory, key_of(os.stat(at)))
            except OSError:
                yield of_file(at, "removed", self._here)
                return
            gone = _deleted_but_not_compiled(where, names, detail)
            for reason in self._listing_changes(at, detail, gone):
                changed = True
                yield reason
        fresh: list[Key | None] = []
        for name, key, content in zip(names, keys, detail[3], strict=True):
            path = f"{where}/{name}"
            now, fresh_key = (content, None) if name in gone else self._content(path, key, content)
            fresh.append(fresh_key and self._believed(path, key, fresh_key))
            came_or_went = (key is None) != (fresh_key is None)
            if now != content and not (changed and came_or_went):
                changed = True
                words = _change(content, now)
                if came_or_went:
                    words = "appeared" if key is None else "removed"
                yield of_file(path, words, self._here)
        if changed:
            return
        renewed: Record = (base, directory, names, tuple(fresh))
        # What could still change within the clock's tick after it was read, be it for an earlier
        # manifest, is looked at again the next time.
        unsettled = any(
            k is not None and not is_settled(k, self._began) for k in (directory, *fresh)
        )
        if not unsettled and renewed != record:
            self._refreshed[table.name, identity] = (table, renewed)

    def _content(self, path: str, key: Key | None, content: bytes) -> tuple[bytes, Key | None]:
        kind = kind_of(content)
        known = self._contents.get((path, kind))
        if known is None:
            if key not in (None, UNBELIEVED) and key_at(path) == key:
                return content, key
            known = self._contents[path, kind] = content_of(path, kind)
        return known

    def _believed(self, path: str, recorded: Key | None, now: Key) -> Key:
        """Return the key to record for a path: what was mounted there meanwhile may tell none."""
        if now == recorded:
            return now
        if self._mounts is None:
            from gorun_tasks.system.mount_table import MountTable

            self._mounts = MountTable()
        return now if self._mounts.believes(path, now[4]) else UNBELIEVED

    def _listing_changes(self, base: str, detail: Detail, gone: set[str]) -> Iterator[Reason]:
        mode, further, listed, _ = detail
        before = [entry for entry in listed if entry not in gone]
        asked = base, mode, further
        if asked not in self._listings:
            self._listings[asked] = list_directory(*asked)
        now = self._listings[asked]
        if now is None:
            yield of_file(base, "cannot be read", self._here)
            return
        for name in sorted(set(now) - set(before)):
            kind = "new directory" if name.endswith("/") else "new file"
            yield of_file(f"{base}/{name.rstrip('/@')}", kind, self._here)
        for name in sorted(set(before) - set(now)):
            if name.rstrip("/@") not in {other.rstrip("/@") for other in now}:
                yield of_file(f"{base}/{name.rstrip('/@')}", "removed", self._here)


def _deleted_but_not_compiled(where: str, names: tuple[str, ...], detail: Detail) -> set[str]:
    """Return the Go files of a package that are gone, and were not compiled.

    go weighs each file by itself (go/build.matchFile), and such a file was found to be no trouble.
    What remains must still be a directory with Go files (fsys.IsGoDir), and nothing be embedded.
    """
    mode, _, _, contents = detail
    found = {
        name
        for name, content in zip(names, contents, strict=True)
        if kind_of(content) == HEAD and not os.path.lexists(f"{where}/{name}")
    }
    remains = found and any(
        name.endswith(".go") and len(content) == SHA256_SIZE and os.path.isfile(f"{where}/{name}")
        for name, content in zip(names, contents, strict=True)
    )
    return found if remains and mode == "go" else set()


def _change(before: bytes, now: bytes) -> str:
    if before == ABSENT:
        return "appeared"
    if now == ABSENT:
        return "removed"
    if now == UNREADABLE:
        return "cannot be read"
    if DIRECTORY in (before, now):
        return "is a directory now" if now == DIRECTORY else "is no longer a directory"
    return "edited"
