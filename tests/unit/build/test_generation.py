"""Programs that make files: run where they could make other ones, and only there.

Real go builds a generator that leaves a mark each time it runs, so that nothing is believed of
what gorun-tasks says of itself.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import OutputError, Program, Reason, UsageError
from gorun_tasks.build.graph import Graph
from gorun_tasks.storage.eviction import UNUSED, clear, evict
from tests.support.trees import Tree, module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gorun_tasks import Generation

pytestmark = pytest.mark.usefixtures("surroundings")

GENERATOR = """package main

import (
	"os"
	"time"

	"example.com/gen/lib"
)

// gen OUTPUT [ORDER] INPUT... writes what the inputs hold into the output.
func main() {
	mark, _ := os.OpenFile("../runs", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	mark.WriteString(".")
	text := lib.Head + os.Getenv("LEVEL")
	for _, name := range os.Args[2:] {
		switch name {
		case "fail":
			os.Exit(3)
		case "nothing":
			return
		case "wait":
			for _, err := os.Stat("../go"); err != nil; _, err = os.Stat("../go") {
				time.Sleep(time.Millisecond)
			}
		case "edit":
			os.WriteFile("menu.txt", []byte("milk\\n"), 0o666)
		case "edit-and-back":
			status, _ := os.Stat("menu.txt")
			os.WriteFile("menu.txt", []byte("milk\\n"), 0o666)
			os.WriteFile("menu.txt", []byte("sencha\\n"), 0o666)
			os.Chtimes("menu.txt", status.ModTime(), status.ModTime())
		case "come-and-go":
			os.WriteFile("more/b.txt", nil, 0o666)
			os.Remove("more/b.txt")
		}
		content, _ := os.ReadFile(name)
		text += string(content)
	}
	os.WriteFile(os.Args[1], []byte(text), 0o666)
}
"""

WALKER = """package main

import (
	"os"
	"path/filepath"
)

// Writes the names and contents of what is in a directory, through links as well.
func main() {
	text := ""
	var walk func(string, int)
	walk = func(path string, depth int) {
		entries, err := os.ReadDir(path)
		for _, entry := range entries {
			if depth < 5 {
				walk(filepath.Join(path, entry.Name()), depth+1)
			}
		}
		if content, _ := os.ReadFile(path); err != nil {
			text += path + " " + string(content) + "\\n"
		}
	}
	walk("in", 0)
	walk("opt", 0)
	os.WriteFile(os.Args[1], []byte(text), 0o666)
}
"""

FILES = {
    "go.mod": module("example.com/gen"),
    "main.go": GENERATOR,
    "lib/lib.go": "package lib\n\n// Head is a word.\nconst Head = `# `\n",
    "menu.txt": "sencha\n",
    "more/a.txt": "mint\n",
}


class Kitchen(Tree):
    """A module with a generator, and how often it ran."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.write(FILES)
        self._before = 0

    def generation(
        self, *args: str, inputs: Sequence[str] = ("menu.txt",), **env: str
    ) -> Generation:
        """Return the generator with these orders, as somebody would ask for it now."""
        program = Program(".", cwd=str(self.folder), env=env)
        return program.generation(
            ["out.txt", *args, "menu.txt"],
            inputs=inputs,
            outputs=["out.txt"],
            variables=["LEVEL"],
        )

    def why(self, *args: str, inputs: Sequence[str] = ("menu.txt",), **env: str) -> list[str]:
        """Return why it would run, and make sure that it runs just where there is a reason."""
        reasons = list(map(str, self.generation(*args, inputs=inputs, **env).why()))
        generation = self.generation(*args, inputs=inputs, **env)
        outcome = generation.run()
        assert self.ran() == bool(generation.because) == (outcome.exit_code is not None)
        return reasons

    def ran(self) -> int:
        """Return how often the program ran since this was asked last."""
        mark = self.folder.parent / "runs"
        runs = len(mark.read_text()) if mark.exists() else 0
        times, self._before = runs - self._before, runs
        return times

    @property
    def output(self) -> str:
        """What was made."""
        return (self.folder / "out.txt").read_text()


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kitchen:
    (tmp_path / "kitchen").mkdir()
    monkeypatch.chdir(tmp_path / "kitchen")
    return Kitchen(tmp_path / "kitchen")


def test_a_day(kitchen: Kitchen) -> None:
    assert kitchen.why() == ["not generated before"]
    assert kitchen.output == "# sencha\n"
    assert kitchen.why() == []
    kitchen.write({"menu.txt": "oolong\n"})
    assert kitchen.why() == ["menu.txt edited"]
    assert kitchen.output == "# oolong\n"
    (kitchen.folder / "menu.txt").touch()
    assert kitchen.why() == []
    kitchen.remove("menu.txt")
    assert kitchen.why() == ["menu.txt removed"]
    assert kitchen.output == "# "
    kitchen.write({"menu.txt": "sencha\n"})
    assert kitchen.why() == ["new file menu.txt"]


def test_an_edit_under_the_same_size_and_time_is_noticed(kitchen: Kitchen) -> None:
    kitchen.why()
    menu = kitchen.folder / "menu.txt"
    status = menu.stat()
    menu.write_text("matcha\n")
    os.utime(menu, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert kitchen.why() == ["menu.txt edited"]


def test_outputs_are_what_was_made(kitchen: Kitchen) -> None:
    kitchen.why()
    kitchen.write({"out.txt": "by hand\n"})
    assert kitchen.why() == ["out.txt edited"]
    assert kitchen.output == "# sencha\n"
    kitchen.remove("out.txt")
    assert kitchen.why() == ["out.txt removed"]
    assert kitchen.why() == []


def test_another_program_runs_and_the_same_bytes_do_not(kitchen: Kitchen) -> None:
    """Early cut-off: what is built anew to the same executable makes nothing anew."""
    kitchen.why()
    comment = FILES["lib/lib.go"].replace("a word", "a sign")
    kitchen.write({"lib/lib.go": comment})
    generation = kitchen.generation()
    assert list(map(str, generation.why())) == ["lib/lib.go edited"]  # nobody can know it yet
    assert generation.run().outcome == "built"
    assert (generation.because, kitchen.ran()) == ((), 0)
    assert kitchen.why() == []
    kitchen.write({"lib/lib.go": comment.replace("`# `", "`#`")})
    assert kitchen.why() == ["lib/lib.go edited"]
    assert kitchen.output == "#sencha\n"
    kitchen.write({"lib/lib.go": comment})
    Graph(kitchen.generation().program).make()
    assert kitchen.why() == [". rebuilt since"]
    assert kitchen.output == "# sencha\n"


def test_arguments_variables_and_patterns_are_inputs(kitchen: Kitchen) -> None:
    kitchen.why()
    assert kitchen.why(LEVEL="2") == ["LEVEL: '' → '2'"]
    assert kitchen.output == "# 2sencha\n"
    assert kitchen.why(LEVEL="2") == []
    assert kitchen.why(LEVEL="3", OTHER="x") == ["LEVEL: '2' → '3'", "OTHER is an input now"]
    assert kitchen.why(LEVEL="3") == ["OTHER: 'x' → ''"]
    assert kitchen.why(LEVEL="3", OTHER="x") == ["OTHER is an input now"]
    assert kitchen.why("more/a.txt") == ["not generated before"]
    assert kitchen.why("more/a.txt", inputs=["menu.txt", "more"]) == [
        "inputs: 'menu.txt' → 'menu.txt more'"
    ]
    # What is named no more was not removed, and what never was there cannot be missed.
    kitchen.write({"menu.txt": "oolong\n"})
    assert kitchen.why("more/a.txt", inputs=["menu.txt", "absent"]) == [
        "inputs: 'menu.txt more' → 'menu.txt absent'",
        "menu.txt edited",
    ]
    assert kitchen.why("more/a.txt", inputs=["menu.txt"]) == [
        "inputs: 'menu.txt absent' → 'menu.txt'"
    ]
    # Another run wrote over what this one had made.
    assert "out.txt edited" in kitchen.why(LEVEL="3", OTHER="x")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("more", "more/b.txt"),
        ("more", "more/deep/.b"),
        ("more/*.txt", "more/b.txt"),
        ("**/*.txt", "more/deep/b.txt"),
        (".", "b.txt"),
        ("b.txt", "b.txt"),
        ("more/deep/b.txt", "more/deep/b.txt"),
        ("no/where/*.txt", "no/where/b.txt"),
    ],
)
def test_what_comes_and_goes_is_noticed(kitchen: Kitchen, pattern: str, name: str) -> None:
    """Also where the outputs lie in the same directory: they are no inputs."""
    assert kitchen.why(inputs=[pattern]) == ["not generated before"]
    assert kitchen.why(inputs=[pattern]) == []
    kitchen.write({name: "b\n"})
    assert kitchen.why(inputs=[pattern]) == [f"new file {name}"]
    kitchen.write({name: "c\n"})
    assert kitchen.why(inputs=[pattern]) == [f"{name} edited"]
    kitchen.remove(name)
    assert kitchen.why(inputs=[pattern]) == [f"{name} removed"]
    assert kitchen.why(inputs=[pattern]) == []


