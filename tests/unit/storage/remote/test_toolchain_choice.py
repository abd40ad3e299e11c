"""Which toolchain the go command switches to: by our reading, and by the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.toolchain_choice import Unclear, Version, choose, folder_of
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path

ORDER = ["go1.20", "go1.20.1", "go1.21", "go1.21rc1", "go1.21rc2", "go1.21.0", "go1.21.1", "go1.22"]


def test_versions_are_in_the_order_of_go() -> None:
    assert [*map(Version.of, ORDER)] == sorted(map(Version.of, ORDER))
    assert Version.of("go1.21.1-custom") == Version.of("go1.21.1")
    assert Version.of("go1.20") == Version.of("go1.20.0")
    for name in ("1.21", "gccgo", "go1.21.1.1", "go1.x"):
        with pytest.raises(Unclear):
            Version.of(name)


CASES = [
    ("go 1.24", "", ""),
    ("go 1.24\n\ntoolchain go1.24.1", "", ""),
    ("go 1.98", "", "go1.98.0"),
    ("go 1.98.2 // a word", "", "go1.98.2"),
    ("go 1.98rc1", "", "go1.98rc1"),
    ("go 1.98.2", "local", ""),
    ("go 1.24\ntoolchain go1.98.3", "", "go1.98.3"),
    ("go 1.98.3\ntoolchain go1.98.2", "", "go1.98.3"),
    ("go 1.24\ntoolchain default", "", ""),
    ("go 1.98.2", "local+auto", "go1.98.2"),
    ("go 1.24", "go1.97.1", "go1.97.1"),
    ("go 1.98", "go1.97.1", "go1.97.1"),
    ("go 1.98.2", "go1.97.1+auto", "go1.98.2"),
    ("go 1.98.2", "go1.99.1+auto", "go1.99.1"),
]


@pytest.mark.usefixtures("go")
@pytest.mark.parametrize(("lines", "variable", "chosen"), CASES)
def test_as_the_real_go_chooses(tmp_path: Path, lines: str, variable: str, chosen: str) -> None:
    """It says which toolchain it cannot fetch."""
    shop = Workshop(tmp_path, {"go.mod": f"module a\n\n{lines}\n", "below/x": ""})
    shop.environ |= {"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOMODCACHE": f"{tmp_path}/mod"}
    goroot = shop.go("env", "GOROOT").out.strip()
    shop.environ["GOTOOLCHAIN"] = variable or "auto"
    below = shop.folder / "below"
    assert choose(goroot, lambda name: shop.environ.get(name, ""), str(below)) == chosen
    said = shop.go("-C", "below", "version")
    assert said.rc == bool(chosen), said
    assert (f"go: download {chosen} for" in said.err) == bool(chosen), said


def test_a_workspace_comes_before_a_module(tmp_path: Path) -> None:
    (tmp_path / "sdk").mkdir()
    (tmp_path / "sdk/VERSION").write_text("go1.26.1\n")
    (tmp_path / "go.work").write_text("go 1.98.1\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/go.mod").write_text("module a\n\ngo 1.98.2\n")

    def chosen(**variables: str) -> str:
        both = {"GOTOOLCHAIN": "auto", **variables}
        return choose(f"{tmp_path}/sdk", lambda name: both.get(name, ""), f"{tmp_path}/a")

    assert chosen() == "go1.98.1"
    assert chosen(GOWORK="off") == "go1.98.2"
    assert chosen(GOWORK=f"{tmp_path}/go.work") == "go1.98.1"
    assert chosen(GO111MODULE="off") == ""
    with pytest.raises(Unclear):
        chosen(GOTOOLCHAIN="path")
    (tmp_path / "sdk/VERSION").write_text("go1.20\n")
    assert chosen() == ""
    (tmp_path / "sdk/VERSION").unlink()
    with pytest.raises(Unclear):
        chosen()


@pytest.mark.usefixtures("go")
def test_its_folder_is_named_after_this_platform(tmp_path: Path) -> None:
    system, machine = Workshop(tmp_path, {"x": ""}).go("env", "GOHOSTOS", "GOHOSTARCH").out.split()
    assert folder_of("go1.27.3") == f"golang.org/toolchain@v0.0.1-go1.27.3.{system}-{machine}"
