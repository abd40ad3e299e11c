"""Reasons are values, in the words of the person who made the change."""

from __future__ import annotations

import pytest

from gorun_tasks.core.reasons import Reason


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("cmd/api/main.go", "edited"), "cmd/api/main.go edited"),
        (Reason("lib/x_linux.go", "new file"), "new file lib/x_linux.go"),
        (Reason("GOFLAGS", "'' → '-tags=dev'"), "GOFLAGS: '' → '-tags=dev'"),
        (Reason("", "not built before"), "not built before"),
    ],
)
def test_words_of_a_reason(reason: Reason, words: str) -> None:
    """Those of the person who made the change (law 10)."""
    assert str(reason) == words


def test_reasons_are_values() -> None:
    assert Reason("a", "edited") == Reason("a", "edited") != Reason("b", "edited")
    assert len({Reason("a", "edited"), Reason("a", "edited")}) == 1
    assert Reason("a", "edited") != "a edited"
