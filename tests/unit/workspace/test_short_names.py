"""Names: short, and never two alike."""

from __future__ import annotations

import random

import pytest

from gorun_tasks.workspace.short_names import short_names


@pytest.mark.parametrize(
    ("packages", "names"),
    [
        ({"example.com/shop/cmd/api": "cmd/api"}, ["api"]),
        ({"example.com/shop/services/cmd/api": "services/cmd/api"}, ["api"]),
        ({"example.com/shop/api/cmd": "api/cmd"}, ["api"]),
        ({"example.com/shop/api/main": "api/main"}, ["api"]),
        ({"example.com/shop/v2": "."}, ["shop"]),
        ({"example.com/shop/cmd": "cmd"}, ["shop"]),
        ({"cmd": "."}, ["cmd"]),
        ({"hello": "."}, ["hello"]),
        (
            {"a.b/x/tools/gen": "tools/gen", "a.b/x/services/gen": "services/gen"},
            ["tools-gen", "services-gen"],
        ),
        (
            {"a.b/x/tools/cmd/gen": "tools/cmd/gen", "a.b/x/gen": "gen", "a.b/x/api": "api"},
            ["tools-gen", "x-gen", "api"],
        ),
        (
            {"a.b/x/p/q/gen": "p/q/gen", "a.b/x/r/q/gen": "r/q/gen", "a.b/x/s/gen": "s/gen"},
            ["p-q-gen", "r-q-gen", "s-gen"],
        ),
        ({"a.b/shop": ".", "a.b/shop/cmd": "cmd"}, ["shop", "shop-cmd"]),
        ({"a.b/c": "one", "a.b/c/v2": "two"}, None),
    ],
)
def test_names_are_short_and_do_not_clash(
    packages: dict[str, str], names: list[str] | None
) -> None:
    found = list(short_names(packages.items()).values())
    assert len(set(found)) == len(packages)
    if names is not None:
        assert found == names


@pytest.mark.parametrize(
    ("directories", "names"),
    [
        (["old/cmd/api", "new/cmd/api"], ["old-api", "new-api"]),
        (["", "copy"], ["work", "copy"]),
        (["v1/api", "v2/api", "v2/x/api"], ["v1-api", "v2-api", "x-api"]),
        (["services/cmd/api", "tree/services/cmd/api"], ["api", "tree-services-api"]),
    ],
)
def test_copies_of_a_module_are_told_apart_without_the_place_of_a_checkout(
    directories: list[str], names: list[str]
) -> None:
    root = "/home/me/work"
    packages = [("example.com/shop/cmd/api", f"{root}/{one}".rstrip("/")) for one in directories]
    assert list(short_names(packages, root).values()) == names


def test_names_of_many_packages_never_clash() -> None:
    chance = random.Random(1)
    elements = ("a", "b", "cmd", "main", "v2", "v3")
    for _ in range(300):
        directories = {
            "/".join(chance.choices(elements, k=chance.randint(1, 4))) for _ in range(12)
        }
        packages = [(f"example.com/{d}", d) for d in sorted(directories)]
        packages += [("example.com/a", "copy/a"), ("example.com/a", "copy/b")]
        assert len(set(short_names(packages).values())) == len(packages)
