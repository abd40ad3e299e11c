"""Vouched for: what is not here, and counts as what it was where a build was published.

Modules count as what go.sum names: the sums are among what is compared here, and who published had
modules with these sums. Where no go is, what compiled C counts as it did there. That something is
not here is recorded: once it is, it is compared.

Decides which absence is one of a whole module, and which is one of a C compiler. It must never take
a part of a module for absent: what is here is compared by content.
"""

from __future__ import annotations

import os
import re

from gorun_tasks.core.fingerprint import record_directory
from gorun_tasks.inputs.digest import ABSENT
from gorun_tasks.inputs.semantic_digest import kind_of
from gorun_tasks.storage.remote.machine import READ_BY_COMPILERS, Unlike
from gorun_tasks.storage.remote.sums import DOWNLOADS, module_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gorun_tasks.core.fingerprint import Detail, Record
    from gorun_tasks.storage.remote.machine import Machine
    from gorun_tasks.storage.remote.observation import Observation, Told
    from gorun_tasks.storage.remote.path_set import Look
    from gorun_tasks.storage.remote.portable import Facts

_READ_BY_GO = (".go", ".mod", ".sum", ".work", ".pgo", "/modules.txt")
_SHARED_LIBRARY = re.compile(r".*\.so(?:\.\d+)*")


def as_told(
    observation: Observation, told: Iterable[Told], root: str
) -> list[tuple[Record, Detail]]:
    """Return records of a module cache as it is here. Raises Unlike where one is not as told."""
    records = []
    absent: dict[str, set[str]] = {}
    for row in told:
        base, _, (mode, *_) = row
        module = _folder_of(base)
        if base.startswith(DOWNLOADS) and not mode:
            records.append(_downloads(observation, row, root))
        elif module and not os.path.lexists(f"{root}/{module}"):
            above, _, name = module.rpartition("/")
            absent.setdefault(above, set()).add(name)
        else:
            records += observation.as_told([row], root)
    for above, names in absent.items():
        named = ((name, b"") for name in sorted(names))
        found = observation.directory(record_directory(root, above), above, ("", ()), named)
        if {*found[1][3]} != {ABSENT}:
            raise Unlike(f"a module is being fetched into {root}")
        records.append(found)
    return records


def has_absent(records: Iterable[tuple[Record, Detail]]) -> bool:
    """Say whether a build was vouched for in this way: another one is not told of it."""
    return any(
        content == ABSENT and (_folder_of(f"{base}/{name}") or name.endswith(".mod"))
        for (base, _, names, _), (*_, contents) in records
        for name, content in zip(names, contents, strict=True)
        if base.startswith(DOWNLOADS) or not _folder_of(base)
    )


def with_compilers(here: Facts, there: Facts, looks: Sequence[Look], machine: Machine) -> Facts:
    """Return what is here without a go, and in the place of what compiled C, what was there.

    A compiler, a header or an archive that is here has to be the same. Of shared libraries the
    loader tells whether they will do.
    """
    packages = tuple(f"{look.base}/" for look in looks if look.mode and look.base[:1] == "/")
    seen = []
    for look, (listing, mine), (_, theirs) in zip(looks, here.seen, there.seen, strict=True):
        contents = mine
        if look.base[:1] == "/" and not f"{look.base}/".startswith(packages):
            named = zip(look.names, mine, theirs, strict=True)
            contents = tuple(b if _is_of_compilers(name, a) else a for name, a, b in named)
        seen.append((listing, contents))
    values, roots = dict(there.values), dict(there.fixed)
    read = {name: values.get(name, "") for name in READ_BY_COMPILERS}
    elsewhere = {"GOROOT"} if os.path.lexists(machine.modules) else {"GOROOT", "GOMODCACHE"}
    return here._replace(
        seen=tuple(seen),
        values=tuple((name, read.get(name, value)) for name, value in here.values),
        fixed=tuple((r, roots.get(r, "") if r in elsewhere else path) for r, path in here.fixed),
    )


def _is_of_compilers(name: str, content: bytes) -> bool:
    """Say whether it counts as it was elsewhere: what is not here, or a loader decides about."""
    if content == ABSENT:
        return not f"/{name}".endswith(_READ_BY_GO)
    return _SHARED_LIBRARY.fullmatch(name) is not None


def _downloads(observation: Observation, row: Told, root: str) -> tuple[Record, Detail]:
    """Return a record of what go fetched besides the files of modules."""
    base, names, (_, _, _, contents) = row
    named = zip(names, map(kind_of, contents), strict=True)
    found = observation.directory(f"{root}/{base}", base, ("", ()), named)
    for name, before, now in zip(names, contents, found[1][3], strict=True):
        if now != before:
            if now != ABSENT:
                raise Unlike(f"{root}/{base}/{name} is another")
            module_of(f"{base}/{name}")
    return found


def _folder_of(base: str) -> str:
    """Return the folder of the module that a directory is in, "" for none."""
    head, at, tail = base.partition("@")
    return f"{head}@{tail.partition('/')[0]}" if at and not base.startswith(DOWNLOADS) else ""
