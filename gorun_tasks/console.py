"""Console: what a person sees on stderr. Imported only when there is something to show.

Decides the form of our own words; go's words pass through as go wrote them. It must never write
to stdout, and never fail a run because nobody listens.
"""

from __future__ import annotations

import os


def pass_on(line: bytes) -> None:
    """Write what go said, as go said it."""
    try:
        while line:
            line = line[os.write(2, line) :]
    except OSError:
        pass


def say(sentence: str) -> None:
    """Write one line of ours."""
    pass_on(f"gorun: {sentence}\n".encode("utf-8", "surrogateescape"))


def speaks_to_person(environ: dict[str, str] | os._Environ[str]) -> bool:
    """Say whether hints reach somebody: on a terminal, or in CI where logs are read."""
    return bool(environ.get("CI")) or os.isatty(2)
