"""Sums: whether the modules that a build used are those of which go.sum has the sums.

go compares a module with go.sum when it fetches it, and never again: who edits the module cache
builds from that. Elsewhere such a build would count as one of the module that go.sum names.

Decides that by adding up a module anew, as go does (golang.org/x/mod/sumdb/dirhash, Hash1). It must
never vouch for what has no sum.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re

from gorun_tasks.inputs.digest import ABSENT, DIRECTORY, bytes_of, sha256_of
from gorun_tasks.storage.remote.machine import Unlike

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gorun_tasks.core.fingerprint import Detail, Record

DOWNLOADS = "cache/download/"
_NO_FILES = (ABSENT, DIRECTORY)
_MOD_FILE = re.compile(r"cache/download/(.+)/@v/(.+)\.(?:mod|ziphash|info)")
_MODULE = re.compile(r"(.+?@[^/]+)(?:/.*)?")
_UPPERCASE = re.compile(r"!([a-z])")

Sums = dict[tuple[str, str], set[str]]
"""By module and version ("v1.0.0", or "v1.0.0/go.mod"), as in a go.sum."""


def read_sums(paths: Iterable[str]) -> Sums:
    """Return what stands in these files."""
    sums: Sums = {}
    for path in paths:
        for line in bytes_of(path).decode(errors="replace").splitlines():
            module, version, value = (*line.split(), "", "", "")[:3]
            sums.setdefault((module, version), set()).add(value)
    return sums


def refuse_edited(root: str, records: Iterable[tuple[Record, Detail]], sums: Sums) -> None:
    """Raise Unlike where a module of these records is not the one that go.sum names.

    `root` is the module cache.
    """
    modules: set[tuple[str, str]] = set()
    for (base, _, names, _), (mode, _, _, contents) in records:
        paths = (f"{base}/{name}" for name in names)
        found = {p: c for p, c in zip(paths, contents, strict=True) if c not in _NO_FILES}
        for path in (base, *found) if mode else found:
            module, version = module_of(path)
            modules.add((module, version))
            if path.startswith(DOWNLOADS) and path.endswith(".mod"):
                known = sums.get((module, f"{version}/go.mod"), ())
                if _sum({"go.mod": found[path]}) not in known:
                    raise Unlike(f"{root}/{path} is not what go.sum names")
    for module, version in sorted(modules):
        folder = f"{root}/{_escaped(module)}@{_escaped(version)}"
        if os.path.isdir(folder) and _sum_of(folder, f"{module}@{version}") not in sums.get(
            (module, version), ()
        ):
            raise Unlike(f"{folder} is not what go.sum names")


def module_of(path: str) -> tuple[str, str]:
    """Return the module and version of a path in the module cache. Raises Unlike for no module."""
    match = _MOD_FILE.fullmatch(path)
    if match is not None:
        return _plain(match[1]), _plain(match[2])
    match = None if path.startswith(DOWNLOADS) else _MODULE.fullmatch(path)
    if match is None:
        raise Unlike(f"{path} in the module cache is of no module")
    module, _, version = match[1].rpartition("@")
    return _plain(module), _plain(version)


def _sum_of(folder: str, name: str) -> str:
    found: dict[str, bytes] = {}
    for directory, folders, files in os.walk(folder):
        if any(os.path.islink(f"{directory}/{other}") for other in (*folders, *files)):
            raise Unlike(f"there is a link in {directory}, which is in no module")
        inside = directory[len(folder) :]
        for file in files:
            found[f"{name}{inside}/{file}"] = sha256_of(f"{directory}/{file}")
    return _sum(found)


def _sum(contents: dict[str, bytes]) -> str:
    # Names are sorted as Go sorts strings: by their bytes.
    lines = sorted((os.fsencode(name), content.hex()) for name, content in contents.items())
    text = b"".join(content.encode() + b"  " + name + b"\n" for name, content in lines)
    return f"h1:{base64.b64encode(hashlib.sha256(text).digest()).decode()}"


def _plain(path: str) -> str:
    return _UPPERCASE.sub(lambda match: match[1].upper(), path)


def _escaped(path: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"!{match[0].lower()}", path)
