"""doit: tasks that run, build, explain and clean Go programs.

    from gorun_tasks import doit as go

    DOIT_CONFIG = go.config(default_tasks=["build"])
    task_go = go.tasks({"api": "./cmd/api"})  # doit run:api --race -- --port 8080

    def task_migrate():
        return go.run_task("./cmd/migrate") | {"task_dep": ["build:api"]}

Decides how an outcome is told the doit way: failures as values, an `uptodate` whose repr is the
reason (`doit info build:api`), and a reporter that ends with the program's own exit status. It
must never decide what is current, never put state of ours into doit's database, and never start
anything while tasks are loaded. Actions are functions of this module with plain arguments, since
doit sends them to other processes (`-n`).
"""

from __future__ import annotations

import functools
import os
import sys

from doit.exceptions import TaskFailed
from doit.reporter import ConsoleReporter

from gorun_tasks import _runner
from gorun_tasks.errors import GoRunError, final_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, Unpack

    from gorun_tasks._runner import Runnable
    from gorun_tasks.fingerprint import Look
    from gorun_tasks.flags import FlagKeywords
    from gorun_tasks.program import Program

__all__ = ["ProgramFailed", "ProgramReporter", "build_task", "config", "run_task", "tasks"]


_INTERRUPTED = 130

_looks: dict[str, Look] = {}
"""One look at what programs share, by store: for as long as nothing was executed since."""
_told_what_runs = False  # without our reporter nobody says when a look is over


def config(**settings: Any) -> dict[str, Any]:
    """Return a DOIT_CONFIG whose reporter makes doit end with the program's own exit status.

    Without it doit makes 1 of every failure. Set `default_tasks`, or a bare `doit` runs every task,
    programs included.
    """
    return {"reporter": ProgramReporter, **settings}


def tasks(
    programs: Mapping[str, Runnable], **flags: Unpack[FlagKeywords]
) -> Callable[[], Iterator[dict[str, Any]]]:
    """Return a task creator for `build:NAME`, `run:NAME` and `why:NAME`; bind it to a `task_` name.

    `doit clean build:NAME` forgets a program; `doit info build:NAME` and `doit list --all -s` tell
    what is current without building. A dodo.py has one such creator, since the groups are its own;
    a program that needs other flags than the shared ones is given as a `Program`, and its tasks
    have no options.
    """

    def creator() -> Iterator[dict[str, Any]]:
        """Go programs."""
        yield {"basename": "build", "name": None, "doc": "Build Go programs."}
        yield {"basename": "run", "name": None, "doc": "Run Go programs."}
        yield {"basename": "why", "name": None, "doc": "Say which Go programs would be built."}
        for name, target in programs.items():
            for verb, task in _TASKS.items():
                own = {} if _runner.own_flags(target) else flags
                doc = _runner.VERBS[verb].format(_runner.words_of(target))
                yield {"basename": verb, "name": name, "doc": doc, **task(name, target, own)}

    return creator


def run_task(target: Runnable, **flags: Unpack[FlagKeywords]) -> dict[str, Any]:
    """Return a task that runs a Go program in the foreground: a plain dict, merge it at will.

    What stands after `--` are the program's arguments. doit itself cannot take an empty one. The
    docstring of the function that returns it describes it in lists.
    """
    return _run_task("", target, flags)


def build_task(target: Runnable, **flags: Unpack[FlagKeywords]) -> dict[str, Any]:
    """Return a task that brings a Go program up to date: a plain dict, merge it at will."""
    return _build_task("", target, flags)


class ProgramFailed(TaskFailed):  # type: ignore[misc]
    """A task failed because of its program; `exit_code` is the status that doit should end with.

    A program that ran has told its own story, so only one that never ran is reported in words.
    """

    def __init__(self, message: str, exit_code: int, *, report: bool) -> None:
        super().__init__(message, report=report)
        self.exit_code = exit_code


class ProgramReporter(ConsoleReporter):  # type: ignore[misc]
    """doit's console reporter; where a program's failure came first, its status becomes doit's."""

    desc = "console output, and the exit status of the program that failed"

    def __init__(self, outstream: Any, options: dict[str, Any]) -> None:
        super().__init__(outstream, options)
        self._exit_code: int | None = None

    def initialize(self, tasks: Any, selected_tasks: Any) -> None:
        """Let programs share what is seen of their inputs, from here on."""
        global _told_what_runs  # noqa: PLW0603 - tasks and reporter do not know of each other
        _told_what_runs = True
        super().initialize(tasks, selected_tasks)

    def execute_task(self, task: Any) -> None:
        """Forget what was seen: a task that runs may change any input."""
        _looks.clear()
        super().execute_task(task)

    def add_success(self, task: Any) -> None:
        """Forget what was seen while it ran: with -n others are asked meanwhile."""
        _looks.clear()
        super().add_success(task)

    def add_failure(self, task: Any, fail: Any) -> None:
        """Remember the first failure's status; 0 stands for a failure that is not ours."""
        _looks.clear()
        super().add_failure(task, fail)
        if self._exit_code is None:
            self._exit_code = getattr(fail, "exit_code", 0)

    def complete_run(self) -> None:
        """End with the program's status: doit has saved its state, and asks nothing after this."""
        super().complete_run()
        if self._exit_code:
            self.outstream.flush()
            sys.exit(self._exit_code)


