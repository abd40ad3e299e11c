"""Servers that fail, hang and lie, at each point of each call: a miss, in bounded time and memory.

That it takes no longer than the limits is shown by the tests' ending: what hangs does so for good.
"""

from __future__ import annotations

import io
import itertools
import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.deadline import Limits
from gorun_tasks.storage.remote.messages import digest_of, encode_result
from gorun_tasks.storage.remote.place import Missing, PlaceUnusable, Result, WriteRefused
from tests.network.conftest import PATIENT, http_place, key_of
from tests.support.odd_server import odd_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gorun_tasks.storage.remote.place import Place

HASTY = Limits(0.1, 0.1)

KEY = key_of("a program")
CONTENT = os.urandom(100_000)
DIGEST = digest_of(CONTENT)
RESULT = Result({"executable": DIGEST})
ENCODED = encode_result(RESULT)


def answer(content: bytes, length: int | None = None) -> bytes:
    length = len(content) if length is None else length
    return b"HTTP/1.1 200 OK\r\nServer: odd\r\nContent-Length: %d\r\n\r\n%b" % (length, content)


def chunked(content: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return b"%b%x\r\n%b\r\n0\r\n\r\n" % (head, len(content), content)


def result(place: Place) -> object:
    return place.result(KEY)


def read(place: Place) -> object:
    content = bytearray()
    place.read(DIGEST, content.extend)
    return bytes(content)


def lacking(place: Place) -> object:
    return place.lacking([DIGEST])


def put(place: Place) -> None:
    place.put(DIGEST, io.BytesIO(CONTENT))


def put_result(place: Place) -> None:
    place.put_result(KEY, RESULT)


CALLS: dict[Callable[[Place], object], tuple[bytes, object]] = {
    result: (answer(ENCODED), RESULT),
    read: (answer(CONTENT), CONTENT),
    lacking: (answer(b"", DIGEST.size), []),
    put: (answer(b""), None),
    put_result: (answer(b""), None),
}
"""Each call with the answer that is right, and what the call then returns."""


def places_in(sound: bytes) -> list[int]:
    """Return one offset in each part of an answer: none, status line, headers, body."""
    head = sound.index(b"\r\n\r\n") + 4
    offsets = {0, 5, 12, 17, 25, head - 4, head - 2, head, (head + len(sound)) // 2, len(sound) - 1}
    return sorted(offset for offset in offsets if offset < len(sound))


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_is_right_is_taken(call: Callable[[Place], object]) -> None:
    sound, expected = CALLS[call]
    with odd_server([sound]) as server:
        place = http_place(server.url)
        assert call(place) == expected
        assert call(place) == expected  # by another connection: the first one was closed
        place.close()
        assert len(server.requests) == 2


@pytest.mark.parametrize("call", [result, read])
def test_an_answer_in_chunks_is_taken(call: Callable[[Place], object]) -> None:
    content = ENCODED if call == result else CONTENT
    with odd_server([chunked(content)]) as server:
        place = http_place(server.url)
        assert call(place) == CALLS[call][1]
        place.close()


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_hangs_anywhere_is_given_up(call: Callable[[Place], object]) -> None:
    sound, _ = CALLS[call]
    for offset in places_in(sound):
        with odd_server([sound[:offset]], "hang") as server:
            place = http_place(server.url, limits=HASTY)
            with pytest.raises(PlaceUnusable, match=r"^remote cache: 127\.0\.0\.1:\d+ does not"):
                call(place)
            place.close()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_server_that_dies_anywhere_gives_nothing_wrong(
    call: Callable[[Place], object], ending: str
) -> None:
    sound, expected = CALLS[call]
    for offset in places_in(sound):
        with odd_server([sound[:offset]], ending) as server:
            place = http_place(server.url)
            assert outcome(call, place) in (None, Missing, PlaceUnusable, expected)
            assert call != read or outcome(call, place) in (Missing, PlaceUnusable)
            place.close()


@pytest.mark.parametrize("call", [put, put_result])
@pytest.mark.parametrize("status", [400, 401, 403, 405, 413, 501, 507])
def test_a_server_that_refuses_may_say_so_before_it_has_all(
    call: Callable[[Place], object], status: int
) -> None:
    refusal = b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno" % status
    for listens in (True, False):
        with odd_server([refusal], listens=listens) as server:
            place = http_place(server.url)
            with pytest.raises(WriteRefused, match=rf"does not store \({status} .*\)$"):
                call(place)
            place.close()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("ending", ["close", "hang"])
def test_a_server_that_listens_to_nothing_is_given_up(
    call: Callable[[Place], object], ending: str
) -> None:
    with odd_server([], ending, listens=False) as server:
        place = http_place(server.url, limits=HASTY)
        with pytest.raises(PlaceUnusable):
            call(place)
        place.close()


@pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 429, 500, 503, 999])
def test_other_answers_end_it(status: int) -> None:
    odd = b"HTTP/1.1 %d Odd\r\nContent-Length: 0\r\n\r\n" % status
    for call in (result, read, lacking):
        with odd_server([odd]) as server:
            place = http_place(server.url)
            with pytest.raises(PlaceUnusable, match=rf" answers {status}"):
                call(place)
            place.close()


