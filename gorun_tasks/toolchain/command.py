"""Go command: starts go, and has it report what it reads.

The only file that starts go. Decides which go command it is, and has it hand over the very
executable that `go run` would start, together with everything it read (knowledge: cmd/go's
GODEBUG settings goindex, gocachehash, gofsystrace; `go help run` on -exec). It must never judge
what go says, never keep go's own words from the person, and never leave a go process behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile

from gorun_tasks.core.check import StatCache
from gorun_tasks.core.launch import flush
from gorun_tasks.errors import USAGE, BuildError, ToolchainError
from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.inputs.go_variables import DEFAULTED
from gorun_tasks.system import host
from gorun_tasks.system.child_process import start_child
from gorun_tasks.system.find_go import environment_for, find_go
from gorun_tasks.system.process_tree import interrupt_signal
from gorun_tasks.toolchain.answers import objects, only_object
from gorun_tasks.toolchain.interrupt import InterruptGuard
from gorun_tasks.toolchain.output_stream import (
    PIPE_SIZE,
    dispatch,
    hand_over,
    read_lines,
    temporary_folder,
)
from gorun_tasks.toolchain.report import JOURNAL, HashJournal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, NoReturn, Self

    from gorun_tasks.core.flags import BuildFlags
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.system.child_process import ChildProcess
    from gorun_tasks.toolchain.report import Report

SETTINGS = (
    *"CGO_CFLAGS CGO_CPPFLAGS CGO_CXXFLAGS CGO_LDFLAGS CC CXX PKG_CONFIG".split(),
    *"GOARCH GOCACHE GOENV GOFIPS140 GOFLAGS GOHOSTARCH GOHOSTOS GOMOD GOMODCACHE GOOS".split(),
    *"GOROOT GOTOOLCHAIN GOTOOLDIR GOVERSION GOWORK".split(),
    *DEFAULTED,
)
"""What is asked of `go env`."""

_NOT_OF_LIST = ("exec", "json", "a", "n", "v", "x", "work")
"""Flags of go run that go list does not have, or that would make it print."""

OURS = ("GODEBUG", "GOTMPDIR", "-debug-actiongraph", "gocachehash", "gofsystrace", "/gorun-")
"""What go can only say where it stumbles over something that we added to its environment."""

GRAPH = "graph"
"""Name of the file in a build's folder in which go writes which of its actions it performed."""

_QUIET = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
_LAZY = "400"  # percent: the heap may grow fivefold before it is collected


class OnlyPrinted(BuildError):
    """go was asked by GOFLAGS=-n to print what it would do, and did."""

    exit_status = 0

    def __init__(self) -> None:
        super().__init__("go only printed what it would do", told=True)


