"""What a run of gorun comes to: built, current, restored; and what it starts for that.

Each test is one person's day with one module. `--events` tells the outcome, strace the processes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.workshop import HELLO, TWO_PACKAGES, Workshop, needs_strace

pytestmark = pytest.mark.usefixtures("go")


def test_first_run_builds_and_second_is_current(tmp_path: Path) -> None:
    """Both runs do the same for the person; the events tell them apart, and only once each."""
    workshop = Workshop(tmp_path)
    for expected, because in (("built", [" not built before"]), ("current", [])):
        outcome, reasons, result = workshop.outcome(".", "a", "b c")
        assert (outcome, reasons) == (expected, because)
        assert result == (0, "hello [a b c]\n", "")


@needs_strace
def test_current_run_executes_gorun_and_the_program_only(tmp_path: Path) -> None:
    """No go, no shell, nothing: two successful execve, the Python of gorun and the program."""
    workshop = Workshop(tmp_path)
    first = workshop.executed(".")
    assert any(os.path.basename(path) == "go" for path in first)
    (executable,) = workshop.executables()
    assert workshop.executed(".") == [sys.executable, str(executable)]


@needs_strace
def test_program_has_the_process_of_gorun(tmp_path: Path) -> None:
    """A supervisor signals the process it started: cold or current, that is the program."""
    files = {
        **HELLO,
        "main.go": 'package main\n\nimport "os"\n\nfunc main() { println(os.Getpid()) }',
    }
    workshop = Workshop(tmp_path, files)
    for _ in range(2):
        with workshop.start("gorun_tasks", ".") as running:
            assert running.end() == 0
            assert running.said == f"{running.pid}\n"


def test_edit_builds_and_names_the_file(tmp_path: Path) -> None:
    """An edit of the main package, and of a package it imports."""
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    workshop.gorun(".")
    workshop.edit("lib/lib.go", '"word"', '"other"')
    outcome, because, result = workshop.outcome(".")
    assert (outcome, because) == ("built", ["lib/lib.go edited"])
    assert result.err == "other\n"
    workshop.edit("main.go", "lib.Word()", "lib.Word() + lib.Word()")
    outcome, because, result = workshop.outcome(".")
    assert (outcome, because) == ("built", ["main.go edited"])
    assert result.err == "otherother\n"


def test_edit_undone_is_restored_and_then_current(tmp_path: Path) -> None:
    """The store has the executable for this content; go is not asked (there is none to ask)."""
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    workshop.edit("main.go", "hello", "goodbye")
    assert workshop.gorun(".").out == "goodbye []\n"
    workshop.edit("main.go", "goodbye", "hello")
    outcome, because, result = workshop.outcome(".")
    assert (outcome, because) == ("restored", ["main.go edited"])
    assert result == (0, "hello []\n", "")
    assert workshop.outcome(".")[0] == "current"


@needs_strace
def test_touch_is_current_without_go(tmp_path: Path) -> None:
    """A time stamp is a hint, content is the truth: no process is started for it."""
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    workshop.gorun(".")
    for name in ("main.go", "lib/lib.go", "go.mod"):
        (workshop.folder / name).touch()
    (executable,) = workshop.executables()
    assert workshop.executed(".") == [sys.executable, str(executable)]
    assert workshop.outcome(".")[:2] == ("current", [])


def test_new_tree_with_the_same_content_is_current(tmp_path: Path) -> None:
    """A checkout away and back, a restored backup: new inodes and times, the same content."""
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    workshop.gorun(".")
    workshop.folder.rename(tmp_path / "old")
    workshop.write(TWO_PACKAGES)
    assert workshop.outcome(".")[:2] == ("current", [])


def test_edit_that_keeps_size_and_time_builds(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    main = workshop.folder / "main.go"
    before = main.stat()
    workshop.edit("main.go", "hello", "hallo")
    os.utime(main, ns=(before.st_atime_ns, before.st_mtime_ns))
    outcome, because, result = workshop.outcome(".")
    assert (outcome, because, result.out) == ("built", ["main.go edited"], "hallo []\n")


@pytest.mark.parametrize(
    ("name", "text", "because"),
    [
        ("more.go", "package main\n\nfunc init() {}\n", "new file more.go"),
        ("lib/lib_linux.go", "package lib\n", "new file lib/lib_linux.go"),
        ("go.work", "go 1.24\n\nuse .\n", "new file go.work"),
        ("lib/go.mod", "module example.com/hello/lib\n\ngo 1.24\n", "new file lib/go.mod"),
        ("default.pgo", "", "new file default.pgo"),
    ],
)
def test_what_appears_is_noticed(tmp_path: Path, name: str, text: str, because: str) -> None:
    """Absence is an input: a file nobody read before makes the program stale by its name."""
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    workshop.gorun(".")
    workshop.write({name: text})
    why = workshop.gorun("--why", ".")
    assert why.rc == 1
    assert f".: {because}\n" in why.out


def test_what_does_not_matter_to_go_does_not_matter(tmp_path: Path) -> None:
    """Notes, hidden files and folders beside the sources."""
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    workshop.write({"notes.txt": "x", "_old.go": "x", ".main.go.swp": "x", "doc/a.md": "x"})
    assert workshop.outcome(".")[0] == "current"


@pytest.mark.parametrize(
    ("name", "value", "because"),
    [
        ("GOFLAGS", "-tags=dev", "GOFLAGS '' → '-tags=dev'"),
        ("GOFIPS140", "latest", "GOFIPS140 '' → 'latest'"),
        ("GODEBUG", "panicnil=1", "GODEBUG '' → 'panicnil=1'"),
    ],
)
def test_environment_is_an_input_with_a_name(
    tmp_path: Path, name: str, value: str, because: str
) -> None:
    """A changed variable is the reason; changed back, the earlier executable is restored."""
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    outcome, reasons, _ = workshop.outcome(".", env={name: value})
    assert (outcome, reasons) == ("built", [because])
    assert workshop.outcome(".", env={name: value})[0] == "current"
    assert workshop.outcome(".")[0] == "restored"


def test_foreign_environment_is_no_input(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    env = {"LANG": "C", "EDITOR": "vi", "GORUN_BUILD_EXIT_CODE": "1", "CI": "1"}
    assert workshop.outcome(".", env=env)[0] == "current"


def test_programs_of_one_store_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Two programs of one module, and one of them with other flags."""
    files = {
        **TWO_PACKAGES,
        "cmd/a/main.go": 'package main\n\nfunc main() { println("a") }\n',
        "cmd/b/main.go": TWO_PACKAGES["main.go"],
    }
    workshop = Workshop(tmp_path, files)
    programs = (("./cmd/a",), ("./cmd/b",), ("-tags=x", "./cmd/b"))
    for words in programs:
        assert workshop.outcome(*words)[0] == "built"
    workshop.edit("lib/lib.go", '"word"', '"new"')
    assert [workshop.outcome(*words)[0] for words in programs] == ["current", "built", "built"]
    assert [workshop.outcome(*words)[0] for words in programs] == ["current"] * 3


