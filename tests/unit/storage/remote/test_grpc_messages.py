"""What a server answers is what was asked for, or no message; no bytes do harm.

That real servers understand the requests is shown by tests/network.
"""

from __future__ import annotations

import contextlib
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gorun_tasks.storage.remote.grpc_messages import (
    Capabilities,
    Code,
    batch_update_request,
    decode_batch_read,
    decode_batch_update,
    decode_capabilities,
    decode_committed,
    decode_missing,
    decode_part,
    digests_request,
    result_request,
    write_request,
)
from gorun_tasks.storage.remote.messages import digest_of, encode_digest
from gorun_tasks.storage.remote.wire import NotAMessage, field, fields, number_field

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO, KEY = digest_of(b"hello"), digest_of(b"key")

DECODERS: list[Callable[[bytes], object]] = [
    decode_batch_read,
    decode_batch_update,
    decode_capabilities,
    decode_committed,
    decode_missing,
    decode_part,
]


@pytest.mark.parametrize("decode", DECODERS)
@given(data=st.binary() | st.builds(lambda tail: b"\x0a\x08\x1a\x04" + tail, st.binary()))
def test_any_bytes_are_an_answer_or_no_message(
    decode: Callable[[bytes], object], data: bytes
) -> None:
    with contextlib.suppress(NotAMessage):
        decode(data)


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("unit", [b"\x0a\x00", b"\x0a\x02\x12\x00", b"\x08\x01", b"\x52\x00"])
def test_the_longest_answer_takes_little_memory(
    decode: Callable[[bytes], object], unit: bytes
) -> None:
    data = unit * ((4 << 20) // len(unit) // 64)
    tracemalloc.start()
    with contextlib.suppress(NotAMessage):
        decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


def test_a_server_says_what_it_can_do() -> None:
    """The bytes of buildbox-casd, then those of a server with limits and zstd."""
    said = b"\n\t\n\x01\x01\x12\x02\x08\x01(\x02\x22\x04\x08\x02\x10\x01*\x04\x08\x02\x10\x0c"
    assert decode_capabilities(said) == Capabilities()
    cache = (
        field(1, b"\x01\x09") + number_field(4, 5000) + number_field(6, 1) + number_field(8, 9000)
    )
    assert decode_capabilities(field(1, cache)) == Capabilities(
        knows_sha256=True, batch=5000, content=9000, zstd=True
    )
    assert not decode_capabilities(field(1, number_field(1, 9))).knows_sha256
    assert decode_capabilities(b"") == Capabilities()


def test_a_request_names_the_part_of_the_server_first() -> None:
    named = field(1, b"team/main")
    assert digests_request("team/main", [HELLO]) == named + field(2, encode_digest(HELLO))
    assert result_request("", KEY, ["index"]) == field(2, encode_digest(KEY)) + field(5, b"index")
    assert result_request("team/main", KEY, ()).startswith(named)
    blob = field(1, encode_digest(HELLO)) + field(2, b"hello")
    assert batch_update_request("team/main", HELLO, b"hello") == named + field(2, blob)


@given(st.integers(0, 1 << 40), st.binary())
def test_a_part_says_where_it_belongs(offset: int, data: bytes) -> None:
    request = write_request("", offset, data)
    found = dict(fields(request))
    assert found.get(2, 0) == offset
    assert decode_part(request) == data
    assert write_request("", offset, data, is_last=True) != request


def test_missing_contents_are_named() -> None:
    other = digest_of(b"other")
    data = field(2, encode_digest(HELLO)) + field(2, encode_digest(other))
    assert decode_missing(data) == {HELLO, other}
    assert decode_missing(b"") == set()
    with pytest.raises(NotAMessage):
        decode_missing(field(2, b""))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (b"", Code.OK),
        (number_field(1, 5), Code.NOT_FOUND),
        (number_field(1, 16), Code.UNAUTHENTICATED),
        (number_field(1, 17), Code.UNKNOWN),
    ],
)
def test_a_batch_tells_what_became_of_each(status: bytes, code: Code) -> None:
    update = field(1, field(1, encode_digest(HELLO)) + field(2, status))
    assert decode_batch_update(update) == code
    read = field(1, field(1, encode_digest(HELLO)) + field(2, b"hello") + field(3, status))
    assert decode_batch_read(read) == (code, b"hello")


def test_a_batch_without_answer_has_nothing() -> None:
    assert decode_batch_read(b"") == (Code.NOT_FOUND, b"")


def test_what_was_stored_is_counted() -> None:
    assert decode_committed(number_field(1, 300)) == 300
    assert decode_committed(b"") == 0
