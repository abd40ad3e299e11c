"""Making: one request to go, from the question to what may be remembered of its answer.

Decides how often go is asked, what of its own cache it may no longer use, and whether the
answer is recorded. It must never leave its folder behind, nor record what it cannot vouch for.
"""

from __future__ import annotations

import os
import shutil
import tempfile

from gorun_tasks import console
from gorun_tasks.closure import Closure, Known, Moved, read
from gorun_tasks.fingerprint import Look
from gorun_tasks.report import NotRecorded, Report
from gorun_tasks.silent import Silence
from gorun_tasks.toolchain import Go, find_go

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.program import Program
    from gorun_tasks.publish import Publisher


class Making:
    """An executable that go made, with its closure where it may be recorded.

    `unrecorded` says in words why it may not, "" where it may.
    """

    def __init__(self, program: Program, publisher: Publisher | None) -> None:
        self._program = program
        self._publisher = publisher
        self._folder = ""
        self.report = Report()
        self.closure: Closure | None = None
        self.wrapper: tuple[str, ...] = ()
        self.unrecorded = ""

    def ask(self) -> None:
        """Ask go; a second time where the first one fetched modules.

        Only what was there before go started can be recorded (law 3). Raises BuildError,
        ToolchainError and Interrupted.
        """
        look = Look(self._program.store, self._program.environ)
        name, command = find_go(self._program.environ, look.where)
        go = Go(command, self._program.environ, self._program.cwd)
        moved = self._ask(go, name)
        if moved and all(map(self._was_fetched, moved)):
            self._ask(go, name)

    def clean_up(self) -> None:
        """Remove the folder of the build."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _ask(self, go: Go, go_name: str) -> list[str]:
        """Ask go once; return the inputs because of whose changes it is not recorded."""
        program = self._program
        self.clean_up()
        self._folder = self._make_folder()
        self.report = Report()
        words = program.flags.words, program.target.words
        try:
            go.build(self.report, words, self._folder, program.listener or console.pass_on)
        finally:
            self._distrust(go)
        silence = Silence(
            self.report.settings,
            program.flags,
            program.environ,
            go=go,
            go_name=go_name,
            directory=program.directory,
        )
        self.wrapper = silence.wrapper()
        self.unrecorded = ""
        try:
            self.closure = read(self.report, program, silence, self._known())
        except NotRecorded as trouble:
            self.unrecorded = str(trouble)
            return trouble.paths if isinstance(trouble, Moved) else []
        return []

    def _known(self) -> Known:
        if self._publisher is None:
            return Known()
        return self._publisher.known(self._program.key, self._program.identity)

    def _make_folder(self) -> str:
        if self._publisher is not None:
            folder = self._publisher.work()
            if "," not in folder:  # GODEBUG, which names the trace, is a list with commas
                return folder
            os.rmdir(folder)
        return tempfile.mkdtemp(prefix="gorun-")

    def _was_fetched(self, path: str) -> bool:
        modules = self.report.settings.get("GOMODCACHE", "")
        return bool(modules) and path.startswith(modules + "/")

    def _distrust(self, go: Go) -> None:
        """Take from go's build cache what may be compiled from another content than was hashed.

        go compiles those packages, and only those, at the next build.
        """
        try:
            moved = [p for p in self.report.moved_sources() if not self._was_fetched(p)]
        except NotRecorded:
            return
        if not moved:
            return
        cache = self.report.settings.get("GOCACHE") or go.build_cache()
        for action in self.report.actions_that_read(moved):
            try:
                os.unlink(f"{cache}/{action[:2]}/{action}-a")
            except OSError:
                continue