def test_broken_edit_says_why_each_time_and_runs_nothing(tmp_path: Path) -> None:
    """A remembered executable is no answer to a source that does not compile."""
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    workshop.edit("main.go", "fmt.Println", "fmt.Printn")
    for _ in range(2):
        outcome, because, result = workshop.outcome(".")
        assert (outcome, because) == ("failed", ["main.go edited"])
        assert (result.rc, result.out) == (125, "")
        assert result.err.count("undefined: fmt.Printn") == 1
    workshop.edit("main.go", "fmt.Printn", "fmt.Println")
    assert workshop.outcome(".")[0] == "current"


def test_removed_target_is_an_error_not_a_memory(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    (workshop.folder / "main.go").unlink()
    result = workshop.gorun(".")
    assert (result.rc, result.out) == (125, "")
    assert "no Go files" in result.err
    assert workshop.gorun("--why", ".").out == ".: main.go removed\n"


def test_damaged_executable_is_not_run(tmp_path: Path) -> None:
    """What lies in the store is suspect: a flipped byte means one more build."""
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    (executable,) = workshop.executables()
    data = bytearray(executable.read_bytes())
    data[len(data) // 2] ^= 1
    executable.write_bytes(data)
    outcome, because, result = workshop.outcome(".")
    assert (outcome, because) == ("built", ["the stored executable is not what was published"])
    assert result.out == "hello []\n"
    assert workshop.outcome(".")[0] == "current"


def test_lost_executable_is_made_again(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    (executable,) = workshop.executables()
    executable.unlink()
    outcome, because, result = workshop.outcome(".")
    assert (outcome, because) == ("built", ["the stored executable is missing"])
    assert result.out == "hello []\n"


def test_console_script_is_the_same_command(tmp_path: Path) -> None:
    """The gorun that pip installs, found through PATH: built, then current by either name."""
    script = Path(sys.executable).with_name("gorun")
    if not script.exists():
        pytest.skip("needs an installed gorun: pip install -e .")
    workshop = Workshop(tmp_path)
    path = f"{script.parent}:{os.environ['PATH']}"
    workshop.environ["PATH"] = path
    assert workshop.execute(["gorun", ".", "x"]) == (0, "hello [x]\n", "")
    assert workshop.outcome(".", "x")[0] == "current"
