"""gorun --watch of several programs, by the clock, and without what it needs."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import host
from gorun_tasks.watch.file_events import why_poll
from tests.support.clock import PATIENCE
from tests.support.watching import SERVER, Watching, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.workshop import Workshop

pytestmark = pytest.mark.usefixtures("go")

MAIN = (
    SERVER["main.go"]
    .replace("version()", "lib.Word, own")
    .replace('\t"syscall"\n)', '\t"syscall"\n\n\t"example.com/server/lib"\n)')
)
TWO_PROGRAMS = {
    "go.mod": SERVER["go.mod"],
    "lib/lib.go": 'package lib\n\nconst Word = "shared"\n',
    "cmd/api/main.go": MAIN,
    "cmd/api/own.go": 'package main\n\nconst own = "api-one"\n',
    "cmd/worker/main.go": MAIN,
    "cmd/worker/own.go": 'package main\n\nconst own = "worker-one"\n',
    "gorun.toml": '[programs.api]\nargs = ["-port", "1"]\n',
}


def started(watch: Watching, name: str) -> int:
    return [event["program"] for event in watch.events("started")].count(f"./cmd/{name}")


@contextlib.contextmanager
def both(folder: Path) -> Iterator[tuple[Watching, Workshop]]:
    """Watch the two programs, from the moment both have spoken and are watched."""
    shop = watching(folder, TWO_PROGRAMS)
    with Watching(shop, ":api", ":worker") as watch:
        watch.wait_for("api    | version shared api-one [-port 1]\n")
        watch.wait_for("worker | version shared worker-one []\n")
        watch.wait_for_event("watching", 2)
        yield watch, shop


def test_only_what_changed_restarts(tmp_path: Path) -> None:
    """Lines have the program's name before them; arguments are those of the configuration."""
    with both(tmp_path) as (watch, shop):
        shop.edit("cmd/api/own.go", "one", "two")
        watch.wait_for("api    | version shared api-two [-port 1]\n")
        assert "gorun: api: restarts: cmd/api/own.go edited\n" in watch.said
        shop.edit("lib/lib.go", "shared", "new")
        watch.wait_for("api    | version new api-two [-port 1]\n")
        watch.wait_for("worker | version new worker-one []\n")
        watch.wait_until(lambda: (started(watch, "api"), started(watch, "worker")) == (3, 2))
        assert "worker: restarts: cmd/api" not in watch.said
        watch.signal(signal.SIGINT)
        assert watch.end() == 0, watch.said
        assert watch.said.count("ends by interrupt\n") == 2
        assert watch.left_behind() == []


def test_one_fails_and_the_other_goes_on(tmp_path: Path) -> None:
    with both(tmp_path) as (watch, shop):
        shop.edit("cmd/api/own.go", "const", "konst")
        watch.wait_for("gorun: api: the old program runs on\n")
        shop.edit("cmd/worker/own.go", "one", "two")
        watch.wait_for("worker | version shared worker-two []\n")
        shop.edit("cmd/api/own.go", "konst", "const")
        watch.wait_for("gorun: api: runs on: all is as it was\n")


def with_api(main: str) -> dict[str, str]:
    """Return the two programs, of which api is another one."""
    head = 'package main\n\nimport (\n\t"fmt"\n\t"os"\n\t"os/exec"\n\t"syscall"\n)\n\n'
    used = "var _, _, _ = exec.Command, os.Exit, syscall.Exec\n\n"
    return TWO_PROGRAMS | {
        "cmd/api/main.go": f"{head}{used}func main() {{\n{main}}}\n",
        "cmd/api/own.go": "package main\n",
    }


def test_the_last_words_of_a_program_are_said(tmp_path: Path) -> None:
    """Also those that end no line, and before it is told that it ended."""
    files = with_api('\tfmt.Print("last words")\n\tos.Exit(3)\n')
    with Watching(watching(tmp_path, files), ":api", ":worker") as watch:
        watch.wait_for("gorun: api: ended with exit status 3, waits for a change\n")
        said = watch.said.splitlines()
        told = said.index("gorun: api: ended with exit status 3, waits for a change")
        assert said.index("api    | last words") < told
        watch.wait_for_event("watching", 2)
        watch.edit("cmd/api/main.go", "last words", "other words")
        watch.wait_for("api    | other words\n")


def test_who_left_the_group_keeps_nobody_waiting(tmp_path: Path) -> None:
    """It may hold the output of the program that started it, for as long as it likes."""
    files = with_api(
        '\tother := exec.Command("sleep", "600")\n\tother.Stdout = os.Stdout\n'
        "\tother.SysProcAttr = &syscall.SysProcAttr{Setsid: true}\n\tother.Start()\n"
        '\tfmt.Println("left", other.Process.Pid)\n\tselect {}\n'
    )
    with Watching(watching(tmp_path, files), ":api", ":worker") as watch:
        other = int(watch.wait_for_next(r"left \d+\n").split()[1])
        try:
            watch.wait_for("worker | version shared worker-one []\n")
            watch.signal(signal.SIGTERM)
            watch.wait_until(lambda: watch.left_behind() == [])
            os.kill(other, 0)
        finally:
            os.kill(other, signal.SIGKILL)


def test_a_program_that_is_told_to_end_ends_alone(tmp_path: Path) -> None:
    """By whomever: it has no terminal that could have told its group."""
    with both(tmp_path) as (watch, _):
        pids = {event["program"]: event["pid"] for event in watch.events("started")}
        os.killpg(pids["./cmd/api"], signal.SIGINT)
        watch.wait_for("gorun: api: ended with exit status 0, waits for a change\n")
        watch.signal(signal.SIGTERM)
        assert watch.end() == 0
        assert "worker | ends by terminated\n" in watch.said


