"""When go is asked again what there is, and when what it said before still decides."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.workspace import package_scan
from gorun_tasks.workspace.workspace import Workspace
from tests.support.clock import let_the_clock_tick
from tests.support.trees import LIBRARY, MAIN, Tree, module

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("surroundings")


class Witness:
    """Counts how often go was asked what there is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        explore = package_scan.explore

        def asked(*given: object) -> object:
            self.times += 1
            return explore(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(package_scan, "explore", asked)


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    return Witness(monkeypatch)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cmd/api/main.go": "package main\n\nfunc main() { println(1) }\n"},
        {"cmd/api/more.go": "//go:build dev\n\npackage more\n"},
        {"cmd/api/new.go": "package main\n"},
        {"lib/lib.go": "package lib\n\nvar Other = 2\n"},
        {"lib/lib_test.go": "package lib\n"},
        {"README.md": "# Shop\n", "docs/more.md": ""},
        {"testdata/x/main.go": MAIN},
    ],
    ids=["nothing", "body", "later-file", "new-file", "library", "test", "words", "testdata"],
)
def test_what_decides_nothing_asks_nobody(
    shop: Tree, witness: Witness, files: dict[str, str]
) -> None:
    shop.write(files)
    assert shop.places() == {"api": "./cmd/api"}
    assert witness.times == 0


def test_what_was_touched_is_by_stat_alone_the_next_time(
    shop: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write({"cmd/api/main.go": "package main\n\nfunc main() { println(1) }\n"})
    shop.places()
    from gorun_tasks.workspace import package_facts as facts  # noqa: PLC0415 - to watch it

    monkeypatch.delattr(facts, "renew")
    assert shop.places() == {"api": "./cmd/api"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"cmd/worker/main.go": MAIN}, ["api", "worker"]),
        ({"cmd/api/main.go": "package api\n"}, []),
        ({"lib/lib.go": MAIN}, ["api", "lib"]),
        ({"lib/a.go": MAIN}, ["api", "lib"]),
        ({"cmd/api/main.go": f"//go:build dev\n\n{MAIN}"}, ["api"]),
        ({"cmd/go.mod": module("example.com/other")}, ["api"]),
        ({"go.work": "go 1.24\n\nuse .\n"}, ["api"]),
        ({"go.mod": module("example.com/api")}, ["api"]),
        ({"new/deep/down/main.go": MAIN}, ["api", "down"]),
    ],
)
def test_what_may_decide_something_asks_go_once(
    shop: Tree, witness: Witness, files: dict[str, str], found: list[str]
) -> None:
    shop.write(files)
    assert list(shop.places()) == found
    assert list(shop.places()) == found
    assert witness.times == 1


