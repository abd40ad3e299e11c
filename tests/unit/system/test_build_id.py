"""Executables that differ in their build ID alone are told from others."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system.build_id import same_but_build_id
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def built(tmp_path: Path) -> dict[str, str]:
    """Return executables that `go build` made of almost the same sources."""
    sources = {
        "first": "// a comment\nfunc main() { println(1) }",
        "comment": "// another one\nfunc main() { println(1) }",
        "other": "// a comment\nfunc main() { println(2) }",
        "longer": "// a comment\nfunc main() { println(1); println(2); println(3) }",
    }
    (tmp_path / "go.mod").write_text("module example.com/a\n\ngo 1.24\n")
    made = {}
    for name, source in sources.items():
        (tmp_path / "main.go").write_text(f"package main\n\n{source}\n")
        made[name] = str(tmp_path / name)
        subprocess.run(
            [go_command(), "build", "-o", made[name], "."],
            cwd=tmp_path,
            env={**os.environ, "GOFLAGS": "", "GOWORK": "off"},
            check=True,
        )
    return made


def test_alike_but_for_the_build_id(built: dict[str, str], tmp_path: Path) -> None:
    assert same_but_build_id(built["first"], built["comment"])
    assert not same_but_build_id(built["first"], built["other"])
    assert not same_but_build_id(built["first"], built["longer"])
    assert not same_but_build_id(built["first"], str(tmp_path / "none"))
    copy = shutil.copy(built["first"], str(tmp_path / "copy"))
    assert same_but_build_id(built["first"], copy)
    with open(copy, "r+b") as file:
        file.truncate(os.path.getsize(copy) - 1)
    assert not same_but_build_id(built["first"], copy)


def test_what_is_no_elf_file_is_compared_as_it_is(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"#!/bin/sh\n:\n")
    other.write_bytes(b"#!/bin/sh\n:\n")
    assert same_but_build_id(str(one), str(other))
    other.write_bytes(b"#!/bin/sh\n;\n")
    assert not same_but_build_id(str(one), str(other))
    other.write_bytes(b"\x7fELF\x02\x01" + b"\xff" * 100)
    shutil.copy(other, one)
    assert not same_but_build_id(str(one), str(other))
