"""Builder: asks go for a stale program, and keeps the executable.

Decides where the executable goes: into the store, or into a folder for this run only. It must
never turn a trouble with the store into a failed run, and is never loaded where nothing is stale.
"""

from __future__ import annotations

import contextlib
import os
import shutil

from gorun_tasks.build.attempt import BuildAttempt
from gorun_tasks.build.outcome import Outcome, Stopwatch
from gorun_tasks.build.sharing import offer
from gorun_tasks.errors import BuildError, ExecutableGoneError, UsageError
from gorun_tasks.storage.eviction import size_limit
from gorun_tasks.storage.publisher import Publisher, working_folder
from gorun_tasks.storage.writer import StoreUnusable
from gorun_tasks.system import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.reasons import Reason


class Builder:
    """One program, go, and the store."""

    def __init__(self, context: BuildContext, stopwatch: Stopwatch) -> None:
        self._placed: Outcome | None = None  # what was made ready before it is kept
        self.private = ""  # a folder of this run only
        self._context = context
        self._program = context.program
        self._stopwatch = stopwatch
        self._attempt: BuildAttempt | None = None
        self._lost = False  # whether the store was removed while go worked
        console.open_closed_std_fds()
        self._publisher = self._open_store()

    def _open_store(self) -> Publisher | None:
        try:
            return Publisher.of(self._program.store)
        except StoreUnusable as trouble:
            console.say(f"{trouble}; nothing will be remembered")
        return None

    @contextlib.contextmanager
    def lock(self) -> Iterator[bool]:
        """Have the program to ourselves; yield whether somebody built it since it was judged."""
        if self._publisher is None:
            yield False
            return
        with self._publisher.lock(self._program.key) as lock:
            yield lock.waited

    def ask(self, ready: Callable[[], None] | None = None) -> None:
        """Have go compile and link, once; `ready` is called where `make_ready` is worth a try."""
        if self._attempt is not None:
            return
        attempt = BuildAttempt(self._context, self._publisher, self._stopwatch, ready)
        self._attempt = attempt
        try:
            attempt.ask()
        except (BuildError, OSError):
            if self._publisher is None or not attempt.lost:
                raise
            self._ask_again(ready)

    def _ask_again(self, ready: Callable[[], None] | None = None) -> None:
        """Ask go once more: the store was removed, or moved away, and with it what go had made.

        In a new store; where that goes as well, without one.
        """
        self.clean_up()
        if not self._lost:
            console.say(f"{self._program.store.root} was removed during the build; go builds again")
        self._publisher = None if self._lost else self._open_store()
        self._lost = True
        self._attempt = None
        self.ask(ready)

    def make_ready(self, because: tuple[Reason, ...]) -> Outcome | None:
        """Have an executable that can be started before it is kept, None where there is none."""
        attempt = self._attempt
        assert attempt is not None
        assert attempt.staged is not None
        if self._publisher is None or attempt.report.left_in_go_cache:
            return None
        try:
            path = self._publisher.place(attempt.staged)
            self._placed = _built(attempt, path, attempt.staged.digest(), because)
        except (StoreUnusable, OSError):
            return None  # it will be said when it is kept
        return self._placed

    def keep(self, because: tuple[Reason, ...], *, for_this_run: bool) -> Outcome:
        """Publish what go handed over, or keep it for this run only."""
        try:
            return self._keep(because, for_this_run=for_this_run)
        except FileNotFoundError:
            self._ask_again()
            return self.keep(because, for_this_run=for_this_run)

    def _keep(self, because: tuple[Reason, ...], *, for_this_run: bool) -> Outcome:
        """Do so. Raises FileNotFoundError where it is gone with the store."""
        attempt = self._attempt
        assert attempt is not None
        assert attempt.staged is not None
        if attempt.report.left_in_go_cache:
            console.say("there is no room for the executable; it is started from go's cache")
            return _built(attempt, attempt.staged.path, attempt.staged.digest(), because)
        if self._publisher is None or for_this_run:
            return self._keep_for_this_run(attempt, because)
        made = self._placed
        try:
            path, digest = self._publish(self._publisher, attempt)
        except StoreUnusable as trouble:
            if made is None and attempt.lost:
                raise FileNotFoundError from trouble
            if made is None:
                console.say(f"{trouble}; the executable is kept for this run only")
                self._publisher = None
                return self._keep_for_this_run(attempt, because)
            console.say(f"{trouble}; this build is not remembered")
            attempt.unrecorded = str(trouble)
        else:
            made = made or _built(attempt, path, digest, because)
        made.unrecorded = attempt.unrecorded
        return made

    def clean_up(self) -> None:
        if self._attempt is not None:
            self._attempt.clean_up()

    def stable_path(self, made: Outcome) -> str:
        """Return the path that stays the same for this program. Raises BuildError."""
        if self._publisher is None or self.private:
            raise BuildError(
                "there is no store to keep the executable in",
                "GORUN_CACHE_DIR can name a directory for it",
            )
        try:
            name = os.path.basename(made.path)
            return self._publisher.stable_path(self._program.key, name, made.path)
        except StoreUnusable as trouble:
            raise BuildError(f"there is no path that stays the same: {trouble}") from trouble

    def make_private(self, made: Outcome) -> None:
        """Give this run an executable of its own; the stored one has to do where there is no room.

        Raises ExecutableGoneError.
        """
        self.private = working_folder(self._publisher)
        path = f"{self.private}/{os.path.basename(made.path)}"
        try:
            shutil.copy(made.path, path)
        except FileNotFoundError as error:
            raise ExecutableGoneError(f"{made.path} is gone before it could start") from error
        except OSError as error:
            console.say(f"{path} cannot be written: {error.strerror}; the stored one is started")
            self.remove_private()
            return
        made.path = path

    def remove_private(self) -> None:
        shutil.rmtree(self.private, ignore_errors=True)
        self.private = ""

    def _keep_for_this_run(self, attempt: BuildAttempt, because: tuple[Reason, ...]) -> Outcome:
        assert attempt.staged is not None
        self.private = working_folder(self._publisher)
        digest = attempt.staged.digest()
        return _built(attempt, shutil.move(attempt.staged.path, self.private), digest, because)

    def _publish(self, publisher: Publisher, attempt: BuildAttempt) -> tuple[str, str]:
        report, program = attempt.report, self._program
        assert attempt.staged is not None
        if attempt.closure is None:
            digest, path = publisher.publish_unrecorded(
                program.key,
                program.identity,
                attempt.staged,
                attempt.unrecorded,
                attempt.unconfirmed,
            )
        else:
            manifest = publisher.publish(
                program.key,
                program.identity,
                attempt.staged,
                attempt.closure,
                goroot_bin=report.goroot_bin,
                go_version=report.settings["GOVERSION"],
                wrapper=attempt.wrapper,
                cgo=attempt.cgo,
            )
            digest, path = manifest.digest, program.store.executable(manifest)
            offer(program, manifest, publisher, self._context.facts)
        publisher.evict(_size_limit(program))
        return path, digest


def _built(attempt: BuildAttempt, path: str, digest: str, because: tuple[Reason, ...]) -> Outcome:
    return Outcome(
        "built",
        path,
        digest,
        because=because,
        goroot_bin=attempt.report.goroot_bin,
        wrapper=attempt.wrapper,
        unrecorded=attempt.unrecorded,
    )


def _size_limit(program: ProgramSpec) -> int:
    try:
        return size_limit(program.environ)
    except UsageError as error:
        console.say(str(error))
        return size_limit({})
