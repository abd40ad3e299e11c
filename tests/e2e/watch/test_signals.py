"""gorun --watch and the ends of programs: nobody is left behind, and a ^C is graceful.

Real signals, real terminals, real process groups: a program that has a child of its own in its
group, one that will not hear of SIGTERM, one that reads what is typed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.support.held import Held
from tests.support.watching import (
    SERVER,
    Watching,
    free_port,
    group_is_gone,
    has_signals_pending,
    watching,
)
from tests.support.workshop import needs_strace

pytestmark = pytest.mark.usefixtures("go")

GO_MOD = {"go.mod": SERVER["go.mod"]}

WITH_A_CHILD = GO_MOD | {
    "main.go": (
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n\t"os/exec"\n\t"os/signal"\n\t"syscall"\n)\n\n'
        "func main() {\n"
        '\tchild := exec.Command("sh", "-c", "trap \'\' TERM INT HUP; sleep 600; sleep 600")\n'
        "\tchild.Start()\n"
        "\tsignals := make(chan os.Signal, 1)\n"
        "\tsignal.Notify(signals, syscall.SIGTERM)\n"
        '\tfmt.Println("one", child.Process.Pid)\n'
        "\t<-signals\n"
        "}\n"
    ),
}
"""A program whose child, in its group, hears of nothing but SIGKILL."""

LISTENER = GO_MOD | {
    "main.go": (
        'package main\n\nimport (\n\t"fmt"\n\t"net"\n\t"os"\n)\n\n'
        "func main() {\n"
        '\t_, err := net.Listen("tcp", os.Args[1])\n'
        '\tfmt.Println("one", err)\n'
        "\tif err != nil {\n\t\tos.Exit(1)\n\t}\n"
        "\tselect {}\n"
        "}\n"
    ),
}
"""A program that has a port for itself."""

READER = GO_MOD | {
    "main.go": (
        'package main\n\nimport (\n\t"bufio"\n\t"fmt"\n\t"os"\n)\n\n'
        "func main() {\n"
        '\tfmt.Println("one reads")\n'
        "\tlines := bufio.NewScanner(os.Stdin)\n"
        "\tfor lines.Scan() {\n"
        '\t\tfmt.Printf("read %q\\n", lines.Text())\n'
        "\t}\n"
        "\tos.Exit(4)\n"
        "}\n"
    ),
}
"""A program that reads what is typed."""


PATIENT = GO_MOD | {
    "main.go": (
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'
        "func main() {\n"
        "\tsignals := make(chan os.Signal, 9)\n"
        "\tsignal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)\n"
        '\tfmt.Println("one")\n'
        '\tfmt.Println("ends by", <-signals)\n'
        "\tos.ReadFile(os.Args[1])\n"
        "\tos.Exit(5)\n"
        "}\n"
    ),
}
"""A program that takes its time: it ends when somebody has written into a fifo."""


SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if not job:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    _, status = os.waitpid(job, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    os.tcsetpgrp(0, os.getpgrp())
    print("shell: stopped", flush=True)
    sys.stdin.readline()
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
"""
"""What a shell does with a job: it gives it the terminal, and takes it back when it is stopped."""


def test_the_whole_group_is_gone_before_the_next_starts(tmp_path: Path) -> None:
    with Watching(watching(tmp_path, WITH_A_CHILD), "--stop-timeout", "0.3", ".") as watch:
        watch.wait_until_it_watches("one ")
        (first,) = watch.pids
        watch.edit("main.go", "one", "two")
        watch.wait_for("two ")
        assert group_is_gone(first)


@pytest.mark.parametrize("whom", ["watcher", "its group"])
def test_nobody_is_left_where_the_watcher_is_killed(tmp_path: Path, whom: str) -> None:
    """By SIGKILL, which nobody can handle."""
    with Watching(watching(tmp_path, WITH_A_CHILD), "--stop-timeout", "0.3", ".") as watch:
        watch.wait_until_it_watches("one ")
        (program,) = watch.pids
        if whom == "watcher":
            watch.signal(signal.SIGKILL)
        else:
            os.killpg(watch.pid, signal.SIGKILL)
        watch.wait_until(lambda: group_is_gone(program))
        watch.wait_until(lambda: watch.left_behind() == [])


def test_the_program_dies_where_all_of_ours_are_killed(tmp_path: Path) -> None:
    """The supervisor as well: then the kernel ends the program (Linux)."""
    with Watching(watching(tmp_path), ".") as watch:
        watch.wait_until_it_watches()
        (program,) = watch.pids
        for pid in set(watch.left_behind()) - {program}:
            os.kill(pid, signal.SIGKILL)
        watch.wait_until(lambda: group_is_gone(program))


