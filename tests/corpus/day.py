"""A day in the life of a real program, with gorun and with `go run` beside it.

Decides what is compared: output and exit status, the executable's bytes, which start asks go, what
comes of an edit and of its undoing, time and memory. It must never mend a difference, and never
leave anything behind but what it returns.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.workshop import go_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.corpus.programs import Entry

COLD_TWICE = 300.0
"""Seconds of a cold build beyond which the second one has what the first one compiled."""

_STARTS = 3  # of an unchanged program, of which the quickest counts
_LIMIT = 3600  # seconds for one command
_FOREIGN = re.compile(r"(GO|CGO_|GORUN)[A-Z0-9_]*")
_STATUS = re.compile(r"^exit status (\d+)\n?\Z", re.MULTILINE)
_EXECUTED = re.compile(r'^\d+ +execve\("([^"]*)", .* = 0$', re.MULTILINE)
# The largest process that is waited for counts the one that started it, too: it has to be small.
_MEASURE = (
    "import os, sys\n"
    "pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)\n"
    "_, status, used = os.wait4(pid, 0)\n"
    "with open(sys.argv[1], 'w') as file:\n"
    "    file.write(f'{used.ru_utime + used.ru_stime} {used.ru_maxrss}')\n"
    "status = os.waitstatus_to_exitcode(status)\n"
    "sys.exit(status if status >= 0 else 128 - status)\n"
)
_MEANWHILE = "changed while go was building"
_EDIT = "\nvar gorunCorpusEdit = 1\n"


class Cost(NamedTuple):
    """What a command took."""

    seconds: float
    """Of the processor, for all of its processes: other people's work hardly moves it."""
    megabytes: float
    """Of the largest of its processes."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str
    cost: Cost


class Day(NamedTuple):
    """What was measured of a program, `go run` before gorun; None where nothing was."""

    packages: int
    cold: tuple[Cost | None, Cost | None]
    again: tuple[Cost | None, Cost | None]
    edited: tuple[Cost | None, Cost | None]
    load: float
    """Of the machine, on average over the last five minutes of the day."""
    differences: tuple[str, ...]
    """What gorun did otherwise than `go run`, or than it promises."""


class Failed(Exception):
    """The program could not be tried; `str()` says why."""


class Place:
    """A folder for one program: its tree, caches of both sides, a store."""

    def __init__(self, folder: str, seed: str = "") -> None:
        """Make it. `seed` is a go build cache to begin with, "" says to share the usual one."""
        self.folder = folder
        self.tree = f"{folder}/tree"
        if os.path.isdir(folder):  # somebody ended the one who worked there
            self.remove()
        os.makedirs(self.tree)
        os.makedirs(f"{folder}/tmp")
        environ = {k: v for k, v in os.environ.items() if not _FOREIGN.fullmatch(k)}
        self.environ = environ | {
            "GOENV": "off",
            "GOTOOLCHAIN": "local",
            "GORUN_CACHE_DIR": f"{folder}/store",
            "TMPDIR": f"{folder}/tmp",
            "PWD": self.tree,
        }
        self.caches = dict.fromkeys(("go run", "gorun", "setup"), os.environ.get("GOCACHE", ""))
        if seed:
            self.environ["GOMODCACHE"] = f"{folder}/modules"
            for name in self.caches:
                self.caches[name] = f"{folder}/cache-of-{name.replace(' ', '-')}"
                linked(seed, self.caches[name])

    def unpack(self, entry: Entry) -> None:
        """Lay out the sources of a program, and fetch what it needs. Raises Failed."""
        for folder, module in entry.modules.items():
            told = self.go("mod", "download", "-json", module)
            shutil.copytree(json.loads(told)["Dir"], f"{self.tree}/{folder}", dirs_exist_ok=True)
        for top, _, names in os.walk(self.tree):
            for path in (top, *(os.path.join(top, name) for name in names)):
                os.chmod(path, os.stat(path).st_mode | stat.S_IWUSR)
        self.environ |= entry.env
        for command in entry.setup:
            self.go(*command, side="setup")
        if "@" in entry.target:  # its modules are fetched where a module asks for it
            self.go("mod", "init", "example.com/fetch")
            self.go("get", entry.target)
            for name in os.listdir(self.tree):
                os.unlink(f"{self.tree}/{name}")

    def go(self, *words: str, side: str = "go run") -> str:
        """Return what go answers. Raises Failed."""
        ended = self.run(side, [go_command(), *words])
        if ended.status:
            raise Failed(f"go {words[0]}: {ended.err.strip().splitlines()[-1:]}")
        return ended.out

    def run(self, side: str, command: Sequence[str], stdin: str = "", **env: str) -> Ended:
        """Run a command to its end with the caches of one side."""
        cache = {"GOCACHE": self.caches[side]} if self.caches[side] else {}
        cost = f"{self.folder}/cost"
        measured = [sys.executable, "-I", "-S", "-c", _MEASURE, cost, *command]
        with open(f"{self.folder}/in", "w+", encoding="utf-8") as source:
            source.write(stdin)
            source.seek(0)
            done = subprocess.run(
                ["timeout", str(_LIMIT), *measured],
                cwd=self.tree,
                env=self.environ | cache | env,
                stdin=source,
                capture_output=True,
                check=False,
            )
        with open(cost, encoding="utf-8") as file:
            seconds, kilobytes = map(float, file.read().split())
        out, err = (said.decode(errors="replace") for said in (done.stdout, done.stderr))
        return Ended(done.returncode, out, err, Cost(seconds, kilobytes / 1024))

    def remove(self) -> None:
        """Remove all of it; go's module cache is read-only."""
        for top, _, _ in os.walk(self.folder):
            os.chmod(top, stat.S_IRWXU)
        shutil.rmtree(self.folder)


