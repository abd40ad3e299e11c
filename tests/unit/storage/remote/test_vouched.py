"""What of C counts as elsewhere; modules that are not there are in network/test_shared_builds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from gorun_tasks.inputs.digest import ABSENT
from gorun_tasks.storage.remote.path_set import Look
from gorun_tasks.storage.remote.portable import Facts
from gorun_tasks.storage.remote.vouched import with_compilers

if TYPE_CHECKING:
    from pathlib import Path

    from gorun_tasks.storage.remote.machine import Machine

_THERE, _HERE = b"there", b"here"


def _facts(content: bytes, home: str, *looks: Look) -> Facts:
    seen = tuple(((), (content,) * len(look.names)) for look in looks)
    values = (("CC", home), ("HOME", home), ("XDG_CONFIG_HOME", home))
    fixed = (("GOMODCACHE", home), ("GOROOT", home), ("module", home))
    return Facts(seen, (), (), values, (), fixed, b"")


def _look(base: str, *names: str, mode: str = "") -> Look:
    return Look(base, mode, (), names, (b"",) * len(names))


def _taken(here: bytes, *looks: Look, modules: str = "/no/such") -> Facts:
    machine = cast("Machine", SimpleNamespace(modules=modules))
    there = _facts(_THERE, "/there", *looks)
    return with_compilers(_facts(here, "/here", *looks), there, looks, machine)


def test_absent_headers_count_as_there_and_what_is_here_as_it_is() -> None:
    include = _look("/usr/include", "math.h", "libm.a", "libm.so", "libm.so.6.1", "libm.so.txt")
    assert _taken(ABSENT, include).seen == (((), (_THERE,) * 5),)
    assert _taken(_HERE, include).seen == (((), (_HERE, _HERE, _THERE, _THERE, _HERE)),)


def test_what_go_reads_has_to_be_here() -> None:
    """A module that replaces another one by an absolute path, with what it embeds."""
    looks = (
        _look("/srv/dep", "dep.go", "go.mod", mode="go"),
        _look("/srv/dep/text", "a.txt"),
        _look("/srv", "go.mod", "modules.txt", "dep.h"),
        _look("../own", "own.h"),
    )
    assert _taken(ABSENT, *looks).seen == (
        ((), (ABSENT, ABSENT)),
        ((), (ABSENT,)),
        ((), (ABSENT, ABSENT, _THERE)),
        ((), (ABSENT,)),
    )


def test_places_of_compilers_and_of_go_are_those_of_there(tmp_path: Path) -> None:
    taken = _taken(ABSENT)
    assert taken.values == (("CC", "/here"), ("HOME", "/there"), ("XDG_CONFIG_HOME", "/there"))
    assert taken.fixed == (("GOMODCACHE", "/there"), ("GOROOT", "/there"), ("module", "/here"))
    assert _taken(ABSENT, modules=str(tmp_path)).fixed[0] == ("GOMODCACHE", "/here")
