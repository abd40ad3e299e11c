"""What people keep beside a program: how Task, make and doit build it, how our adapters run it.

Decides how each is told, which is as a person would tell it: every .go file below, and go.mod.
"""

from __future__ import annotations

import os

_TASK = """\
version: '3'
silent: true
tasks:
"""

_TASK_METHOD = """\
  build-{method}:
    method: {method}
    sources: ['**/*.go', go.mod, go.sum]
    generates: [bin/task-{method}]
    cmds: ['go build -o bin/task-{method} $FLAGS {target}']
  run-{method}:
    deps: [build-{method}]
    cmds: [bin/task-{method}]
"""

_MAKE = """\
MAKEFLAGS += --no-builtin-rules
bin/make: $(shell find . -name '*.go') go.mod
	@go build -o $@ $(FLAGS) {target}
run: bin/make
	@bin/make
.PHONY: run
"""

_DOIT = """\
from glob import glob

DOIT_CONFIG = {{"reporter": "zero", "dep_file": ".doit/peer"}}

def task_build():
    return {{
        "file_dep": [*glob("**/*.go", recursive=True), "go.mod"],
        "targets": ["bin/doit"],
        "actions": ["go build -o bin/doit $FLAGS {target}"],
    }}

def task_start():
    return {{"actions": ["bin/doit"], "task_dep": ["build"], "verbosity": 2}}
"""

# What the runners do for a person who uses the adapters, and, beside it, nothing.
_ADAPTERS = {
    "empty_noxfile.py": """\
import nox

@nox.session(venv_backend="none")
def run(session):
    pass
""",
    "empty_tasks.py": """\
from invoke import task

@task
def run(c):
    pass
""",
    "empty_dodo.py": """\
DOIT_CONFIG = {{"dep_file": ".doit/empty"}}

def task_start():
    return {{"actions": [lambda: None], "verbosity": 2}}
""",
    "noxfile.py": """\
import nox
from gorun_tasks import nox as go

@nox.session(venv_backend="none")
def run(session):
    go.run(session, "{target}", *session.posargs)
""",
    "tasks.py": """\
from invoke import task
from gorun_tasks import invoke as go

@task
def run(c):
    go.run(c, "{target}")
""",
    "go_dodo.py": """\
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"], dep_file=".doit/go")
task_go = go.tasks({programs})
""",
    # All programs that are found, and, beside it, the same tasks written by hand.
    "all_noxfile.py": """\
from gorun_tasks import nox as go

go.sessions()
""",
    "hand_noxfile.py": """\
import nox

for name, target in {programs}.items():
    for verb in ("run", "build", "why", "clean"):

        @nox.session(name=f"{{verb}}:{{name}}", venv_backend="none", tags=[verb], default=False)
        def body(session):
            pass

        body.func.__doc__ = f"{{verb}} {{target}}"
""",
    "all_tasks.py": """\
from gorun_tasks import invoke as go

ns = go.collection()
""",
    "hand_tasks.py": """\
from invoke import Collection, task

def of(verb, target):
    @task(name=verb, iterable=["tags", "ldflags", "gcflags"])
    def body(c, race=False, tags=None, ldflags=None, gcflags=None, mod="", trimpath=False):
        pass

    body.__doc__ = f"{{verb}} {{target}}"
    return body

ns = Collection()
for name, target in {programs}.items():
    verbs = [of(verb, target) for verb in ("run", "build", "why", "clean")]
    ns.add_collection(Collection(name, *verbs))
""",
    "all_dodo.py": """\
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"], dep_file=".doit/all")
task_go = go.tasks()
""",
    "hand_dodo.py": """\
DOIT_CONFIG = {{"dep_file": ".doit/hand"}}

def task_go():
    params = [
        {{"name": name, "long": name, "type": str, "default": "", "help": "a flag of go"}}
        for name in ("race", "tags", "ldflags", "gcflags", "mod", "trimpath", "cover")
    ]
    for verb in ("build", "run", "why"):
        for name, target in {programs}.items():
            doc = f"{{verb}} {{target}}"
            yield {{
                "basename": verb, "name": name, "doc": doc, "actions": [print], "params": params
            }}
""",
}

# Their folders stay, so that nobody's output changes a directory that go looks at.
OUTPUTS = ("bin", ".task", ".doit")

_IGNORED = "/bin/*\n/.task/*\n/.doit/*\n__pycache__/\n"


def recipes(targets: tuple[str, ...]) -> dict[str, str]:
    """Return the files by their paths; the first target is what the peers build and run."""
    target = targets[0]
    names = [os.path.basename(each) for each in targets] if len(targets) > 1 else ["x"]
    words = {"target": target, "programs": dict(zip(names, targets, strict=True))}
    methods = (_TASK_METHOD.format(method=m, **words) for m in ("checksum", "timestamp"))
    return {
        "Taskfile.yml": _TASK + "".join(methods),
        "Makefile": _MAKE.format(**words),
        "dodo.py": _DOIT.format(**words),
        ".gitignore": _IGNORED,
        **{f"{folder}/.keep": "" for folder in OUTPUTS},
        **{name: text.format(**words) for name, text in _ADAPTERS.items()},
    }
