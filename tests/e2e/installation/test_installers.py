"""gorun by each way to install it: what is typed works for somebody who has nothing set.

Installed is what this checkout would release. The command that an installer writes starts a
program, from anywhere; uninstalled, nothing of gorun stays but its store.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.distribution import Person, distribution
from tests.support.trees import write
from tests.support.workshop import HELLO

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

STORE = "Library/Caches/gorun-tasks" if sys.platform == "darwin" else ".cache/gorun-tasks"
HARD_PLACE = f"{'long ' * 30}path"
"""Longer than the first line of a script may be, and with spaces."""


class Way(NamedTuple):
    """What somebody types in the home to have gorun, to start it, and to be rid of it.

    {wheel}, {sdist} and {repository} are what there is to install.
    """

    install: str
    gorun: str
    uninstall: str


IN_VENV, OF_USER = "$HOME/.venv/bin/gorun", "$HOME/.local/bin/gorun"
PIP = "uv venv -q --seed && .venv/bin/pip"  # a new pip, as --upgrade-deps brings it, but at once
PIP_OF_USER = '.venv/bin/pip --python "$(command -v python3)"'
DESPITE = "--break-system-packages"
OUT_OF_VENV = ".venv/bin/pip uninstall -q -y gorun-tasks"

WAYS = {
    "pip": Way(
        "python3 -m venv --upgrade-deps .venv && .venv/bin/pip install -q {wheel}",
        IN_VENV,
        OUT_OF_VENV,
    ),
    "pip sdist": Way(f"{PIP} install -q {{sdist}}", IN_VENV, OUT_OF_VENV),
    "pip git": Way(f"{PIP} install -q git+file://{{repository}}", IN_VENV, OUT_OF_VENV),
    "pip editable": Way(f"{PIP} install -q -e {{repository}}", IN_VENV, OUT_OF_VENV),
    "pip --user": Way(
        f"uv venv -q --seed && {PIP_OF_USER} install -q --user {DESPITE} {{wheel}}",
        OF_USER,
        f"{PIP_OF_USER} uninstall -q -y {DESPITE} gorun-tasks",
    ),
    "uv pip": Way(
        "uv venv -q && uv pip install -q {wheel}", IN_VENV, "uv pip uninstall -q gorun-tasks"
    ),
    "uv tool": Way("uv tool install -q {wheel}", OF_USER, "uv tool uninstall -q gorun-tasks"),
    "uvx": Way("", "uvx -q --from {wheel} gorun", ""),
    "uvx git": Way("", "uvx -q --from git+file://{repository} gorun", ""),
    "pipx": Way("pipx install -q {wheel}", OF_USER, "pipx uninstall gorun-tasks"),
}
IN_A_HARD_PLACE = {
    "pip": Way(f"{PIP} install -q {{wheel}}", IN_VENV, OUT_OF_VENV),
    "pip of Python": Way(
        "python3 -m venv .venv && .venv/bin/pip install -q {wheel}", IN_VENV, OUT_OF_VENV
    ),
    **{name: WAYS[name] for name in ("uv pip", "uv tool")},
}


def filled(words: str) -> str:
    """Return a command with what there is to install in it."""
    made = distribution()
    return words.format(wheel=made.wheel, sdist=made.sdist, repository=made.repository)


def starts(person: Person, gorun: str) -> None:
    """Build hello world, and start it again unchanged."""
    hello = person.home / "hello"
    write(hello, HELLO)
    command = filled(gorun) if gorun.startswith("uvx") else f'"{gorun}"'
    assert person.does(f"{command} . one", hello) == "hello [one]\n"
    assert person.does(f"{command} --why .", hello) == ".: current\n"
    assert person.does(f"{command} . two", hello) == "hello [two]\n"


def of_gorun(home: Path) -> list[str]:
    """Return what in a home is gorun's, but for its store and the locks of installers."""
    found = (str(path.relative_to(home)) for path in home.rglob("*gorun*"))
    return [path for path in found if not path.startswith(STORE) and not path.endswith(".lock")]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_gorun_is_installed_starts_programs_and_is_uninstalled(way: Way, tmp_path: Path) -> None:
    person = Person(tmp_path / "home")
    person.does(filled(way.install))
    starts(person, way.gorun)
    for script in person.home.glob(".*/**/bin/gorun"):
        assert "import re" not in script.read_text()  # it would be loaded at each start
    person.does(way.uninstall)
    assert of_gorun(person.home) == []
    assert (person.home / STORE).is_dir()


@pytest.mark.parametrize("way", IN_A_HARD_PLACE.values(), ids=IN_A_HARD_PLACE)
def test_gorun_starts_where_the_path_is_long_and_has_spaces(way: Way, tmp_path: Path) -> None:
    person = Person(tmp_path / HARD_PLACE)
    person.does(filled(way.install))
    starts(person, way.gorun)


def test_gorun_starts_through_a_link_and_beside_what_python_loads_at_its_start(
    tmp_path: Path,
) -> None:
    """As of ~/bin, with a PYTHONPATH, and with a .pth file like that of coverage."""
    person = Person(tmp_path / "home", PYTHONPATH=str(tmp_path / "elsewhere"))
    person.does(filled(WAYS["uv pip"].install))
    (packages,) = person.home.glob(".venv/lib/python*/site-packages")
    (packages / "coverage_of_processes.pth").write_text("import begun\n")
    (packages / "begun.py").write_text(f"open({str(tmp_path / 'begun')!r}, 'a').write('.')\n")
    write(tmp_path / "elsewhere", {"target.py": "raise SystemExit('not that one')\n"})
    (person.home / "link").symlink_to(person.home / ".venv" / "bin" / "gorun")
    starts(person, "$HOME/link")
    assert (tmp_path / "begun").read_text() == "..."
