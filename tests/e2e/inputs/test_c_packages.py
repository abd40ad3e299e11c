"""Programs with C: from the module cache, from archives, after somebody else's go build.

What is outside of a package is no part of its key in go's cache: each test that makes go stale says
what go alone would start.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import let_the_clock_tick
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("go"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc"),
]

MODULE = "module example.com/app\n\ngo 1.24\n"
MAIN = 'package main\n\nimport "{}"\n\nfunc main() {{ println({}.F()) }}\n'
LIBC = (
    'package dep\n\n// #include <stdlib.h>\nimport "C"\n\nfunc F() int { return int(C.abs(-7)) }\n'
)
HEADER = 'package dep\n\n// #include <v.h>\nimport "C"\n\nfunc F() int { return C.V }\n'


def with_fetched(folder: Path, files: Mapping[str, str]) -> Workshop:
    """Make a program that imports example.com/dep, which is fetched from a proxy in a folder."""
    proxy = folder / "proxy/example.com/dep/@v"
    proxy.mkdir(parents=True)
    mod = "module example.com/dep\n\ngo 1.24\n"
    (proxy / "v1.0.0.info").write_text(json.dumps({"Version": "v1.0.0"}))
    (proxy / "v1.0.0.mod").write_text(mod)
    with zipfile.ZipFile(proxy / "v1.0.0.zip", "w") as archive:
        for name, text in {"go.mod": mod, **files}.items():
            archive.writestr(f"example.com/dep@v1.0.0/{name}", text)
    workshop = Workshop(
        folder,
        {
            "go.mod": f"{MODULE}\nrequire example.com/dep v1.0.0\n",
            "main.go": MAIN.format("example.com/dep", "dep"),
        },
    )
    workshop.environ |= {
        "GOPROXY": f"file://{folder}/proxy",
        "GONOSUMDB": "*",
        "GOSUMDB": "off",
        "GOMODCACHE": str(folder / "modcache"),
        "GOFLAGS": "-modcacherw",
    }
    assert workshop.go("mod", "tidy").rc == 0
    let_the_clock_tick()
    return workshop


def test_c_in_a_fetched_module_is_built_to_the_bytes_of_go_run(tmp_path: Path) -> None:
    shop = with_fetched(tmp_path, {"dep.go": LIBC})
    assert shop.outcome(".")[::2] == ("built", (0, "", "7\n"))
    assert shop.outcome(".")[0] == "current"
    assert shop.built_by_go_run(".") == shop.executables()[0].read_bytes()


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace: apt-get install strace")
def test_a_fetched_module_with_libc_alone_is_not_compiled_once_more(tmp_path: Path) -> None:
    """What another go compiled is believed there; in the user's own packages it is not."""
    for name in ("fetched", "own"):
        (tmp_path / name).mkdir()
    fetched = with_fetched(tmp_path / "fetched", {"dep.go": LIBC})
    own = Workshop(tmp_path / "own", {"go.mod": MODULE, "dep/dep.go": LIBC})
    own.write({"main.go": MAIN.format("example.com/app/dep", "dep")})
    for shop, once_more in ((fetched, False), (own, True)):
        assert shop.go("run", ".").err == "7\n"
        assembled = [path for path in shop.executed(".") if path.endswith("/as")]
        assert bool(assembled) == once_more
        assert shop.outcome(".")[0] == "current"


def test_what_a_fetched_module_takes_from_elsewhere_is_an_input(tmp_path: Path) -> None:
    shop = with_fetched(tmp_path, {"dep.go": HEADER})
    shop.write({"../inc/v.h": "#define V 1\n"})
    shop.environ["CGO_CFLAGS"] = f"-I{tmp_path}/inc"
    assert shop.go("run", ".").err == "1\n"
    shop.write({"../inc/v.h": "#define V 2\n"})
    assert shop.go("run", ".").err == "1\n", "go run notices headers now: gorun need not"
    assert shop.outcome(".")[::2] == ("built", (0, "", "2\n"))
    assert shop.outcome(".")[0] == "current"
    shop.write({"../inc/v.h": "#define V 3\n"})
    assert shop.outcome(".")[::2] == ("built", (0, "", "3\n"))
    shop.write({"../inc/v.h": "#define V 2\n"})
    assert shop.outcome(".")[::2] == ("restored", (0, "", "2\n"))


