"""A go command that says something of its own, or is none: the program runs, or we say why not.

Version managers and wrappers put scripts in go's place. Whatever they print, `go run` works with
them, and so does gorun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import HELLO, Workshop, go_command
from tests.support.workspace import commit

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

BEFORE = "echo 'using go 1.26'"
NOISES = {
    "a line": (BEFORE, ""),
    "no whole line": ("printf 'using go: '", ""),
    "a line that looks like an answer": ('echo \'{"level": "info"}\'', ""),
    "a brace": ("echo '{'", ""),
    "a line behind": ("", "echo 'that was go'"),
}


def noisy(folder: Path, before: str, behind: str) -> str:
    script = folder / "noisy" / "go"
    script.parent.mkdir()
    go = f'"{go_command()}" "$@"'
    tail = f"{go}; status=$?\n{behind}; exit $status" if behind else f"exec {go}"
    script.write_text(f"#!/bin/sh\n{before}\n{tail}\n")
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize("noise", NOISES)
def test_go_may_print_a_line_of_its_own(tmp_path: Path, noise: str) -> None:
    workshop = Workshop(tmp_path, {**HELLO, "lib/lib.go": "package lib\n"})
    workshop.environ["GORUN_GO"] = noisy(tmp_path, *NOISES[noise])
    for _ in range(2):
        result = workshop.gorun(".", "a")
        assert (result.rc, result.err) == (0, "")
        assert "hello [a]\n" in result.out
    assert workshop.gorun("--why", ".").rc == 1
    assert workshop.gorun("--list") == (0, "hello  .\n", "")
    commit(workshop)
    workshop.edit("main.go", "hello", "good morning")
    assert workshop.gorun("--affected", "HEAD") == (0, "hello  because main.go edited\n", "")


def test_go_may_print_a_line_where_there_is_c(tmp_path: Path) -> None:
    source = 'package main\n\n// int four(void) { return 4; }\nimport "C"\n\n'
    files = {**HELLO, "main.go": f"{source}func main() {{ println(C.four()) }}\n"}
    workshop = Workshop(tmp_path, files)
    workshop.environ["GORUN_GO"] = noisy(tmp_path, BEFORE, "")
    if workshop.go("env", "CGO_ENABLED").out != "1\n":
        pytest.skip("needs a C compiler")
    assert workshop.gorun(".")[::2] == (0, "4\n")


NO_GO = (["."], ["--which", "."], ["--ephemeral", "."], ["--watch", "."])


@pytest.mark.parametrize("command", ["/bin/true", "/bin/echo"])
@pytest.mark.parametrize("words", [*NO_GO, ["--list"], ["--build"], ["--graph"], ["--affected=x"]])
def test_what_is_no_go_command_is_one_sentence(
    tmp_path: Path, command: str, words: list[str]
) -> None:
    workshop = Workshop(tmp_path)
    result = workshop.gorun(*words, env={"GORUN_GO": command})
    assert result.rc == 125
    (line,) = result.err.splitlines()
    assert line.startswith(f"gorun: {command} ")
    assert line.endswith("; is it a go command?")


@pytest.mark.parametrize("words", [["."], ["--which", "."], ["--list"], ["--affected", "HEAD"]])
def test_without_a_home_go_has_the_word(tmp_path: Path, words: list[str]) -> None:
    workshop = Workshop(tmp_path)
    commit(workshop)
    for name in ("HOME", "XDG_CACHE_HOME", "GOCACHE"):
        workshop.environ.pop(name, None)
    of_go = workshop.go("build", ".").err
    assert "$HOME" in of_go
    result = workshop.gorun(*words)
    assert result.err.count(of_go.strip()) == 1
    assert "no main package" not in result.err
    assert "Traceback" not in result.err
