"""Keys: what is in them, and that a change of what a closure holds makes other ones."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gorun_tasks.closure import implicit_inputs
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.program import ProgramSpec
from gorun_tasks.core.target import Target
from gorun_tasks.inputs.directory_listing import GO_EXTENSIONS
from gorun_tasks.inputs.go_variables import DEFAULTED, ENVIRONMENT, ONLY_TELL
from gorun_tasks.storage.remote.keys import SCHEMA, weak_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WHAT_COUNTS = {4: "c1b9b08ff58751f0"}
"""By schema: what stands for the variables, files and tools that are inputs."""


def test_a_change_of_what_is_an_input_raises_the_schema() -> None:
    """Where this fails: raise keys.SCHEMA, and put the new digest here.

    So does whoever mends the closure otherwise: a file that is read, a listing, a kind of content.
    """
    tools = implicit_inputs._TOOLS  # noqa: SLF001 - they are inputs
    lists = (ENVIRONMENT, DEFAULTED, sorted(ONLY_TELL), sorted(GO_EXTENSIONS), tools)
    digest = hashlib.sha256(repr(lists).encode()).hexdigest()[:16]
    assert WHAT_COUNTS.get(SCHEMA) == digest


def key(
    folder: Path,
    *words: str,
    flags: tuple[str, ...] = (),
    stamp: Mapping[str, str] | None = None,
    cwd: str = "",
    scope: str = "",
) -> bytes:
    program = ProgramSpec(
        Target(words), BuildFlags.parse(list(flags))[0], {}, stamp, cwd=str(folder / cwd)
    )
    return weak_key(program, scope)


def test_two_checkouts_have_one_weak_key(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name / "cmd").mkdir(parents=True)
        (tmp_path / name / "go.mod").write_text("module example.com/one\n")
    first, second = tmp_path / "a", tmp_path / "b"
    assert key(first, "./cmd") == key(second, "./cmd")
    assert key(first, ".", cwd="cmd") == key(second, ".", cwd="cmd")
    (second / "go.mod").write_text("// another comment\n\nmodule example.com/one\n\ngo 1.24\n")
    assert key(first, "./cmd") == key(second, "./cmd")


def test_whatever_differs_beforehand_makes_another_weak_key(tmp_path: Path) -> None:
    (tmp_path / "cmd").mkdir()
    (tmp_path / "go.mod").write_text("module example.com/one\n")
    keys = {
        key(tmp_path, "./cmd"),
        key(tmp_path, "./lib"),
        key(tmp_path, "./cmd", cwd="cmd"),
        key(tmp_path, "./cmd", flags=("-race",)),
        key(tmp_path, "./cmd", flags=("-tags=a",)),
        key(tmp_path, "./cmd", stamp={"main.version": "commit"}),
        key(tmp_path, "./cmd", stamp={"main.version": "date"}),
        key(tmp_path, "./cmd", scope="team"),
    }
    assert len(keys) == 8
    (tmp_path / "go.mod").write_text("module example.com/two\n")
    assert key(tmp_path, "./cmd") not in keys
