"""gorun's verbs for many programs: --list, --build, and programs by their names.

Each test is one person in one small repository; what go does is counted by strace.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.held import Held
from tests.support.workshop import Workshop, needs_strace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

GREETER = (
    'package main\n\nimport (\n\t"os"\n\n\t"example.com/shop/lib"\n)\n\n'
    'func main() { println("NAME", lib.Word(), len(os.Args), os.Getenv("LEVEL")) }\n'
)
SHOP = {
    "go.mod": "module example.com/shop\n\ngo 1.24\n",
    "lib/lib.go": 'package lib\n\nfunc Word() string { return "word" }\n',
    **{f"cmd/{name}/main.go": GREETER.replace("NAME", name) for name in ("api", "gen", "worker")},
    "tools/go.mod": "module example.com/tools\n\ngo 1.24\n",
    "tools/main.go": (
        'package main\n\nimport "os"\n\nfunc main() { here, _ := os.Getwd(); println(here) }\n'
    ),
    "gorun.toml": '[programs.api]\nargs = ["one", "two"]\nenv.LEVEL = "high"\n',
}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    workshop = Workshop(tmp_path, SHOP)
    (workshop.folder / ".git").mkdir()
    return workshop


def test_list_shows_names_and_packages(shop: Workshop) -> None:
    assert shop.gorun("--list").out == (
        "api     LEVEL=high ./cmd/api one two\n"
        "gen     ./cmd/gen\n"
        "tools   -C=tools .\n"
        "worker  ./cmd/worker\n"
    )


def test_list_answers_in_json(shop: Workshop) -> None:
    for flag in ("-json", "--json"):
        programs = json.loads(shop.gorun("--list", flag).out)
        assert [program["name"] for program in programs] == ["api", "gen", "tools", "worker"]
        assert programs[0] == {
            "name": "api",
            "target": "./cmd/api",
            "directory": ".",
            "flags": [],
            "args": ["one", "two"],
            "env": {"LEVEL": "high"},
        }


@needs_strace
def test_nothing_changed_means_no_go(shop: Workshop) -> None:
    """Neither to list, nor to build what is current, nor to run by name."""
    shop.gorun("--build")
    for words in (["--list"], ["--build"], ["--why", ":api"]):
        assert len(shop.executed(*words)) == 1
    assert len(shop.executed(":api")) == 2


def test_a_name_is_a_program_in_its_place_and_environment(shop: Workshop) -> None:
    below = {"PWD": str(shop.folder / "lib")}
    deep = Workshop.__new__(Workshop)
    deep.__dict__.update(shop.__dict__ | {"folder": shop.folder / "lib"})
    assert deep.gorun(":api", env=below).err == "api word 3 high\n"
    assert deep.gorun(":api", "typed", env=below).err == "api word 2 high\n"
    assert deep.gorun(":worker", env=below).err == "worker word 1 \n"
    assert deep.gorun(":tools", env=below).err == f"{shop.folder}/lib\n"


def test_a_named_program_is_the_one_that_is_typed(shop: Workshop) -> None:
    assert shop.outcome(":worker")[0] == "built"
    assert shop.outcome("./cmd/worker")[0] == "current"
    assert shop.gorun("--why", ":worker").out == "./cmd/worker: current\n"
    assert shop.gorun("--which", ":worker").out.rstrip().endswith("/worker")


def test_a_name_is_never_a_package_nor_a_package_a_name(shop: Workshop) -> None:
    result = shop.gorun("worker")
    assert result.rc == 125
    assert "package worker is not in std" in result.err
    assert shop.gorun(":wroker") == (
        2,
        "",
        f"gorun: no program is called wroker in {shop.folder}; did you mean worker?\n",
    )


def test_where_there_is_no_program(tmp_path: Path) -> None:
    """Somebody is in another place than they think; who wants all built wanted something."""
    workshop = Workshop(tmp_path, {"go.mod": "module example.com/shop\n", "a.go": "package a\n"})
    said = f"gorun: there is no main package in {workshop.folder}\n"
    for words in (("--list",), ("--graph",)):
        assert workshop.gorun(*words)[::2] == (0, said)
    assert workshop.gorun("-json", "--list") == (0, "[]\n", said)
    assert workshop.gorun("--build") == workshop.gorun("--quiet", "--build") == (2, "", said)


def test_build_reports_each_program(shop: Workshop) -> None:
    result = shop.gorun("--build")
    assert result.rc == 0
    assert sorted(result.out.splitlines()) == [
        "api     built because not built before",
        "gen     built because not built before",
        "tools   built because not built before",
        "worker  built because not built before",
    ]
    shop.edit("cmd/gen/main.go", "gen", "generator")
    assert sorted(shop.gorun("--build").out.splitlines()) == [
        "api     current",
        "gen     built because cmd/gen/main.go edited",
        "tools   current",
        "worker  current",
    ]
    assert shop.gorun("--build", "-tags=dev", ":api", "./cmd/gen").out.count(" built because ") == 2


def test_build_takes_the_programs_below_a_directory(shop: Workshop) -> None:
    def built(*words: str) -> list[str]:
        return sorted(line.split()[0] for line in shop.gorun("--build", *words).out.splitlines())

    assert built("./tools/...", ":api") == ["api", "tools"]
    assert built("-C=cmd", "./...") == ["api", "gen", "worker"]
    result = shop.gorun("--build", "./lib/...")
    assert result.rc == 2
    assert "there is no program below ./lib; gorun --list shows them" in result.err


def test_build_answers_in_json(shop: Workshop) -> None:
    first, second = (json.loads(shop.gorun("--build", "-json").out) for _ in range(2))
    assert {program["outcome"] for program in first} == {"built"}
    assert {program["outcome"] for program in second} == {"current"}
    assert all(os.access(program["executable"], os.X_OK) for program in second)


def test_one_failure_is_one_programs(shop: Workshop) -> None:
    shop.edit("cmd/gen/main.go", "func main", "var x int = y\n\nfunc main")
    result = shop.gorun("--build")
    assert result.rc == 125
    assert sorted(line.split()[1] for line in result.out.splitlines()) == [
        "built",
        "built",
        "built",
        "failed:",
    ]
    assert result.err.count("undefined: y") == 1
    assert shop.gorun("--build", env={"GORUN_BUILD_EXIT_CODE": "1"}).rc == 1


def test_what_is_built_together_is_what_go_run_builds_alone(shop: Workshop) -> None:
    """Byte by byte, and with a closure that notices what it would notice alone."""
    shop.gorun("--build")
    for name in ("api", "gen", "worker"):
        path = shop.gorun("--which", f":{name}").out.strip()
        with open(path, "rb") as file:
            assert file.read() == shop.built_by_go_run(f"./cmd/{name}")
    shop.edit("lib/lib.go", "word", "another")
    for name in ("api", "gen", "worker"):
        assert shop.outcome(f":{name}")[:2] == ("built", ["lib/lib.go edited"])


@needs_strace
def test_what_programs_share_is_compiled_once(shop: Workshop) -> None:
    """Whatever processes link them: one compilation of the package that both import."""
    shop.edit("lib/lib.go", "word", f"word of {os.urandom(8).hex()}")
    log = shop.folder.parent / "strace"
    command = ["strace", "-f", "-qq", "-s", "4000", "-e", "trace=execve", "-o", str(log)]
    # Not :api, whose environment is another: it is compiled apart.
    build = shop.command(("gorun_tasks", "--build", ":gen", ":worker"))
    assert shop.execute([*command, *build]).rc == 0
    lines = log.read_text().splitlines()
    compiled = [line for line in lines if '/compile"' in line and '"example.com/shop/lib"' in line]
    assert len(compiled) == 1
    started = [line for line in lines if '/go", ["' in line and '"-exec=' in line]
    assert len(started) == 2


@pytest.mark.parametrize("tool", ["compile", "link"])
def test_a_signal_leaves_no_go_behind(shop: Workshop, tool: str) -> None:
    """While packages are compiled together, and while programs are linked side by side."""
    held = Held(shop.folder.parent, tool)
    shop.environ["GOFLAGS"] = held.flag
    with shop.start("gorun_tasks", "--build", "./cmd/api", "./cmd/gen") as running:
        held.wait()
        running.signal(signal.SIGTERM)
        assert running.end() == -signal.SIGTERM, running.said
        assert "Traceback" not in running.said
        assert running.left_behind() == []


def test_affected_says_which_and_why(shop: Workshop) -> None:
    """In words and in JSON for a matrix, for names, for a list of files; and as what to build."""
    (shop.folder / ".git").rmdir()
    for words in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "--all"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "first"],
    ):
        assert shop.execute(["git", *words]).rc == 0
    assert shop.gorun("--affected", "main") == (0, "", "")
    edited = shop.folder / "cmd/gen/main.go"
    shop.edit("cmd/gen/main.go", "gen", "generator")
    assert shop.gorun("--affected", "main").out == "gen  because cmd/gen/main.go edited\n"
    from_there = shop.command(("gorun_tasks", "--affected", "main"))
    assert shop.execute(from_there, cwd=shop.folder / "lib").out == (
        "gen  because ../cmd/gen/main.go edited\n"
    )
    assert shop.gorun("--affected", "main", ":api").out == ""
    (program,) = json.loads(shop.gorun("--affected", "main", "-json").out)
    assert program == {
        "name": "gen",
        "target": "./cmd/gen",
        "directory": ".",
        "flags": [],
        "args": [],
        "env": {},
        "because": [
            {"input": "cmd/gen/main.go", "change": "edited", "path": os.path.realpath(edited)}
        ],
    }
    listed = shop("gorun_tasks", "--affected", "-", stdin="lib/lib.go\nREADME.md\n")
    assert listed.out.splitlines() == [
        f"{name:6}  because lib/lib.go changed" for name in ("api", "gen", "worker")
    ]
    assert shop.gorun("--build", "--affected", "main").out == (
        "gen  built because not built before\n"
    )
    assert shop.gorun("--build", "--affected", "main", "./cmd/gen", "./cmd/api").out == (
        "./cmd/gen  current\n"
    )
    wrong = shop.gorun("--affected", "main", ":apy")
    assert (wrong.rc, wrong.out) == (2, "")
    assert "no program is called apy" in wrong.err
    wrong = shop.gorun("--affected", "nowhere")
    assert (wrong.rc, wrong.out) == (2, "")
    assert wrong.err == "gorun: git knows no revision 'nowhere'; in CI it may have to be fetched\n"


@pytest.mark.parametrize("folder", [".", "cmd", "lib"])
@pytest.mark.parametrize("how", ["", "-z", "--relative", "-c core.quotePath=false"])
def test_affected_understands_what_git_says(shop: Workshop, folder: str, how: str) -> None:
    """The names of a diff, from wherever it is typed: those of git begin at the root."""
    (shop.folder / ".git").rmdir()
    page = "cmd/gen/a pägé.txt"
    embedding = (
        f'package main\n\nimport _ "embed"\n\n//go:embed *.txt\nvar _ string\n{GREETER[13:]}'
    )
    shop.write({"cmd/gen/main.go": embedding, page: "a", "cmd/api/gone.go": "package main\n"})
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "first"]):
        assert shop.execute(["git", *names, *words]).rc == 0
    ask = f'| "{sys.executable}" -m gorun_tasks --affected -'
    empty = shop.execute(["sh", "-c", f"echo {ask}"], cwd=shop.folder / folder)
    assert empty == (0, "", "")
    closed = shop.execute(["sh", "-c", f"exec <&-; {ask.removeprefix('| ')}"])
    assert closed.rc == 2
    assert closed.err == "gorun: - reads names of files from stdin, which is closed\n"
    shop.write({page: "b"})
    (shop.folder / "cmd/api/gone.go").unlink()
    before, after = (how, "") if how.startswith("-c") else ("", how)
    command = f"git {before} diff --name-only {after} {ask}"
    told = shop.execute(["sh", "-c", command], cwd=shop.folder / folder)
    assert (told.rc, told.err) == (0, "")
    gone, changed = (os.path.relpath(path, folder) for path in ("cmd/api/gone.go", page))
    expected = f"api  because {gone} removed\ngen  because {changed} changed\n"
    assert told.out == ("" if (how, folder) == ("--relative", "lib") else expected)


def test_affected_counts_with_the_flags_that_are_typed(shop: Workshop) -> None:
    """What go reads with -tags=dev is touched where it builds with -tags=dev."""
    (shop.folder / ".git").rmdir()
    dev = "//go:build dev\n\npackage main\n\nfunc init() { println(%s) }\n"
    shop.write({"cmd/gen/dev.go": dev % 1})
    for words in (["init", "--quiet", "--initial-branch", "main"], ["add", "--all"]):
        assert shop.execute(["git", *words]).rc == 0
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    assert shop.execute(["git", *names, "commit", "--quiet", "-m", "first"]).rc == 0
    shop.write({"cmd/gen/dev.go": dev % 2})
    assert shop.gorun("--affected", "main").out == ""
    assert shop.gorun("--affected", "main", "-tags=dev").out == (
        "gen  because cmd/gen/dev.go edited\n"
    )
    built = shop.gorun("--build", "--affected", "main", "-tags=dev").out
    assert built == "gen  built because not built before\n"


def test_errors_are_said_once_and_lead_to_their_files(shop: Workshop) -> None:
    """Paths are from where go works, which for a named program is not where the person is.

    A package that three programs import is wrong once, not three times.
    """
    shop.edit("lib/lib.go", '"word"', "7")
    shop.edit("tools/main.go", "os.Getwd()", "os.Getwd(1)")
    built = shop.gorun("--build")
    assert sorted(place for place in built.err.splitlines() if place.startswith("# ")) == [
        "# example.com/shop/lib",
        "# example.com/tools",
    ]
    assert "\nlib/lib.go:3:29: " in built.err
    assert "\ntools/main.go:5:" in built.err
    below = {"PWD": str(shop.folder / "lib")}
    deep = Workshop.__new__(Workshop)
    deep.__dict__.update(shop.__dict__ | {"folder": shop.folder / "lib"})
    assert "\n./lib.go:3:29: " in deep.gorun(":api", env=below).err
    assert "\n../tools/main.go:5:" in deep.gorun(":tools", env=below).err
