"""The model: a small Go module or workspace, and everything that may happen to it.

Decides what trees look like and which mutations there are. A mutation is drawn from a generator
of random numbers and the tree as it is, so that the same steps from the same seed give the same
trees. It must never know what gorun or go would make of a tree: most mutations leave it sound,
some break it, and which do is for the oracle to say.
"""

from __future__ import annotations

import copy
import functools
import os
import re
import shutil
import subprocess
import tempfile
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz.launchers import launcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    Mutation = Callable[["World", Random], str]
    """Changes a world; returns what it did in words, "" where there was nothing to do it to."""

WORDS = (b"waaaa", b"wbbbb", b"wcccc", b"wdddddd", b"weeeeee", b"wffffff")
"""What constants and embedded files hold: few, so that trees come back to what they were."""

_WORD = re.compile(rb"w(?:[a-c]{4}|[d-f]{6})")
_CONSTRAINT = re.compile(rb"//go:build .*\n")
_BUILD_LINES = (b"linux", b"never", b"!dev ", b"dev  ", b"unix ", b"!unix", b"cgo  ", b"!race")
_PATTERNS = (b"all:tree", b"tree    ", b"f*/*.txt", b"*.txt   ", b"tree/x  ", b"tree/*/*")
_ADDED = re.compile(rb"(?m)^(// comment|godebug.*|toolchain.*|syntax.*|require .*none.*)\n")
_BOM = b"\xef\xbb\xbf"
_OLD = 1_600_000_000_000_000_000  # nanoseconds

PACKAGES = ("app", "app/cmd/one", "app/cmd/two", "app/lib", "app/left", "app/rite", "app/assets")

_SIDE = b'package side\n\nfunc Word() string { return "waaaa" }\n'
_MAIN = b"""package main

import (
	"example.com/app/left"
	"example.com/app/lib"
	"example.com/dep"
	"example.com/dep/sub"
)

var version = "none"

func main() { println(version, lib.Word(), side.Word(), dep.Word(), sub.Word(), "waaaa") }
"""

FILES = {
    "app/go.mod": b"module example.com/app\n\ngo 1.24\n\n"
    b"require example.com/dep v0.0.0\n\nreplace example.com/dep => ../dep\n",
    "app/alt.mod": b"module example.com/app\n\ngo 1.22\n\n"
    b"require example.com/dep v0.0.0\n\nreplace example.com/dep => ../dep2\n",
    "app/main.go": _MAIN,
    "app/more.go": b'package main\n\nfunc init() { println("wbbbb") }\n',
    "app/cmd/one/main.go": b'package main\n\nimport (\n\t"example.com/app/lib"\n'
    b'\t"example.com/app/linked"\n\t"example.com/app/sym"\n)\n\n'
    b"func main() { println(lib.Word(), linked.Word(), sym.Word()) }\n",
    "app/cmd/two/main.go": b'package main\n\nimport (\n\t"example.com/app/assets"\n'
    b'\t"example.com/app/rite"\n)\n\nfunc main() { println(assets.Sum(), side.Word()) }\n',
    "app/lib/lib.go": b'package lib\n\nfunc Word() string { return "waaaa" + system + mode }\n',
    "app/lib/os_linux.go": b'package lib\n\nconst system = "wbbbb"\n',
    "app/lib/os_windows.go": b'package lib\n\nconst system = "wcccc"\n',
    "app/lib/mode.go": b'//go:build !dev \n\npackage lib\n\nconst mode = "waaaa"\n',
    "app/lib/mode2.go": b'//go:build dev  \n\npackage lib\n\nconst mode = "wbbbb"\n',
    "app/lib/lib_test.go": b'package lib\n\nvar _ = "waaaa"\n',
    "app/lib/notes.txt": b"waaaa\n",
    "app/left/side.go": _SIDE,
    "app/rite/side.go": _SIDE.replace(b"waaaa", b"wbbbb"),
    "app/assets/assets.go": b'package assets\n\nimport "embed"\n\n'
    b"//go:embed one.txt\nvar one string\n\n//go:embed files/*.txt\n//go:embed all:tree\n"
    b"var files embed.FS\n\nfunc Sum() string {\n\tall := one\n"
    b'\tfor _, d := range []string{".", "files", "tree", "tree/x", "tree/y"} {\n'
    b"\t\tentries, _ := files.ReadDir(d)\n\t\tfor _, e := range entries {\n"
    b'\t\t\tb, _ := files.ReadFile(d + "/" + e.Name())\n\t\t\tall += e.Name() + string(b)\n'
    b"\t\t}\n\t}\n\treturn all\n}\n",
    "app/assets/one.txt": b"waaaa\n",
    "app/assets/files/a.txt": b"waaaa\n",
    "app/assets/files/b.txt": b"wbbbb\n",
    "app/assets/tree/x/f.txt": b"waaaa\n",
    "app/assets/tree/y/f.txt": b"wcccc\n",
    "app/assets/tree/.hidden": b"wbbbb\n",
    "app/assets/tree/_under": b"wbbbb\n",
    "dep/go.mod": b"module example.com/dep\n\ngo 1.24\n",
    "dep/dep.go": b'package dep\n\nfunc Word() string { return "waaaa" }\n',
    "dep/sub/sub.go": b'package sub\n\nfunc Word() string { return "waaaa" }\n',
    "dep2/sub/sub.go": b'package sub\n\nfunc Word() string { return "wbbbb" }\n',
    "dep2/go.mod": b"module example.com/dep\n\ngo 1.21\n",
    "dep2/dep.go": b'package dep\n\nfunc Word() string { return "wbbbb" }\n',
    "other/go.mod": b"module example.com/other\n\ngo 1.24\n",
    "other/other.go": b"package lib\n",
    "shared/v1.go": b'package sym\n\nfunc Word() string { return "waaaa" }\n',
    "shared/v2.go": b'package sym\n\nfunc Word() string { return "wbbbb" }\n',
    "shared/gen1/p/p.go": b'package linked\n\nfunc Word() string { return "waaaa" }\n',
    "shared/gen2/p/p.go": b'package linked\n\nfunc Word() string { return "wbbbb" }\n',
}

