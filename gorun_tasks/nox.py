"""nox: sessions that run, build, explain and clean Go programs.

    import nox
    from gorun_tasks import nox as go

    go.sessions({"api": "./cmd/api"})  # nox -s run:api -- --port 8080

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

from gorun_tasks import _runner
from gorun_tasks.errors import GoRunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, Unpack

    from nox.registry import Func  # type: ignore[attr-defined]
    from nox.sessions import SessionRunner

    from gorun_tasks._runner import Runnable
    from gorun_tasks.flags import FlagKeywords
    from gorun_tasks.program import Outcome, Program

__all__ = ["build", "clean", "run", "session", "sessions", "why"]


def run(
    session: nox.Session,
    target: Runnable,
    *args: str,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    **flags: Unpack[FlagKeywords],
) -> Outcome:
    """Run a Go program in the foreground, building it first if anything changed.

    `args` are the program's arguments, exactly; pass `*session.posargs` for what stands after `--`.
    A status other than 0 ends nox with that status when this session is all nox was asked for,
    else it aborts the session. With `--install-only` the program is built and not run.
    """
    with _aborting(session):
        program = _program(session, target, flags, cwd, env)
        return _run(session, program.name, program, args)


def build(
    session: nox.Session,
    target: Runnable,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    **flags: Unpack[FlagKeywords],
) -> Outcome:
    """Bring a Go program up to date; `.path` of the result is the executable."""
    with _aborting(session):
        program = _program(session, target, flags, cwd, env)
        return _build(session, program.name, program)


def why(
    session: nox.Session,
    target: Runnable,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    **flags: Unpack[FlagKeywords],
) -> None:
    """Print whether a run would build, and because of what; builds and runs nothing."""
    with _aborting(session):
        program = _program(session, target, flags, cwd, env)
        _why(session, program.name, program)


def clean(
    session: nox.Session,
    target: Runnable,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    **flags: Unpack[FlagKeywords],
) -> None:
    """Forget what was built of a Go program."""
    with _aborting(session):
        program = _program(session, target, flags, cwd, env)
        _clean(session, program.name, program)


def sessions(programs: Mapping[str, Runnable], **flags: Unpack[FlagKeywords]) -> None:
    """Make the sessions `run:NAME`, `build:NAME`, `why:NAME` and `clean:NAME` for each program.

    Their tags are `go-run`, `go-build`, `go-why` and `go-clean`. A bare `nox` selects the builds,
    and these may run in parallel (`nox -j4 -t go-build`). A program that needs other flags than the
    shared ones is given as a `Program`.
    """
    for name, target in programs.items():
        for verb, described in _runner.VERBS.items():
            body = _body(_DO[verb], name, target, flags)
            body.__doc__ = described.format(_runner.words_of(target))
            registered = nox.session(
                name=f"{verb}:{name}",
                venv_backend="none",
                tags=[f"go-{verb}"],
                default=verb == "build",
            )(body)
            # An attribute, not a keyword: nox before 2026.8 does not know it and ignores it so.
            registered.allow_parallel = verb == "build"


def session(
    target: Runnable = ".", *, flags: FlagKeywords | None = None, **options: Any
) -> Callable[[Callable[..., object]], Func]:
    """Make a session of a function that is given `(session, program)`.

    `options` are those of `nox.session` (its `tags` are nox's); go's flags are in `flags`. No
    virtual environment is made unless `venv_backend` asks for one. A function that returns the
    outcome of `program.run(...)` makes the program's status its own.
    """

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


def _body(
    do: Callable[[nox.Session, str, Program], object],
    name: str,
    target: Runnable,
    flags: FlagKeywords,
) -> Callable[[nox.Session], None]:
    def body(session: nox.Session) -> None:
        with _aborting(session):
            own = _runner.own_flags(target)
            do(session, name, _program(session, target, {} if own else flags))

    return body


def _run(session: nox.Session, name: str, program: Program, args: tuple[str, ...]) -> Outcome:
    if _config(session, "install_only"):
        return _build(session, name, program)
    outcome = _runner.run(program, args, lambda news: session.log(_runner.news(name, news)))
    if outcome.exit_code:
        _end(session, name, outcome.exit_code)
    return outcome


def _build(session: nox.Session, name: str, program: Program) -> Outcome:
    outcome = _runner.build(program)
    session.log(_runner.news(name, outcome))
    return outcome


def _why(_session: nox.Session, name: str, program: Program) -> None:
    print(_runner.answer(name, program.why()))  # noqa: T201 - the answer; nox logs to stderr


def _clean(session: nox.Session, name: str, program: Program) -> None:
    program.clean()
    session.log(_runner.forgotten(name))


_DO: dict[str, Callable[[nox.Session, str, Program], object]] = {
    "run": lambda session, name, program: _run(session, name, program, tuple(session.posargs)),
    "build": _build,
    "why": _why,
    "clean": _clean,
}


def _program(
    session: nox.Session,
    target: Runnable,
    flags: Mapping[str, Any],
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Program:
    """Return the program as this session sees it: its variables, its virtual environment's PATH."""
    own = dict(session.env)
    if session.bin_paths:
        inherited = own.get("PATH") or os.environ.get("PATH", "")
        own["PATH"] = os.pathsep.join([*session.bin_paths, inherited])
    return _runner.program_of(target, flags, cwd=cwd, env=env, around=own)


@contextlib.contextmanager
def _aborting(session: nox.Session) -> Iterator[None]:
    """Say the core's errors as nox says its own: the session is aborted, the rest goes on."""
    try:
        yield
    except GoRunError as error:
        session.error(str(error))


def _end(session: nox.Session, name: str, status: int) -> None:
    said = _runner.ended(name, status)
    if not _alone(session):
        session.error(said)
    session.warn(said)
    sys.exit(status)


def _alone(session: nox.Session) -> bool:
    """Whether leaving now, with a status of our own, loses nothing.

    nox makes 1 of every failure; only SystemExit carries another status, and it skips the sessions
    that follow, the summary and the report.
    """
    runner = getattr(session, "_runner", None)
    manifest = getattr(runner, "manifest", None)
    if runner is None or manifest is None:
        return False
    if getattr(session, "parallel", False) or _config(session, "report"):
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
