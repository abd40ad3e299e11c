"""The hook of pre-commit: what a commit touches has to build."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.support.distribution import Person, commit_all, distribution
from tests.support.trees import write

if TYPE_CHECKING:
    from pathlib import Path

MAIN = 'package main\n\nimport _ "embed"\n\n//go:embed a.txt\nvar text string\n\nfunc main() {}\n'
FILES = {
    "go.mod": "module example.com/two\n\ngo 1.24\n",
    "cmd/one/main.go": MAIN,
    "cmd/one/a.txt": "one\n",
    "cmd/two/main.go": MAIN,
    "cmd/two/a.txt": "two\n",
}


def test_a_commit_is_made_where_the_programs_that_it_touches_build(
    go: None,  # noqa: ARG001 - a person has one
    tmp_path: Path,
) -> None:
    person, folder = Person(tmp_path / "home"), tmp_path / "two"
    hooks = distribution().repository
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=hooks, text=True).strip()
    config = f"repos:\n- repo: {hooks}\n  rev: {commit}\n  hooks:\n"
    config += "  - id: gorun-build\n    verbose: true\n"
    write(folder, {**FILES, ".pre-commit-config.yaml": config})
    commit_all(folder)
    person.does("git config --global user.name You && git config --global user.email you@here")
    person.does("pre-commit install", folder)

    write(folder, {"cmd/one/a.txt": "three\n"})
    said = person.types("git commit -a -m 'Count on'", folder)
    assert said.rc == 0, said
    assert "one  built because" in said.err
    assert "two" not in said.err.replace(str(folder), "")
    gorun = f"uvx -q --from {distribution().wheel} gorun"
    assert person.does(f"{gorun} --why ./cmd/one", folder) == "./cmd/one: current\n"

    write(folder, {"cmd/two/main.go": f"{MAIN}}}\n"})
    said = person.types("git commit -a -m 'Fail'", folder)
    assert said.rc == 1, said
    assert "cmd/two/main.go:9:1: syntax error" in said.err
    person.does("git checkout -q .", folder)

    said = person.types("git rm -q cmd/two/a.txt && git commit -m 'Remove'", folder)
    assert said.rc == 1, said
    assert "pattern a.txt: no matching files found" in said.err
    assert person.does("git log --format=%s", folder) == "Count on\nAll of it\n"
