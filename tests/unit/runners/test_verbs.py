"""What the verbs do alike in each runner, and what a runner hears of them."""

from __future__ import annotations

import pytest

from gorun_tasks import Program
from gorun_tasks.runners.verbs import Verbs
from tests.support.trees import Tree, module

SOURCE = 'package main\n\nimport "os"\n\nfunc main() { os.Exit(len(os.Args) - 1) }\n'


class _Heard(Verbs):
    """Verbs of a runner that takes down what it is told."""

    def __init__(self, program: Program, *args: str) -> None:
        super().__init__("it", (program, args), lambda: (program, args))
        self.heard: list[str | int] = []

    def say(self, line: str) -> None:
        self.heard.append(line)

    def end(self, status: int) -> None:
        self.heard.append(status)


@pytest.fixture
def program(tree: Tree, surroundings: None) -> Program:  # noqa: ARG001 - says where the store is
    tree.write({"go.mod": module("example.com/it"), "main.go": SOURCE})
    return Program(cwd=str(tree.folder))


def test_a_runner_hears_what_was_needed_and_a_status_other_than_0(
    program: Program, capfd: pytest.CaptureFixture[str]
) -> None:
    first, failing, asking = _Heard(program), _Heard(program, "a", "b"), _Heard(program)
    assert first.run().exit_code == 0
    assert failing.run().exit_code == 2
    asking.why()
    assert first.heard == ["it: built because not built before"]
    assert failing.heard == ["it: current", 2]
    assert (asking.heard, capfd.readouterr().out) == ([], "it: current\n")


def test_nothing_is_forgotten_where_it_is_only_tried(program: Program) -> None:
    verbs = _Heard(program)
    verbs.build()
    verbs.dry = True
    verbs.clean()
    assert program.is_current()
    verbs.dry = False
    verbs.clean()
    assert not program.is_current()
    assert verbs.heard[1:] == ["it: would be forgotten", "it: forgotten"]


def test_a_runner_may_build_what_it_does_not_run(program: Program) -> None:
    verbs = _Heard(program, "a")
    verbs.only_builds = True
    assert verbs.run().exit_code is None
    assert verbs.generate(outputs=["made"]).exit_code is None
    assert verbs.heard == ["it: built because not built before", "it: current"]
