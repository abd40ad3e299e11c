"""invoke tasks: options, help, name and equality of the tasks that adapters make.

Decides how our tasks get along with what invoke does to tasks: it copies them, compares them, takes
their options from a signature, and splits their names at dots. It must never know what a task does.
"""

from __future__ import annotations

import contextlib
import functools
import os
from inspect import Parameter, Signature

from invoke.exceptions import Exit
from invoke.tasks import Task

from gorun_tasks.errors import GoRunError, UsageError, final_status
from gorun_tasks.runners import offers
from gorun_tasks.runners.task_options import OPTIONS, SWITCHES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from invoke.collection import Collection
    from invoke.context import Context

    Do: TypeAlias = Callable[[Context, dict[str, Any]], object]

WORD = Parameter.empty
"""The default of an option that is no option but a word of the command line."""

_INTERRUPTED = 130
_REPEATABLE = ("tags", "ldflags", "gcflags")


class _Help(dict[str, str]):
    """Help for options of which a task may have only some.

    invoke copies a task's help, takes out what it uses and refuses a task where anything is left;
    so the copy says that nothing is left.
    """

    def copy(self) -> _Help:
        return _Leftover(self)


class _Leftover(_Help):
    def __bool__(self) -> bool:
        return False


HELP = _Help(OPTIONS)
"""Help for the build flags a task may offer as options: `@task(help=go.HELP)`."""

_HELP = _Help(
    {
        **HELP,
        "affected": "only those that a change since this revision touches; - reads names of files",
        "since": "the revision, or a range as git diff takes it; - reads names of files",
        "program": "its name",
        "json": "for the matrix of a CI job",
    }
)


class GoTask(Task):  # type: ignore[type-arg]
    """A task that is equal only to itself.

    invoke takes two tasks of one name and one code object for the same task and runs one of them;
    all of ours share their code.
    """

    def __eq__(self, other: object) -> bool:
        """Compare bodies by identity."""
        return isinstance(other, GoTask) and self.body is other.body

    def __hash__(self) -> int:
        """Hash what equality compares."""
        return hash(self.body)

    def __deepcopy__(self, _memo: object) -> GoTask:
        """Stay the same: invoke copies each task of a tasks.py, which takes longer than to list."""
        return self


def free_name(name: str, taken: Collection) -> str:
    """Return what a program is called on a command line of invoke: a dot there leads to a task.

    Raises UsageError where another one is called so.
    """
    called: str = taken.transform(name.replace(".", "-"))
    if called in taken.collections:
        raise UsageError(
            f"two programs are called {called} in invoke, one of them {name}",
            "give one another name in gorun.toml or pyproject.toml",
        )
    return called


def task_of(
    name: str, do: Do, described: str, is_on: Callable[[str], bool], **others: object
) -> GoTask:
    """Return a task with the build flags, and with others, as its options."""

    def body(c: Context, **options: Any) -> None:
        # A switch that is as it would be without any word was not given.
        given = {
            option: value
            for option, value in options.items()
            if value not in (defaults[option], [])
        }
        with exiting():
            do(c, given)

    defaults = dict(others)
    for option in OPTIONS:
        switch = option in SWITCHES
        defaults[option] = is_on(option) if switch else None if option in _REPEATABLE else ""
    # invoke makes options of what a signature says, and a word of what has no default.
    body.__signature__ = _signature(*defaults.items())  # type: ignore[attr-defined]
    body.__doc__ = described
    # With short names invoke would take the value of --gcflags=-l, or -m, for an option of its own.
    return GoTask(body, name=name, iterable=_REPEATABLE, help=_HELP, auto_shortflags=False)


@functools.cache  # tasks have the same one, or nearly so, and there are hundreds
def _signature(*defaults: tuple[str, object]) -> Signature:
    options = (
        Parameter(option, Parameter.KEYWORD_ONLY, default=default) for option, default in defaults
    )
    return Signature([Parameter("c", Parameter.POSITIONAL_OR_KEYWORD), *options])


@contextlib.contextmanager
def exiting() -> Iterator[None]:
    """Raise invoke's own Exit where a program cannot be run, or somebody interrupts it."""
    try:
        yield
    except GoRunError as error:
        raise Exit(str(error), code=final_status(error, os.environ)) from None
    except KeyboardInterrupt:
        # invoke would make 1 of it, as of any failure.
        raise Exit(code=_INTERRUPTED) from None
    finally:
        offers.flush()  # invoke goes on to say how it ended
