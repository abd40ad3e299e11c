"""What the differential tests found, and what they were led to look at: one test each.

Decides that none of it comes back. A test that is expected to fail names a fault that is not
mended yet.
"""

from __future__ import annotations

import os
import platform
import shutil
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.model import Slot, World
from tests.fuzz.oracle import Meddler, Question, ask_here
from tests.support.clock import let_the_clock_tick
from tests.support.workshop import TWO_PACKAGES, Workshop, go_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.oracle import Caches

pytestmark = pytest.mark.usefixtures("go")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, TWO_PACKAGES)


@pytest.mark.parametrize("name", ["lib/go.mod", "default.pgo", "go.work"])
def test_what_a_dangling_link_leads_to_appears(shop: Workshop, name: str) -> None:
    target = shop.folder.parent / "gone"
    (shop.folder / name).symlink_to(target)
    let_the_clock_tick()
    assert shop.gorun(".").err == "word\n"
    target.write_text("module example.com/x\n")
    assert shop.go("run", ".").rc == 1
    assert shop.gorun(".").rc == 125


@pytest.mark.skipif(platform.machine() != "x86_64", reason="an assembly file for amd64")
def test_a_header_that_go_assembly_includes_from_outside(shop: Workshop) -> None:
    source = '#include "../inc/v.h"\nTEXT ·F(SB), 4, $0-8\n\tMOVQ $VALUE, ret+0(FP)\n\tRET\n'
    main = 'package main\n\nimport "example.com/hello/lib"\n\nfunc main() { println(lib.F()) }\n'
    shop.write({"main.go": main, "lib/lib.go": "package lib\n\nfunc F() int\n"})
    shop.write({"lib/f_amd64.s": source, "inc/v.h": "#define VALUE 10\n"})
    assert shop.gorun(".").err == "10\n"
    shop.write({"inc/v.h": "#define VALUE 20\n"})
    assert shop.gorun(".").err == "20\n"


def test_a_link_to_a_directory_comes_to_lead_to_a_source_file(shop: Workshop) -> None:
    target = shop.folder.parent / "elsewhere" / "target"  # not beside the store, which is new
    target.mkdir(parents=True)
    (shop.folder / "lib" / "x.go").symlink_to(target)
    let_the_clock_tick()
    assert shop.gorun(".").err == "word\n"
    assert shop.outcome(".")[0] == "current"
    shutil.rmtree(target)
    target.write_text('package lib\n\nfunc init() { println("more") }\n')
    assert shop.gorun(".").err == "more\nword\n"


WORDS = {
    "go.mod": "module example.com/moving\n\ngo 1.24\n",
    "main.go": (
        "package main\n\n"
        'import (\n\t"example.com/moving/left"\n\t"example.com/moving/rite"\n)\n\n'
        "func main() { println(left.Word, rite.Word) }\n"
    ),
    "left/word.go": 'package left\n\nconst Word = "first"\n',
    "rite/word.go": 'package rite\n\nconst Word = "other"\n',
    "away/word.go": 'package left\n\nconst Word = "second"\n',
}


@pytest.mark.parametrize("how", ["directories", "links", "links to directories"])
def test_what_go_compiled_while_something_above_the_file_moved_is_not_used(
    tmp_path: Path, how: str
) -> None:
    """The file that go hashed, and the one it compiled, have not moved themselves."""
    shop = Workshop(tmp_path, WORDS)
    at = shop.folder
    swap = f"mv {at}/left {at}/tmp; mv {at}/away {at}/left; mv {at}/tmp {at}/away"
    undo = swap
    if how != "directories":
        name = "left/word.go" if how == "links" else "left"
        kept = f"kept.{'go' if how == 'links' else 'd'}"
        (at / name).rename(at.parent / kept)
        (at / name).symlink_to(at.parent / kept)
        other = at / "away" / ("word.go" if how == "links" else "")
        swap = f"ln -sfn {other} {at}/{name}"
        undo = f"ln -sfn {at.parent / kept} {at}/{name}"
    armed = tmp_path / "armed"
    hook = tmp_path / "hook"
    hook.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *compile*-p\\ example.com/moving/left*) [ ! -f {armed} ] ||'
        f' {{ rm {armed}; {swap}; }};; esac\nexec "$@"\n'
    )
    hook.chmod(0o755)
    armed.touch()
    shop.gorun(f"-toolexec={hook}", ".")
    assert not armed.exists()
    assert shop.execute(["sh", "-c", undo]).rc == 0
    assert shop.gorun(f"-toolexec={hook}", ".").err == "first other\n"


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("what", ["a replaced module", "what an absolute link leads to"])
def test_directories_outside_the_module_are_swapped_while_go_links(
    tmp_path: Path, caches: Caches, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """No file that go reads, and no directory that it lists, has moved itself."""
    for name in [name for name in os.environ if name.startswith("GO")]:
        monkeypatch.delenv(name)
    for name in ("world", "world-home", "world-tmp"):
        (tmp_path / name).mkdir()
    world = World(str(tmp_path / "world"), "module", (os.path.realpath(go_command()),))
    world.remove("app/sym")
    world.remove("app/linked")
    path, pair = "example.com/app/linked", ("shared/gen1", "shared/gen2")
    if what == "a replaced module":
        path, pair = "example.com/dep/p", ("dep", "dep2")
        world.write("dep2/go.mod", world.read("dep/go.mod"))
        for name in pair:
            world.write(f"{name}/p/p.go", world.read(f"{name}/dep.go"))
    else:
        world.link("app/linked", world.at("shared/gen1/p"))
    main = f'package main\n\nimport p "{path}"\n\nfunc main() {{ println(p.Word()) }}\n'
    world.write("app/main.go", main.encode())
    slot = Slot("app", (), (".",))
    caches.renew()
    before = Question(world, slot, caches).answer()
    assert before.outcome == "built", before
    let_the_clock_tick()
    meddler = Meddler(world, Random(0), lambda: world.swap(*pair))
    meddler.stage = "linking"
    meddler.start()
    ask_here(world, slot, caches.ours)
    meddler.finish()
    assert meddler.acted
    ours, expected = ask_here(world, slot, caches.ours), Question(world, slot, caches).answer()
    assert expected.digest != before.digest
    assert ours.digest == expected.digest, ours
