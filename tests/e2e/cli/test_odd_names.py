"""Names that look like something else: go's errors are shown, and nobody forges a line of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import HELLO, Workshop
from tests.support.workspace import commit

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

BROKEN = "package main\n\nfunc main() { foo() }\n"
HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "name",
    [
        *("HASHMAP", "HASH", "HASH[build x]", "HASH ", "HASH[x]: ", "HASH subkey", f"HASH {HASH}"),
        *("GORUN-", "GORUN-EXE ", "GORUN-PATH ", "GORUN-0123456789abcdef-EXE "),
    ],
)
def test_gos_errors_are_shown_wherever_they_are(tmp_path: Path, name: str) -> None:
    """What go hashes it tells on stderr as the compiler tells errors, and so does the handover."""
    workshop = Workshop(tmp_path, {**HELLO, f"{name}/main.go": BROKEN})
    of_go = workshop.go("run", f"{name}/main.go").err
    assert f"{name}/main.go:3:15: undefined: foo" in of_go
    assert workshop.gorun(f"{name}/main.go")[::2] == (125, of_go)


@pytest.mark.parametrize("line", ["HASH[x", f"HASH /x: {HASH}", "HASH[]", "GORUN-EXE /bin/sh"])
def test_gos_errors_are_shown_wherever_they_say_to_be(tmp_path: Path, line: str) -> None:
    source = BROKEN.replace("func", f"//line {line}:7\nfunc")
    workshop = Workshop(tmp_path, {**HELLO, "main.go": source})
    of_go = workshop.go("run", ".").err
    assert "undefined: foo" in of_go
    assert workshop.gorun(".")[::2] == (125, of_go)


FORGED = "x\n.: current"
HOSTILE = (
    "\x1b]0;owned\x07\x1b[2Jy",
    "\x9b2J",
    "\u2028.: current",
    "\u202egnp.exe",
    "\r.: current",
)
CONTROLS = ("\x1b", "\x07", "\x9b", "\r", "\u2028", "\u202e")


@pytest.fixture
def hostile(tmp_path: Path) -> Workshop:
    """Return a repository with new files that have hostile names; go takes no such folders."""
    program = HELLO["main.go"].replace("func", "//go:embed all:static\nvar f embed.FS\n\nfunc")
    program = program.replace('"fmt"', '"embed"\n\t"fmt"')
    workshop = Workshop(tmp_path, {**HELLO, "main.go": program, "static/a": ""})
    assert workshop.gorun(".").rc == 0
    commit(workshop)
    workshop.write({f"static/{name}": "" for name in (FORGED, *HOSTILE)})
    return workshop


@pytest.mark.parametrize(
    "words",
    [
        *(["--why", "."], ["--why", f"./{FORGED}"], ["--affected", "HEAD"], ["--graph"]),
        *(["--graph", "mermaid"], ["--list"], ["--store", "stat"], [f"./{FORGED}"]),
        *([":x\n\x1b[2J"], ["--store", f"\x1b{FORGED}"], [f"-\x1b{FORGED}", "."]),
        ["--build", f"./{FORGED}"],
    ],
)
def test_no_name_forges_a_line_or_reaches_the_terminal(hostile: Workshop, words: list[str]) -> None:
    result = hostile.gorun(*words)
    for said in (result.out, result.err):
        assert [control for control in CONTROLS if control in said] == []
        assert ".: current" not in said.splitlines()


def test_what_is_shown_can_be_read(hostile: Workshop) -> None:
    assert r".: new file static/x\n.: current" in hostile.gorun("--why", ".").out.splitlines()


def test_nor_does_the_name_of_a_file_for_us(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    shown = r"/no/x\n.: current"
    said = f"gorun: cannot write events to {shown}: No such file or directory\n"
    assert workshop.gorun("--events", f"/no/{FORGED}", ".") == (0, "hello []\n", said)


@pytest.mark.parametrize("runner", [("nox", "-s"), ("invoke",), ("doit",)])
def test_nor_in_a_runner(hostile: Workshop, runner: tuple[str, ...]) -> None:
    hostile.write(
        {
            "noxfile.py": "from gorun_tasks import nox as go\n\ngo.sessions({'x': '.'})\n",
            "tasks.py": "from gorun_tasks import invoke as go\n\nns = go.collection({'x': '.'})\n",
            "dodo.py": "from gorun_tasks import doit as go\n\ntask_go = go.tasks({'x': '.'})\n",
        }
    )
    dashes = ("--",) if runner[0] == "nox" else ()
    result = hostile(*runner, "why", *dashes, "x")
    assert "\n  new file static/x" in result.out
    for said in (result.out, result.err):
        assert [control for control in CONTROLS if control in said] == []
        assert ".: current" not in said.splitlines()