def test_the_environment_and_the_toolchain_are_inputs(
    shop: Tree, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-tags=dev")
    shop.places()
    monkeypatch.setenv("GOOS", "plan9")
    shop.places()
    assert witness.times == 2


def test_platforms_in_turn_are_each_remembered(
    shop: Tree, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for system in ("plan9", "linux", "plan9", "linux"):
        monkeypatch.setenv("GOOS", system)
        shop.places()
    assert witness.times == 2


@pytest.mark.parametrize(
    "mended",
    [{"b/go.mod": module("example.com/b")}, {"c/go.mod": "module example.com/c\n\ngo 1.16\n"}],
    ids=["its-own-go.mod", "one-that-replaces"],
)
def test_a_module_of_which_go_cannot_tell_costs_nothing_until_it_is_mended(
    shop: Tree, witness: Witness, mended: dict[str, str]
) -> None:
    c, d = (f"replace example.com/{name} => ../{name}\n" for name in "cd")
    required = "require (\n\texample.com/c v1.0.0\n\texample.com/d v1.0.0\n)\n"
    shop.write(
        {
            "b/go.mod": f"module example.com/b\n\ngo 1.16\n\n{required}{c}{d}",
            "b/main.go": MAIN,
            "c/go.mod": f"module example.com/c\n\ngo 1.16\n\nrequire example.com/d v1.1.0\n{d}",
            "d/go.mod": "module example.com/d\n\ngo 1.16\n",
        }
    )
    for _ in range(2):
        assert shop.places() == {"api": "./cmd/api"}
        (error,) = Workspace(str(shop.folder)).unlisted.values()
        assert "./b; go: updates to go.mod needed" in str(error)
    assert witness.times == 1
    shop.write(mended)
    assert shop.places() == {"api": "./cmd/api", "b": "./b"}


def test_what_go_could_not_fetch_is_asked_for_again(
    shop: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = tmp_path / "proxy/example.com/away/@v"
    monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("GOSUMDB", "off")
    monkeypatch.setenv("GOFLAGS", "-mod=mod -modcacherw")
    required = "module example.com/b\n\ngo 1.16\n\nrequire example.com/away v1.0.0\n"
    shop.write({"b/go.mod": required, "b/main.go": MAIN})
    assert shop.places() == {"api": "./cmd/api"}
    served.mkdir(parents=True)
    (served / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (served / "v1.0.0.mod").write_text("module example.com/away\n")
    assert shop.places() == {"api": "./cmd/api", "b": "./b"}


def test_an_edit_with_the_same_size_and_time_is_seen(shop: Tree) -> None:
    path = shop.folder / "lib/lib.go"
    before = path.stat()
    shop.write({"lib/lib.go": LIBRARY.replace("package lib ", "package lib")})
    path.write_text("package main\n\nfunc main(){}\n ")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    let_the_clock_tick()
    assert sorted(shop.places()) == ["api", "lib"]


def test_a_thousand_packages_are_two_stats_each(tree: Tree, tmp_path: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("needs strace: apt-get install strace")
    packages = 1000
    files = {"go.mod": module("example.com/big")}
    for number in range(packages):
        name = "main" if number % 25 == 0 else f"p{number}"
        for file in "abcde":
            files[f"group{number // 50}/p{number}/{file}.go"] = f"package {name}\n"
    tree.write(files)
    code = (
        "from gorun_tasks.workspace.workspace import Workspace; import sys;"
        " assert len(Workspace(sys.argv[1]).programs) == 40;"
        " assert not {'subprocess', 'gorun_tasks.workspace.package_scan'} & set(sys.modules)"
    )
    assert len(tree.places()) == 40
    subprocess.run(
        ["strace", "-f", "-o", tmp_path / "calls", sys.executable, "-c", code, tree.folder],
        check=True,
    )
    calls = (tmp_path / "calls").read_text()
    assert calls.count(f'"{tree.folder}/') < 2.1 * packages
    assert calls.count("execve(") == 1


def test_whatever_is_edited_the_answer_is_that_of_go(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edits at random; after each, what is remembered is what go says when asked afresh."""
    chance = random.Random(20261122)
    clauses = ("package main", "package lib", "package main_test", "pakage main", "")
    constraints = ("", "//go:build ignore\n\n", "//go:build dev\n\n", "/* a\nfunc b */ ")
    bodies = ("", 'import "C"\n', "func main() {}\n", "// package main\n", "/* open")
    names = ("a.go", "m.go", "z.go", "a_test.go", "m_linux.go", "_x.go", "m_plan9.go")
    places = ("", "cmd/a/", "cmd/b/", "lib/", "lib/deep/", "sub/", "sub/x/")
    tree.write({"go.mod": module("example.com/random"), "cmd/a/main.go": MAIN})
    for _ in range(20):
        for _ in range(chance.randint(1, 3)):
            path = chance.choice(places) + chance.choice(names)
            if chance.random() < 0.1:
                path = chance.choice(("sub/go.mod", "lib/go.mod"))
                text = module("example.com/sub") if chance.random() < 0.7 else "modul\n"
            else:
                text = "".join(map(chance.choice, (constraints, clauses))) + "\n\n"
                text += chance.choice(bodies)
            if (tree.folder / path).exists() and chance.random() < 0.3:
                tree.remove(path)
            else:
                tree.write({path: text})
        remembered = tree.places()
        unlisted = list(Workspace(str(tree.folder)).unlisted)
        with monkeypatch.context() as patch:
            patch.setenv("GORUN_CACHE_DIR", str(tmp_path / "elsewhere"))
            shutil.rmtree(tmp_path / "elsewhere", ignore_errors=True)
            assert remembered == tree.places()
            assert unlisted == list(Workspace(str(tree.folder)).unlisted)
        listed = subprocess.run(
            ["go", "list", "-e", "-find", "-json=Dir,Name,GoFiles,CgoFiles", "./..."],
            cwd=tree.folder,
            env={**os.environ, "GODEBUG": "goindex=0"},
            capture_output=True,
            text=True,
            check=True,
        )
        packages = json.loads("[" + listed.stdout.replace("}\n{", "},{") + "]")
        expected = {
            os.path.relpath(package["Dir"], tree.folder)
            for package in packages
            if package.get("Name") == "main" and (package.keys() & {"GoFiles", "CgoFiles"})
        }
        outside = ("sub", "lib")
        ours = {os.path.normpath(place) for place in remembered.values()}
        nested = {d for d in outside if (tree.folder / d / "go.mod").exists()}
        assert {p for p in ours if p.split("/")[0] not in nested} == expected
