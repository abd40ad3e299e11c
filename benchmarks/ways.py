"""The ways to start a program: gorun, its peers, and the floors that nobody can be below.

Decides each way's command. Every way has outputs and a build cache of its own, so that none gains
from another's work. It must never put anything between the stopwatch and the way that a person
would not have there: where a build and a start are two commands, `sh` joins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.kit import PTH_FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.scene import Scene


class Way(NamedTuple):
    """A way to start the program of a scene."""

    name: str
    command: Callable[[Scene, str], list[str]]
    """Given the scene and a build flag ("" for none); absolute where the first word has a slash."""
    answers: bool = True
    """Whether it starts the program, whose words are then expected."""
    builds: bool = True
    """Whether it looks for changes; what does not is only a measure for those that do."""
    cache: str = "gorun"
    """Whose build cache it uses: its own, unless it is gorun in another dress."""


def _gorun(scene: Scene, flag: str) -> list[str]:
    return [scene.kit.gorun, *flag.split(), scene.tree.target]


def _go_run(scene: Scene, flag: str) -> list[str]:
    return [scene.kit.go, "run", *flag.split(), scene.tree.target]


def _go_build(scene: Scene, flag: str) -> list[str]:
    words = f"{scene.kit.go} build -o bin/go-build {flag} {scene.tree.target}"
    return ["/bin/sh", "-c", f"{words} && exec bin/go-build"]


def _beside(tool: str, *words: str) -> Callable[[Scene, str], list[str]]:
    """Return the command of a tool that is installed beside gorun; flags are in $FLAGS."""
    return lambda scene, _flag: [f"{scene.kit.bin}/{tool}", *words]


def _alone(count: int) -> Way:
    return Way(
        f"gorun, {count} .pth files", lambda scene, _: [scene.kit.alone[count], scene.tree.target]
    )


BARE = Way("the executable", lambda scene, _: [scene.executable], builds=False)
GORUN = Way("gorun", _gorun)
ALONE = {count: _alone(count) for count in PTH_FILES}
"""gorun in environments with so many .pth files and nothing else."""
GO_RUN = Way("go run", _go_run, cache="go-run")
GO_BUILD = Way("go build, then exec", _go_build, cache="go-build")
CHECKSUM = Way("Task, checksum", _beside("task", "run-checksum"), cache="checksum")
TIMESTAMP = Way("Task, timestamp", _beside("task", "run-timestamp"), cache="timestamp")
DOIT = Way("doit, file_dep", _beside("doit", "start"), cache="doit")
MAKE = Way("make", lambda _scene, _flag: ["/usr/bin/env", "make", "--silent", "run"], cache="make")

_EXEC = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
PYTHON = Way(
    "Python that only execs",
    lambda scene, _: [scene.kit.python, "-c", _EXEC, scene.executable],
    builds=False,
)
C_LOOP = Way(
    "C loop over the same stats",
    lambda scene, _: [scene.c_loop, scene.list_of_inputs(), scene.executable],
    builds=False,
)
_LOOP = """\
import os, sys
for path in open(sys.argv[1]):
    os.stat(path[:-1])
os.execv(sys.argv[2], sys.argv[2:])
"""
PYTHON_LOOP = Way(
    "Python loop over the same stats",
    lambda scene, _: [
        *(scene.kit.python, "-c", _LOOP),
        *(scene.list_of_inputs(), scene.executable),
    ],
    builds=False,
)

MEMORY = Way(
    "gorun --why", lambda scene, _: [scene.kit.gorun, "--why", scene.tree.target], answers=False
)

_ASK = """\
import sys
from gorun_tasks import Program, judge_all
assert {verdict.outcome for verdict in judge_all(map(Program, sys.argv[1:]))} <= {"current"}
"""


def _asked(count: int) -> Callable[[Scene, str], list[str]]:
    return lambda scene, _: [scene.kit.python, "-c", _ASK, *scene.tree.targets[:count]]


NOT_ASKED = Way("API, nothing asked", _asked(0), answers=False)
ASKED_ONE = Way("API, one asked", _asked(1), answers=False)
ASKED_ALL = Way("API, all asked", _asked(50), answers=False)


EMPTY_NOX = Way(
    "nox, empty session", _beside("nox", "-f", "empty_noxfile.py", "-s", "run"), answers=False
)
NOX = Way("nox -s run", _beside("nox", "-s", "run"))
EMPTY_INVOKE = Way(
    "invoke, empty task", _beside("invoke", "-c", "empty_tasks", "run"), answers=False
)
INVOKE = Way("invoke run", _beside("invoke", "run"))
EMPTY_DOIT = Way("doit, empty task", _beside("doit", "-f", "empty_dodo.py", "start"), answers=False)
DOIT_RUN = Way("doit run:x", _beside("doit", "-f", "go_dodo.py", "run:x"))
DOIT_ONE = Way("doit, one asked", _beside("doit", "-f", "go_dodo.py", "build:m00"), answers=False)
DOIT_ALL = Way("doit, all asked", _beside("doit", "-f", "go_dodo.py", "build"), answers=False)

_NOX_LIST = ("nox", "-f", "{}_noxfile.py", "--list")
_INVOKE_LIST = ("invoke", "-c", "{}_tasks", "--list")
_DOIT_LIST = ("doit", "-f", "{}_dodo.py", "list", "--all")


def _list(name: str, words: tuple[str, ...], which: str) -> Way:
    return Way(name, _beside(*(word.format(which) for word in words)), answers=False)


HAND_NOX = _list("nox --list, written by hand", _NOX_LIST, "hand")
ALL_NOX = _list("nox --list, found", _NOX_LIST, "all")
HAND_INVOKE = _list("invoke --list, written by hand", _INVOKE_LIST, "hand")
ALL_INVOKE = _list("invoke --list, found", _INVOKE_LIST, "all")
HAND_DOIT = _list("doit list, written by hand", _DOIT_LIST, "hand")
ALL_DOIT = _list("doit list, found", _DOIT_LIST, "all")
