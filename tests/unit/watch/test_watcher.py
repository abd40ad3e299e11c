"""Watching from Python: typed events, for as long as the loop over them lasts."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import select
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from gorun_tasks import (
    EndedEvent,
    FailedEvent,
    OutcomeEvent,
    Program,
    StartedEvent,
    ToolchainError,
    UnchangedEvent,
    UsageError,
    WatchingEvent,
    Workspace,
)
from gorun_tasks.build import attempt
from gorun_tasks.closure import recorder as closure
from gorun_tasks.closure.early_closure import EarlyClosure
from gorun_tasks.closure.recorder import Closure, Moved
from gorun_tasks.core.reasons import Reason
from gorun_tasks.storage.publisher import Publisher
from gorun_tasks.system import supervisor as keep
from gorun_tasks.system import supervisor_process as supervisor
from gorun_tasks.watch.rebuild import RebuildPass
from gorun_tasks.watch.watcher import Watch
from tests.support.clock import PATIENCE, wait_until
from tests.support.watching import SERVER, group_is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gorun_tasks.build.events import Event
    from gorun_tasks.core.store import Manifest
    from gorun_tasks.toolchain.report import Report
    from tests.support.trees import Tree

pytestmark = pytest.mark.usefixtures("surroundings")


def of(kind: type[Event], events: Iterator[Event]) -> Event:
    """Return the next event of a kind."""
    return next(event for event in events if isinstance(event, kind))


def edit(tree: Tree, name: str, old: str, new: str) -> None:
    file = tree.folder / name
    file.write_text(file.read_text().replace(old, new))


def wait_for(words: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Wait until a program has said something."""
    said = ""

    def is_said() -> bool:
        nonlocal said
        said += capfd.readouterr().out
        return words in said

    wait_until(is_said)


def test_what_happens_is_told_in_order(tree: Tree, capfd: pytest.CaptureFixture[str]) -> None:
    """And leaving the loop leaves nobody behind."""
    tree.write(SERVER)
    events = iter(Program(cwd=str(tree.folder)).watch(["-x"]))
    first = of(StartedEvent, events)
    assert isinstance(first, StartedEvent)
    os.killpg(first.pid, 0)
    wait_for("version one [-x]\n", capfd)  # by then it hears of signals
    edit(tree, "version.go", "func", "fun")
    failed = of(FailedEvent, events)
    assert isinstance(failed, FailedEvent)
    assert "go could not build the program" in str(failed.error)
    edit(tree, "version.go", "fun ", "func ")
    assert isinstance(of(UnchangedEvent, events), UnchangedEvent)
    edit(tree, "version.go", "one", "two")
    built = of(OutcomeEvent, events)
    assert isinstance(built, OutcomeEvent)
    assert [str(reason) for reason in built.because] == ["version.go edited"]
    ended = of(EndedEvent, events)
    assert isinstance(ended, EndedEvent)
    assert (ended.exit_code, ended.wanted) == (0, True)
    second = of(StartedEvent, events)
    assert isinstance(second, StartedEvent)
    assert group_is_gone(first.pid)
    events.close()  # type: ignore[attr-defined]
    assert group_is_gone(second.pid)


