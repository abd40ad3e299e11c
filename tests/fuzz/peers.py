"""`python -m tests.fuzz.peers`: the same mutations through Task, make and doit.

Decides how runners that go by files are held against go, and writes the table that the
documentation shows. Each is set up as a person would: it watches every .go file and go.mod below
the repository, and has `go build` make the executable. It must never count against a runner what
go itself gets wrong: only runs in which the runner called the executable up to date count.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING

from tests.fuzz.model import FLAGS, MUTATIONS, Slot, World, draw
from tests.fuzz.oracle import (
    PATIENCE,
    Caches,
    Question,
    ask_command,
    digest_of,
    environ_of,
    newest_recorded,
)
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.model import Entry

TARGETS = (".", "./cmd/one", "./cmd/two")
_NOT_HERE = frozenset(("store", "toolchain", "header", "flags"))
# A flag with a blank in it cannot be said through a variable of the shell.
_FLAGS = [f for f in FLAGS if not any(word.startswith(("-C", "-mod")) or " " in word for word in f)]
_REPORT_EVERY = 60.0  # seconds
_STEPS = 100  # mutations in one world

_COLUMNS = (
    *("runs", "up to date, rightly", "built, or failed as go does", "built needlessly"),
    *("failed where go builds", "**stale program**", "**up to date where go fails**"),
)

_TASK = """version: '3'
tasks:
  build:
    dir: app
    method: {method}
    sources: ['../**/*.go', '../**/go.mod']
    generates: ['{out}']
    cmds: ['{recipe}']
"""
_MAKE = """{out}: $(shell find . -name '*.go' -o -name go.mod)
	{recipe}
"""
_DOIT = """from glob import glob
def task_build():
    found = glob('**/*.go', recursive=True) + glob('**/go.mod', recursive=True)
    return {{'file_dep': found, 'targets': ['{out}'], 'actions': ['{recipe}']}}
"""


class Peer:
    """A runner, with an executable and a memory of its own, beside the world."""

    def __init__(self, name: str, world: World, target: str) -> None:
        self.name = name
        self.target = target
        self._world = world
        self._folder = f"{world.root}-peers/{name.replace(' ', '-')}"
        self.executable = f"{self._folder}/app"
        self._mark = f"{self._folder}/went"
        os.makedirs(self._folder)
        build = f"go build -buildvcs=false -o {self.executable} $FLAGS_OF_BUILD {target}"
        recipe = f"touch {self._mark} && cd {world.root}/app && {build}"
        words = {"out": self.executable, "recipe": recipe}
        tool, _, method = name.partition(" ")
        if tool == "task":
            self._write("Taskfile.yml", _TASK.format(method=method, **words))
        elif tool == "make":
            self._write("Makefile", _MAKE.format(**words).replace("$FLAGS", "$$FLAGS"))
        else:
            self._write("dodo.py", _DOIT.format(**words))

    def _write(self, name: str, text: str) -> None:
        self._file = f"{self._folder}/{name}"
        with open(self._file, "w", encoding="utf-8") as file:
            file.write(text)

    def _command(self) -> Sequence[str]:
        root = self._world.root
        beside = os.path.dirname(sys.executable)
        if self.name.startswith("task"):
            return (f"{beside}/task", "--silent", "-t", self._file, "-d", root, "build")
        if self.name == "make":
            return ("make", "--silent", "-f", self._file, "-C", root, self.executable)
        memory = f"{self._folder}/memory"
        return (sys.executable, "-m", "doit", "-f", self._file, "-d", root, "--db-file", memory)

    def run(self, environ: dict[str, str]) -> tuple[bool, bool]:
        """Run it; return whether it ended well, and whether it went to go for that."""
        if os.path.exists(self._mark):
            os.unlink(self._mark)
        done = subprocess.run(
            self._command(),
            cwd=self._world.root,
            env=environ | {"TASK_TEMP_DIR": f"{self._folder}/state", "PWD": self._world.root},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            with open(f"{self._folder}/last-failure", "wb") as file:
                file.write(done.stdout + done.stderr)
        return done.returncode == 0, os.path.exists(self._mark)


NAMES = ("task checksum", "task timestamp", "make", "doit")


class Count:
    """How one runner fared."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.stale_after: Counter[str] = Counter()


