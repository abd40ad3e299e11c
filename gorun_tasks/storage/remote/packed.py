"""Packed executables: as they are in a shared place, since networks are slower than processors.

Decides how they are compressed (zlib, which each Python has), and when what is unpacked counts. It
must never hold more than a part in memory, nor write more bytes than the executable has.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from gorun_tasks.storage.remote.contents import PART
from gorun_tasks.storage.remote.place import Digest, Missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

_LEVEL = 1
"""How hard to try: harder saves a tenth of the bytes, and takes three times as long."""


def pack(source: BinaryIO, target: BinaryIO) -> tuple[Digest, Digest]:
    """Compress a file into another one; return what they hold. Raises OSError."""
    content, packed = _Sum(), _Sum()
    packing = zlib.compressobj(_LEVEL)
    while part := source.read(PART):
        content.add(part)
        target.write(packed.add(packing.compress(part)))
    target.write(packed.add(packing.flush()))
    return content.digest(), packed.digest()


class _Sum:
    """The digest of what comes in parts."""

    def __init__(self) -> None:
        self._computed = hashlib.sha256()
        self.size = 0

    def add(self, part: bytes) -> bytes:
        """Take a part in, and return it."""
        self._computed.update(part)
        self.size += len(part)
        return part

    def digest(self) -> Digest:
        """Return the digest of all parts so far."""
        return Digest(self._computed.hexdigest(), self.size)


class Unpacking:
    """A content that comes in packed parts, and is compared with its digest."""

    def __init__(self, digest: Digest, write: Callable[[bytes], object]) -> None:
        self._digest = digest
        self._write = write
        self._unpacking = zlib.decompressobj()
        self._sum = _Sum()

    def write(self, packed: bytes) -> None:
        """Unpack a part. Raises Missing for what is none, and what the other `write` raises."""
        try:
            while packed:
                if self._unpacking.eof:
                    raise Missing
                part = self._sum.add(self._unpacking.decompress(packed, PART))
                if self._sum.size > self._digest.size:
                    raise Missing
                self._write(part)
                packed = self._unpacking.unconsumed_tail
        except zlib.error as error:
            raise Missing from error

    def end(self) -> None:
        """Have had all of it. Raises Missing where that is another content."""
        ended = self._unpacking.eof and not self._unpacking.unused_data
        if not ended or self._sum.digest() != self._digest:
            raise Missing
