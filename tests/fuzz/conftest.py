"""What the differential tests need: a go command, and the standard library compiled once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.oracle import Caches

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def caches(tmp_path: Path, request: pytest.FixtureRequest) -> Caches:
    """Return build caches; the standard library in them lives as long as pytest's own cache."""
    warm = os.environ.get("GORUN_FUZZ_WARM", "")
    kept = getattr(request.config, "cache", None)  # not there under -p no:cacheprovider
    if not warm and kept is not None:
        warm = str(kept.mkdir("fuzz"))
    return Caches(str(tmp_path), warm)
