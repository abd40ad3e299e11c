"""What go's lines mean; a line that is not understood makes the whole report unusable."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.toolchain.report import NotRecorded, Report

if TYPE_CHECKING:
    from pathlib import Path

SUM = "0123456789abcdef" * 4
GOROOT = "/go"
TRACE = f"7 gofsystrace ReadDir {GOROOT}/src/runtime\n"


def told(*hashed: str, traced: str = TRACE) -> Report:
    report = Report()
    report.hashed = [os.fsencode(line) for line in hashed]
    report.traced = os.fsencode(traced)
    report.settings = {"GOROOT": GOROOT}
    return report


def test_hashes_are_of_files_with_any_name() -> None:
    """Blanks, colons and bytes that are no text are part of a name."""
    names = ["/m/main.go", "/m/a b: c.go", "/m/\udcff.go"]
    report = told(*(f"HASH {name}: {SUM}" for name in names), "HASH[build x]: whatever")
    assert report.hashes() == dict.fromkeys(names, bytes.fromhex(SUM))


def test_what_go_made_itself_is_no_input() -> None:
    cached = f"/cache/01/{SUM}-d"
    made = ["/tmp/ours/go-build123/b001/_gomod_.go", cached]
    report = told(*(f"HASH {name}: {SUM}" for name in made))
    report.temporary = "/tmp/ours"
    report.settings = {"GOCACHE": "/cache"}
    assert report.hashes() == {}


def test_a_project_whose_path_looks_like_go_build_is_an_input() -> None:
    report = told(f"HASH /home/me/go-builder/main.go: {SUM}")
    assert set(report.hashes()) == {"/home/me/go-builder/main.go"}


@pytest.mark.parametrize(
    "line",
    ["HASH /m/main.go", "HASH /m/main.go: ", f"HASH /m/main.go: {SUM[:-1]}", "HASH /m/a.go: xyz"],
)
def test_half_a_hash_line_is_not_recorded(line: str) -> None:
    with pytest.raises(NotRecorded, match="not understood"):
        told(line).hashes()


def test_operations_are_by_path() -> None:
    traced = TRACE + "7 gofsystrace Stat /m/go.mod\n7 gofsystrace Open /m/go.mod\n"
    operations = told(traced=traced + "7 gofsystrace Stat /m/a b\n").operations("/m")
    assert operations["/m/go.mod"] == {"Stat", "Open"}
    assert operations["/m/a b"] == {"Stat"}


def test_relative_paths_are_from_where_go_really_ran(tmp_path: Path) -> None:
    """Some paths are printed relative to go's own, physical, directory."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    report = told(traced=TRACE + "7 gofsystrace Stat ../go.work\n")
    real = os.path.realpath(tmp_path)
    assert f"{real}/go.work" in report.operations(f"{tmp_path}/link")


@pytest.mark.parametrize(
    ("traced", "words"),
    [
        ("", "more than one go wrote the trace"),
        (TRACE + TRACE.replace("7", "8", 1), "more than one go wrote the trace"),
        (TRACE + "7 gofsystrace Stat\n", "not understood"),
        (TRACE + "something else entirely here\n", "not understood"),
        ("7 gofsystrace Stat /go/src/runtime\n", "did not report the directories"),
        ("7 gofsystrace ReadDir /other/src/runtime\n", "did not report the directories"),
    ],
)
def test_doubtful_trace_is_not_recorded(traced: str, words: str) -> None:
    """Two go's mixed, a warm package index, a truncated file: run it, remember nothing."""
    with pytest.raises(NotRecorded, match=words):
        told(traced=traced).operations("/m")


def test_moved_sources_are_those_that_could_have_changed(tmp_path: Path) -> None:
    old = tmp_path / "old.go"
    old.touch()
    stamp = old.stat().st_ctime_ns
    report = told(f"HASH {old}: {SUM}", f"HASH {tmp_path}/gone.go: {SUM}")
    report.started = stamp + 10**10
    assert report.moved_sources() == [f"{tmp_path}/gone.go"]
    report.started = stamp
    assert report.moved_sources() == [f"{tmp_path}/gone.go", str(old)]


def test_actions_that_read_a_file_and_what_is_derived_from_them() -> None:
    """The IDs under which go's cache holds what was compiled from a file that moved."""
    other, derived = SUM[::-1], "ab" * 32
    report = told(
        "HASH[build m]",
        'HASH[build m]: "compile\\n"',
        'HASH[build m]: "file main.go abc\\n"',
        f"HASH[build m]: {SUM}",
        'HASH[build n]: "file other.go abc\\n"',
        f"HASH[build n]: {other}",
        f'HASH subkey {SUM} "vet" = {derived}',
        f'HASH subkey {other} "vet" = {"cd" * 32}',
    )
    assert report.actions_that_read(["/m/main.go"]) == sorted([SUM, derived])
    assert report.actions_that_read([]) == []
    assert report.actions_that_read(["/m/none.go"]) == []
