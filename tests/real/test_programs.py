"""Programs of a thousand packages, from a writable tree: a day in the life of each.

Not part of the short run: the first build compiles everything.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.e2e.cli import Workshop, go_command

if TYPE_CHECKING:
    from pathlib import Path


class Real(NamedTuple):
    """A module, the main package in it, the file to edit, and words that end the program."""

    module: str
    target: str
    main: str
    words: tuple[str, ...]


PROGRAMS = {
    "promtool": Real(
        "github.com/prometheus/prometheus@v0.305.0",
        "./cmd/promtool",
        "cmd/promtool/main.go",
        ("--version",),
    ),
    "caddy": Real(
        "github.com/caddyserver/caddy/v2@v2.10.2", "./cmd/caddy", "cmd/main.go", ("version",)
    ),
}


@pytest.fixture(params=PROGRAMS)
def real(request: pytest.FixtureRequest) -> Real:
    return PROGRAMS[request.param]


@pytest.fixture
def shop(tmp_path: Path, real: Real) -> Workshop:
    """Fetch the module with go, and unpack it into a tree that may be written to."""
    shop = Workshop(tmp_path, {})
    for name in ("GOPROXY", "GOFLAGS", "GOMODCACHE"):
        shop.environ.pop(name, None)
    shop.folder.mkdir()
    told = shop.execute([go_command(), "mod", "download", "-json", real.module])
    shop.folder.rmdir()
    shutil.copytree(json.loads(told.out)["Dir"], shop.folder)
    for folder, _, names in os.walk(shop.folder):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            os.chmod(path, os.stat(path).st_mode | stat.S_IWUSR)
    return shop


def test_a_day_of_a_real_program(shop: Workshop, real: Real) -> None:
    """Built, current, touched, edited, undone; and the executable is the one go run starts."""
    words = (real.target, *real.words)
    main = shop.folder / real.main
    assert shop.outcome(*words)[0] == "built"
    assert shop.outcome(*words)[0] == "current"
    for path in shop.folder.rglob("*"):
        os.utime(path)
    assert shop.outcome(*words)[0] == "current"
    source = main.read_text()
    main.write_text(f"{source}\nvar gorunEdit = 1\n")
    outcome, because, _ = shop.outcome(*words)
    assert (outcome, because) == ("built", [f"{real.main} edited"])
    ours = shop.gorun("--which", real.target).out.rstrip("\n")
    with open(ours, "rb") as file:
        assert file.read() == shop.built_by_go_run(real.target)
    main.write_text(source)
    outcome, because, _ = shop.outcome(*words)
    assert (outcome, because) == ("restored", [f"{real.main} edited"])
