"""Buckets: who may do what, two writers at once, credentials, and servers that do not behave."""

from __future__ import annotations

import io
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.canonical import decode
from gorun_tasks.storage.remote.deadline import Limits
from gorun_tasks.storage.remote.machine import Toolchain
from gorun_tasks.storage.remote.messages import action_key, digest_of, encode_result
from gorun_tasks.storage.remote.place import Changed, PlaceUnusable, Result, WriteRefused
from gorun_tasks.storage.remote.shared import add_to_index
from tests.network.conftest import PATIENT, Bucket, bucket_at, key_of
from tests.support.http_cache import Handler, http_cache
from tests.support.odd_server import odd_server
from tests.support.seaweedfs import PUBLIC, READER, WRITER, seaweedfs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from gorun_tasks.storage.remote.place import Place
    from tests.support.seaweedfs import SeaweedFS

KEY = key_of("a program")
CONTENT = b"executable"
DIGEST = digest_of(CONTENT)
RESULT = Result({"executable": DIGEST})

HASTY = Limits(0.1, 0.1)

CALLS: list[Callable[[Place], object]] = [
    lambda place: place.result(KEY),
    lambda place: place.read(DIGEST, len),
    lambda place: place.lacking([DIGEST]),
    lambda place: place.put(DIGEST, io.BytesIO(CONTENT)),
    lambda place: place.put_result(KEY, RESULT),
]

WRITES = CALLS[3:]

AWAY = r"^remote cache: s3://builds at [\w.:-]+ does not answer$"


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have none of the variables of who runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def bucket(bucket_server: SeaweedFS, tmp_path: Path) -> Iterator[Bucket]:
    with closing(Bucket(tmp_path, bucket_server)) as bucket:
        yield bucket


@contextmanager
def closing(bucket: Bucket) -> Iterator[Bucket]:
    """Close its places in the end."""
    yield bucket
    for place in bucket.opened:
        place.close()


@contextmanager
def at(server: str, user: Mapping[str, str], limits: Limits = PATIENT) -> Iterator[Place]:
    """Return a bucket of another server."""
    place = bucket_at("s3://builds/team", {"AWS_ENDPOINT_URL": server, **user}, limits)
    yield place
    place.close()


# Two writers.


def test_of_two_that_write_a_result_at_once_the_second_is_told(bucket: Bucket) -> None:
    one, two = bucket.writer(), bucket.writer()
    for number, (first, second) in enumerate([(one, two), (two, one)]):
        before = first.result(KEY)
        assert before == second.result(KEY)
        first.put_result(KEY, Result({"index": digest_of(b"%d" % number)}))
        with pytest.raises(Changed):
            second.put_result(KEY, RESULT)
        assert second.result(KEY) == Result({"index": digest_of(b"%d" % number)})
        second.put_result(KEY, RESULT)
        assert first.result(KEY) == RESULT


def test_of_many_that_add_to_an_index_at_once_each_is_in_it(bucket: Bucket) -> None:
    names = [b"%d" % number for number in range(5)]

    def add(name: bytes) -> None:
        row = name, Toolchain(b"", {}, ()), (name.hex() * 32,)
        add_to_index(bucket.writer(), (b"weak key", ""), row)

    with ThreadPoolExecutor(len(names)) as writers:
        for writer in [writers.submit(add, name) for name in names]:
            writer.result()
    place = bucket.reader()
    result = place.result(action_key(b"weak key", "")[0])
    assert result is not None
    content = bytearray()
    place.read(result.files["index"], content.extend)
    rows: Any = decode(bytes(content))
    assert sorted(row[0] for row in rows) == names


class Unconditional(Handler):
    """A server that knows no conditions."""

    def do_PUT(self) -> None:  # noqa: N802 - the name that http.server looks for
        if "If-None-Match" in self.headers:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(501, b"<Error><Code>NotImplemented</Code></Error>")
        else:
            super().do_PUT()


def test_a_server_without_conditions_is_written_to(tmp_path: Path) -> None:
    with http_cache(tmp_path, Unconditional) as server, at(server.url, SKIP) as place:
        assert place.result(KEY) is None
        place.put_result(KEY, RESULT)
        assert place.result(KEY) == RESULT


SKIP = {"AWS_SKIP_SIGNATURE": "1"}


# Who may do what.


def test_who_may_only_read_is_told_so_and_reads_on(bucket: Bucket) -> None:
    bucket.writer().put(DIGEST, io.BytesIO(CONTENT))
    reader = bucket.reader()
    for write in WRITES:
        with pytest.raises(WriteRefused) as caught:
            write(reader)
        assert str(caught.value) == (
            f"remote cache: {reader.label} does not store (403 Forbidden, AccessDenied; "
            "reading takes s3:GetObject and s3:ListBucket, writing s3:PutObject)"
        )
        reader.read(DIGEST, len)


