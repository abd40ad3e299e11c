"""Builds on a server of the Remote Execution API that others use, too: neither disturbs the other.

The other client is moon. What it sent once is sent again, byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote import grpc_messages as messages
from gorun_tasks.storage.remote.credentials import Access, basic
from gorun_tasks.storage.remote.grpc_channel import Channel
from gorun_tasks.storage.remote.messages import decode_digest, decode_result, digest_of
from gorun_tasks.storage.remote.place import Result
from gorun_tasks.storage.remote.url import split, target_of
from gorun_tasks.storage.remote.wire import content_of, fields
from tests.network.conftest import PATIENT, grpc_place, grpc_remote, http_place
from tests.network.test_places import content_of as content_in
from tests.network.test_shared_builds import API, Machines
from tests.support import bazel_remote as br
from tests.support.place import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

CONTENTS = {  # what the task made; and what it printed is "steeping" and "warm"
    "app/out.txt": b"tea\n",
    "app/dist/a.txt": b"leaf\n",
    "app/dist/link": b"leaf\n",
    "app/dist/deep/tool": b"#!/bin/sh\necho hi\n",
}
RESULT = Result({name: digest_of(content) for name, content in CONTENTS.items()})


def request_of(method: str) -> bytes:
    """Return what moon asked by a method."""
    return (SAMPLES / "moon" / method.rpartition("/")[2]).read_bytes()


STORED = dict(fields(request_of(messages.UPDATE_RESULT)))
KEY, ENCODED = decode_digest(content_of(STORED[2])), bytes(content_of(STORED[3]))


def all_of(message: bytes) -> set[tuple[int, bytes]]:
    """Return the fields of a message that are bytes."""
    return {(number, bytes(content_of(value))) for number, value in fields(message)}


class Moon:
    """moon, as its server sees it."""

    def __init__(self, url: str) -> None:
        writer = Access(basic(br.USER, br.PASSWORD))
        self._channel = Channel(target_of(split(url), plaintext=False).server, writer, PATIENT)

    def publish(self) -> None:
        """Store a result and what is in it."""
        answer = self._channel.ask(messages.BATCH_UPDATE, request_of(messages.BATCH_UPDATE))
        assert messages.decode_batch_update(answer) == messages.Code.OK
        self._channel.ask(messages.UPDATE_RESULT, request_of(messages.UPDATE_RESULT))

    def fetch(self) -> None:
        """Ask for both; they must be what was stored."""
        answer = self._channel.ask(messages.GET_RESULT, request_of(messages.GET_RESULT))
        # bazel-remote adds what was printed, as moon asks it to.
        assert all_of(answer) > all_of(ENCODED)
        assert b"steeping\n" in answer
        contents = self._channel.ask(messages.BATCH_READ, request_of(messages.BATCH_READ))
        assert all(content in contents for content in CONTENTS.values())

    def close(self) -> None:
        self._channel.close()


@pytest.mark.usefixtures("built_bazel_remote", "go")
def test_who_was_first_is_found_after_the_other_has_published(tmp_path: Path) -> None:
    with grpc_remote(tmp_path) as remote:
        moon = Moon(remote.url)
        pair = Machines(tmp_path, remote)
        pair.download()
        moon.publish()
        pair.build(*API)
        moon.fetch()
        assert pair.asked(*API) == "fetched"
        moon.publish()
        pair.second.without_store()
        assert pair.asked(*API) == "fetched"
        moon.fetch()
        moon.close()


@pytest.mark.usefixtures("built_bazel_remote")
def test_what_another_client_stored_is_read(tmp_path: Path) -> None:
    """Its result has more than ours: an exit status, what was printed, modes and times of files."""
    assert decode_result(ENCODED) == RESULT
    with br.bazel_remote(tmp_path) as server:
        moon = Moon(server.grpc)
        moon.publish()
        moon.close()
        for place in (http_place(server.url), grpc_place(server.grpc)):
            assert place.result(KEY) == RESULT
            assert place.lacking([*RESULT.files.values()]) == []
            for name, content in CONTENTS.items():
                assert content_in(place, RESULT.files[name]) == content
            place.close()
