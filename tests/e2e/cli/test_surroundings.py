"""What is said is the same on terminals of every width, and for whom nohup or a script starts."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.place import REPOSITORY, Running
from tests.support.workshop import TINY, Workshop, screen

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

SAID = {
    (".",): "tiny\n",
    ("--why", "."): ".: current\n",
    ("--list",): "tiny  .\n",
    ("--build",): "tiny  current\n",
}


@pytest.mark.parametrize("words", SAID, ids=" ".join)
@pytest.mark.parametrize("columns", [80, 100])
def test_on_a_terminal(tmp_path: Path, columns: int, words: tuple[str, ...]) -> None:
    workshop = Workshop(tmp_path, TINY)
    assert workshop.gorun(".").rc == 0
    workshop.environ |= {"TERM": "xterm", "COLUMNS": str(columns)}
    command = shlex.join(workshop.command(("gorun_tasks", *words)))
    shell = ["/bin/sh", "-c", f"stty cols {columns}; exec {command}"]
    with Running(shell, workshop, terminal=True) as running:
        assert running.end() == 0
        assert screen(running.said) == SAID[words]


@pytest.mark.parametrize("how", ["nohup", "in the background"])
@pytest.mark.parametrize("words", SAID, ids=" ".join)
def test_where_signals_are_ignored(tmp_path: Path, words: tuple[str, ...], how: str) -> None:
    workshop = Workshop(tmp_path, TINY)
    assert workshop.gorun(".").rc == 0
    command = shlex.join(workshop.command(("gorun_tasks", *words)))
    shell = f"{command} & wait $!" if how != "nohup" else f"nohup {command}"
    result = workshop.execute(["sh", "-c", shell])
    assert result.rc == 0
    assert result.out + result.err.replace("nohup: ignoring input\n", "") == SAID[words]


@pytest.mark.parametrize("how", ["nohup", "in the background", "100 columns"])
def test_the_tests_themselves(how: str) -> None:
    """Whoever runs them may have done so in a way that a test of signals inherits."""
    test = "test_a_signal_to_the_runner_alone_is_passed_on_once"
    test = f"tests/unit/system/test_foreground.py::{test}"
    command = shlex.join([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test])
    shell = {
        "nohup": f"nohup {command}",
        "in the background": f"{command} & wait $!",
        "100 columns": f"COLUMNS=100 {command}",
    }[how]
    done = subprocess.run(
        ["sh", "-c", shell], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
