"""Differences in words; how they are found, with real go, is in network/test_misses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from gorun_tasks.inputs.digest import ABSENT
from gorun_tasks.storage.remote.nearest import _differences, _said
from gorun_tasks.storage.remote.path_set import Look
from gorun_tasks.storage.remote.portable import Facts

if TYPE_CHECKING:
    from gorun_tasks.storage.remote.checkouts import Here

FACTS = Facts(
    (((), (b"one", ABSENT)),),
    (("lib", "other"),),
    (("gcc", "/usr/bin/gcc"), ("/usr/bin", "gcc", "c0ffee")),
    (("CGO_ENABLED", "0"), ("=main.version", "v1")),
    (("GOMODCACHE", "modules"),),
    (("module", "/here"), ("HOME", "/home")),
    b"go",
)
LOOK = Look("lib", "", (), ("one.go", "two.go"), (b"", b""))


def differences(monkeypatch: pytest.MonkeyPatch, there: Facts, *, trimmed: bool = True) -> object:
    monkeypatch.setattr("gorun_tasks.storage.remote.nearest.where_people_are", lambda _: "/here")
    here = SimpleNamespace(
        machine=SimpleNamespace(goroot="/nowhere", trimmed=trimmed),
        facts=FACTS,
        path_set=SimpleNamespace(looks=(LOOK,), go_version="go1.27.3"),
        path=lambda base, name: f"/here/{base}/{name}",
        program=None,
    )
    return list(_differences(cast("Here", here), there))


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (FACTS, []),
        (FACTS._replace(go=b"other"), ["the go command differs"]),
        (
            FACTS._replace(values=(("CGO_ENABLED", "1"), ("=main.version", "v2"))),
            ["CGO_ENABLED 1 there, 0 here", "main.version v2 there, v1 here"],
        ),
        (
            FACTS._replace(commands=(("gcc", ""),)),
            ["gcc missing there, /usr/bin/gcc here", "/usr/bin/gcc is only here"],
        ),
        (
            FACTS._replace(commands=(FACTS.commands[0], ("/usr/bin", "gcc", "bad"))),
            ["/usr/bin/gcc differs"],
        ),
        (FACTS._replace(inside=()), ["GOMODCACHE in the repository '' there, modules here"]),
        (FACTS._replace(links=()), ["the link lib to '' there, other here"]),
        (
            FACTS._replace(seen=(((), (b"other", b"two")),)),
            ["lib/one.go differs", "lib/two.go is only there"],
        ),
        (FACTS._replace(seen=((("new.go",), (b"one", ABSENT)),)), ["lib/new.go is only there"]),
    ],
)
def test_each_difference_is_named(
    monkeypatch: pytest.MonkeyPatch, there: Facts, said: list[str]
) -> None:
    assert differences(monkeypatch, there) == said


def test_paths_count_together_where_they_are_in_the_executable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = FACTS._replace(fixed=(("module", "/there"), ("HOME", "/other")))
    first, second = "module /there there, /here here", "HOME /other there, /home here"
    assert differences(monkeypatch, there) == [first, second]
    alone = [f"{first}, which counts without -trimpath"]
    assert differences(monkeypatch, there, trimmed=False) == alone


def test_only_the_first_are_said_and_strangers_words_in_one_line() -> None:
    assert _said(["a", "b"]) == "a; b"
    assert _said(["a", "b\n", "c", "d", "e"]) == r"a; b\n; c; and 2 more"
    assert len(_said(["a" * 9999])) < 600


def test_facts_of_another_shape_are_none_to_compare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ValueError, match="zip"):
        differences(monkeypatch, FACTS._replace(seen=()))
