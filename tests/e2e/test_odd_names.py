"""Names that look like something else: go's errors are shown, and nobody forges a line of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.cli import HELLO, Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

BROKEN = "package main\n\nfunc main() { foo() }\n"
HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "name",
    [
        *("HASHMAP", "HASH", "HASH[build x]", "HASH ", "HASH[x]: ", "HASH subkey", f"HASH {HASH}"),
        *("GORUN-", "GORUN-EXE ", "GORUN-PATH ", "GORUN-0123456789abcdef-EXE "),
    ],
)
def test_gos_errors_are_shown_wherever_they_are(tmp_path: Path, name: str) -> None:
    """What go hashes it tells on stderr as the compiler tells errors, and so does the handover."""
    workshop = Workshop(tmp_path, {**HELLO, f"{name}/main.go": BROKEN})
    of_go = workshop.go("run", f"{name}/main.go").err
    assert f"{name}/main.go:3:15: undefined: foo" in of_go
    assert workshop.gorun(f"{name}/main.go")[::2] == (125, of_go)


@pytest.mark.parametrize("line", ["HASH[x", f"HASH /x: {HASH}", "HASH[]", "GORUN-EXE /bin/sh"])
def test_gos_errors_are_shown_wherever_they_say_to_be(tmp_path: Path, line: str) -> None:
    source = BROKEN.replace("func", f"//line {line}:7\nfunc")
    workshop = Workshop(tmp_path, {**HELLO, "main.go": source})
    of_go = workshop.go("run", ".").err
    assert "undefined: foo" in of_go
    assert workshop.gorun(".")[::2] == (125, of_go)
