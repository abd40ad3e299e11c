"""Shell completion: what is offered where, in the real shells, and without go where it is known."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.cli.options import OPTIONS
from gorun_tasks.core.flag_help import FLAG_HELP
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS
from tests.support.clock import PATIENCE
from tests.support.place import Running
from tests.support.workshop import Workshop, needs_strace, screen

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("go")

MAIN = "package main\n\nfunc main() {}\n"
FILES = {
    "go.mod": "module example.com/shop\n\ngo 1.24\n",
    "main.go": MAIN,
    "main_test.go": "package main\n",
    "two words.go": MAIN.replace("main()", "other()"),
    "cmd/api/main.go": MAIN,
    "cmd/gen/main.go": MAIN,
    "lib/lib.go": "package lib\n",
    "testdata/x/main.go": MAIN,
    "data.json": "{}",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return a folder with three programs, which are known, and gorun as a command."""
    workshop = Workshop(tmp_path_factory.mktemp("completion"), FILES)
    workshop.environ["PATH"] = f"{Path(sys.executable).parent}:{workshop.environ['PATH']}"
    workshop.environ["TERM"] = "dumb"
    assert workshop.gorun("--list").rc == 0
    return workshop


def offered(workshop: Workshop, *words: str, env: dict[str, str] | None = None) -> list[str]:
    """Return what can be in the place of the last word."""
    result = workshop.gorun("--completion", "fish", "gorun", *words, env=env)
    assert (result.rc, result.err) == (0, "")
    return [line.partition("\t")[0] for line in result.out.splitlines()]


PROGRAMS = [".", "./cmd/api", "./cmd/gen", ":api", ":gen", ":shop"]


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ([""], [*PROGRAMS, "main.go", "two words.go"]),
        (["-race", "-tags", "x", ""], [*PROGRAMS, "main.go", "two words.go"]),
        (["--", ""], [*PROGRAMS, "main.go", "two words.go"]),
        ([":"], [":api", ":gen", ":shop"]),
        (["./c"], ["./cmd/api", "./cmd/gen"]),
        (["./l"], ["./lib/"]),
        (["./lib/"], ["./lib/lib.go"]),
        (["example.com/shop/c"], ["example.com/shop/cmd/api", "example.com/shop/cmd/gen"]),
        (["ma"], ["main.go"]),
        (["main.go", ""], ["cmd/", "data.json", "go.mod", "lib/", "main.go"]),
        (["./cmd/api", "da"], ["data.json"]),
        (["./cmd/api", "--wh"], []),
        (["-C", "cmd", ""], ["./api", "./gen", ":api", ":gen", ":shop"]),
        (["-C", "c"], ["cmd/"]),
        (["--wh"], ["--which", "--why"]),
        (["-trim"], ["-trimpath"]),
        (["-mod", "r"], ["readonly"]),
        (["-mod=r"], ["-mod=readonly"]),
        (["-tags", ""], []),
        (["-pgo", ""], ["auto", "cmd/", "data.json", "go.mod", "lib/", "off"]),
        (["--store", ""], ["clear", "drop", "stat", "verify"]),
        (["--store", "drop", "./cmd/a"], ["./cmd/api"]),
        (["--build", ":api", ":g"], [":gen"]),
        (["--watch", ":api", ":g"], [":gen"]),
        (["--watch", "./cmd/api", ":g"], []),
        (["--stop-signal", "T"], ["TERM"]),
        (["--graph", ""], ["mermaid", "text"]),
        (["--list", ""], []),
        (["--stamp", "main.v=d"], ["main.v=date", "main.v=dirty"]),
        (["--completion", ""], ["bash", "fish", "zsh"]),
        (["--nothing-like-this", "-"], None),
    ],
)
def test_what_is_offered(shop: Workshop, words: list[str], candidates: list[str] | None) -> None:
    found = offered(shop, *words)
    if candidates is None:
        assert {"-race", "-C", "--why"} <= {*found}
    elif "main.go" in words or "-pgo" in words:
        assert {*candidates} <= {*found}
    else:
        assert found == candidates


def test_every_option_is_offered_and_every_flag_explained(shop: Workshop) -> None:
    """Options of ours by the help text, go's flags by a table: neither may be forgotten."""
    assert {*FLAG_HELP} == BOOLEAN_FLAGS | VALUE_FLAGS
    lines = shop.gorun("--completion", "fish", "gorun", "-").out.splitlines()
    meanings = dict(line.split("\t") for line in lines)
    own = {f"--{name}" for name in OPTIONS}
    assert own <= {*meanings} == own | {f"-{flag}" for flag in FLAG_HELP}
    assert [option for option, meaning in meanings.items() if not meaning] == []


@needs_strace
def test_what_is_known_is_offered_without_go(shop: Workshop) -> None:
    assert len(shop.executed("--completion", "fish", "gorun", "./c")) == 1


def test_what_is_not_known_is_asked_once(tmp_path: Path) -> None:
    """A first Tab has go asked, for a second at most; what it found is known from then on."""
    workshop = Workshop(tmp_path, FILES)
    deadline = time.monotonic() + PATIENCE
    while "./cmd/api" not in offered(workshop, ""):  # a second is short on a busy machine
        assert time.monotonic() < deadline
    assert offered(workshop, ":") == [":api", ":gen", ":shop"]


