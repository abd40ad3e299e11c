"""Files that --init writes: a runner's file and a configuration, each short enough to be read.

Decides their words, and which lines an existing file needs. It must never look at a disk.
"""

from __future__ import annotations

import re


class Runner:
    """One runner: the files that it reads, and how its tasks are typed.

    `text` is a whole file, `addition` the lines for one that is there. `ignored` are the lines of a
    .gitignore, each with a path that it has to match. `command` lists and `run` runs, in which {}
    is a program.
    """

    def __init__(
        self, names: tuple[str, ...], text: str, addition: str, ignored: dict[str, str], words: str
    ) -> None:
        self.name = names[0]
        self.files = names[1:]
        self.text = text
        self.addition = addition
        self.ignored = {**ignored, "__pycache__/": "__pycache__/a.pyc"}
        self.command, self.lists, self.runs = words.split("; ")


NOX = Runner(
    ("nox", "noxfile.py"),
    '''\
"""The Go programs of this repository as sessions: `nox -l` lists them.

`nox` builds what changed, and `nox -s run:NAME -- ARGUMENTS` runs a program.
"""

from gorun_tasks import nox as go

go.sessions()

# A session of your own; the keywords are go's build flags:
#
# import nox
#
#
# @nox.session(venv_backend="none", default=False)
# def race(session):
#     """Look for data races."""
#     go.run(session, ":NAME", *session.posargs, race=True)
''',
    """\
from gorun_tasks import nox as go

go.sessions()
""",
    {".nox/": ".nox/a"},
    "nox; nox -l; nox -s run:{}",
)

INVOKE = Runner(
    ("invoke", "tasks.py", "tasks/__init__.py"),
    '''\
"""The Go programs of this repository as tasks: `invoke -l` lists them.

`invoke go.build` builds what changed, and `invoke go.NAME -- ARGUMENTS` runs a program.
"""

from invoke import Collection

from gorun_tasks import invoke as go

ns = Collection(go=go.collection())

# A task of your own; the keywords are go's build flags:
#
# from invoke import task
#
#
# @task
# def race(c):
#     """Look for data races."""
#     go.run(c, ":NAME", race=True)
#
#
# ns.add_task(race)
''',
    """\
import sys

from invoke import Collection

from gorun_tasks import invoke as go

ns = Collection.from_module(sys.modules[__name__])
ns.add_collection(go.collection(), "go")
""",
    {},
    "invoke; invoke -l; invoke go.{}",
)

DOIT = Runner(
    ("doit", "dodo.py"),
    '''\
"""The Go programs of this repository as tasks: `doit list --all` lists them.

`doit` builds what changed, and `doit run:NAME -- ARGUMENTS` runs a program.
"""

from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"])
task_go = go.tasks(output="bin")  # bin/NAME is the target of build:NAME


# A task of your own; the keywords are go's build flags:
#
# def task_race():
#     """Look for data races."""
#     return go.run_task(":NAME", race=True)
''',
    """\
from gorun_tasks import doit as go

# A bare doit does the default tasks alone: add your own to them.
DOIT_CONFIG = go.config(default_tasks=["build"])
task_go = go.tasks()
""",
    {".doit.db*": ".doit.db"},
    "doit; doit list --all; doit run:{}",
)

RUNNERS = {runner.name: runner for runner in (NOX, INVOKE, DOIT)}
"""The runners by name."""

OUTPUT = "bin"
"""Where doit puts executables, unless something is there."""

_OF_OUTPUT = re.compile(r'output="bin"\).*')
_BARE_KEY = re.compile(r"[\w-]+", re.ASCII)
_NAMESPACE = re.compile(r"^(ns|namespace)\b *=", re.MULTILINE)
_CONFIG = """\
# tags = ["dev"]                          # go's build flags, by their names
# env = { LEVEL = "debug" }               # laid over the environment
# stamp = { "main.version" = "version" }  # a fact of git, linked into a variable
# exclude = ["./scripts/..."]             # what is not to be found

# [{prefix}programs.{key}]
# args = ["--port", "8080"]               # where a run gives none

# [{prefix}programs.{key}]
# target = "{target}"
# race = true
"""
_HEAD = """\
# What differs for the Go programs here: gorun needs none of these lines.

"""


def runner_file(runner: Runner, name: str, *, with_output: bool) -> str:
    """Return the file of a runner, with a program as an example."""
    text = runner.text if with_output else _OF_OUTPUT.sub(")", runner.text)
    return text.replace('":NAME"', f'":{name}"')


def addition(runner: Runner, text: str) -> str:
    """Return the lines that a file of a runner needs which says this already."""
    lines = runner.addition
    if runner is INVOKE and (has := _NAMESPACE.search(text)):
        first = "from gorun_tasks import invoke as go"
        return f'{first}\n\n{has[1]}.add_collection(go.collection(), "go")\n'
    if runner is DOIT and "DOIT_CONFIG" in text:
        both = '{"default_tasks": ["build"], **DOIT_CONFIG}'
        lines = lines.replace('default_tasks=["build"]', f"**{both}")
    return lines


def gorun_toml(name: str, target: str) -> str:
    """Return a gorun.toml that says nothing yet."""
    return _HEAD + _config("", name, target)


def pyproject_lines(name: str, target: str) -> str:
    """Return what a pyproject.toml may say of us."""
    return "[tool.gorun]\n" + _config("tool.gorun.", name, target)


def _config(prefix: str, name: str, target: str) -> str:
    text = _CONFIG.replace("{prefix}", prefix).replace("{target}", target)
    for key in (name, f"{name}-race"):  # a dot in a key would begin another table
        text = text.replace("{key}", key if _BARE_KEY.fullmatch(key) else f'"{key}"', 1)
    return text
