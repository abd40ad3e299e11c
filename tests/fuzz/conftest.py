"""What the differential tests need: a go command, and the standard library compiled once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import go
from tests.fuzz.oracle import Caches

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["caches", "go"]


@pytest.fixture
def caches(tmp_path: Path, request: pytest.FixtureRequest) -> Caches:
    """Return build caches; the standard library in them lives as long as pytest's own cache."""
    warm = os.environ.get("GORUN_FUZZ_WARM", "")
    if not warm and request.config.cache is not None:
        warm = str(request.config.cache.mkdir("fuzz"))
    return Caches(str(tmp_path), warm)
