"""Which part of what a go command writes to stdout is go's answer."""

from __future__ import annotations

import pytest

from gorun_tasks.toolchain.answers import objects, only_object

ANSWER = b'{\n\t"GOVERSION": "go1.26",\n\t"Nested": {\n\t\t"GOVERSION": "no"\n\t}\n}\n'


@pytest.mark.parametrize(
    "before", [b"", b"a line\n", b"no line: ", b"\xff{\n", b'{"GO": 1}\n', b"{"]
)
@pytest.mark.parametrize("behind", [b"", b"a line\n", b"{", b'{"level": "info"}'])
def test_the_answer_is_found_among_other_words(before: bytes, behind: bytes) -> None:
    answer = only_object(before + ANSWER + behind, "GOVERSION")
    assert answer == {"GOVERSION": "go1.26", "Nested": {"GOVERSION": "no"}}
    assert len(objects(before + ANSWER + behind + ANSWER, "GOVERSION")) == 2


@pytest.mark.parametrize(
    "output", [b"", b"run -exec=x .\n", b"{", b"{}", b'{"level": "info"}\n', b"[]"]
)
def test_what_is_no_answer_is_none(output: bytes) -> None:
    assert only_object(output, "GOVERSION") == {}
