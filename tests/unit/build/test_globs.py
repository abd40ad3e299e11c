"""Patterns of inputs are a shell's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gorun_tasks.build.globs import GlobExpansion

if TYPE_CHECKING:
    from pathlib import Path


def test_patterns_are_a_shells(tmp_path: Path) -> None:
    for name in ("a.txt", ".b.txt", "d/a.txt", "d/.e/a.txt", "d/e/a[1].txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "link").symlink_to("d")
    (tmp_path / "d/loop").symlink_to("..")

    def named(*patterns: str) -> list[str]:
        return GlobExpansion(str(tmp_path), patterns).paths

    assert named("*.txt") == ["a.txt"]
    assert named(".*.txt") == [".b.txt"]
    assert named("*/a.txt") == ["d/a.txt", "link/a.txt"]
    assert named("**/a.txt") == ["a.txt", "d/a.txt"]
    assert named("d/?/a[[]1].txt", "d/[!x]/*") == ["d/e/a[1].txt"]
    assert named("nothing/*", "nothing") == ["nothing"]
    assert named("d") == ["d", "d/.e", "d/.e/a.txt", "d/a.txt", "d/e", "d/e/a[1].txt", *behind()]
    assert named(f"{tmp_path}/a.*") == [f"{tmp_path}/a.txt"]


def behind() -> list[str]:
    """Return what is behind a link that leads out of the directory, and back into it."""
    return [
        *("d/loop", "d/loop/.b.txt", "d/loop/a.txt", "d/loop/d", "d/loop/link"),
    ]
