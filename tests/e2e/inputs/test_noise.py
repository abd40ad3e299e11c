"""Somebody writes beside the sources while go builds: it counts where go would look at it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("go"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc to compile with"),
]

FILES = {
    "go.mod": "module example.com/noisy\n\ngo 1.24\n",
    "cmd/api/main.go": (
        'package main\n\nimport "example.com/noisy/lib"\n\nfunc main() { println(lib.Word) }\n'
    ),
    "lib/lib.go": 'package lib\n\nconst Word = "first"\n',
}


class Noisy:
    """A program whose C compiler does something beside the sources when go asks what it is.

    Only a go that builds: `go env` asks as well, while the other one may still be reading.
    """

    def __init__(self, folder: Path, script: str) -> None:
        self.shop = Workshop(folder, FILES)
        compiler = folder / "compiler"
        compiler.write_text(
            '#!/bin/sh\ncase "$(tr "\\0" " " </proc/$PPID/cmdline) $*" in\n'
            f'*"/go run "*" -### "*) (cd {self.shop.folder}; {script}) ;;\nesac\n'
            'exec gcc "$@"\n'
        )
        compiler.chmod(0o755)
        self.shop.environ |= {"CGO_ENABLED": "1", "CC": str(compiler)}
        self.words = ("-ldflags=-linkmode=external", "./cmd/api")

    def run(self) -> str:
        """Run it, and return what it says."""
        result = self.shop.gorun(*self.words)
        assert result.rc == 0, result
        return result.err

    def why(self) -> str:
        """Return what --why says of it."""
        return self.shop.gorun("--why", *self.words).out.rpartition("cmd/api: ")[2]


def test_what_go_does_not_look_at_is_nothing(tmp_path: Path) -> None:
    """Be it in the folder of the program, of a package, or of the module."""
    swap = "echo swap >lib/.lib.go.swp; mkdir -p lib/data; rmdir lib/data"
    journal = "echo line >cmd/api/api.log; rm cmd/api/api.log; echo line >db-journal; rm db-journal"
    noisy = Noisy(tmp_path, f"{swap}; {journal}")
    assert noisy.run() == "first\n"
    assert noisy.why() == "current\n"
    noisy.shop.write({"lib/new.go": 'package lib\n\nfunc init() { println("new") }\n'})
    assert noisy.why() == "new file lib/new.go\n"
    assert noisy.run() == "new\nfirst\n"


@pytest.mark.parametrize(
    "script",
    [
        "echo package lib >lib/other.go; rm lib/other.go",
        "touch lib/go.mod; rm lib/go.mod",
        "touch go.work; rm go.work",
        "mv lib other; mv other lib; touch lib/x",
    ],
    ids=["source", "module", "workspace", "swapped"],
)
def test_what_go_looks_at_is_not_remembered(tmp_path: Path, script: str) -> None:
    """Though it is gone when go has finished: go may have seen it."""
    noisy = Noisy(tmp_path, script)
    assert noisy.run() == "first\n"
    assert "changed while go was building" in noisy.why()
