"""gorun's own options: --why --which --ephemeral --rebuild --debug --quiet --events --store."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from gorun_tasks import __version__
from gorun_tasks.cli.help import help_text
from tests.support.workshop import HELLO, TINY, Workshop, sample, sections

pytestmark = pytest.mark.usefixtures("go")


def test_why_says_stale_and_builds_nothing(tmp_path: Path) -> None:
    """On stdout; exit status 1 stale, 0 current; never a build, never a run."""
    workshop = Workshop(tmp_path).without_store()
    assert workshop.gorun("--why", ".") == (1, ".: not built before\n", "")
    assert not workshop.store.exists()
    workshop.gorun(".")
    assert workshop.gorun("--why", ".") == (0, ".: current\n", "")
    workshop.edit("main.go", "hello", "goodbye")
    for _ in range(2):
        assert workshop.gorun("--why", ".") == (1, ".: main.go edited\n", "")
    assert len(workshop.executables()) == 1


def test_why_names_every_change(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    workshop.edit("main.go", "hello", "goodbye")
    workshop.write({"more.go": "package main\n"})
    result = workshop.gorun("--why", ".", env={"GOFLAGS": "-race"})
    assert sorted(result.out.splitlines()) == [
        ".: GOFLAGS: '' → '-race'",
        ".: main.go edited",
        ".: new file more.go",
    ]


def test_why_says_when_the_store_can_help(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    workshop.edit("main.go", "hello", "goodbye")
    workshop.gorun(".")
    workshop.edit("main.go", "goodbye", "hello")
    result = workshop.gorun("--why", ".")
    expected = ".: main.go edited\n.: the store has the executable for this content\n"
    assert result == (1, expected, "")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-a", "."], "-a has go asked at each run"),
        (["-v", "."], "-v has go asked at each run"),
        (["-buildvcs=true", "."], "-buildvcs has go asked at each run"),
        (["./..."], "./... is a pattern, so go is asked at each run"),
        (["example.com/x@latest"], "example.com/x@latest names no exact version"),
    ],
)
def test_why_says_what_is_never_remembered(tmp_path: Path, words: list[str], reason: str) -> None:
    workshop = Workshop(tmp_path, TINY)
    result = workshop.gorun("--why", *words)
    assert (result.rc, result.err) == (1, "")
    assert reason in result.out


def test_which_prints_a_path_that_stays(tmp_path: Path) -> None:
    """The same path before and after an edit, the new executable there, nothing run."""
    workshop = Workshop(tmp_path)
    first = workshop.gorun("--which", ".")
    assert (first.rc, first.err) == (0, "")
    path = Path(first.out.removesuffix("\n"))
    assert path.is_absolute()
    assert path.name == "hello"
    assert workshop.execute([str(path), "x"]).out == "hello [x]\n"
    workshop.edit("main.go", "hello", "goodbye")
    assert workshop.gorun("--which", ".") == first
    assert workshop.execute([str(path), "x"]).out == "goodbye [x]\n"
    workshop.edit("main.go", "goodbye", "hello")
    assert workshop.gorun("--which", ".") == first
    assert workshop.execute([str(path), "x"]).out == "hello [x]\n"


def test_which_replaces_by_rename(tmp_path: Path) -> None:
    """Whoever runs the old executable keeps it: the path gets another file, not other bytes."""
    workshop = Workshop(tmp_path)
    path = Path(workshop.gorun("--which", ".").out.strip())
    with path.open("rb") as old:
        before = old.read()
        workshop.edit("main.go", "hello", "goodbye")
        workshop.gorun("--which", ".")
        old.seek(0)
        assert old.read() == before != path.read_bytes()


def test_which_path_is_there_also_when_the_build_fails(tmp_path: Path) -> None:
    """A failed build prints no path, and leaves the last good executable where it was."""
    workshop = Workshop(tmp_path)
    path = workshop.gorun("--which", ".").out.strip()
    workshop.edit("main.go", "fmt.Println", "fmt.Printn")
    result = workshop.gorun("--which", ".")
    assert (result.rc, result.out) == (125, "")
    assert workshop.execute([path]).out == "hello []\n"


def test_which_differs_for_other_programs(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, TINY)
    paths = {workshop.gorun("--which", *w).out for w in (["."], ["-tags=x", "."], ["main.go"])}
    assert len(paths) == 3


def test_ephemeral_leaves_nothing_to_run(tmp_path: Path) -> None:
    """The full cycle of `go run`: the program's folder is gone when it ends, however it ends."""
    workshop = Workshop(tmp_path, sample("sigprog"))
    for words, status in ((["exit", "3"], 3), (["kill", "9"], -9), (["kill", "15"], -15)):
        assert workshop.gorun("--ephemeral", ".", *words).rc == status
        assert list(workshop.temporary.iterdir()) == []


