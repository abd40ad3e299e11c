"""Whether two Mach-O files are the same but for their build IDs.

The files are what go makes for macOS, which it does anywhere.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import build_id, darwin
from gorun_tasks.system.build_id import same_but_build_id
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {
    "first": 'func main() { print("one") }',
    "comment": 'func main() { print("one") } // as before',
    "other": 'func main() { print("two") }',
    "longer": 'func main() { print("a much longer text than that") }',
}


@pytest.fixture(scope="module", params=["arm64", "amd64"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with executables for macOS, as `go run` links them: without symbols.

    Those for arm64 are signed, since nothing else runs there.
    """
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "go.mod").write_text("module example.com/a\n\ngo 1.24\n")
    platform = {"GOOS": "darwin", "GOARCH": request.param, "CGO_ENABLED": "0"}
    for name, source in SOURCES.items():
        (folder / "main.go").write_text(f"package main\n\n{source}\n")
        subprocess.run(
            [go_command(), "build", "-ldflags=-s -w", "-o", name, "."],
            cwd=folder,
            env={**os.environ, **platform, "GOFLAGS": "", "GOWORK": "off"},
            check=True,
        )
    return folder


@pytest.fixture(autouse=True)
def _on_darwin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_id, "host", darwin)


def places(path: Path) -> list[bytes]:
    """Return what stands in a file where it may differ."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return [data[start:end] for start, end in darwin.build_ids(data)]


def test_alike_but_for_the_build_id(built: Path) -> None:
    first = str(built / "first")
    assert (built / "first").read_bytes() != (built / "comment").read_bytes()
    assert same_but_build_id(first, str(built / "comment"))
    for other in ("other", "longer", "none"):
        assert not same_but_build_id(first, str(built / other))


def test_the_build_id_is_the_one_that_go_finds(built: Path) -> None:
    told = subprocess.check_output([go_command(), "tool", "buildid", str(built / "first")])
    own, uuid, *hashes = places(built / "first")
    assert own == told.rstrip(b"\n")
    assert len(uuid) == 16
    signed = built.name.startswith("arm64")
    assert [len(one) % 32 for one in hashes] == ([0] if signed else [])


def test_one_other_byte_makes_another(built: Path, tmp_path: Path) -> None:
    """Wherever it is: in the header, in the code, in what the signature says besides hashes."""
    content = (built / "first").read_bytes()
    copy = tmp_path / "copy"
    copy.write_bytes(content)
    assert same_but_build_id(str(built / "first"), str(copy))
    at = [8, 40, len(content) // 2, len(content) - 1]
    if built.name.startswith("arm64"):
        at[-1:] = [content.rindex(b"a.out\0"), content.rindex(b"\xfa\xde\x0c\x02") + 12]
    for place in at:
        changed = bytearray(content)
        changed[place] ^= 1
        copy.write_bytes(changed)
        assert not same_but_build_id(str(built / "first"), str(copy)), place


def test_what_is_damaged_is_alike_at_most_where_it_is_the_same(built: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    head = bytearray((built / "first").read_bytes()[:4096])
    head[20:24] = struct.pack("<I", 1 << 31)  # load commands of so many bytes
    for damaged in (b"#!/bin/sh\n", b"\xcf\xfa\xed\xfe", b"\xcf\xfa\xed\xfe" + b"\xff" * 100, head):
        one.write_bytes(damaged)
        shutil.copy(one, other)
        assert same_but_build_id(str(one), str(other)) or damaged[:1] == b"\xcf"
        other.write_bytes(damaged[:-1] + b"?")
        assert not same_but_build_id(str(one), str(other))
