"""A real store, read by a reader that was written from docs/store-format.md alone.

It must never import gorun_tasks, nor marshal: what it cannot read the page does not say.
"""

from __future__ import annotations

import io
import os
import struct
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clock import let_the_clock_tick
from tests.support.workshop import TWO_PACKAGES, Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

MASK = (1 << 64) - 1
MAGIC = b"gorun 5\n"
END = object()
"""What stands in the place of a key at the end of a map."""
PLATFORM = (
    *("GOOS", "GOARCH", "GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64"),
    *("GOPPC64", "GORISCV64", "GOWASM", "CGO_ENABLED", "GOEXPERIMENT"),
)


def rotl(x: int, bits: int) -> int:
    return (x << bits | x >> (64 - bits)) & MASK


def checksum(data: bytes) -> bytes:
    """SipHash-1-3."""
    k0, k1 = int.from_bytes(MAGIC, "little"), 0
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D]
    v += [k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def mix() -> None:
        v[0] = (v[0] + v[1]) & MASK
        v[1] = rotl(v[1], 13) ^ v[0]
        v[0] = rotl(v[0], 32)
        v[2] = (v[2] + v[3]) & MASK
        v[3] = rotl(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & MASK
        v[3] = rotl(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & MASK
        v[1] = rotl(v[1], 17) ^ v[2]
        v[2] = rotl(v[2], 32)

    whole = data + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", whole):
        v[3] ^= word
        mix()
        v[0] ^= word
    v[2] ^= 255
    for _ in range(3):
        mix()
    return (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")


class Marshal:
    """Decodes one value."""

    def __init__(self, data: bytes) -> None:
        self.stream = io.BytesIO(data)
        self._known: list[Any] = []

    def value(self) -> Any:
        """Take the next value."""
        byte = self._take(1)[0]
        kind, place = chr(byte & 0x7F), len(self._known)
        if byte & 0x80:
            self._known.append(None)
        value = self._plain(kind) if kind in "NTF0irlg" else self._compound(kind)
        if byte & 0x80:
            self._known[place] = value
        return value

    def _take(self, size: int) -> bytes:
        taken = self.stream.read(size)
        assert len(taken) == size
        return taken

    def _number(self, form: str = "<i") -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _plain(self, kind: str) -> Any:
        if kind == "l":
            count = self._number()
            digits = [self._number("<H") << 15 * place for place in range(abs(count))]
            return sum(digits) * (-1 if count < 0 else 1)
        if kind in "irg":
            number = self._number("<d" if kind == "g" else "<i")
            return self._known[number] if kind == "r" else number
        return {"N": None, "T": True, "F": False, "0": END}[kind]

    def _compound(self, kind: str) -> Any:
        if kind == "{":
            return dict(self._pairs())
        count = self._number("<B" if kind in ")zZ" else "<i")
        if kind in "()[":
            items = [self.value() for _ in range(count)]
            return items if kind == "[" else tuple(items)
        assert kind in "sutaAzZ"
        data = self._take(count)
        return data if kind == "s" else data.decode("utf-8", "surrogatepass")

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        while (key := self.value()) is not END:
            yield key, self.value()


def decoded(data: bytes) -> Any:
    marshal = Marshal(data)
    value = marshal.value()
    assert not marshal.stream.read()
    return value


def packed(value: Any) -> bytes:
    """Return what marshal version 2 makes of strings, bytes and tuples."""
    if isinstance(value, tuple):
        return b"(" + struct.pack("<i", len(value)) + b"".join(map(packed, value))
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return (b"s" if isinstance(value, bytes) else b"u") + struct.pack("<i", len(data)) + data


def parts(path: Path) -> tuple[Any, Any]:
    """Return both parts of a framed file."""
    data = path.read_bytes()
    assert data[:8] == MAGIC
    first, second = struct.unpack("<ii", data[8:16])
    assert len(data) == 32 + first + second
    head, tail = data[32 : 32 + first], data[32 + first :]
    assert (data[16:24], data[24:32]) == (checksum(head), checksum(tail))
    return decoded(head), decoded(tail)


def hash_of(value: Any) -> int:
    """Return Python's hash of integers, and of tuples of them."""
    if isinstance(value, int):
        return value % ((1 << 61) - 1)
    a = 2870177450012600261
    for item in value:
        a = rotl((a + hash_of(item) * 14029467366897019727) & MASK, 31)
        a = a * 11400714785074694791 & MASK
    a = (a + (len(value) ^ (2870177450012600261 ^ 3527539))) & MASK
    return a - (1 << 64) if a >> 63 else a


def key_of(path: str | Path) -> tuple[int, ...]:
    status = os.stat(path)
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return (*times, status.st_size, status.st_ino, status.st_dev)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Two builds of a program, the second with a flag and by a platform's name."""
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    let_the_clock_tick()
    for words, env in (((".",), {}), (("-tags=x", "."), {"GOOS": "linux"})):
        assert workshop.gorun(*words, env=env).rc == 0
    return workshop


def name_of(identity: tuple[str, ...], environ: dict[str, str]) -> str:
    said = [f"{name}={environ[name]}" for name in PLATFORM if environ.get(name)]
    words = (identity, said) if said else (identity,)
    return "-".join(checksum("\0".join(each).encode()).hex() for each in words)


def test_the_page_tells_enough_to_read_programs_and_their_inputs(workshop: Workshop) -> None:
    store = workshop.store / "v1"
    assert store.stat().st_mode & 0o777 == 0o700
    there = str(workshop.folder)
    plain, with_flag = ("--", ".", "in", there), ("-tags=x", "--", ".", "in", there)
    environ = workshop.environ
    names: dict[str, tuple[str, ...]] = {name_of(plain, environ): plain}
    names[name_of(with_flag, environ | {"GOOS": "linux"})] = with_flag
    assert {path.name for path in (store / "programs").iterdir()} == names.keys()
    for name, words in names.items():
        (identity, manifests), aside = parts(store / "programs" / name)
        assert (identity, aside) == (words, ("", ()))
        (manifest,) = manifests
        digest, base, key, environment, defaults, lookups, links, tables, *rest = manifest
        goroot_bin, wrapper, cgo, go_version, recorded = rest
        executable = store / "exe" / digest / base
        assert sha256(executable.read_bytes()).hexdigest() == digest
        assert key_of(executable) == key
        assert dict(environment)["GOFLAGS"] == environ.get("GOFLAGS", "")
        assert isinstance(defaults, dict)
        assert [os.path.realpath(path) for path, _ in links] == [real for _, real in links]
        assert all(os.access(path, os.X_OK) for _, path in lookups if path)
        assert (wrapper, cgo) == ((), False)
        assert go_version.removeprefix("go").startswith("1.")
        assert goroot_bin == "" or os.path.exists(f"{goroot_bin}/go")
        assert abs(recorded - executable.stat().st_mtime) < 3600
        paths = {path for table, ids in tables for path in _inputs(store / "shelves" / table, ids)}
        assert {f"{there}/main.go", f"{there}/lib/lib.go", f"{there}/go.mod"} <= paths


def _inputs(path: Path, identities: bytes) -> Iterator[str]:
    """Yield the files of records, after a look at whether each is what the page says."""
    (root_name, root, seals), records = parts(path)
    assert (
        root_name
        == {"goroot": "GOROOT", "modules": "GOMODCACHE", "module": "module"}[
            path.name.partition("-")[0]
        ]
    )
    assert len(identities) % 8 == 0
    for place in range(0, len(identities), 8):
        identity = identities[place : place + 8]
        record, (mode, further, listing, contents) = decoded(records[identity])
        base, own, names, keys = record
        portable = (root_name, base, names, mode, further, listing, contents)
        assert blake2b(packed(portable), digest_size=8).digest() == identity
        assert seals[identity] == _seal(record)
        folder = base if base.startswith("/") else os.path.join(root, base)
        assert own is None or own == key_of(folder)
        for name, key, content in zip(names, keys, contents, strict=True):
            file = f"{folder.rstrip('/')}/{name}"
            if key is None:
                assert not os.path.exists(file)
            else:
                assert key == key_of(file)
                yield os.path.normpath(file)
            if len(content) == 32:
                with open(file, "rb") as opened:
                    assert sha256(opened.read()).digest() == content
            else:
                special = content in (b"absent", b"directory", b"unreadable")
                assert special or (len(content) == 33 and content[:1] in b"hesm")


def _seal(record: tuple[Any, ...]) -> tuple[Any, ...]:
    base, own, names, keys = record
    pairs = list(zip(names, keys, strict=True))
    there = [(".", own)] if own is not None else []
    there += [(name, key) for name, key in pairs if key is not None]
    absent = [name for name, key in pairs if key is None and own is None]
    present = "/".join(name for name, _ in there) if there else None
    return base, present, "/".join(absent), hash_of(tuple(key for _, key in there))


def test_numbers_and_sums_are_as_the_page_defines_them() -> None:
    keys = ((0, 1, 2, 1 << 61, (1 << 64) - 1), (7, 1_700_000_000_000_000_000, 3, 4, 5))
    assert hash_of(keys) == hash(keys)
    assert hash_of(()) == hash(())
