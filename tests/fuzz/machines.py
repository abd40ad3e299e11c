"""Two machines: what the first publishes in a folder the second fetches, held against go there.

Decides in what the second machine differs from the first, and what is counted. A step is "publish",
"clone" (a fresh machine), "look", "pull" (a tree that was published), "undo", or a class of
mutation with "first" or "second" before it, each with a seed of its own. It must never let the
second machine see the first: its folder is moved away meanwhile.

The second one may have its checkout at the same path, or elsewhere; modules or none; the same go,
that of another release, or none; a C compiler or none; settings in variables, or in the go env
file. It begins each look with an empty store, or the one of the look before. Without a go here it
is held against the one that published.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from gorun_tasks.api import Program
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.target import Target
from gorun_tasks.errors import GoRunError
from tests.fuzz.episode import Failure, Step, difference_of
from tests.fuzz.model import (
    AROUND,
    CGO_FILES,
    FILES,
    MUTATIONS,
    SETTINGS,
    Slot,
    World,
    draw,
    programs_at,
    sum_of,
)
from tests.fuzz.oracle import Answer, Question, ask_here, digest_of, environ_of, go_of
from tests.support.clock import let_the_clock_tick
from tests.support.workshop import publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gorun_tasks.core.store import Manifest
    from tests.fuzz.model import Entry, Mutation
    from tests.fuzz.oracle import Caches

KINDS = (
    *("module", "module", "download", "download", "download", "workspace", "workspace", "vendor"),
    *("user", "user", "plain C", "cgo"),
)
"""Worlds: of `model`, but "download" (a module that a proxy has), "user" (a package that is another
one with CGO_ENABLED=1) and "plain C" (C without a path in its flags)."""

_FAR = {
    "go.mod": "module example.com/far\n\ngo 1.24\n",
    "far.go": 'package far\n\nfunc Word() string { return "waaaa" }\n',
}
_FAR_SUM = {name: text.encode() for name, text in _FAR.items()}
_FAR_SUMS = (
    b"example.com/far v1.0.0 "
    + sum_of(_FAR_SUM, "example.com/far@v1.0.0/")
    + b"\nexample.com/far v1.0.0/go.mod "
    + sum_of({"go.mod": _FAR_SUM["go.mod"]}, "")
    + b"\n"
)
_C_LINES = re.compile(rb"// #cgo CFLAGS: -I\$\{SRCDIR\}\S* -I\$\{SRCDIR\}\S*\n")
_RPATH = b"// #cgo LDFLAGS: -Wl,-rpath,${SRCDIR}/lib\n"
_IGNORED = {
    "app/lib/ignored.go": b'package lib\n\nfunc init() { println("waaaa") }\n',
    "app/assets/files/ignored.txt": b"waaaa\n",
    "app/ignored.txt": b"waaaa\n",
}
_COMPILER = re.compile(r"(?:.*-)?(?:gcc|g\+\+|cc|c\+\+|c[89]9|cpp|clang.*|tcc)(?:-[\d.]+)?")
_SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")
_GOOD_KEPT = 12


class Traits(NamedTuple):
    """In what a machine differs from the first."""

    same_path: bool
    modules: bool
    go: str  # "" for none
    compiler: bool
    settings_in_file: bool


class Published(NamedTuple):
    """A tree of the first machine as it was published."""

    entries: dict[str, Entry]
    environment: dict[str, str]
    slot: Slot


class MachinesTally:
    """What has been counted so far, over many episodes."""

    def __init__(self) -> None:
        self.mutations: Counter[str] = Counter()
        self.published: Counter[str] = Counter()  # outcomes of the first machine
        self.looks = 0  # with an empty store
        self.hits = 0
        self.as_published = 0  # of the looks, those at a tree as it was published
        self.as_published_hits = 0
        self.kept = 0  # looks with the store of the look before
        self.claims: Counter[str] = Counter()  # what needed no go: all of it was compared
        self.by_release: Counter[str] = Counter()
        self.by_trait: Counter[str] = Counter()
        self.hits_by_trait: Counter[str] = Counter()
        self.wavered = 0  # where go, asked again, said something else
        self.failures: Counter[str] = Counter()

    def plain(self) -> dict[str, object]:
        """Return the counts, for adding up what several runs counted."""
        return {name: value for name, value in vars(self).items() if value}

    def report(self) -> str:
        """Return the counts, for people."""
        share = 100 * self.hits / max(1, self.looks)
        traits = (f"{n} {self.hits_by_trait[n]} of {k}" for n, k in sorted(self.by_trait.items()))
        lines = [
            f"mutations {self.mutations.total()}; first machine {dict(self.published)}",
            f"looks with an empty store {self.looks}, hits {self.hits} ({share:.1f} %)",
            f"  at a tree as it was published {self.as_published}, hits {self.as_published_hits}",
            f"looks with a store {self.kept}; compared with go: {dict(self.claims)}",
            f"hits by release: {dict(self.by_release)}",
            f"hits by machine: {', '.join(traits)}",
            f"failures: {dict(self.failures) or 'none'}; go wavered: {self.wavered}",
            "mutations by class:",
            *(f"  {n:5} {name}" for name, n in self.mutations.most_common()),
        ]
        return "\n".join(lines)


# What happens to a machine.


def module_cache(world: World, random: Random) -> str:
    """Edit what was fetched, or remove a part of it."""
    root = f"{world.root}-home/go/pkg/mod"
    names = sorted(f"{at}/{n}" for at, _, found in os.walk(root) for n in found)
    if not names:
        return ""
    make_writable(root)
    sources = [name for name in names if name.endswith(".go")]
    if sources and random.random() < 0.6:
        path = Path(random.choice(sources))
        path.write_bytes(path.read_bytes().replace(b"waaaa", b"wbbbb"))
        return f"edited {path}"
    path = Path(random.choice(names))
    if random.random() < 0.5:
        path.unlink()
        return f"removed {path}"
    shutil.rmtree(path.parent)
    return f"removed the directory of {path}"


def settings(world: World, random: Random) -> str:
    """Change what `go env -w` wrote on this machine."""
    path = f"{os.path.dirname(world.root)}/config/go/env"
    if os.path.exists(path) and random.random() < 0.5:
        os.unlink(path)
        return "removed the go env file"
    text = random.choice(SETTINGS)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(path).write_bytes(text)
    return f"the go env file says {text.decode().strip()}"


def compiler(world: World, _random: Random) -> str:
    """Install a C compiler, or remove it."""
    return set_compiler(world, there=not has_compiler(world))


def has_compiler(world: World) -> bool:
    """Say whether PATH has a C compiler."""
    return ":/usr/bin:" in world.environment["PATH"]


def set_compiler(world: World, *, there: bool) -> str:
    """Have a C compiler in PATH, or none."""
    tools = ":".join(_SYSTEM) if there else _tools_of(_base_of(world))
    world.environment["PATH"] = f"{world.root}/bin0:{world.root}/bin:{tools}"
    return f"{'a' if there else 'no'} C compiler"


def ignored(world: World, random: Random) -> str:
    """Let a file appear that git ignores, or vanish: no clone has it."""
    name = random.choice([*_IGNORED])
    if os.path.lexists(world.at(name)):
        world.remove(name)
        return f"removed {name}"
    if not os.path.isdir(os.path.dirname(world.at(name))):
        return ""
    world.write(name, _IGNORED[name])
    return f"{name} appeared"


def run_path(world: World, _random: Random) -> str:
    """Put the path of the checkout into the flags of the linker, or take it out."""
    data = world.read("app/c/c.go")
    if world.kind != "cgo" or not data:
        return ""
    new = data.replace(_RPATH, b"") if _RPATH in data else data.replace(b"c\n\n", b"c\n\n" + _RPATH)
    world.write("app/c/c.go", new)
    return "changed the run path of c"


def shared_place(world: World, random: Random) -> str:
    """Damage what was published, or have it evicted."""
    root = f"{_base_of(world)}/shared"
    found = sorted(f"{at}/{n}" for at, _, names in os.walk(root) for n in names)
    if not found:
        return ""
    path = random.choice(found)
    if random.random() < 0.5:
        os.unlink(path)
        return f"evicted {path}"
    with open(path, "r+b") as file:
        file.seek(random.randrange(max(1, os.stat(path).st_size)))
        file.write(random.choice((b"X", b"\0\0", b"")))
        if random.random() < 0.3:
            file.truncate()
    return f"damaged {path}"


def _base_of(world: World) -> str:
    """Return the folder of all machines."""
    root = world.root
    return root[: root.index("/machines/") + len("/machines")]


def _tools_of(base: str) -> str:
    """Return the directory with the commands of a system without a C compiler."""
    return f"{os.path.dirname(base)}/tools"


_OF_MACHINES: dict[str, tuple[int, Mutation]] = {
    "module cache": (16, module_cache),
    "go env -w": (8, settings),
    "compiler": (4, compiler),
    "ignored file": (4, ignored),
    "run path": (4, run_path),
}
_OFTEN = {"launcher": 1, "swap above": 1, "environment": 14}
_SHARED = {
    name: (_OFTEN.get(name, often), what)
    for name, (often, what) in MUTATIONS.items()
    if name not in ("mount", "flags", "store")
} | _OF_MACHINES
FIRST = _SHARED | {"flags": AROUND["flags"]}
"""What may happen to the first machine."""
SECOND = _SHARED | {"shared place": (3, shared_place)}
"""What may happen to the second one."""


# Asking.


@contextlib.contextmanager
def _no_wheel() -> Iterator[None]:
    """Have no go but what PATH and GORUN_GO name."""
    before = sys.path
    sys.path = [p for p in before if not os.access(f"{p}/go/bin/go", os.X_OK)]
    try:
        yield
    finally:
        sys.path = before


def ask_fetched(world: World, slot: Slot) -> tuple[Answer, Manifest | None]:
    """Ask gorun, in this process, for what it has without go; "stale" where that is nothing."""
    environ = environ_of(world, slot, f"{world.root}-no-cache")
    os.chdir(world.at(slot.where))
    try:
        flags, _ = BuildFlags.parse(list(slot.flags))
        graph = Program.typed(Target(slot.target), flags, environ).graph()
        graph.fetch()
        verdict = graph.verdict
        because = tuple(map(str, verdict.because))
        if verdict.manifest is None:
            return Answer("stale", because=because), None
        made = graph.make()
        return Answer(made.outcome, digest_of(made.path), because), verdict.manifest
    except GoRunError as error:
        return Answer("failed", told=str(error)), None
    finally:
        os.chdir("/")


def make_writable(root: str) -> None:
    """Have everything in a module cache be editable."""
    for at, _, names in os.walk(root):
        for path in (at, *(f"{at}/{name}" for name in names)):
            if not os.path.islink(path):
                os.chmod(path, 0o755)


def _remove(root: str) -> None:
    if os.path.isdir(root):
        make_writable(root)
        shutil.rmtree(root)


class Machines:
    """Two machines and the place between them, as a seed makes them."""

    def __init__(
        self,
        folder: str,
        caches: Caches,
        tally: MachinesTally,
        *,
        toolchains: tuple[str, ...],
        seed: int,
        kind: str = "",
    ) -> None:
        random = Random(seed)
        kind = kind or random.choice(KINDS)
        self._base = f"{folder}/machines"
        _remove(self._base)
        self._one = f"{self._base}/one"
        os.makedirs(f"{self._one}/world-home")
        os.mkdir(f"{self._one}/world-tmp")
        publish(Path(f"{self._base}/proxy"), "example.com/far", "v1.0.0", _FAR)
        if not os.path.isdir(_tools_of(self._base)):
            _make_tools(_tools_of(self._base))
        self._caches = caches
        caches.renew()
        self._tally = tally
        order = [*toolchains]
        random.shuffle(order)
        self._built_by: dict[str, str] = {}  # executables, and the go of each
        is_c = kind in ("plain C", "cgo")
        of_model = "cgo" if is_c else kind if kind in ("workspace", "vendor") else "module"
        self._first = World(f"{self._one}/world", of_model, tuple(order))
        _dress(self._first, kind)
        os.mkdir(f"{self._first.root}/.git")  # so that it is a repository
        self._first.environment = self._surroundings(self._one) | {"GORUN_REMOTE_WRITE": "1"}
        set_compiler(self._first, there=is_c or random.random() < 0.7)
        if is_c:
            self._first.slots = [Slot("app", flags, (".",)) for flags in ((), ("-trimpath",))]
        else:
            self._first.slots = list(programs_at(self._first, random))
            self._first.slots = [_shared_often(slot, random) for slot in self._first.slots]
            if random.random() < 0.5:  # as it is recommended for programs without C
                self._first.environment["CGO_ENABLED"] = "0"
        if kind == "user":
            self._first.slots.append(Slot("app", ("-trimpath",), ("./cmd/two",)))
        self._uses_c = is_c or kind == "user"
        self._second: World | None = None
        self._traits: Traits | None = None
        self._published: list[Published] = []
        self._answers: dict[str, Answer] = {}
        self._slot = self._first.slots[0]
        self._fresh = False  # nothing has happened to the second machine yet
        self.ill = 0  # builds in a row that were not published
        slots = "; ".join(map(str, self._first.slots))
        self.told: list[str] = [f"{kind} of seed {seed}, go {order}: {slots}"]
        self._download()

    def _download(self) -> None:
        """Have the modules on the first machine: a build that downloads is not recorded."""
        environ = environ_of(self._first, self._first.slots[0], self._caches.ours)
        words = [self._first.toolchains[0], "mod", "download"]
        where = self._first.at("app")
        subprocess.run(words, cwd=where, env=environ, capture_output=True, check=False)

    def _surroundings(self, place: str) -> dict[str, str]:
        """Return the variables of a machine that is in a folder."""
        return {
            "GOPROXY": f"file://{self._base}/proxy",
            "GONOSUMDB": "*",
            "GORUN_REMOTE": f"file://{self._base}/shared",
            "GORUN_CACHE_DIR": f"{place}/store",
            "XDG_CONFIG_HOME": f"{place}/config",
        }

    def take(self, step: Step) -> Failure | None:
        """Take one step; return the difference that came out."""
        random = Random(step.seed)
        who, _, kind = step.kind.partition(" ")
        with _no_wheel():
            if who == "publish":
                self._publish(random)
            elif who == "undo":
                self._undo(random)
            elif who == "first":
                self._mutate(self._first, FIRST[kind][1], kind, random)
            else:
                with self._second_in_its_place(clone=who == "clone"):
                    if who == "clone":
                        self._clone(random)
                    elif who == "look" and self._second is not None:
                        return self._look(self._second, random)
                    elif who == "pull" and self._second is not None:
                        self._pull(self._second, random)
                    elif who == "second" and self._second is not None:
                        self._fresh = False
                        self._mutate(self._second, SECOND[kind][1], kind, random)
                        self._have_no_go(self._second)
        return None

    def _mutate(self, world: World, act: Mutation, kind: str, random: Random) -> None:
        try:
            words = act(world, random)
        except OSError as error:  # such a tree has no such place any more
            words = f"half of {kind}: {error}"
        if words:
            name = "first" if world is self._first else "second"
            self.told.append(f"{name} {kind}: {words}")
            self._tally.mutations[kind] += 1

    def _publish(self, random: Random) -> None:
        world, slot = self._first, random.choice(self._first.slots)
        self.ill += 1
        given = (*slot.flags, *world.environment.values())
        if not os.path.isdir(world.at(slot.where)) or any("-mod=mod" in word for word in given):
            return
        if random.random() < 0.95:
            let_the_clock_tick()
        self._know(world, slot)
        ours = ask_here(world, slot, self._caches.ours)
        self._tally.published[ours.outcome] += 1
        self.told.append(f"first {slot}: {ours.outcome} {list(ours.because)}")
        self._slot = slot
        if ours.outcome == "built":
            go = go_of(world, environ_of(world, slot, ""))
            self._built_by[ours.digest] = os.path.realpath(go)
        if ours.outcome != "failed":
            self.ill = 0
            new = Published(world.snapshot(), dict(world.environment), slot)
            self._published = [*self._published[1 - _GOOD_KEPT :], new]

    def _undo(self, random: Random) -> None:
        if self._published:
            tree = random.choice(self._published)
            self._first.restore(tree.entries, times=random.random() < 0.4)
            self._first.environment = dict(tree.environment)
            self.told.append("first: as it was")

    @contextlib.contextmanager
    def _second_in_its_place(self, *, clone: bool) -> Iterator[None]:
        """Have only the second machine be there."""
        os.rename(self._one, f"{self._base}/one-away")
        if clone:
            _remove(f"{self._base}/two")
            _remove(f"{self._base}/another")
        if os.path.isdir(f"{self._base}/two"):
            os.rename(f"{self._base}/two", self._one)
        try:
            yield
        finally:
            if os.path.isdir(self._one):
                os.rename(self._one, f"{self._base}/two")
            os.rename(f"{self._base}/one-away", self._one)

    def _clone(self, random: Random) -> None:
        """Have a new second machine, with the tree of the first as it is."""
        first = copy.copy(self._first)
        slot = self._slot
        trimmed = "-trimpath" in slot.flags or "-trimpath" in first.environment.get("GOFLAGS", "")
        none, same = (0.3, 0.9) if trimmed else (0.05, 0.9)  # without it GOROOT's path counts
        chance = random.random()
        traits = Traits(
            same_path=random.random() < (0.2 if trimmed else 0.9),
            modules=random.random() < 0.5,
            go="" if chance < none else first.toolchains[0 if chance < same else -1],
            compiler=has_compiler(first) != (random.random() < 0.15),
            settings_in_file=random.random() < 0.2,
        )
        place = self._one if traits.same_path else f"{self._base}/another/and-longer"
        first.root = f"{self._base}/one-away/world"
        os.makedirs(place)
        self._second, self._traits, self._fresh = first.checkout(f"{place}/world"), traits, True
        second = self._second
        for folder in ("config", *(("world-home/go",) if traits.modules else ())):
            if os.path.isdir(f"{self._base}/one-away/{folder}"):
                shutil.copytree(f"{self._base}/one-away/{folder}", f"{place}/{folder}")
        for name in _IGNORED:
            second.remove(name)
        second.environment = self._translated(self._first.environment, second)
        set_compiler(second, there=traits.compiler)
        self._have_no_go(second)
        if chance >= same and not second.environment.get("GORUN_GO"):
            second.link("bin/go", traits.go)
        self.told.append(f"second machine: {traits}")

    def _translated(self, environment: dict[str, str], second: World) -> dict[str, str]:
        """Return the variables of the first machine as they are on the second one."""
        place, traits = os.path.dirname(second.root), self._traits
        assert traits is not None
        found = {n: value.replace(self._one, place) for n, value in environment.items()}
        del found["GORUN_REMOTE_WRITE"]
        if traits.settings_in_file:
            moved = {n: found.pop(n) for n in ("GOFLAGS", "CGO_ENABLED") if found.get(n)}
            path = Path(f"{place}/config/go/env")
            if moved and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(f"{n}={value}\n" for n, value in moved.items()))
        return found

    def _have_no_go(self, second: World) -> None:
        """Remove the go command from a machine that has none."""
        assert self._traits is not None
        if not self._traits.go:
            second.environment.pop("GORUN_GO", None)
            for name in ("bin/go", "bin0/go"):
                second.remove(name)

    def _pull(self, second: World, random: Random) -> None:
        """Have the second machine's tree be one that was published."""
        if not self._published:
            return
        tree = self._published[-1] if random.random() < 0.5 else random.choice(self._published)
        compiler_here = has_compiler(second)
        second.restore(tree.entries, times=random.random() < 0.3)
        second.environment = self._translated(tree.environment, second)
        set_compiler(second, there=compiler_here)
        self._have_no_go(second)
        self._slot, self._fresh = tree.slot, True
        self.told.append("second: pulled")

    def _look(self, second: World, random: Random) -> Failure | None:
        """Ask on the second machine, and hold against go what needs none."""
        slot, tally, traits = self._slot, self._tally, self._traits
        assert traits is not None
        keep = random.random() < 0.15 and os.path.isdir(second.environment["GORUN_CACHE_DIR"])
        if not os.path.isdir(second.at(slot.where)):
            return None
        if not keep:
            _remove(second.environment["GORUN_CACHE_DIR"])
            if not traits.modules:
                _remove(f"{second.root}-home/go")
        if random.random() < 0.85:
            let_the_clock_tick()
        ours, manifest = ask_fetched(second, slot)
        hit = ours.outcome == "fetched"
        self.told.append(f"second {slot}: {ours.outcome} {list(ours.because)}{ours.told}")
        if keep:
            tally.kept += 1
        else:
            tally.looks += 1
            tally.hits += hit
            tally.as_published += self._fresh
            tally.as_published_hits += self._fresh and hit
            for name in self._names_of(traits, second):
                tally.by_trait[name] += 1
                tally.hits_by_trait[name] += hit
        if manifest is None:
            return None
        if self._uses_c and not traits.go and _enables_cgo(second, manifest):
            return None  # only who published can compile that: tests/network/test_without_go
        tally.claims[ours.outcome] += 1
        tally.by_release[manifest.go_version] += hit
        return self._difference(second, slot, ours, manifest)

    def _names_of(self, traits: Traits, second: World) -> list[str]:
        go = "no go"
        if traits.go:
            go = "same go" if traits.go == self._first.toolchains[0] else "other go"
        return [
            "same path" if traits.same_path else "other path",
            "modules" if traits.modules else "no modules",
            go,
            "C compiler" if has_compiler(second) else "no C compiler",
        ]

    def _difference(
        self, second: World, slot: Slot, ours: Answer, manifest: Manifest
    ) -> Failure | None:
        there = self._with_go(second, slot, ours, manifest)
        state = self._state(there, slot)
        expected = self._answers.get(state)
        if expected is None:
            self._know(there, slot)
            expected = self._answers[state] = Question(there, slot, self._caches).answer()
        kind = difference_of(ours, expected)
        if not kind:
            return None
        self._caches.forget(self._caches.oracle)
        again = self._answers[state] = Question(there, slot, self._caches).answer()
        if not difference_of(ours, again):
            self._tally.wavered += 1
            self.told.append(f"go wavered: {expected} then {again}")
            return None
        self._tally.failures[kind] += 1
        failure = Failure(kind, slot, ours, again)
        self.told.append(str(failure))
        return failure

    def _with_go(self, second: World, slot: Slot, ours: Answer, manifest: Manifest) -> World:
        """Return the machine with the go that stands for the one that is not there."""
        environ = environ_of(second, slot, "")
        if environ.get("GORUN_GO") or shutil.which("go", path=environ["PATH"]):
            return second
        there = copy.copy(second)
        there.environment = dict(second.environment)
        there.environment["GORUN_GO"] = self._built_by[ours.digest]
        if value := manifest.defaults.get("CGO_ENABLED"):
            there.environment["CGO_ENABLED"] = value
        return there

    def _know(self, world: World, slot: Slot) -> None:
        environ = environ_of(world, slot, "")
        go = environ.get("GORUN_GO") or shutil.which("go", path=environ["PATH"])
        if go:
            self._caches.know(go, environ, slot.flags, cgo=self._uses_c)

    def _state(self, world: World, slot: Slot) -> str:
        """Return what stands for all that go could see."""
        entries = world.snapshot()
        found = [(n, e.kind, e.data, e.mode & 0o400) for n, e in entries.items()]
        around = []
        for folder in (f"{world.root}-home", f"{os.path.dirname(world.root)}/config"):
            for at, _, names in sorted(os.walk(folder)):
                around += [(at, n, Path(at, n).read_bytes()) for n in sorted(names)]
        words = repr((world.root, slot, sorted(world.environment.items()), found, around))
        return hashlib.sha256(words.encode()).hexdigest()


