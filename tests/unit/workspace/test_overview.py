"""The picture of a workspace: what it shows, and that it stays readable."""

from __future__ import annotations

import pytest

from gorun_tasks.workspace import overview as picture
from gorun_tasks.workspace.workspace import Workspace
from tests.support.trees import MAIN, Tree, module

pytestmark = pytest.mark.usefixtures("surroundings")

USES = (
    "package main\n\nimport (\n"
    + "".join(f'\t_ "example.com/shop/{package}"\n' for package in ("lib", "lib/a", "lib/b"))
    + ")\n\nfunc main() {}\n"
)


@pytest.fixture
def shop(tree: Tree) -> Tree:
    files = {"go.mod": module("example.com/shop"), "cmd/alone/main.go": MAIN}
    for package in ("lib", "lib/a", "lib/b"):
        files[f"{package}/x.go"] = "package x\n"
    for name in ("api", "worker"):
        files[f"cmd/{name}/main.go"] = USES
    files["cmd/api/main.go"] = USES.replace("lib/b", "lib/b/own")
    files["lib/b/own/x.go"] = 'package x\n\nimport _ "example.com/shop/lib/b"\n'
    tree.write(files)
    return tree


def drawn(tree: Tree) -> picture.Overview:
    return Workspace(str(tree.folder)).picture()


def test_text_shows_verdicts_and_what_is_shared(shop: Tree) -> None:
    assert drawn(shop).text() == "".join(
        f"{name:6}  compile stale    link stale     not built before\n"
        for name in ("alone", "api", "worker")
    )
    Workspace(str(shop.folder)).build()
    shop.write({"cmd/api/main.go": USES + "\n"})
    assert drawn(shop).text() == (
        "api     compile stale    link stale     cmd/api/main.go edited\n"
        "alone   compile current  link current\n"
        "worker  compile current  link current\n"
        "\n"
        "shared packages\n"
        "  lib/… (3 packages)  in 2: api, worker\n"
    )


def test_mermaid_has_the_same_in_groups(shop: Tree) -> None:
    Workspace(str(shop.folder)).build()
    shop.write({"cmd/api/main.go": USES + "\n"})
    assert drawn(shop).mermaid().splitlines()[:8] == [
        "flowchart LR",
        '  subgraph g0["cmd"]',
        '    p0["api<br>compile stale<br>link stale"]:::stale',
        '    p1["alone<br>compile current<br>link current"]:::current',
        '    p2["worker<br>compile current<br>link current"]:::current',
        "  end",
        '  k0(["lib/… (3 packages)"])',
        "  k0 --> p0 & p2",
    ]


def test_beyond_its_limits_it_says_what_is_left_out(
    shop: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workspace(str(shop.folder)).build()
    monkeypatch.setattr(picture, "PROGRAMS_SHOWN", 1)
    monkeypatch.setattr(picture, "KNOTS_SHOWN", 0)
    assert drawn(shop).text().splitlines() == [
        "alone   compile current  link current",
        "… and 2 more programs",
        "",
        "shared packages",
        "… and 1 more groups of packages",
    ]
    assert drawn(shop).mermaid().count("-->") == 0


def test_a_lost_executable_is_a_matter_of_the_link(shop: Tree) -> None:
    workspace = Workspace(str(shop.folder))
    outcome = workspace.program("alone").build()
    with open(outcome.path, "ab") as file:
        file.write(b"damaged")
    (line,) = [line for line in drawn(shop).text().splitlines() if line.startswith("alone")]
    assert line.startswith("alone   compile current  link stale     the stored executable")