def test_where_go_cannot_tell_there_are_directories(tmp_path: Path) -> None:
    """No go, or one that never answers: a Tab offers what the disk shows, and leaves no process."""
    workshop = Workshop(tmp_path, FILES)
    slow = tmp_path / "go"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    for go in ("/nowhere/go", str(slow)):
        workshop.environ["GORUN_GO"] = go
        assert offered(workshop, "") == ["./cmd/", "./lib/", "main.go", "two words.go"]
        assert offered(workshop, ":") == []
    with workshop.start("gorun_tasks", "--completion", "fish", "gorun", "") as running:
        assert running.end() == 0
        assert running.left_behind() == []


def test_a_broken_configuration_is_no_trouble(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, {**FILES, "gorun.toml": "programs = 7\n"})
    assert offered(workshop, ":") == []
    assert offered(workshop, "--wh") == ["--which", "--why"]


# In the real shells: what is typed up to a Tab, and what then stands there.

TYPED = {
    "gorun --whi": "gorun --which ",
    "gorun -race -trim": "gorun -race -trimpath ",
    "gorun -mod=re": "gorun -mod=readonly ",
    "gorun --store ver": "gorun --store verify ",
    "gorun :ap": "gorun :api ",
    "gorun ./cmd/g": "gorun ./cmd/gen ",
    "gorun two": r"gorun two\ words.go ",
    "gorun ./cmd/gen dat": "gorun ./cmd/gen data.json ",
    "X=1 gorun :ge": "X=1 gorun :gen ",
}


def at_prompt(running: Running) -> None:
    """Wait until the shell asks for a command."""
    while screen(running.said).rpartition("\n")[2] not in ("$", "$ "):
        running.wait_for_next(".")


def begin_anew(running: Running) -> None:
    """Make what was typed a comment, and begin another line."""
    running.type("\x01#\n")
    running.wait_for_next("\n")
    at_prompt(running)


def prompt(shop: Workshop, *shell: str) -> Iterator[Running]:
    with Running([*shell], shop, terminal=True) as running:
        running.wait_for("$ ")
        yield running


@pytest.fixture
def bash(shop: Workshop) -> Iterator[Running]:
    """Return bash at its prompt, with the script."""
    shop.environ["PS1"] = "$ "
    for running in prompt(shop, shutil.which("bash") or "", "--norc", "--noprofile", "-i"):
        running.type('eval "$(gorun --completion bash)"; echo re""ady\n')
        running.wait_for("ready\n")
        at_prompt(running)
        yield running


@pytest.fixture
def zsh(shop: Workshop) -> Iterator[Running]:
    """Return zsh at its prompt, with the script."""
    if not shutil.which("zsh"):
        pytest.skip("needs zsh: apt-get install zsh")
    shop.environ["PS1"] = "$ "
    for running in prompt(shop, shutil.which("zsh") or "", "-f", "-i"):
        running.type("setopt interactivecomments; unsetopt prompt_sp\n")
        running.type("autoload -U compinit && compinit -D -u\n")
        running.type('eval "$(gorun --completion zsh)"; echo re""ady\n')
        running.wait_for("ready\n")
        at_prompt(running)
        yield running


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_in_bash_and_zsh(request: pytest.FixtureRequest, shell: str) -> None:
    """A Tab completes the word, quoted where it must be, and goes on after what is whole."""
    running: Running = request.getfixturevalue(shell)
    for typed, becomes in TYPED.items():
        running.type(f"{typed}\t#")
        running.wait_for_next("#")
        assert screen(running.said).rpartition("\n")[2].rstrip() == f"$ {becomes}#"
        begin_anew(running)


def test_in_bash_without_its_word_breaks(bash: Running) -> None:
    """Many have taken the colon out of COMP_WORDBREAKS."""
    bash.type("COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}; echo ch''anged\n")
    bash.wait_for("changed\n")
    at_prompt(bash)
    for typed in ("gorun :ap", "gorun -mod=re"):
        bash.type(f"{typed}\t#")
        bash.wait_for(f"{TYPED[typed]}#")
        begin_anew(bash)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_word_that_is_not_begun(request: pytest.FixtureRequest, shell: str) -> None:
    running: Running = request.getfixturevalue(shell)
    running.type("gorun --store drop \t\t")
    for program in ("./cmd/api", "./cmd/gen", ":api", ":gen", ":shop"):
        running.wait_for(program)
    running.wait_for("main.go")


def test_in_fish(shop: Workshop) -> None:
    fish = shutil.which("fish")
    if not fish:
        pytest.skip("needs fish: apt-get install fish")
    for typed, becomes in TYPED.items():
        script = f'gorun --completion fish | source; complete -C "{typed}"'
        result = shop.execute([fish, "--no-config", "-c", script])
        assert (result.rc, result.err) == (0, "")
        (line,) = result.out.splitlines()
        assert line.partition("\t")[0] == shlex.split(becomes)[-1]
    script = 'gorun --completion fish | source; complete -C "gorun --graph "'
    assert shop.execute([fish, "--no-config", "-c", script]).out == "mermaid\ntext\n"
