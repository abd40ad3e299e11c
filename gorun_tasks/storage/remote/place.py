"""Place: where builds are shared: results by key, contents by digest.

Decides what each transport offers and how its failures are told. It must never show credentials:
labels and messages are for people, and for logs that others read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO


class Digest(NamedTuple):
    """A content: its SHA-256 in lower hexadecimal, and its size in bytes."""

    hash: str
    size: int


class Result(NamedTuple):
    """What a key leads to: files by name, and the contents of small ones that came along.

    Names are "executable", "manifest", "index" and "signature". What came along has been compared
    with its digest.
    """

    files: Mapping[str, Digest]
    inline: Mapping[str, bytes] = {}


class PlaceUnusable(Exception):
    """The place did not answer, or not as it must: no more requests in this run.

    `str()` is what to say of it, without what follows from it, and is empty where it has been said.
    """


class Missing(Exception):
    """A content is not there (evicted), or is not what its digest says: a miss."""


class Changed(Exception):
    """A key leads elsewhere by now than when it was asked for here, and still does."""


class WriteRefused(Exception):
    """Reading works and writing is not allowed here. `str()` is what to say of it once."""


class Place(Protocol):
    """A place; one thread at a time uses it. Each method but `close` raises PlaceUnusable.

    A key is the digest of the bytes that stand for it: of an Action, as some servers check.
    """

    @property
    def label(self) -> str:
        """What to call it before people; never with credentials."""
        ...

    def result(self, key: Digest) -> Result | None:
        """Return what a key leads to; None where nothing is there, or nothing to be used."""
        ...

    def read(self, digest: Digest, write: Callable[[bytes], object]) -> None:
        """Pass a content on in parts, and compare it with its digest. Raises Missing.

        What was passed on counts only once this has returned. What `write` raises ends it.
        """
        ...

    def lacking(self, digests: Sequence[Digest]) -> list[Digest]:
        """Return which of these contents are not there, or are known to be damaged."""
        ...

    def put(self, digest: Digest, source: BinaryIO) -> None:
        """Store a content. Raises WriteRefused; Missing where the source has another content.

        What reading the source raises ends it, and nothing is stored.
        """
        ...

    def put_result(self, key: Digest, result: Result) -> None:
        """Have a key lead to a result whose contents are there. Raises WriteRefused.

        Raises Changed where the place can tell that somebody else has put another result since
        `result` was last asked for this key.
        """
        ...

    def close(self) -> None:
        """End the connection, if there is one."""
        ...
