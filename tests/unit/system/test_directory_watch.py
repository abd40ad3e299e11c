"""Which names came and went in a directory, by the kernel's own word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import host
from gorun_tasks.system.directory_watch import DirectoryWatch

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not host.TELLS_OF_DIRECTORIES, reason="needs Linux")


def test_the_kernel_tells_of_names(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("one", "two", "three", "four")]
    for place in places:
        place.mkdir()
    (tmp_path / "link").symlink_to("one")
    watch = DirectoryWatch(map(str, (*places, tmp_path / "link", tmp_path / "none")))
    one, two, three, four = map(str, places)
    assert [watch.watches(str(tmp_path / name)) for name in ("one", "link", "none")] == [1, 0, 0]
    (places[0] / "a.log").touch()
    (places[0] / "a.log").rename(places[0] / "b.log")
    places[1].rename(tmp_path / "other")
    (tmp_path / "other").rename(places[1])
    places[2].chmod(0o755)
    assert watch.undisturbed(one, lambda name: name.endswith(".go"))
    assert not watch.undisturbed(one, lambda name: name == "a.log")
    assert not watch.undisturbed(one, lambda name: name == "b.log")
    assert not watch.undisturbed(two, lambda _: False)
    assert not watch.undisturbed(three, lambda _: False)
    assert watch.undisturbed(four, lambda _: True)
    watch.close()
    assert not watch.watches(four)
