"""Edits a program many times, building it each time, and weighs the store.

    python -m tests.store.edits --edits 500

Decides what is measured: files, bytes, and how many stats and bytes an unchanged run needs. It
must never look at a clock.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from gorun_tasks import BuildFlags, Program, Target
from tests.e2e.cli import Workshop
from tests.store.tiny import age, files, garbage, programs, weigh


class Report(NamedTuple):
    """What was found in the store half-way and at the end, and what an unchanged run reads."""

    middle_files: int
    middle_bytes: int
    last_files: int
    last_bytes: int
    manifests: int
    executables: int
    garbage: list[str]
    hot_before: int
    hot_after: int


def edit_many_times(shop: Workshop, edits: int) -> Report:
    """Edit and build so many times; time passes in the store, as between a person's edits."""
    here = Path.cwd()
    os.chdir(shop.folder)
    try:
        middle = (0, 0)
        hot_before = 0
        for i in range(edits):
            shop.write(files(f"edit {i} of {os.getpid()}"))
            program = Program.typed(Target.parse(["."])[0], BuildFlags(), shop.environ)
            program.build()
            age(shop.store)
            if i == 0:
                hot_before = _read_when_unchanged(shop)
            if i == edits // 2:
                middle = weigh(shop.store)
        last = weigh(shop.store)
        hot_after = _read_when_unchanged(shop)
        found = garbage(shop.store)
        (manifests,) = programs(shop.store).values()
    finally:
        os.chdir(here)
    return Report(
        *middle, *last, len(manifests), len(shop.executables()), found, hot_before, hot_after
    )


def _read_when_unchanged(shop: Workshop) -> int:
    """Return the bytes that an unchanged run reads from the store."""
    program = Program.typed(Target.parse(["."])[0], BuildFlags(), shop.environ)
    assert program.is_current() or program.build()
    manifest = program.store.manifests(program.key, program.identity)[0]
    root = Path(program.store.root)
    shelves = [root / "shelves" / name for name, _ in manifest.shelves]
    return sum(path.stat().st_size for path in (root / "programs" / program.key, *shelves))


def main() -> None:
    """Edit as often as the command line says, and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--edits", type=int, default=500)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = edit_many_times(Workshop(Path(folder), files("first")), chosen.edits)
    for name, value in report._asdict().items():
        sys.stdout.write(f"{name}: {value}\n")


if __name__ == "__main__":
    main()
