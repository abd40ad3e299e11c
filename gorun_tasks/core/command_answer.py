"""Command answer: what a command says that may start another program than it did.

A compiler that is a launcher chooses by what only it knows, so what it would start is asked at each
run. The question is an input that stands among the variables, with "=$ " before it: no variable's
name begins so. Its value is a digest of what the command said.

Decides how it is asked: where go would start it, and with nothing to read. It must never be asked
for a program that does not use it, and is loaded for no other.
"""

from __future__ import annotations

import shlex
import subprocess
from hashlib import sha256

from gorun_tasks.core.program import QUESTION
from gorun_tasks.core.reasons import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PATIENCE = 30  # seconds
_ASKED = "-###"


def question(directory: str, command: Iterable[str]) -> str:
    """Return the name of the input that is what a command says in a directory."""
    return QUESTION + shlex.join((directory, *command))


def said(name: str, environ: Mapping[str, str]) -> bytes:
    """Return what the command of a question says, on both streams; b"" where it cannot."""
    directory, *command = shlex.split(name.removeprefix(QUESTION))
    try:
        done = subprocess.run(
            command,
            env={**environ, "LC_ALL": "C", "PWD": directory},
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return b"%d %s" % (done.returncode, done.stdout)


def answer(name: str, environ: Mapping[str, str]) -> str:
    return sha256(said(name, environ)).hexdigest()


def changed(name: str) -> Reason:
    """Return the reason that a command says something else than it did."""
    does = "starts" if _ASKED in shlex.split(name) else "says"
    return Reason(shown(name), f"{does} something else than when this was built")


def shown(name: str) -> str:
    """Return the command of a question, as a person knows it."""
    _, *command = shlex.split(name.removeprefix(QUESTION))
    return shlex.join(command[: command.index(_ASKED)] if _ASKED in command else command)
