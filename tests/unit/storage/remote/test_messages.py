"""Results are written as Bazel's protocol has them; whatever else comes is refused in time."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gorun_tasks.storage.remote.messages import (
    LARGEST_EXECUTABLE,
    LARGEST_OTHER,
    LARGEST_RESULT,
    action_key,
    decode_result,
    digest_of,
    encode_result,
)
from gorun_tasks.storage.remote.place import Digest, Result

HELLO = digest_of(b"hello")
MANY = 1 << 18


def test_a_result_is_an_action_result() -> None:
    """The fields of ActionResult, OutputFile and Digest, written by hand."""
    result = Result({"index": HELLO, "executable": Digest("a" * 64, 300)}, {"index": b"hello"})
    index = b"\n\x05index\x12\x44\n\x40" + HELLO.hash.encode() + b"\x10\x05" + b"\x2a\x05hello"
    executable = b"\n\x0aexecutable\x12\x45\n\x40" + b"a" * 64 + b"\x10\xac\x02" + b"\x20\x01"
    parts = (bytes([len(part)]) + part for part in (executable, index))
    assert encode_result(result) == b"".join(b"\x12" + part for part in parts)


DIGESTS = st.builds(
    Digest,
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.integers(0, LARGEST_OTHER),
)
FILES = st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60), DIGESTS)


@given(
    FILES,
    st.dictionaries(st.sampled_from(["index", "manifest"]), st.binary(min_size=1), min_size=1),
)
def test_a_result_comes_back_as_it_was(files: dict[str, Digest], inline: dict[str, bytes]) -> None:
    files |= {name: digest_of(content) for name, content in inline.items()}
    assert decode_result(encode_result(Result(files, inline))) == Result(files, inline)


@given(
    st.binary() | st.builds(lambda tail: b"\x12\x50\n\x05index\x12\x47\n\x40" + tail, st.binary())
)
def test_any_bytes_are_a_result_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(decode_result(data), Result)


@given(FILES, st.data())
def test_a_result_that_was_changed_is_a_result_or_a_value_error(
    files: dict[str, Digest], data: st.DataObject
) -> None:
    encoded = bytearray(encode_result(Result(files)))
    for at in data.draw(st.lists(st.integers(0, max(len(encoded) - 1, 0)), max_size=3)):
        encoded[at : at + 1] = data.draw(st.binary(max_size=2))
    try:
        decoded = decode_result(bytes(encoded))
    except ValueError:
        return
    for digest in decoded.files.values():
        assert len(digest.hash) == 64
        assert 0 <= digest.size <= LARGEST_EXECUTABLE


@pytest.mark.parametrize(
    "data",
    [
        b"\x12\x00" * MANY,  # files without anything
        b"\x08\x01" * MANY,
        b"\x12" + b"\xff" * 9 + b"\x01",
        b"\xff" * MANY,
        b"\x0a\x80\x80\x20" + bytes(1 << 19),
    ],
)
def test_the_longest_bytes_take_little_memory(data: bytes) -> None:
    tracemalloc.start()
    with contextlib.suppress(ValueError):
        decode_result(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LARGEST_RESULT


@pytest.mark.parametrize(
    ("name", "size"), [("executable", LARGEST_EXECUTABLE), ("index", LARGEST_OTHER)]
)
def test_a_file_has_at_most_the_size_that_its_name_allows(name: str, size: int) -> None:
    largest = Result({name: Digest("0" * 64, size)})
    assert decode_result(encode_result(largest)) == largest
    with pytest.raises(ValueError, match="larger than"):
        decode_result(encode_result(Result({name: Digest("0" * 64, size + 1)})))


@pytest.mark.parametrize("data", [b"", b"\x20\x00"])
def test_a_result_without_files_is_none(data: bytes) -> None:
    with pytest.raises(ValueError, match="nothing that is a result"):
        decode_result(data)


def test_there_are_at_most_so_many_files() -> None:
    with pytest.raises(ValueError, match="too many"):
        decode_result(encode_result(Result({f"file{n}": HELLO for n in range(65)})))


@pytest.mark.parametrize("hash_", ["A" * 64, "../" + "a" * 61, "a" * 63, "a" * 65, ""])
def test_a_hash_is_what_a_file_may_be_named_by(hash_: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        decode_result(encode_result(Result({"index": Digest(hash_, 1)})))


def test_what_comes_along_has_been_compared_with_its_digest() -> None:
    with pytest.raises(ValueError, match="not what its digest says"):
        decode_result(encode_result(Result({"index": HELLO}, {"index": b"other"})))


def test_what_a_server_adds_to_a_result_is_passed_over() -> None:
    """For example bazel-remote says which worker made it, and others send what was printed."""
    added = b"\x20\x00" + b"\x4a\x08\n\x06worker" + b"\x2a\x03out"
    result = Result({"index": HELLO})
    assert decode_result(encode_result(result) + added) == result


def test_a_key_is_the_digest_of_an_action_that_a_server_can_check() -> None:
    key, contents = action_key(b"what is built", "main")
    assert len(contents) == 3
    assert all(digest_of(content) == digest for digest, content in contents.items())
    (action,) = (content for digest, content in contents.items() if digest == key)
    command, empty = (digest for digest in contents if digest != key)
    assert command.hash.encode() in action
    assert empty == digest_of(b"")
    assert digest_of(b"what is built").hash.encode() in contents[command]
    assert action.endswith(b"\x4a\x04main")  # its salt


def test_another_scope_or_other_bytes_have_another_key() -> None:
    keys = {action_key(canonical, scope)[0] for canonical in (b"a", b"b") for scope in ("", "x")}
    assert len(keys) == 4
