"""What go writes while it builds: a report for us, words for the person, the executable."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.errors import BuildError
from gorun_tasks.toolchain.output_stream import dispatch, hand_over, read_lines, temporary_folder
from gorun_tasks.toolchain.report import HashJournal, Report

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = b"0f" * 32
REPORTED = [
    b"HASH[build runtime]",
    b'HASH[build runtime]: "compile\\n"',
    b"HASH[build runtime]: " + DIGEST,
    b"HASH /go/src/runtime/a b.go: " + DIGEST,
    b'HASH subkey %b "link-stdout" = %b' % (DIGEST, DIGEST),
]


def heard(lines: list[bytes], report: Report, out: str = "") -> list[bytes]:
    """Return what the person hears of lines of go's."""
    said: list[bytes] = []
    dispatch(lines, b"\n", report, out, said.append)
    return said


def test_the_report_is_ours() -> None:
    report = Report()
    assert heard(REPORTED, report) == []
    assert report.hashed == REPORTED
    assert not report.diagnostics


@pytest.mark.parametrize(
    "line",
    [
        b"HASHMAP/main.go:3:1: undefined: x",
        b"HASH/a.go:3:1: undefined: x",
        b"HASH /m/a.go: undefined: x",
        b"HASH[x]/a.go:3:1: undefined: x",
        b"HASH",
        b"",
    ],
)
def test_an_error_in_a_folder_of_such_a_name_is_the_persons(line: bytes) -> None:
    """Beside lines of the report, in their order and with their ends."""
    report = Report()
    assert heard([REPORTED[0], line, REPORTED[3]], report) == [line + b"\n"]
    assert report.hashed == [REPORTED[0], REPORTED[3]]
    assert report.diagnostics


@pytest.mark.parametrize(
    "line",
    [
        b"go: downloading example.com/x v1.0.0",
        b"go: module example.com/x is deprecated: use y",
    ],
)
def test_what_go_says_of_the_network_is_heard_and_no_diagnostic(line: bytes) -> None:
    report = Report()
    assert heard([line], report) == [line + b"\n"]
    assert not report.diagnostics


def test_with_x_the_program_is_shown_without_our_words_before_it() -> None:
    report = Report()
    ours = subprocess.run(
        ["sh", "-c", f"printf '%s ' {hand_over(report)}"], capture_output=True, check=True
    ).stdout
    assert report.mark.encode() in ours
    assert heard([ours + b"/tmp/go-build1/b001/exe/app -v"], report) == [
        b"/tmp/go-build1/b001/exe/app -v\n"
    ]


def test_the_hand_over_tells_where_the_executable_is_and_waits() -> None:
    """As the shell that go starts says it, with a PATH that begins with a strange directory."""
    report = Report()
    with subprocess.Popen(
        ["/bin/sh", "-c", f"exec {hand_over(report)} '/tmp/an app'"],
        env={"PATH": "/go's/bin:/bin"},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as shell:
        assert shell.stderr is not None
        told = [shell.stderr.readline().rstrip(b"\n") for _ in range(2)]
        assert shell.poll() is None
        shell.communicate(b"\n")
    mark = report.mark.encode()
    assert told == [mark + b"PATH /go's/bin", mark + b"EXE /tmp/an app"]
    assert shell.returncode == 0


@pytest.fixture
def made(tmp_path: Path) -> tuple[Report, str]:
    """Return a report whose go has its own folder for work, and an executable in it."""
    report = Report()
    report.temporary = str(tmp_path / "go")
    (tmp_path / "go").mkdir()
    (tmp_path / "go" / "app").write_text("new")
    (tmp_path / "out").mkdir()
    return report, f"{tmp_path}/go/app"


def take(report: Report, executable: str, out: str) -> None:
    mark = report.mark.encode()
    heard([mark + b"PATH /go/bin", mark + b"EXE " + os.fsencode(executable)], report, out)


def test_what_go_made_for_us_is_taken_without_a_copy(
    made: tuple[Report, str], tmp_path: Path
) -> None:
    report, executable = made
    take(report, executable, f"{tmp_path}/out")
    assert report.executable == f"{tmp_path}/out/app"
    assert os.path.samefile(report.executable, executable)
    assert report.goroot_bin == "/go/bin"
    assert not report.left_in_go_cache
    assert report.step == "publish"


def test_what_is_in_gos_cache_is_copied_and_stays(made: tuple[Report, str], tmp_path: Path) -> None:
    """A second name for it would let whoever writes to the one change the other."""
    report, executable = made
    report.temporary = ""
    take(report, executable, f"{tmp_path}/out")
    assert report.executable == f"{tmp_path}/out/app"
    assert not os.path.samefile(report.executable, executable)


@pytest.mark.parametrize("own", [True, False])
def test_where_there_is_no_room(
    made: tuple[Report, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, own: bool
) -> None:
    """It goes among temporary files; else it stays in go's cache, or go would remove it."""
    report, executable = made
    report.temporary = report.temporary if own else ""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    take(report, executable, f"{tmp_path}/nowhere")
    assert report.executable.startswith(f"{tmp_path}/tmp/gorun-")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    if own:
        with pytest.raises(BuildError, match="there is no room for the executable: No such file"):
            take(report, executable, f"{tmp_path}/nowhere")
    else:
        take(report, executable, f"{tmp_path}/nowhere")
        assert report.executable == executable
        assert report.left_in_go_cache


def test_where_go_works(tmp_path: Path) -> None:
    """Where the user wants it; in a folder that is never ours to remove where -work promises it."""
    work = str(tmp_path)
    assert temporary_folder({}, ["-work"], work) == ""
    assert temporary_folder({"GOFLAGS": "-v -work"}, [], work) == ""
    chosen = temporary_folder({"GOTMPDIR": work}, [], "/nowhere")
    assert os.path.dirname(chosen) == work
    assert temporary_folder({"GOTMPDIR": f"{work}/nowhere"}, [], work) == ""
    assert temporary_folder({}, [], f"{work}/nowhere") == ""


PIECES = """
import os, sys
for piece in sys.argv[1:]:
    os.write(2, os.fsencode(piece))
    sys.stdin.readline()
"""


def test_lines_come_whole_in_whatever_pieces_go_writes_them(tmp_path: Path) -> None:
    """And each at once: what comes next is not waited for. The last one may have no end."""
    pieces = ["HASH[build ", "a]\nHASH[link a]\nsome", " words\n", "\nthe end"]
    steps: list[str] = []
    report, journal = Report(steps.append), HashJournal(str(tmp_path / "hashes"), 1)
    with subprocess.Popen(
        [sys.executable, "-c", PIECES, *pieces],
        bufsize=0,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as go:
        assert go.stdin is not None
        said = b""
        ends = []
        for lines, end in read_lines(go, report, journal, None):
            said += b"".join(line + end for line in lines)
            ends.append(end)
            if go.poll() is None:
                go.stdin.write(b"\n")
    journal.close()
    assert said == "".join(pieces).encode()
    assert ends[-1] == b""
    assert steps == ["load", "compile", "link"]
