"""What was probably meant: words of other commands, names without a colon, other modules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import TINY, Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

MAIN = TINY["main.go"]
SHOP = {
    "go.mod": "module example.com/shop\n\ngo 1.24\n",
    "cmd/weave/main.go": MAIN,
    "tools/go.mod": "module example.com/tools\n\ngo 1.24\n",
    "tools/gen/main.go": MAIN,
    "broken/main.go": "package main\n\nfunc main() { x }\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    workshop = Workshop(tmp_path, SHOP)
    (workshop.folder / ".git").mkdir()
    assert workshop.gorun("--list").rc == 0
    return workshop


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["weave"], "did you mean :weave?"),
        (["run", "."], "gorun runs a target by itself"),
        (["build"], "gorun --build builds programs"),
        (["test", "./..."], "gorun runs programs, go test tests"),
        (["list"], "gorun --list names the programs"),
        (["help"], "gorun --help explains the command line"),
        (["./tools/gen"], "that package is of the module in tools: gorun :gen runs it"),
    ],
)
def test_what_was_meant_is_said_after_go_has_said_why(
    shop: Workshop, words: list[str], said: str
) -> None:
    result = shop.gorun(*words)
    assert result.rc == 125
    assert result.err.splitlines()[-1] == f"gorun: {said}"
    assert len(result.err.splitlines()) > 1


@pytest.mark.parametrize("words", [["./broken"], ["other"], ["example.com/weave"]])
def test_of_what_is_simply_wrong_nothing_is_said(shop: Workshop, words: list[str]) -> None:
    result = shop.gorun(*words)
    assert result.rc == 125
    assert "gorun: " not in result.err


def test_h_is_help_and_verbose_is_none_of_ours(shop: Workshop) -> None:
    assert shop.gorun("-h") == shop.gorun("--help")
    result = shop.gorun("--verbose", ".")
    assert result.rc == 2
    assert result.err.startswith("gorun: flag provided but not defined: -verbose; go's -v names")


def test_every_answer_can_be_data(shop: Workshop) -> None:
    why = shop.gorun("--why", "-json", ":weave")
    assert why.rc == 1
    assert json.loads(why.out)["outcome"] == "stale"
    path = json.loads(shop.gorun("--which", "-json", "./cmd/weave").out)["executable"]
    assert path == shop.gorun("--which", "./cmd/weave").out.strip()
    why = shop.gorun("--why", "-json", "./cmd/weave")
    assert (why.rc, json.loads(why.out)) == (
        0,
        {"target": "./cmd/weave", "outcome": "current", "because": []},
    )
    graph = json.loads(shop.gorun("--graph", "-json").out)
    assert {one["name"]: one["link"] for one in graph["programs"]}["weave"] == "current"
    stat = json.loads(shop.gorun("--store", "stat", "-json").out)
    assert [one["program"].split()[0] for one in stat["programs"]] == ["./cmd/weave"]
    assert len(stat["executables"]) == 1