def _enables_cgo(world: World, manifest: Manifest) -> bool:
    value = world.environment.get("CGO_ENABLED") or manifest.defaults.get("CGO_ENABLED")
    return value == "1"


def _make_tools(folder: str) -> None:
    """Make a directory with the commands of the system, without any C compiler."""
    os.mkdir(folder)
    for system in _SYSTEM:
        for name in os.listdir(system):
            if not (_COMPILER.fullmatch(name) or os.path.lexists(f"{folder}/{name}")):
                os.symlink(f"{system}/{name}", f"{folder}/{name}")


def _shared_often(slot: Slot, random: Random) -> Slot:
    """Return a program that is behind a link less often, and has -trimpath more often."""
    if slot.where == "alias" and random.random() < 0.8:
        slot = slot._replace(where="app")
    if random.random() < 0.5:
        return slot
    return slot._replace(flags=tuple(dict.fromkeys((*slot.flags, "-trimpath"))))


def _dress(world: World, kind: str) -> None:
    """Give a world what makes it one of its kind."""
    if kind == "download":
        world.write("app/go.mod", FILES["app/go.mod"] + b"\nrequire example.com/far v1.0.0\n")
        world.write("app/go.sum", _FAR_SUMS)
        lib = FILES["app/lib/lib.go"].replace(b"lib\n", b'lib\n\nimport "example.com/far"\n', 1)
        world.write("app/lib/lib.go", lib.replace(b"+ mode", b"+ mode + far.Word()"))
    if kind == "user":
        two = FILES["app/cmd/two/main.go"].replace(b"import (\n", b'import (\n\t"os/user"\n\n')
        world.write("app/cmd/two/main.go", two.replace(b"{ ", b"{ _, _ = user.Current(); "))
    if kind == "plain C":
        world.write("app/go.mod", FILES["app/go.mod"])
        world.remove("app/go.sum")
        main = CGO_FILES["app/main.go"].replace(b'\t"example.com/fetched"\n', b"")
        main = main.replace(b'\t"example.com/fetched"', b"").replace(
            b'\t"example.com/app/arch"', b""
        )
        world.write("app/main.go", main.replace(b"arch.F(), c.F(), fetched.F()", b"c.F()"))
        world.write("app/c/c.go", _C_LINES.sub(b"", CGO_FILES["app/c/c.go"]))
        world.write("app/c/value.h", b"#define VALUE 10\n")


class MachinesWalk:
    """Draws the steps of an episode one by one."""

    def __init__(self, machines: Machines, seed: int) -> None:
        self._random = Random(seed)
        self._machines = machines
        self._queue: list[str] = ["publish"]

    def next(self) -> Step:
        """Return the step to take now."""
        random = self._random
        if not self._queue:
            self._round()
        return Step(self._queue.pop(0), random.getrandbits(32))

    def _round(self) -> None:
        random, queue = self._random, self._queue
        if self._machines.ill:
            queue += ["undo"] if random.random() < 0.8 else []
            queue += [f"first {draw(random, FIRST)}", "publish"]
            return
        for _ in range(random.randint(1, 2)):
            queue += ["clone", "look"]
            for _ in range(random.randint(1, 4)):
                for _ in range(random.choice((1, 1, 1, 2))):
                    queue.append(f"second {draw(random, SECOND)}")
                queue.append("look")
                if random.random() < 0.6:
                    queue += ["pull", "look"] if random.random() < 0.5 else ["pull"]
        queue += [f"first {draw(random, FIRST)}" for _ in range(random.choice((1, 1, 2)))]
        queue.append("publish")
