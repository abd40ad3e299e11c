"""What several programs write, as it may be shown: also where it ends no line."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from gorun_tasks.watch.output_lines import OutputLines

if TYPE_CHECKING:
    from collections.abc import Iterator


class Said(OutputLines):
    """The outputs of programs, and what was told of them."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, bytes]] = []
        super().__init__(lambda *what: self.told.append(what))

    @contextlib.contextmanager
    def program(self, name: str) -> Iterator[tuple[int, int, int]]:
        """Yield what a program of this name writes to, and what is read of its stdout."""
        with self.of(name) as (out, err):
            yield out, err, self.filenos()[-2]


def test_lines_are_told_at_once_and_beginnings_after_a_moment() -> None:
    said = Said()
    with said.program("a") as (out, _, reads):
        os.write(out, b"one\ntwo\nthr")
        said.pass_on(reads)
        assert said.told == [("a", 1, b"one\ntwo\n")]
        os.write(out, b"ee\nready> ")
        said.pass_on(reads)
        assert said.told[1:] == [("a", 1, b"three\n")]
        while said.patience():
            said.show()
        said.show()
        assert said.told[2:] == [("a", 1, b"ready> ")]
        assert said.patience() is None
    said.close()


def test_a_line_that_does_not_end_is_not_kept() -> None:
    said = Said()
    with said.program("a") as (out, _, reads):
        for _ in range(40):
            os.write(out, b"x" * 50_000)
            said.pass_on(reads)
        assert sum(len(words) for _, _, words in said.told) > 39 * 50_000 - (1 << 18)
    said.end("a")
    assert b"".join(words for _, _, words in said.told) == b"x" * 2_000_000
    said.close()