def test_a_public_bucket_is_read_without_credentials(
    bucket_server: SeaweedFS, tmp_path: Path
) -> None:
    with closing(Bucket(tmp_path, bucket_server, PUBLIC)) as public:
        writer = public.writer()
        writer.put(DIGEST, io.BytesIO(CONTENT))
        writer.put_result(KEY, RESULT)
        anybody = public.open(bucket_at(public.url, bucket_server.variables(SKIP)))
        assert anybody.result(KEY) == RESULT
        assert anybody.result(key_of("another")) is None
        anybody.read(DIGEST, len)
        with pytest.raises(WriteRefused):
            anybody.put_result(KEY, RESULT)


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (SKIP, "answers 403 Forbidden, AccessDenied; reading takes s3:GetObject"),
        (READER | {"AWS_SECRET_ACCESS_KEY": "wr0ng"}, "answers 403 .*, SignatureDoesNotMatch"),
        (READER | {"AWS_ACCESS_KEY_ID": "wr0ng"}, "answers 403 .*, InvalidAccessKeyId"),
    ],
)
def test_who_may_not_read_is_told_why(bucket: Bucket, user: dict[str, str], why: str) -> None:
    place = bucket.open(bucket_at(bucket.url, bucket.server.variables(user)))
    expected = rf"^remote cache: {re.escape(place.label)} {why}"
    with pytest.raises(PlaceUnusable, match=expected) as caught:
        place.result(KEY)
    assert "wr0ng" not in str(caught.value)


def test_a_bucket_that_is_not_there_is_said(bucket: Bucket) -> None:
    place = bucket.open(bucket_at("s3://nobody/here", bucket.server.variables()))
    for call in CALLS[:2]:
        with pytest.raises(PlaceUnusable) as caught:
            call(place)
        assert str(caught.value) == f"remote cache: there is no bucket {place.label}"


def test_a_bucket_of_another_region_is_said() -> None:
    code = b"<Error><Code>PermanentRedirect</Code><Endpoint>elsewhere</Endpoint></Error>"
    head = b"HTTP/1.1 301 Moved Permanently\r\nContent-Length: %d\r\n\r\n" % len(code)
    with (
        odd_server([head + code]) as server,
        at(server.url, READER) as place,
        pytest.raises(PlaceUnusable, match="AWS_REGION is not the region of this bucket"),
    ):
        place.result(KEY)


def test_where_no_credentials_are_found_it_is_said() -> None:
    """Also where the server that a machine in a cloud has for them does not answer."""
    for ending in ("hang", "close"):
        with odd_server([], ending) as metadata:
            with (
                at("http://127.0.0.1:1", {"AWS_METADATA_ENDPOINT": metadata.url}, HASTY) as place,
                pytest.raises(PlaceUnusable) as caught,
            ):
                place.result(KEY)
            assert str(caught.value) == (
                f"remote cache: {place.label}: found no credentials in AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY (a public bucket takes AWS_SKIP_SIGNATURE=1)"
            )
            assert len(metadata.requests) == 1


def test_no_secret_is_sent_but_a_signature(tmp_path: Path) -> None:
    user = WRITER | {"AWS_SESSION_TOKEN": "token", "AWS_REGION": "eu-central-1"}
    with http_cache(tmp_path) as server, at(server.url, user) as place:
        assert place.result(KEY) is None
    ((request, headers),) = server.requests
    assert request.startswith(f"GET /builds/team/ac/{KEY.hash}?")
    assert "eu-central-1" in request
    assert "secret" not in str((request, headers))
    assert "Authorization" not in headers


# Servers that do not behave.


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_hangs_is_given_up(call: Callable[[Place], object]) -> None:
    for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nexec"):
        if call in CALLS[2:] and answer:
            continue  # of such an answer it takes the head
        with (
            odd_server([answer], "hang") as server,
            at(server.url, WRITER, HASTY) as place,
            pytest.raises(PlaceUnusable, match=AWAY),
        ):
            call(place)


def test_a_server_that_was_killed_is_given_up(tmp_path: Path) -> None:
    with seaweedfs() as server:
        place = Bucket(tmp_path, server).writer()
        place.put(DIGEST, io.BytesIO(CONTENT))
        server.process.kill()
        server.process.wait()
        for call in CALLS:
            with pytest.raises(PlaceUnusable, match=AWAY):
                call(place)


def test_a_tag_that_matches_nothing_is_no_condition() -> None:
    encoded = encode_result(RESULT)
    head = b'HTTP/1.1 200 OK\r\nETag: W/"1"\r\nContent-Length: %d\r\n\r\n' % len(encoded)
    with odd_server([head + encoded]) as server, at(server.url, WRITER) as place:
        assert place.result(KEY) == RESULT
        place.put_result(KEY, RESULT)
    assert not [request for request in server.requests if b"If-" in request]
