"""Where the time went: the steps that events tell, of builds that go in every possible way."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.workshop import TINY, TWO_PACKAGES, Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

BUILT = ["check", "load", "compile", "link", "publish"]


def told(workshop: Workshop, *words: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """Run gorun; return its one event, after a look at whether its steps make sense."""
    _, (event,) = workshop.events(*words, env=env)
    assert all(seconds >= 0 for seconds in event["steps"].values())
    assert sum(event["steps"].values()) == pytest.approx(event["seconds"])
    return event


def test_steps_of_every_outcome(tmp_path: Path) -> None:
    """Those that were taken, in their order; together they are the seconds of the request."""
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    assert list(told(workshop, ".")["steps"]) == BUILT
    assert list(told(workshop, ".")["steps"]) == ["check"]
    assert list(told(workshop, "--which", ".")["steps"]) == ["check"]
    assert list(told(workshop, "--rebuild", ".")["steps"]) == BUILT
    workshop.edit("lib/lib.go", '"word"', '"words"')
    assert list(told(workshop, ".")["steps"]) == BUILT
    workshop.edit("lib/lib.go", '"words"', '"word"')
    restored = told(workshop, ".")
    assert (restored["outcome"], list(restored["steps"])) == ("restored", ["check"])


def test_steps_of_a_failure_end_where_it_failed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, TWO_PACKAGES)
    workshop.edit("lib/lib.go", '"word"', "7")
    assert list(told(workshop, ".")["steps"]) == ["check", "load", "compile"]
    workshop.edit("main.go", "hello/lib", "hello/nothing")
    assert list(told(workshop, ".")["steps"]) == ["check", "load"]


def test_steps_of_a_program_with_c_count_both_requests(
    tmp_path: Path,
    race: None,  # noqa: ARG001 - it needs a C compiler
) -> None:
    """It is stopped where it comes to C code, and asked again: the steps are sums."""
    files = {**TINY, "main.go": 'package main\n\nimport "C"\n\nfunc main() { print("c\\n") }\n'}
    workshop = Workshop(tmp_path, files)
    assert list(told(workshop, ".")["steps"]) == BUILT


@pytest.mark.parametrize(
    ("flag", "begins"),
    [
        ("-debug-trace", b'[\n{"name":"Running run command"'),
        ("-debug-actiongraph", b'[\n\t{\n\t\t"ID": 0,\n\t\t"Mode": "go run"'),
        ("-debug-runtime-trace", b"go 1."),
    ],
)
def test_gos_own_answers_are_written_at_each_run(tmp_path: Path, flag: str, begins: bytes) -> None:
    """Whoever asks go where its time went gets go's file, so no run may be spared: it is said."""
    workshop = Workshop(tmp_path, TINY)
    file = workshop.folder / "answer"
    because = f"{flag}=answer has go asked at each run"
    for _ in range(2):
        event = told(workshop, flag, "answer", ".")
        assert event["outcome"] == "built"
        assert [reason["change"] for reason in event["because"]] == [because]
        assert file.read_bytes().startswith(begins)
        file.unlink()
    result = workshop.gorun("--why", f"{flag}=answer", ".")
    assert result == (1, f"{flag}=answer .: {because}\n", "")


@pytest.mark.parametrize("state", ["no reader", "a reader that does not read"])
def test_a_pipe_that_nobody_reads_holds_nobody_up(tmp_path: Path, state: str) -> None:
    workshop = Workshop(tmp_path, TINY)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    said = f"gorun: cannot write events to {pipe}: nobody reads it\n"
    with contextlib.ExitStack() as open_until_then:
        if state != "no reader":
            both = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
            open_until_then.callback(os.close, both)
            with contextlib.suppress(BlockingIOError):
                while os.write(both, b"x" * 4096):
                    pass
        for _ in range(2):
            assert workshop.gorun("--events", str(pipe), ".") == (0, "", f"{said}tiny\n")


def test_a_pipe_that_somebody_reads_has_the_events(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, TINY)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert workshop.gorun("--events", str(pipe), ".") == (0, "", "tiny\n")
        assert json.loads(os.read(reader, 1 << 16))["outcome"] == "built"
    finally:
        os.close(reader)