class Race:
    """All runners in one world after another, over the same mutations."""

    def __init__(self, folder: str, go: str) -> None:
        self._folder = folder
        self._go = go
        self._caches = Caches(folder)
        self.mutations = 0
        self._told = time.monotonic()
        self.counts = {name: Count() for name in (*NAMES, "gorun")}

    def run_world(self, seed: int) -> None:
        """Mutate one world and ask all of them after each few mutations."""
        random = Random(seed)
        world = self._begin(random)
        target = TARGETS[seed % len(TARGETS)]
        peers = [Peer(name, world, target) for name in NAMES]
        flags: tuple[str, ...] = ()
        good: list[tuple[dict[str, Entry], dict[str, str]]] = []
        classes = {name: ["first"] for name in self.counts}
        done = 0
        well = self._ask(world, peers, flags, classes)
        while done < _STEPS:
            if well:
                good = [*good[-3:], (world.snapshot(), dict(world.environment))]
            kinds = [draw(random, MUTATIONS) for _ in range(random.randint(1, 4))]
            if not well and good:
                kinds = ["undo"]
            for kind in kinds:
                if kind == "flags":
                    flags, words = random.choice(_FLAGS), "other flags"
                elif kind == "undo":
                    words = _undo(world, random, good)
                else:
                    words = _mutate(world, random, kind)
                done += bool(words)
                self._note(kind if words else "", classes)
            well = self._ask(world, peers, flags, classes)
            if time.monotonic() - self._told > _REPORT_EVERY:
                self.tell()

    def _note(self, kind: str, classes: dict[str, list[str]]) -> None:
        if kind:
            self.mutations += 1
            for since in classes.values():
                since.append(kind)

    def tell(self) -> None:
        """Print both tables."""
        self._told = time.monotonic()
        sys.stdout.write(f"{self.mutations} mutations\n{self.table()}\n\n{self.classes()}\n\n")
        sys.stdout.flush()

    def _begin(self, random: Random) -> World:
        root = f"{self._folder}/world"
        for name in ("", "-peers", "-home", "-tmp", "-store"):
            shutil.rmtree(root + name, ignore_errors=True)
        for name in ("", "-peers", "-home", "-tmp"):
            os.makedirs(root + name)
        self._caches.renew()
        return World(root, random.choice(("module", "module", "workspace")), (self._go,))

    def _ask(
        self,
        world: World,
        peers: Sequence[Peer],
        flags: tuple[str, ...],
        classes: dict[str, list[str]],
    ) -> bool:
        if not os.path.isdir(world.at("app")):
            return False
        slot = Slot("app", flags, (peers[0].target,))
        environ = environ_of(world, Slot("app", (), ()), f"{self._folder}/peers")
        environ |= {"FLAGS_OF_BUILD": " ".join(flags)}
        before = {peer.name: _digest(peer.executable) for peer in peers}
        before["gorun"] = newest_recorded(world, slot, self._caches.ours)
        question = Question(world, slot, self._caches)
        # They only read the tree, and each writes to a place of its own.
        with ThreadPoolExecutor(len(peers) + 2) as pool:
            oracle = pool.submit(self._oracle, world, peers[0].target, flags)
            gorun = pool.submit(ask_command, world, slot, self._caches.ours)
            runs = [(peer, pool.submit(peer.run, environ)) for peer in peers]
        expected, ours = oracle.result(), gorun.result()
        for peer, run in runs:
            well, went = run.result()
            got = _digest(peer.executable) if well else ""
            outcome = _outcome(before[peer.name], got, expected, went=went or not well)
            if expected and not well:
                outcome = "wrong failure"
            self._count(peer.name, outcome, classes)
        went = ours.outcome not in ("current", "restored")
        right = question.answer().digest
        outcome = _outcome(before["gorun"], ours.digest, right, went=went)
        if right and ours.outcome not in ("current", "restored", "built"):
            outcome = "wrong failure"
        self._count("gorun", outcome, classes)
        return bool(expected)

    def _oracle(self, world: World, target: str, flags: tuple[str, ...]) -> str:
        """Return the digest of what go builds from nothing of ours, "" where it cannot."""
        environ = environ_of(world, Slot("app", (), ()), f"{self._folder}/oracle-of-build")
        own = environ.get("GODEBUG")
        environ["GODEBUG"] = f"{own},goindex=0" if own else "goindex=0"
        out = f"{world.root}-peers/oracle"
        done = subprocess.run(
            [self._go, "build", "-buildvcs=false", "-o", out, *flags, target],
            cwd=world.at("app") if os.path.isdir(world.at("app")) else world.root,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return digest_of(out) if done.returncode == 0 else ""

    def _count(self, name: str, outcome: str, classes: dict[str, list[str]]) -> None:
        count = self.counts[name]
        count.outcomes[outcome] += 1
        if outcome in ("stale", "should have failed"):
            count.stale_after[", ".join(sorted(set(classes[name])))] += 1
            for kind in set(classes[name]):
                count.stale_after[kind] += 1
        else:
            classes[name] = []

    def table(self) -> str:
        """Return the table as Markdown."""
        lines = [
            f"| runner | {' | '.join(_COLUMNS)} |",
            "| --- |" + " ---: |" * len(_COLUMNS),
        ]
        for name, count in self.counts.items():
            got = count.outcomes
            total = sum(got.values())
            lines.append(
                f"| {name} | {total} | {got['right']} | {got['asked']} | {got['needless']}"
                f" | {got['wrong failure']}"
                f" | {got['stale']} ({100 * got['stale'] / max(1, total):.0f} %)"
                f" | {got['should have failed']} |"
            )
        return "\n".join(lines)

    def classes(self) -> str:
        """Return after which classes of mutation the runners were stale."""
        lines = ["| mutation | " + " | ".join(self.counts) + " |"]
        lines.append("| --- |" + " ---: |" * len(self.counts))
        lines += [
            f"| {kind} | {' | '.join(str(c.stale_after[kind]) for c in self.counts.values())} |"
            for kind in (*MUTATIONS, "undo")
            if any(c.stale_after[kind] for c in self.counts.values())
        ]
        return "\n".join(lines)


def _outcome(before: str, got: str, expected: str, *, went: bool) -> str:
    if went:
        return "needless" if expected and before == expected else "asked"
    if not expected:
        return "should have failed"
    return "right" if got == expected else "stale"


def _digest(path: str) -> str:
    return digest_of(path) if os.path.isfile(path) else ""


def _undo(world: World, random: Random, good: list[tuple[dict[str, Entry], dict[str, str]]]) -> str:
    entries, environment = random.choice(good)
    world.restore(entries, times=random.random() < 0.4)
    world.environment = dict(environment)
    return "as it was"


def _mutate(world: World, random: Random, kind: str) -> str:
    if kind in _NOT_HERE:
        return ""
    try:
        words = MUTATIONS[kind][1](world, random)
        if world.environment.get("GOFLAGS") == "-mod=mod":  # all of them would write go.mod
            del world.environment["GOFLAGS"]
    except OSError as error:
        return f"half of it: {error}"
    return words


def main() -> int:
    """Run the race, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.peers", description=__doc__)
    parser.add_argument("--mutations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--go", default=go_command())
    parser.add_argument("--folder", help="where to work (kept; default: below $TMPDIR)")
    given = parser.parse_args()
    folder = given.folder or f"{os.environ.get('TMPDIR', '/tmp')}/gorun-peers-{os.getuid()}"
    race = Race(os.path.realpath(folder), os.path.realpath(given.go))
    seed = given.seed
    while race.mutations < given.mutations:
        race.run_world(seed)
        seed += 1
    race.tell()
    return 0


if __name__ == "__main__":
    sys.exit(main())
