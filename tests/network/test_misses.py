"""What is said of a shared place on request: what a run would fetch, or how the nearest differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.network.conftest import Remote
from tests.network.test_shared_builds import API, Machines
from tests.support.clock import let_the_clock_tick

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

ASKED = ("--why", "--remote", *API)


@pytest.fixture
def folder(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


@pytest.fixture
def pair(tmp_path: Path, folder: Remote) -> Machines:
    machines = Machines(tmp_path, folder)
    for machine in (machines.first, machines.second):
        machine.environ["CGO_ENABLED"] = "0"
    return machines


def _miss(pair: Machines, *words: str, env: dict[str, str] | None = None) -> str:
    """Return what is said of the nearest build on the second machine."""
    result = pair.second.gorun(*(words or ASKED), env=env)
    assert (result.rc, result.err) == (1, ""), result
    line = result.out.splitlines()[-1]
    return line.partition("./cmd/api: ")[2].removeprefix("nearest published build: ")


def test_what_a_run_would_fetch_is_said_and_not_taken(pair: Machines) -> None:
    assert _miss(pair) == "no usable build of this program with these flags is published"
    pair.build(*API)
    second = pair.second.without_store()
    version = pair.first.go("env", "GOVERSION").out.strip()
    target = "-trimpath ./cmd/api"
    said = f"{target}: not built before\n{target}: built by {version} elsewhere\n"
    assert second.gorun(*ASKED) == (1, said, "")
    assert not second.store.exists()
    second.write({"gorun.toml": "trimpath = true\n", "cmd/other/main.go": "package main\n"})
    answer = second.gorun("--why", "--remote", "-json", ":api", ":other")
    api, other = json.loads(answer.out)
    assert api["outcome"] == "fetched"
    assert api["because"][-1] == {"input": "", "change": f"built by {version} elsewhere"}
    assert other["miss"] == "no usable build of this program with these flags is published"


def test_the_first_differences_of_the_nearest_are_said(pair: Machines) -> None:
    pair.download()
    pair.build(*API)
    pair.first.write({"cmd/api/hello.txt": "two", "cmd/api/more_windows.go": "package main\n"})
    pair.build(*API)
    second = pair.second
    second.write({"cmd/api/hello.txt": "three"})
    assert _miss(pair) == "cmd/api/hello.txt differs; cmd/api/more_windows.go is only there"
    second.write({"cmd/api/more_windows.go": "package main\n"})
    assert _miss(pair) == "cmd/api/hello.txt differs"
    env = {"CGO_ENABLED": "1", "GOFLAGS": "-modcacherw -tags=dev"}
    assert _miss(pair, env=env) == (
        "GOFLAGS -modcacherw there, '-modcacherw -tags=dev' here; CGO_ENABLED 0 there, 1 here;"
        " cmd/api/hello.txt differs"
    )
    result, (event,) = second.events(*API)
    assert (result.rc, event["outcome"]) == (0, "built")
    assert event["miss"] == "nearest published build: cmd/api/hello.txt differs"
    _, (event,) = second.events(*API)
    assert ("miss" in event, event["outcome"]) == (False, "current"), event


def test_what_hinders_a_comparison_is_said(pair: Machines, folder: Remote) -> None:
    pair.download()
    pair.build(*API)
    second = pair.second
    second.write({"../go.work": "go 1.24\n\nuse ./work\n"})
    assert _miss(pair) == f"{second.folder.parent}/go.work is only here"
    (second.folder.parent / "go.work").unlink()
    dep = second.folder.parent / "home/go/pkg/mod/example.com/dep@v1.0.0"
    second.edit(str(dep / "dep.go"), '"dep"', '"step"')
    let_the_clock_tick()
    assert _miss(pair) == f"{dep} is another"
    for path in (folder.root / "cas").rglob("*"):
        if path.is_file() and path.stat().st_size > 1 << 14:
            path.unlink()
    assert _miss(pair) == "its contents are gone"


def test_paths_count_without_trimpath(pair: Machines) -> None:
    pair.first.gorun("--build", "./cmd/api")
    one, two = pair.first.folder, pair.second.folder
    said = f"module {one} there, {two} here, which counts without -trimpath"
    assert _miss(pair, "--why", "--remote", "./cmd/api") == said


def test_a_place_is_needed_for_that(pair: Machines) -> None:
    second = pair.second.without_store()
    said = "gorun: --remote: no shared place is named; GORUN_REMOTE can name one\n"
    assert second.gorun(*ASKED, env={"GORUN_REMOTE": ""}) == (2, "", said)
    result = second.gorun(*ASKED, env={"GORUN_REMOTE": "http://127.0.0.1:1"})
    assert result.out.endswith(": the shared place does not answer\n")
    assert not second.store.exists()
