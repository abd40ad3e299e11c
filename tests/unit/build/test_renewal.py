"""Renewed records: such as a build would have written, and only where it makes the same."""

from __future__ import annotations

import hashlib
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import Outcome, Program
from gorun_tasks.build.batch import build_all
from gorun_tasks.core.fingerprint import record_directory
from gorun_tasks.inputs.digest import DIRECTORY
from gorun_tasks.toolchain.command import Go
from gorun_tasks.workspace.workspace import Workspace
from tests.support.trees import Tree, module

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("surroundings")

NEEDS_DEP = "\nrequire example.com/dep v0.1.0\n\nreplace example.com/dep v0.1.0 => ./dep\n"
USES = 'package main\n\nimport "example.com/{}"\n\nfunc main() {{ println({}) }}\n'
FILES = {
    "go.mod": module("example.com/shop") + NEEDS_DEP,
    "main.go": 'package main\n\nimport _ "embed"\n\n//go:embed cmd/worker/main.go\n'
    "var text string\n\nfunc main() { println(text) }\n",
    "cmd/api/main.go": USES.format("dep", "dep.D"),
    "cmd/worker/main.go": USES.format("shop/lib", "lib.L"),
    "lib/lib.go": "package lib\n\nconst L = 1\n",
    "dep/go.mod": module("example.com/dep"),
    "dep/dep.go": "package dep\n\nconst D = 1\n",
    "other/go.mod": module("example.com/other"),
    "other/other.go": "package other\n",
}
WORDS = {"shop": ".", "api": "./cmd/api", "worker": "./cmd/worker"}
EDITS = (
    ("go.mod", "require example.com/other v1.0.0\n\nreplace example.com/other => ./other\n"),
    ("go.mod", "replace example.com/other v1.0.0 => ./other\n"),
    ("go.mod", "godebug panicnil=1\n"),
    ("go.mod", "exclude example.com/dep v0.0.9\n"),
    ("go.mod", "replace example.com/shop/lib => ./dep\n"),
    ("go.sum", "example.com/x v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
    ("go.work", "go 1.25\n\nuse .\n"),
    ("go.work", "go 1.25\n\nuse (\n\t.\n\t./dep\n\t./other\n)\n"),
    ("dep/go.mod", "require example.com/other v1.0.0\n"),
    ("dep/go.mod", "retract v0.0.1\n"),
)


@pytest.fixture
def shop(tree: Tree) -> Tree:
    tree.write(FILES)
    return tree


def build(tree: Tree, *, rebuild: bool = False) -> dict[str, Outcome]:
    """Build all in one request; return what became of those that can be built."""
    contexts = {n: Program(w, cwd=str(tree.folder)).context() for n, w in WORDS.items()}
    made = build_all(contexts, lambda *_: None, rebuild=rebuild)
    return {name: one for name, one in made.items() if isinstance(one, Outcome)}


def asked_go(made: Mapping[str, Outcome]) -> set[str]:
    """Return those of which go was asked one by one."""
    return {name for name, outcome in made.items() if "load" in outcome.steps}


def remembered(tree: Tree) -> dict[str, set[object]]:
    """Return what is remembered of each program, but for stats and the time."""
    found: dict[str, set[object]] = {}
    for name, word in WORDS.items():
        program = Program(word, cwd=str(tree.folder))
        manifest = program.store.manifests(program.key, program.identity)[0]
        fields = set(manifest.__slots__) - {"packed", "recorded"}
        found[name] = {(field, str(getattr(manifest, field))) for field in fields}
        for table, (base, _, names, _), detail in program.store.records(manifest.tables):
            directory = record_directory(table.root, base)
            mode, further, listing, contents = detail
            found[name].add((directory, mode, further, listing))
            found[name].update(
                (f"{directory}/{entry}", content)
                for entry, content in zip(names, contents, strict=True)
                if content != DIRECTORY  # by its name in another, or by its own listing
            )
    return found


def forgotten(renewed: Mapping[str, set[object]], built: Mapping[str, set[object]]) -> object:
    """Return what a build remembers, and a renewed record does not."""
    return {name: built[name] - renewed[name] for name in WORDS if built[name] - renewed[name]}


def test_only_what_other_modules_change_is_built(shop: Tree) -> None:
    build(shop)
    shop.write({"go.mod": FILES["go.mod"].replace("v0.1.0", "v0.2.0")})
    made = build(shop)
    assert {n: (o.outcome, list(map(str, o.because))) for n, o in made.items()} == {
        "api": ("built", ["go.mod edited"]),
        "shop": ("current", []),
        "worker": ("current", []),
    }
    assert asked_go(made) == {"api"}
    renewed = remembered(shop)
    assert asked_go(build(shop, rebuild=True)) == {*WORDS}
    built = remembered(shop)
    assert forgotten(renewed, built) == {}


def test_an_edit_of_one_program_is_no_matter_of_those_renewed_beside_it(shop: Tree) -> None:
    build(shop)
    shop.write({"go.mod": FILES["go.mod"] + "\n" + EDITS[0][1]})
    assert asked_go(build(shop)) == set()
    shop.write({"cmd/worker/main.go": FILES["cmd/worker/main.go"].replace("lib.L", "lib.L+1")})
    made = build(shop)
    assert {n for n, o in made.items() if o.outcome != "current"} == {"shop", "worker"}


def test_what_go_makes_no_more_is_not_renewed(shop: Tree) -> None:
    build(shop)
    shop.write({"go.mod": FILES["go.mod"].replace("./dep", "./none")})
    made = build(shop)
    assert {name: outcome.outcome for name, outcome in made.items()} == {
        "shop": "current",
        "worker": "current",
    }
    assert build(shop, rebuild=True).keys() == made.keys()


def test_what_differs_in_bytes_is_affected_and_never_current(shop: Tree, tmp_path: Path) -> None:
    """Random edits of module files, held against what go build makes of them."""
    (shop.folder / ".git").rmdir()
    shop.git("init", "--quiet", "--initial-branch", "main")
    go = Go.of(Program(".", cwd=str(shop.folder))).command

    def digests() -> dict[str, str]:
        command = [go, "build", "-buildvcs=false", f"-o={tmp_path}/out/", *WORDS.values()]
        done = subprocess.run(command, cwd=shop.folder, capture_output=True, check=False)
        made = (tmp_path / "out" / name for name in WORDS if done.returncode == 0)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in made}

    shop.commit("first")
    build(shop)
    before = digests()
    chance = random.Random(15)
    renewed = 0
    for _ in range(6):
        files = {name: FILES.get(name, "") for name, _ in EDITS}
        files["go.mod"] = files["go.mod"].replace("v0.1.0", chance.choice(("v0.1.0", "v0.1.1")))
        for name, text in chance.sample(EDITS, chance.randint(0, 3)):
            files[name] += f"\n{text}"
        (shop.folder / "go.work").unlink(missing_ok=True)
        shop.write({name: text for name, text in files.items() if text or name != "go.work"})
        now = digests()
        # Where go can make nothing of these files it knows no programs either.
        touched = Workspace(str(shop.folder)).affected("HEAD") if now else {}
        made = build(shop)
        assert made.keys() == now.keys()
        for name in now.keys() & before.keys():
            if now[name] != before[name]:
                assert name in touched
                assert made[name].outcome != "current"
            else:
                assert made[name].outcome != "built"
        renewed += sum(o.outcome == "current" and "wait" in o.steps for o in made.values())
        if now:
            was = remembered(shop)
            build(shop, rebuild=True)
            built = remembered(shop)
            assert forgotten(was, built) == {}
            before = now
        shop.commit("next")
    assert renewed
