"""Breaker: what keeps a place that failed from being asked again.

Decides whether a place is asked at all: not in this run after a failure, nor for a minute in other
runs with this store. It must never fail itself: where the time cannot be kept, only this run knows.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from gorun_tasks.storage.remote.place import PlaceUnusable
from gorun_tasks.system.atomic_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from gorun_tasks.storage.remote.place import Digest, Place, Result

PAUSE = 60.0
"""For how many seconds a place that failed is left alone."""

_LONGEST = 32  # bytes of a file with a time


class Breaker:
    """A place that is asked only while it has not failed."""

    def __init__(self, place: Place, file: str, clock: Callable[[], float] = time.time) -> None:
        self._place = place
        self._file = file
        self._clock = clock
        self._open: bool | None = None  # no request gets through; None: not looked at yet

    @property
    def label(self) -> str:
        return self._place.label

    def result(self, key: Digest) -> Result | None:
        with self._asking():
            return self._place.result(key)

    def read(self, digest: Digest, write: Callable[[bytes], object]) -> None:
        with self._asking():
            self._place.read(digest, write)

    def lacking(self, digests: Sequence[Digest]) -> list[Digest]:
        with self._asking():
            return self._place.lacking(digests)

    def put(self, digest: Digest, source: BinaryIO) -> None:
        with self._asking():
            self._place.put(digest, source)

    def put_result(self, key: Digest, result: Result) -> None:
        with self._asking():
            self._place.put_result(key, result)

    def close(self) -> None:
        self._place.close()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        if self._open is None:
            self._open = self._failed_lately()
        if self._open:
            raise PlaceUnusable
        try:
            yield
        except PlaceUnusable:
            self._open = True
            self._place.close()
            keep_note(self._file, repr(self._clock()).encode())
            raise

    def _failed_lately(self) -> bool:
        try:
            with open(self._file, "rb") as file:
                failed = float(file.read(_LONGEST))
        except (OSError, ValueError):
            return False
        return 0 <= self._clock() - failed < PAUSE  # the clock may have been set back


def keep_note(path: str, content: bytes) -> None:
    """Write a note into a folder of the store, if it can be written.

    A store that is not there is not made for this: a question may have led here.
    """
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.dirname(path), mode=0o700)
        write_whole(path, content)