def test_no_line_is_lost_where_the_output_does_not_wait(tmp_path: Path) -> None:
    """As of a pipe or terminal that we share with one who will not be blocked."""
    # Each write may begin a page of its own, so a pipe can be full with half of its 65,536 bytes.
    lines, full = 2_000, 30_000
    loop = f"\tfor i := range {lines} {{\n\t\tfmt.Printf(%s, i)\n\t}}\n"
    files = with_api(loop % f'"number %d {"x" * 100}\\n"')
    unblocked = "import os, sys; os.set_blocking(1, False); os.execv(sys.argv[1], sys.argv[1:])"
    through = (sys.executable, "-c", unblocked)
    with Watching(watching(tmp_path, files), ":api", ":worker", through=through) as watch:
        deadline = time.monotonic() + PATIENCE
        while watch.unread < full:
            assert time.monotonic() < deadline
        watch.wait_for("gorun: api: ended with exit status 0, waits for a change\n")
        assert watch.said.count("api    | number ") == lines


@pytest.mark.parametrize("no_color", ["", "1"])
def test_names_are_coloured_on_a_terminal(tmp_path: Path, no_color: str) -> None:
    """Each in a colour of its own, and nothing but the names; NO_COLOR is heard."""
    shop = watching(tmp_path, TWO_PROGRAMS)
    shop.environ |= {"NO_COLOR": no_color, "TERM": "xterm"}
    cyan, yellow, off = ("", "", "") if no_color else ("\x1b[36m", "\x1b[33m", "\x1b[0m")
    with Watching(shop, ":api", ":worker", terminal=True) as watch:
        watch.wait_for(f"{cyan}api    | {off}version shared api-one [-port 1]\n")
        watch.wait_for(f"{yellow}worker | {off}version shared worker-one []\n")


def test_several_programs_do_not_share_arguments(tmp_path: Path) -> None:
    shop = watching(tmp_path, TWO_PROGRAMS)
    result = shop.gorun("--watch", ":api", ":worker", "-x")
    assert result.rc == 2
    assert "--watch of several programs takes no arguments: -x" in result.err


def test_an_address_is_no_name(tmp_path: Path) -> None:
    with Watching(watching(tmp_path, TWO_PROGRAMS), ":worker", ":8080") as watch:
        watch.wait_for("version shared worker-one [:8080]\n")


def test_by_the_clock_where_no_events_come(tmp_path: Path) -> None:
    shop = watching(tmp_path)
    shop.environ["WATCHFILES_FORCE_POLLING"] = "1"
    with Watching(shop, ".") as watch:
        watch.wait_for("version one []\n")
        watch.wait_for("gorun: looks twice a second for changes: WATCHFILES_FORCE_POLLING is set\n")
        os.utime(shop.folder / "version.go")
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two []\n")
        watch.edit("version.go", "func", "fun")
        watch.wait_for("gorun: the old program runs on\n")
        watch.edit("version.go", "fun ", "func ")
        watch.wait_for("gorun: runs on: ")
        assert len(watch.pids) == 2


def test_by_the_clock_where_the_system_has_no_more_watches(tmp_path: Path) -> None:
    """In a user namespace of its own, so that no other process runs out of them."""
    none_left = 'echo 0 > /proc/sys/user/max_inotify_instances; exec "$@"'
    through = ("unshare", "--user", "--map-root-user", "sh", "-c", none_left, "sh")
    with Watching(watching(tmp_path), ".", through=through) as watch:
        watch.wait_for("changes: the system has no more inotify watches")
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two []\n")


def test_file_systems_without_events_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = [
        (None, "/", "ext4", ""),
        (None, "/home", "nfs4", ""),
        (None, "/home/me/local", "ext4", ""),
        (None, "/mnt/with space", "fuse.sshfs", ""),
    ]
    monkeypatch.setattr(host, "mounts", lambda: mounts)
    assert why_poll(["/", "/srv/app", "/home/me/local/app"]) == ""
    assert why_poll(["/srv", "/home/me/app"]) == "/home is nfs4, from which no events come"
    assert why_poll(["/mnt/with space"]).startswith("/mnt/with space is fuse.sshfs")
    monkeypatch.setattr(host, "mounts", list)
    assert why_poll(["/anywhere"]) == ""


def test_without_watchfiles_one_sentence(tmp_path: Path) -> None:
    """Where the system itself tells nobody else."""
    shop = watching(tmp_path)
    code = (
        "import sys; sys.modules['watchfiles'] = None\n"
        "from gorun_tasks.system import host; host.TELLS_OF_DIRECTORIES = False\n"
        "sys.argv = ['gorun', '--watch', '.']\n"
        "from gorun_tasks.main import main\n"
        "main()\n"
    )
    result = shop.execute([sys.executable, "-c", code])
    assert result.rc == 2
    assert result.err == (
        "gorun: watching needs watchfiles, which is not installed; "
        "pip install 'gorun-tasks[watch]'\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--which", "."], "--watch cannot be combined with --which"),
        (["--affected", "HEAD"], "--watch cannot be combined with --affected"),
        (["--stop-signal", "NONE", "."], "--stop-signal NONE is no signal"),
        (["--stop-timeout", "soon", "."], "--stop-timeout soon is no number of seconds"),
        (["-nonsense", "."], "flag provided but not defined: -nonsense"),
    ],
)
def test_bad_words(tmp_path: Path, words: list[str], sentence: str) -> None:
    result = watching(tmp_path).gorun("--watch", *words)
    assert result.rc == 2
    assert sentence in result.err
    assert "Traceback" not in result.err
