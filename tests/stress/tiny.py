"""A program that says one word, and what is found in the store of those who run it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gorun_tasks.core.store import Manifest, read_file, unframe
from gorun_tasks.storage.eviction import GARBAGE_KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def files(word: str) -> dict[str, str]:
    """Return the files of a program that says `word` and its arguments' number, on stderr."""
    return {
        "go.mod": "module example.com/tiny\n\ngo 1.24\n",
        "main.go": f'package main\n\nfunc main() {{ println("{word}") }}\n',
    }


def programs(store: Path) -> dict[str, list[Manifest]]:
    """Return the manifests of all programs that the store remembers, by key."""
    found = {}
    for path in (store / "v1" / "programs").iterdir():
        _, stored = unframe(read_file(str(path)))
        found[path.name] = [Manifest.from_stored(values) for values in stored]
    return found


def garbage(store: Path) -> list[str]:
    """Return what lies in the store and nothing leads to, after an eviction."""
    return list(_garbage(store / "v1"))


def _garbage(root: Path) -> Iterator[str]:
    remembered = programs(root.parent)
    named: dict[str, set[bytes]] = {}
    for manifests in remembered.values():
        for manifest in manifests:
            for table, identities in manifest.tables:
                named.setdefault(table, set()).update(identities)
    digests = {manifest.digest for manifests in remembered.values() for manifest in manifests}
    reachable = {
        "exe": digests,
        "shelves": set(named),
        "which": set(remembered),
        "locks": {"store", *remembered, *named},
        "work": set(),
    }
    for folder, names in reachable.items():
        yield from (str(p) for p in (root / folder).iterdir() if p.name not in names)
    for table, wanted in named.items():
        records = unframe(read_file(f"{root}/shelves/{table}"))[2]
        if len(records.keys() - wanted) > GARBAGE_KEPT:
            yield f"{root}/shelves/{table}: {len(records.keys() - wanted)} records"


def age(store: Path, seconds: float = 7200.0) -> None:
    """Let time pass for what lies in the store, but not for its programs."""
    for folder in ("exe", "which", "work"):
        for path in (store / "v1" / folder).iterdir():
            then = path.lstat().st_mtime - seconds
            os.utime(path, (then, then), follow_symlinks=False)


def weigh(store: Path) -> tuple[int, int]:
    """Return the number of files in the store, and their bytes."""
    found = [path for path in store.rglob("*") if path.is_file()]
    return len(found), sum(path.stat().st_size for path in found)
