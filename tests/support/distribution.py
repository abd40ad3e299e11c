"""What would be released: a wheel and an sdist of this checkout, and where they are installed.

Decides what makes them (once for all tests of a process), and what somebody has who installs them:
a home, Python, go, uv, pipx and pre-commit, of our environment only the way to an index. It must
never let the environment that runs the tests be found.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.clock import PATIENCE
from tests.support.place import REPOSITORY, Result
from tests.support.workshop import go_command

_TOOLS = Path(sys.executable).parent  # uv and its like are in the extra dev
_TO_AN_INDEX = re.compile(
    r"PIP_.*|UV_.*INDEX.*|SSL_CERT_.*|(http|https|all|no)_proxy", re.IGNORECASE
)

_TRUST = {"UV_SYSTEM_CERTS": "1"}
"""uv trusts whom the machine trusts, as pip does: an index may be reached through a proxy."""


class Distribution:
    """The files of a release, and a repository with the same sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.caches = {f"{tool}_CACHE_DIR": str(folder / "cache" / tool) for tool in ("PIP", "UV")}
        made = subprocess.run(
            [_TOOLS / "uv", "build", "-q", "-o", folder, REPOSITORY],
            env=os.environ | _TRUST,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if made.returncode:
            pytest.skip(f"needs an index of Python packages: {made.stderr.strip()[-300:]}")
        (self.wheel,) = folder.glob("*.whl")
        (self.sdist,) = folder.glob("*.tar.gz")

    @functools.cached_property
    def repository(self) -> Path:
        """Return a repository with one commit: what the sdist holds, which is what git holds."""
        shutil.unpack_archive(self.sdist, self.folder, filter="data")
        folder = self.folder / self.sdist.name.removesuffix(".tar.gz")
        (folder / "PKG-INFO").unlink()
        commit_all(folder)
        return folder


@functools.cache
def distribution() -> Distribution:
    """Return the distribution of this checkout; skip the test where no index is reached."""
    folder = tempfile.mkdtemp(prefix="gorun-distribution-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Distribution(Path(folder))


def commit_all(folder: Path) -> None:
    """Make a repository of a folder, with one commit."""
    git = ["git", "-c", "user.name=You", "-c", "user.email=you@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All of it"]):
        subprocess.run([*git, *words], cwd=folder, check=True)


def runner(folder: Path) -> dict[str, str]:
    """Return what tests/docs/workflow.py wants: a forge's machine that finds gorun released."""
    person = Person(folder / "runner")
    released = str(distribution().folder)
    kept = folder / "kept"
    kept.mkdir()
    machine = {
        **person.environ,
        "PATH": f"{person.environ['PATH']}{os.pathsep}{person.home}/.local/bin",
        "PIP_FIND_LINKS": released,
        "UV_FIND_LINKS": released,
    }
    return {"RUNNER": json.dumps(machine), "KEPT": str(kept)}


class Person:
    """Somebody with a home and nothing set, who types commands there."""

    def __init__(self, home: Path, **environ: str) -> None:
        self.home = home
        home.mkdir(parents=True)
        commands = distribution().folder / "bin"
        if not commands.exists():
            commands.mkdir()
            (commands / "python3").symlink_to(sys._base_executable)  # type: ignore[attr-defined]  # noqa: SLF001 - whom this environment is of
            for tool in ("uv", "uvx", "pipx", "pre-commit"):
                (commands / tool).symlink_to(_TOOLS / tool)
        places = subprocess.check_output([go_command(), "env", "GOROOT", "GOCACHE"], text=True)
        goroot, build_cache = places.splitlines()
        self.environ = {
            **{name: value for name, value in os.environ.items() if _TO_AN_INDEX.fullmatch(name)},
            **distribution().caches,
            **_TRUST,
            "HOME": str(home),
            "PATH": f"{commands}:{goroot}/bin:/usr/bin:/bin",
            "GOCACHE": build_cache,  # so that the standard library is not compiled anew
            "GOTOOLCHAIN": "local",
            **environ,
        }

    def types(self, words: str, folder: Path | None = None) -> Result:
        """Run a command in the home, or another folder, to its end."""
        done = subprocess.run(
            ["bash", "-c", words],
            cwd=folder or self.home,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def does(self, words: str, folder: Path | None = None) -> str:
        """Run a command that has to work; return what it says on stdout."""
        result = self.types(words, folder)
        assert result.rc == 0, f"{words}\n{result.out}{result.err}"
        return result.out
