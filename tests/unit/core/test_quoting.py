"""Quoted words are split and joined as go does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.quoting import join_quoted, split_goflags, split_quoted
from gorun_tasks.errors import UsageError
from tests.support.workshop import go_says

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        (" \t\n\r", ()),
        ("a", ("a",)),
        (" a  b\tc\nd\re ", ("a", "b", "c", "d", "e")),
        ("'a b' \"c d\"", ("a b", "c d")),
        ("'a\"b'", ('a"b',)),
        ('"a\'b"', ("a'b",)),
        ("''", ("",)),
        ('"" a', ("", "a")),
        # A quote inside a word is a letter, and a word ends where its quote does.
        ("a'b c'd", ("a'b", "c'd")),
        ("'a'b", ("a", "b")),
        ("'a''b'", ("a", "b")),
        ("-ldflags='-X a'", ("-ldflags='-X", "a'")),
        ("'-ldflags=-X a.b=c d'", ("-ldflags=-X a.b=c d",)),
        # No escapes, and only ASCII space separates.
        ("a\\ b", ("a\\", "b")),
        ("'a\\'", ("a\\",)),
        ("a\x0bb\x0c\u00a0\u2003c", ("a\x0bb\x0c\u00a0\u2003c",)),
        ("é ü", ("é", "ü")),
    ],
)
def test_splitting_follows_go(text: str, words: tuple[str, ...]) -> None:
    assert split_quoted(text) == words
    assert split_goflags(text) == words


@pytest.mark.parametrize("text", ["'", '"', "a 'b", "'a\"", "'a' \"b"])
def test_a_quote_that_never_ends_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"^unterminated ['\"] string"):
        split_quoted(text)
    with pytest.raises(UsageError, match=r"^GOFLAGS: unterminated ['\"] string"):
        split_goflags(text)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("",),
        ("a", "", "b"),
        ("a b", "c\td", "e\nf"),
        ("it's", 'say "x"', "'", '"'),
        ("back\\slash", "é\u00a0ü", "-X", "main.v=a b"),
    ],
)
def test_what_is_joined_splits_back(words: Sequence[str]) -> None:
    assert split_quoted(join_quoted(words)) == tuple(words)


def test_words_are_quoted_only_where_needed() -> None:
    assert join_quoted(["-X", "main.v=1"]) == "-X main.v=1"


@pytest.mark.parametrize(
    "goflags",
    [
        "-x 'a b'",
        "-x 'a''b'",
        "a'b c'",
        '-x\t"a\'b"c',
        "'a'b",
        "-x\n\r a\u00a0b",
        "-v ''",
        "-x a\\ b",
    ],
)
def test_goflags_split_as_by_go(tmp_path: Path, goflags: str) -> None:
    # go names the first word of GOFLAGS that is no flag: so it shows how it splits.
    first = next(word for word in split_goflags(goflags) if not word.startswith("-"))
    quoted = first.replace("\\", "\\\\").replace("\u00a0", "\\u00a0")
    said = go_says("run", ".", cwd=tmp_path, goflags=goflags)
    assert said == f'go: parsing $GOFLAGS: non-flag "{quoted}"\n'


def test_go_calls_the_same_quote_unterminated(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unterminated ' string"):
        split_goflags("-x 'a")
    said = go_says("run", ".", cwd=tmp_path, goflags="-x 'a")
    assert said == "go: parsing $GOFLAGS: unterminated ' string\n"
