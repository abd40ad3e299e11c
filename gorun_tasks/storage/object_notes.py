"""Object notes: from which C an entry of go's build cache was compiled, as far as it was seen.

Decides where a note lies. It must never turn a trouble with the store into a failed run: a note
that cannot be read or written has go compile again.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import blake2b

from gorun_tasks.core.store import frame, read_file, unframe
from gorun_tasks.storage.writer import StoreUnusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.storage.publisher import Publisher

_FOLDER = "compiled"


class ObjectNotes:
    """The notes of a store; without one, of this process."""

    def __init__(self, publisher: Publisher | None, root: str) -> None:
        self._publisher = publisher
        self._root = root
        self._own: dict[str, tuple[str, bytes]] = {}

    def read(self, cache: str, action: str) -> tuple[str, bytes] | None:
        key = _key(cache, action)
        if self._publisher is None or key in self._own:
            return self._own.get(key)
        path = f"{self._root}/{_FOLDER}/{key}"
        try:
            digest, entry = unframe(read_file(path))
            os.utime(path)  # eviction goes by it
        except (OSError, ValueError, TypeError):
            return None
        return digest, entry

    def write(self, cache: str, action: str, digest: str, entry: bytes) -> None:
        key = _key(cache, action)
        self._own[key] = digest, entry
        if self._publisher is not None:
            with contextlib.suppress(StoreUnusable):
                self._publisher.keep(_FOLDER, key, frame((digest, entry), None))


def _key(cache: str, action: str) -> str:
    words = f"{cache}\0{action}".encode("utf-8", "surrogateescape")
    return blake2b(words, digest_size=16).hexdigest()
