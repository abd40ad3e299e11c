"""Tool flags: what gorun adds to -gcflags and -ldflags: a debugger's view, string variables.

Decides the words and where they go: after what the person has said already, since a second
-ldflags alone would drop the first. It must never look up what is stamped; `vcs_stamp` does.
"""

from __future__ import annotations

from gorun_tasks.core.flags import BuildFlags, goflags_words, name_and_value
from gorun_tasks.core.quoting import join_quoted
from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What undoes that go run strips debug information, and what keeps a debugger's view faithful.
_FOR_DEBUGGING = {"gcflags": "-N -l -dwarf", "ldflags": "-s=0 -w=0"}


def for_debugging(flags: BuildFlags) -> BuildFlags:
    """Return the flags for a program that a debugger can follow.

    The words are added to each of the tool flags already given, and with them every `-X` of the
    user stays.
    """
    words = [f"-gcflags=all={_FOR_DEBUGGING['gcflags']}", f"-ldflags={_FOR_DEBUGGING['ldflags']}"]
    for word in flags.words:
        extra = _FOR_DEBUGGING.get(name_and_value(word)[0], "")
        words.append(f"{word} {extra}" if extra else word)
    return BuildFlags.of_words(words)


def stamped(flags: BuildFlags, values: Mapping[str, str], goflags: str = "") -> BuildFlags:
    """Return the flags with string variables set, after what -ldflags says already.

    A -ldflags in `goflags`, the value of GOFLAGS, is said here again: go would pass over it
    otherwise. Raises UsageError for what go cannot quote.
    """
    text = stamp(values)
    words = list(flags.words)
    if flags.get("ldflags") is None:
        words += [word for word in goflags_words(goflags) if _links(word)]
    if not any(map(_links, words)):
        words.append("-ldflags=")
    return BuildFlags.of_words(
        [f"{word} {text}".replace("= ", "=", 1) if _links(word) else word for word in words]
    )


def _links(word: str) -> bool:
    return name_and_value(word)[0] == "ldflags"


def stamp(values: Mapping[str, str]) -> str:
    """Return the `-ldflags` text that sets string variables: {"main.version": "1.2"}.

    Raises UsageError for a name that is not `importpath.name`, a value that is not a string, and
    a value that go has no way to quote.
    """
    words: list[str] = []
    for name, value in values.items():
        if "." not in name or "=" in name:
            raise UsageError(
                f"cannot stamp {name!r}", "name a variable with its package: main.version"
            )
        if not isinstance(value, str):
            raise UsageError(f"{name}: expected a str, got {type(value).__name__} {value!r}")
        words += ("-X", f"{name}={value}")
    return join_quoted(words)