class Go:
    """A go command, ready to be asked. `name` is what was looked up to find it."""

    def __init__(
        self, command: str, environ: Mapping[str, str], directory: str, name: str = "go"
    ) -> None:
        self.command = command
        self.name = name
        self._environ = environment_for(command, environ)
        self._directory = directory
        self.complaint = b""
        """What go said where it could not tell what it was last asked for."""

    @classmethod
    def of(cls, program: ProgramSpec) -> Self:
        """Return the go that builds a program. Raises ToolchainError where there is none."""
        where = StatCache(program.store, program.environ).where
        name, command = find_go(program.environ, where)
        return cls(command, program.environ, program.cwd, name)

    def run_bare(self, words: list[str]) -> int:
        """Run `go run` itself, with nothing of ours in it but the missing index (law 2)."""
        environ = self._without_index([])
        command = [self.command, "run", *words]
        with InterruptGuard() as guard:
            return guard.watch(self._start(command, environ)).wait()

    def list_packages(
        self, flags: BuildFlags, target: tuple[str, ...], fields: Iterable[str]
    ) -> list[dict[str, Any]] | None:
        """Return these fields of every package of a program; None where go cannot tell.

        Raises Interrupted and GivenUp, as `build` does.
        """
        words = flags.without(*_NOT_OF_LIST).words
        command = [self.command, "list", *words, f"-json={','.join(fields)}", "-deps", "--"]
        with InterruptGuard() as guard:
            go = guard.watch(self._start([*command, *target], self._environ, **_QUIET))
            answer = go.communicate()[0]
        return objects(answer, "ImportPath") if go.returncode == 0 else None

    def find_packages(
        self,
        flags: BuildFlags,
        patterns: Iterable[str],
        fields: Iterable[str],
        how: str,
    ) -> tuple[list[dict[str, Any]] | None, bytes]:
        """Return these fields of the packages that match, and go's trace of finding them.

        `how` is -find (what they import is not loaded) or -deps (it is, and listed as well). None
        stands for a go that could not tell; `complaint` is what it said then.
        """
        words = flags.without(*_NOT_OF_LIST).words
        command = [self.command, "list", "-e", how, *words, f"-json={','.join(fields)}", "--"]
        with (
            tempfile.TemporaryDirectory(prefix="gorun-", ignore_cleanup_errors=True) as folder,
            InterruptGuard() as guard,
        ):
            trace = f"{folder}/trace"
            environ = self._to_load(["gofsystrace=1", f"gofsystracelog={trace}"])
            command += patterns
            streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            go = guard.watch(self._start(command, environ, **streams))
            answer, complaint = go.communicate()
            traced = bytes_of(trace)
        if go.returncode != 0:
            self.complaint = complaint
            return None, traced
        return objects(answer, "ImportPath"), traced

    def settings(self, flags: tuple[str, ...]) -> dict[str, str]:
        """Return what `go env` says; {} where it fails."""
        return _settings_of(self._ask_settings(flags))

    def settings_or_complaint(self) -> dict[str, str]:
        """Return what `go env` says; {} where it fails, and `complaint` says why.

        Raises ToolchainError for what is no go.
        """
        process = self._ask_settings((), stderr=subprocess.PIPE)
        output, complaint = process.communicate()
        if process.returncode != 0:
            self.complaint = complaint
            return {}
        return only_object(output, "GOVERSION") or self._refuse("did not answer `go env`")

    def own_settings(self) -> dict[str, str]:
        """Return GOROOT and GOVERSION of this very go, whichever toolchain it would select."""
        environ = {**self._environ, "GOTOOLCHAIN": "local", "GOROOT": ""}
        command = [self.command, "env", "-json", "GOROOT", "GOVERSION"]
        process = self._start(command, environ, **_QUIET)
        return only_object(process.communicate()[0], "GOVERSION")

    def edit_json(self, kind: str, path: str) -> dict[str, Any]:
        """Return a go.mod ("mod") or go.work ("work") file as go reads it; {} where it cannot."""
        command = [self.command, kind, "edit", "-json", path]
        process = self._start(command, self._environ, **_QUIET)
        output = process.communicate()[0]
        field = "Module" if kind == "mod" else "Go"
        return only_object(output, field) if process.returncode == 0 else {}

    def build(
        self,
        report: Report,
        words: tuple[tuple[str, ...], tuple[str, ...]],
        work: str,
        say: Callable[[bytes], None],
        *,
        tick: Callable[[], None] | None = None,
        meanwhile: Callable[[], None] | None = None,
        handed_over: Callable[[], None] | None = None,
        bare: bool = False,
    ) -> None:
        """Have go build flags and target (`words`) and hand over the executable, into `work`/out.

        `report` is filled in as go tells it, also where go fails; `say` gets each line that go
        writes for the person, and `tick` is called whenever there is something new, and ten times
        a second while there is not. `meanwhile` is called while go links, where that takes a
        while, and `handed_over` when there is an executable: go has read all that it will, and
        ends meanwhile. Raises BuildError when go cannot build it, ToolchainError when go cannot be
        started, Interrupted after a signal, GivenUp where another thread wants that. `bare` leaves
        out all that has go tell what it does.
        """
        flags, target = words
        trace = f"{work}/trace"
        environ = dict(self._environ)
        command = [self.command, "run", *flags, f"-exec={hand_over(report)}", "--", *target]
        if not bare:
            environ = self._tracing_environment(command, report, work, trace)
        process = self._traced(command, environ, report, flags, work, stdin=subprocess.PIPE)

        def with_report(then: Callable[[], None] | None) -> None:
            settle()
            report.traced = bytes_of(trace)
            if then is not None:
                then()

        try:
            with process as (go, journal, settle):
                for lines, end in read_lines(
                    go, report, journal, tick, lambda: with_report(meanwhile)
                ):
                    dispatch(lines, end, report, f"{work}/out", say)
                    if report.executable and go.stdin and not go.stdin.closed:
                        go.stdin.close()
                        with_report(handed_over)
        finally:
            report.graph = bytes_of(f"{report.temporary or work}/{GRAPH}")
            if report.temporary:
                report.temporary_lost = not os.path.isdir(report.temporary)
                shutil.rmtree(report.temporary, ignore_errors=True)
        report.traced = bytes_of(trace)  # an empty trace is never recorded
        if go.returncode != 0:
            raise _build_error(go.returncode, report)
        if not report.executable:
            if not _only_prints(flags, report.settings.get("GOFLAGS", "")):
                self._refuse("ended without having built anything")
            raise OnlyPrinted

    def _tracing_environment(
        self, command: list[str], report: Report, work: str, trace: str
    ) -> dict[str, str]:
        """Have a command of go run tell what it does; return the environment that it needs."""
        environ = self._to_load(["gocachehash=1", "gofsystrace=1", f"gofsystracelog={trace}"])
        report.temporary = temporary_folder(self._environ, command, work)
        if report.temporary:
            environ["GOTMPDIR"] = report.temporary
        if "debug-actiongraph" not in environ.get("GOFLAGS", ""):
            # The user's own comes after it, and -C has to be the first.
            first = 3 if command[2].startswith("-C=") else 2
            command.insert(first, f"-debug-actiongraph={report.temporary or work}/{GRAPH}")
        return environ

    def compile(
        self,
        report: Report,
        flags: BuildFlags,
        targets: tuple[str, ...],
        work: str,
        *,
        tick: Callable[[], None] | None,
        fields: Iterable[str],
    ) -> list[dict[str, Any]]:
        """Have go compile what the targets are made of into its cache, in one process, unlinked.

        What it reads and hashes goes into `report`, and into the journal in the folder `work` for
        as long as it works. What it says is not passed on: go says it again when one of them is
        built. `tick` as for `build`. Returns these fields of all packages, nothing where go failed.
        Raises ToolchainError and Interrupted.
        """
        words = flags.without(*_NOT_OF_LIST).words
        # Without -buildvcs go asks git about the main packages, for nothing.
        how = ("-e", "-export", "-deps", f"-json={','.join(fields)}", "-buildvcs=false")
        command = [self.command, "list", *how, *words, "--", *targets]
        trace, answer = f"{work}/trace", f"{work}/packages"
        environ = self._tracing_environment(command, report, work, trace)
        try:
            with (
                open(answer, "wb") as packages,
                self._traced(command, environ, report, words, work, stdout=packages) as traced,
            ):
                go, journal, _ = traced
                for lines, _ in read_lines(go, report, journal, tick):
                    told = [line for line in lines if line[:4] == b"HASH"]
                    report.diagnostics |= len(told) < len(lines)
                    report.hashed += told
        finally:
            report.graph = bytes_of(f"{report.temporary or work}/{GRAPH}")
            if report.temporary:
                shutil.rmtree(report.temporary, ignore_errors=True)
        report.traced = bytes_of(trace)
        return objects(bytes_of(answer), "ImportPath") if go.returncode == 0 else []

    @contextlib.contextmanager
    def _traced(
        self,
        command: list[str],
        environ: dict[str, str],
        report: Report,
        flags: tuple[str, ...],
        work: str,
        **streams: Any,
    ) -> Iterator[tuple[ChildProcess, HashJournal, Callable[[], None]]]:
        """Have go at work, its stderr to be read and noted; `report` gets its settings at the end.

        Or before, where what is yielded last is called. Raises Interrupted.
        """

        def settle() -> None:
            if settings.returncode is None:
                report.settings = _settings_of(settings)

        journal = HashJournal(f"{work}/{JOURNAL}", report.started)
        try:
            with InterruptGuard() as guard:
                settings = guard.watch(self._ask_settings(flags, temporary=report.temporary))
                streams |= {"stderr": subprocess.PIPE, "bufsize": 0}
                go = guard.watch(self._start(command, environ, **streams))
                assert go.stderr is not None
                host.widen_pipe(go.stderr.fileno(), PIPE_SIZE)
                yield go, journal, settle
                settle()
                go.wait()
        finally:
            journal.close()

    def build_cache(self) -> str:
        return self.settings(()).get("GOCACHE", "")

    def _ask_settings(
        self, flags: tuple[str, ...], *, temporary: str = "", stderr: int = subprocess.DEVNULL
    ) -> ChildProcess:
        """Start `go env`. What it is working with lies in `temporary`, where it may be interrupted.

        For what cgo is told it makes a folder (cmd/go, work.NewBuilder), and a signal leaves that.
        """
        environ = {**self._environ, "GOTMPDIR": temporary} if temporary else dict(self._environ)
        chdir = [word for word in flags[:1] if word.startswith("-C=")]
        command = [self.command, "env", *chdir, "-json", *SETTINGS]
        return self._start(command, environ, stdout=subprocess.PIPE, stderr=stderr)

    def _refuse(self, trouble: str) -> NoReturn:
        raise ToolchainError(f"{self.command} {trouble}", "is it a go command?")

    def _start(
        self, command: list[str], environ: Mapping[str, str], **streams: Any
    ) -> ChildProcess:
        """Start it; `streams` are arguments of Popen: without them go reads nothing."""
        flush()  # go may write to what we have printed on
        given = {"stdin": subprocess.DEVNULL, **streams}
        try:
            # go that hears of our end starts no further tool, and ends after those it waits for.
            return start_child(
                *(command, interrupt_signal()), env=environ, cwd=self._directory, **given
            )
        except OSError as error:
            raise ToolchainError(
                f"cannot start {command[0]} in {self._directory}: {error.strerror}"
            ) from error

    def _without_index(self, settings: list[str]) -> dict[str, str]:
        environ = dict(self._environ)
        own = [environ["GODEBUG"]] if environ.get("GODEBUG") else []
        environ["GODEBUG"] = ",".join([*own, "goindex=0", *settings])
        return environ

    def _to_load(self, settings: list[str]) -> dict[str, str]:
        """Return the environment of a go that loads packages, and starts no program by itself.

        Without its index go parses every file of every package, and a quarter of its CPU time goes
        to a garbage collector that in so short a life may as well be lazier.
        """
        environ = self._without_index(settings)
        environ.setdefault("GOGC", _LAZY)
        return environ


def _settings_of(process: ChildProcess) -> dict[str, str]:
    output = process.communicate()[0]
    return only_object(output, "GOVERSION") if process.returncode == 0 else {}


def _only_prints(flags: Iterable[str], goflags: str) -> bool:
    """Say whether go was told to print what it would do (-n)."""
    return any(word.lstrip("-") in ("n", "n=true", "n=1") for word in (*flags, *goflags.split()))


def _build_error(status: int, report: Report) -> BuildError:
    sentence = f"go could not build the program (go's exit status {status})"
    error = BuildError(sentence, told=report.diagnostics)
    if status == USAGE:
        error.exit_status = USAGE
    return error
