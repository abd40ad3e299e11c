"""Facts of git that are linked in: what they are, and when they make a program stale."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import BuildFlags, GoRunError, Program, UsageError
from gorun_tasks.core import tool_flags as toolflags
from gorun_tasks.workspace.workspace import Workspace
from tests.support.clock import let_the_clock_tick
from tests.support.trees import Tree, module

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("surroundings")

SOURCE = (
    'package main\n\nimport "fmt"\n\nvar version, commit, date, dirty, mine string\n\n'
    'func main() { fmt.Print(version, "|", commit, "|", date, "|", dirty, "|", mine) }\n'
)
ALL = {f"main.{fact}": fact for fact in ("version", "commit", "date", "dirty")}


@pytest.fixture
def repository(tree: Tree) -> Tree:
    (tree.folder / ".git").rmdir()
    tree.folder.joinpath("unused").mkdir()
    tree.git("init", "--quiet", "--initial-branch", "main")
    tree.write({"go.mod": module("example.com/stamped"), "main.go": SOURCE, "words.md": "a"})
    tree.commit("first")
    tree.git("tag", "v1.2")
    let_the_clock_tick()
    return tree


def program(tree: Tree, stamp: Mapping[str, str] | None = None, **flags: str) -> Program:
    return Program(cwd=str(tree.folder), stamp=ALL if stamp is None else stamp, **flags)  # type: ignore[arg-type]


def said(program: Program) -> list[str]:
    path = program.build().path
    return subprocess.run([path], capture_output=True, text=True, check=True).stdout.split("|")


def test_the_four_facts(repository: Tree) -> None:
    commit = repository.git("rev-parse", "HEAD").strip()
    date = repository.git("show", "-s", "--format=%cI", "HEAD").strip()
    assert said(program(repository)) == ["v1.2", commit, date, "false", ""]
    repository.write({"words.md": "b"})
    assert said(program(repository)) == ["v1.2-dirty", commit, date, "true", ""]
    commit = repository.commit("second")
    short = commit[:12]
    assert said(program(repository))[0] == f"v1.2-1-g{short}"
    git = repository.git("describe", "--tags", "--always", "--dirty", "--abbrev=12").strip()
    assert git == f"v1.2-1-g{short}"
    repository.git("tag", "--delete", "v1.2")
    assert said(program(repository))[0] == short


def test_a_changed_stamp_is_a_reason_and_an_unchanged_one_is_none(repository: Tree) -> None:
    stamped = program(repository, {"main.version": "version"})
    assert stamped.build().outcome == "built"
    assert stamped.build().outcome == "current"
    repository.git("commit", "--quiet", "--allow-empty", "--message", "other")
    repository.git("tag", "v1.3")
    assert [str(reason) for reason in stamped.why()] == ["version: 'v1.2' → 'v1.3'"]
    assert said(stamped)[0] == "v1.3"
    repository.git("checkout", "--quiet", "v1.2")
    assert stamped.build().outcome == "restored"
    repository.git("branch", "same")
    repository.git("checkout", "--quiet", "same")
    assert stamped.build().outcome == "current"


def test_only_facts_that_are_stamped_count(repository: Tree) -> None:
    stamped = program(repository, {"main.dirty": "dirty"})
    stamped.build()
    repository.git("commit", "--quiet", "--allow-empty", "--message", "other")
    assert stamped.is_current()
    repository.write({"words.md": "b"})
    assert [str(reason) for reason in stamped.why()] == ["dirty: 'false' → 'true'"]


def test_what_is_stamped_is_part_of_who_a_program_is_its_value_is_not(repository: Tree) -> None:
    plain, one, other = (
        program(repository, stamp)
        for stamp in ({}, {"main.version": "version"}, {"main.mine": "version"})
    )
    assert len({plain.key, one.key, other.key}) == 3
    assert said(one) == ["v1.2", "", "", "", ""]
    assert said(other) == ["", "", "", "", "v1.2"]
    assert said(plain) == ["", "", "", "", ""]


@pytest.mark.parametrize(
    "flags", [{"ldflags": "-X main.mine=a"}, {"goflags": "-ldflags=-X=main.mine=a"}]
)
def test_what_ldflags_say_already_stays(
    repository: Tree, flags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", flags.pop("goflags", ""))
    assert said(program(repository, {"main.version": "version"}, **flags)) == [
        *("v1.2", "", "", ""),
        "a",
    ]


def test_a_tag_with_odd_letters_is_linked_as_it_is(repository: Tree) -> None:
    repository.git("commit", "--quiet", "--allow-empty", "--message", "other")
    repository.git("tag", "it's-2-gabc")
    assert said(program(repository))[0] == "it's-2-gabc"


def test_flags_are_put_together() -> None:
    made = toolflags.stamped(BuildFlags(race=True), {"main.a": "1 2"})
    assert made.words == ("-race", "-ldflags=-X 'main.a=1 2'")
    made = toolflags.stamped(BuildFlags(ldflags="all=-s"), {"main.a": "1"}, "-ldflags=-w")
    assert made.words == ("-ldflags=all=-s -X main.a=1",)
    assert toolflags.stamped(BuildFlags(), {"main.a": "1"}, "-v -ldflags=-w").words == (
        "-ldflags=-w -X main.a=1",
    )


def test_outside_a_repository_all_is_unknown(repository: Tree) -> None:
    shutil.rmtree(repository.folder / ".git")
    let_the_clock_tick()
    assert said(program(repository)) == ["unknown", "unknown", "unknown", "unknown", ""]
    repository.git("init", "--quiet")
    assert program(repository).is_current()
    repository.commit("first")
    assert said(program(repository))[3] == "false"


def test_a_repository_of_which_git_cannot_tell_is_an_error(repository: Tree) -> None:
    head = repository.folder / ".git" / "HEAD"
    head.write_text("not a ref")
    with pytest.raises(GoRunError, match="git cannot tell: fatal: not a git repository"):
        program(repository).build()


def test_what_makes_no_sense_is_refused(repository: Tree) -> None:
    with pytest.raises(
        UsageError, match="cannot stamp 'version'; name a variable with its package"
    ):
        program(repository, {"version": "version"})
    with pytest.raises(
        UsageError, match=r"cannot stamp .* with 'tag'; a fact is one of version, commit"
    ):
        program(repository, {"main.version": "tag"})


def test_a_stamp_that_is_no_mapping_is_refused(repository: Tree) -> None:
    for stamp in ("main.version", ["main.version"]):
        with pytest.raises(UsageError, match="stamp: expected variables and their facts, got"):
            program(repository, stamp)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="expected variables and their facts, got 3"):
        Program(".").with_flags(stamp=3)  # type: ignore[arg-type]


def test_a_workspace_stamps_by_its_configuration(repository: Tree) -> None:
    repository.write(
        {
            "gorun.toml": "stamp = { 'main.version' = 'version' }\n\n"
            "[programs.stamped.stamp]\n'main.mine' = 'dirty'\n"
        }
    )
    workspace = Workspace(str(repository.folder))
    assert said(workspace.program("stamped")) == ["v1.2-dirty", "", "", "", "true"]
    repository.write({"gorun.toml": "[stamp]\n'main.version' = 'tag'\n"})
    with pytest.raises(UsageError, match=r"gorun\.toml:2: cannot stamp .* with 'tag'"):
        Workspace(str(repository.folder))


def test_a_run_that_stamps_asks_git_twice_and_nobody_else(repository: Tree, tmp_path: Path) -> None:
    """For the state and for the tag. The date is remembered with the build."""
    if not shutil.which("strace"):
        pytest.skip("needs strace: apt-get install strace")
    log = tmp_path / "strace"
    trace = ["strace", "-f", "-qq", "-e", "trace=execve", "-o", str(log)]
    stamps = [word for name, fact in ALL.items() for word in ("--stamp", f"{name}={fact}")]
    command = [sys.executable, "-m", "gorun_tasks", *stamps, "."]
    executed = []
    for _ in range(2):
        done = subprocess.run(
            [*trace, *command],
            cwd=repository.folder,
            env={**os.environ, "PWD": str(repository.folder), "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith("v1.2|")
        executed = re.findall(r'execve\("([^"]*)", .* = 0$', log.read_text(), re.MULTILINE)
    assert [os.path.basename(path) for path in executed[1:]] == ["git", "git", "stamped"]
