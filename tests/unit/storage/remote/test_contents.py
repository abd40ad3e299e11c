"""A content that comes or goes in parts counts only if all of it is what its digest says."""

from __future__ import annotations

import contextlib
import io

import pytest

from gorun_tasks.storage.remote.contents import PART, parts_of, pass_on
from gorun_tasks.storage.remote.messages import digest_of
from gorun_tasks.storage.remote.place import Digest, Missing

CONTENTS = [b"", b"x", b"ab" * (PART // 2), b"abc" * PART]


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_a_content_is_passed_on_whole(content: bytes) -> None:
    passed = bytearray()
    pass_on(parts_of(io.BytesIO(content), digest_of(content)), digest_of(content), passed.extend)
    assert passed == content


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_what_is_longer_shorter_or_another_is_missing(content: bytes) -> None:
    for other in (content + b"x", content[:-1], content[:-1] + b"y"):
        if other == content:
            continue
        with pytest.raises(Missing):
            pass_on([other], digest_of(content), len)
        with pytest.raises(Missing):
            list(parts_of(io.BytesIO(other), digest_of(content)))


def test_of_what_is_too_long_no_more_is_passed_on_than_there_should_be() -> None:
    passed = bytearray()
    with pytest.raises(Missing):
        pass_on(iter(lambda: b"x" * 10, b""), Digest("0" * 64, 25), passed.extend)
    assert passed == b"x" * 20


def test_the_last_part_is_kept_back_until_all_is_known_to_be_right() -> None:
    """So that a server never has had all bytes of what is not to be stored."""
    content = b"abc" * PART
    sent = bytearray()
    parts = parts_of(io.BytesIO(content), Digest("0" * 64, len(content)))
    with contextlib.suppress(Missing):
        for part in parts:
            sent += part
    assert 0 < len(sent) < len(content)
