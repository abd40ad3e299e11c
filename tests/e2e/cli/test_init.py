"""--init: what it writes runs, and what was there stays as it was."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.place import REPOSITORY
from tests.support.workshop import HELLO, WITHOUT_OVERRIDE, Workshop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.place import Result

pytestmark = pytest.mark.usefixtures("go")

MANY = {
    "go.mod": HELLO["go.mod"],
    "cmd/api/main.go": HELLO["main.go"],
    "cmd/my_tool.v1/main.go": HELLO["main.go"].replace('"hello"', '"tool"'),
    "lib/lib.go": "package lib\n",
}
FILES = {"nox": "noxfile.py", "invoke": "tasks.py", "doit": "dodo.py"}
LISTS = {"nox": ["-l"], "invoke": ["-l"], "doit": ["list", "--all"]}
OWN = {
    "nox": "import nox\n\n@nox.session(venv_backend='none')\ndef mine(_):\n    print('mine')\n",
    "invoke": "from invoke import task\n\n@task\ndef mine(c):\n    print('mine')\n",
    "doit": "def task_mine():\n    return {'actions': ['echo mine']}\n",
}
"""Files of somebody's own."""


@pytest.fixture(params=FILES)
def runner(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def repository(folder: Path, files: dict[str, str]) -> Workshop:
    workshop = Workshop(folder, files)
    git(workshop, "init", "--quiet")
    committed(workshop)
    return workshop


def git(workshop: Workshop, *words: str) -> str:
    done = workshop.execute(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words])
    assert done.rc == 0, done.err
    return done.out


def committed(workshop: Workshop) -> None:
    git(workshop, "add", ".")
    git(workshop, "commit", "--quiet", "--message", "whatever")


def types_next(workshop: Workshop, said: str, *arguments: str) -> Result:
    """Type the command that --init names, in the folder where it was asked."""
    (command,) = re.findall(r"^next: (.*)$", said, re.MULTILINE)
    return workshop.execute(["sh", "-c", " ".join([command, "--", *arguments])])


def with_installed(workshop: Workshop, *runners: str) -> Result:
    """Run gorun --init where of the runners only these are installed."""
    folder = workshop.folder.parent / "installed"
    folder.mkdir()
    for name in runners:
        (folder / f"{name}.py").touch()
    command = [sys.executable, "-S", "-m", "gorun_tasks", "--init"]
    return workshop.execute(command, env={"PYTHONPATH": f"{REPOSITORY}:{folder}"})


def test_one_program_runs(tmp_path: Path, runner: str) -> None:
    """What the runner leaves behind is ignored."""
    workshop = repository(tmp_path, HELLO)
    made = workshop.gorun("--init", runner)
    lines = made.out.splitlines()
    assert (made.rc, made.err) == (0, "")
    assert lines[:2] == [
        f"wrote {FILES[runner]}: runs one program",
        "wrote gorun.toml: settings, commented out",
    ]
    assert lines[2].startswith("added to .gitignore: ")
    assert len(lines) == 4
    ran = types_next(workshop, made.out, "a", "b")
    assert ran.rc == 0, ran
    assert ran.out.endswith("hello [a b]\n") or "hello [a b]\n" in ran.out
    names = sorted([".gitignore", "gorun.toml", FILES[runner]])
    assert git(workshop, "status", "--short") == "".join(f"?? {name}\n" for name in names)


def test_many_programs_are_listed(tmp_path: Path, runner: str) -> None:
    workshop = repository(tmp_path, MANY)
    made = workshop.gorun("--init", runner)
    assert f"wrote {FILES[runner]}: runs 2 programs\n" in made.out
    assert "hello [a]\n" in types_next(workshop, made.out, "a").out
    listed = workshop(runner, *LISTS[runner]).out
    assert "api" in listed
    assert re.search("my.tool.v1", listed)


def test_the_examples_in_comments_are_good(tmp_path: Path, runner: str) -> None:
    """Whoever takes the marks away has a task, and a configuration that is understood."""
    workshop = repository(tmp_path, MANY)
    assert workshop.gorun("--init", runner).rc == 0
    for name, prose in ((FILES[runner], ("# A ",)), ("gorun.toml", ("# What ",))):
        path = workshop.folder / name
        lines = path.read_text().splitlines(keepends=True)
        bare = [line if line.startswith(prose) else re.sub("^# ?", "", line) for line in lines]
        path.write_text("".join(bare))
    listed = workshop.gorun("--list").out
    assert re.search(r"^api +LEVEL=debug -tags=dev ./cmd/api --port 8080$", listed, re.MULTILINE)
    assert re.search(r"^api-race +LEVEL=debug -tags=dev -race ./cmd/api$", listed, re.MULTILINE)
    assert re.search(r"\brace\b", workshop(runner, *LISTS[runner]).out)


