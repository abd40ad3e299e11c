"""Failing calls to the system: the program runs, with at most one line, and so does the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stress.faults import CALLS, ERRORS, Faults

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")


@pytest.mark.parametrize("kind", ["fsync", "rename", "unlink", "link", "mkdir"])
def test_each_failing_call_of_a_build(tmp_path: Path, kind: str) -> None:
    """All errors, states and kinds of calls: `python -m tests.stress.faults`."""
    error = ERRORS[CALLS.index(kind) % len(ERRORS)]
    assert [str(failure) for failure in Faults(tmp_path).failures("cold", kind, error)] == []


@pytest.mark.parametrize(
    ("state", "kind"),
    [("edited", "rename"), ("restored", "rename"), ("evicting", "rename"), ("ephemeral", "open")],
)
def test_each_failing_call_of_other_runs(tmp_path: Path, state: str, kind: str) -> None:
    assert [str(failure) for failure in Faults(tmp_path).failures(state, kind, "EIO")] == []
