"""The machinery that measures watchers: a save is a save, and no start or rest is overlooked."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import goals, text, watching
from benchmarks.loop import Loop
from benchmarks.results import Results
from benchmarks.saves import NEEDLESS, PROGRAMS, WAYS_TO_SAVE, Folder
from benchmarks.watchers import Watcher
from tests.benchmarks.test_benchmarks import ABOUT, Here
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.kit import Kit

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs git: apt-get install git")

# Stays beside the program that it starts, and starts it again when it is told to.
STARTER = """\
import subprocess, sys
while True:
    subprocess.run([sys.argv[1], "build", "-o", "bin/x", "."], check=True)
    subprocess.Popen(["bin/x"])
    open("again").read()
"""


@pytest.fixture
def here(tmp_path: Path) -> Kit:
    return Here(tmp_path)


def test_every_way_to_save_leaves_the_new_word_and_nothing_else(here: Kit, tmp_path: Path) -> None:
    folder = Folder(here, str(tmp_path / "tree"), "hello", {})
    names = sorted(os.listdir(tmp_path / "tree" / "word"))
    for way in range(WAYS_TO_SAVE):
        word = folder.save(way)
        assert f'"{word}"' in folder.read("word/word.go")
        assert sorted(os.listdir(tmp_path / "tree" / "word")) == names


@pytest.mark.usefixtures("go")
def test_what_is_called_needless_changes_no_executable(here: Kit, tmp_path: Path) -> None:
    """The build ID apart: that of an edited comment is another one."""
    for number, program in enumerate(PROGRAMS):
        folder = Folder(here, str(tmp_path / program), program, {})
        build = [go_command(), "build", "-buildvcs=false", "-ldflags=-buildid=", "-o", "bin/x", "."]
        here.run(build, folder.path)
        first = (tmp_path / program / "bin" / "x").read_bytes()
        for needless in NEEDLESS if not number else ():
            needless.do(folder)
        here.run(build, folder.path)
        assert (tmp_path / program / "bin" / "x").read_bytes() == first


@pytest.mark.usefixtures("go")
def test_loop_sees_every_start_and_whoever_a_kill_left_behind(here: Kit, tmp_path: Path) -> None:
    starter = tmp_path / "starter.py"
    starter.write_text(STARTER)
    watcher = Watcher("starter", lambda _: [sys.executable, str(starter), go_command()])
    with Loop(here, watcher, "hello") as loop:
        again = f"{loop.folder.path}/again"
        os.mkfifo(again)
        assert loop.begin("a kill")
        assert [start.word for start in loop.starts] == ["first"]
        word = loop.folder.save()
        with open(again, "w", encoding="utf-8"):
            pass
        start = loop.wait_for(word)
        assert start is not None
        assert [start.word for start in loop.starts] == ["first", word]
        assert loop.starts[0].at < start.at
        assert loop.wait_for("never said", patience=0.01) is None
        loop.kill()
        assert list(loop.left_behind().values()) == ["a kill", "a kill"]
        loop.end_all()
        assert loop.left_behind() == {}


def own(needless: int, missed: int = 0, killed: int = 0) -> dict[str, Any]:
    return {
        "saves": 10,
        "restarts": 10,
        "needless": {"touch": needless, "README.md edited": 0},
        "missed": [missed, 500],
        "killed": [killed, 100],
    }


def test_tables_and_goals_of_watchers(tmp_path: Path) -> None:
    results = Results(str(tmp_path / "results.json"))
    results.measured_with(ABOUT)
    seconds = {"go build": 0.2, "gorun --watch": 0.25, "air": 1.3}
    results.put_loop(
        {
            "load": 0.1,
            "extent": {"rounds": 3, "needless": 2},
            "versions": {"gorun --watch": "", "air": "example.com/air@v1"},
            "missing": ["wgo"],
            "swift": {
                "hello": {
                    name: {"seconds": [s] * 3, "beyond": [s - 0.2] * 3}
                    for name, s in seconds.items()
                }
            },
            "watchers": {"gorun --watch": own(0, killed=1), "air": own(2, missed=3, killed=90)},
        }
    )
    again = Results(results.path)
    assert "| hello world | 200 | 250 | 1,300 |" in text.readme(again)
    page = text.details(again, "here")
    assert "| air | 1,300 | 1.00 | 2 | 3 of 500 | 90 of 100 |" in page
    assert "| touch | 0 | 2 |" in page
    assert "could not fetch it: wgo." in page
    found = {each.goal.what: each for each in goals.measured(again)}
    beyond = found["a save to the new program, beyond go build, hello world"]
    assert beyond.value == pytest.approx(50)
    assert beyond.met
    assert found["needless restarts, against the best peer"].value == -2
    assert not found["kills that left a process behind"].met
    assert watching.restarts_a_save(again.loop) == 1