@pytest.mark.parametrize("state", ["cold", "current"])
def test_ephemeral_leaves_no_executable_behind(tmp_path: Path, state: str) -> None:
    """design.md: the executable is deleted when the program ends ."""
    workshop = Workshop(tmp_path)
    if state == "current":
        workshop.gorun("--ephemeral", ".")
    assert workshop.gorun("--ephemeral", ".", "x") == (0, "hello [x]\n", "")
    assert workshop.executables() == []
    assert workshop.leftovers() == []


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ephemeral_program_gets_our_signals(tmp_path: Path, signum: int) -> None:
    """A signal to gorun alone reaches the program; its status is ours; the executable goes."""
    workshop = Workshop(tmp_path, sample("probe"))
    with workshop.start("gorun_tasks", "--ephemeral", ".", "serve", "3") as running:
        running.wait_for("ready ")
        running.signal(signum)
        assert running.end() == 3, running.said
        assert "stopped\n" in running.said
        assert running.left_behind() == []
    assert workshop.leftovers() == []


def test_ephemeral_that_was_killed_is_cleared_by_the_next_build(tmp_path: Path) -> None:
    """design.md: if we are killed, eviction deletes it (SIGKILL lets nobody tidy up)."""
    workshop = Workshop(tmp_path, sample("probe"))
    with workshop.start("gorun_tasks", "--ephemeral", ".", "serve", "3") as running:
        running.wait_for("ready ")
        for pid in running.left_behind():
            os.kill(pid, signal.SIGKILL)
        running.end()
    workshop.gorun("--rebuild", ".", "exit", "0")
    assert workshop.leftovers() == []


