"""Fields come back as they were written; whatever else comes is fields, or no message."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gorun_tasks.storage.remote.wire import (
    NotAMessage,
    content_of,
    field,
    fields,
    number_field,
    number_of,
    numbers_of,
)

NUMBERS = st.integers(1, (1 << 29) - 1)  # of fields


def test_a_message_is_written_as_the_guide_says() -> None:
    assert number_field(1, 150) == b"\x08\x96\x01"
    assert field(2, b"testing") == b"\x12\x07testing"
    assert number_field(1, 0) == b""


@given(st.lists(st.tuples(NUMBERS, st.integers(1, (1 << 64) - 1) | st.binary())))
def test_fields_come_back_in_their_order(written: list[tuple[int, int | bytes]]) -> None:
    data = b"".join(
        number_field(number, value) if isinstance(value, int) else field(number, value)
        for number, value in written
    )
    assert [(n, v if isinstance(v, int) else bytes(v)) for n, v in fields(data)] == written


@given(st.binary())
def test_any_bytes_are_fields_or_no_message(data: bytes) -> None:
    with contextlib.suppress(NotAMessage):
        for number, value in fields(data):
            assert 0 <= number < 1 << 70
            if not isinstance(value, int):
                list(numbers_of(value))


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a\x05abc",  # truncated
        b"\x0b",  # a group
        b"\x0f",  # a kind that never was
        b"\x08",
        b"\x08" + b"\xff" * 10,
        b"\x09abc",  # of 64 bits
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(NotAMessage):
        list(fields(data))


def test_fields_of_fixed_size_are_passed_over() -> None:
    assert [number for number, _ in fields(b"\x09" + bytes(8) + b"\x15" + bytes(4))] == [1, 2]


def test_numbers_stand_alone_or_packed() -> None:
    ((_, packed),) = fields(b"\x0a\x03\x01\x96\x01")
    assert list(numbers_of(packed)) == [1, 150]
    assert list(numbers_of(7)) == [7]


def test_a_value_of_another_kind_is_none() -> None:
    ((_, number), (_, content)) = fields(b"\x08\x01\x12\x01x")
    for refuse, value in ((content_of, number), (number_of, content)):
        with pytest.raises(NotAMessage):
            refuse(value)
