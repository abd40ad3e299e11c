"""Many programs in one request: a failure is one program's, and each is heard of once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks import BuildError, Outcome, Program
from gorun_tasks.build.batch import build_all
from tests.support.trees import MAIN, module

if TYPE_CHECKING:
    from gorun_tasks import GoRunError
    from gorun_tasks.build.context import BuildContext
    from tests.support.trees import Tree

pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def programs(tree: Tree) -> dict[str, BuildContext]:
    """Return four programs, of which two import one package and one cannot be built."""
    user = 'package main\n\nimport "example.com/m/lib"\n\nfunc main() { println(lib.Word) }\n'
    tree.write(
        {
            "go.mod": module("example.com/m"),
            "lib/lib.go": "package lib\n\nconst Word = 1\n",
            "one/main.go": user,
            "two/main.go": user,
            "broken/main.go": "package main\n\nfunc main() { undefined() }\n",
            "also/main.go": MAIN,
        }
    )
    return {
        name: Program(f"./{name}", cwd=str(tree.folder)).context()
        for name in ("one", "two", "broken", "also")
    }


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_failure_is_one_programs_and_each_result_is_told_once(
    programs: dict[str, BuildContext], capfd: pytest.CaptureFixture[str], jobs: int
) -> None:
    told: list[tuple[str, Outcome | GoRunError]] = []
    results = build_all(programs, lambda name, result: told.append((name, result)), jobs=jobs)
    assert dict(told) == results
    assert len(told) == len(programs)
    assert {n: r.outcome for n, r in results.items() if isinstance(r, Outcome)} == {
        "one": "built",
        "two": "built",
        "also": "built",
    }
    assert isinstance(results["broken"], BuildError)
    assert capfd.readouterr().err.count("undefined: undefined") == 1


def test_what_is_current_is_told_first_and_only_the_stale_is_built(
    programs: dict[str, BuildContext], tree: Tree
) -> None:
    del programs["broken"]
    build_all(programs, lambda *_: None, jobs=3)
    tree.write({"one/main.go": MAIN})
    fresh = {name: Program(f"./{name}", cwd=str(tree.folder)).context() for name in programs}
    told: list[str] = []
    results = build_all(fresh, lambda name, _: told.append(name))
    assert told[-1] == "one"
    assert {n: r.outcome for n, r in results.items() if isinstance(r, Outcome)} == {
        "one": "built",
        "two": "current",
        "also": "current",
    }
