"""Watchers beside each other: from a save to the new program, and what goes wrong on the way.

    swift       seconds from a save to the new program's first instruction, beside `go build` alone
    needless    restarts after what needs none
    missed      500 saves in bursts, in the ways of editors: the last one of a burst has to be run
    killed      the watcher is killed 100 times: who is left behind

Decides how the four are counted. A program says itself that it starts, in a pipe, with its word and
the time; whoever waits, waits for a word, and gives up after `PATIENCE`. Times are taken of one
watcher after another in rotating order; counts of all at the same time. It must never count a start
for a save that came before it: whatever is counted ends with a save whose word was seen.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from benchmarks.measure import quartiles
from benchmarks.saves import NEEDLESS, PROGRAMS, WAYS_TO_SAVE, Folder
from benchmarks.watchers import fetched

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.kit import Kit
    from benchmarks.watchers import Watcher

PATIENCE = 20.0
"""Seconds after which a save is missed, and who is still there after a kill is an orphan."""

_QUIET = 2.5
"""Seconds without a start after which none will come any more: air waits for one by itself."""

_REST = 0.3
"""Seconds that others are given to finish what they do beside the program."""

_IN_A_BURST = 10
_MARK = "LOOP_MARK"


class Extent(NamedTuple):
    """How much is measured."""

    rounds: int = 15
    needless: int = 2
    bursts: int = 50
    kills: int = 100


QUICK = Extent(3, 1, 2, 4)


class Start(NamedTuple):
    """A program that said that it starts."""

    word: str
    at: int  # nanoseconds since the epoch


class Loop:
    """A watcher at work in a folder of its own."""

    def __init__(self, kit: Kit, watcher: Watcher, program: str) -> None:
        place = f"{kit.folder}/loop/{program}/{watcher.name.replace(' ', '-').replace(',', '')}"
        self.watcher = watcher
        self.folder = Folder(kit, f"{place}/tree", program, watcher.files)
        self.starts: list[Start] = []
        self.pid = 0
        self._command = watcher.command(kit)
        self._mark = f"{os.getpid()}-{place}"
        self._log = f"{place}/log"
        self._said = b""
        pipe = f"{place}/pipe"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(pipe)
        os.mkfifo(pipe)
        # Open for writing, too: so it never ends, and nobody who writes has to wait.
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._environ = kit.environ | {
            "PWD": self.folder.path,
            "LOOP_PIPE": pipe,
            "GORUN_CACHE_DIR": f"{place}/store",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failed: object) -> None:
        if self._process is not None:
            self.kill()
        self.end_all()
        os.close(self._pipe)

    def begin(self, mark: str = "") -> bool:
        """Start the watcher, and say whether the program of the sources runs then."""
        self.starts.clear()
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder.path,
                env=self._environ | {_MARK: f"{self._mark}:{mark}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid
        return self.wait_for(self.folder.word) is not None

    def kill(self) -> None:
        """Kill the watcher, and nobody else."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def wait_for(self, word: str, patience: float = PATIENCE) -> Start | None:
        """Wait until a program says this word; None where none does."""
        deadline = time.monotonic() + patience
        seen = 0
        while True:
            for start in self.starts[seen:]:
                if start.word == word:
                    return start
            seen = len(self.starts)
            if not self._read(deadline - time.monotonic()):
                return None

    def rest(self, seconds: float) -> None:
        """Wait until no program has started for some time."""
        while self._read(seconds):
            pass

    def _read(self, seconds: float) -> bool:
        """Learn who has started; say whether somebody has."""
        if seconds <= 0 or not select.select([self._pipe], [], [], seconds)[0]:
            return False
        *lines, self._said = (self._said + os.read(self._pipe, 1 << 16)).split(b"\n")
        for line in lines:
            _pid, at, word = line.decode().split()
            self.starts.append(Start(word, int(at)))
        return True

    def left_behind(self) -> dict[int, str]:
        """Return who was started by the watcher, itself or not, with the mark of `begin`."""
        sign = f"{_MARK}={self._mark}:".encode()
        found = {}
        for name in filter(str.isdecimal, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    words = file.read().split(b"\0")
                with open(f"/proc/{name}/stat", "rb") as file:
                    dead = file.read().rpartition(b") ")[2][:1] in (b"Z", b"X")
            except OSError:
                continue
            for word in () if dead else words:
                if word.startswith(sign):
                    found[int(name)] = word[len(sign) :].decode()
        return found

    def end_all(self) -> None:
        """End whoever is left."""
        while left := self.left_behind():
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def measure_loop(kit: Kit, extent: Extent) -> dict[str, Any]:
    """Return what was measured of every watcher that can be had."""
    watchers, missing = fetched(kit)
    found: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "load": round(os.getloadavg()[0], 2),
        "extent": extent._asdict(),
        "versions": {w.name: w.module for w in watchers},
        "missing": missing,
        "swift": {},
        "watchers": {w.name: {"saves": 0, "restarts": 0} for w in watchers},
    }
    for program in PROGRAMS:
        found["swift"][program] = _swift(kit, watchers, program, extent.rounds, found["watchers"])
    for name, count in (("needless", _needless), ("missed", _missed), ("killed", _killed)):
        with ThreadPoolExecutor(len(watchers)) as pool:
            counts = pool.map(lambda w, count=count: count(kit, w, extent), watchers)
            for watcher, counted in zip(watchers, counts, strict=True):
                found["watchers"][watcher.name][name] = counted
        print(_told(name, found["watchers"]), flush=True)
    return found