def endless(head: bytes, repeated: bytes) -> Iterable[bytes]:
    return itertools.chain([head], itertools.repeat(repeated * (1 + (1 << 15) // len(repeated))))


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"

LIES: dict[str, Callable[[], Iterable[bytes]]] = {
    "no HTTP": lambda: [b"\0" * 100],
    "another protocol": lambda: [b"SSH-2.0-OpenSSH_9.2\r\n"],
    "another version": lambda: [b"HTTP/9.9 200 OK\r\n\r\n"],
    "no status": lambda: [b"HTTP/1.1 abc OK\r\n\r\n"],
    "endless line": lambda: endless(b"HTTP/1.1 200 ", b"x"),
    "endless headers": lambda: endless(OK, b"A: b\r\n"),
    "endless header": lambda: endless(OK + b"A: ", b"b"),
    "endless patience": lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless body": lambda: endless(OK + b"\r\n", b"x"),
    "endless body of zeros": lambda: endless(OK + b"\r\n", bytes(1)),
    "endless chunks": lambda: endless(CHUNKS, b"10\r\n0123456789abcdef\r\n"),
    "endless chunk": lambda: endless(CHUNKS + b"ffffffffffffffff\r\n", b"x"),
    "endless negative chunk": lambda: endless(CHUNKS + b"-1\r\n", b"x"),
    "endless extension": lambda: endless(CHUNKS + b"5;", b"x"),
    "endless trailers": lambda: endless(CHUNKS + b"0\r\n", b"A: b\r\n"),
    "chunks of another kind": lambda: [CHUNKS + b"xyz\r\n"],
    "length of another kind": lambda: [OK + b"Content-Length: many\r\n\r\nx"],
    "negative length": lambda: [OK + b"Content-Length: -1\r\n\r\nx"],
    "huge length": lambda: [OK + b"Content-Length: %d\r\n\r\nx" % 10**30],
    "shorter": lambda: [answer(CONTENT[:-1])],
    "longer": lambda: [answer(CONTENT + b"x")],
    "other bytes": lambda: [answer(CONTENT[:-1] + b"x")],
    "nothing": lambda: [answer(b"")],
    "compressed": lambda: [OK + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\n123456789"],
    "redirect to nowhere": lambda: [b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"],
    "redirect to another kind": lambda: redirect(b"ftp://127.0.0.1/x"),
    "redirect to a file": lambda: redirect(b"file:///etc/passwd"),
    "redirect in plain": lambda: redirect(b"http://cache.example.com/x"),
    "redirect that is none": lambda: redirect(b"http://[::1/"),
    "redirect in circles": lambda: redirect(b"/x"),
    "redirect with words": lambda: redirect(b"/x y\x01"),
}


def redirect(location: bytes) -> list[bytes]:
    return [b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location]


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("call", [result, read])
def test_whatever_a_server_sends_is_a_miss_and_needs_little_memory(
    call: Callable[[Place], object], lie: str
) -> None:
    with odd_server(LIES[lie]()) as server:
        place = http_place(server.url, limits=PATIENT)
        tracemalloc.start()
        became = outcome(call, place)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        place.close()
        assert became in (None, Missing, PlaceUnusable)
        assert peak < 16 << 20


def outcome(call: Callable[[Place], object], place: Place) -> object:
    """Return what a call returns, or the kind of its failure."""
    try:
        return call(place)
    except (Missing, PlaceUnusable) as error:
        return type(error)
