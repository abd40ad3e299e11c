"""The content behind a path, and what is known of it already."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from gorun_tasks.inputs.digest import (
    ABSENT,
    DIRECTORY,
    UNREADABLE,
    ContentCache,
    content_of,
    sha256_of,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_content_is_what_the_path_leads_to(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("file")
    expected = hashlib.sha256(b"x" * 100_000).digest()
    assert content_of(str(file))[0] == content_of(f"{tmp_path}/link")[0] == expected
    assert sha256_of(str(file)) == expected


def test_content_of_what_is_no_file(tmp_path: Path) -> None:
    """Absent, dangling, a directory, a fifo (which must not be opened: that would block)."""
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    assert content_of(f"{tmp_path}/absent") == (ABSENT, None)
    assert content_of(f"{tmp_path}/dangling") == (ABSENT, None)
    assert content_of("a\0b") == (ABSENT, None)
    assert content_of(str(tmp_path))[0] == DIRECTORY
    assert content_of(f"{tmp_path}/fifo")[0] == UNREADABLE


KEY = (1, 2, 3, 4, 5)


RECORD = ("lib", KEY, ("a.go", "b.go"), (KEY, None))


def test_known_content_needs_path_and_every_stat() -> None:
    known = ContentCache()
    known.add("/m/lib", RECORD, (b"content", b"absent"))
    assert known.content("/m/lib/a.go", KEY) == b"content"
    assert known.content("/m/lib/a.go", (1, 2, 3, 4, 6)) is None
    assert known.content("/m/lib/b.go", KEY) is None
    assert known.content("/m/other/a.go", KEY) is None


def test_contents_below_a_prefix_are_added_once_one_of_them_is_asked_for() -> None:
    known = ContentCache()
    added: list[str] = []

    def add() -> None:
        added.append("lib")
        known.add("/m/lib", RECORD, (b"content", b"absent"))

    known.add_later("/m/", add)
    assert known.content("/other/a.go", KEY) is None
    assert added == []
    assert known.content("/m/lib/a.go", KEY) == b"content"
    assert known.content("/m/lib/a.go", KEY) == b"content"
    assert added == ["lib"]
