"""A child of ours gets a last signal when we end, and nothing of what we did to signals."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import host
from gorun_tasks.system.child_process import start_child
from tests.support.processes import python

if TYPE_CHECKING:
    from tests.support.processes import Start

pytestmark = pytest.mark.skipif(host.tied_to_parent(0) is None, reason="has no such signal")
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