class _Living:
    """A program that is in its place."""

    def __init__(self, entry: Entry, place: Place) -> None:
        self._entry = entry
        self._place = place
        self._target = (*entry.flags, entry.target)  # -C has to be the first flag
        self.differences: list[str] = []
        fields = "{{.Dir}}\n{{range .GoFiles}}{{.}}\n{{end}}{{range .CgoFiles}}{{.}}\n{{end}}"
        self._cache = place.go("env", "GOCACHE").strip()
        self.source = ""
        self.packages = 0
        if "@" not in entry.target:
            listed = place.go("list", *entry.flags, "-f", fields, entry.target).splitlines()
            if f"{listed[0]}/".startswith(f"{place.tree}/"):
                self.source = f"{listed[0]}/{listed[1]}"
            packages = place.go("list", *entry.flags, "-deps", entry.target)
            self.packages = len(packages.splitlines())
            # The network is no longer needed, and who asks it all the same is told no.
            place.environ["GOPROXY"] = "off"

    def go_run(self) -> Ended:
        """Run it with `go run`; its status is the one of the program. Raises Failed."""
        command = [go_command(), "run", *self._target, *self._entry.words]
        ended = self._place.run("go run", command, self._entry.stdin)
        told = _STATUS.search(ended.err)
        if not ended.status:
            return ended
        if not told:
            raise Failed(f"go run does not run it: {ended.err.strip()[-200:]}")
        return ended._replace(status=int(told[1]), err=ended.err[: told.start()])

    def bytes_of_go_run(self, name: str) -> bytes:
        """Return the executable that `go run` starts."""
        copy = f"{self._place.folder}/{name}"
        self._place.go("run", *self._entry.flags, "-exec=cp", self._entry.target, copy)
        with open(copy, "rb") as file:
            return file.read()

    def gorun(self, *before: str) -> tuple[Ended, dict[str, Any]]:
        """Run it with gorun; return the event of its outcome, too."""
        events = f"{self._place.folder}/events"
        if os.path.exists(events):
            os.unlink(events)
        words = ["--quiet", f"--events={events}", *self._target, *self._entry.words]
        command = [*before, sys.executable, "-P", "-m", "gorun_tasks", *words]
        ended = self._place.run("gorun", command, self._entry.stdin, PYTHONPATH=_OURS)
        with open(events, encoding="utf-8") as file:
            return ended, json.loads(file.read().splitlines()[-1])

    def expect(self, when: str, event: dict[str, Any], outcome: str, because: str = "") -> None:
        """Note where the outcome is another one, or has other reasons."""
        reasons = [f"{reason['input']} {reason['change']}" for reason in event["because"]]
        if event["outcome"] != outcome:
            self.differences.append(f"{when}: {event['outcome']}, because {reasons}")
        elif because and [reason.rpartition("/")[2] for reason in reasons] != [because]:
            self.differences.append(f"{when}: because {reasons}")

    def expect_same(self, when: str, theirs: Ended, ours: Ended) -> None:
        """Note where the two were not the same to the person who looks on."""
        if theirs.status != ours.status:
            self.differences.append(f"{when}: exit status {ours.status}, not {theirs.status}")
        for name, one, other in (
            ("stdout", theirs.out, ours.out),
            ("stderr", theirs.err, ours.err),
        ):
            pairs = zip_longest(self._plain(one), self._plain(other))
            differs = next((pair for pair in pairs if pair[0] != pair[1]), None)
            if differs:
                self.differences.append(f"{when}: {name} {differs[1]!r}, not {differs[0]!r}")

    def expect_bytes(self, when: str, theirs: bytes, event: dict[str, Any]) -> None:
        """Note where the executable is not the one of `go run`."""
        with open(event["executable"], "rb") as file:
            if file.read() != theirs:
                self.differences.append(f"{when}: another executable than go run's")

    def expect_no_go(self) -> None:
        """Note where a start of the unchanged program starts go."""
        if not shutil.which("strace"):
            return
        log = f"{self._place.folder}/strace"
        self.gorun("strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", log)
        with open(log, encoding="utf-8", errors="replace") as file:
            executed = _EXECUTED.findall(file.read())
        # What comes after the program is the program's own affair.
        first = next((n for n, path in enumerate(executed) if "/store/" in path), len(executed))
        if any(os.path.basename(path) == "go" for path in executed[:first]):
            self.differences.append("unchanged: starts go")

    def _plain(self, said: str) -> list[str]:
        """Return the lines, without what differs from start to start: where executables are."""
        entry, place = self._entry, self._place
        for folder in (place.folder, self._cache):
            said = re.sub(rf"{re.escape(folder)}\S*/(?=\S)", "", said)
        return (re.sub(entry.varies, "", said) if entry.varies else said).splitlines()


