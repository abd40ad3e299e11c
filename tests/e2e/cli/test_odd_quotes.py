"""Quotes that do not close, and some that are none to go: go has the word, never a traceback."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import HELLO, Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("go"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc"),
]

C = 'package main\n\n// %s\n// int four(void) { return 4; }\nimport "C"\n\n'
FILES = {
    **HELLO,
    "c/main.go": C % "#define PLAIN" + "func main() { println(C.four()) }\n",
    "pc/main.go": C % "#cgo pkg-config: x" + "func main() { println(C.four()) }\n",
}
VARIABLES = (
    *("CC", "CXX", "FC", "PKG_CONFIG"),
    *("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS"),
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("quotes"), FILES)


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("target", [".", "./c"])
@pytest.mark.parametrize("variable", VARIABLES)
def test_of_a_variable(workshop: Workshop, variable: str, target: str, quote: str) -> None:
    env = {variable: f"gcc {quote}x"}
    of_go = workshop.go("run", target, env=env)
    for _ in range(2):
        result = workshop.gorun(target, env=env)
        assert "Traceback" not in result.err
        assert (result.rc == 0) == (of_go.rc == 0)
        assert result.out == of_go.out
        first = of_go.err.splitlines()[:1]
        assert result.err.splitlines()[:1] == first
    assert workshop.gorun("--why", target, env=env).rc == 1
    assert workshop.gorun(target).rc == 0


@pytest.mark.parametrize("told", ['-DX="y', "-DX='y", "-DX=y\\"])
def test_of_what_pkg_config_says(workshop: Workshop, tmp_path: Path, told: str) -> None:
    tool = tmp_path / "pkg-config"
    (tmp_path / "told").write_text(told)
    tool.write_text(f"#!/bin/sh\ncat '{tmp_path}/told'\n")
    tool.chmod(0o755)
    env = {"PKG_CONFIG": str(tool)}
    of_go = workshop.go("run", "./pc", env=env).err
    assert "pkgconf output" in of_go
    assert workshop.gorun("./pc", env=env) == (125, "", of_go)


def test_within_a_word_a_quote_is_none(workshop: Workshop, tmp_path: Path) -> None:
    """As in the name of a folder: go knows quotes at the beginning of a word only."""
    folder = tmp_path / "it's"
    folder.mkdir()
    compiler = folder / "cc"
    compiler.write_text('#!/bin/sh\nexec gcc "$@"\n')
    compiler.chmod(0o755)
    env = {"CC": str(compiler)}
    assert workshop.go("run", "./c", env=env).rc == 0
    for _ in range(2):
        assert workshop.gorun("./c", env=env) == (0, "", "4\n")
