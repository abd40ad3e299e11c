"""What is here, by content, with stats that may be recorded."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.inputs.digest import ABSENT, ContentCache
from gorun_tasks.storage.remote.machine import Unlike
from gorun_tasks.storage.remote.observation import Observation
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from pathlib import Path


def test_a_directory_is_as_it_would_be_recorded(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text("package a\n")
    (tmp_path / "notes").write_text("")
    let_the_clock_tick()
    observation = Observation(ContentCache())
    names = [("a.go", b""), ("go.mod", b"")]
    record, detail = observation.directory(str(tmp_path), "lib", ("go", ("go.mod",)), names)
    assert record[0] == "lib"
    assert record[2] == ("a.go", "go.mod")
    assert [key is None for key in record[3]] == [False, True]
    assert detail == (
        *("go", ("go.mod",), ("a.go",)),
        (hashlib.sha256(b"package a\n").digest(), ABSENT),
    )
    assert not observation.unsettled


def test_what_changed_within_the_tick_is_not_settled(tmp_path: Path) -> None:
    observation = Observation(ContentCache())
    (tmp_path / "a.go").write_text("package a\n")
    observation.content(str(tmp_path / "a.go"), b"")
    assert observation.unsettled


def test_a_content_that_is_known_by_its_stat_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.go"
    path.write_text("package a\n")
    status = os.stat(path)
    key = (
        *(status.st_mtime_ns, status.st_ctime_ns, status.st_size),
        *(status.st_ino, status.st_dev),
    )
    known = ContentCache()
    known.add(str(tmp_path), ("", None, ("a.go",), (key,)), (b"x" * 32,))
    assert Observation(known).content(str(path), b"") == (b"x" * 32, key)
    assert Observation(known).content(str(path), b"h")[0] != b"x" * 32


def test_what_no_build_would_have_recorded_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gone.go").symlink_to("nowhere")
    observation = Observation(ContentCache())
    with pytest.raises(Unlike):
        observation.content(str(tmp_path / "gone.go"), b"")
    with pytest.raises(Unlike):
        observation.directory(str(tmp_path / "none"), "none", ("go", ()), [])
    with pytest.raises(Unlike):
        observation.content("/proc/self/status", b"")
