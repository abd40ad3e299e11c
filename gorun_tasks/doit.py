"""doit: tasks that run, build, explain and clean Go programs, and generate files with them.

    from gorun_tasks import doit as go

    DOIT_CONFIG = go.config(default_tasks=["build"])
    task_go = go.tasks()  # every program of this repository: doit run:api --race -- --port 8080

    def task_migrate():
        return go.run_task("./cmd/migrate") | {"task_dep": ["build:api"]}

    def task_menu():
        return go.generate_task("./tools/gen", inputs=["menu.txt"], outputs=["menu.go"])

Decides which tasks there are, in doit's own words: what they are called, what they take, and what
doit may know of them. It must never start anything while tasks are loaded; what they do when they
are performed is `runners.doit_actions`.
"""

from __future__ import annotations

import contextlib
import os

from doit.exceptions import InvalidDodoFile

from gorun_tasks.errors import GoRunError, UsageError
from gorun_tasks.runners import doit_actions, offers
from gorun_tasks.runners import verbs as all_verbs
from gorun_tasks.runners.doit_actions import Current, Generated, ProgramFailed, ProgramReporter
from gorun_tasks.runners.task_options import OPTIONS, SWITCHES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Unpack

    from gorun_tasks.runners.offers import (
        ProgramKeywords,
        Programs,
        Runnable,
        SharedKeywords,
        TaskSpec,
    )

__all__ = [
    "ProgramFailed",
    "ProgramReporter",
    "build_task",
    "config",
    "generate_task",
    "run_task",
    "tasks",
    "watch_task",
]


def config(**settings: Any) -> dict[str, Any]:
    """Return a DOIT_CONFIG whose reporter makes doit end with the program's own exit status.

    With another reporter doit makes 1 of every failure, and stale programs are compiled one by one.
    Set `default_tasks`, or a bare `doit` runs every task, programs included.
    """
    return {"reporter": ProgramReporter, **settings}


def tasks(
    programs: Programs = None,
    *,
    output: str = "",
    verbs: Iterable[str] = all_verbs.DEFAULT,
    **shared: Unpack[SharedKeywords],
) -> Callable[[], Iterator[dict[str, Any]]]:
    """Return a task creator for `build:NAME` and `run:NAME`, or others of `verbs`, as a `task_`.

    `verbs` are some of "run", "watch", "build" and "why". The last and "watch" are one task for all
    programs otherwise: `doit why NAME`, `doit watch NAME -- ARGS`.

    The programs are those of a mapping or of a `Workspace`, by default of the one around the
    dodo.py. A workspace adds the task `affected`. `doit affected --since main` prints the programs
    that a change affects, with `--json` for the matrix of a CI job. `--build` builds them.

    `doit clean build:NAME` forgets a program; `doit info build:NAME` and `doit list --all -s` show
    what is current without building. `output` is a directory to which executables are copied:
    `output/NAME` is the target of `build:NAME`, and keeps its time stamps if a build makes the
    same bytes. A dodo.py has one such creator, because the groups are its own. A program that needs
    other flags than the shared ones is given as a `Program`.
    """

    def creator() -> Iterator[dict[str, Any]]:  # short, since doit reads the source of a creator
        """Go programs."""
        return _created(programs, verbs, output, shared)

    return creator


def _created(
    programs: Programs, verbs: Iterable[str], output: str, shared: SharedKeywords
) -> Iterator[dict[str, Any]]:
    with _loading():
        chosen = all_verbs.chosen(verbs)
    for verb in [verb for verb in _GROUPS if verb in chosen]:
        yield {"basename": verb, "name": None, "doc": _GROUPS[verb]}
    try:
        with _loading():
            workspace = offers.workspace_of(programs)
            offered = offers.task_specs(workspace or programs or {}, shared)
    except GoRunError as error:
        offers.say(str(error))  # the other tasks are still good
        yield _refused(".", error)
        return
    for offer in offered:
        for verb, task in _tasks_of(offer, output).items():
            if verb in chosen:
                doc = all_verbs.VERBS[verb].format(offer.words)
                yield {"basename": verb, "name": offer.name, "doc": doc, **task}
    for verb in [verb for verb in ("watch", "why") if offered and verb not in chosen]:
        yield _named_task(verb, workspace or programs, shared)
    if workspace is not None:
        for place, unlisted in workspace.unlisted.items():
            yield _refused(place, unlisted)
        if workspace.emptiness:
            yield _refused(".", UsageError(workspace.emptiness))
        yield {
            "basename": "affected",
            "doc": all_verbs.OF_MANY["affected"],
            "actions": [(doit_actions.show_affected, [workspace, shared])],
            "params": _AFFECTED,
            "meta": {doit_actions.ONLY_ANSWER: "json"},
            "verbosity": 2,
        }


def _named_task(verb: str, programs: Any, shared: Any) -> dict[str, Any]:
    return {
        "basename": verb,
        "doc": all_verbs.OF_NAMED[verb],
        "actions": [(doit_actions.perform_named, [verb, programs, shared])],
        "pos_arg": "args",
        "io": {"capture": False},
        "verbosity": 2,
    }


def _refused(place: str, error: GoRunError) -> dict[str, Any]:
    """Return a build that fails, for programs that may be there: nothing passes for done."""
    refuse = (doit_actions.refuse, [str(error), error.exit_status])
    return {"basename": "build", "name": place, "doc": str(error), "actions": [refuse]}


