"""Publication: a process of its own shares a build, while the program that was built runs.

Decides what that process has of ours: standard error, where nobody waits for its end, and else
nothing, so that it neither holds up whoever reads what the program says nor is told of what happens
on the terminal. What it has to say then is kept for who publishes next. It must never outlive its
limits of time, which are those of `sharing`, and the program must never be its parent: it would
have to wait for it.
"""

from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
from contextlib import nullcontext, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from gorun_tasks.core.program import ProgramSpec

_LONGEST = 4096
"""Bytes of what is said of one publication."""


def begin(program: ProgramSpec, seconds: float) -> None:
    """Have what is current of a program published; trouble with that costs only that.

    go built for `seconds`, 0 where that is not known.
    """
    tell_of_last(program)
    with suppress(OSError), nullcontext() if _nobody_waits_for(2) else _note(program, "wb") as note:
        subprocess.run(
            [sys.executable, "-P", "-m", __name__],
            input=pickle.dumps((program.with_own_store(), seconds)),
            stdout=subprocess.DEVNULL,
            stderr=note,
            start_new_session=True,
            check=False,
        )


def tell_of_last(program: ProgramSpec) -> None:
    """Say what the last publication could not say, once."""
    from gorun_tasks.build.sharing import say_once

    with suppress(OSError), _note(program, "r+b") as note:
        for line in note.read(_LONGEST).decode(errors="replace").splitlines():
            say_once(line.removeprefix("gorun: "))
        note.truncate(0)


def _note(program: ProgramSpec, mode: str) -> IO[bytes]:
    """Return the file of the store with what could not be said. Raises OSError."""
    folder = f"{program.store.root}/remote"
    if mode == "wb":
        with suppress(FileExistsError):
            os.mkdir(folder, mode=0o700)  # a store that is gone is not made for this
    return open(f"{folder}/unsaid", mode)


def _nobody_waits_for(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or os.isatty(descriptor)


def main() -> None:
    """Publish what standard input names, as an orphan: who began this does not wait for it."""
    words = sys.stdin.buffer.read()
    if os.fork():
        os._exit(0)
    from gorun_tasks.build.sharing import publish

    publish(*pickle.loads(words))  # noqa: S301 - from ourselves


if __name__ == "__main__":
    main()
