"""The canonical form: one value, one sequence of bytes; and bytes that anybody may have written."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gorun_tasks.storage.remote.canonical import LARGEST, NotCanonical, decode, encode

_MAGIC = encode(())[:-5]
_PATHS = st.binary(max_size=8).map(lambda data: data.decode("utf-8", "surrogateescape"))
_KEYS = st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=8) | _PATHS
_VALUES = st.recursive(
    _KEYS,
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple) | st.dictionaries(_KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_VALUES)
def test_a_value_comes_back(value: object) -> None:
    data = encode(value)  # type: ignore[arg-type]
    assert decode(data) == value
    assert encode(decode(data)) == data


@given(st.dictionaries(_KEYS, st.integers(0, 9), max_size=6))
def test_the_order_of_a_map_does_not_matter(value: dict[object, int]) -> None:
    turned = dict(reversed(value.items()))
    assert encode(turned) == encode(value)  # type: ignore[arg-type]


@given(
    st.binary(max_size=60) | st.lists(st.sampled_from([*b"ibstm\0\1\2"]), max_size=40).map(bytes)
)
@example(b"t\xff\xff\xff\xff")
@example(b"m\0\0\0\1m\0\0\0\0i\0\0\0\0\0\0\0\0")
@example(b"m\0\0\0\2" + b"i\0\0\0\0\0\0\0\0" * 4)
def test_any_bytes_are_a_value_of_their_own_or_none(data: bytes) -> None:
    try:
        value = decode(_MAGIC + data)
    except NotCanonical:
        return
    assert encode(value) == _MAGIC + data


@given(_VALUES, st.data())
def test_a_damaged_value_is_another_one_or_none(value: object, data: st.DataObject) -> None:
    sound = encode(value)  # type: ignore[arg-type]
    at = data.draw(st.integers(0, len(sound) - 1))
    damaged = sound[:at] + bytes([sound[at] ^ data.draw(st.integers(1, 255))]) + sound[at + 1 :]
    with contextlib.suppress(NotCanonical):
        assert decode(damaged) != value
    with pytest.raises(NotCanonical):
        decode(sound[:at])


@pytest.mark.parametrize(
    "value",
    [None, True, 1.5, [1], 2**63, -(2**63) - 1, "\ud800", "\udcc3\udca9", {(): None}],
    ids=repr,
)
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        encode(value)  # type: ignore[arg-type]


def test_depth_size_and_memory_are_limited() -> None:
    deep: object = ()
    for _ in range(20):
        deep = (deep,)
    with pytest.raises(NotCanonical):
        encode(deep)  # type: ignore[arg-type]
    for data in (
        b"t\0\0\0\1" * 100_000,
        b"t\xff\xff\xff\xff" + b"t\0\0\0\0" * 2_000_000,
        b"b\0\0\0\0" * LARGEST,
    ):
        tracemalloc.start()
        with pytest.raises(NotCanonical):
            decode(_MAGIC + data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * LARGEST
