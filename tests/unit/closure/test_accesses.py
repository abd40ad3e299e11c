"""What go asked the file system for, turned into what of each directory counts."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase

import pytest

from gorun_tasks.closure.accesses import AccessIndex
from gorun_tasks.inputs.directory_listing import names_that_count


def index(*operations: tuple[str, str]) -> AccessIndex:
    return AccessIndex({path: set(seen.split()) for path, seen in operations}, {})


def test_what_was_asked_for_by_name_counts_in_its_directory() -> None:
    """Whether it is there or not; also what go hashed without having asked for it."""
    found = AccessIndex({"/m/go.mod": {"Stat"}, "/m/absent": {"Open"}}, {"/m/a.go": b"digest"})
    assert found.names == {"/m": {"go.mod", "absent", "a.go"}}
    assert not found.listed
    assert not found.kinds


@pytest.mark.parametrize("seen", ["ReadDir", "IsGoDir"])
def test_a_listing_counts_as_a_listing(seen: str) -> None:
    assert index(("/m/lib", seen)).listed == {"/m/lib": "go"}


def test_whether_a_name_is_a_link_is_told_by_the_listing_of_its_directory() -> None:
    found = index(("/m/static", "Lstat"))
    assert found.listed["/m"] == "go"
    assert found.kinds == {"/m": {"static"}}


def test_in_an_embedded_tree_every_new_name_counts() -> None:
    found = index(
        ("/m/static", "Lstat ReadDir"), ("/m/static/deep", "ReadDir"), ("/m/x", "ReadDir")
    )
    assert found.listed == {"/m": "go", "/m/static": "all", "/m/static/deep": "all", "/m/x": "go"}


def test_what_a_pattern_matches_in_a_deeper_directory_counts_whatever_it_is() -> None:
    """A new directory could match the first star: nobody knows what then lies below it."""
    found = index(
        ("/m/a/*/b*", "Glob"), ("/m/a", "ReadDir"), ("/m/a/x", "ReadDir"), ("/m", "ReadDir")
    )
    assert found.listed == {"/m": "go", "/m/a": "all", "/m/a/x": "all"}


def test_a_quoted_letter_in_a_pattern_is_none_of_its_own() -> None:
    found = index((r"/m/a\[1\]/*.txt", "Glob"), ("/m/a[1]", "ReadDir"))
    counts = names_that_count(found.listed["/m/a[1]"], ())
    assert counts("new.txt")
    assert not counts("new.css")


def test_whatever_a_pattern_matches_counts() -> None:
    """A pattern as go's path.Match has it; more may count, never less."""
    chance = random.Random(3)
    parts = ("*", "?", "[a-c]", "[!x]", "a", "b", ".txt", "-", "ä", "+", "(", "_")
    matched = 0
    for _ in range(5000):
        pattern = "".join(chance.choices(parts, k=chance.randint(1, 5)))
        name = "".join(chance.choices("abcx.txtä-+(_", k=chance.randint(1, 6)))
        if fnmatchcase(name, pattern):
            typed = pattern.replace("[!", "[^")
            found = index((f"/m/{typed}", "Glob"), ("/m", "ReadDir"))
            if any(meta in pattern for meta in "*?["):
                assert names_that_count(found.listed["/m"], ())(name), (pattern, name)
                matched += 1
    assert matched > 100
