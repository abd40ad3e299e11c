"""Staged executable: hashed and synced in background threads on its way to the store.

While go ends, and while we see what it depended on, its content is hashed and brought to the disk,
in threads: both only wait for the machine. One that is to be started first is brought there later.
Decides nothing, and must never be the last to hear of a trouble: whoever asks for a result gets the
error.
"""

from __future__ import annotations

import threading

from gorun_tasks.inputs.digest import sha256_of
from gorun_tasks.system.atomic_files import sync

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class _Aside(threading.Thread):
    """Something that is done in a thread of its own, from now on."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)  # a signal that ends us need not wait for it
        self._work = work
        self._trouble: OSError | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except OSError as trouble:
            self._trouble = trouble

    def wait(self) -> None:
        """Wait until it is done. Raises the OSError that it came to."""
        self.join()
        if self._trouble is not None:
            raise self._trouble


class StagedExecutable:
    """An executable at `path`, which nobody writes to any more."""

    def __init__(self, path: str, digest: str = "", *, in_a_hurry: bool = False) -> None:
        """Begin to hash it, unless its SHA-256 is known.

        Begin to bring it to the disk as well, unless it is to be started first.
        """
        self.path = path
        self.placed = ""  # where it lies in the store, without being sure to be on the disk
        self._digest = digest
        self._hashing = None if digest else _Aside(self._hash)
        self._syncing = None if in_a_hurry else _Aside(lambda: sync(path))

    def digest(self) -> str:
        """Return the SHA-256 of its content, hexadecimal. Raises OSError."""
        if self._hashing is not None:
            self._hashing.wait()
        return self._digest

    def sync(self) -> None:
        """Have its content on the disk. Raises OSError."""
        if self._syncing is None:
            sync(self.placed or self.path)
        else:
            self._syncing.wait()

    def _hash(self) -> None:
        self._digest = sha256_of(self.path).hex()
