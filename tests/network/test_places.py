"""What each transport does alike, with a real place behind it."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.contents import PART
from gorun_tasks.storage.remote.messages import action_key, digest_of
from gorun_tasks.storage.remote.place import Missing, Result
from tests.network.conftest import key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gorun_tasks.storage.remote.place import Digest, Place
    from tests.network.conftest import Remote

KEY = key_of("a program")

CONTENTS = [b"", b"x", os.urandom(PART), os.urandom(3 << 20) + bytes(1 << 20)]


def content_of(place: Place, digest: Digest) -> bytes:
    content = bytearray()
    place.read(digest, content.extend)
    return bytes(content)


def put(place: Place, *contents: bytes) -> list[Digest]:
    digests = [digest_of(content) for content in contents]
    for digest, content in zip(digests, contents, strict=True):
        place.put(digest, io.BytesIO(content))
    return digests


def test_where_nothing_is_nothing_is_found(remote: Remote) -> None:
    place = remote.reader()
    absent = digest_of(b"absent")
    assert place.result(KEY) is None
    assert place.lacking([absent]) == [absent]
    with pytest.raises(Missing):
        place.read(absent, len)
    assert place.result(KEY) is None


def test_what_was_put_is_found(remote: Remote) -> None:
    writer, reader = remote.writer(), remote.reader()
    digests = put(writer, *CONTENTS)
    assert reader.lacking([*digests, digest_of(b"absent")]) == [digest_of(b"absent")]
    assert [content_of(reader, digest) for digest in digests] == CONTENTS


def test_a_key_leads_to_the_result_that_was_put_last(remote: Remote) -> None:
    writer, reader = remote.writer(), remote.reader()
    key, contents = action_key(b"what is built", "main")
    executable, index = put(writer, b"executable", b"index", *contents.values())[:2]
    first = Result({"executable": executable, "manifest": index})
    for result in (first, Result({"index": index}, {"index": b"index"})):
        writer.put_result(key, result)
        found = reader.result(key)
        assert found is not None
        assert found.files == result.files
        along = {name: digest_of(content) for name, content in found.inline.items()}
        assert along.items() <= found.files.items()  # what comes along need not


@pytest.mark.parametrize("length", [-1, 0, 1])
def test_what_is_not_what_its_digest_says_is_not_put(remote: Remote, length: int) -> None:
    place = remote.writer()
    content = CONTENTS[-1]
    other = content[:-1] + {-1: b"", 0: b"y", 1: b"\0x"}[length]
    with pytest.raises(Missing):
        place.put(digest_of(content), io.BytesIO(other))
    assert place.lacking([digest_of(content)]) == [digest_of(content)]
    assert place.lacking([digest_of(other)]) == [digest_of(other)]
    put(place, content)
    assert content_of(place, digest_of(content)) == content


def test_a_source_that_cannot_be_read_is_its_owners_affair(remote: Remote) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError("this disk")
            return super().read(size)

    place = remote.writer()
    content = CONTENTS[-1]
    with pytest.raises(OSError, match="this disk"):
        place.put(digest_of(content), Failing(content))
    assert place.lacking([digest_of(content)]) == [digest_of(content)]
    put(place, content)


def test_a_disk_that_takes_no_more_is_its_owners_affair(remote: Remote) -> None:
    def write(_part: bytes) -> None:
        raise OSError("this disk")

    place = remote.writer()
    put(place, *CONTENTS)
    for content in CONTENTS[1:]:
        with pytest.raises(OSError, match="this disk"):
            place.read(digest_of(content), write)
    assert content_of(place, digest_of(CONTENTS[-1])) == CONTENTS[-1]


def test_a_source_is_put_from_where_it_stands(remote: Remote) -> None:
    place = remote.writer()
    source = io.BytesIO(b"before content")
    source.seek(len(b"before "))
    place.put(digest_of(b"content"), source)
    assert content_of(place, digest_of(b"content")) == b"content"


def test_what_was_evicted_is_a_miss_and_is_put_again(remote: Remote) -> None:
    place = remote.writer()
    executable, manifest = put(place, b"executable", b"manifest")
    result = Result({"executable": executable, "manifest": manifest})
    place.put_result(KEY, result)
    remote.forget(executable)
    found = place.result(KEY)
    assert found is None or found.files == result.files
    with pytest.raises(Missing):
        place.read(executable, len)
    assert content_of(place, manifest) == b"manifest"
    assert place.lacking([executable, manifest]) == [executable]
    put(place, b"executable")
    assert content_of(place, executable) == b"executable"


@pytest.mark.parametrize("damage", [b"", b"executablf", b"executabl", b"executable and more"])
def test_what_was_damaged_is_a_miss_and_is_mended(unchecked: Remote, damage: bytes) -> None:
    place = unchecked.writer()
    (digest,) = put(place, b"executable")
    unchecked.content(digest).write_bytes(damage)
    with pytest.raises(Missing):
        place.read(digest, len)
    assert place.lacking([digest]) == [digest]
    put(place, b"executable")
    assert place.lacking([digest]) == []
    assert content_of(place, digest) == b"executable"


@pytest.mark.parametrize("damage", [b"\xff" * 9, b"\x12\x03abc", b"\x0a\x00" * (1 << 20)])
def test_a_result_that_was_damaged_is_a_miss(unchecked: Remote, damage: bytes) -> None:
    place = unchecked.writer()
    (digest,) = put(place, b"index")
    place.put_result(KEY, Result({"index": digest}))
    unchecked.result(KEY).write_bytes(damage)
    assert place.result(KEY) is None
    assert content_of(place, digest) == b"index"


def test_many_read_and_write_while_others_evict(unchecked: Remote) -> None:
    """16 readers, 4 writers, one eviction: each reader has the right content, or none."""
    contents = {digest_of(c): c for c in (bytes([n]) * (n + 1) * 5000 for n in range(8))}
    done = threading.Event()

    def write() -> None:
        place = unchecked.writer()
        for _ in range(3):
            for digest in put(place, *contents.values()):
                place.put_result(digest, Result({"executable": digest}))

    def read(place: Place, digest: Digest) -> None:
        assert place.result(digest) in (None, Result({"executable": digest}))
        with contextlib.suppress(Missing):
            assert content_of(place, digest) == contents[digest]

    def until_done(do: Callable[[Digest], None]) -> None:
        while not done.is_set():
            for digest in contents:
                do(digest)

    with ThreadPoolExecutor(21) as workers:
        others = [
            workers.submit(until_done, functools.partial(read, unchecked.reader()))
            for _ in range(16)
        ]
        others.append(workers.submit(until_done, unchecked.forget))
        try:
            for writer in [workers.submit(write) for _ in range(4)]:
                writer.result()
        finally:
            done.set()
        for other in others:
            other.result()
    place = unchecked.writer()
    put(place, *contents.values())
    assert {digest: content_of(place, digest) for digest in contents} == contents
