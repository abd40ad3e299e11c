"""An episode: one world, a sequence of steps, and at each check gorun held against the oracle.

Decides what counts as a failure, and counts everything else. A step is a class of mutation, or
"check", "look", "meanwhile" (a mutation while go builds for gorun), "second" (another checkout), or
"undo" or "back" (to some tree that was checked, to the newest), with a seed of its own: so any part
of a sequence can be replayed. It must never let a difference pass in silence.

A check has gorun make the executable, and the oracle too. A look, after a single mutation of
several, only has gorun judge: what it calls stale needs no proof, whatever it calls current or
restored is held against the oracle as at a check. So a wrong "current" is found also where a later
mutation would have hidden it, and nothing is linked in between.

In another checkout of the tree, elsewhere and with another home, gorun is asked for what it has
without go, as the tree is and after mutations: that must be what go makes there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from gorun_tasks.system import host
from tests.fuzz.model import MUTATIONS, ON_FILES, World, draw, edit_same, programs_at, reword
from tests.fuzz.oracle import (
    Answer,
    Caches,
    Meddler,
    Question,
    ask_command,
    ask_here,
    ask_verdict,
    build_as_somebody_else,
    environ_of,
    go_of,
    newest_recorded,
)
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from tests.fuzz.model import Entry, Slot

KINDS = ("module", "module", "module", "workspace", "workspace", "vendor")
_WITHOUT_A_TRACE = (
    *("swap directories", "symlink", "rename or copy directory"),
    *("swap above", "swap above", "mount"),
)
_COMMAND_SHARE = 0.12  # of the checks go through the command line
_SOMEBODY_ELSES_SHARE = 0.2  # of the checks with C come after a build by go alone
_GOOD_KEPT = 4
_SECOND_SHARE = 0.15  # of the rounds are about a second checkout
_NOT_IN_SECOND = ("mount", "flags", "store")
_IN_SECOND = {kind: MUTATIONS[kind] for kind in MUTATIONS if kind not in _NOT_IN_SECOND}
_SAMPLE = 0.15  # of the looks at which gorun would build


class Step(NamedTuple):
    """One thing that happens."""

    kind: str
    seed: int


class Failure(NamedTuple):
    """A difference between gorun and go."""

    kind: str  # "stale", "wrong failure", "wrong executable", "ran what go refuses", "crash"
    slot: Slot
    ours: Answer
    expected: Answer

    def __str__(self) -> str:
        return f"{self.kind}: {self.slot}\n  gorun: {self.ours}\n  go:    {self.expected}"


class Tally:
    """What has been counted so far, over many episodes."""

    def __init__(self) -> None:
        self.mutations: Counter[str] = Counter()
        self.checks = 0
        self.by_command = 0
        self.looks = 0
        self.claims = 0  # looks at which gorun needed no go, so that the oracle was asked
        self.right = 0  # of these, where the newest recorded executable was the right one
        self.sampled = 0  # looks at what gorun called stale, where the oracle was asked to count
        self.sampled_needless = 0  # of these, where the newest recorded executable was right
        self.sampled_because: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.expected: Counter[str] = Counter()
        self.needless: Counter[str] = Counter()  # by the classes since the program's last check
        self.needless_because: Counter[str] = Counter()
        self.needless_linked = 0  # of these, where go linked, and had not kept it either
        self.needless_for_nothing = 0  # after what leaves every content as it was
        self.unneeded = 0  # checks where the newest recorded executable was the right one
        self.second = 0  # looks in a second checkout
        self.second_same = 0  # of these, those at the tree as it was built
        self.second_same_hits = 0  # of these, where gorun needed no go
        self.second_claims: Counter[str] = Counter()  # of these, what gorun had without go
        self.meanwhile = 0  # mutations that came while go was building
        self.wavered = 0  # where go, asked again, said something else
        self.failures: Counter[str] = Counter()

    def plain(self) -> dict[str, object]:
        """Return the counts, for adding up what several runs counted."""
        return {name: value for name, value in vars(self).items() if value}

    def share(self) -> float:
        """Return the share of needless builds where a look came after one or two mutations.

        Percent of the looks at which the newest recorded executable was right, as the sample of
        what was called stale tells.
        """
        needless = self.sampled_needless / _SAMPLE
        return 100 * needless / max(1.0, needless + self.right)

    def report(self) -> str:
        """Return the counts, for people."""
        total = sum(self.mutations.values())
        needless = sum(self.needless.values())
        share = 100 * needless / max(1, self.unneeded)
        outcomes = ", ".join(f"{name} {n}" for name, n in self.outcomes.most_common())
        failures = ", ".join(f"{name} {n}" for name, n in self.failures.items()) or "none"
        needless_line = (
            f"needless: {needless} of the {self.unneeded} checks at which the newest recorded "
            f"executable was right ({share:.1f} %); go linked in {self.needless_linked} of them, "
            f"{self.needless_for_nothing} came after touches alone"
        )
        lines = [
            f"mutations {total} ({self.meanwhile} of them while go was building)",
            f"checks {self.checks} ({self.by_command} by command line): {outcomes}",
            f"looks {self.looks}: {self.claims} current or restored",
            f"looks in a second checkout {self.second}: {dict(self.second_claims)}",
            f"  of the tree as it was built {self.second_same}, {self.second_same_hits} without go",
            f"after one or two mutations: needless {self.share():.1f} %",
            f"go: {', '.join(f'{name} {n}' for name, n in self.expected.most_common())}",
            f"failures: {failures}; go wavered: {self.wavered}",
            needless_line,
            *(f"  {n:5} after {classes}" for classes, n in self.needless.most_common(25)),
            "  because:",
            *(f"  {n:5} {words}" for words, n in self.needless_because.most_common(40)),
            "  and of the sample because:",
            *(f"  {n:5} {words}" for words, n in self.sampled_because.most_common(40)),
            "mutations by class:",
            *(f"  {n:5} {name}" for name, n in self.mutations.most_common()),
        ]
        return "\n".join(lines)


class Episode:
    """A world in `folder`, as a seed makes it, and what happened to it."""

    def __init__(
        self,
        folder: str,
        caches: Caches,
        tally: Tally,
        *,
        toolchains: tuple[str, ...],
        seed: int,
        kind: str = "",
    ) -> None:
        random = Random(seed)
        kind = kind or ("cgo" if random.random() < 0.04 else random.choice(KINDS))
        root = f"{folder}/world"
        unmount_below(root)
        beside = ("-store", "-home", "-tmp", "-copy", "-events", "-twin", "-away", "-second")
        for name in ("", *beside):
            if os.path.isdir(root + name):
                shutil.rmtree(root + name)
            elif os.path.lexists(root + name):
                os.unlink(root + name)
        for name in ("", "-home", "-tmp"):
            os.makedirs(root + name)
        self._caches = caches
        caches.renew()
        self._tally = tally
        self.world = World(root, kind, toolchains)
        os.mkdir(f"{root}/.git")  # so that it is a repository
        self.world.slots = list(programs_at(self.world, random))
        self.told: list[str] = [f"{kind} of seed {seed}: {'; '.join(map(str, self.world.slots))}"]
        self.ill = 0  # checks in a row that go could not build
        self._good: list[tuple[dict[str, Entry], dict[str, str]]] = []
        self._well: list[Slot] = []  # programs that go could build
        self._answers: dict[str, Answer] = {}
        self._since: dict[Slot, list[str]] = {}

    def take(self, step: Step) -> Failure | None:
        """Take one step; return the difference that came out."""
        random = Random(step.seed)
        if step.kind == "check":
            return self._check(random)
        if step.kind == "look":
            return self._look(random)
        if step.kind == "second":
            return self._second(random)
        if step.kind == "undo":
            self._undo(random)
        elif step.kind == "back":
            self._back(random)
        elif step.kind == "meanwhile":
            return self._meanwhile(random)
        else:
            self._mutate(step.kind, random)
        return None

    def _mutate(self, kind: str, random: Random) -> bool:
        try:
            words = MUTATIONS[kind][1](self.world, random)
        except OSError as error:  # such a tree has no such place any more
            words = f"half of {kind}: {error}"
        if words:
            self._note(kind, words)
        return bool(words)

    def _note(self, kind: str, words: str) -> None:
        self.told.append(f"{kind}: {words}")
        self._tally.mutations[kind] += 1
        for classes in self._since.values():
            classes.append(kind)

    def _undo(self, random: Random) -> None:
        if not self._good:
            return
        entries, environment = random.choice(self._good)
        times = random.random() < 0.4
        self.world.restore(entries, times=times)
        self.world.environment = dict(environment)
        if self.ill > 1:  # a program that has no chance in this world
            slots = self.world.slots
            slots[random.randrange(len(slots))] = random.choice(self._well)
        self._note("undo", f"as it was{' with its times' if times else ''}")

    def _back(self, random: Random) -> None:
        """Bring the newest tree back that go could build."""
        if not self._good:
            return
        entries, environment = self._good[-1]
        times = random.random() < 0.4
        self.world.restore(entries, times=times)
        self.world.environment = dict(environment)
        self._note("undo", f"back{' with its times' if times else ''}")

    def _meanwhile(self, random: Random) -> Failure | None:
        """Change the tree while go builds for gorun, and perhaps take it back."""
        world, slot = self.world, random.choice(self.world.slots)
        if not self._can_be_asked(slot):
            return None
        for name in ("app/main.go", "app/cmd/one/main.go", "app/assets/one.txt", "app/lib/lib.go"):
            if os.path.isfile(world.at(name)):  # so that go has something to compile
                reword(world, random, name, same_size=True, how="plain")
        self._note("edit", "several files")
        kind, seed = draw(random, ON_FILES), random.getrandbits(32)
        if random.random() < 0.5:  # what moves without a trace in the files
            kind = random.choice([kind for kind in _WITHOUT_A_TRACE if kind in ON_FILES] or [kind])
        if kind == "swap above" and not world.mounted:
            world.make_twin(lambda: edit_same(world, random))
        let_the_clock_tick()
        before = world.snapshot()
        meddler = Meddler(world, random, lambda: _ignore(self._mutate(kind, Random(seed))))
        self._know(slot)
        meddler.start()
        try:
            ours = ask_here(world, slot, self._caches.ours)
        finally:
            meddler.finish()
        self._since[slot] = ["meanwhile"]
        self.told.append(f"asked meanwhile ({meddler.stage}), acted {meddler.acted}: {ours}")
        if meddler.acted:
            self._tally.meanwhile += 1
            if random.random() < 0.7:
                times = random.random() < 0.5
                world.restore(before, times=times)
                self._note("undo", f"what was done meanwhile, times {times}")
        return self._check(random, slot)

    def _second(self, random: Random) -> Failure | None:
        """Build with -trimpath, and ask in another checkout, as it is and after mutations."""
        world = self.world
        slot = random.choice(world.slots)
        slot = slot._replace(flags=tuple(dict.fromkeys((*slot.flags, "-trimpath"))))
        if not self._can_be_asked(slot) or self._writes(slot):
            return None
        self._know(slot)
        if random.random() < 0.9:
            let_the_clock_tick()  # else what was just edited is not recorded
        ours = ask_here(world, slot, self._caches.ours)
        self.told.append(f"built for another checkout: {slot}: {ours.outcome}")
        if ours.outcome == "failed":
            return None
        second = world.checkout(f"{world.root}-second/of/it")
        second.environment["GORUN_CACHE_DIR"] = f"{world.root}-store"
        if random.random() < 0.7:
            for name, value in second.environment.items():
                if name != "GORUN_CACHE_DIR":
                    second.environment[name] = value.replace(world.root, second.root)
        begun, around = second.snapshot(), dict(second.environment)
        claims = self._tally.second_claims.total()
        failure = self._look_in(second, slot, random)
        self._tally.second_same += 1
        self._tally.second_same_hits += self._tally.second_claims.total() > claims
        for _ in range(random.randint(2, 6)):
            if failure is not None:
                break
            self._mutate_second(second, random)
            failure = self._look_in(second, slot, random)
            if random.random() < 0.6:
                second.restore(begun, times=random.random() < 0.5)
                second.environment = dict(around)
        return failure

    def _mutate_second(self, second: World, random: Random) -> None:
        for _ in range(random.choice((1, 1, 1, 2))):
            kind = draw(random, _IN_SECOND)
            with contextlib.suppress(OSError):
                words = _IN_SECOND[kind][1](second, random)
                self.told.append(f"in the second checkout: {kind}: {words}")
                self._tally.mutations[kind] += bool(words)

    def _look_in(self, second: World, slot: Slot, random: Random) -> Failure | None:
        """Ask in another checkout, and hold against go what needs none."""
        if not os.path.isdir(second.at(slot.where)):
            return None
        if random.random() < 0.8:
            let_the_clock_tick()
        ours = ask_verdict(second, slot, self._caches.ours)
        self._tally.second += 1
        self.told.append(f"second checkout {slot}: {ours.outcome} {list(ours.because)}")
        if ours.outcome == "stale":
            return None
        self._tally.second_claims[ours.outcome] += 1
        environ = environ_of(second, slot, "")
        self._caches.know(go_of(second, environ), environ, slot.flags, cgo=second.kind == "cgo")
        return self._difference(slot, ours, Question(second, slot, self._caches).answer(), second)

    def _can_be_asked(self, slot: Slot) -> bool:
        return os.path.isdir(self.world.at(slot.where))

    def _know(self, slot: Slot) -> None:
        environ = environ_of(self.world, slot, "")
        cgo = self.world.kind == "cgo"
        self._caches.know(go_of(self.world, environ), environ, slot.flags, cgo=cgo)

    def _look(self, random: Random) -> Failure | None:
        world, tally = self.world, self._tally
        slot = random.choice(world.slots)
        if not self._can_be_asked(slot):
            return None
        if random.random() < 0.8:
            let_the_clock_tick()
        newest = newest_recorded(world, slot, self._caches.ours)
        ours = ask_verdict(world, slot, self._caches.ours)
        tally.looks += 1
        self.told.append(f"look {slot}: {ours.outcome} {list(ours.because)}")
        if ours.outcome == "stale":
            if newest and not _of_the_store(ours) and random.random() < _SAMPLE:
                self._know(slot)
                tally.sampled += 1
                if Question(world, slot, self._caches).answer().digest == newest:
                    tally.sampled_needless += 1
                    tally.sampled_because[self._gist(ours.because)] += 1
            return None
        tally.claims += 1
        tally.right += ours.digest == newest
        state = self._state(slot, world.snapshot())
        expected = self._answers.get(state)
        if expected is None:
            self._know(slot)
            expected = Question(world, slot, self._caches).answer()
            if not self._writes(slot):
                self._answers[state] = expected
        return self._difference(slot, ours, expected)

    def _check(self, random: Random, slot: Slot | None = None) -> Failure | None:
        world, tally = self.world, self._tally
        slot = slot or random.choice(world.slots)
        if not self._can_be_asked(slot):
            self.ill += 1
            return None
        if random.random() < 0.8:
            let_the_clock_tick()
        if world.kind == "cgo" and random.random() < _SOMEBODY_ELSES_SHARE:
            self.told.append(f"somebody else builds {slot}")
            build_as_somebody_else(world, slot, self._caches.ours)
        by_command = random.random() < _COMMAND_SHARE
        ask = ask_command if by_command else ask_here
        newest = newest_recorded(world, slot, self._caches.ours)
        kept = self._caches.executables(self._caches.ours)
        entries = world.snapshot()
        state = self._state(slot, entries)
        expected = self._answers.get(state)
        if expected is not None and random.random() < 0.1:
            expected = None
        self._know(slot)
        if expected is None:
            if self._writes(slot):
                ours = ask(world, slot, self._caches.ours)
                expected = Question(world, slot, self._caches).answer()
            else:
                question = Question(world, slot, self._caches)
                ours = ask(world, slot, self._caches.ours)
                expected = question.answer()
                self._answers[state] = expected
        else:
            ours = ask(world, slot, self._caches.ours)
        tally.checks += 1
        tally.by_command += by_command
        tally.outcomes[ours.outcome] += 1
        tally.expected[expected.outcome] += 1
        self.told.append(f"check {slot}: {ours.outcome} {list(ours.because)}")
        if self._weigh(slot, ours, expected, newest):
            tally.needless_linked += self._caches.executables(self._caches.ours) != kept
        if expected.outcome == "built":
            self.ill = 0
            self._well = [*self._well[1 - _GOOD_KEPT :], slot]
            self._good = [*self._good[1 - _GOOD_KEPT :], (entries, dict(world.environment))]
        else:
            self.ill += 1
        return self._difference(slot, ours, expected)

    def _weigh(self, slot: Slot, ours: Answer, expected: Answer, newest: str) -> bool:
        """Count a check; say whether go was asked needlessly."""
        classes = self._since.get(slot, ["first"])
        self._since[slot] = []
        if not newest or newest != expected.digest or _of_the_store(ours):
            return False
        self._tally.unneeded += 1
        needless = ours.outcome == "built"
        if needless:
            self._tally.needless[", ".join(sorted(set(classes))) or "nothing"] += 1
            self._tally.needless_for_nothing += set(classes) <= {"touch", "rewrite", "undo"}
            self._tally.needless_because[self._gist(ours.because)] += 1
        return needless

    def _gist(self, because: tuple[str, ...]) -> str:
        """Return reasons without what differs from world to world."""
        return "; ".join(sorted(words.replace(self.world.root, "…") for words in because))

    def _difference(
        self, slot: Slot, ours: Answer, expected: Answer, world: World | None = None
    ) -> Failure | None:
        kind = difference_of(ours, expected)
        if not kind:
            return None
        self._caches.forget(self._caches.oracle)
        again = Question(world or self.world, slot, self._caches).answer()
        if not difference_of(ours, again):
            self._tally.wavered += 1
            self.told.append(f"go wavered: {expected} then {again}")
            return None
        self._tally.failures[kind] += 1
        failure = Failure(kind, slot, ours, again)
        self.told.append(str(failure))
        return failure

    def _writes(self, slot: Slot) -> bool:
        """Say whether go may change go.mod: then only one may be asked at a time."""
        given = (*slot.flags, *self.world.environment.values())
        return any("-mod=mod" in word for word in given)

    def _state(self, slot: Slot, entries: dict[str, Entry]) -> str:
        found = [(n, e.kind, e.data, e.mode & 0o400) for n, e in entries.items()]
        words = repr((slot, sorted(self.world.environment.items()), found))
        return hashlib.sha256(words.encode()).hexdigest()


def difference_of(ours: Answer, expected: Answer) -> str:
    """Return what is wrong with our answer, "" for nothing."""
    if ours.outcome == "crashed":
        return "crash"
    if ours.outcome == "failed":
        return "" if expected.outcome == "failed" else "wrong failure"
    if ours.digest == expected.digest and expected.outcome == "built":
        return ""
    if ours.outcome in ("current", "restored", "fetched"):
        return "stale"
    return "ran what go refuses" if expected.outcome == "failed" else "wrong executable"


def _of_the_store(ours: Answer) -> bool:
    """Say whether gorun found its store damaged: then it has to build."""
    return any(words.startswith("the store") for words in ours.because)


def unmount_below(root: str) -> None:
    """Take away what an episode that was ended had mounted."""
    for _, place, *_ in reversed(host.mounts()):
        if place.startswith(f"{root}/"):
            subprocess.run(["umount", place], check=True)


def _ignore(_value: object) -> None:
    return


class Walk:
    """Draws the steps of an episode one by one, with an eye on how the world is doing."""

    def __init__(self, episode: Episode, seed: int) -> None:
        self._random = Random(seed)
        self._episode = episode
        self._queue: list[str] = ["check"]
        self.often_second = _SECOND_SHARE

    def next(self) -> Step:
        """Return the step to take now."""
        random = self._random
        if not self._queue:
            ill = self._episode.ill
            if (ill and random.random() < 0.85) or random.random() < 0.05:
                self._queue.append("undo")
            chance = random.random()
            if chance < 0.12:
                self._queue.append("meanwhile")
            elif chance < 0.7 and not ill:
                for _ in range(random.randint(6, 14)):
                    self._queue.extend(
                        draw(random, MUTATIONS) for _ in range(random.choice((1, 1, 2)))
                    )
                    self._queue.extend(("look", "back"))
                    if random.random() < 0.3:
                        self._queue.append("look")
                self._queue.append(draw(random, MUTATIONS))
            else:
                often = random.randint(1, 4) if random.random() < 0.6 else random.randint(5, 8)
                for left in reversed(range(often)):
                    self._queue.append(draw(random, MUTATIONS))
                    if left and random.random() < 0.5:
                        self._queue.append("look")
            self._queue.append("check")
            further = ("check", 0.15), ("second", self.often_second)
            self._queue += [kind for kind, share in further if random.random() < share]
        return Step(self._queue.pop(0), random.getrandbits(32))
