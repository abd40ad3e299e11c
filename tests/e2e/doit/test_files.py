"""doit and files: executables and what they generate, as targets that others depend on."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.place import Place

DODO = """
from gorun_tasks import Program
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"])

programs = {"probe": ".", "other": "./other", "gen": "./gen"}
task_go = go.tasks(programs, output="bin")


def task_pack():
    return {"actions": ["cat bin/gen > pack"], "file_dep": ["bin/gen"], "targets": ["pack"]}


def task_single():
    return go.build_task("./other", output="single")


def task_orders():
    \"\"\"What is generated may come from what another task makes.\"\"\"
    return {
        "actions": ["cat orders > orders.txt"],
        "file_dep": ["orders"],
        "targets": ["orders.txt"],
    }


def task_menu():
    \"\"\"Generate the menu.\"\"\"
    return go.generate_task(
        "./gen", ["menu.txt"], inputs=["orders.txt", "more/*"], outputs=["menu.txt"]
    )


def task_slim():
    gen = Program("./gen", trimpath=True)
    return go.generate_task(gen, ["slim.txt"], inputs=["orders.txt"], outputs=["slim.txt"])


def task_within():
    return go.generate_task("./gen", ["-3"], inputs=["no"], outputs=["nothing"], chdir="inner")


def task_printed():
    return {"actions": ["cat menu.txt"], "file_dep": ["menu.txt"], "verbosity": 2}
"""

GENERATOR = """package main

import (
	"os"

	"example.com/probe/lib"
)

