"""What a caller sees of a program that runs as its child: exit status, signals, terminal, streams.

The rows are those of the runners' comparison, each met by `run_foreground` in a Python process that
does nothing else.
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import wait_until
from tests.support.processes import (
    FOREGROUND,
    Running,
    gone,
    in_world,
    python,
    ready,
    state_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes import Start


# The table: exit status.


@pytest.mark.parametrize("status", [0, 1, 3, 125, 130, 255])
def test_the_exit_status_is_the_programs(start: Start, sigprog: str, status: int) -> None:
    assert start([*python(FOREGROUND), sigprog, "exit", str(status)]).end() == status


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_death_by_a_signal_is_128_and_its_number(
    start: Start, sigprog: str, signum: signal.Signals
) -> None:
    words = [*python(FOREGROUND), sigprog, "kill", str(int(signum))]
    assert start(words).end() == 128 + signum


# The table: signals.


def end_of_one_that_heard_once(running: Running, name: str) -> int:
    """Let the program finish once it has heard of a signal; return how it ended.

    Signals are handled in the order of their numbers: whatever we would have passed on because of
    the first has been passed on when this one has.
    """
    running.expect(f"got {name}")
    running.signal(signal.SIGUSR2)
    running.expect("got user defined signal 2")
    running.send(b"finish\n")
    status = running.end()
    assert running.said.count(f"got {name}".encode()) == 1
    return status


@pytest.mark.parametrize(("key", "name"), [(b"\x03", "interrupt"), (b"\x1c", "quit")])
@pytest.mark.parametrize("status", [3, 0])
def test_a_key_on_the_terminal_reaches_the_program_once_and_it_takes_its_time(
    on_terminal: Start, sigprog: str, key: bytes, name: str, status: int
) -> None:
    running = on_terminal([*python(FOREGROUND), sigprog, "serve", str(status)])
    program = ready(running)
    running.send(key)
    assert end_of_one_that_heard_once(running, name) == status
    assert gone(program)


@pytest.mark.parametrize(
    ("signum", "name"),
    [
        (signal.SIGTERM, "terminated"),
        (signal.SIGHUP, "hangup"),
        (signal.SIGINT, "interrupt"),
        (signal.SIGQUIT, "quit"),
    ],
)
def test_a_signal_to_the_runner_alone_is_passed_on_once(
    start: Start, sigprog: str, signum: signal.Signals, name: str
) -> None:
    running = start([*python(FOREGROUND), sigprog, "serve", "3"])
    program = ready(running)
    running.signal(signum)
    assert end_of_one_that_heard_once(running, name) == 3
    assert gone(program)


@pytest.mark.parametrize(
    ("signum", "name"), [(signal.SIGTERM, "terminated"), (signal.SIGHUP, "hangup")]
)
def test_a_signal_to_the_runner_alone_is_passed_on_from_a_terminal_too(
    on_terminal: Start, sigprog: str, signum: signal.Signals, name: str
) -> None:
    running = on_terminal([*python(FOREGROUND), sigprog, "serve", "3"])
    program = ready(running)
    running.signal(signum)
    running.expect(f"got {name}")
    running.send(b"finish\n")
    assert running.end() == 3
    assert gone(program)


def test_an_interrupt_is_passed_on_in_the_background_of_a_terminal(
    on_terminal: Start, sigprog: str
) -> None:
    # A shell with job control, in short: the terminal tells its own group, not the runner's.
    shell = """
import subprocess
runner = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, process_group=0)
print("runner", runner.pid, flush=True)
runner.communicate(sys.stdin.readline().encode())
sys.exit(runner.returncode)
"""
    running = on_terminal([*python(shell), *python(FOREGROUND), sigprog, "serve", "3"])
    runner = int(running.expect(r"runner (\d+)")[1])
    ready(running)
    os.kill(runner, signal.SIGINT)
    running.expect("got interrupt")
    running.send(b"finish\n")
    assert running.end() == 3


def test_ctrl_z_stops_the_program_and_fg_lets_it_go_on(on_terminal: Start, sigprog: str) -> None:
    # A shell with job control, in short: the runner's group has the terminal until it stops.
    shell = """
import subprocess
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
runner = subprocess.Popen(sys.argv[1:], process_group=0)
os.tcsetpgrp(0, runner.pid)
assert os.WIFSTOPPED(os.waitpid(runner.pid, os.WUNTRACED)[1])
os.tcsetpgrp(0, os.getpgrp())
print("stopped", flush=True)
assert sys.stdin.readline() == "fg\\n"
os.tcsetpgrp(0, runner.pid)
os.killpg(runner.pid, signal.SIGCONT)
sys.exit(runner.wait())
"""
    running = on_terminal([*python(shell), *python(FOREGROUND), sigprog, "serve", "3"])
    program = ready(running)
    running.send(b"\x1a")
    running.expect("stopped")
    wait_until(lambda: state_of(program)[0] == "T")
    running.send(b"fg\n")
    running.expect("fg")
    running.send(b"finish\n")
    running.expect("finished")
    assert running.end() == 3
    assert gone(program)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_during_the_spawn_is_kept_for_the_program(
    start: Start, sigprog: str, signum: signal.Signals
) -> None:
    code = f"""
