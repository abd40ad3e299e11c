"""What an unchanged program costs, counted, not timed: modules, system calls, files opened.

A budget that a change exceeds on purpose is raised here, in the open.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import let_the_clock_tick
from tests.support.imports import HOT, OTHERS, imported, modules
from tests.support.workshop import TWO_PACKAGES, Workshop, go_command, needs_strace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")
OURS = modules("main", "errors", *HOT)

ENTRY = "import sys; from gorun_tasks.main import main; main()"

CALLS_PER_DIRECTORY = 2
"""To go there, and to look at it."""

CALLS_PER_FILE = 1

FIXED_CALLS = 168
"""Whatever the program, beyond an interpreter that only becomes it: six for each module to find
and read, some twenty for the folder that most lie in, the store's files, the look-ups in a short
PATH, what must be absent above the module; and three for each directory up to the root of the
repository, in which a configuration may lie (here six, up to that of the disk)."""


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    assert workshop.gorun(".").rc == 0
    assert workshop.outcome(".")[0] == "current"
    return workshop


def test_current_run_imports_eleven_modules_of_ours_and_no_python_of_others(
    workshop: Workshop,
) -> None:
    """No subprocess, json, hashlib, signal, typing, re, dataclasses, shutil, tempfile, ..."""
    before = imported(workshop, "import sys")
    assert imported(workshop, ENTRY, ".") - before - OTHERS == OURS


def test_current_run_with_arguments_and_flags_imports_no_more(workshop: Workshop) -> None:
    words = ["-tags=x", "-ldflags=-X main.v=1", ".", "-race", "--why"]
    assert workshop.gorun(*words).rc == 0
    before = imported(workshop, "import sys")
    assert imported(workshop, ENTRY, *words) - before <= OURS | OTHERS


def test_a_configuration_of_comments_alone_loads_no_more(workshop: Workshop) -> None:
    """As --init writes it; one further up says nothing either, since the nearest file counts."""
    workshop.write({"gorun.toml": "# race = true\n\n  # [programs.a]\n", "cmd/gorun.toml": "#\n"})
    let_the_clock_tick()
    assert workshop.gorun(".").rc == 0  # which takes down what the folder has now
    before = imported(workshop, "import sys")
    assert imported(workshop, ENTRY, ".") - before - OTHERS == OURS
    workshop.write({"gorun.toml": "race = 'yes'\n"})
    assert workshop.gorun("--why", ".").rc == 2
    assert workshop.gorun("-C", "cmd", "--why", "example.com/hello").rc == 1


def test_why_current_imports_as_little(workshop: Workshop) -> None:
    """What answers takes the place of what starts."""
    before = imported(workshop, "import sys")
    ours = OURS - {"gorun_tasks.core.launch"} | modules(
        "cli.answers", "cli.options", "inputs.verdict"
    )
    assert imported(workshop, ENTRY, "--why", ".") - before - OTHERS == ours | {"__future__"}


def test_a_touched_file_loads_what_reads_and_writes_alone(workshop: Workshop) -> None:
    """Its program waits meanwhile: nothing of what only a build needs, and no contextlib."""
    os.utime(workshop.folder / "main.go")
    let_the_clock_tick()
    loaded = imported(workshop, ENTRY, ".") - imported(workshop, "import sys")
    inputs = (
        "compare",
        "digest",
        "directory_listing",
        "go_variables",
        "semantic_digest",
        "verdict",
    )
    assert {name for name in loaded if name.startswith("gorun_tasks")} == OURS | modules(
        *(f"inputs.{name}" for name in inputs),
        *("core.reasons", "storage.writer", "system.atomic_files", "system.locks"),
        *("system.mount_table", "system.linux"),  # another file system may be mounted there
    )
    assert "contextlib" not in loaded


@pytest.mark.parametrize(
    "words", [["--list"], ["--graph"], ["--build"], ["--affected", "HEAD"], ["--store", "stat"]]
)
def test_what_may_live_long_collects_garbage(workshop: Workshop, words: list[str]) -> None:
    """The collector stands still on the way to an unchanged program, and there alone."""
    code = f"import atexit, gc; atexit.register(lambda: print(gc.isenabled())); {ENTRY}"
    result = workshop.execute([sys.executable, "-P", "-c", code, *words])
    assert result.out.endswith("True\n")


OF_A_CHILD = ("system.child_process", "system.foreground", "system.linux")


def test_current_run_of_the_api_loads_no_more_than_the_graph(workshop: Workshop) -> None:
    """What runners do: the modules that build are loaded when something is to be built."""
    code = "from gorun_tasks.api import Program; Program('.').run()"
    ours = {name for name in imported(workshop, code) if name.startswith("gorun_tasks")}
    of_a_run = ("api", "build.graph", "build.outcome", "inputs.verdict", *OF_A_CHILD)
    assert ours == OURS - {"gorun_tasks.main"} | modules(*of_a_run)


def test_importing_the_package_loads_nothing(workshop: Workshop) -> None:
    before = imported(workshop, "import sys")
    assert imported(workshop, "import gorun_tasks") - before == {"gorun_tasks"}


def traced(
    workshop: Workshop, *words: str, code: str = ENTRY, env: dict[str, str] | None = None
) -> list[str]:
    """Return the system calls of gorun, from Python's start to the program's."""
    log = workshop.folder.parent / "strace"
    command = ["strace", "-f", "-qq", "-e", "signal=none", "-o", str(log)]
    words = (sys.executable, "-P", "-c", code, *words)
    result = workshop.execute([*command, *words], env=env)
    assert result.rc == 0
    calls = [line.partition(" ")[2].strip() for line in log.read_text().splitlines()]
    starts = [i for i, call in enumerate(calls) if call.startswith("execve(")]
    assert len(starts) == 2
    return calls[: starts[1]]


@needs_strace
def test_each_file_costs_one_system_call(tmp_path: Path) -> None:
    """Forty more packages of two files each: so many more calls, and hardly one more."""
    files = dict(TWO_PACKAGES)
    workshop = Workshop(tmp_path, files)
    workshop.gorun(".")
    few = len(traced(workshop, "."))
    count = 40
    imports = ""
    more = {}
    for i in range(count):
        imports += f'import _ "example.com/hello/p{i}"\n'
        more[f"p{i}/a.go"] = f"package p{i}\n"
        more[f"p{i}/b.go"] = f"package p{i}\n"
    workshop.write({**more, "imports.go": f"package main\n\n{imports}"})
    assert workshop.gorun(".").rc == 0
    many = len(traced(workshop, "."))
    # The lookups for go.mod that find nothing are free.
    expected = count * (CALLS_PER_DIRECTORY + 2 * CALLS_PER_FILE)
    assert expected <= many - few <= expected + 8


@needs_strace
def test_all_else_is_a_fixed_number_of_system_calls(workshop: Workshop) -> None:
    env = {
        # Where the commands are that are looked up, and no more.
        "PATH": os.pathsep.join(os.path.dirname(go) for go in (go_command(), "/usr/bin/gcc")),
        # Bytecode, as an installed package has it.
        "PYTHONPYCACHEPREFIX": str(workshop.folder.parent / "bytecode"),
        "PYTHONDONTWRITEBYTECODE": "",
        # Where Python has to choose a locale, the environment that we began with is read.
        "LANG": "C.UTF-8",
        "LC_ALL": "",
        "LC_CTYPE": "",
    }
    only_becomes = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
    floor = traced(workshop, "/bin/true", code=only_becomes, env=env)
    assert workshop.gorun(".", env=env).rc == 0
    looks = re.compile(r'chdir\(|\w*stat\w*\((AT_FDCWD, )?"[^/]')
    fixed = [call for call in traced(workshop, ".", env=env) if not looks.match(call)]
    counted, least = (
        # When Python asks for more memory hangs on a few bytes of the sources.
        sum(not call.startswith(("brk(", "mmap(", "munmap(")) for call in calls)
        for calls in (fixed, floor)
    )
    assert counted - least <= FIXED_CALLS, counted - least


@needs_strace
def test_nothing_is_looked_for_below_what_is_absent(tmp_path: Path) -> None:
    """Go looks for a package of a module whose name has no dot in the standard library, too."""
    packages = {f"p{i}/p.go": f"package p{i}\n" for i in range(5)}
    imports = "".join(f'import _ "plain/p{i}"\n' for i in range(5))
    main = f"package main\n\n{imports}\nfunc main() {{}}\n"
    workshop = Workshop(
        tmp_path, {"go.mod": "module plain\n\ngo 1.24\n", "main.go": main, **packages}
    )
    assert workshop.gorun(".").rc == 0
    looks = [call for call in traced(workshop, ".") if "src/plain" in call]
    assert len(looks) == 1
    assert 'src/plain"' in looks[0]


@needs_strace
def test_no_input_is_opened_and_nothing_is_written(workshop: Workshop) -> None:
    """Inputs are looked at by stat alone; of the store three or four files are read."""
    calls = traced(workshop, ".")
    opened = [call for call in calls if call.startswith("open")]
    assert not [call for call in opened if f'"{workshop.folder}' in call]
    of_the_store = [call for call in opened if f'"{workshop.store}' in call]
    assert 2 <= len(of_the_store) <= 4
    writing = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")
    assert not [call for call in opened if writing.search(call) and str(workshop.store) in call]
    changing = ("write(", "rename", "unlink", "mkdir", "fsync", "flock", "utime", "link(", "clone")
    assert not [call for call in calls if call.startswith(changing)]
    assert not [call for call in calls if call.startswith(("vfork", "fork"))]
