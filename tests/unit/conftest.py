"""What the tests of several folders share: sample programs, their starts, a store, a repository."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import (
    Running,
    Word,
    build,
    in_world,
    kill_session,
)
from tests.support.stored import Programs
from tests.support.trees import LIBRARY, MAIN, Tree, module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.support.processes import Start


@pytest.fixture(scope="session")
def sigprog(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build("sigprog", tmp_path_factory.mktemp("bin"))


@pytest.fixture(scope="session")
def procdump(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not sys.platform.startswith("linux"):
        pytest.skip("reads Linux's /proc")
    return build("procdump", tmp_path_factory.mktemp("bin"))


@pytest.fixture
def start() -> Iterator[Start]:
    """Start words in a world of their own: a new session, with pipes and no terminal."""
    with contextlib.ExitStack() as stack:

        def start(words: Sequence[Word], **world: object) -> Running:
            process = stack.enter_context(
                subprocess.Popen(
                    in_world(words, **world),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
            stack.callback(kill_session, process)
            assert process.stdin is not None
            assert process.stdout is not None
            return Running(process, process.stdout.fileno(), process.stdin.fileno())

        yield start


@pytest.fixture
def on_terminal() -> Iterator[Start]:
    """Start words as the foreground group of a new terminal."""
    with contextlib.ExitStack() as stack:

        def start(words: Sequence[Word], **world: object) -> Running:
            ours, theirs = pty.openpty()
            stack.callback(os.close, ours)
            process = stack.enter_context(
                subprocess.Popen(
                    in_world(words, terminal=True, **world),
                    stdin=theirs,
                    stdout=theirs,
                    stderr=theirs,
                    start_new_session=True,
                )
            )
            os.close(theirs)
            stack.callback(kill_session, process)
            return Running(process, ours, ours)

        yield start


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


@pytest.fixture
def shop(tree: Tree) -> Tree:
    """Return a repository with one program, which is remembered."""
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/api/main.go": MAIN,
            "cmd/api/more.go": "package main\n",
            "lib/lib.go": LIBRARY,
            "docs/guide.md": "",
        }
    )
    assert tree.places() == {"api": "./cmd/api"}
    return tree
