"""--why and --which of several programs, and every answer as data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.workshop import TINY, Workshop, needs_mounts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

FILES = {
    "go.mod": TINY["go.mod"],
    "cmd/one/main.go": TINY["main.go"],
    "cmd/two/main.go": TINY["main.go"],
}


def data(shop: Workshop, *words: str) -> Any:
    result = shop.gorun(*words)
    assert result.rc in (0, 1), result
    return json.loads(result.out)


def test_several_names_are_all_answered(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, FILES)
    result = shop.gorun("--which", ":one", ":two")
    paths = result.out.splitlines()
    assert [path.rpartition("/")[2] for path in paths] == ["one", "two"], result
    assert shop.gorun("--why", ":one", ":two").out == "./cmd/one: current\n./cmd/two: current\n"
    shop.edit("cmd/two/main.go", "tiny", "other")
    result = shop.gorun("--why", ":one", ":two")
    assert result.rc == 1
    assert result.out == "./cmd/one: current\n./cmd/two: cmd/two/main.go edited\n"


def test_several_answers_as_data(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, FILES)
    one, two = data(shop, "--which", "-json", ":one", ":two")
    assert one["executable"].endswith("/one")
    assert two["executable"].endswith("/two")
    shop.edit("cmd/one/main.go", "tiny", "other")
    stale, current = data(shop, "--why", "-json", ":one", ":two")
    path = f"{shop.folder}/cmd/one/main.go"
    reason = {"input": "cmd/one/main.go", "change": "edited", "path": path}
    assert stale == {"target": "./cmd/one", "outcome": "stale", "because": [reason]}
    assert current["outcome"] == "current"
    assert data(shop, "--why", "-json", ":one") == stale


def test_a_second_name_goes_to_the_program_and_that_is_said(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, FILES)
    result = shop.gorun(":one", ":two", env={"CI": "1"})
    assert result.err.endswith(
        "gorun: :two stands after the target, so it went to the program;"
        " to run both: gorun --watch :one :two\ntiny\n"
    )


@needs_mounts
def test_what_cannot_be_dropped_is_said(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, TINY)
    assert shop.gorun(".").rc == 0
    where = f"{shop.store}"
    command = " ".join(shop.command(("gorun_tasks", "--store", "drop", ".")))
    read_only = f"mount --bind {where} {where}; mount -o remount,bind,ro {where}; {command}"
    result = shop.execute(["unshare", "--mount", "sh", "-c", read_only])
    assert result.rc == 125
    assert result.err.startswith("gorun: . is not forgotten: ")
    assert shop.gorun("--why", ".").out == ".: current\n"
    assert shop.gorun("--store", "drop", ".").rc == 0
    assert shop.gorun("--why", ".").out == ".: not built before\n"
