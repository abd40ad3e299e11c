"""gorun as each installer installs it: the command that it writes starts a program, from anywhere.

Installed is a wheel of this checkout. Tools and what builds the wheel come from an index: without
one these tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.place import REPOSITORY
from tests.support.workshop import HELLO, Workshop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Install = Callable[["Tools", Path, str], Path]

pytestmark = pytest.mark.usefixtures("go")

BASE = sys._base_executable  # type: ignore[attr-defined]  # noqa: SLF001 - whom this environment is of
HARD_PLACE = f"{'long ' * 30}path"
"""Longer than the first line of a script may be, and with spaces."""


class Tools:
    """An environment made as README makes it, with installers in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "UV_", "PIPX_"))}
        self.environ = kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        self.fetch([BASE, "-m", "venv", "--upgrade-deps", str(folder / "tools")])
        self.fetch([self.path("pip"), "install", "-q", "uv", "pipx"])
        wheels = folder / "wheels"
        self.fetch([self.path("pip"), "wheel", "-q", "--no-deps", "-w", str(wheels), REPOSITORY])
        (wheel,) = wheels.iterdir()
        self.wheel = str(wheel)

    def path(self, tool: str) -> str:
        """Return where a tool is."""
        return str(self.folder / "tools" / "bin" / tool)

    def fetch(self, command: list[str | Path]) -> None:
        """Run what needs an index, and skip where there is none."""
        done = self._run(command)
        if done.returncode:
            pytest.skip(f"needs an index of Python packages: {done.stderr.strip()[-300:]}")

    def run(self, *command: str | Path, **environ: str | Path) -> None:
        """Run what has to work."""
        done = self._run(command, **environ)
        assert done.returncode == 0, done.stderr

    def _run(
        self, command: list[str | Path] | tuple[str | Path, ...], **environ: str | Path
    ) -> subprocess.CompletedProcess[str]:
        both = {**self.environ, **environ}
        return subprocess.run(command, env=both, capture_output=True, text=True, check=False)

    def pip(self, place: Path, *what: str) -> Path:
        """Have the new pip install into a new environment; return its gorun."""
        self.run(BASE, "-m", "venv", "--without-pip", place)
        self.run(self.path("pip"), "--python", place / "bin" / "python", "install", "-q", *what)
        return place / "bin" / "gorun"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    return Tools(tmp_path_factory.mktemp("installers"))


def by_pip(tools: Tools, place: Path, what: str) -> Path:
    return tools.pip(place, what)


def by_the_pip_of_python(tools: Tools, place: Path, what: str) -> Path:
    tools.run(BASE, "-m", "venv", place)
    tools.run(place / "bin" / "python", "-m", "pip", "install", "-q", what)
    return place / "bin" / "gorun"


def by_pip_editable(tools: Tools, place: Path, _what: str) -> Path:
    return tools.pip(place, "-e", str(REPOSITORY))


def by_pip_for_the_user(tools: Tools, place: Path, what: str) -> Path:
    words = ("install", "-q", "--user", "--break-system-packages", what)
    tools.run(tools.path("pip"), "--python", BASE, *words, PYTHONUSERBASE=place)
    return place / "bin" / "gorun"


def by_uv(tools: Tools, place: Path, what: str) -> Path:
    tools.run(tools.path("uv"), "venv", "-q", "--python", BASE, place)
    python = place / "bin" / "python"
    tools.run(tools.path("uv"), "pip", "install", "-q", "--python", python, what)
    return place / "bin" / "gorun"


def by_uv_tool(tools: Tools, place: Path, what: str) -> Path:
    folders = {"UV_TOOL_DIR": place / "tools", "UV_TOOL_BIN_DIR": place / "bin"}
    tools.run(tools.path("uv"), "tool", "install", "-q", "--python", BASE, what, **folders)
    return place / "bin" / "gorun"


def by_pipx(tools: Tools, place: Path, what: str) -> Path:
    folders = {"PIPX_HOME": place / "home", "PIPX_BIN_DIR": place / "bin"}
    tools.run(tools.path("pipx"), "install", "--python", BASE, what, **folders)
    return place / "bin" / "gorun"


NEW: list[Install] = [by_pip, by_pip_editable, by_pip_for_the_user, by_uv, by_uv_tool, by_pipx]
IN_A_HARD_PLACE: list[Install] = [by_pip, by_the_pip_of_python, by_uv, by_uv_tool]


def starts(gorun: Path, folder: Path, **environ: str) -> str:
    """Build hello world with this gorun, start it again unchanged, and return gorun's script."""
    workshop = Workshop(folder, HELLO)
    env = {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "", **environ}
    for _ in range(2):
        result = workshop.execute([str(gorun), "."], env=env)
        assert (result.rc, result.out) == (0, "hello []\n"), result.err
    assert workshop.execute([str(gorun), "--why", "."], env=env).rc == 0
    return gorun.read_text()


@pytest.mark.parametrize("install", NEW)
def test_gorun_starts_programs_and_its_script_loads_nothing(
    tools: Tools, tmp_path: Path, install: Install
) -> None:
    place = tmp_path / "place"
    script = starts(install(tools, place, tools.wheel), tmp_path, PYTHONUSERBASE=str(place))
    assert "import re" not in script


@pytest.mark.parametrize("install", IN_A_HARD_PLACE)
def test_gorun_starts_where_the_path_is_long_and_has_spaces(
    tools: Tools, tmp_path: Path, install: Install
) -> None:
    starts(install(tools, tmp_path / HARD_PLACE, tools.wheel), tmp_path)


def test_gorun_starts_through_a_link_and_beside_what_python_loads_at_its_start(
    tools: Tools, tmp_path: Path
) -> None:
    """As of ~/bin, with a PYTHONPATH, and with a .pth file like that of coverage."""
    gorun = tools.pip(tmp_path / "place", tools.wheel)
    (packages,) = gorun.parent.parent.glob("lib/python*/site-packages")
    (packages / "coverage_of_processes.pth").write_text("import begun\n")
    (packages / "begun.py").write_text(f"open({str(tmp_path / 'begun')!r}, 'a').write('.')\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "target.py").write_text("raise SystemExit('not that one')\n")
    link = tmp_path / "link"
    link.symlink_to(gorun)
    starts(link, tmp_path, PYTHONPATH=str(elsewhere))
    assert (tmp_path / "begun").read_text() == "..."
