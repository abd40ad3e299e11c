"""invoke: tasks that run, build, explain and clean Go programs.

    from invoke import Collection, task
    from gorun_tasks import invoke as go

    @task(help=go.HELP, iterable=["tags"])
    def serve(c, race=False, tags=None):
        go.run(c, "./cmd/api", race=race, tags=tags)  # invoke serve --race -- --port 8080

    ns = Collection(serve, go=go.collection({"api": "./cmd/api"}))  # invoke go.api, go.api.build

Decides how an outcome is told the invoke way: `Exit` with the program's own status, an echo, a dry
run, options and configuration. It must never decide what is current, and never run the program
with `c.run`, which corrupts what is not UTF-8, hides the terminal and orphans it on SIGTERM.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import Task

from gorun_tasks import _runner
from gorun_tasks.errors import GoRunError, final_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Unpack

    from invoke.context import Context

    from gorun_tasks._runner import Runnable
    from gorun_tasks.flags import FlagKeywords
    from gorun_tasks.program import Outcome, Program

__all__ = ["HELP", "build", "clean", "collection", "run", "why"]


_INTERRUPTED = 130


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


HELP = _Help(_runner.OPTIONS)
"""Help for the build flags a task may offer as options: `@task(help=go.HELP)`."""


class GoTask(Task):  # type: ignore[type-arg]
    """A task that is equal only to itself.

    invoke takes two tasks of one name and one code object for the same task and runs one of them;
    all of ours share their code.
    """

    def __eq__(self, other: object) -> bool:
        """Compare bodies by identity, which invoke's deep copies keep."""
        return isinstance(other, GoTask) and self.body is other.body

    def __hash__(self) -> int:
        """Hash what equality compares."""
        return hash(self.body)


def run(
    c: Context,
    target: Runnable,
    *,
    args: Sequence[str] | None = None,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    **flags: Unpack[FlagKeywords],
) -> Outcome | None:
    """Run a Go program in the foreground, building it first if anything changed.

    `args` are the program's arguments; by default what stands after `--`, exactly. A status other
    than 0 raises `Exit` with that status, unless invoke was told to `--warn-only`. A `--dry` run
    shows the command and returns None. Flags that are left unset (False, None or empty) are taken
    from the configuration's `go` section.
    """
    with _exiting():
        program = _program(c, target, _configured(c, target, flags), cwd, env)
        return _run(c, program.name, program, args)


def build(
    c: Context,
    target: Runnable,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    **flags: Unpack[FlagKeywords],
) -> Outcome | None:
    """Bring a Go program up to date; `.path` of the result is the executable."""
    with _exiting():
        program = _program(c, target, _configured(c, target, flags), cwd, env)
        return _build(c, program.name, program)


def why(
    c: Context,
    target: Runnable,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    **flags: Unpack[FlagKeywords],
) -> None:
    """Print whether a run would build, and because of what; builds and runs nothing."""
    with _exiting():
        program = _program(c, target, _configured(c, target, flags), cwd, env)
        _why(c, program.name, program)


def clean(
    c: Context,
    target: Runnable,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    **flags: Unpack[FlagKeywords],
) -> None:
    """Forget what was built of a Go program."""
    with _exiting():
        program = _program(c, target, _configured(c, target, flags), cwd, env)
        _clean(c, program.name, program)


def collection(programs: Mapping[str, Runnable], **flags: Unpack[FlagKeywords]) -> Collection:
    """Return a collection with `NAME.run` (also plain `NAME`), `.build`, `.why` and `.clean`.

    `flags` are the defaults; the configuration's `go` section (`invoke.yaml`, `INVOKE_GO_RACE=1`)
    overrides them, and a task's options override both. A program that needs other flags than the
    shared ones is given as a `Program`; its tasks have no options.
    """
    everything = Collection()
    everything.__doc__ = "Go programs."
    everything.configure({"go": _declared(flags)})
    for name, target in programs.items():
        of_one = Collection(name)
        of_one.__doc__ = f"The Go program {_runner.words_of(target)}"
        for verb, described in _runner.VERBS.items():
            body = _body(_DO[verb], name, target, flags)
            body.__doc__ = described.format(_runner.words_of(target))
            of_one.add_task(
                GoTask(body, name=verb, iterable=["tags"], help=HELP), default=verb == "run"
            )
        everything.add_collection(of_one)
    return everything


