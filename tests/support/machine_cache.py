"""What tests make once per machine, and keep: servers, toolchains.

Decides where it is kept. It must never be made twice at once: one process of the tests makes it,
the others wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def machine_cache(name: str) -> Iterator[Path]:
    """Have a folder to ourselves, which outlives the tests."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gorun-tasks-tests"
    (base / name).mkdir(parents=True, exist_ok=True)
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield base / name
