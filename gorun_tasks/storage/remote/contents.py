"""Contents on their way, in parts, each compared with its digest.

Decides when a content counts as what its digest says. It must never hold more than a part in
memory, nor let more bytes through than the digest allows.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gorun_tasks.storage.remote.place import Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from gorun_tasks.storage.remote.place import Digest

PART = 1 << 16
"""How many bytes are passed on at once."""


def pass_on(parts: Iterable[bytes], digest: Digest, write: Callable[[bytes], object]) -> None:
    """Write what comes. Raises Missing as soon as it is known to be another content."""
    computed = hashlib.sha256()
    left = digest.size
    for part in parts:
        left -= len(part)
        if left < 0:
            raise Missing
        computed.update(part)
        write(part)
    if left or computed.hexdigest() != digest.hash:
        raise Missing


def parts_of(source: BinaryIO, digest: Digest) -> Iterator[bytes]:
    """Yield a content; Missing instead of its last part where it is another one."""
    computed = hashlib.sha256()
    left = digest.size
    while True:
        part = source.read(PART)
        computed.update(part)
        left -= len(part)
        if left < 0 or (left and not part):
            raise Missing
        if not left:
            break
        yield part
    if source.read(1) or computed.hexdigest() != digest.hash:
        raise Missing
    yield part
