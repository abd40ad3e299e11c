"""Zstandard: contents that are compressed on their way, in parts.

Decides which library does it: Python's own, else backports.zstd, else none. It must never hold
more than a part of what it unpacks, whatever the bytes claim to become.
"""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gorun_tasks.storage.remote.contents import PART
from gorun_tasks.storage.remote.place import Missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LEVEL = 1
"""How hard to try: the network is to wait for the disk, not for the processor."""

_WINDOW = 23
"""Bytes of the window, as a power of two: what each decoder has to know (RFC 8878)."""


_MOST_FRAMES = 1024
"""In one part."""


def library() -> Any:
    """Return what compresses, None where nothing does."""
    for name in ("compression.zstd", "backports.zstd"):
        with contextlib.suppress(ImportError):
            return import_module(name)
    return None


def compressed(parts: Iterable[bytes], zstd: Any) -> Iterator[bytes]:
    """Yield a content compressed; what `parts` raises comes before its end."""
    compressor = zstd.ZstdCompressor(level=_LEVEL)
    for part in parts:
        if data := compressor.compress(part):
            yield data
    yield compressor.flush()


def decompressed(parts: Iterable[bytes], zstd: Any) -> Iterator[bytes]:
    """Yield a content that comes compressed, in frames. Raises Missing where it is none.

    What is left of a part is copied for each frame in it, so there may not be too many.
    """
    options = {zstd.DecompressionParameter.window_log_max: _WINDOW}
    frame = zstd.ZstdDecompressor(options=options)
    for part in parts:
        data, frames = part, 0
        while data or not frame.needs_input:
            try:
                unpacked = frame.decompress(data, PART)
            except zstd.ZstdError as error:
                raise Missing from error
            data = b""
            if unpacked:
                yield unpacked
            if frame.eof:
                frames += 1
                if frames > _MOST_FRAMES:
                    raise Missing
                data = frame.unused_data
                frame = zstd.ZstdDecompressor(options=options)
