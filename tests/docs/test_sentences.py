"""Sentences of README and of docs/ have at most 25 words; code, tables and headings aside.

`python -m tests.docs.test_sentences PAGE…` lists those that are longer; without a page, all.

Decides what a sentence is, and what a word. It must never pass over prose.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from markdown_it import MarkdownIt

from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

MOST = 25
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(REPOSITORY.glob("docs/**/*.md")),
]

_BETWEEN = re.compile(r"(?<=[.!?])[\"')]*\s+")
_WORD = re.compile(r"\S*\w\S*")


class Sentence(NamedTuple):
    """A sentence, and the line in which its paragraph begins."""

    line: int
    text: str

    def words(self) -> int:
        """Return how many words it has; what is code is one."""
        return len(_WORD.findall(self.text))


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a page."""
    skipped = ""
    for token in MarkdownIt().enable("table").parse(text):
        if token.type in ("heading_open", "table_open"):
            skipped = token.type.replace("open", "close")
        elif token.type == skipped:
            skipped = ""
        elif token.type == "inline" and not skipped:
            line = token.map[0] + 1 if token.map else 0
            for part in _BETWEEN.split(_prose(token.children or ())):
                if part.strip():
                    yield Sentence(line, part.strip())


def _prose(tokens: Sequence[Token]) -> str:
    """Return the words of a paragraph: code is one word, and a picture none."""
    parts = []
    for token in tokens:
        if token.type == "text":
            parts.append(token.content)
        elif token.type == "code_inline":
            parts.append("code")
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)


def long(page: Path) -> list[str]:
    """Return the sentences of a page that are too long, each with its line and its words."""
    return [
        f"{page.name}:{each.line}: {each.words()} words: {each.text}"
        for each in sentences(page.read_text(encoding="utf-8"))
        if each.words() > MOST
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_no_sentence_is_long(page: Path) -> None:
    assert long(page) == []


def test_what_counts() -> None:
    page = (
        "# A heading. Of two\n\nOne `a. b` two\nthree. Go 1.24 and a [link. Two](x.md).\n\n"
        "| no | table |\n| - | - |\n| at. | all |\n\n```text\nNo. Code.\n```\n\n<!-- no. No -->\n\n"
        '- "Four," she said.) *Five.* Six - six?\n'
    )
    assert [(each.line, each.words()) for each in sentences(page)] == [
        *((3, 4), (3, 5), (3, 1)),
        *((16, 3), (16, 1), (16, 2)),
    ]


def main(names: Sequence[str]) -> int:
    """Print the long sentences of pages; return 1 if there are any."""
    found = [line for page in map(Path, names or map(str, PAGES)) for line in long(page)]
    print(*found, sep="\n", end="\n" if found else "")  # noqa: T201 - what it is for
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