LINKS = {
    "app/sym/sym.go": ("../../shared/v1.go", "../../shared/v2.go", "../lib/lib.go", "gone.go"),
    "app/linked": ("../shared/current/p", "../shared/gen2/p", "../shared/gen1/p", "nowhere"),
    "shared/current": ("gen1", "gen2"),
    "alias": ("app", "./app"),
}
"""Symbolic links, and where they may lead: the first at the beginning."""

_FETCHED = "modcache/example.com/fetched@v1.0.0"
_FETCHED_MOD = b"module example.com/fetched\n\ngo 1.24\n"
_FETCHED_FILES = {
    "fetched.go": b"package fetched\n\n// #cgo CFLAGS: -I${SRCDIR}/first -I${SRCDIR}/include\n"
    b'// #include <stdlib.h>\n// #include <number.h>\nimport "C"\n\n'
    b"func F() int { return int(C.abs(-C.NUMBER)) }\n",
    "include/number.h": b"#define NUMBER 10\n",
    "go.mod": _FETCHED_MOD,
}


def sum_of(files: dict[str, bytes], prefix: str) -> bytes:
    """Return the sum of some files as go.sum has it (golang.org/x/mod/sumdb/dirhash)."""
    lines = (f"{sha256(files[n]).hexdigest()}  {prefix}{n}\n" for n in sorted(files))
    return b"h1:" + b64encode(sha256("".join(lines).encode()).digest())


_SUM = sum_of(_FETCHED_FILES, "example.com/fetched@v1.0.0/")
_DOWNLOAD = "modcache/cache/download/example.com/fetched/@v/v1.0.0"

CGO_FILES = {
    "app/main.go": _MAIN.replace(
        b'"example.com/app/lib"',
        b'"example.com/app/arch"\n\t"example.com/app/c"\n\t"example.com/fetched"',
    ).replace(b"lib.Word()", b"arch.F(), c.F(), fetched.F()"),
    "app/go.mod": FILES["app/go.mod"] + b"\nrequire example.com/fetched v1.0.0\n",
    "app/go.sum": b"example.com/fetched v1.0.0 "
    + _SUM
    + b"\nexample.com/fetched v1.0.0/go.mod "
    + sum_of({"go.mod": _FETCHED_MOD}, "")
    + b"\n",
    "app/arch/arch.go": b"package arch\n\n// #cgo LDFLAGS: -L${SRCDIR}/../lib0 -L${SRCDIR}/../lib1"
    b' -lnumber\n// int number(void);\nimport "C"\n\nfunc F() int { return int(C.number()) }\n',
    **{f"{_FETCHED}/{name}": data for name, data in _FETCHED_FILES.items()},
    f"{_DOWNLOAD}.mod": _FETCHED_MOD,
    f"{_DOWNLOAD}.info": b'{"Version":"v1.0.0"}',
    f"{_DOWNLOAD}.ziphash": _SUM,
    f"{_DOWNLOAD}.zip": b"",  # never read: it is unpacked already
    f"{_DOWNLOAD}.lock": b"",
    "modcache/cache/lock": b"",
    "app/c/c.go": b"package c\n\n// #cgo CFLAGS: -I${SRCDIR}/../inc0 -I${SRCDIR}/../inc\n"
    b'// #include "value.h"\n// int value(void);\nimport "C"\n\n'
    b"func F() int { return int(C.value()) }\n",
    "app/c/value.c": b'#include "value.h"\n#ifndef EXTRA\n#define EXTRA\n#endif\n'
    b"int value(void) { return VALUE EXTRA; }\n",
    "app/inc/value.h": b'#include "deep.h"\n#define VALUE DEEP + 1\n',
    "app/inc/deep.h": b"#define DEEP 10\n",
}

_VENDOR = {
    "app/vendor/modules.txt": b"# example.com/dep v0.0.0 => ../dep\n## explicit; go 1.24\n"
    b"example.com/dep\nexample.com/dep/sub\n# example.com/dep => ../dep\n",
    "app/vendor/example.com/dep/sub/sub.go": b"package sub\n\n"
    b'func Word() string { return "wcccc" }\n',
    "app/vendor/example.com/dep/dep.go": b'package dep\n\nfunc Word() string { return "wcccc" }\n',
}


class Slot(NamedTuple):
    """A program as typed: where, with which flags, and what."""

    where: str
    flags: tuple[str, ...]
    target: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' '.join((*self.flags, *self.target))} in {self.where}"


TARGETS = (
    ("app", (".",)),
    ("app", ("./cmd/one",)),
    ("app", ("./cmd/two",)),
    ("app", ("example.com/app/cmd/one",)),
    ("app", ("main.go", "more.go")),
    ("app/cmd/two", (".",)),
    ("alias", (".",)),
    ("alias", ("./cmd/two",)),
    ("app/lib", ("../cmd/one",)),
)
FLAGS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("-tags=dev",),
    ("-ldflags=-X=main.version=v1",),
    ("-ldflags=-X main.version=v2 -w",),
    ("-gcflags=-N",),
    ("-gcflags=example.com/...=-l",),
    ("-trimpath",),
    ("-mod=mod",),
    ("-mod=readonly",),
    ("-modfile=alt.mod",),
    ("-pgo=off",),
    ("-C=.",),
)
ENVIRONMENT = (
    *(("GOFLAGS", value) for value in ("", "-tags=dev", "-ldflags=-X=main.version=e", "-mod=mod")),
    *(("GOFLAGS", value) for value in ("-trimpath", "-gcflags=-N", "'-ldflags=-X main.version=f'")),
    *(("CGO_ENABLED", value) for value in ("", "0", "1")),
    *(("GOAMD64", value) for value in ("", "v1", "v2")),
    *(("GOOS", value) for value in ("", "linux", "windows")),
    *(("GOWORK", value) for value in ("", "off")),
    *(("GO111MODULE", value) for value in ("", "on")),
    *(("GODEBUG", value) for value in ("", "panicnil=1", "embedfollowsymlinks=1", "inittrace=1")),
    *(("NOISE", value) for value in ("", "1")),
    *(("GOARCH", value) for value in ("", "amd64")),
    *(("GOENV", value) for value in ("", "off", "ROOT/config/go/env", "ROOT/config2/go/env")),
    *(("XDG_CONFIG_HOME", value) for value in ("", "ROOT/config2", "config")),
    *(("HOME", value) for value in ("", "ROOT/home2")),
    *(("CGO_CFLAGS", value) for value in ("", "-O1")),
)
AFFECT_STD = ("CGO_ENABLED", "GOAMD64", "GOOS")
"""Variables for which go compiles the standard library anew: one at a time."""


