"""Linker inputs: the archives and libraries that a program with C is linked with.

Decides where the linker looks for them. It must never leave out a place where one could come to
be found, as far as the linker, or the words for it, tell.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess

from gorun_tasks.core.quoting import split_quoted
from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# What GNU's linker tells of the files it takes, and gcc of its specs.
_ATTEMPT = re.compile(
    r"(?m)^(?:attempt to open (.+) (?:failed|succeeded)|opened script file (.+)"
    r"|Reading specs from (.+))$"
)
_PARTS = re.compile(r"[,=]")


COMPILER_VARIABLES = (
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH"),
    *("GCC_EXEC_PREFIX", "COMPILER_PATH", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET"),
    *("SOURCE_DATE_EPOCH", "LD_RUN_PATH"),
)
"""Variables that a compiler or linker reads and go does not look at."""


def linker_words(ldflags: str) -> tuple[str, ...]:
    """Return the words of -extldflags in the value of -ldflags; none where go cannot read it."""
    if "extldflags" not in ldflags:
        return ()
    try:
        said = list(values(list(split_quoted(ldflags)), ("-extldflags", "--extldflags")))
        return split_quoted(said[-1].removeprefix("=")) if said else ()
    except UsageError:
        return ()


def libraries(words: list[str], directory: str, compiler: str, run: Runner) -> set[str]:
    """Return the paths to which words for the linker lead, also those where nothing is.

    `directory` is that of the package which says them. GNU's linker tells where it looks, for what
    its scripts name as well. Of another one it is known what is named by path, or with the
    directories that are named.
    """
    places = list(values(words, ("-L",)))
    names = list(values(words, ("-l",)))
    paths = [part for word in words for part in named_files(word)]
    if not (names or paths):
        return set()
    for name in names:
        files = (name[1:],) if name.startswith(":") else (f"lib{name}.so", f"lib{name}.a")
        paths += (f"{place}/{file}" for place in places for file in files)
    command = (*split_quoted(compiler), "-v", "-Wl,--verbose", f"-o{os.devnull}")
    usual = set(_opened(run(*command)))
    paths += (path for path in _opened(run(*command, *words)) if path not in usual)
    # A package's own link is made where it lies, that of the program where go was started.
    return {*places_from(directory, paths), *places_from(run.directory, paths)}


def own_places(compiler: str, run: Runner) -> tuple[str, ...]:
    """Return the directories, each with a slash, in which the linker finds the C library."""
    command = (*split_quoted(compiler), "-v", "-Wl,--verbose", f"-o{os.devnull}")
    found = (path for path in _opened(run.plain(*command)) if path.startswith("/"))
    return tuple(dict.fromkeys(f"{os.path.dirname(os.path.normpath(path))}/" for path in found))


def _opened(output: str) -> list[str]:
    return ["".join(parts) for parts in _ATTEMPT.findall(output)]


def named_files(word: str) -> list[str]:
    """Return what may be files in a word for a compiler or linker: -Wl,-T,FILE, -specs=FILE, FILE.

    A file without a slash is known from another word by being there.
    """
    parts = [part.removeprefix("@") for part in _PARTS.split(word)]
    if word.startswith("-T"):
        parts.append(word[2:])
    return [part for part in parts if part and part[:1] != "-"]


def values(words: list[str], flags: tuple[str, ...]) -> Iterator[str]:
    """Yield the values of some of a compiler's flags: in the same word, or in the next."""
    for position, word in enumerate(words):
        following = "".join(words[position + 1 : position + 2])
        for flag in flags:
            if word.startswith(flag):
                yield word.removeprefix(flag) or following


def places_from(directory: str, places: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(at_place(directory, place) for place in places))


def at_place(directory: str, name: str) -> str:
    """Return the path of a name from a directory, in its shortest form that leads to the same.

    A compiler goes into a link before it goes up: "link/.." is where the link leads.
    """
    path = os.path.join(directory, name)
    if "/.." not in path:
        return os.path.normpath(path)
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            above = "/" + "/".join(parts)
            if os.path.isdir(above) and not os.path.islink(above):
                parts.pop()
                continue
        if part not in ("", ".") and (part != ".." or parts):
            parts.append(part)
    return "/" + "/".join(parts)


class Runner:
    """Asks compilers and pkg-config, in the environment and directory of go."""

    def __init__(self, environ: Mapping[str, str], directory: str) -> None:
        self.environ = environ
        self.directory = directory
        self._answers: dict[tuple[str, ...], str] = {}

    @functools.cached_property
    def plain(self) -> Runner:
        """The same without the variables that add to where a compiler looks."""
        environ = {n: v for n, v in self.environ.items() if n not in COMPILER_VARIABLES}
        return Runner(environ, self.directory) if len(environ) < len(self.environ) else self

    def __call__(self, *command: str) -> str:
        """Return what a command writes, on both streams; "" where it cannot be started."""
        if command not in self._answers:
            try:
                done = subprocess.run(
                    command,
                    env={**self.environ, "LC_ALL": "C"},
                    cwd=self.directory,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
                self._answers[command] = os.fsdecode(done.stdout)
            except (OSError, ValueError):
                self._answers[command] = ""
        return self._answers[command]
