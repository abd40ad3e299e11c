"""nox: sessions that run, build, explain and clean Go programs.

    import nox
    from gorun_tasks import nox as go

    go.sessions()  # every program of this repository: nox -s run:api -- --port 8080

    @nox.session(venv_backend="none", default=False)
    def serve(session):
        go.run(session, "./cmd/api", *session.posargs, race=True)

Decides how an outcome is told the nox way: log lines, aborted sessions, and the program's own exit
status where nox has nothing left to do. It must never decide what is current, and never run the
program with `session.run`, which kills it 0.5 s after ^C and turns every status into 1.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys

import nox
from nox import registry
from nox.logger import logger

from gorun_tasks.errors import GoRunError, UsageError
from gorun_tasks.runners import offers, wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from os import PathLike
    from typing import Any, NoReturn, Unpack

    from nox.registry import Func  # type: ignore[attr-defined]
    from nox.sessions import SessionRunner

    from gorun_tasks.api import Program
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.runners.offers import (
        ProgramKeywords,
        Programs,
        Runnable,
        SharedKeywords,
        TaskSpec,
    )
    from gorun_tasks.workspace.workspace import Workspace

__all__ = ["build", "clean", "generate", "run", "session", "sessions", "watch", "why"]


def run(
    session: nox.Session,
    target: Runnable,
    *args: str,
    **how: Unpack[ProgramKeywords],
) -> Outcome:
    """Run a Go program in the foreground, building it first if anything changed.

    `args` are the program's arguments, exactly; pass `*session.posargs` for what stands after `--`.
    A status other than 0 ends nox with that status when this session is all nox was asked for,
    else it aborts the session. With `--install-only` the program is built and not run.
    """
    with _aborting(session):
        program = _program(session, target, how)
        return _run(session, program.name, program, args)


def watch(
    session: nox.Session, target: Runnable, *args: str, **how: Unpack[ProgramKeywords]
) -> None:
    """Run a Go program, and run it again when an edit changes its executable, until ^C.

    Its status is that of the session, as for `run`. Needs the extra `watch`.
    """
    with _aborting(session):
        program = _program(session, target, how)
        _watch(session, program.name, program, args)


def build(session: nox.Session, target: Runnable, **how: Unpack[ProgramKeywords]) -> Outcome:
    """Bring a Go program up to date; `.path` of the result is the executable."""
    with _aborting(session):
        program = _program(session, target, how)
        return _build(session, program.name, program)


def why(session: nox.Session, target: Runnable, **how: Unpack[ProgramKeywords]) -> None:
    """Print whether a run would build, and because of what; builds and runs nothing."""
    with _aborting(session):
        program = _program(session, target, how)
        _why(session, program.name, program)


def clean(session: nox.Session, target: Runnable, **how: Unpack[ProgramKeywords]) -> None:
    """Forget what was built of a Go program."""
    with _aborting(session):
        program = _program(session, target, how)
        _clean(session, program.name, program)


def generate(
    session: nox.Session,
    target: Runnable,
    *args: str,
    inputs: Iterable[str | PathLike[str]] = (),
    outputs: Iterable[str | PathLike[str]],
    variables: Iterable[str] = (),
    **how: Unpack[ProgramKeywords],
) -> Outcome:
    """Run a program that makes files, where it could make other ones than are there.

    `inputs` and `outputs` are files, directories and patterns (`*`, `?`, `[a-z]`, `**`), from the
    directory where the program runs; `variables` are what it reads of its environment. The
    outcome's `exit_code` is None where it was not run. With `--install-only` it never is.
    """
    with _aborting(session):
        program = _program(session, target, how)
        generation = program.generation(args, inputs=inputs, outputs=outputs, variables=variables)
        if _config(session, "install_only"):
            return _build(session, program.name, program)
        outcome = generation.run()
        if outcome.exit_code:
            _end(session, program.name, outcome.exit_code)
        _log(session, wording.generated(program.name, generation))
        return outcome


def sessions(programs: Programs = None, **shared: Unpack[SharedKeywords]) -> None:
    """Make sessions of each program: `run:`, `watch:`, `build:`, `why:` and `clean:NAME`.

    Their tags are `go-run`, `go-watch`, `go-build` and so on. Builds may run in parallel
    (`nox -j4 -t go-build`). A program that needs other flags than the shared ones is given as a
    `Program`.

    The programs are those of a mapping, and a bare `nox` selects their builds. Or they are those
    of a `Workspace`, or of the one around the noxfile where nothing is said; then there is the
    session `build` as well, which a bare `nox` selects: it builds all, those that are named, or
    those that a change touches (`nox -s build -- --affected main`). `nox -s affected -- main` says
    which these are, with `--json` for the matrix of a CI job.
    """
    workspace, offered = None, []
    with _loading():
        workspace = offers.workspace_of(programs)
        offered = offers.task_specs(workspace or programs or {}, shared)
    for offer in offered:
        for verb, described in wording.VERBS.items():
            _register(
                f"{verb}:{offer.name}",
                functools.partial(_one, _DO[verb], offer),
                described.format(offer.words),
                verb=verb,
                default=verb == "build" and workspace is None,
            )
    if workspace is None:
        return
    for verb, do in (("build", _build_many), ("affected", _affected)):
        if verb not in registry.get():
            many = functools.partial(_many, do, workspace, shared)
            _register(verb, many, wording.OF_MANY[verb], verb=verb, default=verb == "build")


def session(
    target: Runnable | Callable[..., object] = ".",
    *,
    flags: ProgramKeywords | None = None,
    **options: Any,
) -> Any:
    """Make a session of a function that is given `(session, program)`.

    `options` are those of `nox.session` (its `tags` are nox's); what Program takes, such as go's
    flags and a stamp, is in `flags`. No virtual environment is made unless `venv_backend` asks for
    one. A function that returns the outcome of `program.run(...)` makes the program's status its
    own.
    """
    if callable(target):  # @go.session, without more words
        return session()(target)

    def decorate(function: Callable[..., object]) -> Func:
        @functools.wraps(function)
        def body(session: nox.Session, *args: Any, **keywords: Any) -> None:
            with _aborting(session):
                program = _program(session, target, flags or {})
                result = function(session, program, *args, **keywords)
                status = getattr(result, "exit_code", None)
                if status:
                    _end(session, program.name, status)

        return nox.session(**{"venv_backend": "none", **options})(body)

    return decorate


def _register(
    name: str, do: Callable[[nox.Session], object], described: str, *, verb: str, default: bool
) -> None:
    def body(session: nox.Session) -> None:
        with _aborting(session):
            do(session)

    body.__doc__ = described
    make = nox.session(name=name, venv_backend="none", tags=[f"go-{verb}"], default=default)
    # An attribute, not a keyword: nox before 2026.8 does not know it and ignores it so.
    make(body).allow_parallel = verb == "build"


def _one(
    do: Callable[[nox.Session, str, Program, Sequence[str]], object],
    offer: TaskSpec,
    session: nox.Session,
) -> None:
    args = session.posargs or offer.args
    do(session, offer.name, offer.program(around=_around(session)), args)


def _run(session: nox.Session, name: str, program: Program, args: Sequence[str]) -> Outcome:
    if _config(session, "install_only"):
        return _build(session, name, program)
    outcome = offers.run(program, args, lambda news: _log(session, wording.news(name, news)))
    if outcome.exit_code:
        _end(session, name, outcome.exit_code)
    return outcome


def _watch(session: nox.Session, name: str, program: Program, args: Sequence[str]) -> None:
    status = offers.watch(name, program, args)
    if status:
        _end(session, name, status)


def _build(session: nox.Session, name: str, program: Program, _args: Sequence[str] = ()) -> Outcome:
    outcome = offers.build(program)
    _log(session, wording.news(name, outcome))
    return outcome


def _why(_session: nox.Session, name: str, program: Program, _args: Sequence[str] = ()) -> None:
    offers.answer(wording.answer(name, program.why()) + "\n")


def _clean(session: nox.Session, name: str, program: Program, _args: Sequence[str] = ()) -> None:
    program.clean()
    _log(session, wording.forgotten(name))


_DO: dict[str, Callable[[nox.Session, str, Program, Sequence[str]], object]] = {
    "run": _run,
    "watch": _watch,
    "build": _build,
    "why": _why,
    "clean": _clean,
}


def _many(
    do: Callable[[nox.Session, Workspace], None],
    workspace: Workspace,
    shared: Mapping[str, Any],
    session: nox.Session,
) -> None:
    around = _around(session)
    programs = {
        name: offers.program_of(program, shared, around=around)
        for name, program in workspace.programs.items()
    }
    do(session, workspace.with_programs(programs))


def _build_many(session: nox.Session, workspace: Workspace) -> None:
    only = _only(session)
    words = _words("build", add_help=only)
    words.add_argument("names", metavar="NAME", nargs="*", help="these only")
    words.add_argument(
        "--affected",
        metavar="REVISION",
        default="",
        help="what changed since; - reads names of files",
    )
    try:
        typed = words.parse_args(session.posargs)
        for name in typed.names:
            workspace.program(name)
    except UsageError:
        if only:
            raise
        # nox gives them to every session: to those that a bare nox selects, or that one requires.
        _log(session, "what stands after -- is for another session; all programs are built")
        typed = words.parse_args([])
    tell = functools.partial(_log, session)
    failed = offers.build_many(workspace, tell, names=typed.names, since=typed.affected)
    if failed:
        session.error(wording.not_built(failed))


def _affected(session: nox.Session, workspace: Workspace) -> None:
    from gorun_tasks.workspace.render import affected_text  # noqa: PLC0415 - where it is asked for

    words = _words("affected")
    words.add_argument(
        "since",
        metavar="REVISION",
        nargs="?",
        default="HEAD",
        help="HEAD if none; - reads names of files",
    )
    words.add_argument("--json", action="store_true", help="for the matrix of a CI job")
    typed = words.parse_args(session.posargs)
    found = workspace.affected_by(typed.since)
    offers.answer(affected_text(workspace, found, as_json=typed.json))


def _words(verb: str, *, add_help: bool = True) -> ArgumentParser:
    """Return what reads the words after `--` of a session that runs no program."""
    from argparse import ArgumentParser  # noqa: PLC0415 - listing sessions needs none

    class Words(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(message, f"{self.prog} --help says what it takes")

    return Words(
        prog=f"nox -s {verb} --",
        description=wording.OF_MANY[verb],
        allow_abbrev=False,
        add_help=add_help,
    )


def _program(session: nox.Session, target: Runnable, how: Mapping[str, Any]) -> Program:
    return offers.program_of(target, how, around=_around(session))


def _around(session: nox.Session) -> dict[str, str | None]:
    """Return what a session lays over the environment: its variables, and its commands' place."""
    own = dict(session.env)
    if session.bin_paths:
        inherited = own.get("PATH") or os.environ.get("PATH", "")
        own["PATH"] = os.pathsep.join([*session.bin_paths, inherited])
    return own


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Say in one sentence why there are no sessions: of what a noxfile raises, nox shows all.

    What a person wrote wrong ends nox. Where go cannot be asked, the other sessions are still good.
    """
    try:
        yield
    except UsageError as error:
        offers.flush()
        logger.error(str(error))
        sys.exit(error.exit_status)
    except GoRunError as error:
        offers.flush()
        logger.warning(str(error))


@contextlib.contextmanager
def _aborting(session: nox.Session) -> Iterator[None]:
    """Say the core's errors as nox says its own: the session is aborted, the rest goes on."""
    try:
        yield
    except GoRunError as error:
        session.error(str(error))
    finally:
        offers.flush()  # nox goes on to log how it ended


def _log(session: nox.Session, line: str) -> None:
    offers.flush()
    session.log(line)


def _end(session: nox.Session, name: str, status: int) -> None:
    said = wording.ended(name, status)
    if not _alone(session):
        session.error(said)
    offers.flush()
    session.warn(said)
    sys.exit(status)


def _alone(session: nox.Session) -> bool:
    """Whether leaving now, with a status of our own, loses nothing.

    nox makes 1 of every failure; only SystemExit carries another status, and it skips the sessions
    that follow, the summary and the report.
    """
    if getattr(session, "parallel", False) or _config(session, "report"):
        return False
    return _only(session)


def _only(session: nox.Session) -> bool:
    """Whether this session is all that nox was asked for."""
    runner = getattr(session, "_runner", None)
    manifest = getattr(runner, "manifest", None)
    if runner is None or manifest is None:
        return False
    return len(manifest) - sum(needed in manifest for needed in _required(runner)) == 1


def _required(runner: SessionRunner) -> set[SessionRunner]:
    """Return the sessions that nox added because this one requires them."""
    direct = set(runner.get_direct_dependencies())
    return direct.union(*map(_required, direct))


def _config(session: nox.Session, option: str) -> Any:
    """Return one of nox's options, which a session reaches only through private names."""
    runner = getattr(session, "_runner", None)
    return getattr(getattr(runner, "global_config", None), option, None)
