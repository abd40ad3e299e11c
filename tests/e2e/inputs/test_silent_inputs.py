"""What go reads and tells nobody: an edit of it is noticed all the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.api import Program
from gorun_tasks.closure import recordable
from gorun_tasks.core import program as core_program
from gorun_tasks.toolchain.report import NotRecorded
from tests.support.clock import let_the_clock_tick
from tests.support.goroot import own_goroot
from tests.support.workshop import TINY, Workshop, go_command, publish

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.usefixtures("go")

SHOWS_FIPS = (
    'package main\n\nimport "runtime/debug"\n\nfunc main() {\n'
    "\tb, _ := debug.ReadBuildInfo()\n\tfor _, s := range b.Settings {\n"
    '\t\tif s.Key == "GOFIPS140" {\n\t\t\tprintln(s.Value)\n\t\t}\n\t}\n}\n'
)


def test_what_a_name_of_gofips140_stands_for_is_an_input(tmp_path: Path) -> None:
    """GOFIPS140=certified leads to the version in GOROOT/lib/fips140/certified.txt."""
    workshop = Workshop(tmp_path, {**TINY, "main.go": SHOWS_FIPS})
    snapshots = own_goroot(workshop) / "lib" / "fips140"
    versions = sorted(path.stem for path in snapshots.glob("*.zip"))
    if len(versions) == 1:
        pytest.skip("needs a go with two FIPS 140 snapshots (1.26 or newer)")
    first, second = versions[:2]
    workshop.environ |= {"GOFIPS140": "certified", "GOMODCACHE": str(tmp_path / "modules")}
    workshop.environ["GOFLAGS"] = "-modcacherw"
    (snapshots / "certified.txt").write_text(f"{first}\n")
    assert workshop.gorun(".").err == f"{first}\n"
    assert workshop.gorun("--why", ".").out == ".: current\n"
    (snapshots / "certified.txt").write_text(f"{second}\n")
    outcome, because, result = workshop.outcome(".")
    assert (outcome, because) == (
        "built",
        [f"{os.path.relpath(snapshots, workshop.folder)}/certified.txt edited"],
    )
    assert result.err == f"{second}\n"
    let_the_clock_tick()
    assert workshop.gorun("--why", ".").out == ".: current\n"
    (snapshots / f"{second}.txt").write_text(f"{first}\n")
    workshop.environ["GOFIPS140"] = second
    assert workshop.gorun(".").err == f"{first}\n"
    (snapshots / f"{second}.txt").unlink()
    assert workshop.gorun(".").err == f"{second}\n"


@pytest.mark.parametrize("pattern", ["*.txt", "a*", "[ab]*.t?t"])
def test_a_name_with_a_newline_matches_an_embed_pattern(tmp_path: Path, pattern: str) -> None:
    """Go refuses such a name; the remembered program is no answer."""
    code = f'package main\n\nimport "embed"\n\n//go:embed {pattern}\nvar f embed.FS\n\n'
    files = {**TINY, "main.go": code + 'func main() { println("ran") }\n', "a.txt": "a"}
    workshop = Workshop(tmp_path, files)
    assert workshop.gorun(".").err == "ran\n"
    assert workshop.gorun("--why", ".").out == ".: current\n"
    let_the_clock_tick()
    (workshop.folder / "a\nb.txt").write_text("b")
    assert workshop.go("run", ".").rc == 1
    result = workshop.gorun(".")
    assert result.rc == 125
    assert "invalid name" in result.err


def test_an_embed_pattern_with_a_newline_is_never_stale(tmp_path: Path) -> None:
    """Go's trace cannot tell such a pattern from two lines, so go is asked at each run."""
    code = 'package main\n\nimport "embed"\n\n//go:embed "[a\\nb]*.txt"\nvar f embed.FS\n\n'
    main = 'func main() {\n\td, _ := f.ReadDir(".")\n\tprintln(len(d))\n}\n'
    workshop = Workshop(tmp_path, {**TINY, "main.go": code + main, "a.txt": "a"})
    assert workshop.gorun(".").err == "1\n"
    let_the_clock_tick()
    workshop.write({"b.txt": "b"})
    assert workshop.gorun(".").err == "2\n"


@pytest.mark.parametrize("way", ["itself", "link", "link to link", "slash"])
def test_a_go_mod_where_tmpdir_leads_is_no_module(tmp_path: Path, way: str) -> None:
    """Whichever way TMPDIR names the folder of go.mod: a link may also be set anew."""
    workshop = Workshop(tmp_path, TINY)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "tmp")
    (tmp_path / "other").symlink_to(link)
    values = {
        "itself": f"{workshop.folder}",
        "link": f"{link}",
        "link to link": f"{tmp_path}/other",
        "slash": f"{workshop.folder}//",
    }
    env = {"TMPDIR": values[way]} if "link" in way else {}
    assert workshop.gorun(".", env=env).err == "tiny\n"
    assert workshop.gorun("--why", ".", env=env).out == ".: current\n"
    link.unlink()
    link.symlink_to(workshop.folder)
    env = {"TMPDIR": values[way]}
    assert workshop.go("run", ".", env=env).rc == 1
    result = workshop.gorun(".", env=env)
    assert result.rc == 125
    assert "tiny" not in result.err
    assert workshop.gorun("--why", ".").out == ".: current\n"


