"""gorun --watch: an edit restarts the program, once, and what changes nothing does nothing.

Real edits of real files while the real thing runs. That something did *not* happen is shown by
what comes after it: an edit that counts, and exactly one more start than before.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.watching import SERVER, Watching, group_is_gone, watching
from tests.support.workshop import TWO_PACKAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.workshop import Workshop

pytestmark = pytest.mark.usefixtures("go")


def test_an_edit_restarts_the_program_once(tmp_path: Path) -> None:
    """The old one ends first, by SIGTERM; arguments are the program's own."""
    with Watching(watching(tmp_path), ".", "-x", "a b") as watch:
        watch.wait_until_it_watches("version one [-x a b]\n")
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two [-x a b]\n")
        assert watch.said.index("ends by terminated\n") < watch.said.index("version two")
        told = watch.said.index("gorun: restarts: version.go edited\n")
        assert told < watch.said.index("version two")
        watch.wait_for_event("started", 2)
        assert len(set(watch.pids)) == 2
        assert [e["exit_code"] for e in watch.events("ended")] == [0]


def test_what_changes_nothing_triggers_nothing(tmp_path: Path) -> None:
    """touch, equal bytes, an editor's files, other files, a checkout there and back."""
    shop = watching(tmp_path)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches()
        file = shop.folder / "version.go"
        os.utime(file)
        file.write_text(file.read_text())
        (shop.folder / ".version.go.swp").write_text("swap")
        (shop.folder / "4913").write_text("")
        (shop.folder / "4913").unlink()
        (shop.folder / "version.go~").write_text(file.read_text())
        (shop.folder / "notes.txt").write_text("not an input")
        (shop.folder / "sub").mkdir()
        (shop.folder / "sub" / "other.go").write_text("package sub\n")
        replacement = shop.folder / "version.go.tmp"
        replacement.write_text(file.read_text())
        replacement.rename(file)
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two []\n")
        watch.wait_for_event("started", 2)
        assert "failed" not in watch.outcomes
        assert watch.outcomes.count("built") <= 2


def test_the_same_executable_runs_on(tmp_path: Path) -> None:
    """An edited comment of package main changes the build ID, and nothing that runs."""
    with Watching(watching(tmp_path), ".") as watch:
        watch.wait_until_it_watches()
        watch.edit("main.go", "first comment", "other comment")
        watch.wait_for("gorun: runs on: main.go edited\n")
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two []\n")
        watch.wait_for_event("started", 2)
        assert len(watch.pids) == 2
        assert watch.outcomes[-2:] == ["built", "built"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("main.go", "first comment", "other comment"), "gorun: runs on: main.go edited\n"),
        (("version.go", "func", "fun"), "gorun: the old program runs on\n"),
    ],
    ids=["same", "failed"],
)
def test_who_ends_after_an_edit_that_replaced_nothing_does_not_restart(
    tmp_path: Path, edit: tuple[str, str, str], said: str
) -> None:
    with Watching(watching(tmp_path), ".") as watch:
        watch.wait_until_it_watches()
        watch.edit(*edit)
        watch.wait_for(said)
        watch.signal(signal.SIGTERM)
        watch.end()
        assert "restarts" not in watch.said


NEVER_RECORDS = """
import sys, time
from gorun_tasks.storage.publisher import Publisher
Publisher.publish = lambda *_, **__: time.sleep(600)
from gorun_tasks.main import main
sys.argv[:] = ["gorun", *sys.argv[4:]]
main()
"""
"""A gorun that stands still where it has started a program, and has not recorded it yet."""


@pytest.mark.parametrize("content", ["whole", "torn"])
def test_who_is_killed_before_it_recorded_what_runs_leaves_garbage_alone(
    tmp_path: Path, content: str
) -> None:
    """Torn: what was never brought to the disk may have any content after a power failure."""
    shop = watching(tmp_path)
    through = (sys.executable, "-c", NEVER_RECORDS)
    with Watching(shop, ".", through=through) as watch:
        watch.wait_for("version one []\n")
        watch.wait_for_event("started")
        watch.signal(signal.SIGKILL)
        watch.wait_until(lambda: group_is_gone(watch.pids[0]))
    (executable,) = shop.executables()
    if content == "torn":
        size = executable.stat().st_size
        executable.write_bytes(bytes(size))
    with shop.start("gorun_tasks", ".") as running:
        running.wait_for("version one []\n")
        running.signal(signal.SIGTERM)
        assert running.end() == 0
    assert shop.outcome("--which", ".")[0] == "current"
    assert shop.leftovers() == []