class Entry(NamedTuple):
    """What a path held: "file", "link" or "directory"."""

    kind: str
    data: bytes
    mode: int
    mtime: int


class World:
    """A tree of files under `root`, the environment, and programs that are run in it."""

    def __init__(self, root: str, kind: str, toolchains: tuple[str, ...]) -> None:
        self.root = root
        self.kind = kind  # "module", "workspace", "vendor" or "cgo"
        self.toolchains = toolchains
        self.environment: dict[str, str] = {}
        self.mounted: list[str] = []  # where something is mounted, the last one last
        self.slots: list[Slot] = [Slot(*TARGETS[0][:1], (), TARGETS[0][1])]
        files = dict(FILES)
        if kind == "cgo":
            files |= CGO_FILES | {"app/lib1/libnumber.a": archive(10)}
        if kind == "workspace":
            files["go.work"] = b"go 1.24\n\nuse (\n\t./app\n\t./dep\n)\n"
        if kind == "vendor":
            files |= _VENDOR
        for name, data in files.items():
            self.write(name, data)
        for name, places in LINKS.items():
            self.link(name, places[0])
        self.link("bin/go", toolchains[0])
        for path in self.paths():
            os.utime(self.at(path), ns=(_OLD, _OLD), follow_symlinks=False)

    def checkout(self, root: str) -> World:
        """Return another checkout of the same tree, with the same environment."""
        for folder in (root, f"{root}-home", f"{root}-tmp"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.root, root, symlinks=True, copy_function=shutil.copy)
        for folder in (f"{root}-home", f"{root}-tmp"):
            os.makedirs(folder)
        other = copy.copy(self)
        other.root, other.mounted, other.slots = root, [], list(self.slots)
        other.environment = dict(self.environment)
        return other

    def at(self, name: str) -> str:
        """Return the absolute path of a name in the tree."""
        return f"{self.root}/{name}" if name else self.root

    def paths(self) -> list[str]:
        """Return the names of everything in the tree, sorted."""
        found: list[str] = []
        rest = [""]
        while rest:
            where = rest.pop()
            for entry in os.scandir(self.at(where)):
                name = f"{where}/{entry.name}".lstrip("/")
                found.append(name)
                if entry.is_dir(follow_symlinks=False):
                    rest.append(name)
        return sorted(found)

    def files(self, *endings: str) -> list[str]:
        """Return the names of regular files, sorted."""
        return [
            name
            for name in self.paths()
            if (name.endswith(endings) or not endings)
            and os.path.isfile(self.at(name))
            and not os.path.islink(self.at(name))
        ]

    def directories(self) -> list[str]:
        """Return the names of directories below app, dep and shared, sorted."""
        return [
            name
            for name in self.paths()
            if "/" in name and os.path.isdir(self.at(name)) and not os.path.islink(self.at(name))
        ]

    def read(self, name: str) -> bytes:
        """Return what a file holds, b"" where there is none."""
        try:
            with open(self.at(name), "rb") as file:
                return file.read()
        except OSError:
            return b""

    def write(self, name: str, data: bytes, how: str = "plain") -> None:
        """Write a file: "plain", "same" time stamp, or a new file put "over" it with the same."""
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        before = os.stat(path) if os.path.exists(path) else None
        target = path
        if how == "over":
            target = f"{os.path.dirname(path)}/.new~"
        elif os.path.islink(path) and before is None:
            os.unlink(path)
        with open(target, "wb") as file:
            file.write(data)
        if how != "plain" and before is not None:
            os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
        if target != path:
            os.replace(target, path)

    def link(self, name: str, target: str) -> None:
        """Make or retarget a symbolic link, in one step."""
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        os.symlink(target, path + "~")
        os.replace(path + "~", path)

    def remove(self, name: str) -> None:
        """Remove a file, a link or a whole directory."""
        path = self.at(name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)

    def swap(self, one: str, two: str) -> None:
        """Exchange two names; what they name does not notice."""
        os.rename(self.at(one), self.at(".swap"))
        os.rename(self.at(two), self.at(one))
        os.rename(self.at(".swap"), self.at(two))

    def make_twin(self, change: Callable[[], object]) -> None:
        """Have another tree beside this one, all as old, which differs by a change of this one."""
        twin = f"{self.root}-twin"
        shutil.rmtree(twin, ignore_errors=True)
        shutil.copytree(self.root, twin, symlinks=True)
        self.swap_with_twin()
        change()
        self.swap_with_twin()

    def swap_with_twin(self) -> None:
        """Have the other tree in the place of this one, and this one beside it."""
        os.rename(self.root, f"{self.root}-away")
        os.rename(f"{self.root}-twin", self.root)
        os.rename(f"{self.root}-away", f"{self.root}-twin")

    def mount(self, source: str, name: str) -> bool:
        """Mount what is at one name over another; say whether this user may."""
        words = ["mount", "--bind", self.at(source), self.at(name)]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            return False
        self.mounted.append(name)
        return True

    def unmount(self) -> str:
        """Take the last mount away, and return where it was."""
        name = self.mounted.pop()
        subprocess.run(["umount", self.at(name)], capture_output=True, check=True)
        return name

    def snapshot(self) -> dict[str, Entry]:
        """Return everything in the tree."""
        entries = {}
        for name in self.paths():
            path = self.at(name)
            status = os.lstat(path)
            if os.path.islink(path):
                entry = Entry("link", os.fsencode(os.readlink(path)), 0, status.st_mtime_ns)
            elif os.path.isdir(path):
                entry = Entry("directory", b"", status.st_mode, 0)
            else:
                entry = Entry("file", self.read(name), status.st_mode, status.st_mtime_ns)
            entries[name] = entry
        return entries

    def restore(self, entries: dict[str, Entry], *, times: bool) -> None:
        """Bring the tree back to a snapshot, as a checkout does, or with its time stamps."""
        while self.mounted:
            self.unmount()
        now = self.snapshot()
        for name in sorted(now, reverse=True):
            if name not in entries or entries[name].kind != now[name].kind:
                self.remove(name)
        for name in sorted(entries):
            entry, path = entries[name], self.at(name)
            before = now.get(name)
            if entry.kind == "directory":
                os.makedirs(path, exist_ok=True)
            elif before is None or before.kind != entry.kind or before.data != entry.data:
                if entry.kind == "link":
                    self.link(name, os.fsdecode(entry.data))
                else:
                    self.write(name, entry.data)
            if entry.kind == "file" and times:
                os.utime(path, ns=(entry.mtime, entry.mtime))


