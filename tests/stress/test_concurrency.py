"""Many at once: one link, no mix-up, and nobody waits who need not."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.stress.tiny import files, garbage, programs
from tests.support.clock import PATIENCE
from tests.support.held import TELL, Held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.workshop import Workshop

pytestmark = pytest.mark.usefixtures("go")

MANY = 32

PLACED = {
    "go.mod": "module example.com/placed\n\ngo 1.24\n",
    "main.go": 'package main\n\nvar place = "none"\n\nfunc main() { println(place) }\n',
}
"""A program that says what the linker told it."""

WAITING = {
    "go.mod": "module example.com/waiting\n\ngo 1.24\n",
    "main.go": (
        'package main\n\nimport "os"\n\n'
        'func main() {\n\tprintln("ready first")\n\tos.Stdin.Read(make([]byte, 1))\n}\n'
    ),
}
"""A program that runs until its standard input ends."""


def start(shop: Workshop, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        shop.command(("gorun_tasks", *words)),
        cwd=shop.folder,
        env={**shop.environ, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Return the exit status and the words of each process."""
    said = [process.communicate(timeout=PATIENCE)[1] for process in processes]
    return [(p.returncode, words) for p, words in zip(processes, said, strict=True)]


def events(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_many_runs_of_one_program_link_it_once(shop: Workshop, tmp_path: Path) -> None:
    file = tmp_path / "events"
    processes = [start(shop, "--events", str(file), ".") for _ in range(MANY)]
    assert ends(processes) == [(0, "first\n")] * MANY
    outcomes = sorted(event["outcome"] for event in events(file))
    assert outcomes == ["built", *["current"] * (MANY - 1)]
    shop.gorun("--rebuild", ".")
    assert garbage(shop.store) == []


def test_many_programs_are_not_mixed_up(shop: Workshop, tmp_path: Path) -> None:
    """Thirty-two programs, of one tree, made at once into one store: each gets its own."""
    shop.write(PLACED)
    flags = [f"-ldflags=-X main.place={i}" for i in range(MANY)]
    expected = [(0, f"{i}\n") for i in range(MANY)]
    assert ends([start(shop, word, ".") for word in flags]) == expected
    assert len(programs(shop.store)) == MANY
    file = tmp_path / "events"
    again = [start(shop, "--events", str(file), word, ".") for word in flags]
    assert ends(again) == expected
    assert [event["outcome"] for event in events(file)] == ["current"] * MANY


def test_many_runs_while_the_program_is_edited(shop: Workshop) -> None:
    """Whoever starts after an edit runs what was edited, whoever else is building."""
    running = []
    expected = []
    for i in range(8):
        shop.write(files(f"v{i}"))
        running.append(start(shop, "."))
        running[-1].wait(PATIENCE)
        running.append(start(shop, "-tags=x", "."))
        expected += [(0, f"v{i}\n")]
    assert ends(running)[::2] == expected


def test_no_lock_is_held_while_a_program_runs(shop: Workshop) -> None:
    """Neither by the run that built it, nor by one that is current, nor by --ephemeral."""
    shop.write(WAITING)
    for options in (["--rebuild"], [], ["--ephemeral"]):
        with start(shop, *options, ".") as running:
            wait_for_ready(running)
            for path in (shop.store / "v1" / "locks").iterdir():
                if path.name in ("store", *programs(shop.store)):
                    with path.open() as lock:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shop.write({"main.go": WAITING["main.go"].replace("first", "second")})
            built = shop.gorun(".")
            assert (built.rc, built.err) == (0, "ready second\n")
            shop.write(WAITING)
            running.communicate(timeout=PATIENCE)


def test_program_inherits_no_descriptor_of_the_store(shop: Workshop) -> None:
    shop.write(WAITING)
    for options in (["--rebuild"], [], ["--ephemeral"]):
        with start(shop, *options, ".") as running:
            wait_for_ready(running)
            opened = [os.readlink(path) for path in open_files(running.pid)]
            assert not [path for path in opened if path.startswith(str(shop.store))]
            running.communicate(timeout=PATIENCE)


def open_files(pid: int) -> Iterator[str]:
    """Yield the open files of a process, or of the program that it waits for."""
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        pid = int((children.read().split() or [str(pid)])[0])
    yield from (entry.path for entry in os.scandir(f"/proc/{pid}/fd"))


def wait_for_ready(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert process.stderr.readline() == "ready first\n"


@pytest.fixture
def building(shop: Workshop, tmp_path: Path) -> Iterator[Path]:
    """Another program's build under way, for as long as it takes."""
    os.mkfifo(tmp_path / "end")
    first = f"if mkdir {tmp_path}/first 2>/dev/null; then {TELL}; cat {tmp_path}/end; fi"
    held = Held(tmp_path, instead=first)
    (shop.folder / "sub").mkdir()
    word = os.urandom(8).hex()  # what go has never compiled
    shop.write({f"sub/{name}": text for name, text in files(word).items()})
    slow = start(shop, "-C=sub", held.flag, ".")
    held.wait()
    yield tmp_path
    (tmp_path / "end").write_text("")
    assert ends([slow]) == [(0, f"{word}\n")]


def test_nobody_waits_for_another_programs_build(shop: Workshop, building: Path) -> None:
    """Neither who reads nor who builds, evicts and publishes."""
    assert shop.gorun(".") == (0, "", "first\n")
    assert shop.gorun(".") == (0, "", "first\n")
    shop.write(files("second"))
    assert shop.gorun(".") == (0, "", "second\n")
    assert shop.gorun("--which", ".").rc == 0
    assert shop.gorun("--store", "verify").rc == 0
    assert any((shop.store / "v1" / "work").iterdir()), "a build under way was taken for garbage"
    assert not (building / "end").is_file()


def test_current_program_starts_while_another_process_builds_it(shop: Workshop) -> None:
    """--rebuild by somebody else: whoever finds it current does not wait."""
    assert shop.gorun(".").rc == 0
    (key,) = programs(shop.store)
    with (shop.store / "v1" / "locks" / key).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert shop.outcome(".")[::2] == ("current", (0, "", "first\n"))
        assert shop.gorun("--why", ".").rc == 0
        assert shop.gorun("--which", ".").rc == 0


def test_build_that_ended_between_our_look_and_our_lock_is_taken(shop: Workshop) -> None:
    """Seen stale, and current by the time the lock is had: nothing is built."""
    shop.gorun("-tags=x", ".")
    again = (
        "import sys\n"
        "from gorun_tasks import Program\n"
        "first, second = Program('.'), Program('.')\n"
        "graph = first.graph()\n"
        "assert graph.verdict.outcome == 'stale'\n"
        "assert second.build().outcome == 'built'\n"
        "print(graph.make().outcome)\n"
    )
    done = shop.execute([sys.executable, "-c", again])
    assert done == (0, "current\n", "")
