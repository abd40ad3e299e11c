"""What may be remembered at all, and how it is named."""

from __future__ import annotations

from gorun_tasks.closure.recorder import Moved, Section

KEY = (1, 2, 3, 4, 5)
RECORD = ("lib", KEY, ("a.go", "b.go"), (KEY, None))
DETAIL = ("go", (), ("a.go",), (b"content", b"absent"))


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


def test_moved_names_one_and_counts_the_rest() -> None:
    assert str(Moved(["/m/a.go"])) == "/m/a.go changed while go was building"
    assert str(Moved(["/m/a.go", "/m/b.go"])) == "/m/a.go and 1 more changed while go was building"
