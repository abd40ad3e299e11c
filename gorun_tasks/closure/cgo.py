"""Cgo: what C and assembly take from outside their package.

go does not look at headers, archives or pkg-config files outside a package's own directory
(golang/go#24355), so its build cache serves objects compiled against older ones. Decides what
such a package may take, and a digest of it: `provenance` makes go compile anew what was
compiled from other contents.

It must never miss a file that a compiler could read: it takes every #include there is, whatever
#if stands around it, and every place where the compiler would look for it first.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex

from gorun_tasks.closure.c_includes import ExternalInputs, Scan, directives, plain
from gorun_tasks.closure.linker_libraries import (
    COMPILER_VARIABLES,
    at_place,
    libraries,
    linker_words,
    named_files,
    own_places,
    values,
)
from gorun_tasks.core.fingerprint import look_up
from gorun_tasks.core.quoting import split_quoted
from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.digest import bytes_of, content_of
from gorun_tasks.inputs.directory_listing import GO_EXTENSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from gorun_tasks.closure.linker_libraries import Runner

LIST_FIELDS = (
    *("Dir", "ImportPath", "Standard", "DepOnly"),
    *("CgoFiles", "CFiles", "CXXFiles", "MFiles", "HFiles", "SFiles"),
    *("CgoCFLAGS", "CgoCPPFLAGS", "CgoCXXFLAGS", "CgoLDFLAGS", "CgoPkgConfig"),
)
"""What has to be known of a package (fields of go list -json)."""

_SOURCES = ("CgoFiles", "CFiles", "CXXFiles", "MFiles", "HFiles", "SFiles")
_GENERATED = ("errno.h", "stddef.h", "stdint.h", "stdlib.h", "string.h", "sys/types.h")
"""What the C that cgo writes includes (cmd/cgo/out.go)."""

_NO_FILES = ("-D", "-I", "-L", "-U", "-W", "-l")  # flags whose values name none

_SEARCH = re.compile(r"(?s)#include \"\.\.\.\".*?:\n(.*?)#include <\.\.\.>.*?:\n(.*?)End of")


def find_external_inputs(
    packages: Iterable[Mapping[str, Any]],
    settings: Mapping[str, str],
    tool_flags: Mapping[str, str],
    run: Runner,
) -> dict[str, ExternalInputs]:
    """Return what packages (of go list -json) take from outside, by their import paths.

    `settings` are go env's, `tool_flags` the values of -asmflags and -ldflags. What the linker is
    told on the command line is taken by the programs.
    """
    linked = linker_words(tool_flags["ldflags"])
    external = {}
    for package in packages:
        words = () if package.get("DepOnly") else linked
        has_c = package.get("CgoFiles") or package.get("SFiles")
        if not package.get("Standard") and (has_c or words):
            outside = external[package["ImportPath"]] = ExternalInputs(package["Dir"])
            outside.compiled = bool(package.get("CgoFiles"))
            try:
                _find_outside(
                    outside, package, settings, run, asmflags=tool_flags["asmflags"], linked=words
                )
            except (OSError, UsageError, ValueError) as error:
                outside.unfollowed = f"{outside.directory} cannot be understood: {error}"
    return external


def _find_outside(
    outside: ExternalInputs,
    package: Mapping[str, Any],
    settings: Mapping[str, str],
    run: Runner,
    *,
    asmflags: str,
    linked: tuple[str, ...],
) -> None:
    modules = settings.get("GOMODCACHE", "")
    outside.fetched = bool(modules) and outside.directory.startswith(f"{modules}/")
    extra, output = _pkg_config(package, settings, run, outside)
    cc = settings.get("CC", "")
    flags = [*split_quoted(cc)[1:], *_words(settings, package, "CPPFLAGS")]
    flags += [*_words(settings, package, "CFLAGS"), *extra, *_assembler_words(asmflags)]
    search = _search_path(cc, "c", flags, run)
    if package.get("CXXFiles"):
        flags += _words(settings, package, "CXXFLAGS")
        more = _search_path(settings.get("CXX", ""), "c++", flags, run)
        search = [tuple(dict.fromkeys((*a, *b))) for a, b in zip(search, more, strict=True)]
    scripts = _scripts(settings, run)
    foreign = bool(scripts) or any(word.startswith(("@", "-specs", "--specs")) for word in flags)
    scan = Scan(outside, search, flags, foreign=foreign)
    sources = (name for field in _SOURCES for name in package.get(field) or ())
    implied = _GENERATED if package.get("CgoFiles") else ()
    scan.files((f"{outside.directory}/{name}" for name in sources), implied)
    words = [*_words(settings, package, "LDFLAGS"), *extra, *linked]
    outside.libraries = libraries(words, outside.directory, cc, run)
    outside.paths |= outside.libraries
    for word in flags:
        if ("=" in word or word[:1] == "@") and word[:2] not in _NO_FILES:
            outside.paths.update(at_place(outside.directory, name) for name in named_files(word))
    taken = sorted(path for path in outside.paths if not _seen_by_go(path, outside.directory))
    found = _contents(taken)
    if found or output or scripts:
        outside.digest = _digest(found, output, search, scripts, run)
    usual = (*search[2], *own_places(cc, run)) if outside.fetched and found else ()
    outside.usual = (
        outside.fetched
        and not (output or scripts)
        and all(path.startswith(usual) for path, _ in found)
    )


def linked_digest(
    external: Iterable[ExternalInputs], settings: Mapping[str, str], run: Runner
) -> str:
    """Return what stands for all that a program with C is linked with, "" for nothing."""
    found = _contents(sorted({path for outside in external for path in outside.libraries}))
    scripts = _scripts(settings, run)
    if found or scripts or run.environ.get("LD_RUN_PATH"):
        return _digest(found, "", [], scripts, run)
    return ""


def _contents(paths: Iterable[str]) -> list[tuple[str, bytes]]:
    return [(path, content_of(path)[0]) for path in paths if os.path.isfile(path)]


def _digest(
    found: list[tuple[str, bytes]],
    output: str,
    search: list[tuple[str, ...]],
    scripts: Iterable[str],
    run: Runner,
) -> str:
    """Return what stands for what is taken, and for where, and in which order, it is looked for."""
    variables = [run.environ.get(name, "") for name in COMPILER_VARIABLES]
    all_of_it = (found, output, search[:2], _contents(scripts), variables)
    return hashlib.sha256(repr(all_of_it).encode("utf-8", "surrogateescape")).hexdigest()


def _scripts(settings: Mapping[str, str], run: Runner) -> list[str]:
    """Return the compilers that are scripts: go looks at what they say of their version only."""
    path = run.environ.get("PATH", "")
    words = [*split_quoted(settings.get("CC", "")), *split_quoted(settings.get("CXX", ""))]
    found = (look_up(word, path) for word in words if word[:1] != "-")
    return [script for script in found if script and bytes_of(script)[:2] == b"#!"]


def _seen_by_go(path: str, directory: str) -> bool:
    return os.path.dirname(path) == directory and path.rpartition(".")[2] in GO_EXTENSIONS


def reaches_out(path: str, goroot: str) -> bool:
    """Say whether an assembly file includes what go does not look at.

    go's assembler finds headers in the package, which go hashes, in GOROOT/pkg/include, and
    wherever else a path or -asmflags=-I leads it.
    """
    seen_by_go = (os.path.dirname(path), f"{goroot}/pkg/include")
    for _, _, quoted, angled, _, _ in directives(plain(bytes_of(path))):
        name = os.fsdecode(quoted or angled)
        if "/" in name or not (
            name == "go_asm.h" or any(os.path.isfile(f"{d}/{name}") for d in seen_by_go)
        ):
            return True
    return False


def _assembler_words(asmflags: str) -> list[str]:
    """Return the -I flags among -asmflags, whose value may begin with a package pattern."""
    words = asmflags if asmflags.startswith("-") else asmflags.partition("=")[2]
    return [f"-I{place}" for place in _named(list(split_quoted(words)))]


def _search_path(
    compiler: str, language: str, flags: list[str], run: Runner
) -> list[tuple[str, ...]]:
    """Return where a compiler looks for "..." and <...>, and which of these are the system's."""
    command = (*split_quoted(compiler), "-E", "-v", "-x", language)
    quote, angle = _listed(run(*command, *flags, os.devnull))
    # A compiler leaves out of its list what is not there yet.
    named = tuple(_named(flags))
    own = [quote, tuple(dict.fromkeys((*named, *angle)))]
    system = map(os.path.normpath, _listed(run.plain(*command, os.devnull))[1])
    return [*own, tuple(f"{place}/" for place in system) or ("/usr/include/",)]


