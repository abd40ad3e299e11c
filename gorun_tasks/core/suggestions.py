"""Suggestions: what was probably meant by words that make no sense to go.

Decides what to say of them: the flag that was meant, where a misplaced one went and how to write
it, and that nothing is where a target leads. It must never change what the words do: a misplaced
flag stays an argument of the program.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS
from gorun_tasks.core.target import is_path
from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from gorun_tasks.core.program import ProgramSpec

NOT_OF_RUN = {
    "o": "go run has no -o; gorun --which prints the path of the executable",
    "i": "go run has no -i, nor any use for it: go keeps what it compiles in its cache",
    "h": "gorun --help explains the command line",
    "help": "gorun --help explains the command line",
    "verbose": "go's -v names packages as they are compiled, -x shows what go does",
}
"""Flags of go build, or of other commands, that people try."""


def flag_hint(name: str) -> str:
    """Return what to do about a flag that go run does not have."""
    return (
        NOT_OF_RUN.get(name)
        or nearest(name, BOOLEAN_FLAGS | VALUE_FLAGS, "-")
        or "`go help build` lists the build flags"
    )


def nearest(name: str, names: Iterable[str], prefix: str = "") -> str:
    """Return the hint that names what was meant, "" where nothing is like it."""
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(names), 1)
    return f"did you mean {prefix}{near[0]}?" if near else ""


def refuse_env(env: object) -> NoReturn:
    """Raise UsageError for what cannot be laid over an environment."""
    if not isinstance(env, Mapping):
        raise UsageError(
            f"env: expected variables and their values, got {env!r}", 'as in {"PORT": "80"}'
        )
    for name, value in env.items():
        if not isinstance(name, str) or not name or {"=", "\0"} & {*name}:
            raise UsageError(f"env: {name!r} is no name for a variable")
        if value is not None and not isinstance(value, str):
            raise UsageError(f"env: {name}: expected a str or None, got {value!r}")
    raise UsageError("env: no variable can hold a zero byte")


def absent(program: ProgramSpec) -> str:
    """Return the sentence for a file or directory that the target names and is not there, or "".

    Only go can tell where import paths and patterns lead, and what an overlay makes of directories.
    """
    target = program.target
    flags = (*program.flags.words, program.environ.get("GOFLAGS", ""))
    if target.is_pattern or any("-overlay" in flag for flag in flags):
        return ""
    for word in target.words if target.kind == "files" or is_path(target.words[0]) else ():
        try:
            os.stat(os.path.join(program.directory, word))
        except (FileNotFoundError, NotADirectoryError):
            where = "" if os.path.isabs(word) else f" in {program.directory}"
            return f"there is no {word}{where}"
        except (OSError, ValueError):
            continue  # go will say what is the matter with it
    return ""