# What happens to files.


def _pick(world: World, random: Random, *endings: str) -> str:
    found = [n for n in world.files(*endings) if not n.startswith("bin/")]
    return random.choice(found) if found else ""


def reword(world: World, random: Random, name: str, *, same_size: bool, how: str) -> bool:
    """Put another word in place of one; say whether there was any."""
    data = world.read(name)
    found = [match.span() for match in _WORD.finditer(data)]
    if not found:
        return False
    start, end = random.choice(found)
    old = data[start:end]
    words = [w for w in WORDS if w != old and (len(w) == len(old)) == same_size]
    world.write(name, data[:start] + random.choice(words) + data[end:], how)
    return True


def edit(world: World, random: Random) -> str:
    """Edit a word of a file, as an editor does."""
    name = _pick(world, random, ".go", ".txt")
    same_size = random.random() < 0.3
    if not (name and reword(world, random, name, same_size=same_size, how="plain")):
        return ""
    return f"edited {name}"


def edit_same(world: World, random: Random) -> str:
    """Edit a word of a file and keep its size and time stamp."""
    name, how = _pick(world, random, ".go", ".txt"), random.choice(("same", "over"))
    if not (name and reword(world, random, name, same_size=True, how=how)):
        return ""
    return f"edited {name} ({how})"


def comment(world: World, random: Random) -> str:
    """Add a comment at the end of a Go file, or take it away."""
    name = _pick(world, random, ".go")
    if not name:
        return ""
    data = world.read(name)
    text = b"// a comment\n"
    world.write(name, data.removesuffix(text) if data.endswith(text) else data + text)
    return f"commented {name}"


def breaking(world: World, random: Random) -> str:
    """Break a Go file: its header, or its body."""
    name = _pick(world, random, ".go")
    if not name:
        return ""
    data = world.read(name)
    data = b"pakcage x\n" + data if random.random() < 0.5 else data + b"func {\n"
    world.write(name, data)
    return f"broke {name}"