def test_rebuild_asks_go_although_current(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    outcome, because, result = workshop.outcome("--rebuild", ".", "x")
    assert (outcome, because) == ("built", [])
    assert result == (0, "hello [x]\n", "")
    assert workshop.outcome(".")[0] == "current"


def test_debug_has_debug_information_and_is_a_program_of_its_own(tmp_path: Path) -> None:
    """DWARF with --debug and none without, as in `go run`; both stay current side by side."""
    workshop = Workshop(tmp_path, TINY)
    words = {"plain": ["."], "debug": ["--debug", "."]}
    found = {}
    for name, flags in words.items():
        path = Path(workshop.gorun("--which", *flags).out.strip())
        found[name] = {s for s in sections(path) if "debug" in s}
        assert workshop.outcome(*flags)[0] == "current"
    assert found["plain"] == set()
    assert any(section.endswith("debug_info") for section in found["debug"])


def test_debug_keeps_the_ldflags_given(tmp_path: Path) -> None:
    """A second -ldflags would drop the first, and with it every -X of the user."""
    files = {
        **TINY,
        "main.go": 'package main\n\nvar version = "none"\n\nfunc main() { println(version) }\n',
    }
    workshop = Workshop(tmp_path, files)
    words = ["--debug", "-ldflags=-X main.version=1.2.3", "."]
    assert workshop.gorun(*words) == (0, "", "1.2.3\n")
    path = Path(workshop.gorun("--which", *words).out.strip())
    assert any(section.endswith("debug_info") for section in sections(path))


def test_events_are_one_line_for_each_request(tmp_path: Path) -> None:
    """Built, current, restored, failed: one outcome each, with the fields the design names."""
    workshop = Workshop(tmp_path)
    file = tmp_path / "told"
    words = ["--events", str(file), "-tags=x", ".", "argument"]
    workshop.gorun(*words)
    workshop.gorun(*words)
    workshop.edit("main.go", "fmt.Println", "fmt.Printn")
    workshop.gorun(*words)
    workshop.edit("main.go", "fmt.Printn", "fmt.Print")
    workshop.gorun(*words)
    workshop.edit("main.go", "fmt.Print", "fmt.Println")
    workshop.gorun(*words)
    events = [json.loads(line) for line in file.read_text().splitlines()]
    outcomes = [event["outcome"] for event in events]
    assert outcomes == ["built", "current", "failed", "built", "restored"]
    path = f"{workshop.folder}/main.go"
    edited = [{"input": "main.go", "change": "edited", "path": path}]
    unknown = [{"input": "", "change": "not built before"}]
    assert [e["because"] for e in events] == [unknown, [], edited, edited, edited]
    times = [event["time"] for event in events]
    assert times == sorted(times)
    for event in events:
        assert event["event"] == "outcome"
        assert event["program"] == "-tags=x ."
        assert event["seconds"] >= 0
        if event["outcome"] == "failed":
            assert event["executable"] is None
        else:
            assert os.access(event["executable"], os.X_OK)


def test_events_by_environment(tmp_path: Path) -> None:
    """GORUN_EVENTS is where the option is not given; appended, never truncated."""
    workshop = Workshop(tmp_path, TINY)
    file = tmp_path / "told"
    file.write_text('{"event": "mine"}\n')
    workshop.gorun(".", env={"GORUN_EVENTS": str(file)})
    workshop.gorun("--which", ".", env={"GORUN_EVENTS": str(file)})
    events = [json.loads(line)["event"] for line in file.read_text().splitlines()]
    assert events == ["mine", "outcome", "outcome"]


def test_words_of_ours_after_the_target_are_the_programs(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    words = ["--why", "--which", "--events", "f", "--help", "--store=clear", "--quiet"]
    result = workshop.gorun(".", *words)
    assert result == (0, f"hello [{' '.join(words)}]\n", "")


@pytest.mark.parametrize(
    "verb", [["."], ["--rebuild", "."], ["--ephemeral", "."], ["--build"], ["--build", "."]]
)
@pytest.mark.parametrize(
    "trouble",
    [
        {"GORUN_CACHE_DIR": "/dev/null/store", "GORUN_EVENTS": "/dev/null/events"},
        {"GORUN_CACHE_SIZE": "plenty", "GORUN_EVENTS": "/dev/null/events"},
    ],
    ids=["store", "size"],
)
def test_quiet_leaves_out_every_line_of_ours(
    tmp_path: Path, verb: list[str], trouble: dict[str, str]
) -> None:
    """What is said of a trouble that stops nobody is not said; the program's words are."""
    workshop = Workshop(tmp_path, TINY)
    quiet = workshop.gorun("--quiet", *verb, env=trouble)
    assert (quiet.rc, quiet.out) == (0, "")
    assert quiet.err == ("" if verb[0] == "--build" else "tiny\n")
    workshop.edit("main.go", "tiny", "small")
    loud = workshop.gorun(*verb, env=trouble)
    assert loud.rc == 0
    assert "gorun: " in loud.err


def test_quiet_still_says_why_there_is_no_program(tmp_path: Path) -> None:
    """Nobody should have to guess from an exit status; what go says is no line of ours."""
    workshop = Workshop(tmp_path, TINY)
    nothing = workshop.gorun("--quiet", ".", env={"GORUN_GO": "/nowhere/go"})
    assert (nothing.rc, nothing.out) == (125, "")
    assert nothing.err.startswith("gorun: GORUN_GO is '/nowhere/go'")
    workshop.edit("main.go", "print", "prind")
    broken = workshop.gorun("--quiet", ".")
    assert broken.err == workshop.go("run", ".").err


def test_help_and_version_answer_on_stdout(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    assert workshop.gorun("--version") == (0, f"gorun {__version__}\n", "")
    assert workshop.gorun("--help") == (0, help_text(), "")


def test_store_stat_of_an_empty_store(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path).without_store()
    expected = f"{workshop.store}/v1: nothing is stored\n"
    for verb in ("stat", "clear", "verify"):
        assert workshop.gorun("--store", verb) == (0, expected, "")
    assert not workshop.store.exists()


def test_store_clear_forgets_everything(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    assert workshop.gorun("--store", "clear") == (0, "", "")
    assert workshop.executables() == []
    outcome, because, result = workshop.outcome(".")
    assert (outcome, because, result.rc) == ("built", [" not built before"], 0)


def test_store_clear_spares_what_is_running(tmp_path: Path) -> None:
    """The program at work keeps its file; the next run builds and works."""
    workshop = Workshop(tmp_path, sample("probe"))
    with workshop.start("gorun_tasks", ".", "serve", "0") as running:
        running.wait_for("ready ")
        (executable,) = workshop.executables()
        assert workshop.gorun("--store", "clear").rc == 0
        assert executable.exists()
        running.signal(signal.SIGTERM)
        assert running.end() == 0
    assert workshop.outcome(".", "exit", "0")[0] == "built"


def test_store_verify_finds_and_removes_what_is_damaged(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.gorun(".")
    assert workshop.gorun("--store", "verify") == (0, "0 damaged executables\n", "")
    (executable,) = workshop.executables()
    with executable.open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    result = workshop.gorun("--store", "verify")
    line = f"{executable}: was not what was published; removed\n"
    assert result == (1, f"{line}1 damaged executables\n", "")
    assert workshop.outcome(".")[2] == (0, "hello []\n", "")


def test_store_drop_forgets_one_program(tmp_path: Path) -> None:
    """Named as it is run, with its flags; the others stay current."""
    workshop = Workshop(tmp_path, TINY)
    workshop.gorun(".")
    workshop.gorun("-tags=x", ".")
    assert workshop.gorun("--store", "drop", "-tags", "x", ".") == (0, "", "")
    assert workshop.gorun("--why", ".").rc == 0
    assert workshop.gorun("--why", "-tags=x", ".").out == "-tags=x .: not built before\n"


def test_store_drop_means_the_program_that_a_run_would_mean(tmp_path: Path) -> None:
    """By its name, with --debug and with a stamp: each is a program of its own."""
    workshop = Workshop(tmp_path)
    (workshop.folder / ".git").mkdir()
    for words in (["--debug", "."], [":hello"]):
        assert workshop.gorun("--which", *words).rc == 0
        assert workshop.gorun("--why", *words).rc == 0
        assert workshop.gorun("--store", "drop", *words) == (0, "", "")
        assert workshop.gorun("--why", *words).rc == 1
        assert workshop.gorun("--which", *words).rc == 0
    assert workshop.gorun("--store", "drop", ".") == (0, "", "")
    assert workshop.gorun("--why", "--debug", ".").rc == 0


def test_store_is_the_users_alone(tmp_path: Path) -> None:
    """0700 whatever the umask, and nothing below it that others could have put there."""
    workshop = Workshop(tmp_path, TINY)
    before = os.umask(0)
    try:
        workshop.gorun(".")
    finally:
        os.umask(before)
    assert stat.S_IMODE((workshop.store / "v1").stat().st_mode) == 0o700


def test_older_schema_is_left_alone(tmp_path: Path) -> None:
    """What another version of gorun keeps beside ours is not ours to read or remove."""
    workshop = Workshop(tmp_path, HELLO)
    other = workshop.store / "v0" / "programs" / "key"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"old")
    assert workshop.outcome(".")[0] == "built"
    workshop.gorun("--store", "clear")
    assert other.read_bytes() == b"old"
