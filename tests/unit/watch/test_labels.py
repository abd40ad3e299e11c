"""Lines of several programs in one output, each after its program's name."""

from __future__ import annotations

import os

import pytest

from gorun_tasks.system import console
from gorun_tasks.watch.labels import Labels


@pytest.fixture
def labels(monkeypatch: pytest.MonkeyPatch) -> Labels:
    """Return what labels the lines of two programs."""
    monkeypatch.setattr(console, "_end_line", None)
    return Labels(["a", "bee"])


def test_whoever_speaks_next_begins_a_line(
    labels: Labels, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "sameopenfile", lambda *_: True)
    labels = Labels(["a", "bee"])
    labels.write("a", 1, b"name? ")
    labels.write("bee", 1, b"one\ntwo\n")
    labels.write("bee", 1, b"> ")
    labels.write("bee", 1, b"yes\n")
    labels.write("a", 1, b"again? ")
    console.say("restarts")
    assert capfd.readouterr() == (
        "a   | name? \nbee | one\nbee | two\nbee | > yes\na   | again? \n",
        "gorun: restarts\n",
    )


def test_what_is_written_over_has_its_label(
    labels: Labels, capfd: pytest.CaptureFixture[str]
) -> None:
    labels.write("a", 1, b"10%\r20%")
    labels.write("a", 1, b"\r30%\r")
    labels.write("a", 1, b"40%\r\ndone\r\n")
    assert capfd.readouterr().out == (
        "a   | 10%\ra   | 20%\ra   | 30%\ra   | 40%\r\na   | done\r\n"
    )