def _named(flags: list[str]) -> Iterator[str]:
    """Yield the directories that the flags name, in order."""
    return values(flags, ("-I", "-iquote", "-isystem", "-idirafter"))


def _listed(text: str) -> list[tuple[str, ...]]:
    match = _SEARCH.search(text)
    if match is None:
        return [(), ("/usr/local/include", "/usr/include")]
    return [
        tuple(line.strip().removesuffix(" (framework directory)") for line in part.splitlines())
        for part in match.groups()
    ]


def _words(settings: Mapping[str, str], package: Mapping[str, Any], kind: str) -> list[str]:
    return [*split_quoted(settings.get(f"CGO_{kind}", "")), *(package.get(f"Cgo{kind}") or ())]


def _pkg_config(
    package: Mapping[str, Any], settings: Mapping[str, str], run: Runner, outside: ExternalInputs
) -> tuple[list[str], str]:
    """Return the flags pkg-config gives for a package, and all it said; note its .pc files."""
    said = package.get("CgoPkgConfig") or ()
    if not said:
        return [], ""
    # Its flags may stand anywhere, and go moves them to the front (work.Builder.getPkgConfigFlags).
    names = [word for word in said if not word.startswith("--")]
    flags = [word for word in said if word.startswith("--") and word != "--"]
    command = settings.get("PKG_CONFIG") or "pkg-config"
    asked = [(command, what, *flags, "--", *names) for what in ("--cflags", "--libs")]
    outside.pkg_config += asked
    output = "".join(run(*words) for words in asked)
    places = [
        *run.environ.get("PKG_CONFIG_PATH", "").split(":"),
        *run(command, "--variable=pc_path", "--", "pkg-config").strip().split(":"),
    ]
    for name in _required(command, names, run):
        found = run(command, "--variable=pcfiledir", "--", name).strip()
        outside.paths.update(
            at_place(run.directory, f"{place}/{file}")
            for place in (found, *places)
            for file in (f"{name}-uninstalled.pc", f"{name}.pc")
            if place
        )
    return shlex.split(output), output


def _required(command: str, names: list[str], run: Runner) -> set[str]:
    """Return the pkg-config names that these lead to, themselves included."""
    seen: set[str] = set()
    while names:
        name = names.pop()
        if name not in seen:
            seen.add(name)
            for option in ("--print-requires", "--print-requires-private"):
                lines = run(command, option, "--", name).splitlines()
                names += [line.split()[0] for line in lines if line.strip()]
    return seen
