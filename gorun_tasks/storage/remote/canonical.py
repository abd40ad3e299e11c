"""Canonical form: one sequence of bytes for each value, and one value for each such sequence.

Keys are digests of it, and strangers write it: marshal is neither canonical nor safe to read. A
value is an int of 64 bits, bytes, a string, a tuple, or a map; a map is sorted by the bytes of its
keys. Whoever changes the form raises the number in `_MAGIC`.

Decides what these bytes are, and whether bytes from elsewhere are such. It must never crash on
them, nor take more memory than a small multiple of their size, of which there is a limit.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Value: TypeAlias = "int | bytes | str | tuple[Value, ...] | dict[Value, Value]"

LARGEST = 16 << 20
"""Bytes that an encoded value may have."""

_MAGIC = b"gorun canonical 1\n"
_MANY = 1 << 20  # values in one
_DEEP = 16  # tuples and maps in each other
_LENGTH = 4  # bytes of a length or count
_INT = 8  # bytes of an int


class NotCanonical(ValueError):
    """These bytes, or this value, are none of this form."""


def encode(value: Value) -> bytes:
    """Return the bytes of a value. Raises NotCanonical for what has none."""
    parts = [_MAGIC]
    _write(value, parts, _DEEP)
    data = b"".join(parts)
    if len(data) > LARGEST or len(parts) > 2 * _MANY:
        raise NotCanonical("too large")
    return data


def decode(data: bytes) -> Value:
    """Return the value of these bytes. Raises NotCanonical for any that `encode` does not make."""
    if len(data) > LARGEST or not data.startswith(_MAGIC):
        raise NotCanonical("too large, or of another form")
    reader = _Reader(data)
    value = reader.value(_DEEP)
    if reader.at != len(data):
        raise NotCanonical("there is something behind the value")
    return value


def _write(value: Value, parts: list[bytes], depth: int) -> None:
    if not depth:
        raise NotCanonical("too deep")
    kind = type(value)
    if kind is int:
        try:
            parts.append(b"i" + value.to_bytes(_INT, "big", signed=True))  # type: ignore[union-attr]
        except OverflowError as error:
            raise NotCanonical("not of 64 bits") from error
    elif isinstance(value, bytes):
        parts.append(b"b" + _length(value) + value)
    elif isinstance(value, str):
        data = _bytes_of(value)
        parts.append(b"s" + _length(data) + data)
    elif isinstance(value, tuple):
        parts.append(b"t" + _length(value))
        for item in value:
            _write(item, parts, depth - 1)
    elif isinstance(value, dict):
        parts.append(b"m" + _length(value))
        for key, item in sorted((_part(key, depth), item) for key, item in value.items()):
            parts.append(key)
            _write(item, parts, depth - 1)
    else:
        raise NotCanonical(f"{kind.__name__} has no form")


def _part(value: Value, depth: int) -> bytes:
    parts: list[bytes] = []
    _write(value, parts, depth - 1)
    return b"".join(parts)


def _length(value: bytes | tuple[Value, ...] | dict[Value, Value]) -> bytes:
    try:
        return len(value).to_bytes(_LENGTH, "big")
    except OverflowError as error:
        raise NotCanonical("too large") from error


def _bytes_of(text: str) -> bytes:
    """Return a string as UTF-8; a byte of a path that is none stands for itself."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise NotCanonical("no text, and no path") from error
    if not text.isascii() and data.decode("utf-8", "surrogateescape") != text:
        raise NotCanonical("another string has these bytes")
    return data


class _Reader:
    """Reads one value after another from bytes that anybody may have made."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MANY
        self.at = len(_MAGIC)

    def value(self, depth: int) -> Value:
        self._left -= 1
        if not depth or self._left < 0:
            raise NotCanonical("too deep, or too many values")
        kind = self._take(1)
        if kind == b"i":
            return int.from_bytes(self._take(_INT), "big", signed=True)
        count = int.from_bytes(self._take(_LENGTH), "big")
        if kind == b"b":
            return self._take(count)
        if kind == b"s":
            return self._take(count).decode("utf-8", "surrogateescape")
        if kind == b"t":
            return tuple(self.value(depth - 1) for _ in range(count))
        if kind == b"m":
            return self._map(count, depth)
        raise NotCanonical("no such kind")

    def _map(self, count: int, depth: int) -> Value:
        found: dict[Value, Value] = {}
        last = b""
        for _ in range(count):
            begin = self.at
            key = self.value(depth - 1)
            written = self._data[begin : self.at]
            if written <= last:
                raise NotCanonical("not sorted")
            last = written
            try:
                found[key] = self.value(depth - 1)
            except TypeError as error:  # a map, or a tuple with one in it
                raise NotCanonical("no key of a map") from error
        return found

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._data):
            raise NotCanonical("truncated")
        taken = self._data[self.at : end]
        self.at = end
        return taken