def test_address_is_never_in_use(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    with Watching(watching(tmp_path, LISTENER), ".", address) as watch:
        watch.wait_until_it_watches("one <nil>\n")
        for old, new in (("one", "two"), ("two", "three"), ("three", "four")):
            watch.edit("main.go", old, new)
            watch.wait_for(f"{new} ")
        watch.wait_for("four <nil>\n")
        assert "address already in use" not in watch.said


def test_a_chosen_signal_stops_it(tmp_path: Path) -> None:
    with Watching(watching(tmp_path), "--stop-signal", "INT", ".") as watch:
        watch.wait_until_it_watches()
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two []\n")
        assert "ends by interrupt\n" in watch.said


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "no terminal"])
def test_ctrl_c_ends_the_program_and_then_the_watcher(tmp_path: Path, *, terminal: bool) -> None:
    """The program hears of it once; its exit status becomes ours."""
    ends, with_seven = "<-signals)", "<-signals)\n\tos.Exit(7"
    files = SERVER | {"main.go": SERVER["main.go"].replace(ends, f"{with_seven})")}
    with Watching(watching(tmp_path, files), ".", terminal=terminal) as watch:
        watch.wait_until_it_watches()
        if terminal:
            watch.type("\x03")
        else:
            watch.signal(signal.SIGINT)
        assert watch.end() == 7, watch.said
        assert watch.said.count("ends by interrupt\n") == 1
        assert "Traceback" not in watch.said
        assert watch.left_behind() == []


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP], ids=lambda signum: signum.name)
def test_a_supervisors_signal_ends_both(tmp_path: Path, signum: signal.Signals) -> None:
    with Watching(watching(tmp_path), ".") as watch:
        watch.wait_until_it_watches()
        watch.signal(signum)
        assert watch.end() == 0, watch.said
        name = {signal.SIGTERM: "terminated", signal.SIGHUP: "hangup"}[signum]
        assert f"ends by {name}\n" in watch.said
        assert watch.left_behind() == []


@needs_strace
def test_a_program_starts_when_its_keeper_hears_of_what_is_typed(tmp_path: Path) -> None:
    """A ^C is told to the group of the program alone, and the supervisor may be late to join it."""
    late = (
        "inject=setpgid:delay_enter=500000:when=2+"  # microseconds, from the supervisor's second on
    )
    strace = (str(shutil.which("strace")), "-f", "-qq", "-o", os.devnull)
    through = (*strace, "-e", "trace=setpgid", "-e", late)
    with Watching(watching(tmp_path), ".", terminal=True, through=through) as watch:
        watch.wait_for("version ")
        watch.type("\x03")
        assert watch.end() == 0, watch.said
        assert watch.left_behind() == []


def test_a_second_ctrl_c_is_harder(tmp_path: Path) -> None:
    files = SERVER | {
        "main.go": SERVER["main.go"].replace(
            'fmt.Println("ends by", <-signals)',
            'fmt.Println("not yet,", <-signals)\n\tselect {}',
        )
    }
    with Watching(watching(tmp_path, files), ".", terminal=True) as watch:
        watch.wait_until_it_watches()
        watch.type("\x03")
        watch.wait_for("not yet, interrupt\n")
        watch.wait_until(lambda: not any(map(has_signals_pending, watch.left_behind())))
        watch.type("\x03")
        assert watch.end() == 137, watch.said
        assert watch.left_behind() == []


@pytest.mark.parametrize("who", ["supervisor", "terminal"])
def test_who_is_told_twice_is_not_killed(tmp_path: Path, who: str) -> None:
    """`timeout` tells us and our group, a shell tells its jobs that the terminal is gone."""
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    shop = watching(tmp_path, PATIENT)
    with Watching(shop, ".", str(go_on), terminal=who == "terminal") as watch:
        watch.wait_until_it_watches("one\n")
        (program,) = watch.pids
        if who == "terminal":
            os.killpg(program, signal.SIGHUP)
        else:
            watch.signal(signal.SIGTERM)
        watch.wait_for("ends by ")
        watch.signal(signal.SIGHUP if who == "terminal" else signal.SIGTERM)
        watch.wait_until(lambda: not has_signals_pending(watch.pid))
        go_on.write_text("")
        assert watch.end() == 5, watch.said
        assert watch.left_behind() == []


