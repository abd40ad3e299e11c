"""The store may be deleted, or moved away, whenever one likes: also while go builds."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.held import Held
from tests.support.workshop import HELLO, Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

HOW = {"removed": "rm -rf '{store}'", "moved": "mv '{store}' '{store}.moved'"}


def removing(folder: Path, tool: str, how: str, *, always: bool) -> Workshop:
    """Return a folder whose store goes when a build comes to a tool of go's."""
    workshop = Workshop(folder)
    instead = HOW[how].format(store=workshop.store)
    once = f"if mkdir '{folder}/gone' 2>/dev/null; then {instead}; fi"
    workshop.environ["GOFLAGS"] = Held(folder, tool, instead if always else once).flag
    return workshop


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("tool", ["compile", "link"])
@pytest.mark.parametrize("options", [(), ("--ephemeral",), ("--rebuild",), ("--build",)])
def test_the_program_runs(tmp_path: Path, options: tuple[str, ...], tool: str, how: str) -> None:
    once = how == "moved" or "--build" in options  # which hands out what it built
    workshop = removing(tmp_path, tool, how, always=not once)
    result = workshop.gorun(*options, ".", *([] if "--build" in options else ["a"]))
    said = ".  built because not built before\n" if "--build" in options else "hello [a]\n"
    assert (result.rc, result.out) == (0, said)
    assert "Traceback" not in result.err
    assert result.err.count("/store/v1 was removed during the build; go builds again\n") == 1
    assert list(workshop.temporary.iterdir()) == []
    del workshop.environ["GOFLAGS"]
    assert workshop.outcome(".")[0] == "built"
    assert workshop.outcome(".")[0] == "current"


@pytest.mark.parametrize("tool", ["compile", "link"])
def test_a_path_that_stays_the_same_needs_a_store(tmp_path: Path, tool: str) -> None:
    workshop = removing(tmp_path, tool, "removed", always=False)
    result = workshop.gorun("--which", ".")
    assert result.rc == 0
    assert workshop.execute([result.out.strip(), "a"]).out == "hello [a]\n"


def test_whenever_one_likes(tmp_path: Path) -> None:
    """From outside, at no particular moment, again and again: each run comes to its end."""
    workshop = Workshop(tmp_path, HELLO)
    script = f"while :; do rm -rf '{workshop.store}'; done"
    with subprocess.Popen(["sh", "-c", script], stderr=subprocess.DEVNULL) as remover:
        try:
            for number in range(8):
                workshop.edit("main.go", "hello", "hello ")
                result = workshop.gorun(".", str(number))
                assert result.rc == 0, result
                assert result.out == f"hello{' ' * (number + 1)} [{number}]\n"
                assert "Traceback" not in result.err
        finally:
            remover.kill()
    shutil.rmtree(workshop.store, ignore_errors=True)
