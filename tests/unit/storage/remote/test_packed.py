"""Packed executables: they come back, and a stranger's bytes are a miss that costs little."""

from __future__ import annotations

import hashlib
import io
import os
import zlib

import pytest

from gorun_tasks.storage.remote.contents import PART
from gorun_tasks.storage.remote.messages import digest_of
from gorun_tasks.storage.remote.packed import Unpacking, pack
from gorun_tasks.storage.remote.place import Digest, Missing

CONTENTS = [b"", b"x", os.urandom(PART), os.urandom(PART) + bytes(3 << 20) + os.urandom(9)]


def packed(content: bytes) -> bytes:
    target = io.BytesIO()
    digests = pack(io.BytesIO(content), target)
    assert digests == (digest_of(content), digest_of(target.getvalue()))
    return target.getvalue()


def unpacked(parts: list[bytes], digest: Digest) -> bytes:
    content = bytearray()
    unpacking = Unpacking(digest, content.extend)
    for part in parts:
        unpacking.write(part)
    unpacking.end()
    return bytes(content)


@pytest.mark.parametrize("content", CONTENTS, ids=len)
@pytest.mark.parametrize("size", [1 << 10, PART, 1 << 30])
def test_what_was_packed_comes_back(content: bytes, size: int) -> None:
    data = packed(content)
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    assert unpacked(parts, digest_of(content)) == content
    assert len(data) < len(content) // 2 or len(content) <= PART


CONTENT = CONTENTS[-1]
SOUND = packed(CONTENT)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"x", SOUND[:-1], SOUND[:-9] + SOUND[-8:], SOUND + b"x", SOUND + SOUND),
        *(CONTENT, packed(CONTENT[:-1]), packed(CONTENT + b"x"), packed(CONTENT[:-1] + b"x")),
    ],
)
def test_anything_else_is_a_miss(data: bytes) -> None:
    for parts in ([data], [data[:9], data[9:]]):
        with pytest.raises(Missing):
            unpacked(parts, digest_of(CONTENT))


def test_what_becomes_larger_than_it_may_ends_at_once() -> None:
    bomb = zlib.compress(bytes(64 << 20))
    written = 0

    def write(part: bytes) -> None:
        nonlocal written
        written += len(part)

    with pytest.raises(Missing):
        Unpacking(Digest(hashlib.sha256().hexdigest(), 1 << 20), write).write(bomb)
    assert written <= 1 << 20
