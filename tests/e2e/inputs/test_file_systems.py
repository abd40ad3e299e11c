"""Where a stat says nothing, contents are read: at each check, and for law 3 before go starts.

gorun is had to believe no file system at all, GOROOT's included: so what is tried needs neither
a server nor the right to mount.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import let_the_clock_tick
from tests.support.trees import age
from tests.support.workshop import TWO_PACKAGES, Workshop, needs_mounts, needs_strace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.place import Result

pytestmark = pytest.mark.usefixtures("go")

DISBELIEVING = (
    "from gorun_tasks.system import host; host.BELIEVED = frozenset();"
    "from gorun_tasks.main import main; main()"
)
FILES = {
    **TWO_PACKAGES,
    "main.go": (
        'package main\n\nimport (\n\t_ "embed"\n\n\t"example.com/hello/lib"\n)\n\n'
        "//go:embed text\nvar text string\n\nfunc main() { println(lib.Word(), text) }\n"
    ),
    "text": "text",
}


class Shop(Workshop):
    """A workshop on file systems that nobody believes."""

    def gorun(self, *words: str, stdin: str = "", env: dict[str, str] | None = None) -> Result:
        """Run gorun to its end."""
        del stdin
        return self.execute([sys.executable, "-P", "-c", DISBELIEVING, *words], env=env)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, FILES)
    assert shop.gorun(".").err == "word text\n"
    assert "whose time stamps are not believed" in shop.gorun("--why", ".").out
    assert shop.outcome(".")[0] == "built"
    assert shop.gorun("--why", ".").out == ".: current\n"
    return shop


def test_the_next_build_that_finds_all_the_same_is_remembered(shop: Shop) -> None:
    assert shop.outcome(".")[0] == "current"


def test_an_edit_of_what_was_known_is_remembered_at_once(shop: Shop) -> None:
    """Its content and stat were seen before go started."""
    shop.edit("lib/lib.go", '"word"', '"other"')
    assert shop.outcome(".")[:2] == ("built", ["lib/lib.go edited"])
    assert shop.outcome(".")[0] == "current"
    shop.edit("lib/lib.go", '"other"', '"word"')
    assert shop.outcome(".")[0] == "restored"


@pytest.mark.parametrize(
    ("files", "because"),
    [
        ({"text": "tex2"}, "text edited"),
        ({"lib/more.go": "package lib\n"}, "new file lib/more.go"),
        ({"default.pgo": ""}, "new file default.pgo"),
        ({"vendor/x": ""}, "new directory vendor"),
        ({"lib/go.mod": "module example.com/lib\n"}, "new file lib/go.mod"),
    ],
)
def test_what_changes_is_seen_by_content(shop: Shop, files: dict[str, str], because: str) -> None:
    shop.write(files)
    assert because in shop.gorun("--why", ".").out


def test_what_appears_in_a_directory_that_was_missing_is_seen(tmp_path: Path) -> None:
    shop = Shop(tmp_path, FILES)
    env = {"GOENV": str(tmp_path / "config" / "go" / "env")}
    for _ in range(2):
        assert shop.gorun(".", env=env).rc == 0
    assert shop.gorun("--why", ".", env=env).out == ".: current\n"
    shop.write({"../config/go/env": "GOFLAGS=-tags=x\n"})
    assert "new directory" in shop.gorun("--why", ".", env=env).out


@needs_strace
def test_go_is_not_asked_and_nothing_is_written(shop: Shop) -> None:
    log = shop.folder.parent / "strace"
    command = ["strace", "-f", "-qq", "-e", "trace=execve,rename", "-o", str(log)]
    result = shop.execute([*command, sys.executable, "-P", "-c", DISBELIEVING, "."])
    assert result.err == "word text\n"
    calls = log.read_text()
    assert calls.count("execve(") == 2
    assert "rename" not in calls


def test_on_a_file_system_that_is_believed_again_stats_do(shop: Shop) -> None:
    let_the_clock_tick()
    assert Workshop.outcome(shop, ".")[0] == "current"
    assert Workshop.gorun(shop, "--why", ".").out == ".: current\n"


@needs_mounts
@pytest.mark.skipif(not shutil.which("mksquashfs"), reason="needs mksquashfs: squashfs-tools")
def test_an_image_with_the_same_stats_is_another(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, FILES)
    place = tmp_path / "mounted"
    place.mkdir()
    make = ["mksquashfs", str(shop.folder), "IMAGE", "-all-time", "1", "-mkfs-time", "1", "-quiet"]
    for word in ("word", "text"):
        age(shop.folder)
        image = str(tmp_path / word)
        assert shop.execute([image if w == "IMAGE" else w for w in make]).rc == 0
        shop.edit("lib/lib.go", '"word"', '"text"') if word == "word" else None
    for word in ("word", "text"):
        assert shop.execute(["mount", "-o", "loop,ro", str(tmp_path / word), str(place)]).rc == 0
        try:
            assert shop.gorun(f"-C={place}", ".").err == f"{word} text\n"
            assert shop.gorun(f"-C={place}", ".").err == f"{word} text\n"
            assert shop.gorun("--why", f"-C={place}", ".").out.endswith(": current\n")
        finally:
            shop.execute(["umount", str(place)])
