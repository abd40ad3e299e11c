"""The oracle and the accused: what go makes of a tree, and what gorun says of it.

Decides how both are asked, so that they are comparable: the same tree at the same absolute path,
the same words, environment and go, but build caches that know nothing of each other. The oracle
must never take a compiled package of a module from anybody but itself, and never go's package
index (goindex=0), which makes go itself stale.

For cgo packages the oracle gets a build cache that holds the standard library only, since go's
own is stale for what is outside of the package.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from gorun_tasks.api import Program
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.target import Target
from gorun_tasks.errors import GoRunError
from tests.fuzz.model import AFFECT_STD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from tests.fuzz.model import Slot, World

PATIENCE = 300.0
"""Seconds after which a build is given up for hung."""

_HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_WARM = b"""package main

import "embed"

//go:embed warm.go
var files embed.FS

func main() { b, _ := files.ReadFile("warm.go"); println(string(b)) }
"""
_WARM_CGO = (
    b'package main\n\n// int f(void) { return 1; }\nimport "C"\n\nimport _ "os/user"\n\n'
    b"func main() { println(C.f()) }\n"
)


class Answer(NamedTuple):
    """What came of one request for an executable."""

    outcome: str  # of gorun; of the oracle "built" or "failed"
    digest: str = ""  # SHA-256 of the executable
    because: tuple[str, ...] = ()
    told: str = ""  # what was written on stderr


class Caches:
    """go's build caches: one for the oracle, one for gorun, both with the standard library.

    `warm` (default: `folder`/warm) is compiled on demand and kept between runs; the two are
    copies of it.
    """

    def __init__(self, folder: str, warm: str = "") -> None:
        self.warm = warm or f"{folder}/warm"
        self.oracle = f"{folder}/oracle"
        self.ours = f"{folder}/ours"
        self._sources = f"{folder}/warm-sources"
        os.makedirs(f"{self._sources}/c", exist_ok=True)
        os.makedirs(self.warm, exist_ok=True)
        for name, data in (("warm.go", _WARM), ("c/warm.go", _WARM_CGO)):
            with open(f"{self._sources}/{name}", "wb") as file:
                file.write(data)
        with open(f"{self._sources}/go.mod", "wb") as file:
            file.write(b"module warm\n\ngo 1.24\n")

    def renew(self) -> None:
        """Forget all but the standard library."""
        for cache in (self.oracle, self.ours):
            self.forget(cache)

    def forget(self, cache: str) -> None:
        """Make one cache a copy of the standard library's."""
        shutil.rmtree(cache, ignore_errors=True)
        _copy_missing(self.warm, cache)

    def executables(self, cache: str) -> int:
        """Return how many linked programs go keeps in one cache."""
        return sum(
            entry.is_dir() and entry.name.endswith("-d")
            for part in os.scandir(cache)
            if part.is_dir()
            for entry in os.scandir(part.path)
        )

    def know(self, go: str, environ: Mapping[str, str], words: Sequence[str], *, cgo: bool) -> None:
        """Have the standard library compiled for this go, environment and flags."""
        settings = tuple(sorted((name, environ.get(name, "")) for name in AFFECT_STD))
        given = (*words, *environ.get("GOFLAGS", "").split())
        flags = tuple(word for word in given if word == "-trimpath")[:1]
        key = hashlib.sha256(repr((go, settings, flags, cgo)).encode()).hexdigest()[:20]
        mark = f"{self.warm}/known-{key}"
        if os.path.exists(mark):
            return
        clean = {k: v for k, v in environ.items() if not k.startswith(("GO", "CGO_CFLAGS"))}
        clean |= {**dict(settings), "GOCACHE": self.warm, "GOTOOLCHAIN": "local", "GOWORK": "off"}
        clean |= {"GOENV": "off", "GOPROXY": "off"}
        for target in ("warm.go", *(("./c",) if cgo else ())):
            subprocess.run(
                [go, "run", "-exec=true", *flags, target],
                cwd=self._sources,
                env=clean | {"PWD": self._sources},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        with open(mark, "wb"):
            pass
        for cache in (self.oracle, self.ours):
            _copy_missing(self.warm, cache)


def _copy_missing(source: str, destination: str) -> None:
    for at, directories, names in os.walk(source):
        directories[:] = [d for d in directories if not d.endswith("-d")]  # executables
        to = destination + at[len(source) :]
        os.makedirs(to, exist_ok=True)
        for name in names:
            if not os.path.exists(f"{to}/{name}"):
                # One file for all: go writes an output ("-d") never again, and into an entry ("-a")
                # of the standard library, which nobody edits here, only what it holds.
                try:
                    os.link(f"{at}/{name}", f"{to}/{name}")
                except OSError:  # another file system
                    shutil.copy2(f"{at}/{name}", f"{to}/{name}")


def environ_of(world: World, slot: Slot, cache: str) -> dict[str, str]:
    """Return the whole environment for a request."""
    root = world.root
    environ = {
        "PATH": f"{root}/bin0:{root}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": f"{root}-home",
        "TMPDIR": f"{root}-tmp",
        "GOCACHE": cache,
        "GOPROXY": "off",
        "GOMODCACHE": f"{root}/modcache" if world.kind == "cgo" else "",
        "GOTOOLCHAIN": "local",
        "XDG_CONFIG_HOME": f"{root}/config",
        "GORUN_CACHE_DIR": f"{root}-store",
        "PWD": world.at(slot.where),
    }
    return environ | {name: value for name, value in world.environment.items() if value}


def go_of(world: World, environ: Mapping[str, str]) -> str:
    """Return the go command that a person's shell would find, and gorun too."""
    found = environ.get("GORUN_GO", "") or shutil.which("go", path=environ["PATH"])
    return found or world.toolchains[0]


class Question:
    """The oracle, asked and at work: it may think while gorun does."""

    def __init__(self, world: World, slot: Slot, caches: Caches) -> None:
        self._cgo = world.kind == "cgo"
        environ = environ_of(world, slot, caches.oracle)
        own = environ.get("GODEBUG")
        environ["GODEBUG"] = f"{own},goindex=0" if own else "goindex=0"
        go = go_of(world, environ)
        caches.know(go, environ, slot.flags, cgo=self._cgo)
        if self._cgo:
            caches.forget(caches.oracle)
        self._copy = f"{world.root}-copy"
        helper = "-exec=/bin/cp" if self._cgo else "-exec=/usr/bin/sha256sum"
        target = [*slot.target, *((self._copy,) if self._cgo else ())]
        self._process = subprocess.Popen(
            [go, "run", *slot.flags, helper, "--", *target],
            cwd=world.at(slot.where),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def answer(self) -> Answer:
        """Return what go makes of the tree."""
        out, told = self._process.communicate(timeout=PATIENCE)
        if self._process.returncode != 0:
            return Answer("failed", told=told.decode(errors="replace"))
        digest = digest_of(self._copy) if self._cgo else out.split()[0].decode()
        return Answer("built", digest, told=told.decode(errors="replace"))


def digest_of(path: str) -> str:
    """Return the SHA-256 of an executable."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def build_as_somebody_else(world: World, slot: Slot, cache: str) -> None:
    """Have go itself build a program into a cache that gorun uses as well."""
    environ = environ_of(world, slot, cache)
    subprocess.run(
        [go_of(world, environ), "run", *slot.flags, "-exec=true", "--", *slot.target],
        cwd=world.at(slot.where),
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def ask_here(world: World, slot: Slot, cache: str) -> Answer:
    """Ask gorun, in this process; what it has is published if the environment says so."""
    environ = environ_of(world, slot, cache)
    told: list[bytes] = []
    os.chdir(world.at(slot.where))
    try:
        flags, _ = BuildFlags.parse(list(slot.flags))
        program = Program.typed(Target(slot.target), flags, environ)
        program.listener = told.append
        graph = program.graph()
        made = graph.make()
        graph.publish()
        because = tuple(str(reason) for reason in made.because)
        digest = digest_of(made.path)
        graph.remove_private()
        return Answer(made.outcome, digest, because, b"".join(told).decode(errors="replace"))
    except GoRunError as error:
        return Answer("failed", told=f"{b''.join(told).decode(errors='replace')}\n{error}")
    finally:
        os.chdir("/")


def ask_verdict(world: World, slot: Slot, cache: str) -> Answer:
    """Ask gorun, in this process, for what it has without go; "stale" where that is nothing.

    What another checkout has built it has too.

    What it would write at a run (the stats of what it read again) it writes here too.
    """
    environ = environ_of(world, slot, cache)
    os.chdir(world.at(slot.where))
    try:
        flags, _ = BuildFlags.parse(list(slot.flags))
        graph = Program.typed(Target(slot.target), flags, environ).graph()
        graph.fetch()
        verdict = graph.verdict
        because = tuple(map(str, verdict.because))
        if verdict.manifest is None:
            return Answer("stale", because=because)
        made = graph.make()
        return Answer(made.outcome, digest_of(made.path), because)
    except GoRunError as error:
        return Answer("failed", told=str(error))
    finally:
        os.chdir("/")


def ask_command(world: World, slot: Slot, cache: str) -> Answer:
    """Ask gorun by its command line, and have it run the program."""
    events = f"{world.root}-events"
    environ = environ_of(world, slot, cache) | {"PYTHONPATH": _HERE, "GORUN_EVENTS": events}
    if os.path.exists(events):
        os.unlink(events)
    done = subprocess.run(
        [sys.executable, "-m", "gorun_tasks", *slot.flags, *slot.target],
        cwd=world.at(slot.where),
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    told = done.stderr.decode(errors="replace")
    try:
        with open(events, "rb") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        lines = []
    if len(lines) != 1:
        ended = done.returncode in (2, 125) and not lines
        return Answer("failed" if ended else "crashed", told=f"status {done.returncode}\n{told}")
    event: dict[str, Any] = json.loads(lines[0])
    because = tuple(f"{reason['input']} {reason['change']}".strip() for reason in event["because"])
    if event["outcome"] == "failed":
        ended = done.returncode in (2, 125)
        return Answer("failed" if ended else "crashed", "", because, told)
    digest = digest_of(event["executable"])
    return Answer(event["outcome"], digest, because, told)


def newest_recorded(world: World, slot: Slot, cache: str) -> str:
    """Return the digest of the newest executable that the store has for a program, "" for none."""
    environ = environ_of(world, slot, cache)
    os.chdir(world.at(slot.where))
    try:
        flags, _ = BuildFlags.parse(list(slot.flags))
        program = Program.typed(Target(slot.target), flags, environ)
        manifests = program.store.manifests(program.key, program.identity)
        if not manifests:
            return ""
        return digest_of(program.store.executable(manifests[0]))
    except (GoRunError, OSError):
        return ""
    finally:
        os.chdir("/")


class Meddler(threading.Thread):
    """Changes the tree while go works for gorun: when its work folder shows a stage of progress.

    Stages: "asked" (the folder is there), "loading" (the trace grows), "loaded" (it has `size`
    bytes), "compiling" and "linking" (go's temporary folder fills), "made".
    """

    STAGES = ("asked", "loading", "loaded", "compiling", "linking", "made")

    def __init__(self, world: World, random: Random, act: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work = f"{world.root}-store/v1/work"
        self._before = set(_names(self._work))
        self.stage = random.choice(self.STAGES)
        self._size = random.randrange(20_000, 200_000)
        self._act = act
        self._over = threading.Event()
        self.acted = False

    def run(self) -> None:
        """Wait for the stage, then act; or give up when the build is over."""
        while not self._over.is_set():
            for name in set(_names(self._work)) - self._before:
                if self._reached(f"{self._work}/{name}"):
                    self._act()
                    self.acted = True
                    return
            self._over.wait(0.0005)

    def finish(self) -> None:
        """Wait until it has acted or given up."""
        self._over.set()
        self.join()

    def _reached(self, folder: str) -> bool:
        if self.stage in ("loading", "loaded"):
            try:
                size = os.stat(f"{folder}/trace").st_size
            except OSError:
                return False
            return size > (0 if self.stage == "loading" else self._size)
        if self.stage == "made":
            return bool(_names(f"{folder}/out"))
        builds = [f"{folder}/go/{build}" for build in _names(f"{folder}/go")]
        if self.stage == "compiling":
            return any(map(_names, builds))
        if self.stage == "linking":
            return any("importcfg.link" in _names(f"{build}/b001") for build in builds)
        return True


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
