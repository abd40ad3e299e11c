"""Store: where executables (by content) and manifests (by program) live.

    v1/programs/KEY        the manifests of a program on one platform, newest first
    v1/shelves/NAME        records of inputs, shared by every program that reads them
    v1/exe/DIGEST/NAME     executables
    v1/which/KEY/NAME      the stable path of its executable
    v1/workspaces/KEY      the main packages that were found in a directory tree
    v1/generated/KEY       what was so when a program made its outputs
    v1/compiled/KEY        from what of C an entry in go's build cache was made
    v1/remote/KEY          when a shared place failed
    v1/remote/unsaid       what went wrong when a build was published, and nobody could be told
    v1/remote/fetched      what was fetched from shared places, and the time that saved
    v1/work/…              builds under way
    v1/locks/…             who builds, who writes

The KEY of a program that is built for a platform which variables name ends with a check sum of
these.

Decides what is believed of what lies there: everything in it is disposable and suspect (law 7).
It must never fail a run, never block a reader, and never believe what another user could have
put there. Reading is the hot path; writing lives in `storage`.

A file is a frame: magic, lengths and check sums, a first part that every check decodes, then a
second part that is decoded only when a stat made something suspicious. Both are marshal, version
4: well under a millisecond for thousands of files, and readable by every Python from 3.4 on. The
records of a table are packed one by one: few of them are ever suspicious at a time.
"""

import marshal
import os
import sys
import time
from _imp import source_hash  # importlib.util would import more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Self

    from gorun_tasks.core.fingerprint import Detail, Key, Record, StatDigest

    Packed = dict[bytes, bytes]
    """Records by identity, each with its detail, as `pack` writes them."""
    Aside = tuple[str, tuple[tuple[str, bytes], ...]]
    """Beside the manifests of a program: why its last build was not remembered ("" where it was),
    and the tables of that build, packed, where the next one may be for its sake."""

SCHEMA = "v1"
_MAGIC = b"gorun 5\n"
_HEAD = len(_MAGIC) + 24
_FIRST_READ = 1 << 16  # bytes: most first parts need no more
IDENTITY_SIZE = 8
"""Bytes of the identity of a record."""

_HOUR = 3600
_KIND_AND_OTHERS = 0o170077  # of a mode: the kind of file, and what group and others may
_CLOSED_DIRECTORY = 0o040000
_KIND_AND_WRITERS = 0o170022  # of a mode: the kind of file, and whether others may write
_FILE = 0o100000


def frame(first: "Any", second: "Any") -> bytes:
    head = marshal.dumps(first, 4)
    tail = marshal.dumps(second, 4)
    lengths = len(head).to_bytes(4, "little") + len(tail).to_bytes(4, "little")
    return _MAGIC + lengths + checksum(head) + checksum(tail) + head + tail


def pack(value: "Any") -> bytes:
    """Return the bytes of a plain value, such as a record and its detail: equal for equal values.

    Version 2 of marshal writes equal values as equal bytes; version 4 does not.
    """
    return marshal.dumps(value, 2)


def unpack(packed: bytes) -> "tuple[Record, Detail]":
    record, detail = marshal.loads(packed)  # noqa: S302 - a part of what `unframe` found sound
    return record, detail


def unframe_table(data: bytes) -> "tuple[tuple[str, str], dict[bytes, StatDigest], Packed]":
    """Return the root of a table, its seals and its records. Raises ValueError or TypeError."""
    root_name, root, seals = unframe(data)
    packed = unframe(data, second=True)
    if not (isinstance(seals, dict) and isinstance(packed, dict)):
        raise TypeError("not a table of this schema")
    return (root_name, root), seals, packed


def checksum(data: bytes | memoryview) -> bytes:
    """Return eight bytes that tell of any accident: the hash by which Python knows its sources.

    It is SipHash, and at hand in every interpreter: zlib would have to be loaded.
    """
    result: bytes = source_hash(int.from_bytes(_MAGIC, "little"), data)
    return result


def _ends(data: bytes) -> tuple[int, int]:
    """Return where the first and the second part of a stored file end."""
    first = _HEAD + int.from_bytes(data[8:12], "little")
    return first, first + int.from_bytes(data[12:16], "little")


def unframe(data: bytes, *, second: bool = False, whole: bool = True) -> "Any":
    """Return the first (or second) part of a stored file. Raises ValueError where it is damaged.

    `whole` False says that only the first part has to be there.
    """
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError("not a file of this store")
    middle, end = _ends(data)
    if whole and len(data) != end:
        raise ValueError("truncated")
    view = memoryview(data)
    part, expected = (
        (view[middle:end], data[24:32]) if second else (view[_HEAD:middle], data[16:24])
    )
    # marshal must never see damaged bytes: it may crash on them.
    if checksum(part) != expected:
        raise ValueError("damaged")
    try:
        return marshal.loads(part)  # noqa: S302 - the directory is ours alone, the sum is right
    except (EOFError, TypeError) as error:
        raise ValueError("damaged") from error