class Current:
    """doit's question whether a task is up to date; afterwards its repr is the answer."""

    def __init__(self, name: str, target: Runnable, flags: Mapping[str, Any]) -> None:
        self._ask = name, target, flags
        self._answer = "not asked yet"

    def __call__(self, task: Any) -> bool:
        """Ask the program. One that cannot even be asked is not current: building it says why."""
        name, target, flags = self._ask
        try:
            program = _program(task, target, flags)
            reasons = program.why(_shared_look(program))
        except GoRunError as error:
            self._answer = str(error)
            return False
        self._answer = _runner.verdict(name or program.name, reasons)
        return not reasons

    def __repr__(self) -> str:
        return self._answer


def _build_task(name: str, target: Runnable, flags: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "actions": [(_build, [name, target, flags])],
        "uptodate": [Current(name, target, flags)],
        "clean": [(_clean, [name, target, flags])],
        "params": _params(target, flags),
        "verbosity": 2,
    }


def _run_task(name: str, target: Runnable, flags: Mapping[str, Any]) -> dict[str, Any]:
    # Nothing here may make doit skip it: a run has no inputs of doit's, its arguments are not one.
    return {
        "actions": [(_run, [name, target, flags])],
        "clean": [(_clean, [name, target, flags])],
        "params": _params(target, flags),
        "pos_arg": "args",
        "io": {"capture": False},
        "verbosity": 2,
    }


def _why_task(name: str, target: Runnable, flags: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "actions": [(_why, [name, target, flags])],
        "params": _params(target, flags),
        "verbosity": 2,
    }


_TASKS = {"build": _build_task, "run": _run_task, "why": _why_task}


def _action(do: Callable[..., Any]) -> Callable[..., Any]:
    """Make an action of a function: doit's failures are values, and its ^C is a traceback."""

    @functools.wraps(do)
    def action(*args: Any, **keywords: Any) -> Any:
        try:
            return do(*args, **keywords)
        except GoRunError as error:
            return ProgramFailed(str(error), final_status(error, os.environ), report=True)
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)

    return action


@_action
def _build(name: str, target: Runnable, flags: Mapping[str, Any], task: Any) -> None:
    program = _program(task, target, flags)
    _tell(_runner.news(name or program.name, _runner.build(program)))


@_action
def _run(
    name: str, target: Runnable, flags: Mapping[str, Any], task: Any, args: list[str] | None
) -> ProgramFailed | None:
    program = _program(task, target, flags)
    name = name or program.name
    outcome = _runner.run(program, _arguments(args), lambda news: _tell(_runner.news(name, news)))
    status = outcome.exit_code
    return ProgramFailed(_runner.ended(name, status), status, report=False) if status else None


@_action
def _why(name: str, target: Runnable, flags: Mapping[str, Any], task: Any) -> None:
    program = _program(task, target, flags)
    print(_runner.answer(name or program.name, program.why()))  # noqa: T201 - the answer


@_action
def _clean(
    name: str,
    target: Runnable,
    flags: Mapping[str, Any],
    task: Any,
    dryrun: bool,  # noqa: FBT001 - doit's parameter, by which a clean action sees `doit clean -n`
) -> None:
    program = _program(task, target, flags)
    if not dryrun:
        program.clean()
    # On stdout, where doit says what it cleans; it shows nothing of a clean action's stderr.
    print(_runner.forgotten(name or program.name, dry=dryrun))  # noqa: T201


def _tell(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - doit's standard output belongs to the program


def _program(task: Any, target: Runnable, flags: Mapping[str, Any]) -> Program:
    """Return the program with the task's options, which doit may not have read yet."""
    task.init_options()
    return _runner.program_of(target, _runner.chosen(flags, task.options))


def _shared_look(program: Program) -> Look | None:
    if not _told_what_runs:
        return None
    from gorun_tasks.fingerprint import Look  # noqa: PLC0415 - listing tasks needs no core

    return _looks.setdefault(program.store.root, Look(program.store, program.environ))


def _arguments(given: list[str] | None) -> list[str]:
    """Return the program's arguments: what doit gave, with the `k=v` words it took for itself.

    None means that the task was not named on the command line: what stands there is not its own.
    """
    typed = _runner.words_after_dashes()
    left_by_doit = [word for word in typed if word.startswith("-") or "=" not in word]
    return typed if given is not None and given == left_by_doit else list(given or ())


def _params(target: Runnable, flags: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the options of a task, in doit's form."""
    if _runner.own_flags(target):
        return []
    return [
        {"name": option, "long": option, "help": text, **_kind(option, flags)}
        for option, text in _runner.OPTIONS.items()
    ]


def _kind(option: str, flags: Mapping[str, Any]) -> dict[str, Any]:
    if option in _runner.SWITCHES:
        return {"type": bool, "default": bool(flags.get(option)), "inverse": f"no-{option}"}
    if option == "tags":
        return {"type": list, "default": []}
    return {"type": str, "default": ""}
