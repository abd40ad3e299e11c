"""Messages: the few of Bazel's remote execution protocol that a cache needs, as bytes.

Decides how a result is written down (an ActionResult) and which key stands for canonical bytes (the
digest of an Action). It must never believe what it decodes: whatever the bytes are, they become a
result within the limits, or ValueError.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from gorun_tasks.storage.remote.place import Digest, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_RESULT = 1 << 20
"""How many bytes of a result are read."""

LARGEST_EXECUTABLE = 4 << 30

LARGEST_OTHER = 64 << 20
"""The size limit of any content but an executable."""

_MOST_FILES = 64
_LONGEST_NAME = 255

_HASH = re.compile(rb"[0-9a-f]{64}")

_VARINT, _I64, _LEN, _I32 = 0, 1, 2, 5
"""How the value of a field is written; see protobuf.dev/programming-guides/encoding."""

_LARGEST_VARINT = 10  # bytes

EMPTY = b""


def digest_of(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest(), len(content))


def action_key(canonical: bytes, scope: str) -> tuple[Digest, dict[Digest, bytes]]:
    """Return the key that stands for these bytes in this scope.

    Also what a strict server wants to have before a result: the Action whose digest the key is, its
    Command, and its input root, an empty directory.
    """
    words = (b"gorun-tasks", digest_of(canonical).hash.encode())
    command = b"".join(_field(1, word) for word in words)
    salt = _field(9, scope.encode()) if scope else b""
    action = _field(1, _digest(digest_of(command))) + _field(2, _digest(digest_of(EMPTY))) + salt
    contents = (command, EMPTY, action)
    return digest_of(action), {digest_of(content): content for content in contents}


def encode_result(result: Result) -> bytes:
    """Return a result as an ActionResult: its files in the order of their names."""
    return b"".join(
        _field(2, _output_file(name, digest, result.inline.get(name, EMPTY)))
        for name, digest in sorted(result.files.items())
    )


def decode_result(data: bytes) -> Result:
    """Return the result that an ActionResult holds. Raises ValueError for what is none."""
    if len(data) > LARGEST_RESULT:
        raise ValueError("larger than any result")
    files: dict[str, Digest] = {}
    inline: dict[str, bytes] = {}
    for number, value in _fields(memoryview(data)):
        if number != 2:  # noqa: PLR2004 - output_files
            continue
        name, digest, content = _decode_output_file(_message(value))
        if name in files or len(files) == _MOST_FILES:
            raise ValueError("a name twice, or too many files")
        files[name] = digest
        if content:
            inline[name] = content
    if not files:
        raise ValueError("nothing that is a result")
    return Result(files, inline)


def _output_file(name: str, digest: Digest, content: bytes) -> bytes:
    executable = _tag(4, _VARINT) + b"\1" if name == "executable" else b""
    along = _field(5, content) if content else b""
    return _field(1, name.encode()) + _field(2, _digest(digest)) + executable + along


def _decode_output_file(view: memoryview) -> tuple[str, Digest, bytes]:
    name, digest, content = "", None, EMPTY
    for number, value in _fields(view):
        if number == 1:
            name = str(_message(value)[: _LONGEST_NAME + 1], "utf-8")
        elif number == 2:  # noqa: PLR2004 - digest
            digest = _decode_digest(_message(value))
        elif number == 5:  # noqa: PLR2004 - contents
            content = bytes(_message(value))
    if not name or len(name) > _LONGEST_NAME or digest is None:
        raise ValueError("a file without a name or without a digest")
    if digest.size > (LARGEST_EXECUTABLE if name == "executable" else LARGEST_OTHER):
        raise ValueError("larger than what has this name may be")
    if content and digest_of(content) != digest:
        raise ValueError("a content that is not what its digest says")
    return name, digest, content


def _digest(digest: Digest) -> bytes:
    size = _tag(2, _VARINT) + _varint(digest.size) if digest.size else b""
    return _field(1, digest.hash.encode()) + size


def _decode_digest(view: memoryview) -> Digest:
    digest, size = b"", 0
    for number, value in _fields(view):
        if number == 1:
            digest = bytes(_message(value)[:65])
        elif number == 2:  # noqa: PLR2004 - size_bytes
            if not isinstance(value, int):
                raise ValueError("a size that is no number")
            size = value
    if not _HASH.fullmatch(digest):
        raise ValueError("no SHA-256")
    return Digest(digest.decode(), size)


def _field(number: int, content: bytes) -> bytes:
    return _tag(number, _LEN) + _varint(len(content)) + content


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(number: int) -> bytes:
    groups = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits, and one that says that more follow
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where bytes belong")  # noqa: TRY004 - of what was decoded
    return value


def _fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the fields of a message in their order. Raises ValueError."""
    at = 0
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
            raise ValueError("a kind of field that is not used any more, or never was")
        if size > len(view) - at:
            raise ValueError("truncated")
        yield tag >> 3, view[at : at + size]
        at += size


def _decode_varint(view: memoryview, at: int) -> tuple[int, int]:
    """Return a number and where it ends."""
    number = 0
    for length, byte in enumerate(view[at : at + _LARGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * length
        if byte < 0x80:  # noqa: PLR2004 - the last one
            return number, at + length + 1
    raise ValueError("a number without an end")
