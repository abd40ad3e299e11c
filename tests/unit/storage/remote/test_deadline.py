"""What nothing can interrupt is waited for only so long."""

from __future__ import annotations

import threading

import pytest

from gorun_tasks.storage.remote.deadline import within
from tests.support.clock import PATIENCE


def test_it_returns_what_the_call_does() -> None:
    assert within(PATIENCE, lambda: 7) == 7


def test_it_raises_what_the_call_does() -> None:
    def fail() -> None:
        raise FileNotFoundError("gone")

    with pytest.raises(FileNotFoundError, match="gone"):
        within(PATIENCE, fail)


def test_a_call_that_does_not_end_is_left_alone() -> None:
    end = threading.Event()
    try:
        with pytest.raises(TimeoutError):
            within(0.01, end.wait)
    finally:
        end.set()
