"""Killed at any moment: the next run is right, and eviction finds what was left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stress.death import Killer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

KILLS = 12
"""As many as a test run has the patience for; `python -m tests.stress.death` kills 500 times."""


def test_whoever_is_killed_leaves_a_sound_store(tmp_path: Path) -> None:
    killer = Killer(tmp_path, seed=8)
    killer.kills(KILLS)
    assert len(killer.killed) > 4, "the kills hit too few kinds of deeds"
