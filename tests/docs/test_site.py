"""The site is built without a warning, and a warning is an error."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

DOCS = REPOSITORY / "docs"


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build as `nox -s docs` does."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(source), str(site)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_site_is_built_and_fetches_nothing(tmp_path: Path) -> None:
    done = build(DOCS, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for page in DOCS.glob("*.md"):
        text = (tmp_path / f"{page.stem}.html").read_text()
        assert not re.findall(r"<(?:script|link|img|iframe)[^>]*https?:[^>]*>", text)
    assert "<svg" in (tmp_path / "many.html").read_text()


@pytest.mark.parametrize(
    "mistake", ["[a page](nowhere.md)", "[a heading](#nowhere)", "![a picture](nowhere.svg)"]
)
def test_a_link_that_leads_nowhere_fails(tmp_path: Path, mistake: str) -> None:
    shutil.copy(DOCS / "conf.py", tmp_path)
    shutil.copytree(DOCS / "_static", tmp_path / "_static")
    page = tmp_path / "index.md"
    page.write_text("# A page\n")
    assert build(tmp_path, tmp_path / "right").returncode == 0
    page.write_text(f"# A page\n\n{mistake}\n")
    done = build(tmp_path, tmp_path / "wrong")
    assert done.returncode != 0
    assert "nowhere" in done.stderr
