"""What is mounted meanwhile."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import host
from gorun_tasks.system.mount_watch import MountWatch
from tests.support.workshop import needs_mounts

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/mountinfo")


@needs_mounts
def test_a_watch_tells_where_something_was_mounted(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("a b", "c")]
    watch = MountWatch()
    try:
        assert {str(place) for place in places}.isdisjoint(watch.changed())
        for place in places:
            place.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], check=True)
            assert str(place) in watch.changed()
            subprocess.run(["umount", str(place)], check=True)
        assert {str(place) for place in places} <= watch.changed()
    finally:
        watch.close()
        watch.close()


@needs_mounts
def test_a_mount_that_came_and_went_unseen_was_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks too late sees the table of before; the kernel tells of the change."""
    before = host.mounts()
    monkeypatch.setattr(host, "mounts", lambda: before)
    watch = MountWatch()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "none", str(tmp_path)], check=True)
        subprocess.run(["umount", str(tmp_path)], check=True)
        assert watch.changed() == {"/"}
    finally:
        watch.close()
