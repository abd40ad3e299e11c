"""The recording shows what a terminal shows: its session is played, and the lines compared."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.docs.recording import PICTURE, Line, picture, record

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = re.compile(r'<text class="(typed|said|note)"[^>]*>(.*?)</text>')


def shown(svg: str) -> list[tuple[str, str]]:
    """Return the lines of a picture, without their times."""
    return [(kind, unescape(text)) for kind, text in _SHOWN.findall(svg)]


def test_the_recording_shows_what_is_said(go: None, tmp_path: Path) -> None:  # noqa: ARG001
    lines = record(tmp_path)
    assert shown(PICTURE.read_text()) == [(line.kind, line.text) for line in lines]


def test_the_picture_needs_nothing_else_and_is_small() -> None:
    svg = PICTURE.read_text()
    ET.fromstring(svg)
    assert not re.search(r"<script|<image|href|@import|@font-face|url\(", svg)
    assert len(svg) < 6000


def test_what_is_markup_is_escaped() -> None:
    svg = picture([Line("typed", "$ a < b && c"), Line("said", "<svg>", 0.5)])
    assert shown(svg) == [("typed", "$ a < b && c"), ("said", "<svg>")]
    assert "0.50 s" in svg
