"""GOROOT: a copy of the one that tests use, to be changed by one test.

Decides how little is copied. It must never write to the GOROOT of everybody.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.workshop import Workshop


def own_goroot(workshop: Workshop) -> Path:
    """Make a GOROOT whose lib can be changed, and have it come first in PATH."""
    real = Path(workshop.go("env", "GOROOT").out.strip())
    goroot = workshop.folder.parent / "goroot"
    (goroot / "bin").mkdir(parents=True)
    shutil.copy(real / "bin" / "go", goroot / "bin" / "go")
    shutil.copytree(real / "lib" / "fips140", goroot / "lib" / "fips140")
    for name in ("pkg", "src", "VERSION", "go.env"):
        (goroot / name).symlink_to(real / name)
    workshop.environ["PATH"] = f"{goroot}/bin:{workshop.environ['PATH']}"
    workshop.environ.pop("GORUN_GO", None)
    return goroot


def goroot_with_edited_embed(workshop: Workshop) -> None:
    """Make such a GOROOT, come first in PATH, whose package embed says "other" at each start."""
    goroot = own_goroot(workshop)
    real = (goroot / "src").resolve()
    (goroot / "src").unlink()
    (goroot / "src").mkdir()
    for entry in real.iterdir():
        (goroot / "src" / entry.name).symlink_to(entry)
    (goroot / "src" / "embed").unlink()
    shutil.copytree(real / "embed", goroot / "src" / "embed")
    with (goroot / "src" / "embed" / "embed.go").open("a") as file:
        file.write('\nfunc init() { println("other") }\n')
