"""The shared manifest: what is told of a build comes back, and a stranger's bytes do no harm."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gorun_tasks.storage.remote.canonical import NotCanonical, encode
from gorun_tasks.storage.remote.path_set import plain
from gorun_tasks.storage.remote.portable import Facts
from gorun_tasks.storage.remote.shared_manifest import SharedManifest

_CONTENT = b"c" * 32
_TOLD = ("bin", ("go",), ("go", ("x",), ("go",), (_CONTENT,)))
_FACTS = Facts(
    ((("main.go",), (_CONTENT,)),),
    (("link", "lib"),),
    (("gcc", "/usr/bin/gcc"), ("/usr/bin", "gcc", "c0ffee")),
    (("CGO_ENABLED", "1"),),
    (("GOMODCACHE", "modules"),),
    (("module", "/work"),),
    _CONTENT,
)
SOUND = SharedManifest(
    3,
    "b" * 64,
    "a" * 64,
    1 << 20,
    "api",
    "go1.27.3",
    1,
    0,
    {"GOOS": "linux"},
    (_TOLD,),
    (("", (), ("", (), (), ())),),
    _FACTS,
    1500,
)

_ANY = st.recursive(
    st.integers(-9, 9) | st.text(max_size=3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=9).map(tuple) | st.dictionaries(st.text(), inner),
)


def test_what_is_told_comes_back() -> None:
    assert SharedManifest.decoded(SOUND.encoded()) == SOUND


def _told(base: str = "bin", name: str = "go", mode: str = "go") -> SharedManifest:
    return SOUND._replace(toolchain=((base, (name,), (mode, (), (), (_CONTENT,))),))


@pytest.mark.parametrize(
    "found",
    [
        _told(base="../x"),
        _told(base=".."),
        _told(base="/etc"),
        _told(base="a/../.."),
        _told(base="a\0b"),
        _told(name="../passwd"),
        _told(name=".."),
        _told(name=""),
        _told(mode="go|(a+)+$"),
        SOUND._replace(name="a/b"),
        SOUND._replace(name=".."),
        SOUND._replace(digest="../" + "a" * 61),
        SOUND._replace(version=1),
        SOUND._replace(size=-1),
        SOUND._replace(size=1 << 40),
        SOUND._replace(modules=(("", ("a",), ("", (), (), (b"z" * 33,))),)),  # of no kind
        SOUND._replace(defaults={"GOOS": 1}),  # type: ignore[dict-item]
        SOUND._replace(modules=(("", ("a",), ("", (), (), ())),)),
        SOUND._replace(facts=_FACTS._replace(values=(("CGO_ENABLED",),))),  # type: ignore[arg-type]
        SOUND._replace(facts=_FACTS._replace(commands=((),))),
        SOUND._replace(facts=_FACTS._replace(seen=(((), ("main.go",)),))),  # type: ignore[arg-type]
    ],
)
def test_what_leads_elsewhere_is_refused(found: SharedManifest) -> None:
    with pytest.raises(NotCanonical):
        SharedManifest.decoded(found.encoded())


@given(_ANY)
def test_any_value_is_a_manifest_or_none(value: object) -> None:
    with contextlib.suppress(NotCanonical):
        SharedManifest.decoded(encode(value))  # type: ignore[arg-type]


@given(st.integers(0, len(SOUND) - 1), _ANY)
def test_any_part_of_it_may_be_anything(position: int, value: object) -> None:
    parts = [*plain(SOUND)]  # type: ignore[misc]
    parts[position] = value
    with contextlib.suppress(NotCanonical):
        found = SharedManifest.decoded(encode(tuple(parts)))
        assert found.encoded() == encode(tuple(parts))