def test_a_name_with_a_dot_is_one_key(tmp_path: Path) -> None:
    files = {name: text for name, text in MANY.items() if "api" not in name}
    workshop = repository(tmp_path, files)
    assert workshop.gorun("--init", "invoke").rc == 0
    assert '[programs."my_tool.v1-race"]' in (workshop.folder / "gorun.toml").read_text()
    made = workshop.gorun("--init", "invoke").out
    assert "tool [a]\n" in types_next(workshop, made, "a").out


def test_what_is_there_stays_and_the_lines_to_add_are_said(tmp_path: Path, runner: str) -> None:
    pyproject = "[project]\nname = 'a'\n"
    files = {**HELLO, FILES[runner]: OWN[runner], "pyproject.toml": pyproject}
    workshop = repository(tmp_path, files)
    made = workshop.gorun("--init")
    assert (made.rc, made.err) == (0, "")
    assert git(workshop, "status", "--short") == "?? .gitignore\n"
    assert f"left {FILES[runner]} as it is; add at its end:\n" in made.out
    for name, lines in additions(made.out).items():
        workshop.write({name: f"{files[name]}\n\n{lines}"})
    assert "hello [a]\n" in types_next(workshop, made.out, "a").out
    how = ["-s", "mine"] if runner == "nox" else ["mine"]
    assert "mine\n" in workshop(runner, *how).out
    again = workshop.gorun("--init").out.splitlines()[:-1]
    assert again == [f"left {name} as it is" for name in (FILES[runner], "pyproject.toml")]


def additions(said: str) -> dict[str, str]:
    """Return the lines to add to files, by file."""
    blocks = re.findall(r"^left (\S+) as it is; .*:\n\n((?:    .*\n|\n)+)", said, re.MULTILINE)
    return {name: textwrap.dedent(lines) for name, lines in blocks}


@pytest.mark.parametrize(
    ("name", "own", "words"),
    [
        (
            "tasks.py",
            f"import invoke\n{OWN['invoke']}\nns = invoke.Collection(mine)\n",
            [],
        ),
        ("dodo.py", f"DOIT_CONFIG = {{'verbosity': 2}}\n{OWN['doit']}", ["list"]),
    ],
)
def test_a_namespace_and_a_doit_config_of_somebodys_own_stay(
    tmp_path: Path, name: str, own: str, words: list[str]
) -> None:
    workshop = repository(tmp_path, {**HELLO, name: own})
    made = workshop.gorun("--init").out
    workshop.write({name: f"{own}\n{additions(made)[name]}"})
    assert "hello [a]\n" in types_next(workshop, made, "a").out
    runner = "invoke" if name == "tasks.py" else "doit"
    assert "mine" in workshop(runner, *(words or ["mine"])).out


def test_twice_is_once(tmp_path: Path, runner: str) -> None:
    workshop = repository(tmp_path, HELLO)
    first = workshop.gorun("--init", runner).out
    committed(workshop)
    again = workshop.gorun("--init").out
    assert git(workshop, "status", "--short") == ""
    assert again.splitlines() == [
        *(f"left {name} as it is" for name in (FILES[runner], "gorun.toml")),
        first.splitlines()[-1],
    ]


def test_a_tasks_file_of_somebody_else_is_no_runners(tmp_path: Path) -> None:
    """A web framework calls its own so."""
    workshop = repository(tmp_path, {**HELLO, "tasks.py": "import celery\n"})
    assert with_installed(workshop, "nox").out.startswith("wrote noxfile.py: ")
    assert "left tasks.py as it is; add " in workshop.gorun("--init", "invoke").out


@pytest.mark.parametrize(
    ("installed", "why", "commands"),
    [
        (
            [],
            "neither nox nor invoke nor doit is installed where gorun is",
            "gorun --init nox, gorun --init invoke or gorun --init doit",
        ),
        (
            ["nox", "doit"],
            "nox and doit are installed",
            "gorun --init nox or gorun --init doit",
        ),
    ],
)
def test_where_it_cannot_know_it_says_what_to_type(
    tmp_path: Path, installed: list[str], why: str, commands: str
) -> None:
    workshop = repository(tmp_path, HELLO)
    said = f"gorun: {why}; say for which one: {commands}\n"
    assert with_installed(workshop, *installed) == (2, "", said)
    assert git(workshop, "status", "--short") == ""