def make_archive(shop: Workshop, value: int) -> None:
    """Make lib/libv.a, of which int val(void) returns the value."""
    shop.write({"lib/v.c": f"int val(void) {{ return {value}; }}\n"})
    build = "cd lib && gcc -c -o v.o v.c && rm -f libv.a && ar rcD libv.a v.o"
    assert shop.execute(["sh", "-c", build]).rc == 0
    let_the_clock_tick()


def test_an_archive_of_another_package_than_main_is_an_input(tmp_path: Path) -> None:
    """The package compiles to the same bytes, so that go's link has the same key."""
    code = (
        "package c\n\n// #cgo LDFLAGS: -L${SRCDIR}/../lib -lv\n// int val(void);\n"
        'import "C"\n\nfunc F() int { return int(C.val()) }\n'
    )
    main = MAIN.format("example.com/app/c", "c")
    shop = Workshop(tmp_path, {"go.mod": MODULE, "main.go": main, "c/c.go": code})
    make_archive(shop, 1)
    assert shop.outcome(".")[::2] == ("built", (0, "", "1\n"))
    make_archive(shop, 2)
    assert shop.go("run", ".").err == "1\n", "go run notices archives now: gorun need not"
    assert shop.outcome(".")[::2] == ("built", (0, "", "2\n"))
    assert shop.outcome(".")[0] == "current"
    shop.write({"main.go": f"{main}\n// Linked anew.\n"})
    make_archive(shop, 3)
    assert shop.outcome(".")[::2] == ("built", (0, "", "3\n"))


def test_what_was_linked_with_another_archive_is_not_used(tmp_path: Path) -> None:
    """Nor where only the link took it: the archive is named by -ldflags of a program without C."""
    archive = tmp_path / "work/lib/libv.a"
    shop = Workshop(
        tmp_path,
        {
            "go.mod": MODULE,
            "main.go": MAIN.format("example.com/app/c", "c"),
            "c/c.go": "package c\n\n// int val(void) __attribute__((weak));\n"
            'import "C"\n\nfunc F() int { return int(C.val()) }\n',
        },
    )
    linked = f"-Wl,--whole-archive,{archive},--no-whole-archive"
    words = (f"-ldflags=-linkmode=external '-extldflags={linked}'", ".")
    make_archive(shop, 1)
    assert shop.go("run", *words).err == "1\n"
    make_archive(shop, 2)
    assert shop.go("run", *words).err == "1\n", "go run notices archives now: gorun need not"
    assert shop.gorun(*words).err == "2\n"


DEFINED = "#cgo CFLAGS: -I${SRCDIR}/../h\n#ifndef HDR\n#define HDR <a.h>\n#endif\n#include HDR"
STRINGIFIED = (
    "#cgo CFLAGS: -I${SRCDIR}/../h -DCUSTOM=b.h\n#define STR_(x) #x\n#define STR(x) STR_(x)\n"
    "#ifdef CUSTOM\n# include STR(CUSTOM)\n#endif\n#ifdef NOBODY\n# include STR(NOBODY)\n#endif"
)
SCRIPT = "#cgo LDFLAGS: -Wl,-T,${SRCDIR}/../h/x.ld\nextern char foo2[];\n#define V (long)foo2"