class Mischief:
    """What can happen to files: contents, time stamps, links, what comes and goes."""

    PLACES = ("in/a", "in/b", "in/deep/c", "in/deep/d", "else/e", "opt")

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)
        (folder / "in").mkdir()

    def happens(self) -> str:
        """Do something; return what."""
        what = self._chance.choice(
            [self.edit, self.edit, self.remove, self.touch, self.swap, self.link, self.spoil]
        )
        what()
        return what.__name__

    def edit(self) -> None:
        """Write a file, at times under its old time stamp."""
        path = self._somewhere()
        times = path.stat() if path.exists() else None
        path.write_text(self._chance.choice("xyz"))
        if times and self._chance.random() < 0.5:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def remove(self) -> None:
        """Remove a file, and its directory where that is empty."""
        path = self._somewhere()
        path.unlink(missing_ok=True)
        if path.parent.name == "deep" and not list(path.parent.iterdir()):
            path.parent.rmdir()

    def touch(self) -> None:
        """Change time stamps only."""
        for path in filter(Path.exists, self._folder.glob("in/**/*")):
            path.touch()

    def swap(self) -> None:
        """Let two files have each other's names."""
        one, other = self._somewhere(), self._somewhere()
        if one.exists() and other.exists() and one != other:
            one.rename(self._folder / "between")
            other.rename(one)
            (self._folder / "between").rename(other)

    def link(self) -> None:
        """Lead a link somewhere else."""
        path = self._folder / "in/link"
        path.unlink(missing_ok=True)
        path.symlink_to(self._chance.choice(["../else", "deep", "a", "../nowhere", "../opt"]))

    def spoil(self) -> None:
        """Edit the output, or remove it."""
        output = self._folder / "out.txt"
        if self._chance.random() < 0.5:
            output.write_text("?")
        else:
            output.unlink(missing_ok=True)

    def _somewhere(self) -> Path:
        path = self._folder / self._chance.choice(self.PLACES)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_outputs_are_right(kitchen: Kitchen, seed: int) -> None:
    kitchen.write({"main.go": WALKER})
    program = Program(".", cwd=str(kitchen.folder))
    program.build()
    mischief = Mischief(kitchen.folder, seed)
    for _ in range(60):
        happened = mischief.happens()
        generation = program.generation(["out.txt"], inputs=["in", "opt"], outputs=["out.txt"])
        generation.run()
        assert generation.made is not None
        subprocess.run([generation.made.path, "expected"], cwd=kitchen.folder, check=True)
        assert kitchen.output == (kitchen.folder / "expected").read_text(), happened
        again = program.generation(["out.txt"], inputs=["in", "opt"], outputs=["out.txt"])
        assert again.why() == (), (happened, generation.unrecorded)