def run_task(target: Runnable, **how: Unpack[ProgramKeywords]) -> dict[str, Any]:
    """Return a task that runs a Go program in the foreground: a plain dict, merge it at will.

    What stands after `--` are the program's arguments. doit itself cannot take an empty one. The
    docstring of the function that returns it describes it in lists.
    """
    return _run_task("run", _offer(target, how))


def watch_task(target: Runnable, **how: Unpack[ProgramKeywords]) -> dict[str, Any]:
    """Return a task that runs a Go program, and again when an edit changes it, until ^C.

    A plain dict, as `run_task` returns. On macOS it needs the extra `watch`.
    """
    return _run_task("watch", _offer(target, how))


def build_task(
    target: Runnable, *, output: str = "", **how: Unpack[ProgramKeywords]
) -> dict[str, Any]:
    """Return a task that brings a Go program up to date: a plain dict, merge it at will.

    `output` is a path where the executable is put as well; it is the task's target.
    """
    return _build_task(_offer(target, how), output)


def generate_task(
    target: Runnable,
    args: Sequence[str] = (),
    *,
    inputs: Iterable[str | os.PathLike[str]] = (),
    outputs: Iterable[str | os.PathLike[str]],
    variables: Sequence[str] = (),
    **how: Unpack[ProgramKeywords],
) -> dict[str, Any]:
    """Return a task that makes files with a Go program: a plain dict, merge it at will.

    It is up to date while the executable, arguments and inputs are as they were, and the outputs
    what they were then: see `Program.generation`. Outputs that are no patterns are its targets, and
    inputs that are none its file_dep, which have to be there; directories are for us alone.
    """
    from gorun_tasks.build.globs import checked, is_plain

    with _loading():
        read, made = checked(inputs, "inputs"), checked(outputs, "outputs")
    where = _where(target, how)
    # As doit is to know them: from where it is.
    files, targets = ([os.path.join(where, p) for p in ps if is_plain(p)] for ps in (read, made))
    offer = _offer(target, how)
    given = (args, read, made, variables)
    return {
        "actions": [(doit_actions.generate, [offer, given])],
        "uptodate": [Generated(offer, given)],
        "file_dep": [os.path.normpath(path) for path in files if not os.path.isdir(path)],
        "targets": list(map(os.path.normpath, targets)),
        "clean": True,
        "verbosity": 2,
    }


_GROUPS = {
    "build": "Build Go programs.",
    "run": "Run Go programs.",
    "watch": "Run Go programs, and again when an edit changes them.",
    "why": "Say which Go programs would be built.",
}

_AFFECTED = [
    {
        "name": "since",
        "long": "since",
        "type": str,
        "default": "HEAD",
        "help": "a revision, or a range up to HEAD: main...HEAD; - reads names of files",
    },
    {
        "name": "json",
        "long": "json",
        "type": bool,
        "default": False,
        "help": "answer in JSON, for the matrix of a CI job",
    },
    {
        "name": "build",
        "long": "build",
        "type": bool,
        "default": False,
        "help": "bring these programs up to date",
    },
]


def _offer(target: Runnable, how: Any) -> TaskSpec:
    with _loading():
        offers.check_keywords(how)
    return offers.TaskSpec("", target, how, own=offers.own_flags(target) and not how)


def _tasks_of(offer: TaskSpec, output: str) -> dict[str, dict[str, Any]]:
    return {
        "build": _build_task(offer, os.path.join(output, offer.name) if output else ""),
        "run": _run_task("run", offer),
        "watch": _run_task("watch", offer),
        "why": {
            "actions": [(doit_actions.perform, ["why", offer, ""])],
            "params": _params(offer),
            "verbosity": 2,
        },
    }


def _build_task(offer: TaskSpec, output: str) -> dict[str, Any]:
    return {
        "actions": [(doit_actions.perform, ["build", offer, output])],
        "uptodate": [Current(offer, output)],
        "targets": [output] if output else [],
        "clean": [(doit_actions.clean, [offer, output])],
        "params": _params(offer),
        "verbosity": 2,
    }


def _run_task(verb: str, offer: TaskSpec) -> dict[str, Any]:
    # Nothing here may make doit skip it: a run has no inputs of doit's, its arguments are not one.
    return {
        "actions": [(doit_actions.perform, [verb, offer, ""])],
        "clean": [(doit_actions.clean, [offer, ""])],
        "params": _params(offer),
        "pos_arg": "args",
        "io": {"capture": False},
        "verbosity": 2,
    }


def _where(target: Runnable, how: Any) -> str:
    """Return the directory in which a program runs, from where doit is."""
    from gorun_tasks.core.target import is_name

    if isinstance(target, str) and is_name(target):
        from gorun_tasks.api import Program

        target = Program(target, **how)
    where: str | None = getattr(target, "place", None)
    if where is None:
        return os.path.join(how.get("cwd") or "", how.get("chdir") or "")
    from gorun_tasks.core.program import logical_directory

    return os.path.relpath(where, logical_directory(os.environ))


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Have doit say in one sentence what a dodo.py has wrong."""
    try:
        yield
    except UsageError as error:
        raise InvalidDodoFile(str(error)) from error


def _params(offer: TaskSpec) -> list[dict[str, Any]]:
    """Return the options of a task, in doit's form."""
    if offer.own:
        return []
    return [
        {"name": option, "long": option, "help": text, **_kind(option, offer)}
        for option, text in OPTIONS.items()
    ]


def _kind(option: str, offer: TaskSpec) -> dict[str, Any]:
    if option in SWITCHES:
        return {"type": bool, "default": offer.is_on(option), "inverse": f"no-{option}"}
    if option == "tags":
        return {"type": list, "default": []}
    return {"type": str, "default": ""}