@pytest.mark.parametrize(
    ("preamble", "edited", "text"),
    [
        pytest.param("#cgo CFLAGS: -I${SRCDIR}/link\n#include <up.h>", "h/c.h", "", id="link/.."),
        pytest.param(
            "#cgo CFLAGS: -I${SRCDIR}/link/../h2\n#include <v.h>", "d/h2/v.h", "", id="-I link/.."
        ),
        pytest.param(DEFINED, "h/b.h", "", id="-DHDR"),
        pytest.param(STRINGIFIED, "h/b.h", "", id="stringified"),
        pytest.param("#cgo pkg-config: foo\n", "h/foo-uninstalled.pc", "pc", id="uninstalled"),
        pytest.param(SCRIPT, "h/x.ld", "ld", id="linker-script"),
    ],
)
def test_ways_to_take_something_from_outside(
    tmp_path: Path, preamble: str, edited: str, text: str
) -> None:
    code = f'package main\n\n/*\n{preamble}\nstatic int get(void) {{ return V; }}\n*/\nimport "C"\n'
    shop = Workshop(tmp_path, {"app/go.mod": MODULE})
    contents = {
        "": "#define V {}\n",
        "pc": "Name: foo\nDescription: foo\nVersion: 1\nCflags: -DV={}\nLibs:\n",
        "ld": "SECTIONS {{ }}\nfoo2 = {};\nINSERT AFTER .data;\n",
    }
    if text == "pc" and not shutil.which("pkg-config"):
        pytest.skip("needs pkg-config: apt-get install pkg-config")
    shop.write({f"h/{name}.h": "#define V 1\n" for name in "abc"})
    shop.write({"d/h2/v.h": "#define V 1\n", "d/inc/up.h": '#include "../c.h"\n'})
    shop.write({"d/c.h": '#include "../h/c.h"\n', "h/x.ld": contents["ld"].format(1)})
    shop.write({"h/foo.pc": contents["pc"].format(1)})
    (shop.folder / "app/link").symlink_to(shop.folder / "d/inc")
    shop.write({"app/main.go": f"{code}\nfunc main() {{ println(C.get()) }}\n"})
    shop.environ |= {
        "PWD": str(shop.folder / "app"),
        "PKG_CONFIG_PATH": str(shop.folder / "h"),
        "CGO_LDFLAGS_ALLOW": ".*",
        "CGO_CFLAGS": "'-DHDR=<b.h>'",  # which go takes from nowhere else
    }
    shop.folder /= "app"
    assert shop.gorun(".").err == "1\n"
    assert shop.outcome(".")[0] == "current"
    shop.write({f"../{edited}": contents[text].format(2)})
    assert shop.outcome(".")[::2] == ("built", (0, "", "2\n"))
    assert shop.outcome(".")[0] == "current"


def test_what_a_compiler_says_of_c_is_shown_once(tmp_path: Path) -> None:
    code = 'package main\n\n// #include "inc/v.h"\nimport "C"\n\nfunc main() { println(C.V) }\n'
    shop = Workshop(tmp_path, {"go.mod": MODULE, "main.go": code, "inc/v.h": "#define V 1\n"})
    assert shop.gorun(".").err == "1\n"
    shop.write({"inc/v.h": '#error "a sentence"\n'})
    failed = shop.gorun(".")
    assert failed.rc == 125
    assert failed.err.count('#error "a sentence"') == shop.go("build", "-a", ".").err.count(
        "#error"
    )
    shop.write({"inc/v.h": "#define V 2\n"})
    assert shop.gorun(".").err == "2\n"


def test_what_a_linker_says_is_shown_once(tmp_path: Path) -> None:
    code = (
        'package main\n\n// int nobody(void);\nimport "C"\n\nfunc main() { println(C.nobody()) }\n'
    )
    shop = Workshop(tmp_path, {"go.mod": MODULE, "main.go": code})
    failed = shop.gorun(".")
    assert failed.rc == 125
    assert failed.err.count("undefined reference") == 1


CACHE_PROGRAM = """\
import base64, hashlib, json, os, sys
shared, own = sys.argv[1:]
def at(folder, key, kind):
    return f"{folder}/{key[:2]}/{key}-{kind}"
def say(**answer):
    print(json.dumps(answer), flush=True)
say(ID=0, KnownCommands=["get", "put", "close"])
for line in sys.stdin:
    if not line.strip():
        continue
    asked = json.loads(line)
    action = base64.b64decode(asked.get("ActionID") or "").hex()
    if asked["Command"] == "close":
        say(ID=asked["ID"])
        break
    if asked["Command"] == "get":
        for folder in (own, shared):
            try:
                words = open(at(folder, action, "a")).read().split()
            except OSError:
                continue
            output = bytes.fromhex(words[2])
            say(ID=asked["ID"], OutputID=base64.b64encode(output).decode(), Size=int(words[3]),
                DiskPath=at(folder, words[2], "d"))
            break
        else:
            say(ID=asked["ID"], Miss=True)
        continue
    body = b""
    if asked.get("BodySize"):
        while not (text := sys.stdin.readline().strip()):
            pass
        body = base64.b64decode(json.loads(text))
    output = base64.b64decode(asked["OutputID"]).hex()
    for key, kind in ((output, "d"), (action, "a")):
        os.makedirs(f"{own}/{key[:2]}", exist_ok=True)
    open(at(own, output, "d"), "wb").write(body)
    open(at(own, action, "a"), "w").write(f"v1 {action} {output} {len(body)} 0")
    say(ID=asked["ID"], DiskPath=at(own, output, "d"))
"""


