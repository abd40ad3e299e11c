"""Texts that lead out of a checkout; all else is in e2e/inputs/test_checkouts, with real go."""

from __future__ import annotations

import pytest

from gorun_tasks.inputs.digest import ABSENT
from gorun_tasks.inputs.semantic_digest import SUMS, meaning_of
from gorun_tasks.storage.remote.portable import _leads_below, _leads_out, is_absence, normal


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        (b"replace a => /w/./one//dep", b"replace a => /w/one/dep"),
        (b"-I/w/x/../one", b"-I/w/one"),
        (b"-I/w/x/y/../../one", b"-I/w/one"),
        (b"../../one", b"../../one"),
        (b"a/../../one", b"a/../../one"),
    ],
)
def test_a_path_is_found_however_it_is_written(text: bytes, shortest: bytes) -> None:
    assert normal(text) == shortest


@pytest.mark.parametrize(
    ("text", "depth", "leads_out"),
    [
        (b"replace a => ../dep", 1, False),
        (b"replace a => ../dep", 0, True),
        (b"replace a => ../../one/dep", 1, True),
        (b"use ..", 0, True),
        (b"use ./a\nreplace b => ./c", 0, False),
        (b"f(words...)", 0, False),
        (b"../a\n../b", 1, False),
        (b"../x y/../../b", 2, True),
        (b"-I..", 0, True),
    ],
)
def test_a_text_that_leads_out_of_the_repository_is_noticed(
    text: bytes, depth: int, *, leads_out: bool
) -> None:
    assert _leads_out(text, depth) == leads_out


def test_nothing_and_an_empty_list_of_sums_are_alike() -> None:
    assert is_absence(ABSENT)
    assert is_absence(meaning_of(SUMS, b""))
    assert not is_absence(meaning_of(SUMS, b"a v1 h1:x\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in (b"/root/x", b"a /root/x", b"-X=p=/root/x", b"-I/root/x")),
        *((text, True) for text in (b"pkg/root/x /root/y", b"\0/root/x\0", b"a:/root/x:b")),
        *(
            (text, False)
            for text in (b"", b"/root", b"/rootless/x", b"pkg/root/x", b"/home/root/x")
        ),
        *((text, False) for text in (b"v1.2/root/x", b"a-1/root/x")),
    ],
)
def test_a_path_below_home_begins_there(text: bytes, expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert _leads_below(b"/root", text) == expected
