"""Path sets that strangers may have made: what they may have us look at."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gorun_tasks.storage.remote.canonical import NotCanonical, encode
from gorun_tasks.storage.remote.path_set import Look, PathSet, plain

SOUND = PathSet(
    "cmd/api",
    0,
    (
        Look("", "", (), ("go.mod", "go.sum"), (b"m", b"s")),
        Look("../dep", "go", ("go.mod",), ("dep.go",), (b"",)),
        Look("lib", r"go|.*\.txt|a\-b.*", (), (), ()),
        Look("/usr/include", "", (), ("stdio.h",), (b"",)),
    ),
    ("go.work",),
    ("go.mod",),
    (b"e",),
    ("gcc", "g++"),
    0,
    {"GOOS": "linux"},
    ("HOME",),
    "go1.26.8",
    bytes(32),
    bytes(32),
)


def test_a_path_set_comes_back() -> None:
    assert PathSet.decoded(SOUND.encoded()) == SOUND


@pytest.mark.parametrize(
    "look",
    [
        SOUND.looks[0]._replace(base="lib/../../.."),
        SOUND.looks[0]._replace(base="/etc/../root"),
        SOUND.looks[0]._replace(base="lib/"),
        SOUND.looks[0]._replace(base="li\0b"),
        SOUND.looks[0]._replace(names=("go.mod", "../go.sum")),
        SOUND.looks[0]._replace(names=("go.mod", "..")),
        SOUND.looks[0]._replace(names=("go.mod",)),
        SOUND.looks[0]._replace(kinds=(b"m", b"?")),
        SOUND.looks[0]._replace(mode="go|(.*)*x"),
        SOUND.looks[0]._replace(mode="go|.*.*"),
        SOUND.looks[0]._replace(further=("a/b",)),
    ],
)
def test_places_that_no_build_names_are_refused(look: Look) -> None:
    with pytest.raises(NotCanonical):
        PathSet.decoded(SOUND._replace(looks=(look,)).encoded())


@pytest.mark.parametrize(
    "change",
    [
        {"place": "/etc"},
        {"above": ("a/b",)},
        {"fixed": ("PATH",)},
        {"toolchain": b""},
        {"env_file": (b"", b"")},
        {"commands": ("",)},
        {"commands": (("a",),)},
        {"above": (("a",),)},
        {"go_version": 1},
        {"defaults": {"GOOS": 1}},
    ],
    ids=str,
)
def test_fields_of_another_kind_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(NotCanonical):
        PathSet.decoded(SOUND._replace(**change).encoded())  # type: ignore[arg-type]


_ANY = st.recursive(
    st.integers(0, 3) | st.binary(max_size=3) | st.text("a/.\0", max_size=3),
    lambda one: st.lists(one, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=1), one),
    max_leaves=6,
)


@given(st.integers(0, len(SOUND) - 1), _ANY)
def test_any_value_in_any_field_is_sound_or_refused(at: int, value: object) -> None:
    fields = list(SOUND)
    fields[at] = value
    with contextlib.suppress(NotCanonical):
        found = PathSet.decoded(encode(plain(tuple(fields))))
        assert PathSet.decoded(found.encoded()) == found


@given(_ANY)
def test_any_value_is_no_path_set(value: object) -> None:
    with pytest.raises(NotCanonical):
        PathSet.decoded(encode(value))  # type: ignore[arg-type]
