"""invoke: tasks that run, build, explain and clean Go programs.

    from invoke import Collection, task
    from gorun_tasks import invoke as go

    @task(help=go.HELP, iterable=["tags"])
    def serve(c, race=False, tags=None):
        go.run(c, "./cmd/api", race=race, tags=tags)  # invoke serve --race -- --port 8080

    ns = Collection(serve, go=go.collection())  # every program of this repository:
                                                # invoke go.api, go.api.build, go.build

Decides how an outcome is told the invoke way: `Exit` with the program's own status, an echo, a dry
run, options and configuration. It must never decide what is current, and never run the program
with `c.run`, which corrupts what is not UTF-8, hides the terminal and orphans it on SIGTERM.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shlex

from invoke.collection import Collection
from invoke.config import DataProxy
from invoke.exceptions import Exit

from gorun_tasks.errors import GoRunError, UsageError, final_status
from gorun_tasks.runners import offers
from gorun_tasks.runners import verbs as all_verbs
from gorun_tasks.runners.invoke_tasks import HELP, WORD, exiting, free_name, task_of
from gorun_tasks.runners.task_options import OPTIONS, SWITCHES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from os import PathLike
    from typing import Any, Unpack

    from invoke.context import Context

    from gorun_tasks.api import Program
    from gorun_tasks.build.generation import Generation
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.runners.invoke_settings import Settings
    from gorun_tasks.runners.invoke_tasks import GoTask
    from gorun_tasks.runners.offers import (
        ProgramKeywords,
        Programs,
        Runnable,
        SharedKeywords,
        TaskSpec,
    )
    from gorun_tasks.runners.verbs import Made
    from gorun_tasks.workspace.workspace import Workspace

    class CallKeywords(ProgramKeywords, total=False):
        """What a call takes besides: what the same keywords of `c.run` mean."""

        dry: bool
        echo: bool
        hide: bool | str | None
        replace_env: bool
        timeout: float | None
        warn: bool


__all__ = ["HELP", "build", "clean", "collection", "generate", "run", "watch", "why"]


def run(
    c: Context,
    target: Runnable,
    *,
    args: Sequence[str] | None = None,
    **how: Unpack[CallKeywords],
) -> Outcome | None:
    """Run a Go program in the foreground, building it first if anything changed.

    `args` are the program's arguments; by default what stands after `--`, exactly. A status other
    than 0 raises `Exit` with that status, unless invoke was told to `--warn-only`. A `--dry` run
    shows the command and returns None. Flags that are left unset (False, None or empty) are taken
    from the configuration's `go` section. `warn`, `hide`, `echo`, `dry`, `timeout` and
    `replace_env` work as for `c.run`, here and in the configuration's `run` section. None is
    returned if there is no executable and `warn` ignores that.
    """
    with exiting():
        return _do("run", _of(c, target, how, args))


def watch(
    c: Context,
    target: Runnable,
    *,
    args: Sequence[str] | None = None,
    **how: Unpack[CallKeywords],
) -> None:
    """Run a Go program, and run it again when an edit changes its executable, until ^C.

    Its arguments and its status are as for `run`. On macOS it needs the extra `watch`.
    """
    with exiting():
        _do("watch", _of(c, target, how, args))


def build(c: Context, target: Runnable, **how: Unpack[CallKeywords]) -> Outcome | None:
    """Bring a Go program up to date; `.path` of the result is the executable."""
    with exiting():
        return _do("build", _of(c, target, how))


def why(c: Context, target: Runnable, **how: Unpack[CallKeywords]) -> None:
    """Print whether a run would build, and because of what; builds and runs nothing."""
    with exiting():
        _do("why", _of(c, target, how))


def clean(c: Context, target: Runnable, **how: Unpack[CallKeywords]) -> None:
    """Forget what was built of a Go program."""
    with exiting():
        _do("clean", _of(c, target, how))


def generate(
    c: Context,
    target: Runnable,
    *,
    args: Sequence[str] = (),
    inputs: Iterable[str | PathLike[str]] = (),
    outputs: Iterable[str | PathLike[str]],
    variables: Iterable[str] = (),
    **how: Unpack[CallKeywords],
) -> Outcome | None:
    """Run a program that makes files, where it could make other ones than are there.

    `inputs` and `outputs` are files, directories and patterns (`*`, `?`, `[a-z]`, `**`). They are
    relative to the directory where the program runs. `variables` are the environment variables
    that it reads. The outcome's `exit_code` is None if it was not run. A `--dry` run shows the
    command and returns None.
    """
    with exiting():
        of_one = _of(c, target, how, args)
        return _do("generate", of_one, inputs=inputs, outputs=outputs, variables=variables)


def collection(
    programs: Programs = None,
    *,
    verbs: Iterable[str] = all_verbs.DEFAULT,
    **shared: Unpack[SharedKeywords],
) -> Collection:
    """Return `NAME.run` (also plain `NAME`) and `NAME.build`, or others of `verbs`, collected.

    `verbs` are some of "run", "watch", "build", "why" and "clean". The last two and "watch" are one
    task for all programs otherwise: `why NAME`, `clean NAME`, `watch NAME -- ARGS`.

    `shared` are the flags of all programs; the configuration's `go` section (`invoke.yaml`,
    `INVOKE_GO_RACE=1`) overrides them, and a task's options override both. A program that needs
    other flags than the shared ones is given as a `Program`.

    The programs are those of a mapping or of a `Workspace`, by default of the one around the
    working directory. A dot in a name is a dash to invoke, like an underscore. A workspace adds the
    tasks `build` and `affected`. `build` builds all programs, or those that a change affects
    (`--affected main`). `affected` prints these, with `--json` for the matrix of a CI job. A
    program comes before a task of its name.
    """
    workspace, offered, chosen, of_many = None, [], [], all_verbs.OF_MANY
    with _loading():
        chosen = all_verbs.chosen(verbs)
        workspace = offers.workspace_of(programs)
        offered = offers.task_specs(workspace or programs or {}, shared)
        of_many = all_verbs.described(workspace)
    everything = Collection()
    everything.__doc__ = "Go programs."
    # Only what is declared can be set by a variable.
    everything.configure({"go": dict.fromkeys(OPTIONS)})
    for offer in offered:
        with _loading():
            of_one = Collection(free_name(offer.name, everything))
        of_one.__doc__ = f"The Go program {offer.words}"
        for verb in chosen:
            do = functools.partial(_one, verb, offer)
            described = all_verbs.VERBS[verb].format(offer.words)
            of_one.add_task(task_of(verb, do, described, offer.is_on), default=verb == "run")
        everything.add_collection(of_one)
    many = [] if workspace is None else [*_tasks_of_many(workspace, shared, of_many)]
    if offered:
        named = [verb for verb in all_verbs.OF_NAMED if verb not in chosen]
        many += _tasks_of_named(named, workspace or programs or {}, shared)
    for task in many:
        if task.name not in everything.collections:
            everything.add_task(task)
    return everything


def _one(verb: str, offer: TaskSpec, c: Context, options: dict[str, Any]) -> None:
    settings = _settings(c)

    def made(one: TaskSpec) -> Made:
        return _offered(c, settings, one, options), _arguments(c) or one.args

    of_one = _Verbs(settings, offer.name, made(offer), lambda: made(offer.anew()))
    _do(verb, of_one)


def _tasks_of_named(
    named: Iterable[str], programs: Mapping[str, Runnable] | Workspace, shared: Mapping[str, Any]
) -> Iterator[GoTask]:
    """Yield the tasks that are told which program is meant."""

    def one(verb: str, c: Context, options: dict[str, Any]) -> None:
        offer = offers.named(programs, shared, options.pop("program"))
        _one(verb, offer, c, options)

    for verb in named:
        do = functools.partial(one, verb)
        described = all_verbs.OF_NAMED[verb]
        yield task_of(verb, do, described, lambda switch: bool(shared.get(switch)), program=WORD)


def _tasks_of_many(
    workspace: Workspace, shared: Mapping[str, Any], described: Mapping[str, str]
) -> Iterator[GoTask]:
    """Yield the tasks for all programs of a workspace."""

    def laid_over(c: Context, settings: Settings, options: dict[str, Any]) -> Workspace:
        offered = offers.task_specs(workspace, shared)
        return workspace.with_programs(
            {one.name: _offered(c, settings, one, options) for one in offered}
        )

    def build(c: Context, options: dict[str, Any]) -> None:
        since = options.pop("affected", "")
        about = [f"--affected={since}"] if since else []
        said = {"shared": shared, "configured": _section(c), "options": options}

        def command() -> str:
            from gorun_tasks.runners.shell_command import command_of_many

            return command_of_many("--build", *about, root=workspace.root, **said)

        settings = _settings(c)
        if settings.shown_only(command):
            return
        with settings.heeded():
            failed = all_verbs.build_many(laid_over(c, settings, options), offers.say, since=since)
        if failed and not settings.warn:
            raise Exit(all_verbs.not_built(failed), code=final_status(failed[0][1], os.environ))

    def affected(c: Context, options: dict[str, Any]) -> None:
        since, as_json = options.pop("since"), options.pop("json", False)
        all_verbs.show_affected(laid_over(c, _settings(c), options), since, as_json=as_json)

    def is_on(switch: str) -> bool:
        return bool(shared.get(switch))

    yield task_of("build", build, described["build"], is_on, affected="")
    yield task_of("affected", affected, described["affected"], is_on, since=WORD, json=False)


class _Verbs(all_verbs.Verbs):
    """The verbs in a task: told where invoke would echo, and ended as invoke ends one."""

    def __init__(
        self, settings: Settings, name: str, made: Made, again: Callable[[], Made]
    ) -> None:
        super().__init__(name, made, again)
        self.dry = settings.dry
        self.settings = settings

    def end(self, status: int) -> None:
        if not self.settings.warn:
            raise Exit(code=status)

    def show(self, outcome: Outcome) -> None:
        """Say what it needed; invoke is silent about what went as ever, unless it echoes."""
        if outcome.outcome != "current" or self.settings.echo:
            super().show(outcome)

    def show_generated(self, generation: Generation) -> None:
        if generation.because or self.settings.echo:
            super().show_generated(generation)

    def typed(self, verb: str) -> str:
        """Return the command that a person would type for a verb."""
        from gorun_tasks.runners.shell_command import command

        if verb == "build":  # --build takes each word for a program of its own
            option = "--which" if self.program.target.words[1:] else "--build"
            return command(self.program, (), option)
        return command(self.program, self.args, *(["--watch"] if verb == "watch" else []))


def _settings(c: Context, how: dict[str, Any] | None = None) -> Settings:
    """Return what invoke was told of commands; a call's keywords are taken out of `how`."""
    from gorun_tasks.runners.invoke_settings import Settings

    return Settings(c, how)


