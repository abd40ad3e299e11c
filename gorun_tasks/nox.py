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

from gorun_tasks.errors import GoRunError, UsageError, final_status
from gorun_tasks.runners import offers
from gorun_tasks.runners import verbs as all_verbs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from os import PathLike
    from typing import Any, NoReturn, Unpack

    from nox.registry import Func  # type: ignore[attr-defined]
    from nox.sessions import SessionRunner

    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.runners.offers import (
        ProgramKeywords,
        Programs,
        Runnable,
        SharedKeywords,
        TaskSpec,
    )
    from gorun_tasks.runners.verbs import Made
    from gorun_tasks.workspace.workspace import Workspace

__all__ = ["build", "clean", "generate", "run", "session", "sessions", "watch", "why"]

_ONLY_OF_SESSION_RUN = (
    *("external", "include_outer_env", "interrupt_timeout", "log", "silent"),
    *("stderr", "stdout", "terminate_timeout"),
)
_INSTEAD = "session.run(go.build(session, ...).path, external=True, {}=...)"


def run(
    session: nox.Session,
    target: Runnable,
    *args: str,
    success_codes: Iterable[int] = (0,),
    **how: Unpack[ProgramKeywords],
) -> Outcome:
    """Run a Go program in the foreground, building it first if anything changed.

    `args` are the program's arguments, exactly; pass `*session.posargs` for what stands after `--`.
    Any status but those of `success_codes` ends nox with that status if only this session was
    requested. Otherwise it aborts the session. With `--install-only` the program is built and not
    run. The other keywords of `session.run` are refused.
    """
    with _aborting(session):
        offers.refuse(how, _ONLY_OF_SESSION_RUN, "session.run", _INSTEAD)
        of_one = _of(session, target, how, args)
        of_one.success_codes = frozenset(success_codes)
        return of_one.run()


def watch(
    session: nox.Session, target: Runnable, *args: str, **how: Unpack[ProgramKeywords]
) -> None:
    """Run a Go program, and run it again when an edit changes its executable, until ^C.

    Its status is that of the session, as for `run`. On macOS it needs the extra `watch`.
    """
    with _aborting(session):
        _of(session, target, how, args).watch()


def build(session: nox.Session, target: Runnable, **how: Unpack[ProgramKeywords]) -> Outcome:
    """Bring a Go program up to date; `.path` of the result is the executable."""
    with _aborting(session):
        return _of(session, target, how).build()


def why(session: nox.Session, target: Runnable, **how: Unpack[ProgramKeywords]) -> None:
    """Print whether a run would build, and because of what; builds and runs nothing."""
    with _aborting(session):
        _of(session, target, how).why()


