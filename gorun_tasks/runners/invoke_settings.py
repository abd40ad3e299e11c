"""Invoke settings: what invoke was told of commands, by its options, configuration and keywords.

Decides which of them mean for a program what they mean for `c.run`, and refuses the others in one
sentence. It must never pass over one in silence.
"""

from __future__ import annotations

import contextlib
import os
import signal

from invoke.exceptions import Exit
from invoke.runners import normalize_hide

from gorun_tasks.errors import UsageError
from gorun_tasks.runners import offers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any, NoReturn

    from invoke.context import Context

OF_A_CALL = ("dry", "echo", "hide", "replace_env", "timeout", "warn")
"""Keywords of `c.run` that ours take as well; they win over the configuration, as there."""

_ONLY_OF_C_RUN = (
    *("asynchronous", "disown", "encoding", "err_stream", "fallback", "in_stream"),
    *("out_stream", "pty", "shell", "watchers"),
)
_NOT_CONFIGURED = ("asynchronous", "disown", "err_stream", "in_stream", "out_stream", "watchers")
"""What would change what a program does: the others are of a shell, or of what invoke copies."""

TIME_IS_UP = 124
"""Exit status where a program did not end in the time that a command has, as timeout(1) has it."""

_SHORTEST = 1e-6  # seconds; none at all would mean no limit


class _TimeIsUp(BaseException):
    """A command took longer than it may."""


class Settings:
    """What invoke was told of commands; a call's keywords are taken out of `how`."""

    def __init__(self, c: Context, how: dict[str, Any] | None = None) -> None:
        how = {} if how is None else how
        offers.refuse(how, _ONLY_OF_C_RUN, "c.run", "c.run(go.build(c, ...).path, {}=...)")
        told = c.config.run  # which takes invoke a while to find
        of_call = {keyword: how.pop(keyword) for keyword in OF_A_CALL if keyword in how}
        values = {"timeout": c.config.timeouts.command, **told, **of_call}
        self.dry = bool(values["dry"])
        self.echo = bool(values["echo"])
        self.warn = bool(values["warn"])
        self.hide = values["hide"]
        self.timeout = values["timeout"]
        self.environment: dict[str, str | None] = {}
        if values["replace_env"]:
            self.environment = dict.fromkeys(os.environ)
        self.environment |= dict(told.env)
        self._echo_format: str = told.echo_format
        self._prefixes = list(c.command_prefixes)
        self._unheeded = [keyword for keyword in _NOT_CONFIGURED if told[keyword]]

    def shown_only(self, command: Callable[[], str]) -> bool:
        """Echo the command if invoke was told to; say whether showing it is all that was asked."""
        if self.dry or self.echo:
            offers.answer(self._echo_format.format(command=command()) + "\n")  # where c.run does
        return self.dry

    def check_start(self) -> None:
        """Raise UsageError where a program cannot be started as `c.run` would start a command."""
        if self._prefixes:
            raise UsageError(
                f"c.prefix({self._prefixes[-1]!r}) needs a shell, which go.run does not start",
                "set variables with env={...}, or write c.run(go.build(c, ...).path)",
            )
        for keyword in self._unheeded:
            raise UsageError(
                f"run.{keyword} of invoke's configuration is only for c.run",
                "write c.run(go.build(c, ...).path)",
            )

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """Hide what is said meanwhile, by the program and by us, and end what takes too long.

        Raises UsageError for what cannot be, and Exit where the time is up.
        """
        with contextlib.ExitStack() as stack:
            if self.timeout is not None:
                stack.enter_context(_within(self.timeout))
            for name in self._hidden():
                from gorun_tasks.runners.streams import diverted

                nothing = stack.enter_context(open(os.devnull, "wb"))
                stack.enter_context(diverted(name, nothing.fileno()))
            yield

    def _hidden(self) -> tuple[str, ...]:
        try:
            return normalize_hide(self.hide)
        except ValueError as error:
            raise UsageError(str(error)) from None


@contextlib.contextmanager
def _within(timeout: Any) -> Iterator[None]:
    """Interrupt go, or end the program, where this many seconds have passed."""

    def expire(_signum: int, _frame: FrameType | None) -> NoReturn:
        raise _TimeIsUp

    try:
        seconds = max(float(timeout), _SHORTEST)
        before = signal.signal(signal.SIGALRM, expire)
    except (TypeError, ValueError):
        raise UsageError(
            f"cannot end a program after {timeout!r} seconds",
            "a time limit is a number, and holds in the main thread",
        ) from None
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _TimeIsUp:
        raise Exit(f"ended after {timeout} s, the time a command has", code=TIME_IS_UP) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)