def _of(
    c: Context, target: Runnable, how: Mapping[str, Any], args: Sequence[str] | None = ()
) -> _Verbs:
    """Return the verbs of a call; what the call leaves unset is as the configuration says.

    `args` of None are those that were typed.
    """
    how = dict(how)
    settings = _settings(c, how)
    configured = {} if offers.own_flags(target) else _section(c)
    said = {**configured, **{keyword: value for keyword, value in how.items() if value}}
    args = _arguments(c) if args is None else args

    def made() -> Made:
        around = settings.environment
        return offers.program_of(target, said, within=_within(c), around=around), args

    first = made()
    return _Verbs(settings, first[0].name, first, made)


def _do(verb: str, of_one: _Verbs, **how: Any) -> Outcome | None:
    """Do it, or only show the command for it."""
    do: Callable[..., Outcome | None] = getattr(of_one, verb)
    settings = of_one.settings
    if verb in ("why", "clean"):  # for which there is no command, and nothing to hide
        return do()
    if verb != "build":
        settings.check_start()
    if settings.shown_only(lambda: of_one.typed(verb)):
        return None
    try:
        with settings.heeded():
            return do(**how)
    except UsageError:
        raise
    except GoRunError as error:
        if not settings.warn:
            raise
        offers.say(str(error))
        return None