def _body(
    do: Callable[[Context, str, Program], object],
    name: str,
    target: Runnable,
    flags: Mapping[str, Any],
) -> Callable[..., None]:
    """Return the function of a task: its signature is what invoke makes the options of."""

    def bare(c: Context) -> None:
        with _exiting():
            do(c, name, _program(c, target, {}))

    def body(
        c: Context,
        *,
        race: bool = bool(flags.get("race")),
        tags: list[str] | None = None,
        ldflags: str = "",
        gcflags: str = "",
        mod: str = "",
        trimpath: bool = bool(flags.get("trimpath")),
        cover: bool = bool(flags.get("cover")),
    ) -> None:
        options = {
            "race": race,
            "tags": tags,
            "ldflags": ldflags,
            "gcflags": gcflags,
            "mod": mod,
            "trimpath": trimpath,
            "cover": cover,
        }
        given = {
            option: value
            for option, value in options.items()
            if not isinstance(value, bool) or value != bool(flags.get(option))
        }
        with _exiting():
            default = _runner.chosen(flags, _section(c))
            do(c, name, _program(c, target, _runner.chosen(default, given)))

    return bare if _runner.own_flags(target) else body


def _run(
    c: Context, name: str, program: Program, args: Sequence[str] | None = None
) -> Outcome | None:
    words = _arguments(c) if args is None else args
    if _shown_only(c, program, words):
        return None
    outcome = _runner.run(program, words, lambda news: _tell(c, name, news))
    if outcome.exit_code and not c.config.run.warn:
        raise Exit(code=outcome.exit_code)
    return outcome


def _build(c: Context, name: str, program: Program) -> Outcome | None:
    if _shown_only(c, program, ()):
        return None
    outcome = _runner.build(program)
    _tell(c, name, outcome)
    return outcome


def _why(_c: Context, name: str, program: Program) -> None:
    print(_runner.answer(name, program.why()))  # noqa: T201 - the answer


def _clean(c: Context, name: str, program: Program) -> None:
    if not c.config.run.dry:
        program.clean()
    print(_runner.forgotten(name, dry=c.config.run.dry), file=sys.stderr)  # noqa: T201


_DO: dict[str, Callable[[Context, str, Program], object]] = {
    "run": _run,
    "build": _build,
    "why": _why,
    "clean": _clean,
}


def _tell(c: Context, name: str, outcome: Outcome) -> None:
    """Say what a program needed; invoke is silent about what went as ever, unless it echoes."""
    if outcome.outcome != "current" or c.config.run.echo:
        print(_runner.news(name, outcome), file=sys.stderr)  # noqa: T201


def _shown_only(c: Context, program: Program, args: Sequence[str]) -> bool:
    """Echo the command if invoke was told to; return whether showing it is all that was asked."""
    if c.config.run.dry or c.config.run.echo:
        shown = _runner.command(program, args)
        print(c.config.run.echo_format.format(command=shown))  # noqa: T201 - as c.run does
    return bool(c.config.run.dry)


def _arguments(c: Context) -> list[str]:
    """Return the words after `--`, of which invoke itself keeps only one joined string."""
    remainder: str = getattr(c, "remainder", "")
    typed = _runner.words_after_dashes()
    # invoke may have been given other words than the process was, by a program built on it.
    return typed if " ".join(typed) == remainder else shlex.split(remainder)


def _program(
    c: Context,
    target: Runnable,
    flags: Mapping[str, Any],
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Program:
    """Return the program as `c.run` would see it: within `c.cd`, with `run.env`."""
    within = os.path.expanduser(c.cwd.replace(r"\ ", " ")) or None
    return _runner.program_of(
        target, flags, cwd=cwd, env=env, within=within, around=c.config.run.env
    )


def _section(c: Context) -> dict[str, Any]:
    """Return what the configuration's `go` section says about our options."""
    section = c.config.get("go", {})
    return {option: section[option] for option in _runner.OPTIONS if option in section}


def _configured(c: Context, target: Runnable, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags of a call, and from the configuration those that it leaves unset."""
    said = {flag: value for flag, value in flags.items() if value}
    return said if _runner.own_flags(target) else {**_runner.chosen({}, _section(c)), **said}


def _declared(flags: Mapping[str, Any]) -> dict[str, bool | str]:
    """Return our options as scalars: only what is declared, and so, can be set by a variable."""
    return {
        option: bool(flags.get(option))
        if option in _runner.SWITCHES
        else _scalar(flags.get(option))
        for option in _runner.OPTIONS
    }


def _scalar(value: object) -> str:
    # A list has a better rendering than any we could make here: the one go gets without us.
    return value if isinstance(value, str) else ""


@contextlib.contextmanager
def _exiting() -> Iterator[None]:
    try:
        yield
    except GoRunError as error:
        raise Exit(str(error), code=final_status(error, os.environ)) from None
    except KeyboardInterrupt:
        # invoke would make 1 of it, as of any failure.
        raise Exit(code=_INTERRUPTED) from None
