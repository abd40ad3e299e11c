"""A program that writes its own inputs whenever it starts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system.mount_table import MountTable
from tests.support.watching import SERVER, Watching, watching

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("go")

MEMORY = "/dev/shm"

FILES = {
    "go.mod": SERVER["go.mod"],
    "static/page.html": "page",
    "word.go": 'package main\n\nconst word = "up"\n',
    "main.go": (
        'package main\n\nimport (\n\t"embed"\n\t"os"\n\t"time"\n)\n\n'
        "//go:embed static\nvar static embed.FS\n\n"
        'func main() {\n\tstatic.ReadDir(".")\n\tprint(word)\n'
        '\tos.WriteFile("static/built.txt", []byte(time.Now().String()), 0o644)\n'
        '\tprintln(" now")\n\ttime.Sleep(time.Hour)\n}\n'
    ),
}


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Return a folder where what a process writes is counted, and one where it is not."""
    if request.param == "disk":
        yield tmp_path
        return
    if MountTable().kind(MEMORY, os.stat(MEMORY).st_dev) != "tmpfs":
        pytest.skip(f"needs a {MEMORY} that is in memory")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


def test_it_waits_and_says_for_what(folder: Path) -> None:
    """Until something else changes."""
    with Watching(watching(folder, FILES), ".") as watch:
        watch.wait_for("gorun: runs on: whenever it starts, static/built.txt changes\n")
        starts = len(watch.pids)
        assert starts < 9
        (told,) = watch.events("loop")
        assert told["paths"] == [str((watch.shop.folder / "static/built.txt").resolve())]
        watch.edit("word.go", "up", "other")
        watch.wait_for("other now\n")
        watch.wait_for_event("loop", 2)
