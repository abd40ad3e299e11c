"""gorun --watch: everything that the build read is watched, whatever and wherever it is.

One test for each kind of input that is no plain source of the main package, also where it is not
there yet; and for programs of which nothing is recorded.
"""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.watching import SERVER, Watching, watching

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")

LIB = {
    "version.go": 'package main\n\nimport "example.com/lib"\n\nvar version = lib.Version\n',
    "go.mod": SERVER["go.mod"] + "\nrequire example.com/lib v1.0.0\n\n"
    "replace example.com/lib => ../lib\n",
    "../lib/go.mod": "module example.com/lib\n\ngo 1.24\n",
    "../lib/lib.go": 'package lib\n\nfunc Version() string { return "one" }\n',
}

EMBEDDED = {
    "version.go": 'package main\n\nimport _ "embed"\n\n'
    "//go:embed text/version.txt\nvar text string\n\n"
    "func version() string { return text }\n",
    "text/version.txt": "one",
}

EMBEDDED_TREE = {
    "version.go": 'package main\n\nimport "embed"\n\n//go:embed text\nvar texts embed.FS\n\n'
    "func version() string {\n"
    '\tentries, _ := texts.ReadDir("text")\n'
    "\treturn entries[len(entries)-1].Name()\n}\n",
    "text/one": "",
}

CGO = {
    "version.go": "package main\n\n"
    '// #cgo CFLAGS: -I${SRCDIR}/../include\n// #include "version.h"\nimport "C"\n\n'
    "func version() string { return C.VERSION }\n",
    "../include/version.h": '#define VERSION "one"\n',
}

TAGGED = {
    "version.go": '//go:build !two\n\npackage main\n\nfunc version() string { return "one" }\n',
    "other.go": '//go:build two\n\npackage main\n\nfunc version() string { return "tagged" }\n',
}


@pytest.mark.parametrize(
    ("files", "name"),
    [
        pytest.param(LIB, "../lib/lib.go", id="a replaced module"),
        pytest.param(EMBEDDED, "text/version.txt", id="an embedded file"),
        pytest.param(CGO, "../include/version.h", id="a C header", marks=needs_gcc),
    ],
)
def test_an_input_elsewhere_is_edited(tmp_path: Path, files: dict[str, str], name: str) -> None:
    shop = watching(tmp_path, SERVER | files)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches("version one []\n")
        shop.edit(name, "one", "two")
        watch.wait_for("version two []\n")


def test_a_file_appears_in_an_embedded_tree(tmp_path: Path) -> None:
    shop = watching(tmp_path, SERVER | EMBEDDED_TREE)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches("version one []\n")
        shop.write({"text/two": ""})
        watch.wait_for("version two []\n")


def test_go_mod_is_edited(tmp_path: Path) -> None:
    """Its godebug lines are part of the executable."""
    shop = watching(tmp_path)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches()
        shop.edit("go.mod", "go 1.24\n", "go 1.24\n\ngodebug panicnil=1\n")
        watch.wait_for("gorun: restarts: go.mod edited\n")


def test_a_go_work_appears_above(tmp_path: Path) -> None:
    """What is not there yet is an input too: a workspace with another version of a module."""
    other = {name.replace("../lib", "../other"): text for name, text in LIB.items()}
    shop = watching(
        tmp_path,
        SERVER
        | LIB
        | {
            name: text.replace("one", "other") for name, text in other.items() if "../other" in name
        },
    )
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches("version one []\n")
        shop.write({"../go.work": "go 1.24\n\nuse ./work\n\nreplace example.com/lib => ./other\n"})
        watch.wait_for("version other []\n")
        (tmp_path / "go.work").unlink()
        watch.wait_for_event("started", 3)
        watch.wait_until(lambda: watch.said.count("version one []\n") == 2)


def test_a_link_is_set_anew(tmp_path: Path) -> None:
    """A package that is reached over a link, which leads elsewhere from one moment to the next."""
    version = 'package main\n\nimport "example.com/server/lib"\n\nvar version = lib.Version\n'
    lib = LIB["../lib/lib.go"]
    shop = watching(tmp_path, SERVER | {"version.go": version, "../a/lib.go": lib})
    shop.write({"../b/lib.go": lib.replace("one", "two")})
    os.symlink("../a", shop.folder / "lib")
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches("version one []\n")
        os.symlink("../b", shop.folder / "new")
        (shop.folder / "new").rename(shop.folder / "lib")
        watch.wait_for("version two []\n")
        shop.edit("../b/lib.go", "two", "three")
        watch.wait_for("version three []\n")


def test_a_build_that_is_never_recorded(tmp_path: Path) -> None:
    """A pattern has go asked each time; here too touch does nothing, and an edit is noticed."""
    with Watching(watching(tmp_path), "./...") as watch:
        watch.wait_until_it_watches()
        os.utime(watch.shop.folder / "version.go")
        (watch.shop.folder / "notes.txt").write_text("not an input")
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two []\n")
        watch.edit("version.go", "two", "three")
        watch.wait_for("version three []\n")
        watch.wait_for_event("started", 3)
        assert watch.outcomes == ["built"] * 3


def test_a_build_with_a_warning_is_watched(tmp_path: Path) -> None:
    """Go had something to say, so that the build is not remembered."""
    cgo = CGO | {"../include/version.h": '#warning "old"\n#define VERSION "one"\n'}
    if not shutil.which("gcc"):
        pytest.skip("needs gcc: apt-get install gcc")
    shop = watching(tmp_path, SERVER | cgo)
    with Watching(shop, ".") as watch:
        watch.wait_until_it_watches("version one []\n")
        os.utime(tmp_path / "include" / "version.h")
        shop.edit("../include/version.h", '"one"', '"two"')
        watch.wait_for("version two []\n")
        watch.wait_for_event("started", 2)
        assert watch.outcomes == ["built"] * 2


def test_where_there_are_no_standard_streams(tmp_path: Path) -> None:
    """Whatever we open has other numbers: our words would go into it."""
    shop = watching(tmp_path)
    through = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    with Watching(shop, ".", through=through) as watch:
        watch.wait_for_event("started")
        watch.wait_for_event("watching")
        watch.edit("version.go", "func", "fun")
        watch.wait_for_event("failed")
        watch.edit("version.go", "fun ", "func ")
        watch.wait_for_event("unchanged")
        watch.edit("version.go", "one", "two")
        watch.wait_for_event("started", 2)
        watch.signal(signal.SIGTERM)
        assert watch.end() in (0, 143)


def test_a_list_of_files(tmp_path: Path) -> None:
    """Another file of the directory is no input."""
    with Watching(watching(tmp_path), "main.go", "version.go", "x") as watch:
        watch.wait_until_it_watches("version one [x]\n")
        watch.shop.write({"other.go": "package main\n\nnot go at all\n"})
        watch.edit("version.go", "one", "two")
        watch.wait_for("version two [x]\n")
