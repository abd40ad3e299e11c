"""Cgo: what C and assembly take from outside their package, and how go is told of it.

go does not look at headers, archives or pkg-config files outside a package's own directory
(golang/go#24355), so its build cache serves objects compiled against older ones. Decides what
such a package may include, and gives go one more header in the package, laid over it, that holds
the content of all that: it changes the package's key in go's cache and nothing else.

It must never miss a file that a compiler could read: it takes every #include there is, whatever
#if stands around it, and every place where the compiler would look for it first.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex

from gorun_tasks.closure.c_includes import _INCLUDE, Outside, _plain, _Scan
from gorun_tasks.closure.linker_libraries import libraries, values, words_for_linker
from gorun_tasks.core.fingerprint import look_up
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

_SEARCH = re.compile(r"(?s)#include \"\.\.\.\".*?:\n(.*?)#include <\.\.\.>.*?:\n(.*?)End of")


def find_outsides(
    packages: Iterable[Mapping[str, Any]],
    settings: Mapping[str, str],
    tool_flags: Mapping[str, str],
    run: Runner,
) -> dict[str, Outside]:
    """Return what packages (of go list -json) take from outside, by their import paths.

    `settings` are go env's, `tool_flags` the values of -asmflags and -ldflags. What the linker is
    told on the command line is taken by the programs.
    """
    linked = words_for_linker(tool_flags["ldflags"])
    return {
        package["ImportPath"]: _find_outside(
            package,
            settings,
            tool_flags["asmflags"],
            () if package.get("DepOnly") else linked,
            run,
        )
        for package in packages
        if not package.get("Standard")
        and (
            package.get("CgoFiles")
            or package.get("SFiles")
            or (linked and not package.get("DepOnly"))
        )
    }


def _find_outside(
    package: Mapping[str, Any],
    settings: Mapping[str, str],
    asmflags: str,
    linked: tuple[str, ...],
    run: Runner,
) -> Outside:
    listed = package["ImportPath"] == "command-line-arguments"
    outside = Outside(package["Dir"], listed=listed, cgo=bool(package.get("CgoFiles")))
    extra, told = _pkg_config(package, settings, run, outside)
    flags = [*_words(settings, package, "CPPFLAGS"), *_words(settings, package, "CFLAGS"), *extra]
    flags += _assembler_words(asmflags)
    search = _search_path(settings.get("CC", ""), "c", flags, run)
    if package.get("CXXFiles"):
        flags += _words(settings, package, "CXXFLAGS")
        more = _search_path(settings.get("CXX", ""), "c++", flags, run)
        search = [tuple(dict.fromkeys((*a, *b))) for a, b in zip(search, more, strict=True)]
    scan = _Scan(outside, search, flags)
    scan.files(f"{outside.directory}/{n}" for field in _SOURCES for n in package.get(field) or ())
    words = [*_words(settings, package, "LDFLAGS"), *extra, *linked]
    outside.paths |= libraries(words, outside.directory, settings.get("CC", ""), run)
    taken = sorted(path for path in outside.paths if not _seen_by_go(path, outside.directory))
    taken += _scripts(settings, run)
    found = [(path, content_of(path)[0]) for path in taken if os.path.isfile(path)]
    if not outside.complete:
        # Some of it is unknown: go must compile it anew each time.
        outside.token = os.urandom(32).hex()
    elif found or told:
        digest = hashlib.sha256(repr((found, told)).encode("utf-8", "surrogateescape"))
        outside.token = digest.hexdigest()
    return outside


def _scripts(settings: Mapping[str, str], run: Runner) -> Iterator[str]:
    """Yield the compilers that are scripts: go looks at what they say of their version only."""
    path = run.environ.get("PATH", "")
    for word in (*shlex.split(settings.get("CC", "")), *shlex.split(settings.get("CXX", ""))):
        found = look_up(word, path)
        if found and bytes_of(found)[:2] == b"#!":
            yield found


def _seen_by_go(path: str, directory: str) -> bool:
    return os.path.dirname(path) == directory and path.rpartition(".")[2] in GO_EXTENSIONS


def reaches_out(path: str, goroot: str) -> bool:
    """Say whether an assembly file includes what go does not look at.

    go's assembler finds headers in the package, which go hashes, in GOROOT/pkg/include, and
    wherever else a path or -asmflags=-I leads it.
    """
    try:
        with open(path, "rb") as file:
            found = _INCLUDE.findall(_plain(file.read()))
    except OSError:
        return False
    names = [os.fsdecode(quoted or angled) for _, _, quoted, angled, _ in found]
    seen_by_go = (os.path.dirname(path), f"{goroot}/pkg/include")
    return any(
        "/" in name
        or not (name == "go_asm.h" or any(os.path.isfile(f"{d}/{name}") for d in seen_by_go))
        for name in names
    )


def write_overlay(work: str, outsides: Iterable[Outside], own: str, directory: str) -> str:
    """Write the overlay that lays HEADER over each package; return its path, "" for none needed.

    `own` is the user's overlay file ("" for none), relative to `directory`; ours goes over it.
    """
    replace: dict[str, str] = {}
    for position, outside in enumerate(outsides):
        if outside.token:
            outside.backing = f"{work}/{position}-{os.path.basename(outside.header)}"
            text = f"/* What this package includes from elsewhere: {outside.token} */\n"
            if outside.listed:
                # Not of the package that lies in this directory.
                text = f"//go:build ignore\n\n{text}\npackage main\n"
            if outside.listed and outside.cgo:
                # Else it would be the first file without C, and the executable be called after it.
                text += '\nimport "C"\n'
            with open(outside.backing, "w", encoding="ascii") as file:
                file.write(text)
            replace[outside.header] = outside.backing
    if not replace:
        return ""
    if own:
        try:
            with open(os.path.join(directory, own), encoding="utf-8") as file:
                replace = {**(json.load(file).get("Replace") or {}), **replace}
        except (OSError, ValueError, AttributeError):
            return ""  # go will say what is wrong with it
    path = f"{work}/overlay.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"Replace": replace}, file)
    return path


def _assembler_words(asmflags: str) -> list[str]:
    """Return the -I flags among -asmflags, whose value may begin with a package pattern."""
    from gorun_tasks.core.quoting import split_quoted  # noqa: PLC0415 - only for cgo and assembly

    words = asmflags if asmflags.startswith("-") else asmflags.partition("=")[2]
    return [f"-I{place}" for place in _named(list(split_quoted(words)))]


def _search_path(
    compiler: str, language: str, flags: list[str], run: Runner
) -> list[tuple[str, ...]]:
    """Return where a compiler looks for "..." and <...>, and which of these are the system's."""
    command = (*shlex.split(compiler), "-E", "-v", "-x", language)
    quote, angle = _listed(run(*command, *flags, os.devnull))
    # A compiler leaves out of its list what is not there yet.
    named = tuple(_named(flags))
    own = [quote, tuple(dict.fromkeys((*named, *angle)))]
    system = _listed(run(*command, os.devnull))[1]
    return [*own, tuple(f"{place}/" for place in system) or ("/usr/include/",)]


