"""What several watched programs write that ends no line, or never ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.watching import SERVER, Watching, watching

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

HEAD = 'package main\n\nimport (\n\t"os"\n\t"time"\n)\n\nfunc main() {\n'
FILES = {
    "go.mod": SERVER["go.mod"],
    "cmd/asks/main.go": f'{HEAD}\tos.Stdout.WriteString("name? ")\n\ttime.Sleep(time.Hour)\n}}\n',
    "cmd/floods/main.go": (
        f"{HEAD}\tfor range 1 << 10 {{\n\t\tos.Stdout.Write(make([]byte, 1<<10))\n\t}}\n"
        '\tprint("done\\n")\n\ttime.Sleep(time.Hour)\n}\n'
    ),
}


def test_prompts_and_endless_lines_are_shown(tmp_path: Path) -> None:
    with Watching(watching(tmp_path, FILES), ":asks", ":floods") as watch:
        watch.wait_for("asks   | name? ")
        watch.wait_for("floods | done")
        watch.wait_until(lambda: watch.said.count("\0") == 1 << 20)  # of the other stream