def _arguments(c: Context) -> list[str]:
    """Return the words after `--`, of which invoke itself keeps only one joined string."""
    remainder: str = getattr(c, "remainder", "")
    typed = offers.words_after_dashes()
    # invoke may have been given other words than the process was, by a program built on it.
    return typed if " ".join(typed) == remainder else shlex.split(remainder)


def _offered(
    c: Context, settings: Settings, offer: TaskSpec, options: Mapping[str, Any]
) -> Program:
    return offer.program(
        options, configured=_section(c), within=_within(c), around=settings.environment
    )


def _within(c: Context) -> str | None:
    """Return where `c.cd` has led, None for nowhere."""
    return os.path.expanduser(c.cwd.replace(r"\ ", " ")) or None


def _section(c: Context) -> dict[str, Any]:
    """Return the keywords that the configuration's `go` section has. Raises UsageError."""
    section = c.config.get("go", {})
    return {
        keyword: _value(keyword, section[keyword])
        for keyword in section
        if section[keyword] is not None
    }


def _value(keyword: str, value: Any) -> Any:
    value = dict(value) if isinstance(value, DataProxy) else value
    if keyword in ("cwd", "env", "stamp"):
        return value
    from gorun_tasks.core.flags import BuildFlags

    try:
        if keyword in SWITCHES and isinstance(value, str):  # of a variable
            # An empty one is off, as invoke has it.
            return value != "" and BuildFlags.parse([f"-{keyword}={value}"])[0].is_true(keyword)
        BuildFlags(**{keyword: value})
    except UsageError as error:
        raise UsageError(f"section go of invoke's configuration: {error}") from None
    return value


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Say in one sentence why there are no tasks: of what a tasks.py raises, invoke shows all.

    What a person wrote wrong ends invoke. Where go cannot be asked, other tasks are still good.
    """
    try:
        yield
    except UsageError as error:
        raise Exit(str(error), code=error.exit_status) from None
    except GoRunError as error:
        offers.say(str(error))