def hook(event, arguments):
    if event == "subprocess.Popen":
        os.kill(os.getpid(), {int(signum)})
sys.addaudithook(hook)
{FOREGROUND}
"""
    # The program never ends by itself: its standard input stays open.
    assert start([*python(code), sigprog, "count"]).end() == 128 + signum


def test_an_interrupt_before_the_spawn_is_kept_though_it_came_from_the_terminal(
    on_terminal: Start, sigprog: str, tmp_path: Path
) -> None:
    # The first try finds the executable busy, and during it the interrupt comes; the second starts
    # a program that the terminal can have told nothing.
    busy = shutil.copy(sigprog, tmp_path)
    code = f"""
tries = []
writer = open({busy!r}, "r+b")
def hook(event, arguments):
    if event == "subprocess.Popen":
        tries.append(event)
        if len(tries) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        else:
            writer.close()
sys.addaudithook(hook)
{FOREGROUND}
"""
    assert on_terminal([*python(code), busy, "count"]).end() == 128 + signal.SIGINT


def test_what_was_ignored_stays_ignored_in_runner_and_program(start: Start, sigprog: str) -> None:
    # Go, too, leaves an inherited SIG_IGN of these two alone until a program asks for them.
    world = {"ignore": [signal.SIGINT, signal.SIGHUP]}
    running = start([*python(FOREGROUND), sigprog, "count"], **world)
    running.expect("counting")
    running.signal(signal.SIGINT)
    running.signal(signal.SIGHUP)
    assert running.process.stdin is not None
    running.process.stdin.close()
    assert running.end() == 0
    assert b"end after 0 bytes" in running.said


def test_handlers_are_as_they_were_afterwards(start: Start, sigprog: str) -> None:
    code = """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGUSR1, print)
numbers = range(1, signal.NSIG)
before = [signal.getsignal(n) for n in numbers]
status = run_foreground(sys.argv[1:])
print(status, [n for n in numbers if signal.getsignal(n) != before[n - 1]])
"""
    running = start([*python(code), sigprog, "exit", "3"])
    assert running.end() == 0
    assert running.said == b"3 []\n"


def test_the_exit_status_is_known_though_the_runner_was_started_with_sigchld_ignored(
    start: Start, sigprog: str
) -> None:
    words = [*python(FOREGROUND), sigprog, "exit", "3"]
    assert start(words, ignore=[signal.SIGCHLD]).end() == 3


def test_a_runners_own_use_of_a_signal_is_left_to_it(start: Start, sigprog: str) -> None:
    code = f"""
signal.signal(signal.SIGUSR1, lambda *_: print("the runner's", flush=True))
{FOREGROUND}
"""
    running = start([*python(code), sigprog, "serve", "3"])
    ready(running)
    running.signal(signal.SIGUSR1)
    running.expect("the runner's")
    running.send(b"finish\n")
    assert running.end() == 3
    assert b"got" not in running.said


def test_a_runners_own_handler_that_raises_leaves_no_orphan(start: Start, sigprog: str) -> None:
    code = """
def expire(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, expire)
try:
    run_foreground(sys.argv[1:])
except TimeoutError:
    print("too late")
"""
    running = start([*python(code), sigprog, "serve", "3"])
    program = ready(running)
    running.signal(signal.SIGALRM)
    running.expect("got terminated")
    running.send(b"finish\n")
    assert running.end() == 0
    assert running.said.endswith(b"finished\ntoo late\n")
    assert gone(program)


def test_neither_does_one_that_raises_while_it_starts(start: Start, sigprog: str) -> None:
    code = """
def expire(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, expire)
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGALRM))
try:
    run_foreground(sys.argv[1:])
except TimeoutError:
    print("too late")
"""
    running = start([*python(code), sigprog, "count"])
    assert running.end() == 0  # and nobody has its output open any more
    assert running.said.endswith(b"too late\n")


def test_the_program_hears_of_a_runner_that_is_killed(start: Start, sigprog: str) -> None:
    running = start([*python(FOREGROUND), sigprog, "serve", "3"])
    ready(running)
    running.signal(signal.SIGKILL)
    running.expect("got terminated")
    running.send(b"finish\n")
    assert running.end() == -signal.SIGKILL


def test_a_signal_between_fork_and_exec_is_the_programs(start: Start, sigprog: str) -> None:
    """It comes from the terminal, to us and to the child, whose code is still ours."""
    code = f"""
