"""Seeded store: a new store that has the records of GOROOT, as any store has after one build.

Decides what the store of a test begins with: no test but those of recording itself has to hash
the standard library. It must never hold a program, nor anything of a module.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
_SOURCE = """package main

import (
	"fmt"
	"os"
	"time"
)

func main() { fmt.Fprint(os.Stderr, time.Second) }
"""


def seed(store: Path) -> Path:
    """Make a store with the records of GOROOT in it, and return it."""
    shelves = store / "v1" / "shelves"
    for folder in (store, store / "v1", shelves):
        folder.mkdir(mode=0o700, exist_ok=folder == store)
    for table in _tables():
        shutil.copy(table, shelves)
    return store


@cache
def _tables() -> tuple[Path, ...]:
    """Build a program, once in a process; return the files with the records of GOROOT."""
    folder = Path(tempfile.mkdtemp(prefix="gorun-seed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "main.go").write_text(_SOURCE)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GO") or k == "GOCACHE"}
    environ |= {"GORUN_CACHE_DIR": f"{folder}/store", "GOENV": "off", "GOTOOLCHAIN": "local"}
    if chosen := os.environ.get("GORUN_GO"):
        environ["GORUN_GO"] = chosen
    command = [sys.executable, "-m", "gorun_tasks", "--which", "main.go"]
    environ |= {"PYTHONPATH": str(_REPOSITORY), "PWD": str(folder), "GO111MODULE": "on"}
    subprocess.run(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, check=False)
    return tuple(folder.glob("store/v1/shelves/goroot-*"))
