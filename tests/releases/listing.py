"""Listing: every call by which a release of Go reads a file, a variable or PATH.

Decides what is listed: the calls in the sources of cmd/go, cmd/compile, cmd/link and
internal/buildcfg, as they stand in a GOROOT. It must never leave one out because it looks harmless:
whether it matters is for the reviewed table.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("cmd/go", "cmd/compile", "cmd/link", "internal/buildcfg")

# What reads in the standard library, and in cmd/go's own packages for that. What is read by
# cmd/go/internal/fsys go reports by itself (gofsystrace).
_READS = re.compile(
    r"""(?x)(?<![\w.])(?:
        os\.(?:Getenv|LookupEnv|Environ|ExpandEnv|ReadFile|Open|OpenFile|OpenRoot|OpenInRoot|
            ReadDir|Stat|Lstat|Readlink|UserHomeDir|UserConfigDir|UserCacheDir|TempDir|Executable|
            Getwd|DirFS)
      | syscall\.(?:Getenv|Open|Stat|Readlink) | unix\.(?:Open|Stat)
      | exec\.(?:LookPath|Command|CommandContext)
      | filepath\.(?:Walk|WalkDir|Glob|EvalSymlinks)
      | ioutil\.(?:ReadFile|ReadDir)
      | lockedfile\.(?:Read|Open|OpenFile|Edit|Transform) | robustio\.ReadFile
      | cfg\.(?:Getenv|EnvFile|LookPath) | pathcache\.LookPath | LookPath
      | envcmd\.MkEnv | godebug\.New | gover\.GoModLookup
      | mmap\.Mmap | bio\.Open | zip\.OpenReader | elf\.Open | macho\.Open | pe\.Open | xcoff\.Open
      | buildid\.(?:ReadFile|FindAndHash) | envOr | envList | Getenv
    )\b"""
)
_FUNCTION = re.compile(r"func (?:\([^)]*\) )?(\w+)")
_OTHER_SYSTEM = re.compile(r"_(?:windows|plan9|js|wasip1|wasm|aix|solaris)\.go$")
_DECLARED = re.compile(r"func (?:\([^)]*\) )?$")


class Read(NamedTuple):
    """One call: the file (below GOROOT/src), the function around it, and its text."""

    file: str
    function: str
    call: str

    def __str__(self) -> str:
        return f"{self.file}: {self.function}: {self.call}"


def reads_of(goroot: Path) -> set[Read]:
    """Return the calls that the sources in this GOROOT have."""
    source = goroot / "src"
    found = set()
    for package in PACKAGES:
        for folder, folders, files in os.walk(source / package):
            folders[:] = [name for name in folders if name not in ("testdata", "vendor")]
            for name in files:
                if name.endswith(".go") and not name.endswith("_test.go"):
                    path = Path(folder, name)
                    if not _OTHER_SYSTEM.search(name):
                        found |= set(_reads_in(path.read_text(), str(path.relative_to(source))))
    return found


def _reads_in(text: str, file: str) -> list[Read]:
    if "//go:build ignore" in text:
        return []
    found = []
    function = "-"
    for line in text.splitlines():
        code = line.partition("//")[0]
        if match := _FUNCTION.match(code):
            function = match[1]
        found += [
            Read(file, function, _call(code[match.start() :]))
            for match in _READS.finditer(code)
            if not _DECLARED.search(code[: match.start()])
        ]
    return found


def _call(code: str) -> str:
    """Return a call up to the parenthesis that ends it, or the end of its line."""
    depth = 0
    for position, character in enumerate(code):
        depth += (character == "(") - (character == ")")
        if depth == 0 and character in ") ,;{":
            return code[: position + (character == ")")].strip()
    return code.strip()
