"""The configuration is edited while its programs are watched."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import Workspace
from tests.support.watching import SERVER, Watching, watching

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

MAIN = SERVER["main.go"].replace("version(), os.Args[1:]", 'os.Args[1:], os.Getenv("LEVEL"), tag')
FILES = {
    "go.mod": SERVER["go.mod"],
    "gorun.toml": '[programs.api]\nargs = ["-port", "1"]\nenv = { LEVEL = "debug" }\n',
    **{
        f"cmd/{name}/{file}": text
        for name in ("api", "worker")
        for file, text in (
            ("main.go", MAIN),
            ("tag.go", '//go:build !dev\n\npackage main\n\nconst tag = ""\n'),
            ("dev.go", '//go:build dev\n\npackage main\n\nconst tag = "dev"\n'),
        )
    },
}


def test_what_it_says_of_a_program_restarts_that_program(tmp_path: Path) -> None:
    shop = watching(tmp_path, FILES)
    with Watching(shop, ":api", ":worker") as watch:
        watch.wait_for("api    | version [-port 1] debug \n")
        watch.wait_for("worker | version []  \n")
        watch.wait_for_event("watching", 2)
        shop.edit("gorun.toml", '"1"', '"2"')
        watch.wait_for("api    | version [-port 2] debug \n")
        assert "gorun: api: restarts: gorun.toml edited\n" in watch.said
        shop.edit("gorun.toml", "debug", "info")
        watch.wait_for("api    | version [-port 2] info \n")
        shop.edit("gorun.toml", "env =", 'tags = ["dev"]\nenv =')
        watch.wait_for("api    | version [-port 2] info dev\n")
        programs = [event["program"] for event in watch.events("configured")]
        assert [program.endswith("cmd/api") for program in programs] == [True] * 3, programs
        assert "worker: restarts" not in watch.said


def test_a_mistake_is_said_and_all_runs_on(tmp_path: Path) -> None:
    shop = watching(tmp_path, FILES)
    with Watching(shop, ":api") as watch:
        watch.wait_until_it_watches()
        shop.edit("gorun.toml", "args", "arks")
        watch.wait_for("gorun.toml:2: arks is no setting; did you mean args?\n")
        watch.wait_for("gorun: all is as it was configured before\n")
        shop.edit("cmd/api/main.go", "ends by", "was ended by")
        watch.wait_for_event("started", 2)
        shop.edit("gorun.toml", "arks", "args")
        shop.edit("gorun.toml", '"1"', '"3"')
        watch.wait_for("version [-port 3] debug \n")


def test_one_that_appears_nearer_counts(tmp_path: Path) -> None:
    """Where there was none; and an edit of what is no configuration restarts nothing."""
    shop = watching(tmp_path, {name: text for name, text in FILES.items() if name != "gorun.toml"})
    with Watching(shop, ":api") as watch:
        watch.wait_until_it_watches()
        shop.write({"pyproject.toml": "[project]\nname = 'shop'\n"})
        shop.write({"gorun.toml": FILES["gorun.toml"]})
        watch.wait_for("version [-port 1] debug \n")
        watch.wait_for_event("started", 2)
        assert len(watch.pids) == 2


def test_programs_join_and_leave_a_watch_over_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = watching(tmp_path, FILES)
    for name, value in shop.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shop.folder)
    table = '[programs.extra]\ntarget = "./cmd/api"\nargs = ["extra"]\n'
    watch = Workspace().watch()
    seen = []
    for event in watch:
        seen.append((event.event, event.name))
        if event.event == "watching" and ("started", "extra") not in seen:
            shop.write({"gorun.toml": table})
        if (event.event, event.name) == ("started", "extra"):
            shop.write({"gorun.toml": 'exclude = ["./cmd/worker"]\n'})
        if {("ended", "extra"), ("ended", "worker")} <= {*seen}:
            watch.end(signal.SIGTERM)
    assert seen.count(("configured", "extra")) == 2
    assert os.getcwd() == str(shop.folder)
