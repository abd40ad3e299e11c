"""gRPC messages: what a cache asks of the Remote Execution API and of ByteStream, as bytes.

Decides what a request says and what an answer means. It must never believe an answer: it is what
was asked for, or NotAMessage.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from gorun_tasks.storage.remote.messages import decode_digest, encode_digest
from gorun_tasks.storage.remote.wire import (
    NotAMessage,
    content_of,
    field,
    fields,
    number_field,
    number_of,
    numbers_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gorun_tasks.storage.remote.place import Digest

_API = "/build.bazel.remote.execution.v2"
CAPABILITIES = f"{_API}.Capabilities/GetCapabilities"
GET_RESULT = f"{_API}.ActionCache/GetActionResult"
UPDATE_RESULT = f"{_API}.ActionCache/UpdateActionResult"
FIND_MISSING = f"{_API}.ContentAddressableStorage/FindMissingBlobs"
BATCH_READ = f"{_API}.ContentAddressableStorage/BatchReadBlobs"
BATCH_UPDATE = f"{_API}.ContentAddressableStorage/BatchUpdateBlobs"
READ = "/google.bytestream.ByteStream/Read"
WRITE = "/google.bytestream.ByteStream/Write"

_SHA256, _ZSTD = 1, 1
"""Values of DigestFunction and Compressor."""

_UNLIMITED = 1 << 62


class Code(IntEnum):
    """How a call ended, or what became of one content of a batch."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class Capabilities(NamedTuple):
    """What a server can do; unless it says otherwise, these."""

    knows_sha256: bool = True
    batch: int = _UNLIMITED
    """How many bytes of contents a batch may have."""

    content: int = _UNLIMITED
    """How many bytes one content may have."""

    zstd: bool = False


def instance_request(instance: str) -> bytes:
    """Return the beginning of each request: which part of the server is meant."""
    return field(1, instance.encode()) if instance else b""


def result_request(instance: str, key: Digest, inline: Iterable[str]) -> bytes:
    """Ask what a key leads to. The contents of files with these names should come along."""
    hints = b"".join(field(5, name.encode()) for name in inline)
    return instance_request(instance) + field(2, encode_digest(key)) + hints


def update_request(instance: str, key: Digest, result: bytes) -> bytes:
    """Have a key lead to a result."""
    return instance_request(instance) + field(2, encode_digest(key)) + field(3, result)


def digests_request(instance: str, digests: Sequence[Digest]) -> bytes:
    """Ask which of these contents are missing, or for them."""
    named = (field(2, encode_digest(digest)) for digest in digests)
    return instance_request(instance) + b"".join(named)


def batch_update_request(instance: str, digest: Digest, content: bytes) -> bytes:
    """Store one content."""
    blob = field(1, encode_digest(digest)) + field(2, content)
    return instance_request(instance) + field(2, blob)


def write_request(name: str, offset: int, data: bytes, *, is_last: bool = False) -> bytes:
    """Return a part of a content that is stored; its first part has a name."""
    named = field(1, name.encode()) if name else b""
    sent = field(10, data) if data else b""
    return named + number_field(2, offset) + number_field(3, is_last) + sent


def read_request(name: str) -> bytes:
    """Ask for a content in parts."""
    return field(1, name.encode())


def decode_capabilities(data: bytes) -> Capabilities:
    """Return what a server says of itself. Raises NotAMessage."""
    cache = b"".join(_contents(data, 1))  # messages of one kind, one after another, are one
    functions = [n for value in _values(cache, 1) for n in numbers_of(value)]
    compressors = [n for value in _values(cache, 6) for n in numbers_of(value)]
    batch, content = (max(map(number_of, _values(cache, n)), default=0) for n in (4, 8))
    return Capabilities(
        not functions or _SHA256 in functions,
        batch or _UNLIMITED,
        content or _UNLIMITED,
        _ZSTD in compressors,
    )


def decode_missing(data: bytes) -> set[Digest]:
    """Return which contents are missing. Raises NotAMessage."""
    try:
        return {decode_digest(digest) for digest in _contents(data, 2)}
    except ValueError as error:
        raise NotAMessage("no digest") from error


def decode_batch_update(data: bytes) -> Code:
    """Return the code of the one content that was stored. Raises NotAMessage."""
    return _code([status for blob in _contents(data, 1) for status in _contents(blob, 2)])


def decode_batch_read(data: bytes) -> tuple[Code, bytes]:
    """Return the code of the one content that was asked for, and the content."""
    blobs = [*_contents(data, 1)]
    if not blobs:
        return Code.NOT_FOUND, b""
    content = b"".join(part for blob in blobs for part in _contents(blob, 2))
    return _code([status for blob in blobs for status in _contents(blob, 3)]), content


def decode_part(data: bytes) -> bytes:
    """Return a part of a content. Raises NotAMessage."""
    return b"".join(_contents(data, 10))


def decode_committed(data: bytes) -> int:
    """Return how many bytes were stored. Raises NotAMessage."""
    return max(map(number_of, _values(data, 1)), default=0)


def _code(statuses: Iterable[memoryview]) -> Code:
    code = max((number_of(n) for status in statuses for n in _values(status, 1)), default=Code.OK)
    return Code(code) if code <= max(Code) else Code.UNKNOWN


def _contents(data: bytes | memoryview, number: int) -> Iterator[memoryview]:
    return map(content_of, _values(data, number))


def _values(data: bytes | memoryview, number: int) -> Iterator[int | memoryview]:
    return (value for found, value in fields(data) if found == number)