def clean(session: nox.Session, target: Runnable, **how: Unpack[ProgramKeywords]) -> None:
    """Forget what was built of a Go program."""
    with _aborting(session):
        _of(session, target, how).clean()


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

    `inputs` and `outputs` are files, directories and patterns (`*`, `?`, `[a-z]`, `**`). They are
    relative to the directory where the program runs. `variables` are the environment variables
    that it reads. The outcome's `exit_code` is None if it was not run, as with `--install-only`.
    """
    with _aborting(session):
        of_one = _of(session, target, how, args)
        return of_one.generate(inputs=inputs, outputs=outputs, variables=variables)


def sessions(
    programs: Programs = None,
    *,
    verbs: Iterable[str] = all_verbs.DEFAULT,
    **shared: Unpack[SharedKeywords],
) -> None:
    """Make sessions of each program: `run:NAME` and `build:NAME`, or others of `verbs`.

    `verbs` are some of "run", "watch", "build", "why" and "clean". The last two and "watch" have
    one session for all programs otherwise: `nox -s why -- NAME`, `nox -s watch -- NAME ARGS`. The
    tags are `go-run`, `go-build` and so on. Builds may run in parallel (`nox -j4 -t go-build`). A
    program that needs other flags than the shared ones is given as a `Program`.

    The programs are those of a mapping, and a bare `nox` selects their builds. Or they are those
    of a `Workspace`, by default of the one around the noxfile. A workspace adds the session
    `build`, which a bare `nox` selects. It builds all programs, those that are named, or those that
    a change affects (`nox -s build -- --affected main`). `nox -s affected -- main` prints the
    affected programs, with `--json` for the matrix of a CI job.
    """
    workspace, offered, chosen = None, [], []
    described = {**all_verbs.OF_MANY, **all_verbs.OF_NAMED}
    with _loading():
        chosen = all_verbs.chosen(verbs)
        workspace = offers.workspace_of(programs)
        offered = offers.task_specs(workspace or programs or {}, shared)
        described |= all_verbs.described(workspace)
    for offer in offered:
        for verb in chosen:
            _register(
                f"{verb}:{offer.name}",
                functools.partial(_one, verb, offer),
                all_verbs.VERBS[verb].format(offer.words),
                verb=verb,
                default=verb == "build" and workspace is None,
            )
    many: dict[str, Callable[[nox.Session], object]] = {}
    if workspace is not None:
        for verb, do in (("build", _build_many), ("affected", _affected)):
            many[verb] = functools.partial(_many, do, workspace, shared)
    if offered:
        for verb in all_verbs.OF_NAMED:
            if verb not in chosen:
                source = workspace or programs or {}
                many[verb] = functools.partial(_named, verb, source, shared)
    for verb, do_many in many.items():
        if verb not in registry.get():
            _register(verb, do_many, described[verb], verb=verb, default=verb == "build")


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
    with _loading():
        offers.check_keywords(flags or {})

    def decorate(function: Callable[..., object]) -> Func:
        @functools.wraps(function)
        def body(session: nox.Session, *args: Any, **keywords: Any) -> None:
            with _aborting(session):
                of_one = _of(session, target, flags or {})
                result = function(session, of_one.program, *args, **keywords)
                status = getattr(result, "exit_code", None)
                if status:
                    of_one.end(status)

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
    verb: str, offer: TaskSpec, session: nox.Session, args: Sequence[str] | None = None
) -> None:
    typed = session.posargs if args is None else args
    # Else they are for another session; in a process of its own it knows of none.
    if verb == "build" and typed and _only(session) and not getattr(session, "parallel", False):
        raise UsageError(
            f"build:{offer.name} takes nothing after --",
            "go's flags are keywords of go.sessions(), or stand in the configuration",
        )

    def made(one: TaskSpec) -> Made:
        return one.program(around=_around(session)), typed or one.args

    of_one = _Verbs(session, offer.name, made(offer), lambda: made(offer.anew()))
    getattr(of_one, verb)()


def _named(
    verb: str,
    programs: Mapping[str, Runnable] | Workspace,
    shared: Mapping[str, Any],
    session: nox.Session,
) -> None:
    """Do it with the programs that are named after `--`; a watch takes one, and its arguments."""
    names, args = session.posargs, []
    if verb == "watch":
        names, args = names[:1], names[1:]
    for offer in offers.those_named(verb, programs, shared, names):
        _one(verb, offer, session, args)


class _Verbs(all_verbs.Verbs):
    """The verbs in a session: said in its log, and ended as nox ends one."""

    def __init__(
        self, session: nox.Session, name: str, made: Made, again: Callable[[], Made]
    ) -> None:
        super().__init__(name, made, again)
        self.only_builds = bool(_config(session, "install_only"))
        self._session = session

    def say(self, line: str) -> None:
        _log(self._session, line)

    def end(self, status: int) -> None:
        _end(self._session, all_verbs.ended(self.name, status), status)


def _end(session: nox.Session, said: str, status: int) -> NoReturn:
    """Say how a session failed, and end nox with this status where nothing else is lost by that."""
    if not (status and _alone(session)):
        session.error(said)
    offers.flush()
    session.warn(said)
    sys.exit(status)


def _of(
    session: nox.Session, target: Runnable, how: Mapping[str, Any], args: Sequence[str] = ()
) -> _Verbs:
    def made() -> Made:
        return offers.program_of(target, how, around=_around(session)), args

    first = made()
    return _Verbs(session, first[0].name, first, made)


def _many(
    do: Callable[[nox.Session, Workspace], None],
    workspace: Workspace,
    shared: Mapping[str, Any],
    session: nox.Session,
) -> None:
    do(session, offers.with_shared(workspace, shared, _around(session)))


def _build_many(session: nox.Session, workspace: Workspace) -> None:
    from gorun_tasks.runners import nox_words

    only = _only(session)
    words = nox_words.of_build(add_help=only)
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
    failed = all_verbs.build_many(workspace, tell, names=typed.names, since=typed.affected)
    if failed:
        _end(session, all_verbs.not_built(failed), final_status(failed[0][1], os.environ))


def _affected(session: nox.Session, workspace: Workspace) -> None:
    from gorun_tasks.runners import nox_words

    typed = nox_words.of_affected().parse_args(session.posargs)
    all_verbs.show_affected(workspace, typed.since, as_json=typed.json)


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
    """Say the core's errors as nox says its own, and what ended a session by its status."""
    if getattr(session, "parallel", False):  # in a process of nox's
        from gorun_tasks.system.child_process import end_with_parent

        end_with_parent()
    try:
        yield
    except GoRunError as error:
        _end(session, str(error), final_status(error, os.environ))
    finally:
        offers.flush()  # nox goes on to log how it ended


def _log(session: nox.Session, line: str) -> None:
    offers.flush()
    session.log(line)


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
