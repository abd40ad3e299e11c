"""What is added to the flags of the compiler and the linker."""

from __future__ import annotations

from typing import Any

import pytest

from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.tool_flags import for_debugging, stamp
from gorun_tasks.errors import UsageError


def test_debugging_keeps_the_tool_flags_of_the_user() -> None:
    # go takes the last -ldflags whole: one more would drop the user's -X.
    plain = for_debugging(BuildFlags()).words
    assert plain == ("-gcflags=all=-N -l -dwarf", "-ldflags=-s=0 -w=0")
    said = BuildFlags(ldflags="-X main.v=1", gcflags="-m", chdir="d", race=True)
    made = for_debugging(said)
    added = ("-ldflags=-X main.v=1 -s=0 -w=0", "-gcflags=-m -N -l -dwarf", "-race")
    assert made.words == ("-C=d", *plain, *added)


def test_stamps_are_quoted_for_the_linker() -> None:
    assert stamp({}) == ""
    assert stamp({"main.version": "1.2"}) == "-X main.version=1.2"
    assert stamp({"main.a": "", "ex.com/v.b": "1 2"}) == "-X main.a= -X 'ex.com/v.b=1 2'"
    assert stamp({"main.a": "it's=so"}) == '-X "main.a=it\'s=so"'


def test_stamps_that_cannot_work_are_refused() -> None:
    for name in ("version", "main.a=b", ""):
        with pytest.raises(UsageError, match="cannot stamp"):
            stamp({name: "1"})
    with pytest.raises(UsageError, match="go cannot quote"):
        stamp({"main.a": "'\""})
    number: Any = 1
    with pytest.raises(UsageError, match=r"main\.a: expected a str, got int 1"):
        stamp({"main.a": number})
