"""What leaves the store, when, and what must not."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.store import read_file, unframe
from gorun_tasks.storage.eviction import GARBAGE_KEPT, UNUSED, YOUNG, evict
from gorun_tasks.storage.writer import MANIFESTS_KEPT
from tests.stress.edits import edit_many_times, large
from tests.stress.tiny import age, files, garbage, programs, weigh
from tests.support.workshop import sample

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workshop import Workshop

pytestmark = pytest.mark.usefixtures("go")

PLACED = {
    "go.mod": "module example.com/placed\n\ngo 1.24\n",
    "main.go": 'package main\n\nvar place = "none"\n\nfunc main() { println(place) }\n',
}


def placed(word: str) -> list[str]:
    return [f"-ldflags=-X main.place={word}", "."]


def used(shop: Workshop, *, ago: float) -> Path:
    """Return what is remembered of the only program that was used just now; and make that older."""
    newest = max((shop.store / "v1" / "programs").iterdir(), key=lambda p: p.stat().st_mtime)
    then = time.time() - ago
    os.utime(newest, (then, then))
    return newest


def test_least_recently_used_program_goes_first(shop: Workshop) -> None:
    """Room for two: of three programs that one goes that was not used for the longest time."""
    shop.write(PLACED)
    kept = {}
    for hours, word in enumerate(("a", "b", "c")):
        shop.gorun(*placed(word))
        kept[word] = used(shop, ago=3600.0 * (3 - hours))
    assert shop.gorun(*placed("a")).rc == 0  # which stamps its use
    (size,) = {path.stat().st_size for path in shop.executables()}
    age(shop.store)
    room = {"GORUN_CACHE_SIZE": str(3 * size + size // 2)}
    assert shop.gorun(*placed("d"), env=room).rc == 0
    assert {word: path.exists() for word, path in kept.items()} == {"a": 1, "b": 0, "c": 1}
    assert len(shop.executables()) == 3
    assert garbage(shop.store) == []
    for word in "acbd":
        assert shop.gorun(*placed(word), env=room) == (0, "", f"{word}\n")


def test_older_builds_go_before_anybodys_newest(shop: Workshop) -> None:
    """A program that was edited often does not push out the others."""
    shop.write(PLACED)
    shop.gorun(*placed("other"))
    used(shop, ago=3600)
    for word in ("first", "second", "third"):
        shop.write(files(word))
        shop.gorun(".")
    age(shop.store)
    size = max(path.stat().st_size for path in shop.executables())
    shop.write(files("fourth"))
    shop.gorun(".", env={"GORUN_CACHE_SIZE": str(3 * size)})
    assert sorted(map(len, programs(shop.store).values())) == [1, 2]
    assert len(shop.executables()) == 3
    assert garbage(shop.store) == []


def test_unused_programs_go_by_age(shop: Workshop) -> None:
    shop.gorun(".")
    gone = used(shop, ago=UNUSED + 60)
    shop.gorun("-tags=other", ".")
    kept = used(shop, ago=UNUSED - 60)
    age(shop.store)
    shop.gorun("-tags=new", ".")
    assert not gone.exists()
    assert kept.exists()
    assert garbage(shop.store) == []


def test_only_runs_that_build_evict(shop: Workshop) -> None:
    shop.gorun(".")
    used(shop, ago=10 * UNUSED)
    before = sorted(path.name for path in shop.store.rglob("*"))
    assert shop.gorun("-tags=other", "--why", ".").rc == 1
    assert shop.gorun("--store", "stat").rc == 0
    assert shop.outcome(".")[0] == "current"
    assert [n for n in sorted(p.name for p in shop.store.rglob("*")) if n not in before] <= [
        next(iter(programs(shop.store)))  # the hour of its use
    ]


def test_running_executable_stays(shop: Workshop) -> None:
    """Its program is evicted and it has no name in any manifest; it goes when it has ended."""
    shop.write(sample("probe"))
    with shop.start("gorun_tasks", ".", "serve", "0") as running:
        running.wait_for("ready ")
        (executable,) = shop.executables()
        used(shop, ago=UNUSED + 60)
        age(shop.store)
        shop.gorun("-tags=other", "--rebuild", ".", "exit", "0")
        assert executable.exists()
        assert len(programs(shop.store)) == 1
        running.signal(signal.SIGTERM)
        assert running.end() == 0
    age(shop.store)
    shop.gorun("-tags=third", ".", "exit", "0")
    if len({m.digest for (m,) in programs(shop.store).values()}) == 1:
        return  # a build with the same content names it again
    assert not executable.exists()


def test_running_by_its_stable_path_stays(shop: Workshop) -> None:
    """A hard link: known by the file, not by its name."""
    shop.write(sample("probe"))
    path = shop.gorun("--which", ".").out.strip()
    with shop.start("tests.stress.become", path, "serve", "0") as running:
        running.wait_for("ready ")
        used(shop, ago=UNUSED + 60)
        age(shop.store)
        shop.gorun("-tags=other", ".", "exit", "0")
        assert os.path.exists(path)
        running.signal(signal.SIGTERM)
        assert running.end() == 0


def test_path_that_was_just_handed_out_stays(shop: Workshop) -> None:
    """However little room there is, for an hour; after that it goes with its program."""
    path = shop.gorun("--which", ".").out.strip()
    used(shop, ago=600)
    shop.write(files("second"))
    no_room = {"GORUN_CACHE_SIZE": "1"}
    assert shop.gorun("-tags=other", ".", env=no_room).rc == 0
    assert len(programs(shop.store)) == 1
    assert shop.execute([path]) == (0, "", "first\n")
    age(shop.store)
    assert shop.gorun("-tags=other", "--rebuild", ".", env=no_room).rc == 0
    assert not os.path.exists(path)
    assert garbage(shop.store) == []


def test_what_was_just_published_stays_whatever_the_size(shop: Workshop) -> None:
    no_room = {"GORUN_CACHE_SIZE": "1"}
    for word in ("first", "second"):
        shop.write(files(word))
        assert shop.gorun(".", env=no_room) == (0, "", f"{word}\n")
        assert shop.outcome(".", env=no_room)[0] == "current"


def test_young_executable_without_a_name_is_about_to_start(shop: Workshop) -> None:
    """What is never recorded lies in the store while it runs: not taken away before it starts."""
    folder = shop.store / "v1" / "exe" / ("0" * 64)
    shop.gorun(".")
    for old in (False, True):
        folder.mkdir(exist_ok=True)
        (folder / "x").touch()
        if old:
            then = time.time() - YOUNG - 1
            os.utime(folder, (then, then))
        evict(str(shop.store / "v1"))
        assert folder.exists() is not old


def test_many_edits_leave_a_bounded_store(shop: Workshop) -> None:
    """And an unchanged run as it was; `python -m tests.stress.edits` does five hundred."""
    packages = 3
    shop.write(large(packages))
    report = edit_many_times(shop, 2 * GARBAGE_KEPT, packages)
    assert report.manifests == MANIFESTS_KEPT
    assert report.executables <= MANIFESTS_KEPT + 1
    assert report.garbage == []
    assert report.last_bytes < report.middle_bytes + 64 * 1024
    assert report.last_files <= report.middle_files
    assert report.bytes_after < report.bytes_before + 64 * 1024
    assert report.calls_after == report.calls_before


def test_programs_do_not_push_out_each_others_records(shop: Workshop) -> None:
    """However many programs of one module there are: each stays current."""
    imports = ("bufio", "bytes", "errors", "io", "math", "os", "path", "sort", "strconv", "sync")
    many = 20
    shop.write(
        {
            f"cmd/p{i}/main.go": (
                f'package main\n\nimport (\n\t_ "{imports[i % 10]}"\n\t_ "{imports[i // 2]}"\n)\n'
                f"\nfunc main() {{ println({i}) }}\n"
            ).replace(
                f'\t_ "{imports[i // 2]}"\n',
                "" if imports[i % 10] == imports[i // 2] else f'\t_ "{imports[i // 2]}"\n',
            )
            for i in range(many)
        }
    )
    for i in range(many):
        assert shop.gorun(f"./cmd/p{i}") == (0, "", f"{i}\n")
    assert [shop.gorun("--why", f"./cmd/p{i}").rc for i in range(many)] == [0] * many


def test_records_go_with_the_last_manifest_that_names_them(shop: Workshop) -> None:
    shop.gorun(".")
    for path in (shop.store / "v1" / "shelves").glob("module-*"):
        assert unframe(read_file(str(path)))[2]
    assert shop.gorun("--store", "drop", ".").rc == 0
    assert list((shop.store / "v1" / "shelves").iterdir()) == []


def test_stat_says_what_is_kept_of_each_program(shop: Workshop) -> None:
    """The last used first, where it was typed and as it was typed."""
    shop.gorun(".")
    shop.write(files("again"))
    shop.gorun(".")
    used(shop, ago=50 * 3600.0)
    shop.write(files("stamped"))
    (shop.folder / "below").mkdir()
    command = shop.command(("gorun_tasks", "--stamp", "main.version=version", "-trimpath", ".."))
    arch = shop.go("env", "GOARCH").out.strip()
    assert shop.execute(command, env={"GOARCH": arch}, cwd=shop.folder / "below").rc == 0
    used(shop, ago=2 * 3600.0)
    count, _ = weigh(shop.store)
    told = shop.gorun("--store", "stat", env={"GORUN_CACHE_SIZE": "3GiB"}).out.splitlines()
    assert told[0] == f"{shop.store}/v1"
    assert re.fullmatch(
        r"programs: 2; executables: 3, [34]\.\d MiB \(GORUN_CACHE_SIZE allows 3\.0 GiB\)", told[1]
    )
    assert re.fullmatch(r"records of what they were built from: 0\.\d MiB", told[2])
    rows = [re.sub(r" +[\d.]+ MiB  |  +", "|", line) for line in told[4:]]
    assert rows == [
        "last used|last built|builds|size|program",
        f"in {shop.folder}/below",
        f"2 hours ago|<1 hour ago|1|GOARCH={arch} --stamp main.version=version -trimpath ..",
        f"in {shop.folder}",
        "2 days ago|<1 hour ago|2|.",
    ]
    data = json.loads(shop.gorun("--store", "stat", "-json").out)
    assert [program["builds"] for program in data["programs"]] == [1, 2]
    assert sum(program["size"] for program in data["programs"]) == sum(data["executables"])
    assert weigh(shop.store)[0] == count


def test_each_way_of_asking_counts_as_use(shop: Workshop) -> None:
    shop.gorun(".")
    again = "from gorun_tasks import Program; assert Program('.').build().outcome == 'current'"
    gorun = [shop.command(("gorun_tasks", *words)) for words in (["--which", "."], ["."])]
    for command in ([sys.executable, "-c", again], *gorun):
        path = used(shop, ago=2 * UNUSED)
        (shop.folder / "main.go").touch()  # whose new stat is written besides
        assert shop.execute(command).rc == 0
        assert time.time() - path.stat().st_mtime < UNUSED, command


def test_builds_that_are_never_recorded_do_not_pile_up(shop: Workshop) -> None:
    unrecorded = "-debug-trace=/dev/null"  # as -a is, which compiles the standard library anew
    for word in ("first", "second", "third"):
        shop.write(files(word))
        assert shop.gorun(unrecorded, ".") == (0, "", f"{word}\n")
        age(shop.store)
    shop.gorun(unrecorded, ".")
    assert len(shop.executables()) == 1


def test_executable_evicted_before_it_could_start_is_built_again(shop: Workshop) -> None:
    """By another process, in the moment between the verdict and the start."""
    evicted = (
        "import os, shutil\n"
        "from gorun_tasks import main\n"
        "execve = os.execve\n"
        "def late(path, *rest):\n"
        "    os.execve = execve\n"
        "    shutil.rmtree(os.path.dirname(path))\n"
        "    execve(path, *rest)\n"
        "os.execve = late\n"
        "main.main()\n"
    )
    shop.gorun(".")
    for options in ([], ["--rebuild"], [f"-C=../{shop.folder.name}"]):
        result = shop.execute([sys.executable, "-c", evicted, *options, "."])
        assert result == (0, "", "first\n"), options


def test_executable_evicted_before_a_runner_starts_it_is_built_again(shop: Workshop) -> None:
    """A runner says what it made before it starts it; so does --ephemeral before it copies it."""
    again = (
        "import os, shutil\n"
        "from gorun_tasks import Program\n"
        "for ephemeral in (False, True):\n"
        "    graph = Program('.').graph(ephemeral=ephemeral)\n"
        "    made = graph.make()\n"
        "    assert made.outcome == 'current'\n"
        "    shutil.rmtree(os.path.dirname(made.path))\n"
        "    assert graph.run().exit_code == 0\n"
        "    assert Program('.').build().path\n"
    )
    shop.gorun(".")
    assert shop.execute([sys.executable, "-c", again]) == (0, "", "first\n" * 2)
