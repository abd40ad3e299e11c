"""What the tests of the documentation share: a shell as its reader has it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.pages import Shell, surroundings
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shell(go: None, tmp_path: Path) -> Iterator[Shell]:  # noqa: ARG001 - all pages need it
    """Return a shell in which gorun, the runners and go are found."""
    go_found = go_command()
    cache = subprocess.run([go_found, "env", "GOCACHE"], capture_output=True, text=True, check=True)
    places = [os.path.dirname(go_found), os.path.dirname(sys.executable), os.environ["PATH"]]
    environ = surroundings(tmp_path, path=os.pathsep.join(places), build_cache=cache.stdout.strip())
    with Shell(tmp_path, environ) as opened:
        yield opened
