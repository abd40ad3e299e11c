"""What is done while go links: it is for nothing where anything moves before go has finished."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import Workshop, needs_mounts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("go"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc to link with"),
]

FILES = {
    "go.mod": "module example.com/linked\n\ngo 1.24\n",
    "main.go": "package main\n\nfunc main() { println(word) }\n",
    "word.go": 'package main\n\nconst word = "first"\n',
}


WRITTEN = ">current/x; until >probe && [ probe -nt current ]; do :; done\n"
"""Writes to the directory, and lets the clock of the files tick."""


class Slow:
    """A program whose linker waits until gorun has written down what the program depends on.

    The module lies `where` in the workshop; there another one of the same files is at hand, in
    which each time stamp is as old.
    """

    def __init__(self, folder: Path, then: str, where: str = ".") -> None:
        self.shop = Workshop(folder, {f"{where}/{name}": text for name, text in FILES.items()})
        if where != ".":
            other = {**FILES, "word.go": 'package main\n\nconst word = "other"\n'}
            self.shop.write({f"next/app/{name}": text for name, text in other.items()})
        linker = folder / "linker"
        linker.write_text(
            "#!/bin/sh\n"
            # go asks it for its version and its flags before.
            f'case "$*" in *go.o*) cd {self.shop.folder}; n=0\n'
            f"until ls {self.shop.store}/v1/shelves/module-* >{folder}/seen 2>&1; do\n"
            "sleep 0.05; n=$((n+1)); [ $n -lt 1200 ] || exit 1; done\n"
            f'{then} ;; esac\ncd "$OLDPWD" 2>/dev/null\nexec gcc "$@"\n'
        )
        linker.chmod(0o755)
        self.words = (f"-C={where}", f"-ldflags=-linkmode=external -extld={linker}", ".")

    def run(self) -> str:
        """Run it, and return what it says."""
        result = self.shop.gorun(*self.words, env={"CGO_ENABLED": "1"})
        assert result.rc == 0, result
        return result.err

    def why(self) -> str:
        """Return what --why says."""
        return self.shop.gorun("--why", *self.words, env={"CGO_ENABLED": "1"}).out


def test_what_a_program_depends_on_is_read_while_go_links(tmp_path: Path) -> None:
    slow = Slow(tmp_path, ":")
    assert slow.run() == "first\n"
    assert slow.why().endswith(": current\n")
    assert "module-" in (tmp_path / "seen").read_text()


@pytest.mark.parametrize(
    ("then", "word"),
    [
        ("sed -i s/first/other/ word.go", "other\n"),
        ("sed -i s/first/other/ word.go; sed -i s/other/first/ word.go", "first\n"),
        ("touch word.go", "first\n"),
        ("mkdir ../moved; mv * ../moved; mv ../moved/* .", "first\n"),
    ],
    ids=["edit", "edit-undone", "touch", "moved-away-and-back"],
)
def test_a_change_while_go_links_is_not_taken_for_what_was_linked(
    tmp_path: Path, then: str, word: str
) -> None:
    once = tmp_path / "once"
    slow = Slow(tmp_path, f"[ -f {once} ] || {{ touch {once}; {then}; }}")
    assert slow.run() == "first\n"
    assert "changed while go was building" in slow.why()
    assert slow.run() == word
    assert slow.why().endswith(": current\n")


def test_a_file_that_appears_while_go_links_has_go_asked_again(tmp_path: Path) -> None:
    slow = Slow(tmp_path, "echo 'package main; func init() { println(7) }' >new.go")
    assert slow.run() == "7\nfirst\n"
    assert "changed while go was building" in slow.why()


@pytest.mark.parametrize(
    ("then", "word"),
    [
        ("mv current old; mv next current", "other\n"),
        ("mv current old; mv next current; mv current next; mv old current", "first\n"),
        # That something was put into it a tick before does not hide that it was renamed.
        (WRITTEN + "mv current old; mv next current; mv current next; mv old current", "first\n"),
    ],
    ids=["swapped", "swapped-and-back", "written-to-and-swapped"],
)
def test_a_directory_above_the_module_is_swapped(tmp_path: Path, then: str, word: str) -> None:
    once = tmp_path / "once"
    slow = Slow(tmp_path, f"[ -f {once} ] || {{ touch {once}; {then}; }}", "current/app")
    assert slow.run() == "first\n"
    assert "changed while go was building" in slow.why()
    assert slow.run() == word
    assert slow.why().endswith(": current\n")


def test_what_others_do_above_the_module_is_nothing(tmp_path: Path) -> None:
    slow = Slow(tmp_path, ">current/x; mkdir other; rm current/x", "current/app")
    assert slow.run() == "first\n"
    assert slow.why().endswith(": current\n")


def test_goroot_is_replaced_in_place(tmp_path: Path) -> None:
    """Nothing in it is younger than the build."""
    once = tmp_path / "once"
    slow = Slow(
        tmp_path, f"[ -f {once} ] || {{ touch {once}; mv go old; mv new go; }}", "current/app"
    )
    goroot = slow.shop.go("env", "GOROOT").out.rstrip()
    for name in ("go", "new"):
        place = slow.shop.folder / name
        place.mkdir()
        for entry in os.listdir(goroot):
            (place / entry).symlink_to(f"{goroot}/{entry}")
    slow.shop.environ["GOROOT"] = str(slow.shop.folder / "go")
    # By this name: the go of the wheel is never started with another GOROOT.
    slow.shop.environ["GORUN_GO"] = str(slow.shop.folder / "go" / "bin" / "go")
    assert slow.run() == "first\n"
    assert "changed while go was building" in slow.why()
    assert slow.run() == "first\n"
    assert slow.why().endswith(": current\n")


@needs_mounts
@pytest.mark.parametrize(
    ("then", "word"),
    [
        ("mount --bind next/app current/app", "other\n"),
        ("mount --bind next current; umount current", "first\n"),
        (
            "mount --bind next/app/word.go current/app/word.go; umount current/app/word.go",
            "first\n",
        ),
        ("mount -t tmpfs none current/app/lib; umount current/app/lib", "first\n"),
    ],
    ids=["over", "above-and-away", "file-and-away", "below-and-away"],
)
def test_something_is_mounted_at_an_input(tmp_path: Path, then: str, word: str) -> None:
    once = tmp_path / "once"
    slow = Slow(tmp_path, f"[ -f {once} ] || {{ touch {once}; {then}; }}", "current/app")
    (slow.shop.folder / "current/app/lib").mkdir()
    try:
        assert slow.run() == "first\n"
        assert "changed while go was building" in slow.why()
        assert slow.run() == word
        assert slow.why().endswith(": current\n")
    finally:
        slow.shop.execute(["umount", "current/app"])


@needs_mounts
def test_what_is_mounted_elsewhere_is_nothing(tmp_path: Path) -> None:
    """What is gone before anybody could look may have been anywhere; this stays."""
    slow = Slow(tmp_path, "mkdir m; mount -t tmpfs none m", "current/app")
    try:
        assert slow.run() == "first\n"
        assert slow.why().endswith(": current\n")
    finally:
        slow.shop.execute(["umount", "m"])