def read_file(path: str, *, whole: bool = True) -> bytes:
    """Return the content of a stored file: one that this user alone could have written.

    With `whole` False the second part may be missing: that one is not copied for nothing. Raises
    OSError for whatever else lies there (law 7), and ValueError where part of it is lost; a pipe
    does not stop us.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if status.st_mode & _KIND_AND_WRITERS != _FILE or status.st_uid != os.geteuid():
            raise PermissionError("not a file that this user alone could have written")
        data = b""
        wanted = status.st_size if whole else min(status.st_size, _FIRST_READ)
        while len(data) < wanted and (chunk := os.read(descriptor, wanted - len(data))):
            data = data + chunk if data else chunk
            if not whole:
                wanted = min(status.st_size, _ends(data)[0])
        if not whole and status.st_size != _ends(data)[1]:
            raise ValueError("truncated")
        return data
    finally:
        os.close(descriptor)


def packed_tables(
    tables: "Iterable[tuple[str, Iterable[bytes]]]",
) -> tuple[tuple[str, bytes], ...]:
    """Return names of tables, each with identities of records in it, as they are written."""
    return tuple((table, b"".join(identities)) for table, identities in tables)


def unpacked_tables(
    tables: tuple[tuple[str, bytes], ...],
) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    size = IDENTITY_SIZE
    return tuple(
        (table, tuple(packed[i : i + size] for i in range(0, len(packed), size)))
        for table, packed in tables
    )


class Manifest:
    """The recorded closure of one successful link, and what is needed to start its executable."""

    # In the order in which they are written.
    __slots__ = tuple(
        "digest name key environment defaults lookups links packed goroot_bin wrapper cgo"
        " go_version recorded".split()
    )

    def __init__(
        self,
        digest: str,
        name: str,
        key: "Key",
        *,
        environment: tuple[tuple[str, str], ...],
        defaults: dict[str, str],
        lookups: tuple[tuple[str, str], ...],
        links: tuple[tuple[str, str], ...],
        tables: tuple[tuple[str, tuple[bytes, ...]], ...],
        goroot_bin: str,
        wrapper: tuple[str, ...],
        cgo: bool,
        go_version: str,
        recorded: float,
    ) -> None:
        self.digest = digest  # SHA-256 of the executable, hexadecimal
        self.name = name  # the base name go gives it
        self.key = key  # the stat key of the published file
        self.environment = environment
        self.defaults = defaults  # what go takes for some of these variables where they are unset
        self.lookups = lookups
        self.links = links  # paths that must lead where they led: the go command
        # Identities of records by table, as they are written: `tables` is for who looks at each.
        self.packed = packed_tables(tables)
        self.goroot_bin = goroot_bin
        self.wrapper = wrapper  # words of -exec, or go_GOOS_GOARCH_exec
        self.cgo = cgo  # whether cgo or assembly may take from outside packages
        self.go_version = go_version
        self.recorded = recorded  # seconds since the epoch

    def stored(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    @classmethod
    def from_stored(cls, values: "tuple[Any, ...]") -> "Self":
        """Return the manifest that was written. Raises ValueError or TypeError on anything else."""
        manifest = cls.__new__(cls)
        for name, value in zip(cls.__slots__, values, strict=True):
            setattr(manifest, name, value)
        return manifest

    @property
    def tables(self) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
        """Names of tables, and the identities of records in each: unpacked when asked for."""
        return unpacked_tables(self.packed)


class InputTable:
    """Records of inputs under one root (module, GOROOT or module cache), shared by programs."""

    __slots__ = ("_packed", "_path", "name", "root", "root_name", "seals")

    def __init__(self, name: str, path: str) -> None:
        """Read what every check needs. Raises OSError, ValueError or TypeError."""
        self.name = name
        self._path = path
        self._packed: Packed | None = None
        self.root_name: str  # "module", "GOROOT" or "GOMODCACHE"
        self.root: str
        self.seals: dict[bytes, StatDigest]
        self.root_name, self.root, self.seals = unframe(read_file(path, whole=False), whole=False)
        if not isinstance(self.seals, dict):
            raise TypeError("not a table of this schema")

    def packed(self) -> "Packed":
        """Return what only a suspicion needs, the records themselves; {} where they are damaged.

        They may be newer than the seals, but what has the same identity has the same content.
        """
        if self._packed is None:
            try:
                self._packed = unframe(read_file(self._path), second=True)
            except (OSError, ValueError):
                self._packed = {}
        return self._packed

    def recorded(self, identity: bytes) -> "tuple[Record, Detail] | None":
        """Return a record and its detail; None where it is not there."""
        packed = self.packed().get(identity)
        return None if packed is None else unpack(packed)


class Store:
    """A store to read from. `root` is "" where no directory can be used, and then it is empty."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._tables: dict[str, InputTable | None] = {}
        self._read: dict[str, bytes] = {}

    @classmethod
    def at(cls, environ: "Mapping[str, str]") -> "Self":
        """Return the store that the environment names, unusable or not yet there as it may be."""
        directory = default_directory(environ)
        return cls(f"{directory}/{SCHEMA}" if directory else "")

    def trusted(self) -> bool:
        """Say whether the directory is there and is ours alone (law 7, also for root)."""
        try:
            status = os.lstat(self.root)
        except (OSError, ValueError):
            return False
        return (
            status.st_mode & _KIND_AND_OTHERS == _CLOSED_DIRECTORY and status.st_uid == os.geteuid()
        )

    def manifests(self, key: str, identity: tuple[str, ...]) -> list[Manifest]:
        """Return what is remembered of a program, newest first."""
        self._read[key] = b""
        try:
            data = self._read[key] = read_file(f"{self.root}/programs/{key}")
            stored_identity, stored = unframe(data)
            if stored_identity != identity:
                return []
            return [Manifest.from_stored(values) for values in stored]
        except (OSError, ValueError, TypeError):
            return []

    def keys(self, key: str, folder: str = "programs") -> list[str]:
        """Return the keys under which a program is known, this one or another platform's."""
        program = key.partition("-")[0]
        try:
            names = os.listdir(f"{self.root}/{folder}")
        except OSError:
            return []
        return [name for name in names if name.partition("-")[0] == program]

    def has_news(self, key: str) -> bool:
        """Say whether somebody wrote what is remembered of a program since we read it."""
        try:
            now = read_file(f"{self.root}/programs/{key}")
        except OSError:
            now = b""
        return now != self._read.get(key, b"")

    def note(self, key: str, identity: tuple[str, ...]) -> str:
        """Return why the last build of a program was not remembered, "" where it was."""
        return self._aside(key, identity)[0]

    def unconfirmed(
        self, key: str, identity: tuple[str, ...]
    ) -> "tuple[tuple[str, tuple[bytes, ...]], ...]":
        """Return what a build read, as a manifest does, that the next may confirm; () for none."""
        return unpacked_tables(self._aside(key, identity)[1])

    def _aside(self, key: str, identity: tuple[str, ...]) -> "Aside":
        try:
            data = read_file(f"{self.root}/programs/{key}")
            note, unconfirmed = unframe(data, second=True)
            return (note, unconfirmed) if unframe(data)[0] == identity else ("", ())
        except (OSError, ValueError, TypeError, IndexError):
            return "", ()

    def table(self, name: str) -> InputTable | None:
        """Return a table, read once; None where it is gone or damaged."""
        if name not in self._tables:
            try:
                self._tables[name] = InputTable(name, f"{self.root}/shelves/{name}")
            except (OSError, ValueError, TypeError):
                self._tables[name] = None
        return self._tables[name]

    def records(
        self, tables: "Iterable[tuple[str, Iterable[bytes]]]"
    ) -> "Iterator[tuple[InputTable, Record, Detail]]":
        """Yield the records that the tables of a manifest name, as far as they are there."""
        for name, identities in tables:
            table = self.table(name)
            for identity in identities if table is not None else ():
                assert table is not None
                found = table.recorded(identity)
                if found is not None:
                    yield table, *found

    def reopened(self) -> "Self":
        """Return the same store with nothing read yet: for another thread, or after a write."""
        return type(self)(self.root)

    def executable(self, manifest: Manifest) -> str:
        return f"{self.root}/exe/{manifest.digest}/{manifest.name}"

    def forget_tables(self) -> None:
        """Read tables anew from now on: somebody has written."""
        self._tables.clear()

    def mark_used(self, key: str) -> None:
        """Stamp the last use of a program, at most hourly; eviction goes by it."""
        path = f"{self.root}/programs/{key}"
        try:
            if time.time() - os.stat(path).st_mtime > _HOUR:
                os.utime(path)
        except OSError:
            pass


def default_directory(environ: "Mapping[str, str]") -> str:
    """Return the directory of the store: GORUN_CACHE_DIR, or the user's cache; "" for none."""
    chosen = environ.get("GORUN_CACHE_DIR", "")
    if chosen:
        return os.path.abspath(chosen)
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        home = ""  # in each directory it would be another one
    if sys.platform == "darwin":
        cache = f"{home}/Library/Caches" if home else ""
    else:
        cache = environ.get("XDG_CACHE_HOME", "")
        if not cache.startswith("/"):  # the XDG specification has relative values ignored
            cache = f"{home}/.cache" if home else ""
    return f"{cache}/gorun-tasks" if cache else ""
