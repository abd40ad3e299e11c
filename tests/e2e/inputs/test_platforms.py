"""Each platform has executables, manifests and a stable path of its own; a platform is what is set.

Decides that builds for several platforms, in turn and at once, do not replace each other.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.program import PLATFORM
from tests.support.workshop import TINY, Workshop, go_command

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

ARM = {"GOARCH": "arm64"}
X86 = {"GOARCH": "amd64"}
PLATFORMS: tuple[dict[str, str], ...] = (
    {},
    ARM,
    {**ARM, "GOARM64": "v8.1"},
    {"GOOS": "freebsd"},
    {"CGO_ENABLED": "0"},
    {"GOEXPERIMENT": "nogreenteagc"},
    {"GOOS": "js", "GOARCH": "wasm"},
)
MACHINE_OF_ARM = 0xB7  # in the header of an ELF file


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, TINY)


def which(shop: Workshop, env: dict[str, str], *words: str) -> str:
    result = shop.gorun("--which", *(words or (".",)), env=env)
    assert (result.rc, result.err) == (0, "")
    return result.out.rstrip("\n")


def machine(path: str) -> int:
    with open(path, "rb") as file:
        return file.read(20)[18]


def test_each_platform_has_a_path_of_its_own(shop: Workshop) -> None:
    """What was handed out for one is still for that one after the other was asked for."""
    paths = [which(shop, env) for env in (X86, ARM, X86, ARM)]
    assert paths[:2] == paths[2:]
    assert len(set(paths)) == 2
    assert [machine(path) == MACHINE_OF_ARM for path in paths[:2]] == [False, True]
    assert {os.path.basename(path) for path in paths} == {"tiny"}


def test_two_platforms_at_once_get_each_its_own(shop: Workshop) -> None:
    """An image build for two platforms over one cache mount."""
    which(shop, X86), which(shop, ARM)
    script = 'for i in 1 2 3 4 5 6; do cp "$("$@" --which .)" "$OUT.$i" || exit 1; done'
    words = ["sh", "-c", script, "sh", *shop.command(("gorun_tasks",))]
    running = [
        subprocess.Popen(
            words,
            cwd=shop.folder,
            env={**shop.environ, "GOARCH": name, "OUT": str(shop.folder.parent / name)},
        )
        for name in ("amd64", "arm64")
    ]
    assert [process.wait() for process in running] == [0, 0]
    copies = {path.name: machine(str(path)) for path in shop.folder.parent.glob("a*64.?")}
    assert len(copies) == 12
    for name, found in copies.items():
        assert (found == MACHINE_OF_ARM) == name.startswith("arm64"), name


def test_nothing_but_the_platform_has_another_path(shop: Workshop) -> None:
    """Whoever keeps the path would start an old program."""
    path = which(shop, {})
    for env in ({"GOFLAGS": "-ldflags=-X=main.x=y"}, {"CGO_CFLAGS": "-O1"}, {"GOOS": ""}):
        assert which(shop, env) == path


def test_platforms_in_turn_are_each_current(shop: Workshop) -> None:
    for env in PLATFORMS:
        which(shop, env)
    for env in PLATFORMS:
        assert shop.gorun("--why", ".", env=env).out == ".: current\n", env
    (shop.folder / "main.go").write_text(TINY["main.go"].replace("tiny", "edited"))
    for env in PLATFORMS:
        assert shop.gorun("--why", ".", env=env).out == ".: main.go edited\n", env


def test_a_platform_that_was_not_built_has_the_difference_as_its_reason(shop: Workshop) -> None:
    which(shop, {})
    assert shop.gorun("--why", ".", env={"GOOS": "js"}).out == ".: GOOS: '' → 'js'\n"
    which(shop, ARM)
    told = shop.gorun("--why", ".", env={**ARM, "GOARM64": "v9.0"}).out
    assert told == ".: GOARM64: '' → 'v9.0'\n"  # the nearest one, not any


def test_what_go_takes_for_the_same_platform_is_not_built_again(shop: Workshop) -> None:
    which(shop, ARM)
    which(shop, {})
    system = shop.go("env", "GOOS").out.strip()
    assert shop.gorun("--why", ".", env={**ARM, "GOOS": system}).out == ".: current\n"
    assert machine(which(shop, {**ARM, "GOOS": system})) == MACHINE_OF_ARM


def test_a_program_is_dropped_on_all_platforms(shop: Workshop) -> None:
    which(shop, {})
    which(shop, ARM)
    stat = shop.gorun("--store", "stat").out
    assert "  .\n" in stat
    assert "  GOARCH=arm64 .\n" in stat
    assert shop.gorun("--store", "drop", ".").rc == 0
    for env in ({}, ARM):
        assert shop.gorun("--why", ".", env=env).out == ".: not built before\n"


def test_why_the_last_build_was_not_remembered_comes_before_other_platforms(
    shop: Workshop,
) -> None:
    which(shop, {})
    env = {"CGO_ENABLED": "0", "GOFLAGS": "-toolexec=env"}
    shop.gorun(".", env=env)
    assert "not remembered: " in shop.gorun("--why", ".", env=env).out


def test_every_level_that_go_knows_is_a_part_of_the_platform(shop: Workshop) -> None:
    """As the compiler's own configuration reads them."""
    root = shop.execute([go_command(), "env", "GOROOT"]).out.strip()
    with open(f"{root}/src/internal/buildcfg/cfg.go", encoding="utf-8") as file:
        read = set(re.findall(r'envOr\("(GO[A-Z0-9]+)"', file.read()))
    assert read - {"GOFIPS140"} | {"CGO_ENABLED", "GOEXPERIMENT"} == set(PLATFORM)
