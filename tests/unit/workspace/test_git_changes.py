"""What git says of changed files is read to the byte."""

from __future__ import annotations

import pytest

from gorun_tasks.workspace.git_changes import names_told


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (b"a b.go\nc.go\r\n\n", ["a b.go", "c.go"]),
        (b'"a\\303\\244\\\\\\"\\t\\n1.go"\n', ['aä\\"\t\n1.go']),
        (b'a\n"b"\0c"\0', ['a\n"b"', 'c"']),
        (b"caf\xe9\n", ["caf\udce9"]),
        (b"", []),
    ],
)
def test_names_are_as_git_tells_them(told: bytes, names: list[str]) -> None:
    assert names_told(told) == names
