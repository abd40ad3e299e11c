"""Build attempt: one invocation of go for one program, and what may be recorded of it.

Decides how often go is asked, what of its own cache it may no longer use, and whether the
answer is recorded. It must never leave its folder behind, nor record what it cannot vouch for.
"""

from __future__ import annotations

import contextlib
import os
import shutil

from gorun_tasks.build.c_packages import CPackages
from gorun_tasks.build.go_output import GoOutput
from gorun_tasks.closure.before_build import BeforeBuild
from gorun_tasks.closure.early_closure import EarlyClosure
from gorun_tasks.closure.implicit_inputs import ImplicitInputs
from gorun_tasks.closure.launchers import Compilers, Unasked
from gorun_tasks.closure.recorder import Moved, read
from gorun_tasks.errors import BuildError
from gorun_tasks.inputs.digest import ContentCache
from gorun_tasks.storage.object_notes import ObjectNotes
from gorun_tasks.storage.publisher import working_folder
from gorun_tasks.storage.staged_executable import StagedExecutable
from gorun_tasks.storage.writer import StoreUnusable
from gorun_tasks.system import console
from gorun_tasks.toolchain.command import OURS, Go, OnlyPrinted
from gorun_tasks.toolchain.go_cache import forget, invalidate_racy_entries
from gorun_tasks.toolchain.report import JOURNAL, NotRecorded, Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.build.outcome import Stopwatch
    from gorun_tasks.closure.recorder import Closure
    from gorun_tasks.storage.publisher import Publisher


