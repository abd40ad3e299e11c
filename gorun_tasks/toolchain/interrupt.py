"""Interruption: go is ended where this process ends, or something else is to be built.

Decides who is interrupted, by a signal or by another thread, and what is raised once nobody is
left. It must never let go of a process that still runs.
"""

from __future__ import annotations

import signal
from contextvars import ContextVar

from gorun_tasks.errors import GivenUp, Interrupted
from gorun_tasks.system.process_tree import interrupt_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import ClassVar, NoReturn, Self

    from gorun_tasks.system.child_process import ChildProcess


class InterruptGuard:
    """While go works, a signal that would end us interrupts go, waits, and then raises Interrupted.

    Outside the main thread Python delivers no signals. There a guard leaves its processes to the
    one around it, in whose context the thread works; where there is none, nobody interrupts them.
    """

    _innermost: ClassVar[ContextVar[InterruptGuard | None]] = ContextVar("guard", default=None)
    # SIGALRM is a time limit of the runner's.
    _SIGNALS: ClassVar = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)

    def __init__(self) -> None:
        self._processes: list[ChildProcess] = []
        self._received: list[int] = []
        self._previous: dict[int, object] = {}
        self._outer: InterruptGuard | None = None

    @property
    def interrupted(self) -> bool:
        return bool(self._received)

    @property
    def scope(self) -> CancelScope | None:
        return self._outer.scope if self._outer is not None else None

    @classmethod
    def here(cls) -> InterruptGuard | None:
        """Return the innermost guard under which this thread works."""
        return cls._innermost.get()

    def __enter__(self) -> Self:
        self._enter()
        try:
            for signum in self._SIGNALS:
                if signal.getsignal(signum) is not signal.SIG_IGN:
                    self._previous[signum] = signal.signal(signum, self._receive)
        except ValueError:
            pass  # not the main thread
        return self

    def watch(self, process: ChildProcess) -> ChildProcess:
        """Interrupt this process too; at once, where a signal came before it started."""
        if self._outer is not None:
            self._outer.watch(process)
        self._processes.append(process)
        if self._received:
            interrupt_tree(process.command_pid)
        return process

    def _enter(self) -> None:
        self._outer = InterruptGuard._innermost.get()
        InterruptGuard._innermost.set(self)

    def _leave(self) -> None:
        InterruptGuard._innermost.set(self._outer)

    def _receive(self, signum: int, _frame: FrameType | None) -> None:
        self._received.append(signum)
        if len(self._received) > 1:
            return  # go knows already, and this handler may have interrupted itself
        for process in self._processes:
            if process.returncode is None:
                interrupt_tree(process.command_pid)

    def __exit__(self, failed: object, *_rest: object) -> None:
        self._leave()
        for process in self._processes:
            if failed and process.poll() is None:
                interrupt_tree(process.command_pid)
            if process.stdin:
                process.stdin.close()
            for stream in (process.stdout, process.stderr):
                if stream and not stream.closed:
                    stream.read()  # it may wait for a reader
                    stream.close()
            process.wait()
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)  # type: ignore[arg-type]
        if self._received:
            raise Interrupted(self._received[0])
        if self.scope is not None and self.scope.cancelled:
            raise GivenUp


class CancelScope(InterruptGuard):
    """Holds every go that is started within it: whoever has it may change his mind.

    No signal pulls it. Those who wait for go get GivenUp then, and start none any more.
    """

    @property
    def scope(self) -> CancelScope:
        return self

    @property
    def cancelled(self) -> bool:
        return bool(self._received)

    def cancel(self) -> None:
        """Interrupt every go that works, and any that is started yet. From any thread."""
        self._receive(signal.SIGINT, None)

    def __enter__(self) -> Self:
        self._enter()
        return self

    def __exit__(self, *_failed: object) -> None:
        self._leave()


def end_by(interrupted: Interrupted) -> NoReturn:
    """Let a signal do to this process what it was sent for, now that go is gone."""
    signal.raise_signal(interrupted.signum)
    raise interrupted
