"""Wire: protocol buffers as bytes, without their library: numbers, and bytes, each in a field.

Decides how a field is written and read (protobuf.dev/programming-guides/encoding). It must never
believe what it reads: whatever the bytes are, they become fields, or NotAMessage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _I64, _LEN, _I32 = 0, 1, 2, 5
"""How the value of a field is written."""

_LARGEST_VARINT = 10  # bytes


class NotAMessage(ValueError):
    """These bytes are no message, or not the one that they should be."""


def field(number: int, content: bytes) -> bytes:
    """Return a field of bytes; also text, and other messages, are written so."""
    return _varint(number << 3 | _LEN) + _varint(len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Return a field of a number that is not negative; of zero nothing is written."""
    return _varint(number << 3 | _VARINT) + _varint(value) if value else b""


def fields(data: bytes | memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the fields of a message in their order. Raises NotAMessage."""
    view, at = memoryview(data), 0
    while at < len(view):
        tag, at = _decode_varint(view, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _decode_varint(view, at)
            yield tag >> 3, value
            continue
        if kind == _LEN:
            size, at = _decode_varint(view, at)
        elif kind in (_I64, _I32):
            size = 8 if kind == _I64 else 4
        else:
            raise NotAMessage("a kind of field that is not used any more, or never was")
        if size > len(view) - at:
            raise NotAMessage("truncated")
        yield tag >> 3, view[at : at + size]
        at += size


def content_of(value: int | memoryview) -> memoryview:
    """Return the value of a field that holds bytes. Raises NotAMessage."""
    if isinstance(value, int):
        raise NotAMessage("a number where bytes belong")
    return value


def number_of(value: int | memoryview) -> int:
    """Return the value of a field that holds a number. Raises NotAMessage."""
    if not isinstance(value, int):
        raise NotAMessage("bytes where a number belongs")
    return value


def numbers_of(value: int | memoryview) -> Iterator[int]:
    """Yield the numbers of one field that may hold several. Raises NotAMessage."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = _decode_varint(value, at)
        yield number


def _varint(number: int) -> bytes:
    groups = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits, and one that says that more follow
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _decode_varint(view: memoryview, at: int) -> tuple[int, int]:
    """Return a number and where it ends."""
    number = 0
    for length, byte in enumerate(view[at : at + _LARGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * length
        if byte < 0x80:  # noqa: PLR2004 - the last one
            return number, at + length + 1
    raise NotAMessage("a number without an end")
