"""Workspaces: what is found, what it is called, when go is asked, what the configuration adds."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import BuildError, GoRunError, Outcome, UsageError
from gorun_tasks.workspace import package_scan
from gorun_tasks.workspace.config import line_of
from gorun_tasks.workspace.workspace import Workspace, root_of
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


# What is found.


def test_one_module(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop/v2"),
            "main.go": MAIN,
            "cmd/api/main.go": MAIN,
            "lib/lib.go": LIBRARY,
            "internal/dev/seed/main.go": MAIN,
        }
    )
    assert tree.places() == {
        "api": "./cmd/api",
        "seed": "./internal/dev/seed",
        "shop": ".",
    }


def test_what_go_passes_over_is_no_program(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop") + "ignore ./web\n",
            "cmd/api/main.go": MAIN,
            "testdata/a/main.go": MAIN,
            "_old/b/main.go": MAIN,
            ".hidden/c/main.go": MAIN,
            "vendor/d/main.go": MAIN,
            "web/e/main.go": MAIN,
            "cmd/ignored/main.go": f"//go:build ignore\n\n{MAIN}",
            "cmd/tests/main_test.go": "package main\n",
            "cmd/other/main_plan9.go": MAIN,
        }
    )
    assert tree.places() == {"api": "./cmd/api"}


def test_a_program_that_cannot_be_built_is_still_one(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop") + "\nrequire example.com/nowhere v1.0.0\n",
            "cmd/missing/main.go": 'package main\n\nimport _ "example.com/nowhere/x"\n',
            "cmd/broken/main.go": "package main\n\nfunc main( {\n",
            "cmd/two/a.go": MAIN,
            "cmd/two/b.go": "package two\n",
        }
    )
    assert list(tree.places()) == ["broken", "missing", "two"]


def test_constraints_are_as_go_applies_them(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/dev/main.go": f"//go:build dev\n\n{MAIN}",
            "cmd/c/main.go": 'package main\n\nimport "C"\n\nfunc main() {}\n',
        }
    )
    monkeypatch.setenv("CGO_ENABLED", "0")
    assert tree.places() == {}
    monkeypatch.setenv("CGO_ENABLED", "1")
    monkeypatch.setenv("GOFLAGS", "-tags=dev")
    assert tree.places() == {"c": "./cmd/c", "dev": "./cmd/dev"}


def test_the_modules_of_a_go_work_are_built_from_the_root(tree: Tree) -> None:
    tree.write(
        {
            "go.work": "go 1.24\n\nuse (\n\t./services\n\t./tools\n)\n",
            "services/go.mod": module("example.com/services"),
            "services/cmd/api/main.go": MAIN,
            "tools/go.mod": module("example.com/tools"),
            "tools/gen/main.go": MAIN,
        }
    )
    workspace = Workspace(str(tree.folder))
    assert tree.places() == {"api": "./services/cmd/api", "gen": "./tools/gen"}
    assert {program.cwd for program in workspace.programs.values()} == {str(tree.folder)}


def test_several_modules_without_a_go_work_are_built_where_they_are(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/api/main.go": MAIN,
            "tools/go.mod": module("example.com/tools"),
            "tools/gen/main.go": MAIN,
            "docs/deep/go.mod": module("example.com/deep"),
            "docs/deep/main.go": MAIN,
        }
    )
    workspace = Workspace(str(tree.folder))
    found = {n: (p.cwd, p.target.words[0]) for n, p in workspace.programs.items()}
    root = str(tree.folder)
    assert found == {
        "api": (root, "./cmd/api"),
        "deep": (f"{root}/docs/deep", "."),
        "gen": (f"{root}/tools", "./gen"),
    }
    assert workspace.program("gen").build().outcome == "built"
    assert workspace.program("deep").build().outcome == "built"


def test_a_repository_of_modules_only(tree: Tree) -> None:
    tree.write(
        {
            "README.md": "",
            "a/go.mod": module("example.com/a"),
            "a/main.go": MAIN,
            "group/b/go.mod": module("example.com/b"),
            "group/b/cmd/main.go": MAIN,
            "node_modules/c/go.mod": module("example.com/c"),
            "node_modules/c/main.go": MAIN,
        }
    )
    assert tree.places() == {"a": "./a", "b": "./group/b/cmd"}


def test_a_module_that_go_work_does_not_name_is_built_without_it(tree: Tree) -> None:
    tree.write(
        {
            "go.work": "go 1.24\n\nuse ./a\n",
            "a/go.mod": module("example.com/a"),
            "a/main.go": MAIN,
            "b/go.mod": module("example.com/b"),
            "b/main.go": MAIN,
        }
    )
    workspace = Workspace(str(tree.folder))
    assert sorted(workspace.programs) == ["a", "b"]
    assert workspace.program("b").build().outcome == "built"


def test_below_a_module_only_what_is_there(tree: Tree) -> None:
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/api/main.go": MAIN,
            "services/mail/main.go": MAIN,
        }
    )
    workspace = Workspace(str(tree.folder / "services"))
    assert {n: workspace.place(n) for n in workspace.programs} == {"mail": "./mail"}
    assert workspace.program("mail").build().outcome == "built"


def test_a_broken_module_does_not_hide_the_others(
    tree: Tree, capfd: pytest.CaptureFixture[str]
) -> None:
    tree.write(
        {
            "a/go.mod": module("example.com/a"),
            "a/main.go": MAIN,
            "b/go.mod": "modul example.com/b\n",
            "b/main.go": MAIN,
        }
    )
    assert tree.places() == {"a": "./a"}
    assert "go.mod:1: unknown directive: modul" in capfd.readouterr().err
    workspace = Workspace(str(tree.folder))
    sentence = "go cannot tell which programs there are in ./b"
    assert {place: str(error) for place, error in workspace.untold.items()} == {"./b": sentence}
    made = workspace.build()
    assert isinstance(made["a"], Outcome)
    assert str(made["./b"]) == sentence
    with pytest.raises(GoRunError, match=sentence):  # else it would miss one
        workspace.affected(files=["b/go.mod"])
    with pytest.raises(BuildError, match=sentence):
        workspace.program("b")
    tree.write({"gorun.toml": "[programs.b]\nrace = true\n"})  # which is no mistake
    assert list(Workspace(str(tree.folder)).programs) == ["a"]
    tree.write({"gorun.toml": 'exclude = ["./b/..."]\n'})
    assert Workspace(str(tree.folder)).untold == {}
    tree.remove("gorun.toml")
    tree.write({"b/go.mod": module("example.com/b")})
    assert tree.places() == {"a": "./a", "b": "./b"}


def test_what_a_broken_go_work_names_is_not_known(tree: Tree) -> None:
    tree.write({"a/go.mod": module("example.com/a"), "a/main.go": MAIN, "go.work": "go 1.24\nus a"})
    assert list(Workspace(str(tree.folder)).untold) == ["."]
    tree.write({"go.work": "go 1.24\nuse ./a\n"})
    assert Workspace(str(tree.folder)).untold == {}


# When go is asked.


@pytest.fixture
def shop(tree: Tree) -> Tree:
    tree.write(
        {
            "go.mod": module("example.com/shop"),
            "cmd/api/main.go": MAIN,
            "cmd/api/more.go": "package main\n",
            "lib/lib.go": LIBRARY,
            "docs/guide.md": "",
        }
    )
    assert tree.places() == {"api": "./cmd/api"}
    return tree


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
                text = module("example.com/sub")
            else:
                text = "".join(map(chance.choice, (constraints, clauses))) + "\n\n"
                text += chance.choice(bodies)
            if (tree.folder / path).exists() and chance.random() < 0.3:
                tree.remove(path)
            else:
                tree.write({path: text})
        remembered = tree.places()
        with monkeypatch.context() as patch:
            patch.setenv("GORUN_CACHE_DIR", str(tmp_path / "elsewhere"))
            shutil.rmtree(tmp_path / "elsewhere", ignore_errors=True)
            assert remembered == tree.places()
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


# The configuration.


def configured(tree: Tree, text: str) -> Workspace:
    tree.write({"pyproject.toml": text})
    return Workspace(str(tree.folder))


def test_the_configuration_adds_to_what_is_found(shop: Tree) -> None:
    workspace = configured(
        shop,
        '[project]\nname = "shop"\n\n[tool.gorun]\ntags = ["a", "b"]\n'
        'env = { LEVEL = "1", KIND = "x" }\n\n'
        '[tool.gorun.programs.api]\nargs = ["--port", "8080"]\nrace = true\n'
        'env.LEVEL = "2"\n\n'
        '[tool.gorun.programs.vet]\ntarget = "cmd/vet"\n',
    )
    assert sorted(workspace.programs) == ["api", "vet"]
    api, vet = workspace.program("api"), workspace.program("vet")
    assert api.flags.words == ("-tags=a,b", "-race")
    assert api.overlay == {"LEVEL": "2", "KIND": "x"}
    assert workspace.args("api") == ("--port", "8080")
    assert vet.target.words == ("cmd/vet",)
    assert vet.flags.words == ("-tags=a,b",)
    assert workspace.args("vet") == ()


def test_a_name_in_the_configuration_is_instead_of_the_rule(shop: Tree) -> None:
    table = '[tool.gorun.programs.server]\ntarget = "./cmd/api"\n'
    assert list(configured(shop, table).programs) == ["server"]
    for own in ("", "target = './cmd/api'\n"):
        both = f"{table}race = true\n[tool.gorun.programs.api]\n{own}"
        programs = configured(shop, both).programs
        assert {name: program.flags.words for name, program in programs.items()} == {
            "api": (),
            "server": ("-race",),
        }


@pytest.mark.parametrize("pattern", ["./cmd/api", "./cmd/...", "./...", "cmd/a...", "./c.../api"])
def test_what_is_excluded_is_not_found(shop: Tree, pattern: str) -> None:
    assert not configured(shop, f'[tool.gorun]\nexclude = ["{pattern}"]\n').programs


def test_what_is_not_excluded_is_found(shop: Tree) -> None:
    excluded = '[tool.gorun]\nexclude = ["./cmd", "./cmd/ap", "./lib/...", "../..."]\n'
    excluded = excluded.replace(', "../..."', "")
    assert list(configured(shop, excluded).programs) == ["api"]


def test_a_gorun_toml_comes_first_and_the_nearest_file_counts(shop: Tree) -> None:
    shop.write(
        {
            "pyproject.toml": "[tool.gorun]\nrace = true\n",
            "gorun.toml": "msan = true\n",
            "cmd/pyproject.toml": "[project]\nname = 'none of ours'\n",
        }
    )
    inner = str(shop.folder / "cmd")
    assert root_of(inner) == str(shop.folder)
    assert Workspace(inner).config.general.flags == {"msan": True}
    shop.write({"cmd/gorun.toml": "asan = true\n"})
    assert root_of(inner) == inner
    assert Workspace(inner).config.general.flags == {"asan": True}


def test_outside_a_repository_nobody_looks_further_up(tree: Tree) -> None:
    (tree.folder / ".git").rmdir()
    tree.write({"gorun.toml": "race = 1\n", "inner/go.mod": module("example.com/inner")})
    inner = str(tree.folder / "inner")
    assert root_of(inner) == inner
    assert Workspace(inner).config.path == ""


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("[tool.gorun]\nrase = true\n", 2, "rase is no setting; did you mean race?"),
        (
            "[tool.gorun]\nargs = ['a']\n",
            2,
            "args is no setting; it is said of one program, in the table programs.NAME",
        ),
        ("[tool.gorun]\n\n# a\nrace = 'yes'\n", 4, "race: expected a bool, got str 'yes'"),
        ("[tool.gorun]\nchdir = 'a'\n", 2, "chdir is no setting"),
        ("[tool.gorun]\nexclude = './a'\n", 2, "exclude: expected a list of strings, got './a'"),
        ("[tool.gorun]\nenv = { A = 1 }\n", 2, "A: expected a string, got 1"),
        ("[tool.gorun]\nenv = 'A=1'\n", 2, "env: expected a table, got 'A=1'"),
        ("[tool.gorun]\nenv.'A=1' = ''\n", 2, "env: 'A=1' is no name for a variable"),
        ('[tool.gorun]\nenv.A = "\\u0000"\n', 2, "env: no variable can hold a zero byte"),
        ("[tool]\ngorun = 1\n", 2, "tool.gorun: expected a table, got 1"),
        (
            "[tool.gorun]\ntags = ['a']\n\n[tool.gorun.programs.api]\nargs = [\n 'a',\n 1]\n",
            5,
            "args: expected a list of strings, got ['a', 1]",
        ),
        (
            "[tool.gorun.programs.api]\nenv.A = 'x'\n\n[tool.gorun.programs.aip]\nrace = true\n",
            4,
            "no program is called aip; found: api; a new name needs a target",
        ),
        (
            "[tool.gorun.programs]\napi = { race = true, tag = 'a' }\n",
            2,
            "tag is no setting; did you mean tags?",
        ),
        ("[tool.gorun.programs.'a/b']\ntarget = 'x'\n", 1, "'a/b' is no name for a program"),
        ("[tool.gorun.programs.'a b']\ntarget = 'x'\n", 1, "'a b' is no name for a program"),
        ("[tool.gorun.programs.a]\ntarget = ''\n", 2, "target: expected a package, got ''"),
        (
            "[tool.gorun.programs.a]\ntarget = '-x'\n",
            2,
            "-x is no target; write ./ before a name that starts with -",
        ),
        (
            "[tool.gorun.programs.a]\nrace = true\ntarget = './cmd/aip'\n",
            3,
            "there is no ./cmd/aip in {folder}",
        ),
        (
            "[tool.gorun.programs.api]\ntarget = 'cmd/vet'\n",
            1,
            "two programs are called api; ./cmd/api is called so as well",
        ),
    ],
)
def test_what_is_not_understood_is_an_error_with_its_line(
    shop: Tree, text: str, line: int, sentence: str
) -> None:
    with pytest.raises(UsageError) as raised:
        _ = configured(shop, text).programs
    said = sentence.format(folder=shop.folder)
    assert str(raised.value) == f"{shop.folder}/pyproject.toml:{line}: {said}"


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("race = true\ntags = maybe\n", 2, "Invalid value"),
        ("tags = [\n'a',\n", 2, "Invalid value"),
        ("race = true\n[programs.api", 2, "Expected ']' at the end of a table declaration"),
    ],
)
def test_toml_that_cannot_be_read_is_an_error_with_its_line(
    shop: Tree, text: str, line: int, sentence: str
) -> None:
    shop.write({"gorun.toml": text})
    with pytest.raises(UsageError) as raised:
        Workspace(str(shop.folder))
    assert str(raised.value).startswith(f"{shop.folder}/gorun.toml:{line}: {sentence}")


def test_the_line_of_a_key_is_found_whatever_stands_before_it() -> None:
    text = 'a = """\nb = 1\n[c]\n"""\nb = [\n  2,\n]\n[c] # d\n  d.e = { f = 1 }\n'
    assert [line_of(text, tuple(k)) for k in ("a", "b", "c", "cd", "cdef", "x")] == [
        1,
        5,
        8,
        9,
        9,
        0,
    ]


def test_an_unknown_name_is_answered_with_a_near_one(shop: Tree) -> None:
    with pytest.raises(UsageError, match=r"no program is called apo in .*; did you mean api\?"):
        Workspace(str(shop.folder)).program("apo")


def test_the_line_of_a_key_in_a_long_file_is_found_without_reading_it_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each statement is read once, with the header of its table: not all that stands before it."""
    read: list[int] = []
    loads = tomllib.loads

    def counted(text: str) -> object:
        read.append(text.count("\n"))
        return loads(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    lines = "".join(f"[t{number}]\nkey = {number}\n" for number in range(500))
    assert line_of(lines, ("t499", "key")) == 1000
    assert sum(read) <= 2 * 1000