func main() {
	mark, _ := os.OpenFile("runs", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	mark.WriteString(".")
	if os.Args[1] == "-3" {
		os.Exit(3)
	}
	orders, _ := os.ReadFile("orders.txt")
	os.WriteFile(os.Args[1], append([]byte(lib.Head), orders...), 0o666)
}
"""

PARALLEL = pytest.mark.parametrize("parallel", [(), ("-n2",), ("-n2", "-P", "thread")])


# A generator, its orders, and a module below.
FILES = {
    "dodo.py": DODO,
    "gen/main.go": GENERATOR,
    "lib/lib.go": "package lib\n\n// Head is a word.\nconst Head = `menu of `\n",
    "orders": "mint\n",
    "inner/go.mod": "module example.com/inner\n\ngo 1.24\n",
    "inner/gen/main.go": GENERATOR.replace("probe", "inner"),
    "inner/lib/lib.go": "package lib\n\nconst Head = ``\n",
}


def times(place: Place) -> int:
    """Return how often the generator ran."""
    return len((place.folder / "runs").read_text())


def performed(out: str) -> list[str]:
    """Return what doit said of its tasks; what these print comes in between, under -n."""
    return [line for line in out.splitlines() if line.startswith((".  ", "-- "))]


def stamp(path: Path) -> int:
    return path.stat().st_mtime_ns


# Executables.


@PARALLEL
def test_a_task_depends_on_an_executable(own_place: Place, parallel: tuple[str, ...]) -> None:
    """Early cut-off: a build to the same bytes makes nothing downstream stale."""
    done = own_place("doit", *parallel, "pack")
    assert (done.rc, done.out) == (0, ".  build:gen\n.  pack\n")
    assert own_place("doit", *parallel, "pack").out == "-- build:gen\n-- pack\n"
    before = stamp(own_place.folder / "bin/gen")
    own_place.edit("lib/lib.go", "a word", "a sign")
    done = own_place("doit", *parallel, "pack")
    assert done.err == "gen: built because lib/lib.go edited\n"
    assert done.out == ".  build:gen\n-- pack\n"
    assert stamp(own_place.folder / "bin/gen") == before
    own_place.edit("lib/lib.go", "menu of", "list of")
    assert own_place("doit", *parallel, "pack").out == ".  build:gen\n.  pack\n"


def test_an_output_is_the_executable_or_it_is_put_there_again(own_place: Place) -> None:
    assert own_place("doit", "build:other").rc == 0
    path = own_place.folder / "bin/other"
    ran = subprocess.run([path, "x"], capture_output=True, text=True, check=True)
    assert ran.stdout == '["other","x"]\n'
    path.unlink()
    assert "bin/other is missing" in own_place("doit", "info", "build:other").out
    assert own_place("doit", "build:other").err == "other: current; bin/other written\n"
    path.write_bytes(path.read_bytes() + b"more")
    assert "bin/other is not what was built" in own_place("doit", "info", "build:other").out
    assert own_place("doit", "build:other").err == "other: current; bin/other written\n"
    assert own_place("doit", "build:other").out == "-- build:other\n"
    path.touch()
    assert own_place("doit", "build:other").out == "-- build:other\n"


def test_an_executable_can_be_asked_for_by_its_name(own_place: Place) -> None:
    assert own_place("doit", "bin/other").out == ".  build:other\n"
    assert own_place("doit", "single").out == ".  single\n"
    assert (own_place.folder / "single").exists()


def test_clean_removes_the_output(own_place: Place) -> None:
    assert own_place("doit").rc == 0
    dry = own_place("doit", "clean", "-n", "build:other")
    assert "other: would be forgotten" in dry.out
    assert (own_place.folder / "bin/other").exists()
    assert own_place("doit", "clean", "build:other").rc == 0
    assert not (own_place.folder / "bin/other").exists()
    assert (own_place.folder / "bin/probe").exists()


def test_an_output_that_cannot_be_written_is_one_sentence(own_place: Place) -> None:
    (own_place.folder / "single").mkdir()
    result = own_place("doit", "single")
    assert result.rc == 1
    assert f"{own_place.folder}/single cannot be written: Is a directory" in result.out
    assert "Traceback" not in result.out + result.err


# What executables generate.


@PARALLEL
def test_what_is_generated_is_a_target(own_place: Place, parallel: tuple[str, ...]) -> None:
    """It comes after what makes its inputs, before what reads it, and is skipped when current."""
    done = own_place("doit", *parallel, "printed")
    assert performed(done.out) == [".  orders", ".  menu", ".  printed"]
    assert "menu of mint\n" in done.out
    assert done.err == (
        "gen: built because not built before\nmenu: generated because not generated before\n"
    )
    done = own_place("doit", *parallel, "printed")
    assert (done.out, done.err) == ("-- orders\n-- menu\n-- printed\n", "")
    own_place.write({"orders": "oolong\n"})
    done = own_place("doit", *parallel, "printed")
    assert performed(done.out) == [".  orders", ".  menu", ".  printed"]
    assert "menu of oolong\n" in done.out
    assert done.err == "menu: generated because orders.txt edited\n"
    assert times(own_place) == 2


def test_a_generator_that_is_built_to_the_same_bytes_does_not_run(own_place: Place) -> None:
    assert own_place("doit", "printed").rc == 0
    before = stamp(own_place.folder / "menu.txt")
    own_place.edit("lib/lib.go", "a word", "a sign")
    done = own_place("doit", "printed")
    assert done.err == "gen: built because lib/lib.go edited\nmenu: current\n"
    assert done.out == "-- orders\n.  menu\n-- printed\n"
    assert stamp(own_place.folder / "menu.txt") == before
    own_place.edit("lib/lib.go", "menu of", "list of")
    assert own_place("doit", "printed").out.endswith(".  printed\nlist of mint\n")


def test_what_was_generated_is_known_to_all(own_place: Place) -> None:
    """It is in our store, not in doit's: another dodo.py, or the API, made it as well."""
    assert own_place("doit", "menu").rc == 0
    for file in own_place.folder.glob(".doit.db*"):
        file.unlink()
    done = own_place("doit", "menu")
    assert (done.out, done.err) == (".  orders\n.  menu\n", "menu: current\n")
    assert times(own_place) == 1


def test_info_says_why(own_place: Place) -> None:
    assert "menu: stale because not generated before" in own_place("doit", "info", "menu").out
    assert own_place("doit", "menu").rc == 0
    assert "up-to-date" in own_place("doit", "info", "menu").out
    assert "U menu" in own_place("doit", "list", "--status").out
    (own_place.folder / "more").mkdir()
    own_place.write({"more/x": ""})
    assert "menu: stale because new file more/x" in own_place("doit", "info", "menu").out
    assert "R menu" in own_place("doit", "list", "--status").out


def test_an_output_that_was_edited_or_removed(own_place: Place) -> None:
    assert own_place("doit", "menu").rc == 0
    own_place.write({"menu.txt": "by hand\n"})
    assert own_place("doit", "menu").err == "menu: generated because menu.txt edited\n"
    assert own_place("doit", "clean", "menu").out == "menu - removing file 'menu.txt'\n"
    assert own_place("doit", "menu").err == "menu: generated because menu.txt removed\n"
    assert (own_place.folder / "menu.txt").read_text() == "menu of mint\n"


def test_a_generator_that_fails_fails_its_task(own_place: Place) -> None:
    """It runs in the folder of -C, as its patterns and arguments say, and its status is doit's."""
    own_place.write({"inner/no": ""})
    targets = own_place("doit", "info", "within").out
    assert " - inner/no\n" in targets
    assert " - inner/nothing\n" in targets
    for _ in range(2):
        assert own_place("doit", "within").rc == 3
    assert len((own_place.folder / "inner/runs").read_text()) == 2


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_generators_reach_other_processes(own_place: Place, method: str) -> None:
    method = f"import multiprocessing\nmultiprocessing.set_start_method({method!r})\n"
    own_place.edit("dodo.py", "DOIT_CONFIG", f"{method}DOIT_CONFIG")
    assert own_place("doit", "-n2", "menu", "slim").rc == 0
    assert (own_place.folder / "slim.txt").read_text() == "menu of mint\n"


def test_outputs_that_are_one_string_are_refused_in_one_sentence(own_place: Place) -> None:
    own_place.edit("dodo.py", 'outputs=["menu.txt"]', 'outputs="menu.txt"')
    result = own_place("doit", "list")
    assert (result.rc, result.out) == (3, "")
    assert result.err == (
        "ERROR: outputs is one string, 'menu.txt'; give a list of paths or patterns\n"
    )


def test_paths_are_taken_as_well(own_place: Place) -> None:
    own_place.edit("dodo.py", 'outputs=["menu.txt"]', 'outputs=[Path("menu.txt")]')
    own_place.edit(
        "dodo.py",
        "from gorun_tasks import Program",
        "from pathlib import Path\nfrom gorun_tasks import Program",
    )
    assert own_place("doit", "menu.txt").out == ".  orders\n.  menu\n"
