"""Which builds may be remembered at all."""

from __future__ import annotations

import pytest

from gorun_tasks.closure.recordable import supported


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("go1.26", True),
        ("go1.26.8", True),
        ("go1.27.3", True),
        ("go1.24.11", True),
        ("go1.25.9", True),
        ("go1.27.3-custom", False),
        ("go1.27.3 X:nodwarf5", False),
        ("go1.23.9", False),
        ("go1.28", False),
        ("go1.260.1", False),
        ("go1.2", False),
        ("devel go1.28-abcdef", False),
        ("go1.27rc1", False),
        ("", False),
    ],
)
def test_only_releases_that_were_tried_are_supported(version: str, *, expected: bool) -> None:
    assert supported(version) is expected