def test_an_unset_tmpdir_is_the_default_of_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module in the system's temporary folder itself is not recorded: a check would miss it."""
    monkeypatch.setattr(core_program, "TEMPORARY", str(tmp_path))
    monkeypatch.setattr(recordable, "TEMPORARY", str(tmp_path))
    (tmp_path / "below").mkdir()
    (tmp_path / "go.mod").write_text(TINY["go.mod"])
    for value in ({"TMPDIR": None}, {"TMPDIR": ""}):
        program = Program(".", cwd=str(tmp_path / "below"), env=value)
        assert program.variable("TMPDIR") == str(tmp_path)
    settings = {"GOMOD": str(tmp_path / "go.mod")}
    with pytest.raises(NotRecorded, match="itself, where go sees it only while TMPDIR"):
        recordable._refuse_settings(settings)  # noqa: SLF001 - nothing else can move /tmp
    recordable._refuse_settings({"GOMOD": "/nonexistent/go.mod"})  # noqa: SLF001 - as above


def test_a_nearer_go_mod_makes_tmpdir_nothing(tmp_path: Path) -> None:
    """Go looks no further than the first go.mod that it finds."""
    workshop = Workshop(tmp_path, TINY)
    (tmp_path / "go.mod").write_text("module example.com/above\n\ngo 1.24\n")
    assert workshop.gorun(".").err == "tiny\n"
    env = {"TMPDIR": str(tmp_path)}
    assert workshop.gorun("--why", ".", env=env).out == ".: current\n"
    assert workshop.go("run", ".", env=env).err == "tiny\n"


def fetched(tmp_path: Path, version: str) -> Workshop:
    """Make a module of this Go version that takes a package from one of two fetched modules."""
    proxy = tmp_path / "proxy"
    requires = f"\n\ngo {version}\n\nrequire example.com/Base v1.0.0\n"
    publish(
        proxy,
        "example.com/a",
        "v1.0.0",
        {"go.mod": f"module example.com/a{requires}", "a.go": 'package a\n\nconst V = "ran"\n'},
    )
    publish(
        proxy,
        "example.com/!base",
        "v1.0.0",
        {"go.mod": f"module example.com/Base\n\ngo {version}\n", "b.go": "package b\n"},
    )
    files = {
        "go.mod": f"module example.com/app\n\ngo {version}\n\nrequire example.com/a v1.0.0\n",
        "main.go": 'package main\n\nimport "example.com/a"\n\nfunc main() { println(a.V) }\n',
    }
    workshop = Workshop(tmp_path, files)
    workshop.environ |= {
        "GOPROXY": f"file://{proxy}",
        "GONOSUMDB": "*",
        "GOSUMDB": "off",
        "GOMODCACHE": str(tmp_path / "modules"),
        "GOFLAGS": "-modcacherw",
    }
    assert workshop.go("mod", "tidy").rc == 0
    assert workshop.gorun(".").err == "ran\n"
    assert workshop.gorun("--why", ".").out == ".: current\n"
    return workshop


def edited_downloads(workshop: Workshop, names: Iterable[str]) -> list[str]:
    """Edit each file of the download cache in turn; return those that gorun sees as go does."""
    noticed = []
    downloads = Path(workshop.environ["GOMODCACHE"]) / "cache" / "download" / "example.com"
    for name in names:
        file = downloads / name
        before = file.read_bytes()
        let_the_clock_tick()
        text = "module example.com/x\n\ngo 1.15\n"
        file.write_text("h1:" + "A" * 43 + "=" if name.endswith("ziphash") else text)
        failed = workshop.go("run", ".").rc != 0
        assert failed == (workshop.gorun(".").rc != 0), name
        if failed:
            noticed.append(name)
        file.write_bytes(before)
        assert workshop.gorun(".").err == "ran\n"
    return noticed


def test_sums_in_the_download_cache_are_inputs(tmp_path: Path) -> None:
    """Of a module before Go 1.17 go reads the go.mod of the whole graph at each run."""
    names = ["a/@v/v1.0.0.mod", "a/@v/v1.0.0.ziphash", "!base/@v/v1.0.0.mod"]
    workshop = fetched(tmp_path, "1.16")
    assert edited_downloads(workshop, names) == names


def test_sums_that_go_does_not_read_are_no_inputs(tmp_path: Path) -> None:
    """Later modules list all that they need, and go looks no further than their packages."""
    names = ["a/@v/v1.0.0.mod", "a/@v/v1.0.0.ziphash"]
    workshop = fetched(tmp_path, "1.24")
    assert edited_downloads(workshop, names) == names
    base = Path(workshop.environ["GOMODCACHE"]) / "cache/download/example.com/!base/@v/v1.0.0.mod"
    if base.exists():
        base.write_text("module example.com/x\n")
        assert workshop.go("run", ".").err == "ran\n"
        assert workshop.gorun("--why", ".").out == ".: current\n"


def test_in_a_workspace_the_whole_graph_is_an_input(tmp_path: Path) -> None:
    names = ["a/@v/v1.0.0.mod", "!base/@v/v1.0.0.mod"]
    workshop = fetched(tmp_path, "1.24")
    workshop.write({"go.work": "go 1.24\n\nuse .\n"})
    assert workshop.gorun(".").err == "ran\n"
    let_the_clock_tick()
    assert workshop.gorun("--why", ".").out == ".: current\n"
    edited_downloads(workshop, [n for n in names if _is_there(workshop, n)])


def _is_there(workshop: Workshop, name: str) -> bool:
    return os.path.exists(f"{workshop.environ['GOMODCACHE']}/cache/download/example.com/{name}")


def test_what_a_go_says_to_the_go_that_it_starts_is_an_input(tmp_path: Path) -> None:
    """A go that was started as another toolchain than it is refuses."""
    workshop = Workshop(tmp_path, TINY)
    assert workshop.gorun(".").err == "tiny\n"
    env = {"GOTOOLCHAIN_INTERNAL_SWITCH_VERSION": "go1.99.0"}
    assert workshop.execute([go_command(), "run", "."], env=env).rc == 1
    assert workshop.gorun(".", env=env).rc == 125
