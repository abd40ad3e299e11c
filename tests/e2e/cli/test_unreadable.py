"""A folder that belongs to somebody else, such as the volume of a database, in the tree."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import TINY, WITHOUT_OVERRIDE, Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.place import Result

pytestmark = pytest.mark.usefixtures("go")

SAID = "gorun: ./pgdata cannot be read, so it has no programs\n"


@pytest.fixture(params=[0o000, 0o400])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Workshop]:
    main = TINY["main.go"]
    workshop = Workshop(
        tmp_path,
        {
            "go.mod": TINY["go.mod"],
            "cmd/api/main.go": main,
            "pgdata/base/main.go": main,
            "web/main.go": main,
        },
    )
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "first")):
        how = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        assert workshop.execute(how).rc == 0
    folder = workshop.folder / "pgdata"
    folder.chmod(request.param)
    look = [sys.executable, "-c", WITHOUT_OVERRIDE, "/bin/ls", "-l", str(folder / "base")]
    if subprocess.run(look, capture_output=True, check=False).returncode == 0:
        pytest.skip("everything is readable here")
    yield workshop
    folder.chmod(0o755)


def unprivileged(shop: Workshop, *words: str) -> Result:
    command = shop.command(("gorun_tasks", *words))
    return shop.execute([sys.executable, "-c", WITHOUT_OVERRIDE, *command])


def test_it_is_said_and_all_else_is_found(shop: Workshop) -> None:
    listed = unprivileged(shop, "--list")
    assert listed == (0, "api  ./cmd/api\nweb  ./web\n", SAID)
    assert unprivileged(shop, "--list") == listed
    assert unprivileged(shop, ":api").err.endswith("tiny\n")
    built = unprivileged(shop, "--build")
    assert (built.rc, built.err) == (0, SAID)
    assert unprivileged(shop, "--affected", "HEAD", ":api") == (0, "", SAID)
    shop.write({".gitignore": "pgdata\n"})
    shop.execute(["git", "rm", "--quiet", "-r", "--cached", "pgdata"])
    assert unprivileged(shop, "--list") == (0, listed.out, "")
    (shop.folder / "pgdata").chmod(0o755)
    shop.write({".gitignore": ""})
    assert unprivileged(shop, "--list").out.count("\n") == 3
