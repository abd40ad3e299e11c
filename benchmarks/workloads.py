"""The Go programs that are started, each in a tree of its own that situations may change.

Decides what stands in the trees. Every program prints its words and ends: one that is in the
source of main, one in a leaf package (where there is one), and one that a build flag sets. So a
way that starts another program than the sources say gives itself away. The real program does so
while its main package is initialised, before the daemon that it is can start.
"""

from __future__ import annotations

import itertools
import os
import shutil
from typing import TYPE_CHECKING

from benchmarks.tree import LEAF_WORD, MAIN_WORD, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.kit import Kit

REAL = "github.com/moby/moby/v2@v2.0.0-beta.24"
CADDY = "github.com/caddyserver/caddy/v2@v2.10.2"

FLAG = "-ldflags=-X=main.flagWord=flagged"
"""A build flag that changes what the program prints."""

_IN_GROUP = 100
_LEAF_FILE = "g00/p0000/word.go"

_HELLO = f"""package main

import "fmt"

var flagWord = "plain"

func main() {{ fmt.Println("{MAIN_WORD}", flagWord) }}
"""

_PRINT = f"""package main

import (
	"os"

	leaf "%s"
)

var flagWord = "plain"

func init() {{
	os.Stdout.WriteString("{MAIN_WORD} " + leaf.BenchWord() + " " + flagWord + "\\n")
	os.Exit(0)
}}
"""

_WORD = f"""package %s

func BenchWord() string {{ return "{LEAF_WORD}" }}
"""


def hello(kit: Kit) -> Tree:
    """Write one file that takes from the standard library."""
    tree = Tree(kit, "hello", (".",), {"main": "main.go"})
    tree.prepare({"go.mod": _module("hello"), "main.go": _HELLO})
    return tree


def real(kit: Kit) -> Tree:
    """Take moby's dockerd from the module proxy: 2,060 packages, with the standard library."""
    return _downloaded(kit, "real", REAL, "cmd/dockerd", "errdefs")


def caddy(kit: Kit) -> Tree:
    """Take Caddy from the module proxy: 900 packages, with the standard library."""
    return _downloaded(kit, "caddy", CADDY, "cmd/caddy", "notify")


def _downloaded(kit: Kit, name: str, source: str, main: str, leaf: str) -> Tree:
    words = {"main": f"{main}/bench.go", "leaf": f"{leaf}/bench.go"}
    tree = Tree(kit, name, (f"./{main}",), words)
    module = source.partition("@")[0]
    printing = {words["main"]: _PRINT % f"{module}/{leaf}", words["leaf"]: _WORD % leaf}
    tree.prepare(printing, lambda folder: writable_copy(kit.download(source), folder))
    kit.run([kit.go, "list", "-deps", tree.target], tree.folder, online=True)
    return tree


def writable_copy(source: str, folder: str) -> None:
    """Copy a tree of go's module cache, where nothing may be written, to where it may."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    for parent, _, names in os.walk(folder):
        for path in (parent, *(f"{parent}/{name}" for name in names)):
            os.chmod(path, os.stat(path).st_mode | 0o200)


def wide(kit: Kit) -> Tree:
    """Generate 2,000 packages and 9,000 files in the module itself."""
    tree = Tree(kit, "wide", (".",), {"main": "main.go", "leaf": _LEAF_FILE})
    tree.prepare(
        {
            **dict(_packages("wide", 20)),
            "go.mod": _module("wide"),
            "main.go": _PRINT % "wide/g00/p0000",
            "imports.go": _imports("wide", range(20)),
            _LEAF_FILE: _WORD % "p0000",
        }
    )
    return tree


def monorepo(kit: Kit) -> Tree:
    """Generate 50 mains, each with 900 of 1,000 packages."""
    targets = tuple(f"./cmd/m{number:02}" for number in range(50))
    tree = Tree(kit, "monorepo", targets, {"main": "cmd/m00/main.go", "leaf": _LEAF_FILE})
    files = {**dict(_packages("monorepo", 10)), "go.mod": _module("monorepo")}
    for number, target in enumerate(targets):
        imported = [group for group in range(10) if group != 1 + number % 9]
        folder = target.removeprefix("./")
        files[f"{folder}/main.go"] = _PRINT % "monorepo/g00/p0000"
        files[f"{folder}/imports.go"] = _imports("monorepo", imported)
    tree.prepare(files | {_LEAF_FILE: _WORD % "p0000"})
    return tree


ALL: dict[str, Callable[[Kit], Tree]] = {
    "hello": hello,
    "real": real,
    "wide": wide,
    "monorepo": monorepo,
}


def _packages(module: str, groups: int) -> Iterator[tuple[str, str]]:
    """Yield packages of four and five files; each imports up to three of its group of a hundred."""
    for group, number in itertools.product(range(groups), range(_IN_GROUP)):
        package = f"p{number:04}"
        folder = f"g{group:02}/{package}"
        before = sorted({number // 2, number // 3, number * 2 // 3} - {number})
        imports = "".join(f'\t"{module}/g{group:02}/p{other:04}"\n' for other in before)
        calls = "".join(f" + p{other:04}.F0()" for other in before)
        head = f"package {package}\n\n"
        yield (
            f"{folder}/f0.go",
            f"{head}import (\n{imports})\n\nfunc F0() int {{ return 1{calls} }}\n",
        )
        for i in range(1, 4 + number % 2):
            yield f"{folder}/f{i}.go", f"{head}func F{i}() int {{ return {i} }}\n"


def _imports(module: str, groups: Iterable[int]) -> str:
    imports = "".join(
        f'\t_ "{module}/g{group:02}/p{number:04}"\n'
        for group, number in itertools.product(groups, range(_IN_GROUP))
    )
    return f"package main\n\nimport (\n{imports})\n\nfunc main() {{}}\n"


def _module(name: str) -> str:
    return f"module {name}\n\ngo 1.26\n"