def test_several_files_are_a_question(tmp_path: Path) -> None:
    workshop = repository(tmp_path, {**HELLO, "noxfile.py": "", "dodo.py": ""})
    said = (
        "noxfile.py and dodo.py are there; say for which one: gorun --init nox or gorun --init doit"
    )
    assert workshop.gorun("--init") == (2, "", f"gorun: {said}\n")


def test_one_installed_runner_is_meant(tmp_path: Path) -> None:
    workshop = repository(tmp_path, HELLO)
    made = with_installed(workshop, "doit").out
    assert made.startswith("wrote dodo.py: ")
    assert made.splitlines()[-1].startswith("next: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["make"], "--init make is unknown; it is nox, invoke or doit"),
        (["nox", "doit"], "--init nox doit is unknown; it is nox, invoke or doit"),
        (["./cmd/api"], "--init ./cmd/api is unknown; it is nox, invoke or doit"),
    ],
)
def test_other_words_are_refused(tmp_path: Path, words: Sequence[str], said: str) -> None:
    workshop = Workshop(tmp_path)
    assert workshop.gorun("--init", *words) == (2, "", f"gorun: {said}\n")


def test_without_a_program_nothing_is_written(tmp_path: Path) -> None:
    files = {"go.mod": HELLO["go.mod"], "lib.go": "package hello\n"}
    workshop = Workshop(tmp_path, files)
    said = f"gorun: there is no main package in {workshop.folder}; --init needs a program\n"
    assert workshop.gorun("--init", "nox") == (2, "", said)
    assert sorted(os.listdir(workshop.folder)) == sorted(files)


def test_in_a_folder_below_it_writes_where_the_repository_begins(
    tmp_path: Path, runner: str
) -> None:
    workshop = repository(tmp_path, MANY)
    workshop.folder /= "cmd"
    workshop.environ["PWD"] = str(workshop.folder)
    made = workshop.gorun("--init", runner)
    assert made.out.startswith(f"wrote ../{FILES[runner]}: ")
    assert os.listdir(workshop.folder / "api") == ["main.go"]
    assert "hello [a]\n" in types_next(workshop, made.out, "a").out


def test_outside_of_a_repository_nothing_is_ignored(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    assert ".gitignore" not in workshop.gorun("--init", "nox").out
    assert not (workshop.folder / ".gitignore").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.log", "*.log\n.doit.db*\n__pycache__/\nbin/\n"),
        ("*.log\r\n*.py[cod]\r\n", "*.log\r\n*.py[cod]\r\n.doit.db*\r\nbin/\r\n"),
        (".doit.*\n__pycache__\n/bin\n", ".doit.*\n__pycache__\n/bin\n"),
    ],
)
def test_only_what_git_does_not_ignore_yet_is_added(
    tmp_path: Path, before: str, after: str
) -> None:
    workshop = repository(tmp_path, HELLO)
    (workshop.folder / ".gitignore").write_bytes(before.encode())
    assert workshop.gorun("--init", "doit").rc == 0
    assert (workshop.folder / ".gitignore").read_bytes().decode() == after


def test_doit_puts_nothing_into_a_bin_that_is_there(tmp_path: Path) -> None:
    workshop = repository(tmp_path, {**HELLO, "bin/tool": ""})
    assert "bin" not in workshop.gorun("--init", "doit").out.replace("/bin/doit", "")
    assert "task_go = go.tasks()\n" in (workshop.folder / "dodo.py").read_text()


@pytest.mark.parametrize("closed", [".", ".gitignore"])
def test_where_it_cannot_write_it_writes_nothing(tmp_path: Path, closed: str) -> None:
    workshop = repository(tmp_path, {**HELLO, ".gitignore": "*.log\n"})
    path = workshop.folder / closed
    before = path.stat().st_mode
    path.chmod(before & 0o555)
    command = workshop.command(("gorun_tasks", "--init", "nox"))
    made = workshop.execute([sys.executable, "-c", WITHOUT_OVERRIDE, *command])
    path.chmod(before)
    name = "noxfile.py" if closed == "." else closed
    said = f"gorun: cannot write {name}: Permission denied; nothing was written\n"
    assert made == (125, "", said)
    assert git(workshop, "status", "--short") == ""


def test_a_name_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    workshop = repository(tmp_path, HELLO)
    (workshop.folder / "noxfile.py").symlink_to(tmp_path / "elsewhere.py")
    assert "left noxfile.py as it is; " in workshop.gorun("--init", "nox").out
    assert not (tmp_path / "elsewhere.py").exists()


def test_it_is_completed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    offered = workshop.gorun("--completion", "fish", "gorun", "--init", "").out
    assert offered.split() == sorted(FILES)
