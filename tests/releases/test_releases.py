"""The variables and releases that gorun knows are those of the reviewed table."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gorun_tasks.closure.recordable import SUPPORTED
from gorun_tasks.inputs.go_variables import ENVIRONMENT
from tests.releases import table
from tests.releases.listing import reads_of
from tests.support.workshop import go_command

# Not read by a call of go: the rest of cfg.KnownEnv, which go env shows and build constraints and
# tools may see.
SHOWN_BY_GO = {"GCCGOTOOLDIR", "GOEXE", "GOHOSTARCH", "GOHOSTOS", "GOMODCACHE", "GOTOOLDIR"}

OURS = {"GORUN_GO"}

OF_C_COMPILERS = {
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH"),
    *("PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR", "GCC_EXEC_PREFIX"),
    *("COMPILER_PATH", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET", "SOURCE_DATE_EPOCH"),
    "LD_RUN_PATH",
}

PART_OF_THE_IDENTITY = {"PWD"}
"""The working directory is part of who a program is."""


def test_variables_are_those_that_the_sources_of_go_read() -> None:
    known = set(ENVIRONMENT) - SHOWN_BY_GO - OURS - OF_C_COMPILERS
    assert known == table.variables() - PART_OF_THE_IDENTITY


def test_supported_releases_are_those_that_were_reviewed() -> None:
    assert table.releases() == SUPPORTED


def test_every_row_has_a_verdict_that_is_explained() -> None:
    comments = [line for line in table.TABLE.read_text().splitlines() if line.startswith("# ")]
    for read, verdict in table.reviewed().items():
        word = "variable NAMES" if verdict.startswith("variable ") else verdict
        assert any(line.startswith(f"# {word}  ") for line in comments), read


def test_no_call_of_this_go_is_unreviewed() -> None:
    goroot = Path(subprocess.check_output([go_command(), "env", "GOROOT"], text=True).strip())
    if not (goroot / "src" / "cmd" / "go").is_dir():
        pytest.skip("needs a go with its sources (GOROOT/src/cmd)")
    assert table.unreviewed(goroot) == []


def test_a_new_call_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """In a function, at the top, more than one a line; not in tests, comments or declarations."""
    source = tmp_path / "src" / "cmd" / "go" / "internal" / "new"
    source.mkdir(parents=True)
    (source / "new.go").write_text(
        'package new\n\nvar top = os.Getenv("GOTOP")\n\n'
        "func (r *T) Read(name string) {\n"
        '\tx, y := os.ReadFile(join(name, "a")), cfg.Getenv("GONEW") // os.Getenv("NOT")\n'
        "\tread = os.ReadDir\n}\n\nfunc LookPath(name string) {}\n"
    )
    (source / "new_test.go").write_text('package new\n\nvar top = os.Getenv("GOTEST")\n')
    (source / "new_windows.go").write_text('package new\n\nvar top = os.Getenv("GOWIN")\n')
    found = {(read.function, read.call) for read in reads_of(tmp_path)}
    assert found == {
        ("-", 'os.Getenv("GOTOP")'),
        ("Read", 'os.ReadFile(join(name, "a"))'),
        ("Read", 'cfg.Getenv("GONEW")'),
        ("Read", "os.ReadDir"),
    }
    assert len(table.unreviewed(tmp_path)) == len(found)
