"""Every error is one line, whatever a name in it holds."""

from __future__ import annotations

import pytest

from gorun_tasks.errors import in_one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("main.go edited", "main.go edited"),
        ("ä 世界 → 😀", "ä 世界 → 😀"),
        ("a\nb\r\tc\x00\x1b\x7f", r"a\nb\r\tc\x00\x1b\x7f"),
        ("\x85\x9b\u2028\u2029\u202e\u2066", r"\u0085\u009b\u2028\u2029\u202e\u2066"),
        ("\udcff", "\udcff"),  # a byte that is no text is found again as it is
        (r"a\nb", r"a\nb"),
    ],
)
def test_a_text_is_shown_in_one_line(text: str, shown: str) -> None:
    assert in_one_line(text) == shown
    assert len(in_one_line(text).splitlines()) == 1
