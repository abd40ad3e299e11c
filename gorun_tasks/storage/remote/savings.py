"""Savings: what a store has fetched from shared places so far, and the time that this saved.

Decides nothing, and must never fail a run: where it cannot be written, it is not counted.
"""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from gorun_tasks.core.store import frame, read_file, unframe
from gorun_tasks.system.atomic_files import write_whole
from gorun_tasks.system.locks import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from gorun_tasks.core.store import Store


class Savings(NamedTuple):
    """How many executables came from elsewhere, their bytes, and the seconds that go would take.

    The time of fetching is taken off. Where nobody told how long go took, none is counted.
    """

    fetched: int = 0
    size: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, store: Store) -> Self:
        """Return those of a store."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return cls(*unframe(read_file(_file(store))))
        return cls()


def note(store: Store, size: int, seconds: float) -> None:
    """Count one that was fetched."""
    with contextlib.suppress(OSError), Lock(f"{store.root}/locks/fetched"):
        old = Savings.of(store)
        new = (old.fetched + 1, old.size + size, old.seconds + max(0.0, seconds))
        os.makedirs(f"{store.root}/remote", mode=0o700, exist_ok=True)
        write_whole(_file(store), frame(new, None))


def _file(store: Store) -> str:
    return f"{store.root}/remote/fetched"