def test_a_failed_build_keeps_the_old_program(tmp_path: Path) -> None:
    """Go's words are shown; the next good save replaces it."""
    with Watching(watching(tmp_path), ".") as watch:
        watch.wait_until_it_watches()
        watch.edit("version.go", "func", "fun")
        watch.wait_for("./version.go:3:1: syntax error")
        watch.wait_for("gorun: the old program runs on\n")
        os.utime(watch.shop.folder / "version.go")
        (old,) = watch.pids
        os.kill(old, 0)
        watch.edit("version.go", "fun ", "func ")
        watch.wait_for("gorun: runs on: all is as it was\n")
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two []\n")
        watch.wait_for_event("started", 2)
        assert watch.pids[0] == old
        assert len(watch.pids) == 2
        assert watch.said.count("syntax error") == 1


def test_a_program_that_never_built_starts_when_it_does(tmp_path: Path) -> None:
    shop = watching(tmp_path, SERVER | {"version.go": "package main\n\nfunc version() {\n"})
    with Watching(shop, ".") as watch:
        watch.wait_for("gorun: waits for a change\n")
        watch.wait_for_event("watching")
        shop.write({"version.go": SERVER["version.go"]})
        watch.wait_for("version one []\n")


@pytest.mark.parametrize(
    ("polling", "through"),
    [("0", ()), ("1", ()), ("0", ("sh", "-c", "trap '' INT; exec \"$@\"", "sh"))],
    ids=["events", "polling", "in the background of a script"],
)
def test_an_edit_during_the_build_restarts_the_build(
    tmp_path: Path, polling: str, through: tuple[str, ...]
) -> None:
    """The build that is out of date is given up: its program never starts, go leaves nothing."""
    shop = watching(tmp_path)
    shop.environ["WATCHFILES_FORCE_POLLING"] = polling
    hold = tmp_path / "hold"
    reached = tmp_path / "reached"
    tool = tmp_path / "tool"
    tool.write_text(
        '#!/bin/sh\ncase "$2" in -V*) exec "$@";; esac\n'
        f'case "$1" in */link) if [ -e "{hold}" ]; then rm "{hold}"; echo > "{reached}";'
        ' sleep 600; fi;; esac\nexec "$@"\n'
    )
    tool.chmod(0o755)
    shop.environ["GOFLAGS"] = f"-toolexec={tool}"
    with Watching(shop, ".", through=through) as watch:
        watch.wait_until_it_watches()
        hold.touch()
        watch.edit("version.go", "one", "two")
        watch.wait_until(reached.exists)
        watch.edit("version.go", "two", "three")
        watch.wait_for("version three []\n")
        assert "version two" not in watch.said
        watch.wait_for_event("started", 2)
        assert watch.outcomes.count("failed") == 0
        assert len(watch.pids) == 2


def test_a_burst_of_saves_ends_in_the_last(tmp_path: Path) -> None:
    shop = watching(tmp_path)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches()
        for number in range(200):
            shop.write({"version.go": SERVER["version.go"].replace("one", f"v{number}")})
        watch.wait_for("version v199 []\n")
        shop.write({"version.go": SERVER["version.go"].replace("one", "last")})
        watch.wait_for("version last []\n")
        watch.wait_for_event("started", 3)


def replaced_by_rename(shop: Workshop) -> None:
    new = shop.folder / ".version.go.new"
    new.write_text((shop.folder / "version.go").read_text().replace("one", "two"))
    new.rename(shop.folder / "version.go")


def moved_to_another_name(shop: Workshop) -> None:
    shop.edit("version.go", "one", "two")
    (shop.folder / "version.go").rename(shop.folder / "release.go")


def moved_away_and_written_anew(shop: Workshop) -> None:
    (shop.folder / "version.go").rename(shop.folder / "version.go~")
    shop.write({"version.go": SERVER["version.go"].replace("one", "two")})


def another_package(shop: Workshop) -> None:
    shop.write(
        {
            "lib/deep/deep.go": 'package deep\n\nfunc Word() string { return "two" }\n',
            "version.go": 'package main\n\nimport "example.com/server/lib/deep"\n\n'
            "func version() string { return deep.Word() }\n",
        }
    )


