"""A folder of Go modules for tests of workspaces, and a witness of when go is asked.

Decides how such tests write files and set the environment. It must never replace go.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from gorun_tasks.workspace.workspace import Workspace
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAIN = "package main\n\nfunc main() {}\n"
LIBRARY = "package lib\n\nconst Word = 1\n"


def module(path: str) -> str:
    """Return a go.mod."""
    return f"module {path}\n\ngo 1.24\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, by path in a folder, a moment before whatever looks at them."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    let_the_clock_tick()


class Tree:
    """A folder, written to a moment before whatever looks at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by path in the folder."""
        write(self.folder, files)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.folder / name).unlink()
        let_the_clock_tick()

    def places(self) -> dict[str, str]:
        """Return the programs that a new Workspace finds: {name: target}."""
        workspace = Workspace(str(self.folder))
        return {name: workspace.place(name) for name in workspace.programs}

    def git(self, *words: str) -> str:
        """Run git here, as nobody in particular."""
        done = subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words],
            cwd=self.folder,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self, message: str) -> str:
        """Commit everything; return the hash."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()


def age(folder: Path) -> None:
    """Give a folder and its files the same old time: go's package index goes by it."""
    for path in (*folder.iterdir(), folder):
        os.utime(path, (1_600_000_000, 1_600_000_000))
