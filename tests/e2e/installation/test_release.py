"""The release workflow: a tag is tested, built and published, in this order.

Decides that by running the steps that are commands on a clone that is ready for a tag. It must
never publish.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml

from gorun_tasks import __version__
from tests.docs import workflow
from tests.support.distribution import Person, distribution
from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

FILE = REPOSITORY / ".github" / "workflows" / "release.yml"
READ: dict[Any, Any] = yaml.safe_load(FILE.read_text())
JOBS: dict[str, dict[str, Any]] = READ["jobs"]


def test_only_what_is_tested_and_built_is_published_and_without_a_token() -> None:
    assert READ[True] == {"push": {"tags": ["v*"]}}  # YAML's "on"
    ci = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text())
    assert JOBS["tests"] == {"uses": "./.github/workflows/ci.yml"}
    assert "workflow_call" in ci[True]
    publish = JOBS["publish"]
    assert publish["needs"] == ["tests", "build"]
    assert publish["environment"]["name"] == "pypi"
    assert publish["permissions"] == {"id-token": "write"}
    assert READ["permissions"] == {"contents": "read"}
    assert all("permissions" not in JOBS[job] for job in ("tests", "build"))
    (download, upload) = publish["steps"]
    (kept,) = (step["with"] for step in JOBS["build"]["steps"] if "upload" in step.get("uses", ""))
    assert {**download["with"], "if-no-files-found": "error"} == kept
    assert upload == {"uses": "pypa/gh-action-pypi-publish@release/v1"}


def build(clone: Path, person: Person, tag: str) -> subprocess.CompletedProcess[str]:
    """Run the job that builds, as for a tag."""
    return subprocess.run(
        [sys.executable, workflow.__file__, str(FILE), "build"],
        cwd=clone,
        env={**person.environ, "GITHUB_REF_NAME": tag},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_tag_is_built_where_version_and_changelog_agree(go: None, tmp_path: Path) -> None:  # noqa: ARG001 - a person has one
    person = Person(tmp_path / "home")
    person.does("uv venv -q --seed")
    person.environ["PATH"] = f"{person.home}/.venv/bin{os.pathsep}{person.environ['PATH']}"
    clone = tmp_path / "clone"
    person.does(f"git clone -q {distribution().repository} {clone}")
    errors, changelog = clone / "gorun_tasks" / "errors.py", clone / "CHANGELOG.md"
    errors.write_text(errors.read_text().replace(f'"{__version__}"', '"1.2.3"'))
    refused = build(clone, person, "v1.2.3")
    assert (refused.returncode, (clone / "dist").exists()) == (1, False)
    assert "CHANGELOG.md begins with" in refused.stderr

    changelog.write_text("# Changelog\n\n## 1.2.3 - 2026-11-28\n\n- New.\n")
    done = build(clone, person, "v1.2.3")
    assert done.returncode == 0, done.stdout + done.stderr
    names = {"gorun_tasks-1.2.3.tar.gz", "gorun_tasks-1.2.3-py3-none-any.whl"}
    assert {path.name for path in (clone / "dist").iterdir()} == names