@pytest.mark.parametrize(
    "change",
    [replaced_by_rename, moved_to_another_name, moved_away_and_written_anew, another_package],
    ids=lambda change: change.__name__,
)
def test_every_way_to_save(tmp_path: Path, change: Callable[[Workshop], None]) -> None:
    """And the edit after it is noticed as well, in whatever file there is now."""
    shop = watching(tmp_path)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches()
        change(shop)
        watch.wait_for("version two []\n")
        for name in ("lib/deep/deep.go", "release.go", "version.go"):
            if (shop.folder / name).exists():
                shop.edit(name, '"two"', '"three"')
                break
        watch.wait_for("version three []\n")


def test_directories_swapped_removed_and_back(tmp_path: Path) -> None:
    """A package's directory makes place for another, goes, and comes again."""
    version = 'package main\n\nimport "example.com/server/lib"\n\nvar version = lib.Word\n'
    shop = watching(
        tmp_path, SERVER | {"version.go": version, "lib/lib.go": TWO_PACKAGES["lib/lib.go"]}
    )
    shop.write({"other/lib.go": 'package lib\n\nfunc Word() string { return "swapped" }\n'})
    lib, other, aside = (shop.folder / name for name in ("lib", "other", "aside"))
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches()
        lib.rename(aside)
        other.rename(lib)
        watch.wait_for("version swapped []\n")
        shop.edit("lib/lib.go", "swapped", "edited")
        watch.wait_for("version edited []\n")
        shutil.rmtree(lib)
        watch.wait_for("gorun: the old program runs on\n")
        shop.write({"lib/lib.go": TWO_PACKAGES["lib/lib.go"].replace("word", "back")})
        watch.wait_for("version back []\n")
        watch.wait_for_event("started", 4)


@pytest.mark.parametrize("way", ["removed", "moved"])
def test_the_whole_tree_goes_and_comes_again(tmp_path: Path, way: str) -> None:
    """Also where we stand in it: the old program runs on meanwhile."""
    shop = watching(tmp_path)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches()
        if way == "removed":
            shutil.rmtree(shop.folder)
        else:
            shop.folder.rename(tmp_path / "elsewhere")
        watch.wait_for("gorun: the old program runs on\n")
        shop.write(SERVER | {"version.go": SERVER["version.go"].replace("one", "two")})
        watch.wait_for("version two []\n")
        watch.edit("version.go", "two", "three")
        watch.wait_for("version three []\n")


def test_an_edit_while_we_stood_still(tmp_path: Path) -> None:
    """So much else moved meanwhile that the system threw away what it had to tell of the edit."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    shop = watching(tmp_path)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches()
        watch.signal(signal.SIGSTOP)
        names = [shop.folder / f"other{number}" for number in range(2)]
        names[0].touch()
        for _ in range(limit):
            names[0].rename(names[1])
            names.reverse()
        watch.edit("version.go", "one", "two")
        watch.signal(signal.SIGCONT)
        watch.wait_for("version two []\n")


def test_a_checkout_there_and_back(tmp_path: Path) -> None:
    """Where the other branch is built on the way, the program of this one comes from the store."""
    shop = watching(tmp_path)

    def git(*words: str) -> None:
        result = shop.execute(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words])
        assert result.rc == 0, result

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("switch", "-q", "-c", "other")
    shop.edit("version.go", "one", "two")
    git("commit", "-q", "-a", "-m", "two")
    git("switch", "-q", "main")
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches()
        git("switch", "-q", "other")
        watch.wait_for("version two []\n")
        watch.wait_until(lambda: shop.gorun("--why", ".").rc == 0)  # it is recorded by now
        git("switch", "-q", "main")
        watch.wait_until(lambda: watch.said.count("version one []\n") == 2)
        assert watch.outcomes == ["built", "built", "restored"]


def test_a_stamp_changes(tmp_path: Path) -> None:
    """What git says of the commit is an input, and watched."""
    version = "package main\n\nvar word string\n\nfunc version() string { return word }\n"
    shop = watching(tmp_path, SERVER | {"version.go": version})

    def git(*words: str) -> None:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        result = shop.execute(command)
        while "index.lock" in result.err:  # git describe --dirty takes it, too
            result = shop.execute(command)
        assert result.rc == 0, result

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", "v1")
    with Watching(shop, "--stamp", "main.word=version", ".") as watch:
        watch.wait_until_it_watches("version v1 []\n")
        git("commit", "-q", "--allow-empty", "-m", "two")
        git("tag", "v2")
        watch.wait_for("version v2 []\n")
