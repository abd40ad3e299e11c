"""gRPC servers that fail, hang and lie: a miss, in bounded time and memory.

That it takes no longer than the limits is shown by the tests' ending: what hangs does so for good.
"""

from __future__ import annotations

import io
import itertools
import os
import threading
import tracemalloc
from typing import TYPE_CHECKING

import grpc
import pytest

from gorun_tasks.storage.remote import grpc_messages as messages
from gorun_tasks.storage.remote.credentials import Access
from gorun_tasks.storage.remote.deadline import Limits
from gorun_tasks.storage.remote.grpc_messages import Code
from gorun_tasks.storage.remote.messages import digest_of, encode_digest, encode_result
from gorun_tasks.storage.remote.place import Missing, PlaceUnusable, Result, WriteRefused
from gorun_tasks.storage.remote.wire import field, number_field
from gorun_tasks.storage.remote.zstd_stream import library
from tests.network.conftest import PATIENT, grpc_place, key_of
from tests.support.odd_grpc import odd_grpc, wire
from tests.support.odd_server import odd_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gorun_tasks.storage.remote.place import Digest, Place
    from tests.support.odd_grpc import Answer

HASTY = Limits(0.1, 0.1)

KEY = key_of("a program")
SMALL, LARGE = os.urandom(10_000), os.urandom(1 << 20) + bytes(1 << 19)
RESULT = Result({"executable": digest_of(LARGE)})
ENCODED = encode_result(RESULT)
ZSTD = library()


def batch(content: bytes, code: int = 0) -> bytes:
    status = field(3, number_field(1, code))
    return field(1, field(1, encode_digest(digest_of(SMALL))) + field(2, content) + status)


def stored(code: int) -> bytes:
    return field(1, field(2, number_field(1, code)))


def in_parts(content: bytes, size: int = 1 << 18) -> list[bytes]:
    return [field(10, content[at : at + size]) for at in range(0, len(content), size)]


SOUND: dict[str, Iterable[bytes]] = {
    messages.CAPABILITIES: [b""],
    messages.GET_RESULT: [ENCODED],
    messages.UPDATE_RESULT: [ENCODED],
    messages.FIND_MISSING: [b""],
    messages.BATCH_READ: [batch(SMALL)],
    messages.BATCH_UPDATE: [stored(0)],
    messages.READ: in_parts(LARGE),
    messages.WRITE: [number_field(1, len(LARGE))],
}
"""What is right."""


def answering(odd: dict[str, Iterable[bytes]] | None = None) -> Answer:
    """Return what answers as is right, but for some methods."""
    answers = SOUND | (odd or {})

    def answer(method: str, requests: Iterator[bytes], _: object) -> Iterable[bytes]:
        for _request in requests:
            pass
        return answers[method]

    return answer


def url(port: int) -> str:
    return f"grpc://127.0.0.1:{port}"


def content_of(place: Place, digest: Digest) -> bytes:
    content = bytearray()
    place.read(digest, content.extend)
    return bytes(content)


def result(place: Place) -> object:
    return place.result(KEY)


def read_small(place: Place) -> object:
    return content_of(place, digest_of(SMALL))


def read(place: Place) -> object:
    return content_of(place, digest_of(LARGE))


def lacking(place: Place) -> object:
    return place.lacking([digest_of(LARGE)])


def put_small(place: Place) -> None:
    place.put(digest_of(SMALL), io.BytesIO(SMALL))


def put(place: Place) -> None:
    place.put(digest_of(LARGE), io.BytesIO(LARGE))


def put_result(place: Place) -> None:
    place.put_result(KEY, RESULT)


READS: dict[Callable[[Place], object], tuple[str, object]] = {
    result: (messages.GET_RESULT, RESULT),
    read_small: (messages.BATCH_READ, SMALL),
    read: (messages.READ, LARGE),
    lacking: (messages.FIND_MISSING, []),
}
WRITES: dict[Callable[[Place], object], tuple[str, object]] = {
    put_small: (messages.BATCH_UPDATE, None),
    put: (messages.WRITE, None),
    put_result: (messages.UPDATE_RESULT, None),
}
CALLS = READS | WRITES
"""Each call with the method that does it, and what it returns where the answer is right."""


