"""What an unchanged program costs in a runner, counted, not timed: beyond a task that does nothing.

A budget that a change exceeds on purpose is raised here, in the open.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gorun_tasks import doit
from tests.support.imports import HOT, OTHERS, imported, modules
from tests.support.workshop import TWO_PACKAGES, Workshop

if TYPE_CHECKING:
    from pathlib import Path


class Runner(NamedTuple):
    """A runner: what is written into its file, what is typed, and the modules of its adapter."""

    file: str
    entry: str
    empty: str
    one: str
    every: str
    run: tuple[str, ...]
    list: tuple[str, ...]
    adapter: tuple[str, ...]
    # What a run needs besides: invoke's settings of commands, and doit's database closed meanwhile.
    to_run: tuple[str, ...] = ()


TASK_OPTIONS = ("core.flag_help", "runners.task_options")

RUNNERS = {
    "nox": Runner(
        "noxfile.py",
        "import sys; from nox.__main__ import main; sys.exit(main())",
        'import nox\n\n@nox.session(venv_backend="none")\ndef run(session):\n    pass\n',
        "import nox\nfrom gorun_tasks import nox as go\n\n"
        '@nox.session(venv_backend="none")\n'
        'def run(session):\n    go.run(session, ".", *session.posargs)\n',
        "from gorun_tasks import nox as go\n\ngo.sessions()\n",
        ("-s", "run"),
        ("-l",),
        ("nox",),
    ),
    "invoke": Runner(
        "tasks.py",
        "from invoke.main import program; program.run()",
        "from invoke import task\n\n@task\ndef run(c):\n    pass\n",
        "from invoke import task\nfrom gorun_tasks import invoke as go\n\n"
        '@task\ndef run(c):\n    go.run(c, ".")\n',
        "from gorun_tasks import invoke as go\n\nns = go.collection()\n",
        ("run",),
        ("--list",),
        ("invoke", "runners.invoke_tasks", *TASK_OPTIONS),
        ("runners.invoke_settings",),
    ),
    "doit": Runner(
        "dodo.py",
        "import sys; from doit.__main__ import main; sys.exit(main())",
        'DOIT_CONFIG = {"dep_file": ".doit/db"}\n\n'
        'def task_start():\n    return {"actions": [lambda: None], "verbosity": 2}\n',
        "from gorun_tasks import doit as go\n\n"
        'DOIT_CONFIG = go.config(dep_file=".doit/db")\n\n'
        'def task_start():\n    return go.run_task(".")\n',
        "from gorun_tasks import doit as go\n\n"
        'DOIT_CONFIG = go.config(dep_file=".doit/db")\n'
        "task_go = go.tasks()\n",
        ("start",),
        ("list", "--all"),
        ("doit", "runners.doit_actions", *TASK_OPTIONS),
        ("runners.doit_database",),
    ),
}

OF_ALL = ("api", "errors", "inputs.verdict", "runners.offers", "runners.verbs")
OF_A_CHILD = ("system.child_process", "system.foreground", "system.linux")
# It hears of the runner's end because of prctl(2), which Python calls by these.
TO_CALL_C = {"ctypes", "_ctypes", "ctypes._endian", "struct", "_struct"}
TO_RUN = (*OF_ALL, *HOT, "build.graph", "build.outcome", *OF_A_CHILD)
TO_LIST = (
    *(*OF_ALL, *HOT[:3], *HOT[4:], "core.module_version"),
    *("config.configuration", "config.patterns", "inputs.path_resolution"),
    *(f"workspace.{name}" for name in ("discovery", "named_programs", "packages", "short_names")),
    "workspace.workspace",
)


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> Runner:
    return RUNNERS[request.param]


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    # What a runner writes beside its file is not in a directory that go looks at.
    workshop = Workshop(tmp_path, {**TWO_PACKAGES, ".doit/kept": ""})
    workshop.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return workshop


def beyond_empty(workshop: Workshop, runner: Runner, text: str, words: tuple[str, ...]) -> set[str]:
    """Return what the runner imports more than with a file that has nothing of ours."""
    workshop.write({runner.file: text})
    imported(workshop, runner.entry, *words)  # which builds, or discovers
    ours = imported(workshop, runner.entry, *words)
    workshop.write({runner.file: runner.empty})
    return ours - imported(workshop, runner.entry, *words) - OTHERS - {"__future__"}


@pytest.mark.usefixtures("go")
def test_current_run_imports_what_it_needs_of_ours_and_nothing_of_others(
    workshop: Workshop, runner: Runner
) -> None:
    found = beyond_empty(workshop, runner, runner.one, runner.run)
    assert found - TO_CALL_C == modules(*runner.adapter, *runner.to_run, *TO_RUN)


@pytest.mark.usefixtures("go")
def test_a_list_of_programs_that_are_known_imports_no_more_than_the_workspace(
    workshop: Workshop, runner: Runner
) -> None:
    found = beyond_empty(workshop, runner, runner.every, runner.list)
    assert found == modules(*runner.adapter, *TO_LIST)


def test_doit_has_little_to_read_of_a_creator() -> None:
    """It takes a creator's source apart, word by word, to know on which line it stands."""
    assert len(inspect.getsource(doit.tasks({})).splitlines()) <= len(("def", "doc", "return"))