def test_what_failed_is_not_remembered(kitchen: Kitchen) -> None:
    generation = kitchen.generation("fail")
    assert generation.run().exit_code == 3
    assert kitchen.ran() == 1
    assert kitchen.generation("fail").why() == (Reason("", "the last run did not end well"),)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("edit", "menu.txt changed while it ran"),
        ("edit-and-back", "menu.txt changed while it ran"),
        ("come-and-go", "more changed while it ran"),
    ],
)
def test_an_input_that_moves_while_it_runs(kitchen: Kitchen, order: str, said: str) -> None:
    """Nobody knows which content the program has read, so the next run runs."""
    inputs = ["menu.txt", "more/*"]
    generation = kitchen.generation(order, inputs=inputs)
    assert generation.run().exit_code == 0
    assert generation.unrecorded == said
    assert kitchen.ran() == 1
    assert kitchen.why(order, inputs=inputs) == [f"not remembered: {said}"]


def test_an_output_that_was_not_made_is_an_error(kitchen: Kitchen) -> None:
    with pytest.raises(OutputError, match=r"\. did not make out\.txt"):
        kitchen.generation("nothing").run()
    assert kitchen.generation("nothing").why() == (Reason("", "the last run did not end well"),)


def test_what_was_killed_is_not_remembered(kitchen: Kitchen) -> None:
    (kitchen.folder.parent / "go").write_text("")
    kitchen.why("wait")
    (kitchen.folder.parent / "go").unlink()
    kitchen.remove("out.txt")
    with started(kitchen) as process:
        wait_for_a_run(kitchen)
        process.kill()
    kitchen.write({"out.txt": "# sencha\n"})  # as it had been
    assert kitchen.generation("wait").why() == (Reason("", "the last run did not end well"),)
    (kitchen.folder.parent / "go").write_text("")  # nobody is left to wait for the program


