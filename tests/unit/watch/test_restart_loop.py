"""Whether a program is restarted because of what it writes itself."""

from __future__ import annotations

import time

from gorun_tasks.watch.restart_loop import RestartLoop

PAGE, OTHER = {"/app/page"}, {"/app/main.go"}


def rounds(loop: RestartLoop, count: int, paths: set[str]) -> list[bool]:
    """Have these change so often after a start; return for which of them nothing restarts."""
    closed = []
    for _ in range(count):
        loop.started()
        assert loop.note(paths)
        closed.append(loop.closes(time.monotonic(), bool))
    return closed


def test_after_a_few_rounds_it_is_held() -> None:
    loop = RestartLoop()
    assert rounds(loop, 4, PAGE) == [False, False, False, True]
    assert loop.blamed == PAGE
    assert not loop.note(PAGE)
    assert loop.held


def test_a_change_of_something_else_restarts_it() -> None:
    loop = RestartLoop()
    rounds(loop, 4, PAGE)
    assert loop.note(PAGE | OTHER)
    assert not loop.closes(time.monotonic(), bool)
    assert rounds(loop, 4, PAGE) == [False, False, False, True]


def test_what_changes_by_turns_is_a_persons() -> None:
    loop = RestartLoop()
    assert not any(rounds(loop, 3, PAGE) + rounds(loop, 3, OTHER) + rounds(loop, 3, PAGE))


def test_what_changes_later_is_a_persons() -> None:
    loop = RestartLoop()
    for _ in range(9):
        loop.started()
        assert loop.note(PAGE)
        assert not loop.closes(time.monotonic() + 60, bool)


def test_nobody_is_to_blame_for_what_nobody_told() -> None:
    loop = RestartLoop()
    for _ in range(9):
        loop.started()
        assert not loop.closes(time.monotonic(), bool)


def test_who_writes_nothing_is_not_to_blame() -> None:
    loop = RestartLoop()
    for _ in range(9):
        loop.started()
        assert loop.note(PAGE)
        assert not loop.closes(time.monotonic(), lambda _: False)