def test_who_waits_for_the_build_of_another_can_be_ended(tmp_path: Path) -> None:
    """Two builds of a program take turns."""
    shop = watching(tmp_path)
    held = Held(tmp_path)
    shop.environ["GOFLAGS"] = held.flag
    with shop.start("gorun_tasks", "."), Watching(shop, ".") as watch:
        held.wait()
        watch.wait_until(lambda: "anon_inode:inotify" in opened_by(watch.pid))
        watch.signal(signal.SIGTERM)
        assert watch.end() == -signal.SIGTERM, watch.said
        assert watch.left_behind() == []


def test_a_crash_is_told_and_the_next_change_awaited(tmp_path: Path) -> None:
    files = SERVER | {"version.go": 'package main\n\nfunc version() string { panic("oh") }\n'}
    with Watching(watching(tmp_path, files), ".") as watch:
        watch.wait_for("gorun: ended with exit status 2, waits for a change\n")
        watch.wait_for_event("watching")
        watch.shop.write({"version.go": SERVER["version.go"]})
        watch.wait_for("version one []\n")
        pid = watch.wait_for_event("started", 2)["pid"]
        os.kill(pid, signal.SIGSEGV)
        watch.wait_for_next("gorun: ended with exit status 2, waits for a change\n")
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two []\n")
        os.kill(watch.wait_for_event("started", 3)["pid"], signal.SIGKILL)
        watch.wait_for("by SIGKILL, waits for a change\n")


def test_ctrl_c_where_nothing_runs(tmp_path: Path) -> None:
    """The terminal is ours again once the program has ended."""
    files = SERVER | {"version.go": 'package main\n\nfunc version() string { panic("oh") }\n'}
    with Watching(watching(tmp_path, files), ".", terminal=True) as watch:
        watch.wait_for("waits for a change\n")
        watch.wait_for_event("watching")
        watch.type("\x03")
        assert watch.end() == -signal.SIGINT, watch.said
        assert watch.left_behind() == []


def test_a_program_that_reads_the_terminal_keeps_it(tmp_path: Path) -> None:
    """Also the one that takes its place."""
    with Watching(watching(tmp_path, READER), ".", terminal=True) as watch:
        watch.wait_until_it_watches("one reads\n")
        watch.type("first\n")
        watch.wait_for('read "first"\n')
        watch.edit("main.go", "one reads", "two reads")
        watch.wait_for("two reads\n")
        watch.type("second\n")
        watch.wait_for('read "second"\n')
        watch.type("\x04")
        watch.wait_for("gorun: ended with exit status 4, waits for a change\n")
        watch.type("\x03")
        assert watch.end() == -signal.SIGINT, watch.said


def test_ctrl_z_stops_all_and_fg_lets_all_go_on(tmp_path: Path) -> None:
    """The shell has the terminal meanwhile, and the program has it again afterwards."""
    shop = watching(tmp_path, READER)
    shell = (sys.executable, "-c", SHELL)
    with Watching(shop, ".", terminal=True, through=shell) as watch:
        watch.wait_until_it_watches("one reads\n")
        (program,) = watch.pids
        watch.type("\x1a")
        watch.wait_for("shell: stopped\n")
        bring_to_the_front(watch, program)
        watch.edit("main.go", "one reads", "two reads")
        watch.wait_for("two reads\n")
        watch.type("\x04")
        watch.wait_for("gorun: ended with exit status 4, waits for a change\n")


BACKGROUND = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if not job:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
sys.stdin.readline()
os.tcsetpgrp(0, job)
os.waitpid(job, 0)
"""
"""What a shell does with a job that was started with & and is brought to the foreground later."""


def test_a_program_from_the_background_gets_the_terminal(tmp_path: Path) -> None:
    """When a shell's fg has brought the watcher there. It stood still, since it wants to read."""
    through = (sys.executable, "-c", BACKGROUND)
    with Watching(watching(tmp_path, READER), ".", terminal=True, through=through) as watch:
        watch.wait_until_it_watches("one reads\n")
        (program,) = watch.pids
        bring_to_the_front(watch, program)


def opened_by(pid: int) -> list[str]:
    """Return what a process has open."""
    folder = f"/proc/{pid}/fd"
    opened = []
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            opened.append(os.readlink(f"{folder}/{name}"))
    return opened


def bring_to_the_front(watch: Watching, program: int) -> None:
    """Have a program that stands still brought back: what is typed then is the program's."""
    watch.wait_until(lambda: state_of(program) == "T")
    watch.type("fg\n")
    watch.wait_until(lambda: state_of(program) != "T")
    watch.type("again\n")
    watch.wait_for('read "again"\n')
    assert 'read "fg"' not in watch.said


def state_of(pid: int) -> str:
    """Return the state of a process, as the kernel writes it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