def day(entry: Entry, place: Place) -> Day:
    """Live a day with a program that was unpacked: both sides, step by step. Raises Failed."""
    living = _Living(entry, place)
    theirs = living.go_run()
    if theirs.cost.seconds > COLD_TWICE and place.caches["gorun"] != place.caches["go run"]:
        shutil.rmtree(place.caches["gorun"])
        linked(place.caches["go run"], place.caches["gorun"])
    ours, event = living.gorun()
    cold = theirs.cost, ours.cost
    living.expect("first run", event, "built")
    living.expect_same("first run", theirs, ours)
    before = living.bytes_of_go_run("before")
    if event["executable"]:
        living.expect_bytes("first run", before, event)

    starts = [living.gorun() for _ in range(_STARTS)]
    hits = [living.go_run() for _ in range(_STARTS)]
    again = min(hit.cost for hit in hits), min(start.cost for start, _ in starts)
    # On a machine with others somebody may touch go or the C compiler while a build goes on: that
    # one is rightly not remembered, and the next one is.
    remembered = (event for _, event in starts if _MEANWHILE not in str(event["because"]))
    living.expect("unchanged", next(remembered, starts[-1][1]), "current")
    living.expect_same("unchanged", hits[0], starts[0][0])
    living.expect_no_go()

    edited: tuple[Cost | None, Cost | None] = (None, None)
    if living.source:
        edited = _edit(living, before)
    load = os.getloadavg()[1]
    return Day(living.packages, cold, again, edited, load, tuple(living.differences))


def _edit(living: _Living, before: bytes) -> tuple[Cost, Cost]:
    """Edit the program, and undo that; return what the edit cost."""
    with open(living.source, encoding="utf-8") as file:
        text = file.read()
    because = f"{os.path.basename(living.source)} edited"
    _write(living.source, text + _EDIT)
    theirs = living.go_run()
    ours, event = living.gorun()
    living.expect("edited", event, "built", because)
    living.expect_same("edited", theirs, ours)
    if event["executable"]:
        living.expect_bytes("edited", living.bytes_of_go_run("edited"), event)
    _write(living.source, text)
    undone, event = living.gorun()
    living.expect("undone", event, "restored", because)
    living.expect_same("undone", living.go_run(), undone)
    if event["executable"]:
        living.expect_bytes("undone", before, event)
    return theirs.cost, ours.cost


def linked(source: str, target: str) -> None:
    """Make a folder of hard links to another one's files: go writes none of them anew."""
    subprocess.run(["cp", "-al", source, target], check=True)


def standard_library(folder: str) -> str:
    """Compile the standard library as `go run` does; return the build cache that it is in.

    What is compiled of it for each program tells nothing of the program. A folder that was worked
    in before has it.
    """
    seed = f"{folder}/seed"
    if os.path.isdir(seed):
        return seed
    place = Place(f"{folder}/standard-library")
    place.caches["go run"] = f"{place.folder}/seed"
    packages = [
        package
        for package in place.go("list", "std").split()
        if not re.search(r"(^|/)(internal|vendor)(/|$)", package)
    ]
    imports = "".join(f'\t_ "{package}"\n' for package in packages)
    _write(f"{place.tree}/go.mod", "module example.com/all\n\ngo 1.24\n")
    _write(f"{place.tree}/main.go", f"package main\n\nimport (\n{imports})\n\nfunc main() {{}}\n")
    place.go("run", ".")
    os.rename(f"{place.folder}/seed", seed)
    place.remove()
    return seed


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
