"""Report: what go told while it made one executable, parsed line by line.

Decides what each line means, and nothing else: which inputs follow from it is for
`closure.recorder`. It must never guess: a line that is not understood makes the whole report
unusable.

The lines are those of cmd/go's undocumented GODEBUG settings gocachehash (on stderr) and
gofsystrace (in a file), as Go 1.24 to 1.27 write them.
"""

from __future__ import annotations

import contextlib
import os
import re

from gorun_tasks.core.fingerprint import is_settled, key_at
from gorun_tasks.inputs.path_resolution import PathResolution
from gorun_tasks.inputs.semantic_digest import SHA256_SIZE
from gorun_tasks.system import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from io import FileIO
    from typing import Self

JOURNAL = "report"
"""Name of the file in a build's folder in which lies what go told, for as long as go works."""

_TRACE_WORDS = 4  # process, "gofsystrace", operation, path
_CGO = b']: "cgo '
_STANDARD = b" standard true "
_ACTION_ID = re.compile(rb": [0-9a-f]{64}")


class NotRecorded(Exception):
    """This build ran but may not be remembered; `str()` says why in words."""


class HashJournal:
    """What go tells, kept in a file while it works: for a later build, where this one is killed.

    Trouble with the disk costs just that.
    """

    def __init__(self, path: str, started: int) -> None:
        self._file: FileIO | None = None
        with contextlib.suppress(OSError):
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - for as long as go works
        self.add(b"%d\n" % started)

    def add(self, chunk: bytes) -> None:
        try:
            if self._file is not None:
                self._file.write(chunk)
        except OSError:
            self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Report:
    """What go told. Filled in while go works, and of use also where go failed."""

    def __init__(self, on_step: Callable[[str], None] = lambda _: None) -> None:
        self.started = host.file_clock()  # before go started
        self._on_step = on_step
        self.begin("load")
        self.mark = f"GORUN-{os.urandom(8).hex()}-"  # what the words of the handover begin with
        self.executable = ""  # where the executable was handed over
        self.left_in_go_cache = False  # whether that is in go's own cache, and must stay there
        self.goroot_bin = ""  # what go puts first in the program's PATH
        self.hashed: list[bytes] = []  # the lines that begin with HASH
        self.traced = b""  # the trace of go's package loader
        self.graph = b""  # which actions go performed: -debug-actiongraph
        self.diagnostics = False  # whether go, or what it started, had something to say
        self.settings: dict[str, str] = {}  # go env
        self.temporary = ""  # GOTMPDIR, as go had it
        self.temporary_lost = False  # whether somebody removed it while go worked
        self.outside: set[str] = set()  # where C and assembly look outside their packages
        self._hashes: dict[str, bytes] = {}
        self._hashes_of = 0  # so many lines

    @classmethod
    def left_behind(cls, path: str) -> Self:
        """Return what go had told a build that was killed, as far as Notes at `path` hold it.

        Raises OSError and ValueError where they hold nothing.
        """
        report = cls()
        with open(path, "rb") as file:
            started, *lines, _cut_off = file.read().split(b"\n")
        report.started = int(started)
        report.hashed = [line for line in lines if line[:4] == b"HASH"]
        report.temporary = f"{os.path.dirname(path)}/go"
        return report

    def note_step(self, chunk: bytes) -> None:
        """Note when go's next step began, if what it just told shows that.

        go hashes what an action reads where it begins it: the first package once all are loaded,
        the link once all are compiled.
        """
        if self.step == "load" and b"HASH[build " in chunk:
            self.begin("compile")
        if self.step == "compile" and b"HASH[link " in chunk:
            self.begin("link")

    def begin(self, step: str) -> None:
        """Note the step that go is at: load, compile, link, and publish once it is done."""
        self.step = step
        self._on_step(step)

    def tells_of_cgo(self) -> bool:
        """Say whether there is a cgo package outside the standard library.

        go prints "cgo" a few lines after "omitdebug … standard true" of the same package.
        """
        standard = set()
        for line in self.hashed:
            if _STANDARD in line:
                standard.add(line[: line.index(b"]")])
            elif _CGO in line and line[: line.index(b"]")] not in standard:
                return True
        return False

    def actions(self) -> dict[tuple[str, str], list[str]]:
        """Return the IDs (hexadecimal) of what go did, by kind ("build", "link") and package."""
        actions: dict[tuple[str, str], list[str]] = {}
        for line in self.hashed:
            if line[:5] == b"HASH[" and line[-1:] not in b'"]':
                recipe, _, action = line[5:].rpartition(b"]: ")
                kind, _, package = os.fsdecode(recipe).partition(" ")
                actions.setdefault((kind, package), []).append(action.decode())
        return actions

    def hashes(self) -> dict[str, bytes]:
        """Return the SHA-256 that go used of each file, by path. Raises NotRecorded.

        What go itself made, in its build cache or its temporary folder, is no input.
        """
        made = tuple(f"{d}/" for d in (self.temporary, self.settings.get("GOCACHE", "")) if d)
        new = [line for line in self.hashed[self._hashes_of :] if line[:6] == b"HASH /"]
        for line in new:
            path, _, value = line[5:].rpartition(b": ")
            try:
                digest = bytes.fromhex(value.decode())
            except ValueError:
                digest = b""
            if len(digest) != SHA256_SIZE or not path:
                raise NotRecorded(f"go's report has a line that is not understood: {line!r}")
            name = os.fsdecode(path)
            if not name.startswith(made):
                self._hashes[name] = digest
        self._hashes_of = len(self.hashed)
        return self._hashes

    def operations(self, directory: str) -> dict[str, set[str]]:
        """Return what go did with each path: Stat, Lstat, Open, ReadDir, IsDir, IsGoDir, Glob.

        `directory` is where go ran: paths are printed relative to it now and then. Raises
        NotRecorded.
        """
        operations = traced_operations(self.traced, directory)
        runtime = self.settings.get("GOROOT", "") + "/src/runtime"
        if "ReadDir" not in operations.get(runtime, ()):
            raise NotRecorded("go did not report the directories it read")
        return operations

    def module(self) -> str:
        """Return the path of the go.work or go.mod that governs, "" for none."""
        work = self.settings.get("GOWORK", "")
        module = work if work not in ("", "off") else self.settings.get("GOMOD", "")
        return module if module != os.devnull else ""

    def moved_sources(self) -> list[str]:
        """Return the files go hashed that may have changed, or led elsewhere, after it started.

        go may then keep, in its own cache, one content compiled under another's hash (law 3). The
        module cache is not looked at: what go fetches moves.
        """
        ways = PathResolution(self.started)
        fetched = self.settings.get("GOMODCACHE", "/dev/null") + "/"
        goroot = self.settings.get("GOROOT", "/dev/null") + "/"
        moved = []
        for path in self.hashes():
            if path.startswith(fetched):
                continue
            key = key_at(path)
            unsettled = key is None or not is_settled(key, self.started)
            # Nobody puts links into GOROOT's packages.
            way = os.path.dirname(path) if path.startswith(goroot) else path
            if unsettled or ways.may_have_changed(way):
                moved.append(path)
        return sorted(moved)

    def actions_that_read(self, paths: Iterable[str]) -> list[str]:
        """Return the action IDs (hexadecimal) in go's build cache whose output came from `paths`.

        Each action prints "file NAME HASH" for what it reads and its ID at the end.
        """
        wanted = {os.fsencode(os.path.basename(path)) for path in paths}
        reading: set[bytes] = set()
        actions: set[str] = set()
        for line in self.hashed:
            if line[:5] == b"HASH[":
                action, _, rest = line.partition(b"]")
                if rest[:8] == b': "file ':
                    name = rest[8:].rpartition(b" ")[0].rpartition(b"/")[2]
                    if name in wanted:
                        reading.add(action)
                elif action in reading and _ACTION_ID.fullmatch(rest):
                    actions.add(rest[2:].decode())
        return self.with_subkeys(actions)

    def with_subkeys(self, actions: Iterable[str]) -> list[str]:
        """Return these action IDs and those of what is stored beside their output.

        go prints each with the one that it comes from.
        """
        wanted = set(actions)
        for line in self.hashed:
            if line[:12] == b"HASH subkey " and line[12:76].decode() in wanted:
                wanted.add(line.rpartition(b" = ")[2].decode())
        return sorted(wanted)


def traced_operations(traced: bytes, directory: str) -> dict[str, set[str]]:
    """Return what go did with each path, by the trace of its package loader.

    `directory` is where go ran: paths are printed relative to it now and then. Raises NotRecorded
    where a line is not understood, or where more than one go wrote.
    """
    operations: dict[str, set[str]] = {}
    processes = set()
    here = os.path.realpath(directory)
    for line in set(traced.splitlines()):
        words = line.split(b" ", _TRACE_WORDS - 1)
        if len(words) != _TRACE_WORDS or words[1] != b"gofsystrace":
            raise NotRecorded(f"go's trace has a line that is not understood: {line!r}")
        processes.add(words[0])
        path = os.fsdecode(words[3])
        if not path.startswith("/"):
            path = os.path.normpath(f"{here}/{path}")
        operations.setdefault(path, set()).add(words[2].decode())
    if len(processes) != 1:
        raise NotRecorded("more than one go wrote the trace, so it cannot be told apart")
    return operations
