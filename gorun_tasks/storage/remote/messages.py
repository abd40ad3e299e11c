"""Messages: the few of Bazel's remote execution protocol that a cache needs, as bytes.

Decides how a result is written down (an ActionResult) and which key stands for canonical bytes (the
digest of an Action). It must never believe what it decodes: whatever the bytes are, they become a
result within the limits, or ValueError.
"""

from __future__ import annotations

import hashlib
import re

from gorun_tasks.storage.remote.place import Digest, Result
from gorun_tasks.storage.remote.wire import content_of, field, fields, number_field, number_of

LARGEST_RESULT = 1 << 20
"""How many bytes of a result are read."""

LARGEST_EXECUTABLE = 4 << 30

LARGEST_OTHER = 64 << 20
"""The size limit of any content but an executable."""

_MOST_FILES = 64
_LONGEST_NAME = 255

_HASH = re.compile(rb"[0-9a-f]{64}")

EMPTY = b""


def digest_of(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest(), len(content))


def action_key(canonical: bytes, scope: str) -> tuple[Digest, dict[Digest, bytes]]:
    """Return the key that stands for these bytes in this scope.

    Also what a strict server wants to have before a result: the Action whose digest the key is, its
    Command, and its input root, an empty directory.
    """
    words = (b"gorun-tasks", digest_of(canonical).hash.encode())
    command = b"".join(field(1, word) for word in words)
    salt = field(9, scope.encode()) if scope else b""
    action = (
        field(1, encode_digest(digest_of(command)))
        + field(2, encode_digest(digest_of(EMPTY)))
        + salt
    )
    contents = (command, EMPTY, action)
    return digest_of(action), {digest_of(content): content for content in contents}


def encode_result(result: Result) -> bytes:
    """Return a result as an ActionResult: its files in the order of their names."""
    return b"".join(
        field(2, _output_file(name, digest, result.inline.get(name, EMPTY)))
        for name, digest in sorted(result.files.items())
    )


def decode_result(data: bytes) -> Result:
    """Return the result that an ActionResult holds. Raises ValueError for what is none."""
    if len(data) > LARGEST_RESULT:
        raise ValueError("larger than any result")
    files: dict[str, Digest] = {}
    inline: dict[str, bytes] = {}
    for number, value in fields(data):
        if number != 2:  # noqa: PLR2004 - output_files
            continue
        name, digest, content = _decode_output_file(content_of(value))
        if name in files or len(files) == _MOST_FILES:
            raise ValueError("a name twice, or too many files")
        files[name] = digest
        if content:
            inline[name] = content
    if not files:
        raise ValueError("nothing that is a result")
    return Result(files, inline)


def _output_file(name: str, digest: Digest, content: bytes) -> bytes:
    executable = number_field(4, name == "executable")
    along = field(5, content) if content else b""
    return field(1, name.encode()) + field(2, encode_digest(digest)) + executable + along


def _decode_output_file(view: memoryview) -> tuple[str, Digest, bytes]:
    name, digest, content = "", None, EMPTY
    for number, value in fields(view):
        if number == 1:
            name = str(content_of(value)[: _LONGEST_NAME + 1], "utf-8")
        elif number == 2:  # noqa: PLR2004 - digest
            digest = decode_digest(content_of(value))
        elif number == 5:  # noqa: PLR2004 - contents
            content = bytes(content_of(value))
    if not name or len(name) > _LONGEST_NAME or digest is None:
        raise ValueError("a file without a name or without a digest")
    if digest.size > (LARGEST_EXECUTABLE if name == "executable" else LARGEST_OTHER):
        raise ValueError("larger than what has this name may be")
    if content and digest_of(content) != digest:
        raise ValueError("a content that is not what its digest says")
    return name, digest, content


def encode_digest(digest: Digest) -> bytes:
    return field(1, digest.hash.encode()) + number_field(2, digest.size)


def decode_digest(view: memoryview) -> Digest:
    """Return a digest. Raises ValueError for what is none."""
    digest, size = b"", 0
    for number, value in fields(view):
        if number == 1:
            digest = bytes(content_of(value)[:65])
        elif number == 2:  # noqa: PLR2004 - size_bytes
            size = number_of(value)
    if not _HASH.fullmatch(digest):
        raise ValueError("no SHA-256")
    return Digest(digest.decode(), size)
