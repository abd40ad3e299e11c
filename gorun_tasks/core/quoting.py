"""Quoting: words inside one value, in the grammar of go: GOFLAGS, -exec, -ldflags, CC.

Decides how such a value is split and joined. It must never split as a shell does: go knows no
escapes. A program without such flags is started without this room.
"""

from __future__ import annotations

from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SPACE = " \t\n\r"
QUOTES = ("'", '"')


def split_quoted(text: str) -> tuple[str, ...]:
    """Split as go does GOFLAGS, -exec and tool flags: at white space, with no escapes.

    A quote counts only at the start of a word, and ends at the next quote of its kind.
    Raises UsageError if it never ends.
    """
    words: list[str] = []
    text = text.lstrip(_SPACE)
    while text:
        quote = text[0]
        if quote in QUOTES:
            word, end, text = text[1:].partition(quote)
            if not end:
                raise UsageError(f"unterminated {quote} string: {quote}{word}")
        else:
            length = next((i for i, char in enumerate(text) if char in _SPACE), len(text))
            word, text = text[:length], text[length:]
        words.append(word)
        text = text.lstrip(_SPACE)
    return tuple(words)


def join_quoted(words: Sequence[str]) -> str:
    """Join words so that `split_quoted`, and go, give them back.

    Raises UsageError for a word that contains both kinds of quote: go has no escapes.
    """
    return " ".join(map(_quoted, words))


def split_goflags(text: str) -> tuple[str, ...]:
    """Split the value of GOFLAGS into its flags; raises UsageError on an unterminated quote."""
    try:
        return split_quoted(text)
    except UsageError as error:
        raise UsageError(f"GOFLAGS: {error}") from None


def _quoted(word: str) -> str:
    if "'" in word and '"' in word:
        raise UsageError(f"go cannot quote a word with both ' and \" in it: {word}")
    if "'" in word:
        return f'"{word}"'
    if not word or '"' in word or any(space in word for space in _SPACE):
        return f"'{word}'"
    return word
