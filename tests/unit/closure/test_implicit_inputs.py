"""What go reads and does not report: files, names in PATH, variables. Never less than it reads."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.closure.implicit_inputs import ImplicitInputs, effective_flag
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.program import ProgramSpec
from gorun_tasks.core.target import Target
from gorun_tasks.toolchain.command import Go
from tests.support.trees import module, write
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLAIN = BuildFlags()
HOST = {"GOHOSTOS": "linux", "GOHOSTARCH": "amd64", "GOOS": "linux", "GOARCH": "amd64"}


def inputs(
    folder: Path,
    flags: BuildFlags = PLAIN,
    *,
    path: str = "",
    chosen: str = "local",
    variables: Mapping[str, str] = MappingProxyType({}),
    **settings: str,
) -> ImplicitInputs:
    """Return what go does not report in a folder, with these settings in `go env`."""
    environ = {"PATH": path, "HOME": str(folder), "GOTOOLCHAIN": chosen, **variables}
    known = {
        **HOST,
        "GOROOT": f"{folder}/goroot",
        "GOTOOLDIR": f"{folder}/goroot/tools",
        "GOMODCACHE": f"{folder}/modules",
        "GOMOD": f"{folder}/go.mod",
        "GOVERSION": "go1.27.3",
    }
    go = Go(go_command(), {**os.environ, "GOFLAGS": "", "GOWORK": "off"}, str(folder))
    program = ProgramSpec(Target.of("."), flags, environ, cwd=str(folder))
    return ImplicitInputs(program, go, known | settings)


def read(
    found: ImplicitInputs, folder: Path, operations: dict[str, set[str]] | None = None
) -> set[str]:
    """Return the files of a folder that go reads unreported, but for its own."""
    paths = found.files((), operations or {}, used=())
    return {os.path.relpath(p, folder) for p in paths if p.startswith(f"{folder}/")} - {
        *(f"goroot/tools/{name}" for name in ("compile", "link", "asm", "cgo", "preprofile")),
        *(f"goroot/tools/{name}" for name in ("cover", "covdata")),
        "goroot/go.env",
    }


@pytest.mark.parametrize(
    ("flags", "goflags", "value"),
    [
        (BuildFlags(), "", ""),
        (BuildFlags(), "-mod=mod", "mod"),
        (BuildFlags(), "-mod=mod --mod=vendor", "vendor"),
        (BuildFlags(), "'-mod=a b'", "a b"),
        (BuildFlags(mod="readonly"), "-mod=mod", "readonly"),
        (BuildFlags(mod=""), "-mod=mod", ""),
        (BuildFlags(), "-modfile=x", ""),
    ],
)
def test_the_last_word_for_a_flag_counts(flags: BuildFlags, goflags: str, value: str) -> None:
    assert effective_flag(flags, {"GOFLAGS": goflags}, "mod") == value


@pytest.mark.usefixtures("go")
def test_modules_named_by_path_are_read_wherever_they_lead(tmp_path: Path) -> None:
    """From one to the next, and round in circles; a version in the module cache is none of them."""
    replace = "\nreplace example.com/{} => {}\n"
    write(
        tmp_path,
        {
            "go.mod": module("example.com/a") + replace.format("b", "./b"),
            "b/go.mod": module("example.com/b") + replace.format("c", "../c"),
            "c/go.mod": module("example.com/c")
            + replace.format("a", "..")
            + replace.format("d", "example.com/e v1.0.0"),
        },
    )
    assert read(inputs(tmp_path), tmp_path) == {
        *("go.mod", "go.sum", "b/go.mod", "b/go.sum", "c/go.mod", "c/go.sum")
    }


@pytest.mark.usefixtures("go")
def test_a_go_work_is_read_with_its_sums_and_modules(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "go.work": "go 1.24\n\nuse ./a\n\nreplace example.com/x => ./x\n",
            "a/go.mod": module("example.com/a"),
        },
    )
    found = inputs(tmp_path, GOWORK=f"{tmp_path}/go.work", GOMOD=f"{tmp_path}/a/go.mod")
    assert read(found, tmp_path) == {
        *("go.work", "go.work.sum", "a/go.mod", "a/go.sum", "x/go.mod", "x/go.sum")
    }


def test_another_go_mod_comes_with_its_own_sum(tmp_path: Path) -> None:
    found = inputs(tmp_path, BuildFlags(modfile="other.mod"))
    assert read(found, tmp_path) == {"go.mod", "go.sum", "other.mod", "other.sum"}


LIBRARY = "example.com/lib v1.0.0"
DEEP = "modules/cache/download/example.com/!deep/@v/v1.2.3.mod"


@pytest.mark.parametrize(
    ("own", "flags", "whole"),
    [
        (f"module m\n\ngo 1.24\n\nrequire {LIBRARY}\n", "", False),
        (f"module m\n\ngo 1.16\n\nrequire {LIBRARY}\n", "", True),
        (f"module m\n\nrequire {LIBRARY}\n", "", True),
        ("module m\n\ngo 1.24\n\nrequire example.com/other v1.0.0\n", "", True),
        (f"module m\n\ngo 1.24\n\nrequire {LIBRARY}\n", "-mod=mod", True),
    ],
    ids=["complete", "old", "without-version", "incomplete", "mod"],
)
def test_the_whole_module_graph_is_read_unless_go_mod_surely_has_it(
    tmp_path: Path, own: str, flags: str, *, whole: bool
) -> None:
    """Each go.mod there is in the download cache, capitals in its path as go writes them."""
    library, other = (f"modules/cache/download/example.com/{n}/@v/v1.0.0" for n in ("lib", "other"))
    requires = "require example.com/Deep v1.2.3"
    downloaded = {f"{library}.mod": requires, f"{other}.mod": requires, DEEP: ""}
    write(tmp_path, {"go.mod": own, **downloaded})
    used = {f"{tmp_path}/modules/example.com/lib@v1.0.0/lib.go": {"Open"}}
    found = read(inputs(tmp_path, GOFLAGS=flags), tmp_path, used)
    assert {f"{library}.mod", f"{library}.ziphash"} <= found
    assert (DEEP in found) == whole


def test_vendored_packages_bring_their_list_where_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    asked = {f"{tmp_path}/vendor": {"Stat"}, f"{tmp_path}/sub/vendor": {"Stat"}}
    assert read(inputs(tmp_path), tmp_path, asked) == {"go.mod", "go.sum", "vendor/modules.txt"}


@pytest.mark.parametrize("above", ["", "work/"])
@pytest.mark.parametrize("how", ["flag", "GOFLAGS"])
def test_where_vendored_packages_are_asked_for_go_looks_for_no_folder(
    tmp_path: Path, above: str, how: str
) -> None:
    """Their list is read beside the go.mod or the go.work."""
    flags = BuildFlags(mod="vendor") if how == "flag" else BuildFlags()
    goflags = "-mod=vendor" if how == "GOFLAGS" else ""
    work = f"{tmp_path}/work/go.work" if above else "off"
    found = inputs(tmp_path, flags, GOFLAGS=goflags, GOWORK=work)
    assert f"{above}vendor/modules.txt" in read(found, tmp_path)


def test_a_profile_is_read_where_it_is_named(tmp_path: Path) -> None:
    for name, files in (("a.pgo", {"a.pgo"}), ("auto", set()), ("off", set())):
        found = inputs(tmp_path, BuildFlags(pgo=name))
        assert read(found, tmp_path) == {"go.mod", "go.sum"} | files


def test_the_name_of_a_fips_snapshot_leads_to_another_file(tmp_path: Path) -> None:
    write(tmp_path, {"goroot/lib/fips140/certified.txt": "v1.0.0\n"})
    found = read(inputs(tmp_path, GOFIPS140="certified"), tmp_path)
    place = "goroot/lib/fips140"
    assert found > {f"{place}/certified.txt", f"{place}/v1.0.0.zip", f"{place}/fips140.sum"}


def test_what_starts_a_program_of_another_platform(tmp_path: Path) -> None:
    """The words of -exec, else a command of that name, also where it is not there yet."""
    name = "go_plan9_amd64_exec"
    other = inputs(tmp_path, path=str(tmp_path), GOOS="plan9")
    assert (name, "") in other.lookups()
    assert other.wrapper() == ()
    (tmp_path / name).touch(mode=0o755)
    assert (name, f"{tmp_path}/{name}") in other.lookups()
    assert other.wrapper() == (f"{tmp_path}/{name}",)
    assert inputs(tmp_path, BuildFlags(exec="time -p"), GOOS="plan9").wrapper() == ("time", "-p")
    here = inputs(tmp_path, path=str(tmp_path))
    assert here.wrapper() == ()
    assert name not in dict(here.lookups())


def test_each_name_that_is_looked_up_in_path(tmp_path: Path) -> None:
    """Of "ccache gcc" both; of toolchains all that anything names, "local" forbids them."""
    write(tmp_path, {"go.mod": "module m\n\ngo 1.99\n\ntoolchain go1.99.7-custom\n"})
    found = inputs(tmp_path, CC="ccache gcc -m64", CXX="g++", PKG_CONFIG="pkg-config")
    assert [name for name, _ in found.lookups()] == ["go", "ccache", "gcc", "g++", "pkg-config"]
    names = dict(inputs(tmp_path, chosen="go1.98+path").lookups())
    assert names.keys() >= {"go1.98", "go1.27.3", "go1.99", "go1.99.0", "go1.99.7-custom"}


def test_a_default_is_one_only_where_nothing_else_says_it(tmp_path: Path) -> None:
    """A variable, `go env -w` and GOROOT's go.env each make of it more than a default."""
    write(tmp_path, {"goroot/go.env": "GOAMD64=v2\n", "env": "GOARM=6\n"})
    set_here = {"GOOS": "linux"}
    found = inputs(
        tmp_path,
        variables=set_here,
        GOENV=f"{tmp_path}/env",
        CGO_ENABLED="1",
        GOAMD64="v2",
        GOARM="6",
    )
    assert found.defaults() == {
        "CGO_ENABLED": "1",
        "GOARCH": "amd64",
        "GO111MODULE": "on",
        "GOWORK": "off",
    }
    assert found.env_file() == ""  # go.env has a say in what counts
    (tmp_path / "goroot/go.env").write_text("GOTOOLCHAIN=local\n")
    assert found.env_file() == f"{tmp_path}/env"
