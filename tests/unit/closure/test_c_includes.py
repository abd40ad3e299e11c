"""What is read of C as text: names of headers, however they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gorun_tasks.closure.c_includes import ExternalInputs, Scan, directives, plain

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b'#include "a.h"', [(b"include", b"a.h", b"")]),
        (b"  # /* one */ include /* two\n */ <a.h>", [(b"include", b"", b"a.h")]),
        (b'// #include "a.h"', [(b"include", b"a.h", b"")]),
        (b'%:inc\\\nlude "a.h"', [(b"include", b"a.h", b"")]),
        (b"#include_next <a.h>", [(b"include_next", b"", b"a.h")]),
        (b"#if __has_include ( <a.h> )", [(b"include", b"", b"a.h")]),
        (b'puts("#include <a.h>");', []),
        (b"#includes <a.h>\n#include\n/* #include", []),
    ],
)
def test_directives(text: bytes, named: list[tuple[bytes, bytes, bytes]]) -> None:
    found = [(word, quoted, angled) for word, _, quoted, angled, _, _ in directives(plain(text))]
    assert found == named


@pytest.mark.parametrize(
    ("defines", "flags", "headers"),
    [
        ("#define A <x.h>\n", [], ["x.h"]),
        ("#define B <x.h>\n#define A B\n", [], ["x.h"]),
        ("", ["-DA=<y.h>"], ["y.h"]),
        ("#define A <x.h>\n", ["-D", "A=<y.h>"], ["x.h", "y.h"]),
        ("#define S(v) #v\n#define T(v) S(v)\n#define A T(x.h)\n", [], ["x.h"]),
        ("", [], []),
        ("#define A MADE(x)\n#define MADE(v) v.h\n", [], None),
        ("#define S(v) #v\n#define A S(PRE/x.h)\n#define PRE y\n", [], None),
    ],
)
def test_an_include_of_a_macro(
    tmp_path: Path, defines: str, flags: list[str], headers: list[str] | None
) -> None:
    """What cannot be followed is said, and what nobody defines is included by nobody."""
    for name in ("x.h", "y.h"):
        (tmp_path / name).touch()
    (tmp_path / "a.c").write_text(f"{defines}#include A\n")
    outside = ExternalInputs(str(tmp_path))
    scan = Scan(outside, [(str(tmp_path),), (str(tmp_path),), ("/usr/include/",)], flags)
    scan.files([f"{tmp_path}/a.c"], ())
    assert bool(outside.unfollowed) == (headers is None)
    if headers is not None:
        assert outside.paths >= {f"{tmp_path}/{name}" for name in headers}
        assert len(outside.paths) == len(headers)