class BuildAttempt:
    """An executable that go made, with its closure where it may be recorded.

    `unrecorded` says in words why it may not, "" where it may.
    """

    def __init__(
        self,
        context: BuildContext,
        publisher: Publisher | None,
        stopwatch: Stopwatch,
        ready: Callable[[], None] | None = None,
    ) -> None:
        """Prepare to ask; `ready` is called once, when an executable can be started.

        By then it is sure that nothing moved which the program itself could change.
        """
        self._context = context
        self._program = program = context.program
        self._go = Go.of(program)
        self._publisher = publisher
        self._stopwatch = stopwatch
        self._ready = ready
        self._folder = ""
        self.report = Report()
        self.closure: Closure | None = None
        self.unconfirmed: Closure | None = None  # in place of it: the next build may confirm it
        self.staged: StagedExecutable | None = None  # the executable
        self.cgo = False  # whether there are packages with C
        self._before: BeforeBuild | None = None
        self._noisy: tuple[str, ...] = ()  # directories in which others are at work
        self._is_ready = False
        self._early_closure: EarlyClosure | None = None
        self._c: CPackages | None = None
        self._output = GoOutput()
        self._again: tuple[str, ...] = ()  # the packages for whose sake go is asked once more
        self._forgotten: set[str] = set()  # the actions that it had to forget
        self._doubts = ""  # because of which C it may not be recorded, in words
        self._notes = ObjectNotes(publisher, program.store.root)
        self._compilers = Compilers(program.environ, program.directory)
        self._unasked: tuple[str, ...] = ()  # what compilers have to be asked before go starts
        self.wrapper: tuple[str, ...] = ()
        self.unrecorded = ""

    def ask(self) -> None:
        """Ask go; a second time where the first one fetched modules, or others were at work.

        Only what was there before go started can be recorded (law 3), and where somebody writes
        beside the sources, only the kernel can tell whether that was nothing that counts. Raises
        BuildError, ToolchainError and Interrupted.
        """
        self._distrust_killed()
        moved = self._ask()
        fetched = moved and all(map(self._was_fetched, moved))
        if fetched or (self._noisy and not self._is_ready):
            self._ask()

    @property
    def lost(self) -> bool:
        """Whether somebody removed the folder of the build, or a part of it, meanwhile."""
        kept = map(os.path.exists, (f"{self._folder}/out", f"{self._folder}/{JOURNAL}"))
        return bool(self._folder) and (self.report.temporary_lost or not all(kept))

    def clean_up(self) -> None:
        """Remove the folder of the build, and where the executable was put for want of room."""
        folders = [self._folder]
        if not self.report.left_in_go_cache:
            folders.append(os.path.dirname(self.report.executable))
        for folder in filter(None, folders):
            shutil.rmtree(folder, ignore_errors=True)
        self._folder = ""
        if self._before is not None:
            self._before.close()

    def _ask(self) -> list[str]:
        """Ask go; return the inputs because of whose changes it is not recorded.

        It is asked once more where its cache had C that was compiled from nobody knows what, and
        again where that made another action of a package that imports it.
        """
        self._output = GoOutput()
        self._again = ()
        self._forgotten = set()
        while True:
            self._start_over()
            # GODEBUG, which names the trace, is a list with commas.
            listed = "," in self._program.store.root
            # Before the report, which notes when go starts: to make a store changes a directory.
            self._folder = working_folder(None if listed else self._publisher, "out")
            self._before = BeforeBuild(self._program, self._go.command, self._noisy)
            say, report = self._context.go_listener(), self._new_report()
            try:
                is_made = self._build(say)
            finally:
                console.erase()
                self._output.flush(say)
                if self.closure is None:
                    invalidate_racy_entries(report, self._go, self._changed_sources())
            moved = self._recorded() if is_made else []
            if is_made and not self._unasked:
                return moved
            self._compilers.ask(self._unasked)
            self._unasked = ()

    def _build(self, say: Callable[[bytes], None]) -> bool:
        """Have go build; say whether it is the answer, and go not to be asked once more."""
        try:
            self._build_once(say)
        except OnlyPrinted:
            raise
        except BuildError:
            if self.report.step == "load" and self._output.names_ours():
                self._build_bare(say)
                return True
            if self.staged is not None and self._output.names_ours():
                self.unrecorded = f"go stumbled: {os.fsdecode(self._output.names_ours()).strip()}"
                self._output.drop()
                return True
            if self.report.step != "load":
                self._look_at_c()  # for a watch, which waits for other C
            if self.report.step != "link" or not self._c_is_forgotten():
                raise
            return False
        return not self._c_is_forgotten()

    def _recorded(self) -> list[str]:
        """Have the closure of what was made, or say why there is none; return what moved."""
        implicit = self._implicit_inputs()
        self.wrapper = implicit.wrapper()
        if self.unrecorded:
            return []
        doubts = self._doubts or self._look_at_c().unfollowed
        if self.closure is not None and not (self.report.diagnostics or doubts):
            return []
        self.closure = None
        if doubts:
            self.unrecorded = doubts
            return []
        try:
            assert self._before is not None
            known = self._known()
            self._keep_closure(read(self.report, implicit, known, self._before))
        except NotRecorded as trouble:
            self.unrecorded = str(trouble)
            if isinstance(trouble, Unasked):
                self._unasked = trouble.questions
            if not isinstance(trouble, Moved):
                return []
            if trouble.only_directories:
                self._noisy = tuple(trouble.paths)
            return trouble.paths
        return []

    def _new_report(self) -> Report:
        self.report = self._context.report = Report(self._stopwatch.begin)
        return self.report

    def _build_once(self, say: Callable[[bytes], None]) -> None:
        report, tick = self.report, None
        if self._context.listener is None and console.has_passing_lines():
            from gorun_tasks.toolchain.progress import Progress

            progress = Progress(report, f"{self._folder}/trace", say, self._again)
            progress.began = self._stopwatch.began
            say, tick = progress.pass_on, progress.tick
        self._output.ours = tuple(map(os.fsencode, (self._folder, *OURS)))
        self._go.build(
            report,
            self._request(),
            self._folder,
            lambda line: self._output.write(line, report, say),
            tick=tick,
            meanwhile=self._read_early,
            handed_over=self._stage,
        )

    def _request(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return flags and target, as go is given them."""
        return self._program.link_flags(self._context.facts).words, self._program.target.words

    def _build_bare(self, say: Callable[[bytes], None]) -> None:
        """Have go build with nothing of ours in it, of which it said that it cannot have it.

        Nothing is known of such a build, so it is not recorded.
        """
        trouble = os.fsdecode(self._output.names_ours()).strip()
        self._output.drop()
        self.clean_up()
        self._folder = working_folder(None, "out")
        report = self._new_report()
        self._go.build(report, self._request(), self._folder, say, bare=True)
        self.staged = StagedExecutable(report.executable)
        self.unrecorded = f"go cannot be asked what it reads: {trouble}"

    def _look_at_c(self) -> CPackages:
        """Look at the packages with C, once go has hashed them all."""
        if self._c is None:
            self._c = CPackages(self._program, self._go, self.report, self._compilers)
            self.cgo = self._c.there
        return self._c

    def _c_is_forgotten(self) -> bool:
        """Say whether go is to be asked once more: it has forgotten C from nobody knows what."""
        if not self._look_at_c().external:
            return False
        self._unasked = self._look_at_c().unasked
        if self._unasked:
            self._output.drop()
            return True
        output = self.staged.digest() if self.staged is not None else ""
        provenance = self._look_at_c().provenance(self._notes, output)
        # What comes back another go has put there, which is at it just now.
        comes_back = self._forgotten.issuperset(provenance.doubtful)
        if not provenance.doubtful or comes_back or not provenance.forget():
            self._doubts = provenance.in_words()
            return False
        self._forgotten.update(provenance.doubtful)
        self._again = tuple(provenance.packages)
        self._output.drop()
        return True

    def _start_over(self) -> None:
        self.clean_up()
        self._early_closure = None
        self._compilers.ask()
        self._c = None
        self.closure = self.unconfirmed = None
        self.staged = None
        self._doubts = ""
        self.unrecorded = ""

    def _keep_closure(self, closure: Closure) -> None:
        """Have what may be recorded, be it only as something for the next build to confirm."""
        if not closure.unconfirmed:
            self.closure = closure
            return
        self.unconfirmed = closure
        self.unrecorded = (
            f"{closure.unconfirmed} is on a file system whose time stamps are not believed, so the"
            " next run remembers it, if it finds the same"
        )

    def _read_early(self) -> None:
        """Read the closure, and write its records, while go links."""
        try:
            if self._look_at_c().unfollowed:
                return  # it will be said when go has finished
            implicit = self._implicit_inputs()
            assert self._before is not None
            self._early_closure = EarlyClosure(self.report, implicit, self._known(), self._before)
            if self._publisher is not None:
                self._publisher.put_records(self._early_closure.closure)
        except (NotRecorded, StoreUnusable):
            pass  # as above

    def _stage(self) -> None:
        """Take the executable, and see while go ends whether what was foreseen came true."""
        self.staged = StagedExecutable(self.report.executable, in_a_hurry=self._ready is not None)
        early = self._early_closure
        if early is None or not early.still_valid_for_own_files():
            return
        self.wrapper = self._implicit_inputs().wrapper()
        # Of C it is known only when go has ended whether it is to be asked once more.
        if self._ready is not None and not self._look_at_c().external:
            self._ready()
            self._is_ready = True
            self._ready = None  # go may be asked once more, for the sake of the record
        if early.still_valid_for_dependencies():
            self.closure = early.closure

    def _implicit_inputs(self) -> ImplicitInputs:
        return ImplicitInputs(
            self._program,
            self._go,
            self.report.settings,
            external=self._look_at_c().external.values(),
            compilers=self._compilers,
            stamped=self._program.stamped(self._context.facts),
        )

    def _known(self) -> ContentCache:
        if self._publisher is None:
            return ContentCache()
        return self._publisher.known(self._program.key, self._program.identity)

    def _was_fetched(self, path: str) -> bool:
        modules = f"{self.report.settings.get('GOMODCACHE', '')}/"
        # go makes the module cache, too, and the directories above it.
        above = f"{path}/", f"{os.path.dirname(path)}/"
        return modules != "/" and (path.startswith(modules) or modules.startswith(above))

    def _changed_sources(self) -> list[str]:
        return self._before.changed_sources(self.report) if self._before is not None else []

    def _distrust_killed(self) -> None:
        """Do the same for builds that were killed before they could."""
        for folder in self._publisher.left_by_builds() if self._publisher is not None else ():
            journal = f"{folder}/{JOURNAL}"
            try:
                report = Report.left_behind(journal)
                report.settings = self._go.settings(())
                moved = report.moved_sources()
                forget(report.settings["GOCACHE"], report.actions_that_read(moved))
            except (OSError, ValueError, KeyError, NotRecorded):
                pass  # it came to nothing, or go cannot say where its cache is
            with contextlib.suppress(OSError):
                os.unlink(journal)
