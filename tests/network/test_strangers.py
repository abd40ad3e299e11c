"""What somebody else may put into a place: well-formed, with the right digest, and not ours.

Whatever it is, a look at the place ends with a miss, or with an executable that was published.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from gorun_tasks.api import Program
from gorun_tasks.build.sharing import explain
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.target import Target
from gorun_tasks.storage.remote.canonical import NotCanonical, decode, encode
from gorun_tasks.storage.remote.messages import decode_result, digest_of
from gorun_tasks.storage.remote.place import Digest, Result
from tests.network.conftest import Remote
from tests.network.test_shared_builds import API, Machines

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

_ROUNDS = 120
_PARTS: tuple[Any, ...] = (
    *(0, 1, -1, 1 << 40, "", "..", "/etc", "../../..", "a\0b", "/", "x" * 300, "go", "\udcff"),
    *(b"", b"x", b"\0" * 32, (), ("",), ("..",), {}, {"GOROOT": "/"}, {"": ""}, ("", "", "")),
)


def _altered(value: Any, random: Random) -> Any:
    """Return a value of which one part is another one, gone or there twice."""
    if isinstance(value, bytes):
        with contextlib.suppress(NotCanonical):
            return encode(_altered(decode(value), random))
    if isinstance(value, dict) and value:
        name = random.choice(sorted(value))
        return {**value, random.choice((name, "..", "GOROOT")): _altered(value[name], random)}
    if not isinstance(value, tuple) or not value or random.random() < 0.05:
        return random.choice(_PARTS)
    at = random.randrange(len(value))
    choice = random.random()
    if choice < 0.1:
        return value[:at] + value[at + 1 :]
    if choice < 0.2:
        return (*value, value[at])
    return (*value[:at], _altered(value[at], random), *value[at + 1 :])


def test_what_a_stranger_makes_of_our_words_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Remote(tmp_path)
    pair, random = Machines(tmp_path, folder), Random(1)
    pair.build(*API)
    published = {path.name for path in (pair.first.folder.parent / "store/v1/exe").iterdir()}
    second, place = pair.second, folder.writer()
    paths = [p for p in (folder.root / "ac").rglob("*") if p.is_file()]
    before = {path.name: decode_result(path.read_bytes()) for path in paths}
    monkeypatch.chdir(second.folder)
    flags, _ = BuildFlags.parse([API[0]])
    outcomes = set()
    for _ in range(_ROUNDS):
        altered = random.choice(("index", "manifest"))
        for key, result in before.items():
            place.put_result(Digest(key, 0), result)
            if altered not in result.files:
                continue
            content: list[bytes] = []
            place.read(result.files[altered], content.append)
            other = encode(_altered(decode(b"".join(content)), random))
            place.put(digest_of(other), io.BytesIO(other))
            place.put_result(Digest(key, 0), Result({**result.files, altered: digest_of(other)}))
        shutil.rmtree(second.environ["GORUN_CACHE_DIR"], ignore_errors=True)
        program = Program.typed(Target(API[1:]), flags, second.environ)
        graph = program.graph()
        explain(program, graph.verdict.facts)
        if graph.fetch():
            manifest = graph.verdict.manifest
            assert manifest is not None
            assert manifest.digest in published
        outcomes.add(graph.verdict.manifest is not None)
    assert outcomes == {True, False}  # or nothing was tried
