"""Which files the flags of a C compiler and linker name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gorun_tasks.closure.linker_libraries import at_place, named_files

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_through_a_link_goes_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    folder = str(tmp_path)
    assert at_place(folder, "d/../x.h") == f"{folder}/x.h"
    assert at_place(folder, "./d//x.h") == f"{folder}/d/x.h"
    assert at_place(folder, "link/../x.h") == f"{folder}/link/../x.h"
    assert at_place(folder, "gone/../x.h") == f"{folder}/gone/../x.h"


def test_the_files_that_words_for_a_compiler_name() -> None:
    assert named_files("-Wl,-T,x.ld") == ["x.ld"]
    assert named_files("-specs=a.specs") == ["a.specs"]
    assert named_files("@words") == ["words"]
    assert named_files("lib/libq.a") == ["lib/libq.a"]
    assert named_files("-lq") == []
