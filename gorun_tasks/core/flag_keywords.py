"""Flag keywords: build flags as Python keywords, race=True, tags=["dev"], spelled go's way.

Decides which keyword is which flag, and which types of Python its value may have; what a value
means is go's to judge. It must never drop or guess: what has no spelling is refused. No command
line comes here.
"""

from __future__ import annotations

from gorun_tasks.core.flags import BOOLEAN_FLAGS, PER_PACKAGE, VALUE_FLAGS, normal_word
from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

KEYWORDS = {
    "chdir" if name == "C" else name.replace("-", "_"): name
    for name in sorted(BOOLEAN_FLAGS | VALUE_FLAGS)
}
"""The flag behind each Python keyword."""

_COMMA_LISTS = frozenset(("coverpkg", "tags"))


def keyword_word(keyword: str, value: object) -> str:
    """Return the flag for a Python keyword argument, in normal spelling."""
    name = KEYWORDS.get(keyword)
    if name is None:
        from gorun_tasks.core.suggestions import nearest

        hint = nearest(keyword, KEYWORDS, "") or "the keywords are go's flags, chdir for -C"
        raise UsageError(f"no build flag is called {keyword}", hint)
    return normal_word(name, _keyword_value(name, keyword, value))


def _keyword_value(name: str, keyword: str, value: object) -> str:
    """Return what to write after the `=`; raises UsageError for a wrong type."""
    form = form_of(name)
    if form == "bool":
        if isinstance(value, bool):
            return "true" if value else "false"
        if name == "buildvcs" and isinstance(value, str):
            return value
        raise _wrong_type(keyword, "a bool or 'auto'" if name == "buildvcs" else "a bool", value)
    if form == "int":
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise _wrong_type(keyword, "an int", value)
    if isinstance(value, str):
        return value
    if form == "list":
        words = _strings(keyword, value)
        return _tool_flags(keyword, words) if name in PER_PACKAGE else ",".join(words)
    raise _wrong_type(keyword, "a str", value)


def form_of(name: str) -> str:
    """Return what the value of a flag is: "bool", "int", "str", or "list" for strings or one."""
    if name in BOOLEAN_FLAGS:
        return "bool"
    if name == "p":
        return "int"
    return "list" if name in _COMMA_LISTS | PER_PACKAGE else "str"


def _strings(keyword: str, value: object) -> Sequence[str]:
    from collections.abc import Sequence

    # Not just any iterable: a set has another order, so another identity, in every process.
    if not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        raise _wrong_type(keyword, "a str or a sequence of str", value)
    return value


def _tool_flags(keyword: str, words: Sequence[str]) -> str:
    from gorun_tasks.core.quoting import QUOTES, join_quoted

    text = join_quoted(words)
    if text.startswith(QUOTES):
        # go looks for a `pattern=` at this place, and takes a quote there for an error.
        flag, _, value = words[0].partition("=")
        hint = f"write two words: {flag!r}, {value!r}" if flag.startswith("-") and value else ""
        raise UsageError(f"{keyword}: go cannot quote the first word: {words[0]!r}", hint)
    return text


def _wrong_type(what: str, expected: str, value: object) -> UsageError:
    got = f"{type(value).__name__} {value!r}"
    return UsageError(f"{what}: expected {expected}, got {got}")