def _told(name: str, watchers: dict[str, Any]) -> str:
    return f"{name}: " + "; ".join(f"{who} {found[name]}" for who, found in watchers.items())


def _swift(
    kit: Kit, watchers: list[Watcher], program: str, rounds: int, counts: dict[str, Any]
) -> dict[str, Any]:
    """Measure the seconds from a save to the new program; count saves and restarts."""
    alone = Folder(kit, f"{kit.folder}/loop/{program}/go-build/tree", program, {})
    laps: dict[str, list[float]] = {"go build": [], **{w.name: [] for w in watchers}}
    with contextlib.ExitStack() as stack:
        loops = [stack.enter_context(Loop(kit, w, program)) for w in watchers]
        for loop in loops:
            if not loop.begin():
                raise RuntimeError(f"{loop.watcher.name} never started the program")
        _build(kit, alone)
        for loop in loops:
            loop.rest(_QUIET)
            loop.starts.clear()
        turns: list[Callable[[], float | None]] = [lambda: _build(kit, alone)]
        turns += [lambda loop=loop: _lap(loop) for loop in loops]  # type: ignore[misc]
        names = list(laps)
        for number in range(rounds):
            order = [(number + i) % len(turns) for i in range(len(turns))]
            for i in order:
                seconds = turns[i]()
                laps[names[i]].append(PATIENCE if seconds is None else seconds)
                time.sleep(_REST)
        for loop in loops:
            loop.rest(_QUIET)
            counts[loop.watcher.name]["saves"] += rounds
            counts[loop.watcher.name]["restarts"] += len(loop.starts)
    base = laps["go build"]
    found = {
        name: {
            "seconds": quartiles(own),
            "beyond": quartiles([a - b for a, b in zip(own, base, strict=True)]),
        }
        for name, own in laps.items()
    }
    medians = "; ".join(f"{n} {1000 * statistics.median(own):.0f} ms" for n, own in laps.items())
    print(f"{program}, from a save to the new program: {medians}", flush=True)
    return found


def _lap(loop: Loop) -> float | None:
    begun = time.time_ns()
    start = loop.wait_for(loop.folder.save())
    return (start.at - begun) / 1e9 if start else None


def _build(kit: Kit, folder: Folder) -> float:
    """Save, and build: what nobody who builds can be faster than."""
    begun = time.perf_counter()
    folder.save()
    kit.run([kit.go, "build", "-o", "bin/x", "."], folder.path)
    return time.perf_counter() - begun


def _needless(kit: Kit, watcher: Watcher, extent: Extent) -> dict[str, int]:
    """Count restarts by what needed none. A save follows each, so that they cannot be mixed up."""
    counts = {}
    with Loop(kit, watcher, "hello") as loop:
        loop.begin()
        for needless in NEEDLESS:
            count = 0
            for _ in range(extent.needless):
                loop.rest(_QUIET)
                loop.starts.clear()
                needless.do(loop.folder)
                loop.rest(_QUIET)
                count += len(loop.starts)
                loop.wait_for(loop.folder.save())
            counts[needless.name] = count
    return counts


def _missed(kit: Kit, watcher: Watcher, extent: Extent) -> list[int]:
    """Return how many saves were missed, and how many there were."""
    chance = random.Random(1)  # the same pauses for everybody
    missed = 0
    with Loop(kit, watcher, "hello") as loop:
        loop.begin()
        for _ in range(extent.bursts):
            for number in range(_IN_A_BURST):
                time.sleep(chance.choice((0, 0.001, 0.01, 0.05, 0.2)) if number else 0)
                word = loop.folder.save(chance.randrange(WAYS_TO_SAVE))
            missed += loop.wait_for(word) is None
    return [missed, extent.bursts * _IN_A_BURST]


def _killed(kit: Kit, watcher: Watcher, extent: Extent) -> list[int]:
    """Return how many kills of the watcher left a process behind, and how many there were.

    Every second one comes while it builds, or stops the old program, or starts the new one.
    """
    chance = random.Random(2)
    with Loop(kit, watcher, "hello") as loop:
        for number in range(extent.kills):
            loop.begin(str(number))
            if number % 2:
                loop.folder.save()
                time.sleep(chance.random() / 2)
            loop.kill()
        deadline = time.monotonic() + PATIENCE
        while (left := loop.left_behind()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return [len(set(left.values())), extent.kills]
