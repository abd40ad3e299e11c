"""Each page of the documentation is played to its end, and so are the READMEs."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.support.bazel_remote import NotBuilt, executable
from tests.support.distribution import runner
from tests.support.pages import play
from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pages import Shell

# Their commands take hours; what they say is made by these commands, or held by tests of their own.
NOT_PLAYED = {"benchmarks.md", "repositories.md", "staleness.md", "differential.md", "corpus.md"}
HAVE_TESTS = {"debug.md", "runners.md", "coming-from-air.md", "coming-from-mage.md"}
"""Pages that need more than a shell, and are played by a test of their own."""

PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "examples" / "monorepo" / "README.md",
    *(
        page
        for page in sorted(REPOSITORY.glob("docs/*.md"))
        if page.name not in NOT_PLAYED | HAVE_TESTS
    ),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_page_tells_the_truth(page: Path, shell: Shell, tmp_path: Path) -> None:
    text = page.read_text()
    if "exec bazel-remote" in text:
        shell.type(f"export PATH=$PATH:{_with_bazel_remote(tmp_path)}")
    if "workflow.py" in text:
        for name, value in runner(tmp_path).items():
            shell.type(f"export {name}={shlex.quote(value)}")
    play(page, shell)


def _with_bazel_remote(folder: Path) -> Path:
    """Return a folder with the server that a page starts."""
    try:
        server = executable()
    except NotBuilt as why:
        pytest.skip(f"needs bazel-remote, which cannot be built here: {why}")
    commands = folder / "servers"
    commands.mkdir()
    (commands / "bazel-remote").symlink_to(server)
    return commands
