"""The configuration of a package holds however it is named; and what --list prints can be typed."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import Workshop, needs_strace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

MAIN = (
    'package main\n\nimport "os"\n\nvar version = "none"\n\n'
    'func main() { println("NAME", mode, version, len(os.Args)-1, os.Getenv("LEVEL")) }\n'
)
MODE = '//go:build TAG\n\npackage main\n\nconst mode = "MODE"\n'
SHOP = {
    "go.mod": "module example.com/shop\n\ngo 1.24\n",
    **{f"cmd/{name}/main.go": MAIN.replace("NAME", name) for name in ("api", "worker")},
    **{
        f"cmd/{name}/{mode}.go": MODE.replace("TAG", tag).replace("MODE", mode)
        for name in ("api", "worker")
        for mode, tag in (("dev", "dev"), ("plain", "!dev"))
    },
    "tools/go.mod": "module example.com/tools\n\ngo 1.24\n",
    "tools/gen/main.go": 'package main\n\nfunc main() { println("gen") }\n',
    "pyproject.toml": '[tool.gorun]\ntags = ["dev"]\n\n[tool.gorun.programs.worker]\n'
    'args = ["one"]\nenv.LEVEL = "high"\nstamp = { "main.version" = "dirty" }\n',
}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    workshop = Workshop(tmp_path, SHOP)
    assert workshop.execute(["git", "init", "--quiet"]).rc == 0
    return workshop


def test_settings_hold_however_a_package_is_named(shop: Workshop) -> None:
    assert shop.gorun(":worker").err == "worker dev unknown 1 high\n"
    for word in ("./cmd/worker", "example.com/shop/cmd/worker", str(shop.folder / "cmd/worker")):
        assert shop.gorun(word).err == "worker dev unknown 0 high\n", word
    assert shop.gorun("./cmd/api").err == "api dev none 0 \n"
    assert shop.gorun("-tags=", "./cmd/api").err == "api plain none 0 \n"
    assert shop.gorun("--which", "./cmd/worker").out == shop.gorun("--which", ":worker").out
    built = shop.gorun("--build", "./cmd/worker").out
    assert built == "./cmd/worker  current\n"


def test_nothing_holds_for_lists_of_files_and_other_modules(shop: Workshop) -> None:
    files = ["cmd/api/main.go", "cmd/api/plain.go"]
    assert shop.gorun(*files).err == "api plain none 0 \n"
    assert shop.gorun("--why", "example.com/else/cmd/worker").rc == 1


def test_no_config_switches_it_off(shop: Workshop) -> None:
    assert shop.gorun("--no-config", "./cmd/worker").err == "worker plain none 0 \n"
    assert shop.gorun("--no-config", ":worker").err == "worker plain none 0 \n"
    assert "-tags" not in shop.gorun("--no-config", "--list").out


@needs_strace
def test_an_unchanged_start_reads_no_toml(shop: Workshop) -> None:
    """Nor does it start anything, but git for the stamp."""
    for words in (["./cmd/api"], [":api"]):
        assert shop.gorun(*words).rc == 0
        code = (
            "import atexit, sys; from gorun_tasks.core import launch;"
            " launch.replace = lambda *_: sys.exit(print(*sorted(sys.modules)));"
            " from gorun_tasks.main import main; main()"
        )
        loaded = shop.execute([sys.executable, "-P", "-c", code, *words]).out.split()
        assert "gorun_tasks.core.launch" in loaded
        assert not {"tomllib", "subprocess", "gorun_tasks.workspace.package_scan"} & set(loaded)


def test_what_is_listed_can_be_typed(shop: Workshop) -> None:
    listed = {
        ".": (
            "api     -tags=dev ./cmd/api\n"
            "gen     -C=tools -tags=dev ./gen\n"
            "worker  LEVEL=high -tags=dev ./cmd/worker one\n"
        ),
        "cmd": (
            "api     -tags=dev ./api\n"
            "gen     -C=../tools -tags=dev ./gen\n"
            "worker  LEVEL=high -tags=dev ./worker one\n"
        ),
        "tools": (
            "api     -C=.. -tags=dev ./cmd/api\n"
            "gen     -tags=dev ./gen\n"
            "worker  LEVEL=high -C=.. -tags=dev ./cmd/worker one\n"
        ),
    }
    for folder, expected in listed.items():
        place = shop.folder / folder
        env = {"PWD": str(place)}
        command = shop.command(("gorun_tasks", "--list"))
        assert shop.execute(command, cwd=place, env=env).out == expected
        for line in expected.splitlines():
            name, *words = shlex.split(line)
            words = [word for word in words if word != "LEVEL=high"]
            run = shop.execute(shop.command(("gorun_tasks", *words)), cwd=place, env=env)
            assert (run.rc, run.err.split()[0]) == (0, name)