def test_c_that_go_cannot_forget_is_run_and_not_recorded(tmp_path: Path) -> None:
    """A program keeps go's cache: what it holds of C another go compiled."""
    code = 'package main\n\n// #include "inc/v.h"\nimport "C"\n\nfunc main() { println(C.V) }\n'
    shop = Workshop(tmp_path, {"go.mod": MODULE, "main.go": code, "inc/v.h": "#define V 1\n"})
    program, own = tmp_path / "cache.py", tmp_path / "own"
    program.write_text(CACHE_PROGRAM)
    shared = shop.go("env", "GOCACHE").out.strip()
    shop.environ["GOCACHEPROG"] = f"{sys.executable} {program} {shared} {own}"
    assert shop.go("run", ".").err == "1\n"
    assert shop.outcome(".")[::2] == ("built", (0, "", "1\n"))
    assert "cannot be made to forget it" in shop.gorun("--why", ".").out
    shutil.rmtree(own)
    assert shop.outcome(".")[::2] == ("built", (0, "", "1\n"))
    assert shop.outcome(".")[0] == "current", "what was compiled here is known"


@pytest.mark.parametrize("named", ["GODEBUG", "GOTMPDIR", "folder"])
def test_a_go_that_stumbles_over_what_is_ours_is_asked_without(tmp_path: Path, named: str) -> None:
    shop = Workshop(tmp_path)
    command = tmp_path / "go"
    told = "go: a sentence about $GOTMPDIR" if named == "folder" else f"go: {named}: a sentence"
    command.write_text(
        f'#!/bin/sh\ncase "$1 $GODEBUG" in "run "*gocachehash*) echo "{told}" >&2; exit 1 ;; esac\n'
        f'exec {shop.go("env", "GOROOT").out.strip()}/bin/go "$@"\n'
    )
    command.chmod(0o755)
    shop.environ["GORUN_GO"] = str(command)
    outcome, _, result = shop.outcome(".")
    assert (outcome, result.rc) == ("built", 0)
    assert "a sentence" not in result.err
    assert "go cannot be asked what it reads: go: " in shop.gorun("--why", ".").out
    shop.write({"main.go": "package main\n\nfunc main() { nobody() }\n"})
    failed = shop.gorun(".")
    assert failed.rc == 125
    assert "undefined: nobody" in failed.err


def test_packages_with_c_are_compiled_together_once(tmp_path: Path) -> None:
    """What was compiled for several programs at once is known to each of them."""
    main = MAIN.format("example.com/app/dep", "dep")
    shop = Workshop(tmp_path, {"go.mod": MODULE, "a/main.go": main, "b/main.go": main})
    shop.write({"dep/dep.go": HEADER, "inc/v.h": "#define V 1\n"})
    shop.environ["CGO_CFLAGS"] = f"-I{shop.folder}/inc"
    for name in "ab":
        assert shop.go("run", f"./{name}").err == "1\n"
    shop.write({"inc/v.h": "#define V 2\n"})
    built = shop.gorun("--build", "./a", "./b")
    assert built.rc == 0, built
    for name in "ab":
        outcome, _, result = shop.outcome(f"./{name}")
        assert (outcome, result.err) == ("current", "2\n")


def test_c_is_read_in_proportion_to_its_size(tmp_path: Path) -> None:
    """Comments that begin at each line, and never end, once took a minute for each megabyte."""
    code = 'package main\n\n// #include "c.h"\nimport "C"\n\nfunc main() { println(C.V) }\n'
    shop = Workshop(tmp_path, {"go.mod": MODULE, "main.go": code})
    shop.write({"c.h": "#define V 1\n" + "/* a\n b */ /*\n*/ int f(int);\n" * 200_000})
    assert shop.gorun(".").err == "1\n"
    assert os.path.getsize(shop.folder / "c.h") > 5_000_000
    assert shop.outcome(".")[0] == "current"
