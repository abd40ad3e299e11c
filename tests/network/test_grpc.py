"""What goes over gRPC, and to whom: credentials, instances, certificates, the other protocol."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote import grpc_messages as messages
from gorun_tasks.storage.remote import zstd_stream
from gorun_tasks.storage.remote.credentials import Access, basic
from gorun_tasks.storage.remote.locate import locate
from gorun_tasks.storage.remote.messages import action_key, digest_of, encode_result
from gorun_tasks.storage.remote.place import PlaceUnusable, Result, WriteRefused
from gorun_tasks.storage.remote.wire import field
from tests.network.conftest import grpc_place, http_place, key_of
from tests.support import bazel_remote as br
from tests.support.http_cache import http_cache
from tests.support.odd_grpc import odd_grpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import grpc

    from gorun_tasks.storage.remote.place import Place

KEY = key_of("a program")
HELLO = digest_of(b"hello")
LARGE = os.urandom(1 << 20) + bytes(1 << 20)
SECRET = Access("Bearer s3cr3t")
WRITER = Access(basic(br.USER, br.PASSWORD))


def share(place: Place) -> bool:
    """Make each of the requests; return whether what was put came back."""
    contents = {digest_of(content): content for content in (b"hello", LARGE)}
    for digest, content in contents.items():
        place.put(digest, io.BytesIO(content))
    place.put_result(KEY, Result({"index": HELLO}))
    found = place.result(KEY)
    for digest, content in contents.items():
        came = bytearray()
        place.read(digest, came.extend)
        if came != content:
            return False
    place.close()
    return found is not None and found.files == {"index": HELLO}


class Noting:
    """A server that remembers what it was asked, and answers as one with nothing in it."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.metadata: list[dict[str, str | bytes]] = []

    def __call__(
        self, method: str, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterable[bytes]:
        self.requests.append(b"".join(requests))
        self.metadata.append(dict(context.invocation_metadata()))
        return [encode_result(Result({"index": HELLO}))] if method == messages.GET_RESULT else [b""]


def test_each_request_names_the_instance_and_carries_the_credentials() -> None:
    server = Noting()
    with odd_grpc(server) as port:
        place = grpc_place(f"grpc://127.0.0.1:{port}/team%20a/main/", SECRET)
        assert place.result(KEY) == Result({"index": HELLO})
        assert place.lacking([HELLO]) == []
        place.put(HELLO, io.BytesIO(b"hello"))
        place.put_result(KEY, Result({"index": HELLO}))
        place.close()
    assert len(server.requests) == 5  # and what the server can do
    assert all(request.startswith(field(1, b"team a/main")) for request in server.requests)
    assert {told["authorization"] for told in server.metadata} == {"Bearer s3cr3t"}
    assert all(str(told["user-agent"]).startswith("gorun-tasks/") for told in server.metadata)


@pytest.mark.usefixtures("built_bazel_remote")
def test_what_came_by_one_protocol_is_served_by_the_other(tmp_path: Path) -> None:
    with br.bazel_remote(tmp_path) as server:
        by_http, by_grpc = http_place(server.url, WRITER), grpc_place(server.grpc, WRITER)
        for text, writer, reader in (("a", by_http, by_grpc), ("b", by_grpc, by_http)):
            content = text.encode() + LARGE
            key, small = action_key(content, "main")
            small[digest_of(content)] = content
            assert reader.lacking([*small]) != []
            for digest, one in small.items():
                writer.put(digest, io.BytesIO(one))
            result = Result({"executable": digest_of(content)})
            writer.put_result(key, result)
            assert reader.result(key) == result
            assert reader.lacking([*small]) == []
            came = bytearray()
            reader.read(digest_of(content), came.extend)
            assert came == content
        by_http.close()
        by_grpc.close()


@pytest.mark.usefixtures("built_bazel_remote")
def test_contents_go_compressed_where_both_sides_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with br.bazel_remote(tmp_path) as server:
        assert share(grpc_place(server.grpc, WRITER))
        monkeypatch.setattr(zstd_stream, "library", lambda: None)  # as where it is not installed
        assert share(grpc_place(server.grpc, WRITER))
        log = (tmp_path / "log").read_text()
        for kind in ("compressed-blobs/zstd", "blobs"):
            assert f"/{kind}/{digest_of(LARGE).hash}" in log


@pytest.mark.usefixtures("built_bazel_remote")
def test_who_has_no_password_reads_and_does_not_write(tmp_path: Path) -> None:
    with br.bazel_remote(tmp_path) as server:
        assert share(grpc_place(server.grpc, WRITER))
        for access in (Access(), Access(basic(br.USER, "wrong"))):
            place = grpc_place(server.grpc, access)
            for content in (b"small", LARGE + b"other"):
                with pytest.raises(WriteRefused, match="UNAUTHENTICATED"):
                    place.put(digest_of(content), io.BytesIO(content))
            with pytest.raises(WriteRefused, match="UNAUTHENTICATED"):
                place.put_result(KEY, Result({"index": HELLO}))
            place.close()
        reader = grpc_place(server.grpc)
        assert reader.result(KEY) is not None
        assert reader.lacking([HELLO]) == []
        reader.close()


@pytest.mark.usefixtures("built_bazel_remote")
def test_a_server_that_is_killed_between_two_requests_is_gone(tmp_path: Path) -> None:
    with br.bazel_remote(tmp_path) as server:
        place = grpc_place(server.grpc)
        assert place.result(KEY) is None
        server.process.kill()
        server.process.wait()
        with pytest.raises(PlaceUnusable, match="does not answer"):
            place.result(KEY)
        place.close()


def test_a_name_that_no_name_server_knows() -> None:
    place = grpc_place("grpcs://cache.example.invalid")
    with pytest.raises(PlaceUnusable, match=r"^remote cache: cache\.example\.invalid does not"):
        place.result(KEY)
    place.close()


def test_a_web_server_is_no_such_cache(tmp_path: Path) -> None:
    with http_cache(tmp_path) as server:
        place = grpc_place(server.url.replace("http", "grpc"))
        with pytest.raises(PlaceUnusable, match="does not answer"):
            place.result(KEY)
        place.close()


PROGRAM = """
import os, sys
before = dict(os.environ)
from gorun_tasks.storage.remote.locate import locate
from gorun_tasks.storage.remote.place import Digest, PlaceUnusable
place = locate(sys.argv[1], origin="GORUN_REMOTE", environ=os.environ, notes=sys.argv[2])
assert "grpc" not in sys.modules
try:
    place.result(Digest("0" * 64, 7))
except PlaceUnusable as trouble:
    print(trouble, flush=True)
place.close()
assert "grpc" in sys.modules
assert dict(os.environ) == before, os.environ
os.execv("/bin/sh", ["sh", "-c", "env | grep GRPC_; ls /proc/self/fd | wc -l"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_grpcio_writes_nothing_and_leaves_nothing_to_the_program(tmp_path: Path) -> None:
    """It would write of a handshake that fails, and its variables are set for the import."""
    with http_cache(tmp_path) as server:
        url = server.url.replace("http", "grpcs")
        done = subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM, url, str(tmp_path)],
            env={**os.environ, "GRPC_VERBOSITY": "debug"},
            capture_output=True,
            text=True,
            check=True,
        )
    said, *rest = done.stdout.splitlines()
    assert said.startswith("remote cache: 127.0.0.1:")
    assert "GRPC_VERBOSITY=debug" in rest
    assert rest[-1] == "4"  # three, and that of the folder which is listed
    assert done.stderr == ""


def test_where_grpcio_is_not_installed_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(PlaceUnusable) as caught:
        locate("grpc://127.0.0.1:1", origin="x", environ={}, notes=str(tmp_path))
    assert str(caught.value) == (
        "remote cache: grpc:// needs grpcio, which is not installed; "
        "pip install 'gorun-tasks[remote]'"
    )
