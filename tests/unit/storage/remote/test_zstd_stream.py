"""What is compressed comes back; what is damaged is a miss, and what it claims takes no memory."""

from __future__ import annotations

import contextlib
import itertools
import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gorun_tasks.storage.remote.contents import PART
from gorun_tasks.storage.remote.place import Missing
from gorun_tasks.storage.remote.zstd_stream import compressed, decompressed, library

if TYPE_CHECKING:
    from collections.abc import Iterator

ZSTD = library()


@given(st.lists(st.binary()), st.integers(1, 20))
def test_what_was_compressed_comes_back(parts: list[bytes], size: int) -> None:
    data = b"".join(compressed(parts, ZSTD))
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    assert b"".join(decompressed(pieces, ZSTD)) == b"".join(parts)


def test_several_frames_are_one_content() -> None:
    contents = [b"a" * 300_000, b"", os.urandom(1000)]
    data = b"".join(ZSTD.compress(content) for content in contents)
    assert b"".join(decompressed([data], ZSTD)) == b"".join(contents)


@given(st.lists(st.binary(), max_size=3))
def test_any_bytes_are_a_content_or_a_miss(parts: list[bytes]) -> None:
    with contextlib.suppress(Missing):
        list(decompressed(parts, ZSTD))


def test_what_is_damaged_is_a_miss() -> None:
    data = bytearray(ZSTD.compress(os.urandom(1000)))
    data[0] ^= 1
    with pytest.raises(Missing):
        list(decompressed([bytes(data)], ZSTD))


def test_a_small_content_that_becomes_a_huge_one_takes_little_memory() -> None:
    data = ZSTD.compress(bytes(64 << 20))
    tracemalloc.start()
    for part in itertools.islice(decompressed([data], ZSTD), 100):
        assert len(part) <= PART
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_window_that_no_decoder_has_to_know_is_refused() -> None:
    window = {ZSTD.CompressionParameter.window_log: 25}
    compressor = ZSTD.ZstdCompressor(options=window)
    data = compressor.compress(bytes(64 << 20)) + compressor.flush()
    with pytest.raises(Missing):
        list(decompressed([data], ZSTD))


def test_what_fails_comes_before_the_end() -> None:
    def parts() -> Iterator[bytes]:
        yield b"content"
        raise Missing

    written = bytearray()
    with pytest.raises(Missing):
        any(map(written.extend, compressed(parts(), ZSTD)))
    assert b"".join(decompressed([bytes(written)], ZSTD)) == b""
