"""What the project says of itself where it is released: extras, version, changelog, the sdist."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import __version__
from tests.support.distribution import distribution
from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def test_all_leaves_out_the_go_that_would_stand_before_the_users_own() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    of_users = extras.keys() - {"all", "bucket", "dev", "docs", "go"}
    (all_of_it,) = extras["all"]
    assert {*all_of_it.removeprefix("gorun-tasks[").rstrip("]").split(",")} == of_users
    assert "gorun-tasks[all,go,bucket,docs]" in extras["dev"]


def test_the_changelog_begins_with_this_version() -> None:
    section = re.search(
        r"^## (.*) - (.*)$", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert section is not None
    assert section[1] == __version__
    assert re.fullmatch(r"unreleased|\d{4}-\d{2}-\d{2}", section[2])


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Return a folder with what is looked at before a release, which is ready for v1.2.3."""
    shutil.copytree(REPOSITORY / ".ci", tmp_path / ".ci")
    (tmp_path / "gorun_tasks").mkdir()
    errors = (REPOSITORY / "gorun_tasks" / "errors.py").read_text()
    errors = errors.replace(f'"{__version__}"', '"1.2.3"')
    (tmp_path / "gorun_tasks" / "errors.py").write_text(errors)
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3 - 2026-11-28\n\n- New.\n")
    return tmp_path


def refused(folder: Path, tag: str) -> str:
    """Return why a tag may not be released."""
    command = [str(folder / ".ci" / "releasable"), tag]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == bool(done.stderr)
    return done.stderr


def test_a_tag_is_released_only_where_version_and_changelog_agree(release: Path) -> None:
    assert refused(release, "v1.2.3") == ""
    expected = "the tag is 1.2.3, and the version in gorun_tasks/errors.py wants v1.2.3\n"
    assert refused(release, "1.2.3") == expected
    assert refused(release, "v1.2.4").startswith("the tag is v1.2.4, and")
    changelog = release / "CHANGELOG.md"
    for section in ("1.2.3 - unreleased", "1.2.2 - 2026-11-01", "1.2.3"):
        changelog.write_text(f"# Changelog\n\n## {section}\n\n## 1.2.3 - 2026-11-28\n")
        assert refused(release, "v1.2.3") == (
            f"CHANGELOG.md begins with '## {section}', not with '## 1.2.3 - ' and a date\n"
        )


def test_the_sdist_holds_what_git_holds_and_the_wheel_only_the_package() -> None:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("needs a clone")
    git = ["git", "-c", "safe.directory=*"]  # in a container the clone may be another user's
    words = [*git, "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.check_output(words, cwd=REPOSITORY, text=True).splitlines()
    held = {path for path in listed if (REPOSITORY / path).exists()}
    with tarfile.open(distribution().sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert names == held | {"PKG-INFO"}
    with zipfile.ZipFile(distribution().wheel) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == {path for path in held if path.startswith("gorun_tasks/")}
