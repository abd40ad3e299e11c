"""Stamps: of whose tags a version is, what is dirty, and whose repository is asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import Program, UsageError
from gorun_tasks.core.check import StatCache
from gorun_tasks.core.vcs_stamp import Facts, repository_around
from tests.support.trees import MAIN, Tree, module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("surroundings")

_ROOT = {"go.mod": module("example.com/shop"), "main.go": MAIN}
_SERVICES = {
    "services/go.mod": module("example.com/shop/services"),
    "services/cmd/api/main.go": MAIN,
}
_TOOLS = {"tools/go.mod": module("example.com/shop/tools"), "tools/main.go": MAIN}


@pytest.fixture
def repository(tree: Tree) -> Tree:
    (tree.folder / ".git").rmdir()
    tree.git("init", "--quiet", "--initial-branch", "main")
    return tree


def fact(tree: Tree, directory: str = ".", wanted: str = "version") -> str:
    """Return a fact of the program in a directory, named from the root."""
    target = f"./{directory}" if directory != "." else "."
    program = Program(target, cwd=str(tree.folder), stamp={"main.version": wanted})
    return StatCache(program.store, program.environ).variable(f"={wanted}", program)


def test_a_version_is_of_the_tags_of_the_programs_own_module(repository: Tree) -> None:
    repository.write({**_ROOT, **_SERVICES, **_TOOLS})
    for number, tag in enumerate(("v1.0.0", "services/v1.4.0", "tools/v0.2.0")):
        repository.write({"words.md": str(number)})
        repository.commit(tag)
        repository.git("tag", tag)
    short = repository.git("rev-parse", "--short=12", "HEAD").strip()
    assert fact(repository, "services/cmd/api") == f"v1.4.0-1-g{short}"
    assert fact(repository, "tools") == "v0.2.0"
    assert fact(repository) == f"v1.0.0-2-g{short}"


def test_a_module_without_tags_has_those_of_the_whole(repository: Tree) -> None:
    repository.write({**_ROOT, **_SERVICES, **_TOOLS})
    repository.commit("one")
    repository.git("tag", "v1.0.0")
    repository.git("tag", "release/v7")  # nothing that lies here is called so
    repository.commit("two")
    repository.git("tag", "tools/v0.2.0")
    assert fact(repository, "services/cmd/api").startswith(("v1.0.0-1-g", "release/v7-1-g"))


def test_a_major_version_in_a_folder_of_its_own_has_its_own_tags(repository: Tree) -> None:
    repository.write({**_ROOT, "v2/go.mod": module("example.com/shop/v2"), "v2/main.go": MAIN})
    repository.commit("one")
    repository.git("tag", "v1.3.0")
    repository.commit("two")
    repository.git("tag", "v2.0.0")
    assert fact(repository, "v2") == "v2.0.0"
    assert fact(repository).startswith("v1.3.0-1-g")


def test_a_pattern_chooses_the_tag(repository: Tree) -> None:
    repository.write({**_ROOT, **_TOOLS})
    repository.commit("one")
    repository.git("tag", "nightly-7")
    repository.git("tag", "v1.0.0")
    assert fact(repository, wanted="version:nightly-*") == "nightly-7"
    assert fact(repository, wanted="version:none-*") == (
        repository.git("rev-parse", "--short=12", "HEAD").strip()
    )
    with pytest.raises(UsageError, match="with 'dirty:a'"):
        fact(repository, wanted="dirty:a")


def test_dirty_is_what_git_status_says(repository: Tree) -> None:
    repository.write({**_ROOT, ".gitignore": "*.log\n"})
    repository.commit("one")
    repository.write({"ignored.log": ""})
    assert fact(repository, wanted="dirty") == "false"
    repository.write({"untracked": ""})
    assert fact(repository, wanted="dirty") == "true"


def test_what_a_hook_has_set_is_of_another_repository(
    repository: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write(_ROOT)
    repository.commit("one")
    repository.git("tag", "v1.0.0")
    outer = Tree(tmp_path / "outer")
    outer.write({"a": ""})
    outer.git("init", "--quiet")
    outer.commit("outer")
    outer.git("tag", "v9")
    monkeypatch.setenv("GIT_DIR", str(outer.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(outer.folder))
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    monkeypatch.setenv("GIT_PREFIX", "somewhere/")
    assert fact(repository) == "v1.0.0"
    assert repository_around(str(tmp_path)) == ""


def _spy(tree: Tree) -> tuple[str, Path]:
    """Return a command that leaves a trace, and where."""
    command, trace = tree.folder.parent / "spy", tree.folder.parent / "trace"
    command.write_text(f"#!/bin/sh\ntouch '{trace}'\ncat\n")
    command.chmod(0o755)
    return str(command), trace


@pytest.mark.parametrize(
    "settings",
    [
        {"core.fsmonitor": "SPY"},
        {"diff.external": "SPY"},
        {"diff.spy.textconv": "SPY", "diff.spy.command": "SPY"},
        {"filter.spy.clean": "SPY", "filter.spy.required": "true"},
        {"filter.a=b.process": "SPY", "filter.spy.process": "SPY"},
        {"include.path": "more"},
        {"core.hooksPath": "hooks"},
        {"log.showSignature": "true", "gpg.program": "SPY"},
    ],
)
def test_nothing_is_executed_that_a_repository_names(
    repository: Tree, settings: dict[str, str]
) -> None:
    from gorun_tasks.workspace.git_changes import Changes  # noqa: PLC0415 - beside its tests

    spy, trace = _spy(repository)
    repository.write({**_ROOT, ".gitattributes": "*.go diff=spy filter=spy\n", "b.go": "b"})
    repository.commit("one")
    repository.git("tag", "v1.0.0")
    for name, value in settings.items():
        repository.git("config", name, value.replace("SPY", spy))
    (repository.folder / ".git/more").write_text(f"[core]\n\tfsmonitor = {spy}\n")
    hooks = repository.folder / "hooks"
    hooks.mkdir()
    (hooks / "post-index-change").symlink_to(spy)
    os.utime(repository.folder / "b.go")
    repository.write({"main.go": f"{MAIN}// a\n"})
    assert Facts(str(repository.folder), "", os.environ).value("version", lambda _: "") == (
        "v1.0.0-dirty"
    )
    assert Facts(str(repository.folder), "", os.environ).value("date", lambda _: "")
    changes = Changes.since("HEAD", str(repository.folder), os.environ)
    assert f"{repository.folder}/main.go" in changes.files
    assert changes.before(f"{repository.folder}/main.go") == MAIN.encode()
    assert not trace.exists()


def test_the_settings_of_the_user_stay(
    repository: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter such as that of LFS, which a repository may have for itself as well."""
    spy, trace = _spy(repository)
    (tmp_path / "config").write_text(f'[filter "spy"]\n\tclean = {spy}\n')
    repository.write({**_ROOT, ".gitattributes": "*.go filter=spy\n"})
    repository.commit("one")
    repository.git("config", "filter.spy.clean", "false")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    os.utime(repository.folder / "main.go")
    assert fact(repository, wanted="dirty") == "false"
    assert trace.exists()
