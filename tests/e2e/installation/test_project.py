"""What the project says of itself to installers: its extras."""

from __future__ import annotations

import tomllib

from tests.support.place import REPOSITORY


def test_all_leaves_out_the_go_that_would_stand_before_the_users_own() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = extras["optional-dependencies"]
    of_users = extras.keys() - {"all", "dev", "docs", "go"}
    (all_of_it,) = extras["all"]
    assert {*all_of_it.removeprefix("gorun-tasks[").rstrip("]").split(",")} == of_users
    assert "gorun-tasks[all,go,docs]" in extras["dev"]
