"""What the tests of the store share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stress.tiny import files
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(go: None, tmp_path: Path) -> Workshop:  # noqa: ARG001 - all of them need it
    """Return a tiny program that says "first", with an empty store."""
    return Workshop(tmp_path, files("first"))
