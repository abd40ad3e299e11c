"""What moves in the directories that are watched, told once and to nobody who left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gorun_tasks.watch.file_events import FileEvents
from tests.support.clock import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_whoever_watches_too_late_watches_nothing(tmp_path: Path) -> None:
    """A look may still be on its way to it when the watch is over."""
    notices = FileEvents(print)
    notices.close()
    assert not notices.watch({str(tmp_path): (0, 0)})
    assert not notices.directories


def test_by_the_clock_what_moves_in_a_directory_is_its_own_affair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each file that anybody makes beside a program would give up its build."""
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    (tmp_path / "logs").mkdir()
    told: list[str] = []
    notices = FileEvents(lambda paths: told.extend(paths or ()))
    notices.watch({str(tmp_path): (0, 0)})
    try:
        (tmp_path / "logs" / "of-today").touch()
        (tmp_path / "saved").touch()
        wait_until(lambda: bool(told))
        (tmp_path / "logs").rename(tmp_path / "old-logs")
        wait_until(lambda: len(told) == 3)
    finally:
        notices.close()
    assert told[0] == str(tmp_path / "saved")
    assert sorted(told[1:]) == [str(tmp_path / "logs"), str(tmp_path / "old-logs")]
