"""Edits a program many times, building it each time, and weighs the store.

    python -m tests.stress.edits --edits 500 --packages 200

Decides what is measured: files, bytes, and how many bytes and calls to the system an unchanged run
needs. It must never look at a clock.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from gorun_tasks import BuildFlags, Program, Target
from tests.stress.tiny import age, garbage, programs, weigh
from tests.support.workshop import Workshop

CALLS = "trace=%file,read,fstat,getdents64"
"""What strace counts: the calls by which a run looks at the disk."""


class Report(NamedTuple):
    """What was found in the store half-way and at the end, and what an unchanged run needs."""

    middle_files: int
    middle_bytes: int
    last_files: int
    last_bytes: int
    manifests: int
    executables: int
    garbage: list[str]
    bytes_before: int
    bytes_after: int
    calls_before: int  # 0 where there is no strace
    calls_after: int


def large(packages: int) -> dict[str, str]:
    """Return the files of a program with so many packages, of ten files each."""
    imports = "".join(f'\t_ "example.com/large/p{i}"\n' for i in range(packages))
    files = {
        "go.mod": "module example.com/large\n\ngo 1.24\n",
        "main.go": f'package main\n\nimport (\n{imports}\t_ "fmt"\n)\n\nfunc main() {{}}\n',
    }
    for i in range(packages):
        files |= {f"p{i}/f{j}.go": f"package p{i}\n\nvar v{j} = {j}\n" for j in range(10)}
        files |= edit(i, 0)
    return files


def edit(package: int, number: int) -> dict[str, str]:
    """Return the file of a package that says how often it was edited."""
    text = f'package p{package}\n\nfunc init() {{ v0 = len("{"x" * (number % 7)}") + {number} }}\n'
    return {f"p{package}/edited.go": text}


def edit_many_times(shop: Workshop, edits: int, packages: int) -> Report:
    """Edit and build so many times; time passes in the store, as between a person's edits."""
    here = Path.cwd()
    os.chdir(shop.folder)
    try:
        middle = (0, 0)
        before = (0, 0)
        for i in range(edits):
            shop.write(edit(i % packages, i))
            _program(shop).build()
            age(shop.store)
            if i == 0:
                before = _needed_when_unchanged(shop)
            if i == edits // 2:
                middle = weigh(shop.store)
        last = weigh(shop.store)
        after = _needed_when_unchanged(shop)
        found = garbage(shop.store)
        (manifests,) = programs(shop.store).values()
    finally:
        os.chdir(here)
    return Report(
        *middle,
        *last,
        len(manifests),
        len(shop.executables()),
        found,
        before[0],
        after[0],
        before[1],
        after[1],
    )


def _program(shop: Workshop) -> Program:
    return Program.typed(Target.parse(["."])[0], BuildFlags(), shop.environ)


def _needed_when_unchanged(shop: Workshop) -> tuple[int, int]:
    """Return how many bytes of the store an unchanged run reads, and its calls to the system."""
    program = _program(shop)
    assert program.why() == ()  # else it says what is the matter
    manifest = program.store.manifests(program.key, program.identity)[0]
    root = Path(program.store.root)
    tables = [root / "shelves" / name for name, _ in manifest.tables]
    read = sum(path.stat().st_size for path in (root / "programs" / program.key, *tables))
    return read, _calls(shop) if shutil.which("strace") else 0


def _calls(shop: Workshop) -> int:
    log = shop.folder.parent / "strace"
    command = shop.command(("gorun_tasks", "."))
    assert shop.execute(["strace", "-e", CALLS, "-o", str(log), *command]).rc == 0
    lines = log.read_text().splitlines()
    return next(n for n, line in enumerate(lines) if f'execve("{shop.store}' in line)


def main() -> None:
    """Edit as often as the command line says, and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--edits", type=int, default=500)
    parser.add_argument("--packages", type=int, default=200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(Path(folder), large(chosen.packages))
        report = edit_many_times(shop, chosen.edits, chosen.packages)
    for name, value in report._asdict().items():
        sys.stdout.write(f"{name}: {value}\n")


if __name__ == "__main__":
    main()
