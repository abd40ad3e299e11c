"""gorun against go, in modules and workspaces that change at random: the short run.

Decides nothing of its own: `model` says what can happen, `episode` what counts as a failure.
`python -m tests.fuzz` is the long run. The steps are the same at each run; what happens while go
is building depends on how fast it builds.
"""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.fuzz.episode import Episode, Step, Tally
from tests.fuzz.model import AROUND, ON_FILES, Slot
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.oracle import Caches

_SEEDS = st.integers(0, 2**32 - 1)
_NOT_HERE = frozenset(
    (
        "header",  # a C compiler takes too long
        "mount",  # a run that is ended would leave it there
        "environment",  # the standard library would be compiled for each GOAMD64 and GOOS
    )
)
_ON_FILES = sorted(set(ON_FILES) - _NOT_HERE)
_AROUND = sorted(set(AROUND) - _NOT_HERE)


class Machine(RuleBasedStateMachine):
    """One world, in which hypothesis decides what happens."""

    folder: str
    caches: Caches

    def __init__(self) -> None:
        super().__init__()
        self._episode: Episode | None = None

    @initialize(kind=st.sampled_from(("module", "workspace", "vendor")), seed=_SEEDS)
    def begin(self, kind: str, seed: int) -> None:
        """Make a world, and have gorun and go build in it."""
        toolchains = (os.path.realpath(go_command()),)
        self._episode = Episode(
            self.folder, self.caches, Tally(), toolchains=toolchains, seed=seed, kind=kind
        )
        # -trimpath compiles the standard library once more.
        slots = self._episode.world.slots
        slots[:] = [
            slot._replace(flags=()) if "-trimpath" in slot.flags else slot for slot in slots
        ]
        self._take("check", seed)

    @rule(kind=st.sampled_from(_ON_FILES), seed=_SEEDS)
    def change_files(self, kind: str, seed: int) -> None:
        """Mutate the files."""
        self._take(kind, seed)

    @rule(seed=_SEEDS)
    def look(self, seed: int) -> None:
        """Hold what gorun says without go against go."""
        self._take("look", seed)

    @rule(kind=st.sampled_from(_ON_FILES), seed=_SEEDS)
    def change_files_and_check(self, kind: str, seed: int) -> None:
        """Mutate the files and look."""
        self._take(kind, seed)
        self._take("check", seed)

    @rule(kind=st.sampled_from(_AROUND), seed=_SEEDS)
    def change_what_is_around(self, kind: str, seed: int) -> None:
        """Mutate flags, the store and what go is told."""
        self._take(kind, seed)

    @rule(seed=_SEEDS)
    def undo(self, seed: int) -> None:
        """Bring an earlier tree back."""
        self._take("undo", seed)

    @rule(seed=_SEEDS)
    def change_while_go_builds(self, seed: int) -> None:
        """Mutate the files at the worst moment, and look."""
        self._take("meanwhile", seed)
        self._take("check", seed)

    def teardown(self) -> None:
        """Look at an earlier tree at the end."""
        if self._episode is not None:
            self._take("undo", 1)
            self._take("check", 1)

    def _take(self, kind: str, seed: int) -> None:
        assert self._episode is not None
        failure = self._episode.take(Step(kind, seed))
        if failure is not None:
            note("\n".join(self._episode.told))
        assert failure is None, str(failure)


# gorun leaves the pipes to go for the garbage collector to close.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("go")
def test_gorun_has_what_go_would_build(
    tmp_path: Path, caches: Caches, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("GO")]:
        monkeypatch.delenv(name)
    run_state_machine_as_test(
        type("Here", (Machine,), {"folder": str(tmp_path), "caches": caches}),
        settings=settings(
            max_examples=5,
            stateful_step_count=9,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),  # the driver finds the fewest steps
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.usefixtures("go")
def test_another_checkout_has_what_go_would_build_there(
    tmp_path: Path, caches: Caches, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("GO")]:
        monkeypatch.delenv(name)
    tally, random = Tally(), Random(1)
    toolchains = (os.path.realpath(go_command()),)
    for kind in ("module", "workspace"):
        episode = Episode(str(tmp_path), caches, tally, toolchains=toolchains, seed=1, kind=kind)
        episode.world.slots[:] = [Slot("app", (), ("./cmd/one",))]
        for _ in range(3):
            failure = episode.take(Step("second", random.getrandbits(32)))
            assert failure is None, "\n".join(episode.told)
            episode.take(Step("edit, size and time kept", random.getrandbits(32)))
    assert tally.second_claims["fetched"] > 0
