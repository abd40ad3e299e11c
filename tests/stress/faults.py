"""Fails each call that gorun makes to the disk, one at a time, and looks what becomes of it.

    python -m tests.stress.faults [--errno ENOSPC ...] [--kind open ...] [--from STATE ...]

Decides which call fails with which error. It must never forgive: the program has to run and say
what it has to say, with at most one line of ours before it and no traceback, and the next run has
to be right.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.stress.shim import KINDS, MARK
from tests.stress.tiny import files
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.place import Result

ERRORS = ("ENOSPC", "EACCES", "EIO", "EMFILE", "EROFS")
CALLS = ("open", "write", "fsync", "rename", "unlink", "link", "mkdir")

STATES = {
    "cold": ["."],
    "edited": ["."],
    "touched": ["."],
    "restored": ["."],
    "current": ["."],
    "evicting": ["."],
    "unrecorded": ["-v=false", "."],
    "ephemeral": ["--ephemeral", "."],
}
"""What the store knows beforehand, and the words of the run that meets the trouble."""


class Failure(NamedTuple):
    """A run that did not end as it should."""

    where: str
    result: Result

    def __str__(self) -> str:
        return f"{self.where}: {self.result}"


class Faults:
    """A program that is run again and again, with trouble each time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0

    def failures(self, state: str, kind: str, error: str) -> Iterator[Failure]:
        """Fail the first call, the second, and so on, for as long as there are any."""
        number = 1
        while True:
            place = self.folder / f"{state}-{kind}-{error}-{number}"
            place.mkdir()
            try:
                shop = Workshop(place, files("first"))
                word = self.prepare(shop, state)
                mark = place / "mark"
                words = ["tests.stress.shim", error, kind, str(number), *STATES[state]]
                result = shop(*words, env={MARK: str(mark), **self.environ(state)})
                if not mark.is_symlink():
                    return
                self.runs += 1
                where = f"{state}: {error} at {kind} {number}"
                if not is_right(result, word):
                    yield Failure(where, result)
                again = shop.gorun(*STATES[state])
                if again != (0, "", f"{word}\n"):
                    yield Failure(f"{where}, next run", again)
                left = [str(path) for path in shop.temporary.iterdir()]
                if left and kind != "unlink":
                    yield Failure(f"{where}, left {left}", result)
            finally:
                shutil.rmtree(place)
            number += 1

    def prepare(self, shop: Workshop, state: str) -> str:
        """Bring the store into a state; return what the next run has to say."""
        if state == "cold":
            return "first"
        shop.gorun(".")
        if state in ("edited", "restored", "evicting"):
            shop.write(files("second"))
        if state == "restored":
            shop.gorun(".")
            shop.write(files("first"))
        if state == "touched":
            (shop.folder / "main.go").touch()
        return "second" if state in ("edited", "evicting") else "first"

    def environ(self, state: str) -> dict[str, str]:
        """Return what the run gets besides."""
        return {"GORUN_CACHE_SIZE": "1"} if state == "evicting" else {}


def is_right(result: Result, word: str) -> bool:
    """Say whether the program ran, with at most one line of ours."""
    lines = result.err.splitlines()
    ours = lines[:-1]
    return (
        result.rc == 0
        and lines[-1:] == [word]
        and len(ours) <= 1
        and all(line.startswith("gorun: ") for line in ours)
    )


def main() -> None:
    """Try what the command line asks for, and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--errno", nargs="+", default=ERRORS, choices=ERRORS)
    parser.add_argument("--kind", nargs="+", default=CALLS, choices=list(KINDS))
    parser.add_argument("--from", dest="states", nargs="+", default=list(STATES), choices=STATES)
    chosen = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        faults = Faults(Path(folder))
        for state in chosen.states:
            for kind in chosen.kind:
                for error in chosen.errno:
                    for failure in faults.failures(state, kind, error):
                        failed += 1
                        sys.stdout.write(f"{failure}\n")
                        sys.stdout.flush()
    sys.stdout.write(f"{faults.runs} runs in trouble, {failed} not as they should be\n")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