def outcome(call: Callable[[Place], object], place: Place) -> object:
    """Return what a call returns, or the kind of its failure; then the place is closed."""
    try:
        return call(place)
    except (Missing, PlaceUnusable) as error:
        return type(error)
    finally:
        place.close()


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_hangs_or_dies_anywhere_gives_nothing_wrong(
    call: Callable[[Place], object],
) -> None:
    _, expected = CALLS[call]
    with odd_grpc(answering()) as port:
        with wire(port) as whole:
            assert outcome(call, grpc_place(url(whole.port))) == expected
            length = whole.passed
        for ending, limits in (("hang", HASTY), ("close", PATIENT), ("reset", PATIENT)):
            for at in (0, 9, 30, length // 3, 2 * length // 3, length - 20):
                with wire(port, at, ending) as cut:
                    place = grpc_place(url(cut.port), limits=limits)
                    assert outcome(call, place) in (None, Missing, PlaceUnusable, expected)


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_takes_a_call_and_does_not_answer_is_given_up(
    call: Callable[[Place], object],
) -> None:
    over = threading.Event()

    def hang() -> Iterator[bytes]:
        over.wait()
        yield b""

    method, _ = CALLS[call]
    with odd_grpc(answering({method: hang()})) as port:
        place = grpc_place(url(port), limits=HASTY)
        try:
            with pytest.raises(PlaceUnusable, match=r"^remote cache: 127\.0\.0\.1:\d+ does not an"):
                call(place)
        finally:
            place.close()
            over.set()


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_listens_to_nothing_is_given_up(call: Callable[[Place], object]) -> None:
    with odd_server([], "hang", listens=False) as server:
        place = grpc_place(server.url.replace("http", "grpc"), limits=HASTY)
        assert outcome(call, place) is PlaceUnusable


def failing(odd_method: str, code: Code) -> Answer:
    """Return what answers a method by a code, with words that a person should not see."""

    def answer(
        method: str, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterable[bytes]:
        if method != odd_method:
            return answering()(method, requests, context)
        context.set_code(grpc.StatusCode[code.name])
        context.set_details("s3cr3t")
        return []

    return answer


SILENT = (Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE)


@pytest.mark.parametrize("code", [code for code in Code if code not in (Code.OK, Code.NOT_FOUND)])
def test_other_codes_end_it(code: Code) -> None:
    for call, (method, _) in READS.items():
        if (call, code) == (result, Code.RESOURCE_EXHAUSTED):
            continue  # it may be that too much came along
        with odd_grpc(failing(method, code)) as port:
            place = grpc_place(url(port), Access(hint="X is for another server"))
            expected = " does not answer$" if code in SILENT else f" answers {code.name}"
            with pytest.raises(PlaceUnusable, match=expected) as caught:
                call(place)
            closed = code in (Code.UNAUTHENTICATED, Code.PERMISSION_DENIED)
            assert ("X is for another server" in str(caught.value)) == closed
            assert "s3cr3t" not in str(caught.value)
            place.close()


@pytest.mark.parametrize("code", [Code.UNAUTHENTICATED, Code.RESOURCE_EXHAUSTED])
def test_who_may_not_write_is_refused(code: Code) -> None:
    for call, (method, _) in WRITES.items():
        with odd_grpc(failing(method, code)) as port:
            place = grpc_place(url(port))
            with pytest.raises(WriteRefused, match=rf" does not store \({code.name}\)$"):
                call(place)
            place.close()
    with odd_grpc(answering({messages.BATCH_UPDATE: [stored(code)]})) as port:
        place = grpc_place(url(port))
        with pytest.raises(WriteRefused, match=code.name):
            put_small(place)
        place.close()


@pytest.mark.parametrize("call", [result, read_small, read])
def test_what_is_not_there_is_a_miss(call: Callable[[Place], object]) -> None:
    method, _ = READS[call]
    with odd_grpc(failing(method, Code.NOT_FOUND)) as port:
        assert outcome(call, grpc_place(url(port))) in (None, Missing)


LIES: list[tuple[Callable[[Place], object], Callable[[], Iterable[bytes]]]] = [
    (result, lambda: [b"\xff" * 9]),
    (result, list),
    (result, lambda: [ENCODED, ENCODED]),
    (read, lambda: [b"\xff" * 9]),
    (read, lambda: [bytes(100)]),
    (read_small, lambda: [b"\x0a\x05abc"]),
    (result, lambda: [b"\x12\x00"]),
    (result, lambda: [encode_result(Result({"index": digest_of(SMALL)}, {"index": b"other"}))]),
    (result, lambda: [bytes(3 << 20)]),
    (result, lambda: [bytes(5 << 20)]),  # more than grpcio takes
    (read_small, lambda: [batch(b"")]),
    (read_small, lambda: [batch(SMALL[:-1] + b"!")]),
    (read_small, lambda: [batch(SMALL, Code.NOT_FOUND)]),
    (read_small, lambda: [batch(SMALL, 99)]),
    (read_small, lambda: [batch(LARGE)]),
    (read_small, lambda: itertools.repeat(batch(SMALL))),
    (read, lambda: in_parts(LARGE[:-1])),
    (read, lambda: in_parts(LARGE + b"!")),
    (read, lambda: in_parts(LARGE[:-1] + b"!")),
    (read, lambda: [bytes(5 << 20)]),
    (read, lambda: itertools.repeat(field(10, bytes(1 << 20)))),
    (read, lambda: itertools.repeat(b"")),
    (read, list),
]


@pytest.mark.parametrize(("call", "lie"), LIES)
def test_whatever_a_server_sends_is_a_miss_and_needs_little_memory(
    call: Callable[[Place], object], lie: Callable[[], Iterable[bytes]]
) -> None:
    with odd_grpc(answering({READS[call][0]: lie()})) as port:
        tracemalloc.start()
        became = outcome(call, grpc_place(url(port)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert became in (None, Missing, PlaceUnusable)
        assert peak < 24 << 20  # of which half is the server's


COMPRESSING = field(1, number_field(1, 1) + number_field(6, 1))


@pytest.mark.parametrize(
    "frames",
    [
        lambda: [LARGE],  # not compressed
        lambda: [ZSTD.compress(LARGE)[:-1]],
        lambda: [ZSTD.compress(LARGE + b"!")],
        lambda: [ZSTD.compress(bytes(len(LARGE)))],
        lambda: [ZSTD.compress(bytes(1 << 30))],
        lambda: itertools.repeat(ZSTD.compress(b"")),
    ],
)
def test_what_comes_compressed_is_compared_as_well(
    frames: Callable[[], Iterable[bytes]],
) -> None:
    parts = (field(10, frame) for frame in frames())
    answers = {messages.CAPABILITIES: [COMPRESSING], messages.READ: parts}
    with odd_grpc(answering(answers)) as port:
        assert outcome(read, grpc_place(url(port))) is Missing


def test_what_came_along_and_is_too_much_is_left_out() -> None:
    """A result with a large manifest in it is asked for without."""

    def answer(_: object, requests: Iterator[bytes], __: object) -> Iterable[bytes]:
        asks_inline = b"manifest" in b"".join(requests)
        return [ENCODED + (field(15, bytes(1 << 20)) if asks_inline else b"")]

    with odd_grpc(answer) as port:
        assert outcome(result, grpc_place(url(port))) == RESULT


def test_a_server_says_what_it_cannot_do() -> None:
    cache = number_field(1, 9) + number_field(8, 1000)
    with odd_grpc(answering({messages.CAPABILITIES: [field(1, cache)]})) as port:
        place = grpc_place(url(port))
        with pytest.raises(PlaceUnusable, match="does not know SHA-256"):
            read(place)
        place.close()
    with odd_grpc(answering({messages.CAPABILITIES: [field(1, number_field(8, 1000))]})) as port:
        place = grpc_place(url(port))
        with pytest.raises(WriteRefused, match="RESOURCE_EXHAUSTED"):
            put(place)
        place.close()


def test_what_was_not_stored_as_a_whole_is_none() -> None:
    with odd_grpc(answering({messages.WRITE: [number_field(1, 5)]})) as port:
        assert outcome(put, grpc_place(url(port))) is PlaceUnusable
