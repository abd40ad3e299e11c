"""The forge's workflow: what it says is so, and its commands do what they should.

Decides that by running its steps with stand-ins for what they start: python3, pip, nox. It must
never start the tests themselves.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from gorun_tasks.closure.recordable import SUPPORTED
from tests.docs import workflow
from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

FILE = REPOSITORY / ".github" / "workflows" / "ci.yml"
TOOLS = re.findall(r"^command -v (\S+)", (REPOSITORY / ".ci" / "run").read_text(), re.MULTILINE)
JOBS: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["jobs"]

PYTHON = """#!/bin/sh
echo "python3 $*" >> "$HOME/log"
[ "$2" = venv ] || exit 0
mkdir -p .venv/bin && cp "$HOME/pip" "$HOME/nox" .venv/bin
"""
PIP = '#!/bin/sh\necho "pip $*" >> "$HOME/log"\n'
NOX = '#!/bin/sh\necho "nox $*" >> "$HOME/log"\necho "$(cat "$HOME/says")"\nexec sh "$HOME/ends"\n'


def combinations(job: str) -> set[tuple[str, ...]]:
    """Return what a job runs with: system, Python and Go, as far as it says."""
    axes = dict(JOBS[job]["strategy"]["matrix"])
    included = axes.pop("include", [])
    return {*itertools.product(*axes.values()), *(tuple(one.values()) for one in included)}


def test_it_runs_on_all_that_is_promised() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.11"' in project
    pythons = {"3.11", "3.12", "3.13", "3.14"}
    releases = {version.removeprefix("go") for version in SUPPORTED}
    assert combinations("debian") == {(python,) for python in pythons}
    found = combinations("releases")
    for system in ("ubuntu-latest", "macos-latest"):
        assert {go for os_, _, go in found if os_ == system} == releases
    assert {python for os_, python, _ in found if os_ == "macos-latest"} == pythons


def test_actions_are_named_with_their_release() -> None:
    action = re.compile(r"actions/[\w-]+@v\d+")
    for step in itertools.chain(*(job["steps"] for job in JOBS.values())):
        assert ("run" in step) != bool(action.fullmatch(step.get("uses", "")))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with what the steps read; beside it a home and a PATH of stand-ins."""
    clone, home, commands = (tmp_path / name for name in ("clone", "home", "bin"))
    for folder in (clone, home, commands):
        folder.mkdir()
    shutil.copy(REPOSITORY / "README.md", clone)
    shutil.copytree(REPOSITORY / ".ci", clone / ".ci")
    files = {home / "pip": PIP, home / "nox": NOX, commands / "python3": PYTHON}
    for path, text in (*files.items(), *((commands / tool, "#!/bin/sh\n") for tool in TOOLS)):
        path.write_text(text)
        path.chmod(0o755)
    return clone


def run(job: str, clone: Path, says: str, ends: str = "exit 0") -> tuple[int, list[str]]:
    """Run the steps of a job; return the status, and what was started."""
    home = clone.parent / "home"
    (home / "says").write_text(says)
    (home / "ends").write_text(ends)
    done = subprocess.run(
        [sys.executable, workflow.__file__, str(FILE), job],
        cwd=clone,
        env={"HOME": str(home), "PATH": f"{clone.parent}/bin{os.pathsep}/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    log = home / "log"
    started = log.read_text().splitlines() if log.exists() else []
    return done.returncode, [line for line in started if not line.startswith("python3 -c")]


@pytest.mark.parametrize("job", JOBS)
def test_it_does_what_a_person_does(clone: Path, job: str) -> None:
    venv = "python3 -m venv --upgrade-deps .venv"
    started = [venv, "pip install -q -e .[dev]", "nox -s tests"]
    assert run(job, clone, "===== 5 passed in 1.00s =====") == (0, started)


@pytest.mark.parametrize("job", JOBS)
def test_it_fails_where_the_tests_fail_or_nobody_knows_their_command(clone: Path, job: str) -> None:
    assert run(job, clone, "== 1 failed, 5 passed in 1.00s ==", "exit 1")[0] != 0
    (clone / "README.md").write_text("# Nothing to do\n")
    assert run(job, clone, "")[0] != 0


def test_on_debian_no_test_may_be_skipped(clone: Path) -> None:
    said = "===== 5 passed, 2 skipped in 1.00s ====="
    assert run("debian", clone, said)[0] != 0
    assert run("releases", clone, said)[0] == 0
