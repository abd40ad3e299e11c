"""The page of rules names what the code decides, all of it and nothing else."""

from __future__ import annotations

import re

from gorun_tasks.closure.recordable import SUPPORTED
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS, BuildFlags
from gorun_tasks.core.vcs_stamp import FACTS
from tests.support.place import REPOSITORY

RULES = (REPOSITORY / "docs" / "rules.md").read_text()
NEVER = RULES[RULES.index("## What is never recorded") : RULES.index("## Where gorun")]


def test_flags_that_are_never_recorded_are_those_of_the_page() -> None:
    named = {
        word.partition("=")[0]
        for row in re.findall(r"^\| flags .*", NEVER, re.MULTILINE)
        for word in re.findall(r"`-([\w=-]+)`", row)
    }
    special = {"buildvcs": "-buildvcs=true", "compiler": "-compiler=gccgo"}
    words = {name: f"-{name}" for name in BOOLEAN_FLAGS} | {
        name: f"-{name}=word" for name in VALUE_FLAGS - {"C"}
    }
    forbidden = {
        name
        for name, word in (words | special).items()
        if BuildFlags.parse([word])[0].recording_forbidden_by()
    }
    assert named == forbidden


def test_releases_of_go_are_those_of_the_page() -> None:
    first, *_, last = (release.removeprefix("go") for release in SUPPORTED)
    assert f"than {first} to {last}," in NEVER
    minor = [int(release.rpartition(".")[2]) for release in SUPPORTED]
    assert minor == list(range(minor[0], minor[-1] + 1))


def test_facts_of_git_are_those_of_the_cookbook() -> None:
    cookbook = (REPOSITORY / "docs" / "cookbook.md").read_text()
    stamp = cookbook[cookbook.index("## Stamp a version") :]
    assert tuple(re.findall(r"^\| `(\w+)` \|", stamp, re.MULTILINE)) == FACTS
