"""An interrupt reaches a process and all that it started."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from gorun_tasks.system.process_tree import interrupt_tree
from tests.support.processes import (
    needs_proc,
    python,
)

if TYPE_CHECKING:
    from tests.support.processes import Start


@needs_proc
def test_an_interrupt_reaches_the_whole_tree(start: Start, sigprog: str) -> None:
    running = start([sigprog, "tree", "3"])
    running.expect("ready")
    interrupt_tree(running.process.pid)
    assert running.end() == 0
    assert sorted(running.said.split(b"\n")) == [
        b"",
        b"interrupted 0",
        b"interrupted 1",
        b"interrupted 2",
        b"interrupted 3",
        b"ready",
    ]


@needs_proc
def test_who_is_interrupted_never_stands_still(start: Start) -> None:
    """Were we killed at that moment, it would stand still for ever; what it started, it awaits."""
    code = (
        "signal.signal(signal.SIGCONT, lambda *_: print('stood still', flush=True))\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('interrupted'), sys.exit()))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    running = start(python(code))
    running.expect("ready")
    interrupt_tree(running.process.pid)
    assert running.end() == 0
    assert running.said == b"ready\ninterrupted\n"


def test_interrupting_what_has_ended_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    interrupt_tree(process.pid)