def _named(flags: list[str]) -> Iterator[str]:
    """Yield the directories that the flags name, in order."""
    return values(flags, ("-I", "-iquote", "-isystem", "-idirafter"))


def _listed(text: str) -> list[tuple[str, ...]]:
    match = _SEARCH.search(text)
    if match is None:
        return [(), ("/usr/local/include", "/usr/include")]
    return [
        tuple(
            os.path.normpath(line.strip().removesuffix(" (framework directory)"))
            for line in part.splitlines()
        )
        for part in match.groups()
    ]


def _words(settings: Mapping[str, str], package: Mapping[str, Any], kind: str) -> list[str]:
    from gorun_tasks.core.quoting import split_quoted  # noqa: PLC0415 - only for cgo

    return [*split_quoted(settings.get(f"CGO_{kind}", "")), *(package.get(f"Cgo{kind}") or ())]


def _pkg_config(
    package: Mapping[str, Any], settings: Mapping[str, str], run: Runner, outside: Outside
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
    told = "".join(run(*words) for words in asked)
    places = [
        *run.environ.get("PKG_CONFIG_PATH", "").split(":"),
        *run(command, "--variable=pc_path", "--", "pkg-config").strip().split(":"),
    ]
    for name in _required(command, names, run):
        found = run(command, "--variable=pcfiledir", "--", name).strip()
        outside.paths.update(f"{place}/{name}.pc" for place in (found, *places) if place)
    return shlex.split(told), told


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