def test_two_at_once_are_one_run(kitchen: Kitchen) -> None:
    Graph(kitchen.generation().program).make()
    with started(kitchen) as first:
        wait_for_a_run(kitchen)
        with started(kitchen) as second:
            (kitchen.folder.parent / "go").write_text("")
            assert (first.wait(60), second.wait(60)) == (0, 0)
    assert kitchen.ran() == 0
    assert kitchen.why("wait") == []


def test_without_a_store_it_runs_each_time(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GORUN_CACHE_DIR", "/proc/nowhere")
    assert kitchen.why() == ["not generated before"]
    assert kitchen.why() == ["not generated before"]


def test_what_was_damaged_is_not_believed(kitchen: Kitchen) -> None:
    kitchen.why()
    generation = kitchen.generation()
    path = Path(generation.program.store.root) / "generated" / generation.execute.key
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert kitchen.why() == ["not generated before"]
    assert kitchen.why() == []


def test_clearing_the_store_forgets_it(kitchen: Kitchen) -> None:
    kitchen.why()
    clear(kitchen.generation().program.store.root)
    assert kitchen.why() == ["not generated before"]


def test_what_is_in_use_is_not_evicted(kitchen: Kitchen) -> None:
    kitchen.why()
    generation = kitchen.generation()
    path = Path(generation.program.store.root) / "generated" / generation.execute.key
    long_ago = time.time() - UNUSED - 60
    os.utime(path, (long_ago, long_ago))
    assert kitchen.generation().why() == ()
    evict(generation.program.store.root)
    assert kitchen.why() == []
    os.utime(path, (long_ago, long_ago))
    evict(generation.program.store.root)
    assert kitchen.why() == ["not generated before"]


def test_the_node_names_what_it_reads_and_makes(kitchen: Kitchen) -> None:
    generation = kitchen.generation(inputs=["more"])
    made = generation.run()
    assert generation.execute.inputs == (made.path, "more", "more/a.txt")
    assert generation.execute.outputs == ("out.txt",)
    assert generation.execute.key == kitchen.generation(inputs=[]).execute.key
    assert generation.execute.key != kitchen.generation("x").execute.key


def test_words_that_make_no_sense(kitchen: Kitchen) -> None:
    program = Program(".", cwd=str(kitchen.folder))
    with pytest.raises(UsageError, match="has no outputs; name the files that it makes"):
        program.generation(outputs=[])
    with pytest.raises(UsageError, match=r"outputs is one string, 'out\.txt'"):
        program.generation(outputs="out.txt")
    with pytest.raises(UsageError, match=r"args is one string, '-o out\.txt'; give a list"):
        program.generation("-o out.txt", outputs=["out.txt"])
    with pytest.raises(UsageError, match="inputs has an empty path"):
        program.generation(inputs=[""], outputs=["out.txt"])


def started(kitchen: Kitchen) -> subprocess.Popen[bytes]:
    """Start a process that generates, and whose generator waits."""
    code = (
        "from gorun_tasks import Program\n"
        f"Program('.', cwd={str(kitchen.folder)!r}).generation("
        "['out.txt', 'wait', 'menu.txt'], inputs=['menu.txt'], outputs=['out.txt'],"
        " variables=['LEVEL']).run()\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True)


def wait_for_a_run(kitchen: Kitchen) -> None:
    deadline = time.monotonic() + 60
    while not kitchen.ran():
        assert time.monotonic() < deadline
        time.sleep(0.001)
