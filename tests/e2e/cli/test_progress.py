"""The line that shows how far go is: on a terminal only, and gone when anything else is said.

A build is slow here as long as a test wants it to be: a tool of go's waits at a gate. Where nothing
may be shown, another build on a terminal says when something would have been: it began later, and
shows its line.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import PATIENCE
from tests.support.place import Running
from tests.support.workshop import TWO_PACKAGES, Workshop, screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

# Of what go starts, what is done for this package (or the linker) waits until the gate is opened.
GATE = """#!/bin/sh
case "$2 ${1##*/} $TOOLEXEC_IMPORTPATH" in
  -V*) ;;
  *" compile example.com/hello/lib") gate="%(folder)s/compile";;
  *" link "*) gate="%(folder)s/link";;
esac
if [ -p "$gate" ]; then read -r _ < "$gate"; fi
exec "$@"
"""

# A second program, and a package that cannot be compiled.
FILES = {
    **TWO_PACKAGES,
    "other/other.go": 'package main\n\nimport _ "example.com/hello/lib"\n\nfunc main() {}\n',
    "bad/bad.go": "package bad\n\nfunc Bad() int { return nothing }\n",
}


class Gated(Workshop):
    """A folder in which a build waits at two gates: compiling lib, and linking."""

    def __init__(self, folder: Path, gates: Sequence[str] = ("compile", "link")) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder, FILES)
        self._gates = folder / "gates"
        self._gates.mkdir()
        for name in gates:
            os.mkfifo(self._gates / name)
        tool = self._gates / "tool"
        tool.write_text(GATE % {"folder": self._gates})
        tool.chmod(0o755)
        self.environ |= {"TERM": "xterm", "GOFLAGS": f"-toolexec={tool}"}

    def open(self, *names: str) -> None:
        """Open gates, in this order, each as soon as somebody waits there."""
        deadline = time.monotonic() + PATIENCE
        for name in names:
            while (gate := self._reached(name)) is None:
                assert time.monotonic() < deadline, f"nobody came to {name}"
                time.sleep(0.01)
            os.close(gate)

    def _reached(self, name: str) -> int | None:
        try:
            return os.open(self._gates / name, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads
            return None


@pytest.fixture
def would_show(tmp_path: Path) -> Callable[[], None]:
    """Return what waits until builds that have begun show their line, if they show one."""
    control = Gated(tmp_path / "control")

    def wait() -> None:
        with control.start("gorun_tasks", ".", terminal=True) as running:
            running.wait_for("compiling example.com/hello/lib")

    return wait


def test_a_line_shows_how_far_go_is_and_goes(tmp_path: Path) -> None:
    """Packages done of how many, the one at work, then the link; all gone when the program speaks.

    How many there are is what go itself lists, but for unsafe, which nobody compiles.
    """
    workshop = Gated(tmp_path)
    listed = workshop.go("list", "-deps", ".").out.split()
    with workshop.start("gorun_tasks", ".", terminal=True) as running:
        said = running.wait_for("packages, compiling example.com/hello/lib\x1b[K")
        found = re.search(r"\rgorun: \d+s, (\d+) of (\d+) packages, compiling", said)
        assert found
        assert int(found[1]) < int(found[2]) == len(listed) - 1
        workshop.open("compile")
        running.wait_for("s, linking example.com/hello\x1b[K")
        workshop.open("link")
        assert running.end() == 0
        assert screen(running.said) == "word\n"
        assert re.findall(r"\x1b\[[^K]", running.said) == []


@pytest.mark.parametrize(
    ("options", "env"),
    [
        (["--quiet"], {}),
        ([], {"TERM": "dumb"}),
        ([], {"TERM": ""}),
        ([], {"CI": "true"}),
    ],
)
def test_no_line_where_none_is_wanted(
    tmp_path: Path, would_show: Callable[[], None], options: list[str], env: dict[str, str]
) -> None:
    workshop = Gated(tmp_path / "silent")
    workshop.environ |= env
    with workshop.start("gorun_tasks", *options, ".", terminal=True) as running:
        would_show()
        workshop.open("compile", "link")
        assert running.end() == 0
        assert running.said == "word\n"


def test_no_line_in_a_pipe_nor_in_the_background(
    tmp_path: Path, would_show: Callable[[], None]
) -> None:
    """A log has nothing of it, and a shell's prompt is not written over."""
    piped, behind = Gated(tmp_path / "piped"), Gated(tmp_path / "behind")
    job = ["/bin/sh", "-c", f"set -m; {sys.executable} -m gorun_tasks . & wait"]
    with (
        piped.start("gorun_tasks", ".") as one,
        Running(job, behind, terminal=True) as other,
    ):
        would_show()
        piped.open("compile", "link")
        behind.open("compile", "link")
        assert one.end() == other.end() == 0
        assert one.said == "word\n"
        assert "gorun" not in other.said


