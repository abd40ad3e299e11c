"""Real events of every kind, held against the schema and the page that describe them."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tests.e2e.watch.test_loop import FILES as LOOP
from tests.support.place import REPOSITORY
from tests.support.watching import Watching, watching

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

SCHEMA: dict[str, Any] = json.loads((REPOSITORY / "docs" / "events.schema.json").read_text())
KINDS: dict[str, Any] = SCHEMA["$defs"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what a watch tells of builds with every outcome, and a single run."""
    return [
        *_of_a_watch(tmp_path_factory.mktemp("watch")),
        *_of_a_loop(tmp_path_factory.mktemp("loop")),
        *_of_a_run(tmp_path_factory.mktemp("run")),
    ]


def _of_a_watch(folder: Path) -> list[dict[str, Any]]:
    with Watching(watching(folder), ".") as watch:
        watch.wait_until_it_watches()
        watch.edit("version.go", "func", "fun")
        watch.wait_for_event("failed")
        watch.edit("version.go", "fun ", "func ")
        watch.wait_for_event("unchanged")
        watch.edit("version.go", "one", "two")
        watch.wait_for_event("ended")
        watch.wait_for("version two ")
        watch.signal(signal.SIGTERM)
        watch.end()
        return watch.events()


def _of_a_loop(folder: Path) -> list[dict[str, Any]]:
    with Watching(watching(folder, LOOP), ":server") as watch:
        watch.wait_for_event("loop")
        watch.shop.write({"gorun.toml": '[programs.server]\nargs = ["x"]\n'})
        watch.wait_for_event("configured")
        return watch.events()


def _of_a_run(folder: Path) -> list[dict[str, Any]]:
    workshop = watching(folder)
    workshop.edit("main.go", "<-signals", "len(signals)")
    told = [workshop.events(".")[1], workshop.events(".")[1]]
    workshop.edit("version.go", "one", "two")
    told.append(workshop.events(".")[1])
    workshop.edit("version.go", "two", "one")
    told.append(workshop.events(".")[1])
    return [event for events in told for event in events]


def test_real_events_of_every_kind_are_as_the_schema_says(told: list[dict[str, Any]]) -> None:
    assert {event["event"] for event in told} == set(KINDS)
    outcomes = {event["outcome"] for event in told if event["event"] == "outcome"}
    assert outcomes == {"current", "restored", "built", "failed"}
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    for event in told:
        validator.validate(event)


def test_real_events_have_no_field_that_the_schema_does_not_know(
    told: list[dict[str, Any]],
) -> None:
    """The schema allows more, for what comes later; today there is none. A miss is not always."""
    for event in told:
        known = SCHEMA["properties"].keys() | KINDS[event["event"]]["properties"].keys()
        assert known - {"miss"} <= event.keys() <= known


def test_the_page_names_every_kind_and_field() -> None:
    page = (REPOSITORY / "docs" / "events.md").read_text()
    names = {
        *SCHEMA["properties"],
        *KINDS,
        *(n for kind in KINDS.values() for n in kind["properties"]),
    }
    steps = KINDS["outcome"]["properties"]["steps"]["propertyNames"]["enum"]
    assert [name for name in (*names, *steps) if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"event": "other"},
        {"outcome": "failed"},
        {"executable": "bin/x"},
        {"because": [{"input": "x"}]},
        {"steps": {"dream": 1.0}},
        {"seconds": "1"},
    ],
)
def test_the_schema_refuses_what_is_no_event(
    told: list[dict[str, Any]], wrong: dict[str, Any]
) -> None:
    validator = Draft202012Validator(SCHEMA)
    event = next(e for e in told if e.get("outcome") == "built")
    assert validator.is_valid(event)
    assert not validator.is_valid({**event, **wrong})