def in_child():
    os.kill(os.getpid(), signal.SIGINT)
os.register_at_fork(after_in_child=in_child)
{FOREGROUND}
"""
    assert start([*python(code), sigprog, "count"]).end() == 128 + signal.SIGINT


def test_a_program_that_will_not_end_is_killed(start: Start, sigprog: str) -> None:
    code = """
from gorun_tasks.system import child_process
child_process._PATIENCE = 0.1
def expire(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, expire)
try:
    run_foreground(sys.argv[1:])
except TimeoutError:
    print("too late")
"""
    running = start([*python(code), sigprog, "serve", "3"])
    ready(running)
    running.signal(signal.SIGALRM)
    running.expect("got terminated")
    assert running.end() == 0
    assert running.said.endswith(b"too late\n")


def test_in_another_thread_it_waits(start: Start, sigprog: str) -> None:
    code = """
import threading
run = lambda: print(run_foreground(sys.argv[1:]))
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    running = start([*python(code), sigprog, "exit", "3"])
    assert running.end() == 0
    assert running.said == b"3\n"


# The table: streams.


def test_the_streams_are_the_terminals_and_apart(sigprog: str) -> None:
    first, first_end = pty.openpty()
    second, second_end = pty.openpty()
    process = subprocess.Popen(
        in_world([*python(FOREGROUND), sigprog, "streams"], terminal=True),
        stdin=first_end,
        stdout=first_end,
        stderr=second_end,
        start_new_session=True,
    )
    os.close(first_end)
    os.close(second_end)
    out, err = Running(process, first, first), Running(process, second, second)
    assert (out.end(), err.end()) == (0, 0)
    os.close(first)
    os.close(second)
    assert out.said.split(b"\r\n") == [
        b"/dev/stdin terminal true",
        b"/dev/stdout terminal true",
        b"/dev/stderr terminal true",
        b"to stdout",
        b"",
    ]
    assert err.said == b"to stderr\r\n"


def test_the_end_of_input_typed_on_a_terminal_reaches_the_program(
    on_terminal: Start, sigprog: str
) -> None:
    running = on_terminal([*python(FOREGROUND), sigprog, "count"])
    running.send(b"line\n\x04")
    running.expect("end after 5 bytes <nil>")
    assert running.end() == 0


def test_20_megabytes_that_are_no_text_arrive_as_they_are(start: Start, sigprog: str) -> None:
    size = 20_000_000
    running = start([*python(FOREGROUND), sigprog, "flood", str(size)])
    assert running.end() == 0
    period = bytes(i * 31 >> 3 & 0xFF for i in range(2048))
    assert running.said == (period * (size // len(period) + 1))[:size]


def test_the_directory_is_changed_but_not_pwd(start: Start, sigprog: str, tmp_path: Path) -> None:
    code = f"os.environ['PWD'] = '/as/typed'; run_foreground(sys.argv[1:], cwd={str(tmp_path)!r})"
    running = start([*python(code), sigprog, "directory"])
    assert running.end() == 0
    assert running.said == f"{os.path.realpath(tmp_path)} <nil>\n/as/typed\n".encode()


REPORT = """
from gorun_tasks.errors import ExecutionError
try:
    {code}
except ExecutionError as error:
    print(error, error.exit_status, signal.getsignal(signal.SIGPIPE).name)
"""


def test_a_missing_directory_is_not_blamed_on_the_program(
    start: Start, sigprog: str, tmp_path: Path
) -> None:
    missing = str(tmp_path / "missing")
    code = f"run_foreground(sys.argv[1:], cwd={missing!r})"
    running = start([*python(REPORT.format(code=code)), sigprog, "exit", "0"])
    assert running.end() == 0
    said = f"cannot run the program in {missing}: No such file or directory 126 SIG_IGN\n"
    assert running.said.decode() == said


# How we end, and end others.


@pytest.mark.parametrize(
    "signum",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGKILL, signal.SIGSEGV],
)
@pytest.mark.parametrize(
    "world", [{}, {"ignore": [signal.SIGINT, signal.SIGTERM]}, {"block": [signal.SIGTERM]}]
)
def test_we_die_by_the_signal_itself(
    start: Start, signum: signal.Signals, world: dict[str, object]
) -> None:
    running = start(python(f"print('last words'); die_by({int(signum)})"), **world)
    assert running.end() == -signum
    assert running.said == b"last words\n"


def test_a_signal_that_does_not_end_us_still_gives_its_status(
    start: Start,
) -> None:
    assert start(python("die_by(signal.SIGURG)")).end() == 128 + signal.SIGURG


def test_another_thread_can_end_us_too(start: Start) -> None:
    code = "import threading; threading.Thread(target=die_by, args=[signal.SIGINT]).start()"
    assert start(python(code)).end() == 128 + signal.SIGINT
