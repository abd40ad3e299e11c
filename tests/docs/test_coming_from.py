"""The pages for those who come from mage and air are played with the real mage and air.

They come through the ordinary go client, from the module proxy.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from benchmarks.watchers import AIR_MODULE
from tests.support.pages import play
from tests.support.place import REPOSITORY
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pages import Shell

MODULES = {"mage": "github.com/magefile/mage@v1.17.2", "air": AIR_MODULE}
_FETCHING_TAKES = 600.0  # seconds, at most


@pytest.mark.parametrize("tool", MODULES)
def test_page_tells_the_truth(tool: str, shell: Shell, tmp_path: Path) -> None:
    commands = tmp_path / "commands"
    done = subprocess.run(
        [go_command(), "install", MODULES[tool]],
        env={**os.environ, "GOFLAGS": "", "GOBIN": str(commands)},
        capture_output=True,
        text=True,
        timeout=_FETCHING_TAKES,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"needs {MODULES[tool]} from the module proxy: {done.stderr.strip()[-200:]}")
    shell.type(f"export PATH='{commands}':\"$PATH\" MAGEFILE_CACHE='{tmp_path}/magefile'")
    play(REPOSITORY / "docs" / f"coming-from-{tool}.md", shell)