def test_no_line_beside_what_may_speak_at_any_time(
    tmp_path: Path, would_show: Callable[[], None]
) -> None:
    """A watch builds in a thread while the old program goes on writing to the terminal."""
    workshop = Gated(tmp_path / "beside")
    build = (
        "import threading; from gorun_tasks import Program;"
        "building = threading.Thread(target=Program('.').build);"
        "building.start(); building.join(); print('built')"
    )
    with Running([sys.executable, "-c", build], workshop, terminal=True) as running:
        would_show()
        workshop.open("compile", "link")
        assert running.end() == 0
        assert running.said == "built\n"


def test_gos_words_stand_alone_and_once(tmp_path: Path) -> None:
    """Errors come out as go writes them, clickable paths and all, with no line in between."""
    workshop = Gated(tmp_path)
    workshop.edit("main.go", "main()", "main() { bad.Bad() }\n\nfunc other()")
    workshop.edit("main.go", '/lib"', '/lib"\nimport "example.com/hello/bad"')
    with workshop.start("gorun_tasks", ".", terminal=True) as running:
        running.wait_for("bad/bad.go:3:")
        running.wait_for("compiling example.com/hello/lib")
        workshop.open("compile")
        assert running.end() == 125
    said = workshop.go("run", ".", env={"GOFLAGS": ""})
    assert screen(running.said) == said.err
    assert said.err.startswith("# example.com/hello/bad\nbad/bad.go:3:")


def test_the_line_fits_the_terminal_as_it_is_now(tmp_path: Path) -> None:
    """A line that wraps could not be taken away: it is cut, also after the window was resized."""
    workshop = Gated(tmp_path)
    with workshop.start("gorun_tasks", ".", terminal=True) as running:
        running.wait_for("compiling example.com/hello/lib\x1b[K")
        for columns in (20, 30):
            running.resize(columns)
            running.wait_for_next(rf"\rgorun: [^\r\x1b]{{{columns - 8}}}\x1b\[K")
        workshop.open("compile", "link")
        assert running.end() == 0
        assert screen(running.said) == "word\n"


def test_ctrl_c_takes_the_line_away(tmp_path: Path) -> None:
    workshop = Gated(tmp_path)
    with workshop.start("gorun_tasks", ".", terminal=True) as running:
        running.wait_for("compiling example.com/hello/lib")
        running.type("\x03")
        assert running.end() == -2
        assert screen(running.said) == ""
        assert running.left_behind() == []


def test_a_line_while_many_are_compiled_together(tmp_path: Path) -> None:
    workshop = Gated(tmp_path, gates=["compile"])
    with workshop.start("gorun_tasks", "--build", terminal=True) as running:
        running.wait_for("packages, compiling example.com/hello/lib\x1b[K")
        workshop.open("compile")
        assert running.end() == 0
        lines = sorted(screen(running.said).splitlines())
        assert lines == [f"{n}  built because not built before" for n in ("hello", "other")]


def test_a_watch_shows_the_line_while_no_program_runs(
    tmp_path: Path, would_show: Callable[[], None]
) -> None:
    """At the first build, or after a crash; what runs could write on behind it."""
    workshop = Gated(tmp_path / "watched")
    workshop.edit("main.go", "lib.Word()", "lib.Word()); os.Stdin.Read(make([]byte, 1)")
    workshop.edit("main.go", "import", 'import "os"; import')
    with workshop.start("gorun_tasks", "--watch", ".", terminal=True) as running:
        running.wait_for("packages, compiling example.com/hello/lib\x1b[K")
        workshop.open("compile", "link")
        running.wait_for("word\n")
        assert screen(running.said) == "word\n"
        shown = running.said.count("compiling")
        workshop.edit("lib/lib.go", '"word"', '"other"')
        workshop.open("compile")
        would_show()
        assert running.said.count("compiling") == shown
        running.type("\x03")
        running.end()
