"""A child of ours gets a last signal when we end, and nothing of what we did to signals."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import host
from gorun_tasks.system.child_process import start_child
from tests.support.processes import python, ready

if TYPE_CHECKING:
    from tests.support.processes import Start

pytestmark = pytest.mark.skipif(host.calls_after_fork() is None, reason="has no such signal")
START = "from gorun_tasks.system.child_process import start_child"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_child_is_sent_its_last_signal(
    start: Start, sigprog: str, signum: signal.Signals
) -> None:
    running = start(
        [
            *python(f"{START}\nstart_child(sys.argv[1:], {int(signum)}).wait()"),
            sigprog,
            "serve",
            "0",
        ]
    )
    running.expect(r"ready (\d+)")
    running.signal(signal.SIGKILL)
    running.expect("got (interrupt|terminated)")
    running.send(b"finish\n")
    assert running.end() == -signal.SIGKILL


def test_a_child_whose_parent_is_gone_already_does_not_start(start: Start, sigprog: str) -> None:
    code = f"""
{START}
parent = os.getpid()
def in_child():
    os.kill(parent, signal.SIGKILL)
    while os.getppid() == parent:
        pass
os.register_at_fork(after_in_child=in_child)
start_child(sys.argv[1:], signal.SIGTERM).wait()
"""
    running = start([*python(code), sigprog, "count"])
    assert running.end() == -signal.SIGKILL
    assert running.said == b""


def test_a_child_is_told_where_its_reaper_is_killed(start: Start, sigprog: str) -> None:
    code = f"""
{START}
child = start_child(sys.argv[1:], signal.SIGTERM, stdin=subprocess.PIPE)
print(f"reaper {{child.pid}} of {{child.command_pid}}", flush=True)
status = child.wait()
sys.stdin.readline()
print(f"ended with {{status}}", flush=True)
child.stdin.close()
"""
    running = start([*python(f"import subprocess\n{code}"), sigprog, "serve", "0"])
    reaper, command = map(int, running.expect(r"reaper (\d+) of (\d+)").groups())
    assert ready(running) == command
    os.kill(reaper, signal.SIGKILL)
    running.expect("got terminated")
    running.send(b"go on\n")
    running.expect("ended with -9")
    running.expect("finished")
    assert running.end() == 0


def test_only_what_we_send_reaches_a_child(start: Start, sigprog: str) -> None:
    """Its reaper looks like one of us to `pkill`, which tells us as well, and we pass it on."""
    code = f"""
{START}
child = start_child(sys.argv[1:], signal.SIGTERM, stdin=subprocess.PIPE)
sys.stdin.readline()
for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGTSTP):
    os.kill(child.pid, signum)
child.send_signal(signal.SIGUSR2)
sys.stdin.readline()
child.communicate(b"finish\\n")
child.terminate()  # nobody
print("exit status", child.returncode)
"""
    running = start([*python(f"import subprocess\n{code}"), sigprog, "serve", "3"])
    ready(running)
    running.send(b"go on\n")
    running.expect("got user defined signal 2")
    running.send(b"go on\n")
    assert running.end() == 0
    assert running.said.count(b"got") == 1
    assert running.said.endswith(b"finished\nexit status 3\n")


def test_nothing_of_ours_stays_open_because_of_a_child(start: Start, sigprog: str) -> None:
    code = f"""
{START}
reads, writes = os.pipe()
child = start_child(sys.argv[1:], signal.SIGTERM, close_fds=False)
os.close(writes)
print("read", os.read(reads, 1), flush=True)
child.wait()
"""
    running = start([*python(code), sigprog, "serve", "0"])
    running.expect("read b''")
    running.send(b"finish\n")
    assert running.end() == 0


def test_where_no_process_is_to_spare_the_system_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = (lambda: -1, lambda _: None, lambda: None)
    monkeypatch.setattr(host, "calls_after_fork", lambda: calls)
    with pytest.raises(BlockingIOError, match="Resource temporarily unavailable"):
        start_child([sys.executable, "-c", ""], signal.SIGTERM)


def test_what_we_do_with_signals_is_not_the_childs(start: Start) -> None:
    code = f"""
{START}
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGTERM, print)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGQUIT])
shown = "import signal; print(signal.pthread_sigmask(0, ()), *map(signal.getsignal, (1, 15)))"
start_child([sys.executable, "-c", shown], signal.SIGTERM).wait()
print(signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getsignal(signal.SIGTERM) is print)
"""
    running = start(python(code))
    assert running.end() == 0
    assert running.said.decode().splitlines() == [
        "{<Signals.SIGQUIT: 3>} 1 0",
        "{<Signals.SIGQUIT: 3>} True",
    ]


def test_one_that_cannot_start_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        start_child(["/nowhere"], signal.SIGTERM)
    assert start_child([sys.executable, "-c", ""], signal.SIGTERM).wait() == 0


def test_a_runners_process_ends_with_it(start: Start) -> None:
    code = """
from gorun_tasks.system.child_process import end_with_parent
if not os.fork():
    end_with_parent()
    print("tied", flush=True)
while True:
    signal.pause()
"""
    running = start(python(code))
    running.expect("tied")
    running.signal(signal.SIGKILL)
    assert running.end() == -signal.SIGKILL  # nobody has its output open any more
