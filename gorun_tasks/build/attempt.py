"""Making: one request to go, from the question to what may be remembered of its answer.

Decides how often go is asked, what of its own cache it may no longer use, and whether the
answer is recorded. It must never leave its folder behind, nor record what it cannot vouch for.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from hashlib import sha256

from gorun_tasks.closure.before_build import BeforeBuild
from gorun_tasks.closure.c_includes import GO_FILE
from gorun_tasks.closure.cgo import LIST_FIELDS, find_outsides, reaches_out, write_overlay
from gorun_tasks.closure.early_closure import Foresight
from gorun_tasks.closure.implicit_inputs import Silence, effective
from gorun_tasks.closure.launchers import Compilers, Unasked, pkg_config_questions
from gorun_tasks.closure.linker_libraries import Runner, words_for_linker
from gorun_tasks.closure.recorder import Moved, read
from gorun_tasks.core.check import Look
from gorun_tasks.core.fingerprint import key_at, settled
from gorun_tasks.inputs.digest import Known
from gorun_tasks.storage.publisher import working_folder
from gorun_tasks.storage.staged_executable import Handed
from gorun_tasks.storage.writer import Unusable
from gorun_tasks.system import console
from gorun_tasks.system.find_go import find_go
from gorun_tasks.toolchain.command import NOT_OF_LIST, Go, listener_of
from gorun_tasks.toolchain.go_cache import _take_away, distrust
from gorun_tasks.toolchain.output_stream import CgoFound
from gorun_tasks.toolchain.report import NOTES, NotRecorded, Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from gorun_tasks.closure.c_includes import Outside
    from gorun_tasks.closure.recorder import Closure
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.storage.publisher import Publisher


class Making:
    """An executable that go made, with its closure where it may be recorded.

    `unrecorded` says in words why it may not, "" where it may.
    """

    def __init__(
        self,
        program: ProgramSpec,
        publisher: Publisher | None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        """Prepare to ask; `ready` is called once, when an executable can be started.

        By then it is sure that nothing moved which the program itself could change.
        """
        self._program = program
        self._publisher = publisher
        self._ready = ready
        self._folder = ""
        self.report = Report()
        self.moments: list[tuple[str, float]] = []  # which step began when, of all requests
        self.closure: Closure | None = None
        self.unsure: Closure | None = None  # in place of it: one that the next build may confirm
        self.handed: Handed | None = None  # the executable
        self._before: BeforeBuild | None = None
        self._foresight: Foresight | None = None
        self._outsides: list[Outside] = []
        self._listed = False
        manifests = program.store.manifests(program.key, program.identity)
        self.cgo = bool(manifests) and manifests[0].cgo
        self._compilers = Compilers(program.environ, program.directory)
        self._ask_more = False  # a compiler has to be asked what it starts, before go starts
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
        self._distrust_killed(go)
        moved = self._ask(go, name)
        if moved and all(map(self._was_fetched, moved)):
            self._ask(go, name)

    @property
    def lost(self) -> bool:
        """Whether somebody removed the folder of the build, or a part of it, meanwhile."""
        kept = map(os.path.exists, (f"{self._folder}/out", f"{self._folder}/{NOTES}"))
        return bool(self._folder) and (self.report.temporary_lost or not all(kept))

    def clean_up(self) -> None:
        """Remove the folder of the build, and where the executable was put for want of room."""
        folders = [self._folder]
        if not self.report.borrowed:
            folders.append(os.path.dirname(self.report.executable))
        for folder in filter(None, folders):
            shutil.rmtree(folder, ignore_errors=True)
        self._folder = ""
        if self._before is not None:
            self._before.close()

    def _ask(self, go: Go, go_name: str) -> list[str]:
        """Ask go once; return the inputs because of whose changes it is not recorded."""
        try:
            moved = self._ask_once(go, go_name)
        except CgoFound:
            self.cgo = True
            moved = self._ask_once(go, go_name)
        if not self.cgo and self._reaches_out():
            self.cgo = True
            moved = self._ask_once(go, go_name)
        if self._ask_more:
            moved = self._ask_once(go, go_name)
        return moved

    def _ask_once(self, go: Go, go_name: str) -> list[str]:
        program = self._program
        self._start_over()
        self._compilers.ask()
        # GODEBUG, which names the trace, is a list with commas.
        listed = "," in self._program.store.root
        self._folder = working_folder(None if listed else self._publisher, "out")
        before = self._before = BeforeBuild(program, go.command)
        report = self.report = program.report = Report()
        self.moments += report.moments
        report.moments = self.moments
        flags = program.link_flags().words
        words = program.target.words
        if self.cgo and (overlay := self._lay_over(go)):
            flags += (f"-overlay={overlay}",)
            if any(outside.listed and outside.token for outside in self._outsides):
                words += (os.path.join(os.path.dirname(words[0]), GO_FILE),)
        say, tick = listener_of(program), None
        if program.listener is None and console.has_passing_lines():
            from gorun_tasks.toolchain.progress import Progress  # noqa: PLC0415 - where somebody watches

            progress = Progress(report, f"{self._folder}/trace", say)
            say, tick = progress.pass_on, progress.tick
        try:
            go.build(
                report,
                (flags, words),
                self._folder,
                say,
                tick=tick,
                stop_at_cgo=not self.cgo and program.target.kind != "version",
                meanwhile=lambda: self._foresee(go, go_name),
                handed_over=lambda: self._take_over(go, go_name),
            )
        finally:
            console.erase()
            if self.closure is None:
                self._distrust(go)
        if self.closure is not None and not report.diagnostics:
            return []
        silence = self._silence(go, go_name)
        self.wrapper = silence.wrapper()
        self.closure = None
        try:
            self._refuse_unfollowed()
            self._take_in(read(report, program, silence, self._known(), before))
        except NotRecorded as trouble:
            self.unrecorded = str(trouble)
            if isinstance(trouble, Unasked):
                self._compilers.ask(trouble.questions)
                self._ask_more = True
            return trouble.paths if isinstance(trouble, Moved) else []
        return []

    def _start_over(self) -> None:
        """Forget what came of an earlier request."""
        self.clean_up()
        self._foresight = None
        self._outsides = []
        self._listed = False
        self.closure = self.unsure = None
        self._ask_more = False
        self.unrecorded = ""

    def _take_in(self, closure: Closure) -> None:
        """Have what may be recorded, be it only as something for the next build to confirm."""
        if not closure.unsure:
            self.closure = closure
            return
        self.unsure = closure
        self.unrecorded = (
            f"{closure.unsure} is on a file system whose time stamps are not believed, so the next"
            " run remembers it, if it finds the same"
        )

    def _foresee(self, go: Go, go_name: str) -> None:
        """Read the closure, and write its records, while go links."""
        try:
            self._refuse_unfollowed()
            silence = self._silence(go, go_name)
            assert self._before is not None
            self._foresight = Foresight(
                self.report, self._program, silence, self._known(), self._before
            )
            if self._publisher is not None:
                self._publisher.put_records(self._foresight.closure)
        except (NotRecorded, Unusable):
            pass  # it will be said when go has finished

    def _take_over(self, go: Go, go_name: str) -> None:
        """Take the executable, and see while go ends whether what was foreseen came true."""
        self.handed = Handed(self.report.executable, in_a_hurry=self._ready is not None)
        foresight = self._foresight
        if foresight is None or not foresight.came_true():
            return
        self.wrapper = self._silence(go, go_name).wrapper()
        if self._ready is not None and (self.cgo or not self._reaches_out()):
            self._ready()
            self._ready = None  # go may be asked once more, for the sake of the record
        if foresight.holds_besides():
            self.closure = foresight.closure

    def _silence(self, go: Go, go_name: str) -> Silence:
        program = self._program
        return Silence(
            self.report.settings,
            program.flags,
            program.environ,
            go=go,
            go_name=go_name,
            directory=program.directory,
            outsides=self._outsides,
            compilers=self._compilers,
        )

    def _lay_over(self, go: Go) -> str:
        """Give each cgo package a header with the content of what it takes from outside.

        Returns the path of the overlay, "" where none is needed or go cannot list the packages.
        """
        program = self._program
        flags = program.flags.without(*NOT_OF_LIST).words
        packages = go.list_packages(flags, program.target.words, LIST_FIELDS)
        settings = go.settings(flags)
        tool_flags = {n: effective(program.flags, settings, n) for n in ("asmflags", "ldflags")}
        run = Runner(program.environ, program.directory)
        self._listed = packages is not None
        self._outsides = [*find_outsides(packages or (), settings, tool_flags, run).values()]
        self._ask_compilers(packages or (), settings)
        self.report.outside.update(path for outside in self._outsides for path in outside.paths)
        own = effective(program.flags, settings, "overlay")
        overlay = write_overlay(self._folder, self._outsides, own, program.directory)
        self.report.laid_over.add(overlay)
        for outside in self._outsides:
            self.report.laid_over.update((outside.header, outside.backing))
        return overlay

    def _ask_compilers(
        self, packages: Iterable[Mapping[str, Any]], settings: Mapping[str, str]
    ) -> None:
        """Have go compile anew where a compiler starts another program than it did."""
        used = ["CC", *(["CXX"] if any(package.get("CXXFiles") for package in packages) else ())]
        outsides = [outside for outside in self._outsides if outside.cgo]
        directories = (self._program.directory, *(outside.directory for outside in outsides))
        try:
            questions = self._compilers.questions(settings, used, dict.fromkeys(directories))
        except NotRecorded:
            return  # it will be said when go has finished
        path = self._program.environ.get("PATH", "")
        questions += pkg_config_questions(outsides, path)
        if questions:
            self._compilers.ask(questions)
            said = sorted(self._compilers.answers.items())
            for outside in outsides:
                outside.token = sha256(repr((outside.token, said)).encode()).hexdigest()

    def _refuse_unfollowed(self) -> None:
        for outside in self._outsides:
            if not outside.complete:
                raise NotRecorded(f"{outside.directory} has an #include that cannot be followed")
        if self.cgo and not self._listed:
            raise NotRecorded("go could not list the packages with C or assembly code")

    def _reaches_out(self) -> bool:
        """Say whether assembly of our own includes, or the linker takes, what go does not see."""
        program, settings = self._program, self.report.settings
        if program.target.kind == "version":
            return False
        if words_for_linker(effective(program.flags, settings, "ldflags")):
            return True
        goroot = settings.get("GOROOT", "")
        try:
            paths = self.report.hashes()
        except NotRecorded:
            return False
        return any(
            path.endswith((".s", ".S", ".sx"))
            and not path.startswith(f"{goroot}/")
            and not self._was_fetched(path)
            and reaches_out(path, goroot)
            for path in paths
        )

    def _known(self) -> Known:
        if self._publisher is None:
            return Known()
        return self._publisher.known(self._program.key, self._program.identity)

    def _was_fetched(self, path: str) -> bool:
        modules = self.report.settings.get("GOMODCACHE", "")
        return bool(modules) and path.startswith(modules + "/")

    def _distrust(self, go: Go) -> None:
        """Take from go's build cache what this build may have put there under another's hash."""
        started = self.report.started
        moved = []
        for outside in self._outsides:
            keys = filter(None, map(key_at, outside.paths))
            if not all(settled(key, started) for key in keys):
                moved.append(outside.header)
        if self._before is not None:
            moved += self._before.changed_sources(self.report)
        distrust(self.report, go, moved)

    def _distrust_killed(self, go: Go) -> None:
        """Do the same for builds that were killed before they could."""
        for folder in self._publisher.left_by_builds() if self._publisher is not None else ():
            notes = f"{folder}/{NOTES}"
            try:
                report = Report.left_behind(notes)
                report.settings = go.settings(())
                moved = report.moved_sources()
                _take_away(report.settings["GOCACHE"], report.actions_that_read(moved))
            except (OSError, ValueError, KeyError, NotRecorded):
                pass  # it came to nothing, or go cannot say where its cache is
            with contextlib.suppress(OSError):
                os.unlink(notes)
