""":NAME wherever a target is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks import Program, UsageError
from tests.support.workshop import TINY, Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

MAIN = (
    'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc main() {\n'
    '\tfmt.Println("run with", os.Args[1:], os.Getenv("LEVEL"))\n'
    '\tos.WriteFile("made.txt", nil, 0o644)\n}\n'
)
FILES = {
    "go.mod": TINY["go.mod"],
    "cmd/worker/main.go": MAIN,
    "gorun.toml": '[programs.worker]\nargs = ["-x"]\nenv = { LEVEL = "high" }\ntags = ["dev"]\n',
    "noxfile.py": (
        "import nox\nfrom gorun_tasks import nox as go\n"
        'nox.options.default_venv_backend = "none"\n\n'
        '@nox.session\ndef worker(session):\n    go.run(session, ":worker")\n\n'
        "@nox.session\ndef gen(session):\n"
        '    go.generate(session, ":worker", outputs=["made.txt"], cwd="out")\n'
    ),
    "tasks.py": (
        "from invoke import task\nfrom gorun_tasks import invoke as go\n\n"
        '@task\ndef worker(c):\n    go.run(c, ":worker")\n'
    ),
    "dodo.py": (
        "from gorun_tasks import doit as go\n\n"
        'def task_worker():\n    return go.run_task(":worker")\n\n'
        'def task_gen():\n    return go.generate_task(":worker", outputs=["made.txt"], cwd="out")\n'
    ),
    "out/README": "",
}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """Return a workspace with a file for each runner."""
    return Workshop(tmp_path, FILES)


@pytest.mark.parametrize(
    "words", [("nox", "-s", "worker"), ("invoke", "worker"), ("doit", "-v2", "worker")]
)
def test_in_a_runner(shop: Workshop, words: tuple[str, ...]) -> None:
    """With the arguments, environment and flags that the configuration has."""
    result = shop(*words)
    assert result.rc == 0, result
    assert "run with [-x] high\n" in result.out


@pytest.mark.parametrize("words", [("nox", "-s", "gen"), ("doit", "gen")])
def test_a_generator_has_its_files_where_it_runs(shop: Workshop, words: tuple[str, ...]) -> None:
    for count in (1, 1):
        result = shop(*words)
        assert result.rc == 0, result
        assert result.out.count("run with") <= count
        assert (shop.folder / "out" / "made.txt").exists()
    assert "run with" not in shop(*words).out
    assert not (shop.folder / "made.txt").exists()


def test_in_python(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shop.folder)
    program = Program(":worker", race=True, cwd="out")
    assert program.label == "-tags=dev -race ./cmd/worker"
    assert (program.args, program.place) == (("-x",), f"{shop.folder}/out")
    assert program.environ["LEVEL"] == "high"
    assert Program(":worker").place == str(shop.folder)
    with pytest.raises(UsageError, match=r"no program is called wroker in .*; did you mean worker"):
        Program(":wroker")
