"""Links of README and of the pages lead somewhere: on a forge, in an editor and on the site.

Decides which links a page has and which anchors its headings make, by the rule of the forges. It
must never ask the network: addresses of other sites are not followed.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest
from markdown_it import MarkdownIt

from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token

DOCS = REPOSITORY / "docs"
PAGES = [
    *sorted(REPOSITORY.glob("*.md")),
    *sorted(DOCS.glob("**/*.md")),
    *sorted(REPOSITORY.glob("examples/**/*.md")),
]


class Link(NamedTuple):
    """A link or a picture, and the words that a reader sees of it."""

    target: str
    words: str


def tokens(text: str) -> list[Token]:
    return MarkdownIt().enable("table").parse(text)


def links(text: str) -> Iterator[Link]:
    """Yield the links and pictures of a page."""
    for block in tokens(text):
        target, words = "", ""
        for token in block.children or ():
            if token.type == "link_open":
                target, words = str(token.attrs["href"]), ""
            elif token.type == "image":
                yield Link(str(token.attrs["src"]), token.content)
            elif token.type == "link_close":
                yield Link(target, words)
            words += token.content


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings: forges and the site make the same ones."""
    found: Counter[str] = Counter()
    parsed = tokens(text)
    for opened, content in pairwise(parsed):
        if opened.type == "heading_open":
            shown = "".join(token.content for token in content.children or ())
            found[re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")] += 1
    return {name if not n else f"{name}-{n}" for name, count in found.items() for n in range(count)}


def faults(page: Path) -> Iterator[str]:
    """Yield what is wrong with the links of a page."""
    for target, words in links(page.read_text()):
        if not words.strip():
            yield f"no words: {target}"
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or not path.is_relative_to(REPOSITORY):
            yield f"no such file: {target}"
        elif DOCS in page.parents and DOCS not in path.parents:
            yield f"not on the site: {target}"
        elif anchor and anchor not in anchors(path.read_text()):
            yield f"no such heading: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere_and_say_where(page: Path) -> None:
    assert list(faults(page)) == []


PAGE = """\
# A page

## With `code`, a comma

[words](#with-code-a-comma) ![a picture](picture.svg) [more](https://example.com)
"""


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        ("", None),
        ("[](page.md)", "no words: page.md"),
        ("![](picture.svg)", "no words: picture.svg"),
        ("[words](nowhere.md)", "no such file: nowhere.md"),
        ("[words](/picture.svg)", "no such file: /picture.svg"),
        ("[words](page.md#nowhere)", "no such heading: page.md#nowhere"),
        ("[words](#With)", "no such heading: #With"),
        ("| head |\n| --- |\n| [words](nowhere.md) |", "no such file: nowhere.md"),
    ],
)
def test_a_wrong_link_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str, complaint: str | None
) -> None:
    monkeypatch.setattr("tests.docs.test_links.REPOSITORY", tmp_path)
    (tmp_path / "picture.svg").touch()
    page = tmp_path / "page.md"
    page.write_text(f"{PAGE}\n{mistake}\n")
    assert list(faults(page)) == ([complaint] if complaint else [])


def test_headings_with_the_same_words_have_numbers() -> None:
    assert anchors("# One\n\n## Two\n\n## Two\n") == {"one", "two", "two-1"}