def test_a_program_starts_before_it_is_recorded(
    tree: Tree, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its outcome is told first; an edit while it is being recorded is not missed."""
    publish, may_record = Publisher.publish, threading.Event()

    def held(*args: Any, **kwargs: Any) -> Manifest:
        assert may_record.wait(PATIENCE)
        return publish(*args, **kwargs)

    monkeypatch.setattr(Publisher, "publish", held)
    tree.write(SERVER)
    program = Program(cwd=str(tree.folder))
    events = iter(program.watch())
    built, first = next(events), next(events)
    assert isinstance(built, OutcomeEvent)
    assert isinstance(first, StartedEvent)
    assert list(built.steps) == ["check", "load", "compile", "link", "publish"]
    wait_for("version one []\n", capfd)
    assert os.readlink(f"/proc/{first.pid}/exe") == built.executable
    assert program.why() == (Reason("", "not built before"),)
    edit(tree, "version.go", "one", "two")
    may_record.set()
    of(StartedEvent, events)
    wait_for("version two []\n", capfd)
    wait_until(Program(cwd=str(tree.folder)).is_current)
    events.close()  # type: ignore[attr-defined]


def test_a_build_is_remembered_though_an_edit_comes_before_go_has_ended(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its program runs by then, so there is nothing to give up: undone, the edit costs no build."""
    holds, notice = EarlyClosure.still_valid_for_dependencies, Watch._notice  # noqa: SLF001
    noticed = threading.Event()

    def held(early: EarlyClosure) -> bool:
        assert noticed.wait(PATIENCE)
        return holds(early)

    def told(watch: Watch, paths: frozenset[str] | None) -> None:
        notice(watch, paths)
        if any(path.endswith("version.go") for path in paths or ()):
            noticed.set()

    monkeypatch.setattr(EarlyClosure, "still_valid_for_dependencies", held)
    monkeypatch.setattr(Watch, "_notice", told)
    tree.write(SERVER)
    events = iter(Program(cwd=str(tree.folder)).watch())
    of(StartedEvent, events)
    edit(tree, "version.go", "one", "two")
    of(StartedEvent, events)
    edit(tree, "version.go", "two", "one")
    undone = of(OutcomeEvent, events)
    assert isinstance(undone, OutcomeEvent)
    assert undone.outcome == "restored"
    events.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("fetched", [False, True])
def test_what_go_brought_along_is_looked_at_when_the_program_runs(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, *, fetched: bool
) -> None:
    """Where it moved, nothing starts twice; also where go is asked once more, as after a fetch."""
    reads = 0

    def read(report: Report, *rest: Any) -> Closure:
        nonlocal reads
        reads += 1
        if fetched and reads == 1:
            raise Moved([f"{report.settings['GOMODCACHE']}/example.com/lib@v1.0.0/lib.go"])
        return closure.read(report, *rest)

    monkeypatch.setattr(EarlyClosure, "still_valid_for_dependencies", lambda _: reads > fetched)
    monkeypatch.setattr(attempt, "read", read)
    tree.write(SERVER)
    program = Program(cwd=str(tree.folder))
    told: list[str] = []
    for event in program.watch():
        told.append(event.event)
        if isinstance(event, WatchingEvent):
            edit(tree, "version.go", "one", "two")
        if told.count("started") == 2:
            wait_until(Program(cwd=str(tree.folder)).is_current)
            break
    assert [kind for kind in told if kind != "watching"] == [
        *("outcome", "started"),
        *("outcome", "ended", "started"),
    ]
    assert reads == 1 + fetched


def opened() -> list[str]:
    """Return what this process has open."""
    links = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the listing itself
            links.append(os.readlink(f"/proc/self/fd/{name}"))
    return sorted(links)


def unnamed() -> list[str]:
    """Return what it has open that has no path: what watchfiles, and others, listen with."""
    return [link for link in opened() if link.startswith("anon_inode:")]


def test_what_is_watched_is_told_also_where_it_was_known(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a program that is current it is watched while the first look still goes on."""
    find_where = RebuildPass.find_where

    def find_later(look: RebuildPass) -> None:
        wait_until(lambda: bool(look.notices.directories))
        find_where(look)

    monkeypatch.setattr(RebuildPass, "find_where", find_later)
    tree.write(SERVER)
    program = Program(cwd=str(tree.folder))
    program.build()
    watching = of(WatchingEvent, iter(program.watch()))
    assert isinstance(watching, WatchingEvent)
    assert watching.directories > 0


def test_where_the_last_look_fails_all_is_closed_nevertheless(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, may_fail = threading.Event(), threading.Event()

    def fail(_: RebuildPass) -> None:
        made.set()
        assert may_fail.wait(PATIENCE)
        raise OSError("the disk is gone")

    monkeypatch.setattr(RebuildPass, "find_where", fail)
    tree.write(SERVER)
    events = iter(Program(cwd=str(tree.folder)).watch())
    started = of(StartedEvent, events)
    assert isinstance(started, StartedEvent)
    assert made.wait(PATIENCE)  # what is given up before does not come so far
    may_fail.set()
    with pytest.raises(OSError, match="the disk is gone"):
        events.close()  # type: ignore[attr-defined]
    assert group_is_gone(started.pid)


def test_nothing_is_left_of_it(tree: Tree) -> None:
    """No thread, no descriptor, nobody who listens: a larger program may go on for days."""
    tree.write(SERVER)
    program = Program(cwd=str(tree.folder))
    heard: list[Event] = []
    program.on_event = heard.append
    threads = threading.enumerate()
    others = unnamed()

    def watch() -> None:
        events = iter(program.watch())
        of(WatchingEvent, events)
        events.close()  # type: ignore[attr-defined]

    watch()
    assert threading.enumerate() == threads
    gc.collect()
    # What watchfiles listens with is closed by a thread of its own.
    wait_until(lambda: unnamed() == others)
    descriptors = opened()
    watch()
    gc.collect()
    wait_until(lambda: opened() == descriptors)
    heard.clear()
    program.build()
    assert [event.name for event in heard] == [""]


def test_another_thread_ends_it(tree: Tree) -> None:
    """By a signal that the program gets; then the loop is over."""
    tree.write(SERVER)
    watch = Program(cwd=str(tree.folder)).watch()
    told: list[Event] = []
    for event in watch:
        told.append(event)
        if isinstance(event, StartedEvent):
            watch.end(signal.SIGTERM)
    assert [event.wanted for event in told if isinstance(event, EndedEvent)] == [True]
    assert watch.exit_code is not None
    assert watch.ended_by == signal.SIGTERM


def test_who_ends_it_too_late_wakes_nobody(tree: Tree) -> None:
    """The numbers of its pipe are somebody else's by then."""
    tree.write(SERVER)
    watch = Program(cwd=str(tree.folder), env={"GORUN_GO": "no-such-go"}).watch()
    with pytest.raises(ToolchainError):
        list(watch)
    pipes = [os.pipe() for _ in range(64)]
    try:
        watch.end(signal.SIGTERM)
        assert not select.select([reads for reads, _ in pipes], [], [], 0)[0]
    finally:
        for descriptor in itertools.chain(*pipes):
            os.close(descriptor)


WITHOUT_PROCESSES = """
import errno, os, runpy
def fork():
    os.fork = own
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
own, os.fork = os.fork, fork
runpy.run_path({script!r}, run_name="__main__")
"""
"""A supervisor that cannot start its first program: no more processes are to be had."""


def test_where_there_are_no_more_processes_it_waits(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "supervisor"
    script.write_text(WITHOUT_PROCESSES.format(script=supervisor.__file__))
    monkeypatch.setattr(keep, "_SCRIPT", str(script))
    tree.write(SERVER)
    events = iter(Program(cwd=str(tree.folder)).watch())
    told: dict[type[Event], Event] = {}
    while not told.keys() >= {FailedEvent, WatchingEvent}:  # whichever comes first
        event = next(events)
        told[type(event)] = event
    failed = told[FailedEvent]
    assert isinstance(failed, FailedEvent)
    assert "cannot execute it: Resource temporarily unavailable" in str(failed.error)
    edit(tree, "version.go", "one", "two")
    of(StartedEvent, events)
    events.close()  # type: ignore[attr-defined]


def test_programs_of_a_workspace(tree: Tree) -> None:
    """Each event says whose it is."""
    main = {
        name.replace("main.go", f"cmd/{p}/main.go"): text.replace("version()", f'"{p}"')
        for p in ("api", "worker")
        for name, text in SERVER.items()
        if name == "main.go"
    }
    tree.write({"go.mod": SERVER["go.mod"], **main})
    names: set[str] = set()
    for event in Workspace(str(tree.folder)).watch():
        if isinstance(event, StartedEvent):
            names.add(event.name)
            if len(names) == 2:
                break
    assert names == {"api", "worker"}
    with pytest.raises(UsageError, match="no program is called other"):
        Workspace(str(tree.folder)).watch(["other"])


def test_where_no_edit_can_help_it_ends(tree: Tree) -> None:
    tree.write(SERVER)
    program = Program(cwd=str(tree.folder), env={"GORUN_GO": "no-such-go"})
    with pytest.raises(ToolchainError, match="GORUN_GO is 'no-such-go'"):
        list(program.watch())


def test_where_none_of_several_can_be_built_it_ends(tree: Tree) -> None:
    """By the trouble of the first; the keepers of all are gone."""
    tree.write(SERVER)
    program = Program(cwd=str(tree.folder), env={"GORUN_GO": "no-such-go"})
    programs = {"one": program.context(), "other": program.with_flags(race=True).context()}
    with pytest.raises(ToolchainError, match="GORUN_GO is 'no-such-go'") as raised:
        list(Watch(programs, {}))
    assert raised.value.__context__ is None
