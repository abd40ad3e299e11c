"""What may be remembered at all, and how it is named."""

from __future__ import annotations

import pytest

from gorun_tasks.closure.recorder import Moved, Section
from gorun_tasks.inputs.digest import ContentCache
from gorun_tasks.toolchain.report import supported

KEY = (1, 2, 3, 4, 5)
RECORD = ("lib", KEY, ("a.go", "b.go"), (KEY, None))
DETAIL = ("go", (), ("a.go",), (b"content", b"absent"))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("go1.26", True),
        ("go1.26.8", True),
        ("go1.27.3", True),
        ("go1.24.11", True),
        ("go1.25.9", True),
        ("go1.27.3-custom", False),
        ("go1.27.3 X:nodwarf5", False),
        ("go1.23.9", False),
        ("go1.28", False),
        ("go1.260.1", False),
        ("go1.2", False),
        ("devel go1.28-abcdef", False),
        ("go1.27rc1", False),
        ("", False),
    ],
)
def test_only_releases_that_were_tried_are_supported(version: str, *, expected: bool) -> None:
    assert supported(version) is expected


def identity(record: tuple[object, ...] = RECORD, detail: tuple[object, ...] = DETAIL) -> bytes:
    section = Section("module-1", "module", "/m")
    section.add(record, detail)  # type: ignore[arg-type]
    (found,) = section.records
    return found


def test_identity_of_a_record_is_its_portable_part() -> None:
    """Content, names and listing; not the stats, which differ on every machine."""
    assert len(identity()) == 8
    assert identity((RECORD[0], None, RECORD[2], (None, KEY))) == identity()
    others = {
        identity(("lib2", *RECORD[1:])),
        identity((*RECORD[:2], ("a.go", "c.go"), RECORD[3])),
        identity(detail=("all", *DETAIL[1:])),
        identity(detail=("go", ("go.mod",), *DETAIL[2:])),
        identity(detail=(*DETAIL[:2], (), DETAIL[3])),
        identity(detail=(*DETAIL[:3], (b"other", b"absent"))),
    }
    assert len(others | {identity()}) == 7


def test_identity_does_not_depend_on_how_values_are_shared() -> None:
    """Marshal writes one object twice otherwise than two equal ones, unless told not to."""
    name, other = (b"a.go".decode() for _ in range(2))
    assert name is not other
    twice = ("lib", None, (name, name), (None, None))
    equal = ("lib", None, (name, other), (None, None))
    assert identity(twice) == identity(equal)


def test_section_holds_what_lies_under_its_root() -> None:
    section = Section("module-1", "module", "/m")
    assert section.holds("/m")
    assert section.holds("/m/a/b")
    assert not section.holds("/mm")
    assert not section.holds("/")


def test_known_content_needs_path_and_every_stat() -> None:
    known = ContentCache()
    known.add("/m/lib", RECORD, (b"content", b"absent"))
    assert known.content("/m/lib/a.go", KEY) == b"content"
    assert known.content("/m/lib/a.go", (1, 2, 3, 4, 6)) is None
    assert known.content("/m/lib/b.go", KEY) is None
    assert known.content("/m/other/a.go", KEY) is None


def test_moved_names_one_and_counts_the_rest() -> None:
    assert str(Moved(["/m/a.go"])) == "/m/a.go changed while go was building"
    assert str(Moved(["/m/a.go", "/m/b.go"])) == "/m/a.go and 1 more changed while go was building"
