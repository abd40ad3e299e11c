"""The sums of modules, beside those that go adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks.inputs.digest import ABSENT, content_of
from gorun_tasks.storage.remote.machine import Unlike
from gorun_tasks.storage.remote.sums import module_of, read_sums, refuse_edited
from tests.support.workshop import Workshop, publish

if TYPE_CHECKING:
    from pathlib import Path

    from gorun_tasks.core.fingerprint import Detail, Record
    from gorun_tasks.storage.remote.sums import Sums

BASE, MOD = "example.com/!bee@v1.0.0/lib", "cache/download/example.com/!bee/@v"
FILES = {
    "go.mod": "module example.com/Bee\n\ngo 1.24\n",
    "lib/lib.go": "package lib\n",
    "lib/a b.txt": "",
    "lib-more/é.go": "package more\n",
}


@pytest.fixture
def fetched(tmp_path: Path, go: None) -> tuple[str, Sums]:  # noqa: ARG001 - it fetches
    """Return a module cache in which go has fetched a module, and the sums that it wrote."""
    publish(tmp_path / "proxy", "example.com/!bee", "v1.0.0", FILES)
    main = {
        "go.mod": "module x\n\ngo 1.24\n\nrequire example.com/Bee v1.0.0\n",
        "x.go": 'package x\n\nimport _ "example.com/Bee/lib"\n',
    }
    workshop = Workshop(tmp_path, main)
    workshop.environ |= {
        "GOPROXY": f"file://{tmp_path}/proxy",
        "GONOSUMDB": "*",
        "GOMODCACHE": str(tmp_path / "modules"),
        "GOFLAGS": "-modcacherw",
    }
    assert workshop.go("mod", "tidy").rc == 0
    return str(tmp_path / "modules"), read_sums([str(workshop.folder / "go.sum")])


def _records(root: str) -> list[tuple[Record, Detail]]:
    """Return what a build could have recorded of it."""
    mod, _ = content_of(f"{root}/{MOD}/v1.0.0.mod")
    return [
        ((BASE, None, ("lib.go",), (None,)), ("go", (), ("lib.go",), (b"c" * 32,))),
        ((MOD, None, ("v1.0.0.mod",), (None,)), ("", (), (), (mod,))),
        (("example.com", None, ("none",), (None,)), ("", (), (), (ABSENT,))),
    ]


def test_a_module_as_go_fetched_it_is_right(fetched: tuple[str, Sums]) -> None:
    root, sums = fetched
    assert sorted(sums) == [("example.com/Bee", "v1.0.0"), ("example.com/Bee", "v1.0.0/go.mod")]
    refuse_edited(root, _records(root), sums)


@pytest.mark.parametrize("name", ["lib/lib.go", "lib-more/é.go", "new.go"])
def test_an_edited_module_is_refused(fetched: tuple[str, Sums], name: str) -> None:
    root, sums = fetched
    with open(f"{root}/example.com/!bee@v1.0.0/{name}", "a") as file:
        file.write("// edited\n")
    with pytest.raises(Unlike, match=r"not what go\.sum names"):
        refuse_edited(root, _records(root), sums)


def test_an_edited_go_mod_is_refused(fetched: tuple[str, Sums]) -> None:
    root, sums = fetched
    with open(f"{root}/{MOD}/v1.0.0.mod", "a") as file:
        file.write("// edited\n")
    with pytest.raises(Unlike, match=r"not what go\.sum names"):
        refuse_edited(root, _records(root), sums)


def test_what_has_no_sum_is_refused(fetched: tuple[str, Sums]) -> None:
    root, _ = fetched
    with pytest.raises(Unlike, match=r"not what go\.sum names"):
        refuse_edited(root, _records(root), {})


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("example.com/!bee@v1.0.0/lib/x.go", ("example.com/Bee", "v1.0.0")),
        ("example.com/!bee@v1.0.0", ("example.com/Bee", "v1.0.0")),
        (f"{MOD}/v2.0.0-!a.mod", ("example.com/Bee", "v2.0.0-A")),
    ],
)
def test_paths_tell_their_module(path: str, module: tuple[str, str]) -> None:
    assert module_of(path) == module


@pytest.mark.parametrize("path", ["example.com/none", "cache/download/x/@v/list", "cache/vcs/x"])
def test_what_is_of_no_module_is_refused(path: str) -> None:
    with pytest.raises(Unlike):
        module_of(path)
