"""nox words: what stands after `--` of a session that runs no program.

Decides which words these are. It must never end nox: words that make no sense are a UsageError.
"""

from __future__ import annotations

from gorun_tasks.errors import UsageError
from gorun_tasks.runners import verbs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from typing import NoReturn


def of_build(*, add_help: bool) -> ArgumentParser:
    """Return what reads the words of the session that builds many programs."""
    words = _words("build", add_help=add_help)
    words.add_argument("names", metavar="NAME", nargs="*", help="these only")
    words.add_argument(
        "--affected",
        metavar="REVISION",
        default="",
        help="what changed since; - reads names of files",
    )
    return words


def of_affected() -> ArgumentParser:
    """Return what reads the words of the session that tells which programs a change touches."""
    words = _words("affected")
    words.add_argument(
        "since",
        metavar="REVISION",
        nargs="?",
        default="HEAD",
        help="HEAD if none; - reads names of files",
    )
    words.add_argument("--json", action="store_true", help="for the matrix of a CI job")
    return words


def _words(verb: str, *, add_help: bool = True) -> ArgumentParser:
    from argparse import ArgumentParser

    class Words(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(message, f"{self.prog} --help says what it takes")

    return Words(
        prog=f"nox -s {verb} --",
        description=verbs.OF_MANY[verb],
        allow_abbrev=False,
        add_help=add_help,
    )