def touch(world: World, random: Random) -> str:
    """Change time stamps or permissions, of a file, a directory, or everything."""
    choice = random.randrange(4)
    if choice == 0:
        for name in world.paths():
            os.utime(world.at(name), ns=(_OLD, _OLD), follow_symlinks=False)
        return "gave everything the same time"
    name = random.choice([n for n in world.paths() if not os.path.islink(world.at(n))])
    if choice == 1:
        mode = 0o755 if os.path.isdir(world.at(name)) else random.choice((0o600, 0o644, 0o755))
        os.chmod(world.at(name), mode)
        return f"changed the permissions of {name}"
    os.utime(world.at(name), None if choice == 2 else (_OLD // 10**9, _OLD // 10**9))
    return f"touched {name}"


def rewrite(world: World, random: Random) -> str:
    """Write what a file holds already: in place, or as a new file."""
    name = _pick(world, random)
    how = random.choice(("plain", "same", "over"))
    world.write(name, world.read(name), how)
    return f"rewrote {name} ({how})"


def swap_files(world: World, random: Random) -> str:
    """Exchange two files of a kind."""
    pairs = (
        ("app/left/side.go", "app/rite/side.go"),
        ("app/lib/mode.go", "app/lib/mode2.go"),
        ("app/lib/os_linux.go", "app/lib/os_windows.go"),
        ("app/assets/files/a.txt", "app/assets/files/b.txt"),
        ("app/assets/one.txt", "app/assets/tree/x/f.txt"),
        ("shared/v1.go", "shared/v2.go"),
        ("dep/go.mod", "dep2/go.mod"),
        ("app/main.go", "app/more.go"),
    )
    return _swap(world, random, pairs)


def swap_directories(world: World, random: Random) -> str:
    """Exchange two directories; nothing in them changes."""
    pairs = (
        ("app/left", "app/rite"),
        ("app/assets/tree/x", "app/assets/tree/y"),
        ("app/assets/tree/x", "app/assets/files"),
        ("shared/gen1", "shared/gen2"),
        ("shared/gen1/p", "shared/gen2/p"),
        ("dep", "dep2"),
        ("app/cmd/one", "app/cmd/two"),
    )
    return _swap(world, random, pairs)


def _swap(world: World, random: Random, pairs: tuple[tuple[str, str], ...]) -> str:
    one, two = random.choice(pairs)
    if not (os.path.exists(world.at(one)) and os.path.exists(world.at(two))):
        return ""
    world.swap(one, two)
    return f"swapped {one} and {two}"


def swap_above(world: World, random: Random) -> str:
    """Exchange the directory above all modules with a twin, which has been there for a while."""
    if world.mounted:  # a mount goes with the directory
        return ""
    if random.random() < 0.5 or not os.path.isdir(f"{world.root}-twin"):
        world.make_twin(lambda: edit_same(world, random))
        return "made a twin of everything, with an edit"
    world.swap_with_twin()
    return "swapped everything with its twin"


def mount(world: World, random: Random) -> str:
    """Mount a directory or a file over another, or take such a mount away."""
    if world.mounted and random.random() < 0.5:
        return f"unmounted {world.unmount()}"
    pairs = (
        ("app/rite", "app/left"),
        ("app/assets/tree/y", "app/assets/tree/x"),
        ("dep2", "dep"),
        ("shared/gen2/p", "shared/gen1/p"),
        ("shared/v2.go", "shared/v1.go"),
        ("app/lib/mode2.go", "app/lib/mode.go"),
        ("app/assets/files/b.txt", "app/assets/one.txt"),
    )
    one, two = random.choice(pairs)
    return f"mounted {one} over {two}" if world.mount(one, two) else ""


def rename(world: World, random: Random) -> str:
    """Rename a file: to another constraint, out of go's sight, or back."""
    name = _pick(world, random, ".go", ".txt", ".txt~", ".pgo")
    if not name:
        return ""
    folder, _, base = name.rpartition("/")
    stem, _, extension = base.rpartition(".")
    plain = re.sub(r"_(linux|windows|test|dev)$", "", stem.lstrip("_."))
    new = random.choice(
        (
            *(f"{plain}_linux.{extension}", f"{plain}_windows.{extension}"),
            *(f"{plain}_test.{extension}", f"_{plain}.{extension}", f".{plain}.{extension}"),
            *(f"{plain}.{extension}~", f"{plain}.{extension.rstrip('~')}", f"{plain}.go"),
            *(f"{plain.upper()}.{extension}", f"{plain}2.{extension}"),
        )
    )
    os.rename(world.at(name), world.at(f"{folder}/{new}"))
    return f"renamed {name} to {new}"


def rename_directory(world: World, random: Random) -> str:
    """Rename a directory, or put a copy in its place."""
    name = random.choice(world.directories())
    path = world.at(name)
    if random.random() < 0.3:
        os.rename(path, path + "2" if not os.path.lexists(path + "2") else path + "3")
        return f"renamed {name}"
    shutil.copytree(path, world.at(".copy"), symlinks=True)
    shutil.rmtree(path)
    os.rename(world.at(".copy"), path)
    return f"replaced {name} by a copy"


def delete(world: World, random: Random) -> str:
    """Delete a file, a link or a directory."""
    choice = random.randrange(8)
    if choice == 0:
        name = random.choice(world.directories())
    elif choice == 1:
        name = random.choice(list(LINKS))
    else:
        name = _pick(world, random)
    world.remove(name)
    return f"deleted {name}"


_NEW = (
    ("new.go", b'package PKG\n\nvar New = "waaaa"\n'),
    ("new.go", b'package PKG\n\nfunc init() { println("wbbbb") }\n'),
    ("new.go", b"package another\n"),
    ("new_linux.go", b'package PKG\n\nfunc init() { println("wcccc") }\n'),
    ("new_windows.go", b"package another\n"),
    ("new_test.go", b"package PKG\n"),
    ("new_test.go", b"package another\n"),
    ("new_test.go", b"pakcage\n"),
    ("ignored.go", b"//go:build ignore\n\npackage another\n"),
    ("ignored.go", b"//go:build never\n\npackage PKG\n"),
    ("ignored.go", b"//go:build (\n\npackage PKG\n"),
    ("_under.go", b"junk\n"),
    (".dot.go", b"junk\n"),
    ("noise.txt", b"waaaa\n"),
    ("noise.go~", b"junk\n"),
    ("noise.md", b"waaaa\n"),
    ("new.s", b"\n"),
    ("new.c", b"\n"),
    ("new.h", b"\n"),
    ("new_windows.syso", b"junk\n"),
    ("LIB.go", b"package PKG\n"),
    ("SIDE.go", b"package PKG\n"),
    ("+x.go", b"package PKG\n"),
    ("@x.txt", b"waaaa\n"),
    ("alt.mod", b"module example.com/alt\n\ngo 1.24\n"),
)


def new_file(world: World, random: Random) -> str:
    """Put a new file into a package."""
    folder = random.choice((*PACKAGES, "dep", "shared/gen1/p", "app/vendor/example.com/dep"))
    name, data = random.choice(_NEW)
    if not os.path.isdir(world.at(folder)):
        return ""
    sources = (n for n in sorted(os.listdir(world.at(folder))) if n.endswith(".go"))
    words = (
        re.search(rb"^package (\w+)", world.read(f"{folder}/{n}"), re.MULTILINE) for n in sources
    )
    package = next((match[1] for match in words if match), b"main")
    world.write(f"{folder}/{name}", data.replace(b"PKG", package))
    return f"new file {folder}/{name}: {data.splitlines()[0].decode()}"


def symlink(world: World, random: Random) -> str:
    """Retarget a link, or put a link where a file was, or a copy where a link was."""
    name = random.choice(list(LINKS))
    choice = random.randrange(5)
    if choice == 0:
        name = _pick(world, random, ".go", ".txt", "go.mod")
        away = f"away{random.randrange(3)}-{os.path.basename(name)}"
        world.write(away, world.read(name))
        world.link(name, world.at(away))
        return f"moved {name} away and linked to it"
    path = world.at(name)
    if choice == 1 and os.path.isfile(path):
        data = world.read(name)
        os.unlink(path)
        world.write(name, data)
        return f"put a copy in place of the link {name}"
    if not os.path.isdir(os.path.dirname(path)):
        return ""
    places = LINKS[name]
    target = random.choice(places if random.random() < 0.3 else places[:2])
    if random.random() < 0.3:
        target = os.path.normpath(f"{os.path.dirname(path)}/{target}")
    world.link(name, target)
    return f"linked {name} to {target}"


def constraint(world: World, random: Random) -> str:
    """Flip a build constraint: visibly, or with size and time kept."""
    name = _pick(world, random, ".go")
    if not name:
        return ""
    data, words = world.read(name), random.choice(_BUILD_LINES)
    line = b"//go:build " + words + b"\n"
    how = random.choice(("plain", "same", "over"))
    if _CONSTRAINT.search(data):
        data = _CONSTRAINT.sub(line, data, count=1)
    elif random.random() < 0.5:
        data, how = line + b"\n" + data, "plain"
    else:
        return ""
    world.write(name, data, how)
    return f"constrained {name} to {words.decode()} ({how})"


def imports(world: World, random: Random) -> str:
    """Import the package beside the one that was imported, with size and time kept or not."""
    name = random.choice(("app/main.go", "app/cmd/two/main.go"))
    data, how = world.read(name), random.choice(("plain", "same", "over"))
    table = {b"app/left": b"app/rite", b"app/rite": b"app/left"}
    new = re.sub(rb"app/(left|rite)", lambda match: table[match[0]], data)
    if new == data:
        return ""
    world.write(name, new, how)
    return f"imported the other package in {name} ({how})"


def embed_pattern(world: World, random: Random) -> str:
    """Change what is embedded, with size and time kept or not."""
    name = "app/assets/assets.go"
    data, how = world.read(name), random.choice(("plain", "same", "over"))
    pattern = random.choice(_PATTERNS)
    new = re.sub(rb"//go:embed .{8}\n", b"//go:embed " + pattern + b"\n", data)
    if new == data:
        return ""
    world.write(name, new, how)
    return f"embedded {pattern.decode()} ({how})"


_BEFORE = (b"", b"", b"// a\n", b"/* a */ ", b"//go:build !dev \n\n", b"//go:build dev  \n\n", _BOM)
_CLAUSES = (
    b"package PKG\n",
    b"package PKG_test\n",
    b"package/**/PKG;",
    b"package other\n",
    b"pack\n",
)
_IMPORTS = (
    *(b"", b"", b'import "os"\n', b'import(\n\t"os"\n\t_ "embed"\n)\n', b'import "C"\n'),
    *(b"import `os`\n", b'import . "example.com/app/left"\n', b'import "example.com/nowhere"\n'),
    *(b"imports\n", b'import ("os" /* a */; "fmt")\n', b'import "os" "fmt"\n', b'import "a b"\n'),
    *(b'import _ "embed"; import "os" // a\n', b"import ()\n", b'import "o\\x73"\n', b"import (\n"),
)
_REST = (
    *(
        b'var x = "waaaa"\n',
        b'func f() { println("wbbbb") }\n',
        b"//go:embed one.txt\nvar s string\n",
    ),
    *(b"func {\n", b'junk "waaaa"\n', b"/* open\n", b'imp = "waaaa"\n', b"\0", b"", b"// waaaa"),
    *(b'var y = 1\nimport "C"\n', b'type T int\n\nimport "example.com/nowhere"\n', b"const\xff\n"),
)


def not_compiled(world: World, random: Random) -> str:
    """Write a Go file that is a test, or that a constraint may exclude: its head, or the rest."""
    folder, package = random.choice(
        (("app/lib", b"lib"), ("app/left", b"side"), ("app/assets", b"assets"), ("dep", b"dep"))
    )
    name = f"{folder}/{random.choice(('lib_test.go', 'more_test.go', 'off.go'))}"
    if not os.path.isdir(world.at(folder)):
        return ""
    before = world.read(name)
    if before and random.random() < 0.6:
        match = re.match(rb"(?s).*?package.*?\n(?:import.*?\n)?", before)
        head = match[0] if match else before
        how = random.choice(("plain", "plain", "over"))
        world.write(name, head + random.choice(_REST), how)
        return f"wrote the rest of {name} ({how})"
    start = random.choice(_BEFORE)
    if name.endswith("off.go") and random.random() < 0.8:
        start = b"//go:build never\n\n"
    sound = random.random() < 0.6
    clause = _CLAUSES[0] if sound else random.choice(_CLAUSES)
    parts = (
        start,
        clause.replace(b"PKG", package),
        random.choice(_IMPORTS[: 4 if sound else None]),
    )
    world.write(name, b"".join((*parts, random.choice(_REST))))
    return f"wrote {name}: {world.read(name)!r}"


def embed_files(world: World, random: Random) -> str:
    """Change the trees that are embedded: files, hidden ones, directories, go.mod in them."""
    assets = "app/assets"
    if not os.path.isdir(world.at(assets)):
        return ""
    folder = f"{assets}/{random.choice(('files', 'tree', 'tree/x', 'tree/y', 'tree/x/deep'))}"
    name = random.choice(("a.txt", "new.txt", ".dot", "_under", "b.bin", "go.mod", "d", "f.txt"))
    path = f"{folder}/{name}"
    choice = random.randrange(5)
    if choice == 0 and os.path.lexists(world.at(path)):
        world.remove(path)
        return f"removed {path}"
    if not os.path.isdir(world.at(folder)) and os.path.lexists(world.at(folder)):
        return ""
    if choice == 1:
        world.remove(path)
        os.makedirs(world.at(path))
        return f"made the directory {path}"
    if choice == 2 and random.random() < 0.3:
        world.link(path, random.choice(("f.txt", "../one.txt", "nowhere")))
        return f"made the link {path}"
    world.write(path, random.choice(WORDS) + b"\n")
    return f"wrote {path}"


# What happens to modules.


_LINES_OF_A_MOD_FILE = (
    *(b"// comment", b"", b"\t // comment", b"\r", b"// Deprecated: use another", b"/* comment */"),
    *(b"retract v1.0.0", b"exclude example.com/none v1.0.0", b"tool example.com/app/cmd/one"),
)


def go_mod(world: World, random: Random) -> str:
    """Edit a go.mod: the go line, what is replaced, required, or only a comment."""
    name = random.choice(("app/go.mod", "app/go.mod", "app/go.mod", "dep/go.mod", "dep2/go.mod"))
    data = world.read(name)
    if not data:
        return ""
    choice = random.randrange(11)
    if choice >= 9:
        lines = data.split(b"\n")
        lines.insert(random.randrange(len(lines)), random.choice(_LINES_OF_A_MOD_FILE))
        return _write_mod(world, random, name, b"\n".join(lines), "one line more")
    if choice <= 1:
        version = random.choice((b"1.21", b"1.22", b"1.24", b"1.26", b"1.99"))
        data = re.sub(rb"(?m)^go .*$", b"go " + version, data)
        return _write_mod(world, random, name, data, f"go {version.decode()}")
    if choice == 2:
        data = re.sub(rb"=> \.\./dep2?", random.choice((b"=> ../dep", b"=> ../dep2")), data)
    elif choice == 3:
        data += random.choice((b"// comment\n", b"\n", b"require example.com/none v1.0.0\n"))
    elif choice == 4:
        data += random.choice((b"godebug panicnil=1\n", b"toolchain go1.26.8\n", b"syntax error\n"))
    elif choice == 5:
        data = _ADDED.sub(b"", data)
    elif choice == 6:
        data = data.replace(b"module example.com/app\n", b"module example.com/ap2\n")
    elif choice == 7:
        data = re.sub(rb"(?m)^(require|replace).*\n", b"", data, count=1)
    else:
        data = FILES[name]
    return _write_mod(world, random, name, data, f"(choice {choice})")


def _write_mod(world: World, random: Random, name: str, data: bytes, words: str) -> str:
    before = world.read(name)
    if data == before:
        return ""
    how = random.choice(("plain", "same")) if len(data) == len(before) else "plain"
    world.write(name, data, how)
    return f"edited {name} {words} ({how})"


def go_work(world: World, random: Random) -> str:
    """Let a go.work appear, change or vanish: of the tree or of the module."""
    name = random.choice(("go.work", "go.work", "app/go.work", "app/cmd/go.work"))
    choice = random.randrange(4)
    if choice == 0:
        if not os.path.lexists(world.at(name)):
            return ""
        world.remove(name)
        return f"removed {name}"
    if choice == 1 and random.random() < 0.2:
        world.remove(name)
        os.makedirs(world.at(name), exist_ok=True)
        return f"made a directory {name}"
    up = "./" if name == "go.work" else "../" * name.count("/")
    uses = [random.choice(("app",)), *random.sample(("dep", "dep2", "other"), random.randrange(3))]
    version = random.choice(("1.24", "1.24", "1.26", "1.21"))
    lines = [f"go {version}", "", "use (", *(f"\t{up}{use}" for use in uses), ")"]
    if random.random() < 0.2:
        lines.append(f"replace example.com/dep => {up}dep2")
    world.write(name, "\n".join([*lines, ""]).encode())
    return f"{name} uses {' '.join(uses)}"


def nested_module(world: World, random: Random) -> str:
    """Let a go.mod appear in or above the packages, or vanish again."""
    name = random.choice(
        (
            *("app/lib", "app/left", "app/assets", "app/cmd", "app/cmd/one", "app/cmd/two"),
            *("", "shared", "shared/gen1", "shared/gen1/p", "app/assets/tree"),
        )
    )
    path = f"{name}/go.mod".lstrip("/")
    if os.path.lexists(world.at(path)):
        world.remove(path)
        return f"removed {path}"
    if not os.path.isdir(world.at(name)):
        return ""
    if random.random() < 0.15:
        os.mkdir(world.at(path))
        return f"made a directory {path}"
    world.write(path, b"module example.com/nested\n\ngo 1.24\n")
    return f"{path} appeared"


def module_path(world: World, random: Random) -> str:
    """Give the other module a path that competes with a package of ours, or make it modest."""
    path = random.choice((b"example.com/app/lib", b"example.com/other", b"example.com/app"))
    world.write("other/go.mod", b"module " + path + b"\n\ngo 1.24\n")
    return f"other is {path.decode()}"


def profile(world: World, random: Random) -> str:
    """Let a default.pgo appear in a package, or vanish."""
    name = f"{random.choice(PACKAGES)}/default.pgo"
    if os.path.lexists(world.at(name)):
        world.remove(name)
        return f"removed {name}"
    if not os.path.isdir(os.path.dirname(world.at(name))):
        return ""
    world.write(name, random.choice((b"", b"junk\n")))
    return f"{name} appeared"


def vendor(world: World, random: Random) -> str:
    """Vendor the dependency, edit what is vendored, or take it away."""
    choice = random.randrange(5)
    there = os.path.isdir(world.at("app/vendor"))
    if not there or choice == 0:
        for name, data in _VENDOR.items():
            world.write(name, data)
        return "vendored"
    if choice == 1:
        world.remove("app/vendor")
        return "removed vendor"
    if choice == 2:
        world.remove("app/vendor/modules.txt")
        return "removed vendor/modules.txt"
    if choice == 3:
        world.write("app/vendor/modules.txt", world.read("app/vendor/modules.txt") + b"# x\n")
        return "edited vendor/modules.txt"
    name = "app/vendor/example.com/dep/dep.go"
    how = random.choice(("plain", "same", "over"))
    if not reword(world, random, name, same_size=True, how=how):
        return ""
    return f"edited {name} ({how})"


def sums(world: World, random: Random) -> str:
    """Let a go.sum appear, change or vanish."""
    name = random.choice(("app/go.sum", "dep/go.sum", "go.work.sum"))
    if os.path.lexists(world.at(name)) and random.random() < 0.5:
        world.remove(name)
        return f"removed {name}"
    line = b"example.com/none v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    other = line.replace(b"v1.0.0", b"v1.0.0/go.mod")
    texts = (
        b"",
        b"",
        b"\n \n",
        line,
        line,
        line + other,
        other + line + other,
        b"junk\n",
        b"a b\n",
    )
    world.write(name, random.choice(texts))
    return f"wrote {name}"


def dangling(world: World, random: Random) -> str:
    """Link what go looks for and does not find to nowhere, or let that nowhere come to be."""
    name = random.choice(("app/lib/go.mod", "app/default.pgo", "app/go.work", "app/go.sum"))
    target = f"gone/{os.path.basename(name)}"
    if not os.path.lexists(world.at(name)):
        world.link(name, world.at(target))
        return f"linked {name} to {target}, which is not there"
    if os.path.lexists(world.at(target)):
        world.remove(target)
        return f"removed {target}"
    texts = {
        "go.sum": b"a v1 h1:x\n",
        "go.mod": b"module example.com/gone\n",
        "go.work": b"go 1.24\n\nuse ./app\n",
    }
    world.write(target, texts.get(os.path.basename(name), b"junk\n"))
    return f"{target} appeared"


@functools.cache
def archive(number: int) -> bytes:
    """Return an archive with `int number(void)`."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/n.c", "w", encoding="ascii") as file:
            file.write(f"int number(void) {{ return {number}; }}\n")
        build = "gcc -c -o n.o n.c && ar rcD n.a n.o"
        subprocess.run(["sh", "-c", build], cwd=folder, check=True)
        with open(f"{folder}/n.a", "rb") as made:
            return made.read()


def header(world: World, random: Random) -> str:
    """Change the headers outside a cgo package."""
    if world.kind != "cgo":
        return ""
    choice, number = random.randrange(4), b"%d" % random.randrange(10, 14)
    if choice == 0:
        world.write("app/inc0/deep.h", b"#define DEEP " + number + b"\n")
        return "wrote inc0/deep.h"
    if choice == 1:
        world.remove("app/inc0")
        return "removed inc0"
    how = random.choice(("plain", "same", "over"))
    world.write("app/inc/deep.h", b"#define DEEP " + number + b"\n", how)
    return f"wrote inc/deep.h ({how})"


def fetched_header(world: World, random: Random) -> str:
    """Change the headers outside a cgo package in the module cache."""
    if world.kind != "cgo":
        return ""
    name = f"{_FETCHED}/{random.choice(('include', 'first'))}/number.h"
    if "first" in name and os.path.lexists(world.at(name)):
        world.remove(name)
        return f"removed {name}"
    how = random.choice(("plain", "same", "over"))
    world.write(name, b"#define NUMBER %d\n" % random.randrange(10, 14), how)
    return f"wrote {name} ({how})"


def archives(world: World, random: Random) -> str:
    """Change the archives with which a cgo package is linked."""
    if world.kind != "cgo":
        return ""
    name = f"app/{random.choice(('lib0', 'lib1', 'lib1'))}/libnumber.a"
    if "lib0" in name and os.path.lexists(world.at(name)):
        world.remove(name)
        return f"removed {name}"
    how, number = random.choice(("plain", "same", "over")), random.randrange(10, 14)
    world.write(name, archive(number), how)
    return f"wrote {name} of {number} ({how})"


# What happens around the tree.


def flags(world: World, random: Random) -> str:
    """Run another program from now on, or the same with other flags."""
    position = random.randrange(len(world.slots))
    slot = random_slot(random)
    if random.random() < 0.5:
        slot = world.slots[position]._replace(flags=random.choice(FLAGS))
    world.slots[position] = slot
    return f"program {position} is {slot}"


def random_slot(random: Random) -> Slot:
    """Return any program."""
    where, target = random.choice(TARGETS)
    words = ("-mod=vendor",) if random.random() < 0.04 else random.choice(FLAGS)
    return Slot(where, words, target)


def environment(world: World, random: Random) -> str:
    """Set or unset a variable."""
    name, value = random.choice(ENVIRONMENT)
    value = value.replace("ROOT", world.root)
    if name in AFFECT_STD:
        for other in AFFECT_STD:
            world.environment.pop(other, None)
    if world.environment.get(name) == value:
        value = ""
    world.environment[name] = value
    return f"{name}={value}"


SETTINGS = (
    *(b"GOFLAGS=-tags=dev\n", b"GOFLAGS=\n", b"GOWORK=off\n", b"# nothing\n", b"junk\n"),
    *(b"GOFLAGS=-tags=dev\nGOFLAGS=\n", b"GOFLAGS=\nGOFLAGS=-tags=dev\n", b"GOFLAGS=-trimpath"),
    *(b" GOFLAGS=-tags=dev\n", b"gOFLAGS=-tags=dev\n", b"GOPROXY=direct\n", b"GOTOOLCHAIN=\n"),
    *(b"CGO_ENABLED=1\n", b"CGO_ENABLED=0\n", b"GO111MODULE=on\n", b"GO111MODULE=off\n"),
    *(b"GOOS=linux\n", b"GOFLAGS=-tags=dev\r\n", b"GOROOT=/nowhere\n", b"HOME=/nowhere\n"),
)


def environment_file(world: World, random: Random) -> str:
    """Change what `go env -w` wrote."""
    name = random.choice(("config/go/env", "config/go/env", "config2/go/env"))
    if os.path.lexists(world.at(name)) and random.random() < 0.5:
        world.remove(name)
        return f"removed {name}"
    text = random.choice(SETTINGS)
    world.write(name, text)
    return f"{name} says {text.decode().strip()}"


def toolchain(world: World, random: Random) -> str:
    """Have another go in PATH, by one link or in front of it, or named in GORUN_GO."""
    if len(world.toolchains) == 1:
        return ""
    go = random.choice(world.toolchains)
    choice = random.randrange(3)
    if choice == 0:
        world.link("bin/go", go)
        return f"bin/go is {go}"
    if choice == 1:
        world.environment["GORUN_GO"] = "" if world.environment.get("GORUN_GO") else go
        return f"GORUN_GO={world.environment['GORUN_GO']}"
    if os.path.lexists(world.at("bin0/go")):
        world.remove("bin0/go")
        return "removed bin0/go"
    world.link("bin0/go", go)
    return f"bin0/go is {go}"


def store(world: World, random: Random) -> str:
    """Damage what gorun stored: it lies beside the tree."""
    folder = f"{world.root}-store/v1/{random.choice(('exe', 'shared', 'tables', 'programs'))}"
    found = sorted(f"{at}/{n}" for at, _, names in os.walk(folder) for n in names)
    if not found:
        return ""
    path = random.choice(found)
    choice = random.randrange(4)
    if choice == 0:
        os.unlink(path)
        return f"removed {path}"
    if choice == 1:
        os.utime(path)
        return f"touched {path}"
    status = os.stat(path)
    if choice == 2:
        os.truncate(path, status.st_size // 2)
    else:
        with open(path, "r+b") as file:
            file.seek(random.randrange(max(1, status.st_size)))
            file.write(b"X")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return f"damaged {path}"


ON_FILES: dict[str, tuple[int, Mutation]] = {
    "edit": (10, edit),
    "edit, size and time kept": (12, edit_same),
    "comment": (4, comment),
    "break": (2, breaking),
    "touch": (5, touch),
    "rewrite": (4, rewrite),
    "swap files": (4, swap_files),
    "swap directories": (4, swap_directories),
    "swap above": (3, swap_above),
    "mount": (3, mount),
    "rename": (4, rename),
    "rename or copy directory": (3, rename_directory),
    "delete": (2, delete),
    "new file": (7, new_file),
    "symlink": (5, symlink),
    "constraint": (6, constraint),
    "import": (4, imports),
    "not compiled": (7, not_compiled),
    "embed pattern": (4, embed_pattern),
    "embed files": (6, embed_files),
    "go.mod": (6, go_mod),
    "go.work": (5, go_work),
    "nested go.mod": (4, nested_module),
    "module path": (1, module_path),
    "default.pgo": (3, profile),
    "vendor": (3, vendor),
    "go.sum": (2, sums),
    "dangling": (3, dangling),
    "header": (8, header),
    "header of a fetched module": (4, fetched_header),
    "archive": (5, archives),
}
AROUND: dict[str, tuple[int, Mutation]] = {
    "flags": (5, flags),
    "environment": (7, environment),
    "go env file": (2, environment_file),
    "toolchain": (2, toolchain),
    "launcher": (2, launcher),
    "store": (2, store),
}
MUTATIONS = ON_FILES | AROUND
"""Every class of mutation: how often it is drawn, and what it does."""


def draw(random: Random, table: dict[str, tuple[int, Mutation]]) -> str:
    """Return a class of mutation."""
    names = list(table)
    return random.choices(names, [table[name][0] for name in names])[0]


def programs_at(world: World, random: Random) -> Iterator[Slot]:
    """Yield the programs with which a world begins: two of the same target, and another."""
    first = random_slot(random)
    yield first
    yield first._replace(flags=random.choice(FLAGS))
    yield Slot("app", (), (".",)) if world.kind == "cgo" else random_slot(random)
