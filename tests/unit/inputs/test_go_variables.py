"""Where go's settings come from, and which of them only tell."""

from __future__ import annotations

import sys

import pytest

from gorun_tasks.inputs.go_variables import effective_godebug, env_file


@pytest.mark.skipif(sys.platform == "darwin", reason="there XDG_CONFIG_HOME means nothing")
@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"HOME": "/h"}, "/h/.config/go/env"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/go/env"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "x"}, ""),
        ({"HOME": "h"}, ""),
        ({}, ""),
        ({"GOENV": "off", "HOME": "/h"}, "off"),
        ({"GOENV": "/e", "HOME": "/h"}, "/e"),
    ],
)
def test_place_of_the_env_file(environ: dict[str, str], place: str) -> None:
    assert env_file(environ) == place


def test_godebug_without_what_only_tells() -> None:
    assert effective_godebug("gctrace=1,panicnil=1,inittrace=1,panicnil=0") == [
        "panicnil=1",
        "panicnil=0",
    ]
    assert effective_godebug("") == effective_godebug("gctrace=1") == []
