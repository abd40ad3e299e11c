"""Libraries: the archives and libraries that a program with C is linked with.

Decides where the linker looks for them. It must never leave out a place where one could come to
be found, as far as the linker, or the words for it, tell.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess

from gorun_tasks.core.quoting import split_quoted
from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ATTEMPT = re.compile(r"(?m)^attempt to open (.+) (?:failed|succeeded)$")


def words_for_linker(ldflags: str) -> tuple[str, ...]:
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
    paths = [word.removeprefix("@") for word in words if word[:1] != "-" and "/" in word]
    if not (names or paths or any(word.startswith("-Wl,") for word in words)):
        return set()
    for name in names:
        files = (name[1:],) if name.startswith(":") else (f"lib{name}.so", f"lib{name}.a")
        paths += (f"{place}/{file}" for place in places for file in files)
    command = (*shlex.split(compiler), "-Wl,--verbose", f"-o{os.devnull}")
    usual = set(_ATTEMPT.findall(run(*command)))
    paths += (path for path in _ATTEMPT.findall(run(*command, *words)) if path not in usual)
    # A package's own link is made where it lies, that of the program where go was started.
    return {*places_from(directory, paths), *places_from(run.directory, paths)}


def values(words: list[str], flags: tuple[str, ...]) -> Iterator[str]:
    """Yield the values of some of a compiler's flags: in the same word, or in the next."""
    for position, word in enumerate(words):
        following = "".join(words[position + 1 : position + 2])
        for flag in flags:
            if word.startswith(flag):
                yield word.removeprefix(flag) or following


def places_from(directory: str, places: Iterable[str]) -> tuple[str, ...]:
    """Return places as they are from a directory, each once."""
    joined = (os.path.normpath(os.path.join(directory, place)) for place in places)
    return tuple(dict.fromkeys(joined))


class Runner:
    """Asks compilers and pkg-config, in the environment and directory of go."""

    def __init__(self, environ: Mapping[str, str], directory: str) -> None:
        self.environ = environ
        self.directory = directory
        self._answers: dict[tuple[str, ...], str] = {}

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
            except OSError:
                self._answers[command] = ""
        return self._answers[command]
