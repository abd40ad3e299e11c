"""Evict: what leaves the store, and when.

Decides by last use and size, on runs that build only. It must never remove an executable that is
running, was just handed out, or was just published, and it must find whatever a crash left behind.
"""

from __future__ import annotations

import os
import re
import shutil
import time

from gorun_tasks.errors import UsageError
from gorun_tasks.store import read_file, unframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_SIZE = "5GiB"
FRESH = 3600.0
"""Seconds for which what no manifest names is left alone: a build, or a run, may be using it."""

_UNITS = {"": 1, "B": 1} | {
    f"{prefix}{suffix}": base**power
    for power, prefix in enumerate("KMGT", 1)
    for suffix, base in (("", 1024), ("B", 1000), ("iB", 1024))
}


def size_limit(environ: Mapping[str, str]) -> int:
    """Return the bytes that executables may take: GORUN_CACHE_SIZE, "5GiB" or a plain number.

    Raises UsageError for anything else.
    """
    text = environ.get("GORUN_CACHE_SIZE", "") or DEFAULT_SIZE
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?(?:i?B)?)\s*", text)
    if match is None or match[2] not in _UNITS:
        raise UsageError(
            f"GORUN_CACHE_SIZE is {text!r}, which is no size", "write bytes, or 500MiB, or 5GiB"
        )
    return int(float(match[1]) * _UNITS[match[2]])


def evict(root: str, limit: int) -> None:
    """Bring the store under `limit` bytes, least recently used programs first; clear garbage."""
    now = time.time()
    _clear_old(f"{root}/work", now)
    for folder in ("programs", "shelves"):
        _clear_temporaries(f"{root}/{folder}", now)
    sizes = {e.name: _size(e.path) for e in _entries(f"{root}/exe")}
    programs = sorted(_entries(f"{root}/programs"), key=lambda e: -e.stat().st_mtime)
    keep: set[str] = set()
    total = 0
    for position, program in enumerate(programs):
        digests = _digests(program.path)
        added = sum(sizes.get(digest, 0) for digest in digests - keep)
        if position and total + added > limit:
            os.unlink(program.path)
            shutil.rmtree(f"{root}/which/{program.name}", ignore_errors=True)
            continue
        keep |= digests
        total += added
    unwanted = sizes.keys() - keep
    if unwanted:
        remove_executables(root, unwanted, now - FRESH)


def remove_executables(root: str, digests: set[str], before: float) -> None:
    """Remove the executables that nobody runs and nothing touched since `before` (seconds)."""
    running = _running()
    for digest in digests:
        folder = f"{root}/exe/{digest}"
        try:
            fresh = os.stat(folder).st_mtime > before
            paths = [entry.path for entry in os.scandir(folder)]
        except OSError:
            continue
        if not fresh and running.isdisjoint(paths):
            shutil.rmtree(folder, ignore_errors=True)


def _running() -> set[str]:
    """Return the executables of this user's processes, where the system tells (/proc)."""
    paths = set()
    for entry in _entries("/proc"):
        if entry.name.isdigit():
            try:
                paths.add(os.readlink(f"{entry.path}/exe"))
            except OSError:
                continue
    return paths


def _digests(path: str) -> set[str]:
    try:
        _, manifests = unframe(read_file(path))
        return {values[0] for values in manifests}
    except (OSError, ValueError, TypeError, IndexError):
        return set()


def _clear_old(folder: str, now: float) -> None:
    """Remove the folders of builds whose process is gone."""
    for entry in _entries(folder):
        pid = entry.name.partition("-")[0]
        if not (pid.isdigit() and _alive(int(pid))) or now - entry.stat().st_mtime > 24 * FRESH:
            shutil.rmtree(entry.path, ignore_errors=True)


def _clear_temporaries(folder: str, now: float) -> None:
    for entry in _entries(folder):
        if "." in entry.name and now - entry.stat().st_mtime > FRESH:
            os.unlink(entry.path)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from list(entries)
    except OSError:
        return


def _size(folder: str) -> int:
    return sum(entry.stat().st_size for entry in _entries(folder))
