"""What nothing can interrupt is waited for only so long."""

from __future__ import annotations

import threading

import pytest

from gorun_tasks.storage.remote.deadline import Watch, within
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


@pytest.mark.parametrize("first", [0.0, PATIENCE])
def test_what_waits_too_long_is_ended(first: float) -> None:
    ended = threading.Event()
    with Watch(first, 0.01, ended.set) as watch:
        if first:
            watch.wait()
        assert ended.wait(PATIENCE) or not first
        assert watch.has_ended_it


def test_what_makes_its_steps_in_time_is_not_ended() -> None:
    ended = threading.Event()
    with Watch(PATIENCE, PATIENCE, ended.set) as watch:
        watch.wait()
        watch.pause()
    assert not ended.is_set()


def test_while_nothing_is_waited_for_nothing_is_ended() -> None:
    """Else a disk that is slow would look like a server that is."""
    ended = threading.Event()
    with Watch(PATIENCE, 0.001, ended.set) as watch:
        watch.pause()
        assert not ended.wait(0.1)
        watch.wait()
        assert ended.wait(PATIENCE)
