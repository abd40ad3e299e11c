"""What has other places elsewhere, as the environment shows it without go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.program import ProgramSpec
from gorun_tasks.core.target import Target
from gorun_tasks.storage.remote.machine import (
    Machine,
    NoToolchain,
    Toolchain,
    Unlike,
    arrangement,
    is_trimmed,
    refuse_links,
)
from gorun_tasks.storage.remote.toolchain_choice import folder_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with a go command, which is behind a link in PATH."""
    for folder in ("sdk/bin", "bin", "work"):
        (tmp_path / folder).mkdir(parents=True)
    command = tmp_path / "sdk/bin/go"
    command.write_text("")
    command.chmod(0o700)
    (tmp_path / "sdk/go.env").write_text("GOPROXY=direct\nGOTOOLCHAIN=auto\n")
    (tmp_path / "sdk/VERSION").write_text("go1.26.8\ntime 2026-11-01T00:00:00Z\n")
    (tmp_path / "bin/go").symlink_to(command)
    return tmp_path


def machine(home: Path, *flags: str, **variables: str) -> Machine:
    environ = {"HOME": str(home), "PATH": f"{home}/bin:{home}/other", **variables}
    parsed = BuildFlags.parse(list(flags))[0]
    return Machine(ProgramSpec(Target((".",)), parsed, environ, cwd=str(home / "work")), None)


def test_roots_are_found_as_go_finds_them(home: Path) -> None:
    found = machine(home)
    assert found.command == f"{home}/bin/go"
    assert found.goroot == f"{home}/sdk"
    assert (found.gopath, found.modules) == (f"{home}/go", f"{home}/go/pkg/mod")
    assert found.env_file == f"{home}/.config/go/env"
    assert machine(home, GOPATH="/p:/q").modules == "/p/pkg/mod"
    assert machine(home, GOMODCACHE="/m").modules == "/m"
    assert machine(home, GOENV="off").env_file == ""
    (home / "env").write_text("GOMODCACHE=/e\n")
    assert machine(home, GOENV=f"{home}/env").modules == "/e"
    assert machine(home, GOROOT=f"{home}/sdk").goroot == f"{home}/sdk"


@pytest.mark.parametrize(
    "variables",
    [{"GOROOT": "/other"}, {"GOENV": "env"}, {"GORUN_GO": "/nowhere"}, {"GOPATH": "go"}],
    ids=str,
)
def test_where_go_may_see_it_otherwise_there_are_no_roots(
    home: Path, variables: dict[str, str]
) -> None:
    with pytest.raises(Unlike):
        machine(home, **variables)


def test_values_are_those_that_go_takes(home: Path) -> None:
    (home / "env").write_text("GOFLAGS=-tags=a\nCC=gcc\n")
    found = dict(
        machine(home, GOENV=f"{home}/env", CC="clang", GODEBUG="gctrace=1,x=1").values(
            {"GOOS": "linux"}, uses_c=False
        )
    )
    assert (found["GOFLAGS"], found["CC"]) == ("-tags=a", "clang")
    assert (found["GOOS"], found["GODEBUG"]) == ("linux", "x=1")
    assert found.keys().isdisjoint(("HOME", "GOPATH", "GOTOOLCHAIN"))
    assert dict(machine(home).values({}, uses_c=True))["HOME"] == str(home)


def test_the_toolchain_counts_that_the_go_command_switches_to(home: Path) -> None:
    (home / "work/go.mod").write_text("module a\n\ngo 1.27.3\n")
    with pytest.raises(NoToolchain) as absent:
        machine(home)
    assert absent.value.name == "go1.27.3"
    folder = home / "go/pkg/mod" / folder_of("go1.27.3")
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/go").touch()
    (folder / "go.env").write_text("GOPROXY=off\n")
    found = machine(home)
    assert (found.command, found.builder) == (f"{home}/bin/go", f"{folder}/bin/go")
    assert (found.goroot, found.setting("GOPROXY")) == (str(folder), "off")
    assert machine(home, GOTOOLCHAIN="local").goroot == f"{home}/sdk"
    (home / "other").mkdir()
    (home / "other/go1.27.3").write_text("")
    (home / "other/go1.27.3").chmod(0o700)
    with pytest.raises(Unlike, match="is in PATH"):
        machine(home)


@pytest.mark.parametrize(("is_here", "enabled"), [(True, ""), (False, "0")])
def test_whether_cgo_is_enabled_elsewhere_counts_only_without_a_go(
    home: Path, monkeypatch: pytest.MonkeyPatch, enabled: str, *, is_here: bool
) -> None:
    """A go that is here finds it out by itself, once it has the toolchain."""
    monkeypatch.setattr("gorun_tasks.storage.remote.machine.has_go", lambda _: is_here)
    (home / "work/go.mod").write_text("module a\n\ngo 1.27.3\n")
    told = Toolchain(b"", {"CGO_ENABLED": "0", "GOPROXY": "off"}, ())
    environ = {"HOME": str(home), "PATH": f"{home}/bin"}
    program = ProgramSpec(Target((".",)), BuildFlags.parse([])[0], environ, cwd=f"{home}/work")
    found = Machine(program, None, told)
    assert (found.setting("CGO_ENABLED"), found.setting("GOPROXY")) == (enabled, "off")


@pytest.mark.parametrize(
    ("flags", "goflags", "trimmed"),
    [
        (("-trimpath",), "", True),
        ((), "-trimpath", True),
        ((), "-tags=a --trimpath=1", True),
        ((), "-trimpath -trimpath=false", False),
        (("-trimpath=false",), "-trimpath", False),
        ((), "-tags=trimpath", False),
        ((), "'-trimpath", False),
        ((), "", False),
    ],
)
def test_trimpath_is_read_as_go_reads_it(
    tmp_path: Path, flags: tuple[str, ...], goflags: str, *, trimmed: bool
) -> None:
    parsed = BuildFlags.parse(list(flags))[0]
    program = ProgramSpec(Target((".",)), parsed, {}, cwd=str(tmp_path))
    assert is_trimmed(program, goflags) == trimmed


def test_commands_are_looked_for_in_the_order_of_path(home: Path) -> None:
    found = machine(home, PATH=f"{home}/bin:rel:/b:/a:/b").in_path(("gcc", "go1.24"))
    assert found == [(f"{home}/bin", "gcc"), ("/b", "gcc"), ("/a", "gcc")]


def test_how_roots_lie_to_each_other_counts() -> None:
    roots = {"module": "/r/m", "repository": "/r", "GOROOT": "/go", "GOMODCACHE": "/r/.mod"}
    assert arrangement(roots) == (("GOMODCACHE", ".mod"), ("module", "m"))
    with pytest.raises(Unlike):
        arrangement({**roots, "GOROOT": "/r/m"})


def test_a_module_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    refuse_links(str(tmp_path / "a"))
    for path in (str(tmp_path / "b"), "/"):
        with pytest.raises(Unlike):
            refuse_links(path)
