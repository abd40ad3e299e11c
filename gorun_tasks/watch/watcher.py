"""Watch: runs programs, and runs them again when an edit changes their executables.

    look     judge the programs and make those that are stale, in a thread; the old ones run on
    watch    the directories that hold their inputs, which each look tells anew
    notice   something moved there: look again. While go builds: give that build up first
    restart  the executable is another one: stop the old program, wait until it is gone, start it

A look follows whenever other directories are watched than before it, so that no edit falls between.
Decides when to look, and which programs are started and stopped. It must never decide whether
something changed (`rebuild` asks who does), nor wait for anything but what is told.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import threading
from collections import deque
from subprocess import DEVNULL

from gorun_tasks.build.events import (
    ConfiguredEvent,
    EndedEvent,
    FailedEvent,
    LoopEvent,
    StartedEvent,
    UnchangedEvent,
    WatchingEvent,
    emit,
)
from gorun_tasks.core.launch import cannot_execute
from gorun_tasks.errors import (
    BUILD_FAILED,
    BuildError,
    ExecutableGoneError,
    ExecutionError,
    GivenUp,
    GoRunError,
)
from gorun_tasks.system import console, host
from gorun_tasks.system.supervisor import SupervisorClient
from gorun_tasks.toolchain.interrupt import CancelScope
from gorun_tasks.watch.callback_queue import CallbackQueue
from gorun_tasks.watch.configuration import ConfigurationWatch
from gorun_tasks.watch.file_events import FileEvents
from gorun_tasks.watch.output_lines import OutputLines
from gorun_tasks.watch.rebuild import RebuildPass
from gorun_tasks.watch.watched_program import WatchedProgram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from socket import socket

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.build.events import Event
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.watch.configuration import Configuration

GRACE = 5.0
"""Seconds that a program has to end after the stop signal, before SIGKILL."""

_OF_A_PERSON = (signal.SIGINT, signal.SIGQUIT)


class Watch:
    """A watch over programs by name. Iterate over it for its events, as long as it lasts.

    `args` are each program's arguments. `stop_signal` ends a program that is replaced, SIGKILL
    `grace` seconds later. `labelled` gets what several programs write: the name, 1 or 2 for the
    stream, and lines with their ends, the last one perhaps without. A program alone has all streams
    of this process, and the terminal.
    `listening` is a socket that each program inherits, in the manner of systemd (LISTEN_FDS); the
    watch closes it at its end. `configuration` is asked for the programs again when it is edited.
    Raises UsageError where watchfiles is needed (not on Linux) and not installed, and
    ExecutionError where no process can be started that keeps a program.
    """

    def __init__(
        self,
        contexts: Mapping[str, BuildContext],
        args: Mapping[str, Sequence[str]],
        *,
        stop_signal: int = signal.SIGTERM,
        grace: float = GRACE,
        labelled: Callable[[str, int, bytes], None] | None = None,
        listening: socket | None = None,
        configuration: Configuration | None = None,
    ) -> None:
        self.ended_by = 0
        """The signal that ended the watch, 0 for none."""
        self._signals: set[int] = set()
        self.exit_code: int | None = None
        """The exit status of the program that ran when the watch was ended; of several the first
        that is not 0. None where none ran."""
        self._contexts = contexts
        self._args = args
        self._stop_signal = stop_signal
        self._grace = grace
        self._alone = len(contexts) == 1
        self._lines = OutputLines(labelled) if labelled else None
        self._listening = listening
        self._configuration = ConfigurationWatch(configuration)
        self._happened: deque[Event] = deque()
        self._errands = CallbackQueue()
        self._notices = FileEvents(lambda paths: self._errands.add(lambda: self._notice(paths)))
        self._watched: dict[str, WatchedProgram] = {}
        self._scope: CancelScope | None = None  # while a look goes on
        self._look: RebuildPass | None = None  # for as long
        self._looking: threading.Thread | None = None
        self._said_where = False  # whether anybody knows what is watched
        self._look_again = True
        self._moment = 0  # go may start when files are stamped later than this

    def __iter__(self) -> Iterator[Event]:
        """Yield what happens, until somebody ends it."""
        try:
            self._open()
            while not self._is_over():
                if self._look_again and self._scope is None and not self.ended_by:
                    self._begin_look()
                # Whoever tells of a restart does so before the new program says anything.
                for step in (self._wait, self._start_next):
                    step()
                    while self._happened:
                        yield self._happened.popleft()
        finally:
            self._close()
        yield from self._happened

    def end(self, signum: int) -> None:
        """Let the programs end by this signal, and then the watch.

        By a second SIGINT or SIGQUIT, of a person who will not wait, they end at once. To be called
        from a handler of signals, or from any thread.
        """
        self._errands.add(lambda: self._end(signum))

    def go_on(self) -> None:
        """Go on after a stop, as `end` is called: the programs, too, and have a look."""
        self._errands.add(self._go_on)

    # The loop.

    def _open(self) -> None:
        console.open_closed_std_fds()
        self._errands.open()
        for name, context in self._contexts.items():
            self._add(name, context, self._args.get(name, ()))

    def _add(self, name: str, context: BuildContext, args: Sequence[str]) -> None:
        context = self._with_listener(name, context)
        self._watched[name] = WatchedProgram(name, context, args, self._new_keep(name))

    def _new_keep(self, name: str) -> SupervisorClient:
        if self._alone:
            return SupervisorClient(
                self._stop_signal, self._grace, terminal=True, listening=self._listening
            )
        own = contextlib.nullcontext([1, 2])
        with self._lines.of(name) if self._lines is not None else own as (out, err):
            streams = (DEVNULL, out, err)
            return SupervisorClient(self._stop_signal, self._grace, terminal=False, streams=streams)

    def _close(self) -> None:
        """Stop every program and wait until it is gone."""
        self._notices.close()
        self.ended_by = self.ended_by or signal.SIGTERM
        if self._scope is not None:
            self._scope.cancel()
        for watched in self._watched.values():
            if watched.keep.group and not watched.stopping:
                watched.stop()
        try:
            while not self._is_over():
                self._wait()
        finally:
            for watched in self._watched.values():
                watched.keep.close()
                watched.let_go(everything=True)
            if self._lines is not None:
                self._lines.close()
            if self._listening is not None:
                self._listening.close()
            self._errands.close()

    def _is_over(self) -> bool:
        return (
            bool(self.ended_by)
            and self._scope is None
            and not any(watched.keep.group for watched in self._watched.values())
        )

    def _wait(self) -> None:
        """Wait until something happens, and see to it."""
        poll = select.poll()
        keeps = {watched.keep.fileno(): watched for watched in self._watched.values()}
        lines = self._lines.filenos() if self._lines is not None else ()
        for descriptor in (self._errands.fileno(), *keeps, *lines):
            poll.register(descriptor, select.POLLIN)
        patience = self._lines.patience() if self._lines is not None else None
        pause = None if patience is None else patience * 1000 + 1
        for descriptor, _ in poll.poll(0 if self._errands else pause):
            if descriptor in keeps:
                for message in keeps[descriptor].keep.messages():
                    self._handle(keeps[descriptor], *message)
            elif descriptor == self._errands.fileno():
                self._errands.hush()
            elif self._lines is not None:
                self._lines.pass_on(descriptor)
        if patience is not None and self._lines is not None:
            self._lines.show()
        self._errands.run()

    def _with_listener(self, name: str, context: BuildContext) -> BuildContext:
        def listen(event: Event) -> None:
            event.name = name
            if context.on_event is not None:
                context.on_event(event)
            self._happened.append(event)

        return context.with_listener(listen)

    # Looking.

    def _notice(self, paths: frozenset[str] | None) -> None:
        """Look again where something moved that may matter; what go builds then is out of date."""
        if paths is not None and not [*filter(None, self._concerns(paths))]:
            return
        self._look_again = True
        self._moment = host.file_clock()
        # What is made already is remembered as it was: that takes less time than go would the next.
        recording = self._look is not None and self._look.only_records
        if self._scope is not None and paths is not None and not recording:
            self._scope.cancel()

    def _concerns(self, paths: frozenset[str]) -> Iterator[bool]:
        """Yield whether these matter, for all whom they may concern: each takes them in."""
        yield any(map(self._configuration.scope.concerns, paths))
        for watched in self._watched.values():
            moved = {*filter(watched.scope.concerns, paths)} if watched.scope else set()
            yield bool(moved) and watched.loop.note(moved)

    def _begin_look(self) -> None:
        self._look_again = False
        scope = self._scope = CancelScope()

        def notify(name: str, result: Outcome | GoRunError) -> None:
            self._errands.add(lambda: self._take(self._watched[name], result, look))

        look = self._look = RebuildPass(
            *(self._watched, self._notices, notify),
            since=self._moment,
            further=self._configuration.scope,
        )

        def work() -> None:
            try:
                with scope:
                    if self._is_configured_anew():
                        return  # and so another look follows
                    look.make()
                    look.find_where()
            except GivenUp:
                pass  # something moved, so another look follows
            except BaseException as failure:  # noqa: BLE001 - raised where somebody hears it
                look.failure = failure
            finally:
                self._errands.add(lambda: self._end_look(look))

        self._looking = threading.Thread(target=work, daemon=True)
        if len(self._watched) == 1 and not any(w.keep.group for w in self._watched.values()):
            console.allow_transient_lines_from(self._looking)
        self._looking.start()

    def _take(
        self, watched: WatchedProgram, result: Outcome | GoRunError, look: RebuildPass
    ) -> None:
        """Start what is new, and stop what it takes the place of."""
        label = watched.program.label
        if self.ended_by or watched.dropped or result is watched.taken:
            return
        if isinstance(result, GoRunError):
            first = watched.running is None and not watched.renewed
            if first and not _may_be_mended(result):
                raise result
            emit(watched.context, FailedEvent(label, result))
            return
        watched.hold(look.graphs[watched.name])
        replaces = watched.running is not None and not watched.renewed
        if not watched.take(result):
            emit(watched.context, UnchangedEvent(label))
        elif replaces and watched.loop.closes(look.begun, watched.may_have_written):
            watched.next = None
            emit(watched.context, LoopEvent(label, tuple(sorted(watched.loop.blamed))))
        elif watched.keep.group and not watched.stopping:
            watched.stop()

    def _end_look(self, look: RebuildPass) -> None:
        assert self._looking is not None
        self._looking.join()
        self._scope = self._look = None
        if look.failure is not None:
            raise look.failure
        for name, (scope, tried) in look.scopes.items():
            self._watched[name].scope, self._watched[name].tried = scope, tried
        if look.elsewhere:
            # What was edited before they were watched nobody told.
            self._look_again = True
        # At the first look they may have been watched before it came so far.
        if look.elsewhere or (look.scopes and not self._said_where):
            self._said_where = True
            for watched in self._watched.values():
                emit(
                    watched.context,
                    WatchingEvent(
                        watched.program.label,
                        len(self._notices.directories),
                        self._notices.polling,
                    ),
                )

    def _is_configured_anew(self) -> bool:
        """Say whether the configuration was edited; who has the loop is told what it says now."""
        try:
            news = self._configuration.news()
        except GoRunError as error:
            self._errands.add(functools.partial(self._emit_of_configuration, error))
            return False
        if news is None:
            return False
        file, (contexts, args) = news
        self._errands.add(functools.partial(self._configure, file, contexts, args))
        return True

    def _configure(
        self,
        file: str,
        contexts: Mapping[str, BuildContext],
        args: Mapping[str, Sequence[str]],
    ) -> None:
        """Have these programs from now on, each built and started as is said now."""
        self._look_again = True
        for name, watched in self._watched.items():
            if name not in contexts and not watched.dropped:
                watched.dropped, watched.next = True, None
                emit(watched.context, ConfiguredEvent(watched.program.label, file, "dropped"))
                if watched.keep.group and not watched.stopping:
                    watched.stop()
        for name, context in contexts.items():
            own, change = args.get(name, ()), "changed"
            if name not in self._watched:
                self._alone, change = False, "joined"
                self._add(name, context, own)
            elif self._watched[name].is_as(context.program, own):
                continue
            watched = self._watched[name]
            watched.become(self._with_listener(name, context), own)
            emit(watched.context, ConfiguredEvent(watched.program.label, file, change))

    def _emit_of_configuration(self, error: GoRunError) -> None:
        event = FailedEvent("", error)
        emit(next(iter(self._watched.values())).context, event)
        event.name = ""  # it is not about a single program

    # The programs.

    def _start_next(self) -> None:
        """Start what waits only for the end of the program before it."""
        for watched in self._watched.values():
            if watched.next is not None and not watched.keep.group:
                try:
                    watched.start()
                except ExecutionError as error:
                    emit(watched.context, FailedEvent(watched.program.label, error))
                watched.let_go()

    def _handle(self, watched: WatchedProgram, verb: str, *values: int) -> None:
        """Take in what a supervisor says."""
        if verb == "started":
            emit(watched.context, StartedEvent(watched.program.label, values[0]))
        elif verb == "failed":
            self._could_not_start(watched, *values)
        elif verb == "told":
            if values[0] == signal.SIGTSTP:
                os.killpg(os.getpgrp(), signal.SIGTSTP)  # as a ^Z stops whoever has the terminal
                self._go_on()
            else:
                self._end(values[0], delivered=True)
        elif verb in ("ended", "lost"):
            watched.has_written |= verb == "ended" and bool(values[2])
            self._ended(watched, -signal.SIGKILL if verb == "lost" else values[0])

    def _ended(self, watched: WatchedProgram, status: int) -> None:
        if self._lines is not None:
            self._lines.end(watched.name)
        watched.exit_code = status if status >= 0 else 128 - status
        if self.ended_by:
            self.exit_code = self.exit_code or watched.exit_code
        label = watched.program.label
        emit(watched.context, EndedEvent(label, watched.exit_code, wanted=watched.stopping))
        if watched.keep.lost:
            watched.keep.close()
            watched.keep = self._new_keep(watched.name)
        elif self.ended_by and watched.keep.group:
            watched.stop()  # what the program left behind

    def _could_not_start(self, watched: WatchedProgram, number: int, of_directory: int) -> None:
        made = watched.running
        assert made is not None
        directory = watched.place
        trouble = OSError(number, os.strerror(number), directory if of_directory else made.path)
        error = cannot_execute(trouble, made.path, directory)
        if isinstance(error, ExecutableGoneError):
            watched.same.clear()  # it was evicted: it is built again
            self._look_again = True
        emit(watched.context, FailedEvent(watched.program.label, error))

    def _go_on(self) -> None:
        for watched in self._watched.values():
            watched.keep.resume()
        # The system keeps only so many events for one who stands still.
        self._look_again = True
        self._moment = host.file_clock()

    def _end(self, signum: int, *, delivered: bool = False) -> None:
        """End by a signal, which the programs may have been told already."""
        of_a_person = signum in _OF_A_PERSON
        again = bool(self.ended_by) and of_a_person
        if signum in self._signals and not again:
            return  # a shell tells its jobs what the terminal told them, `timeout` tells us twice
        self._signals.add(signum)
        self.ended_by = self.ended_by or signum
        if self._scope is not None:
            self._scope.cancel()
        for watched in self._watched.values():
            watched.next = None
            if watched.keep.group and again:
                watched.stop(signal.SIGKILL, 0.0)
            elif watched.keep.group:
                watched.stop(0 if delivered else signum, None if of_a_person else self._grace)


def _may_be_mended(error: GoRunError) -> bool:
    """Say whether an edit may help where a program could not be built, right at the start."""
    return isinstance(error, BuildError) and error.exit_status == BUILD_FAILED
