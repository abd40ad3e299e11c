"""Programs with C where no go is: what of their compilers counts, and that they can be loaded."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, cast

import pytest

from gorun_tasks.storage.remote.canonical import decode, encode
from gorun_tasks.storage.remote.messages import decode_result, digest_of, encode_result
from gorun_tasks.storage.remote.path_set import PathSet
from gorun_tasks.storage.remote.place import Result
from tests.network.conftest import Remote
from tests.network.test_shared_builds import API, FILES, Bare, Machines
from tests.support.clock import let_the_clock_tick
from tests.support.trees import MAIN

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("go"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc"),
]

NO_GO = "gorun: no go command: it is neither in PATH nor in GORUN_GO"


class Tea:
    """A library in a folder outside of both machines, and a program that is linked with it."""

    def __init__(self, folder: Path) -> None:
        self.header, self.library = folder / "lib/tea.h", folder / "lib/libtea.so"
        self.header.parent.mkdir()
        self.header.write_text("#define POTS 1\nint cups(void);\n")
        self.link(3)

    def link(self, cups: int) -> None:
        """Have a library in which there are so many cups."""
        source = self.header.with_suffix(".c")
        source.write_text(f"int cups(void) {{ return {cups}; }}\n")
        command = ["gcc", "-shared", "-fPIC", "-o", str(self.library), str(source)]
        subprocess.run(command, check=True)

    def files(self) -> dict[str, str]:
        """Return the program, which tells of cups, pots and a module."""
        place = self.header.parent
        main = (
            f"package main\n\n// #cgo CFLAGS: -I{place}\n"
            f"// #cgo LDFLAGS: -L{place} -ltea -Wl,-rpath,{place}\n"
            '// #include <tea.h>\nimport "C"\n\nimport "example.com/dep"\n\n'
            "func main() { println(C.cups(), C.POTS, dep.Word()) }\n"
        )
        return {"go.mod": FILES["go.mod"], "cmd/api/main.go": main}


@pytest.fixture
def tea(tmp_path_factory: pytest.TempPathFactory) -> Tea:
    return Tea(tmp_path_factory.mktemp("tea"))


@pytest.fixture
def machines(tmp_path: Path, tea: Tea) -> Machines:
    machines = Machines(tmp_path, Remote(tmp_path), tea.files())
    machines.build(*API)
    return machines


@pytest.fixture
def bare(machines: Machines) -> Bare:
    bare = Bare(machines)
    del bare.machine.environ["CGO_ENABLED"]
    return bare


def test_neither_compiler_nor_header_has_to_be_there(bare: Bare, tea: Tea) -> None:
    header = tea.header.read_text()
    tea.header.unlink()
    assert bare.outcome(*API) == "fetched"
    place = bare.machine.environ["GORUN_REMOTE"]
    bare.machine.environ["GORUN_REMOTE"] = ""
    assert bare.outcome(*API) == "current"
    assert bare(*API) == (0, "", "3 1 dep\n")
    bare.machine.environ["GORUN_REMOTE"] = place
    tea.header.write_text(header)  # what is here is compared
    let_the_clock_tick()
    assert bare.outcome(*API) == "fetched"
    tea.header.write_text(header.replace("POTS 1", "POTS 2"))
    let_the_clock_tick()
    result = bare(*API)
    assert (result.rc, result.out) == (125, "")
    assert result.err.startswith(f"{NO_GO}, and go is needed because ")
    assert "/lib/tea.h edited;" in result.err


def test_another_compiler_is_no_hit(bare: Bare) -> None:
    gcc = bare.machine.temporary / "gcc"
    gcc.write_text("#!/bin/sh\n")
    gcc.chmod(0o755)
    let_the_clock_tick()
    assert bare(*API).rc == 125
    answer = bare("--why", "--remote", *API)
    assert answer.out.endswith(f": nearest published build: {gcc} is another\n")


def test_the_loader_says_whether_libraries_will_do(bare: Bare, tea: Tea) -> None:
    """A newer one is started with, and what is not there is said, since nobody can build."""
    tea.link(4)
    let_the_clock_tick()
    assert bare(*API) == (0, "", "4 1 dep\n")
    assert bare.machine.gorun("--store", "clear").rc == 0
    tea.library.unlink()
    result = bare(*API)
    assert result.rc == 125
    said, no_go = result.err.splitlines()
    assert said.startswith("gorun: a published build is not for this machine: ")
    assert "libtea.so" in said  # in the words of its loader, each has its own
    assert no_go.startswith(NO_GO)


def _publish_by_another_go(remote: Remote) -> None:
    """Have the index also tell of a build by an older go, which nobody has the contents of."""
    (result,) = [path for path in (remote.root / "ac").rglob("*") if b"index" in _bytes(path)]
    digest = decode_result(result.read_bytes()).files["index"]
    content = (remote.root / "cas" / digest.hash[:2] / digest.hash).read_bytes()
    ((packed, toolchain, keys),) = cast("Any", decode(content))
    older = PathSet.decoded(packed)._replace(go_version="go1.1").encoded()
    rows = (older, toolchain, ("a" * 64,)), (packed, toolchain, keys)
    digest = digest_of(encode(rows))
    remote.writer().put(digest, io.BytesIO(encode(rows)))
    result.write_bytes(encode_result(Result({"index": digest})))


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_names_are_found_whatever_cgo_was_where_they_were_published(tmp_path: Path) -> None:
    """As a build is, where CGO_ENABLED is not set here."""
    machines = Machines(tmp_path, Remote(tmp_path))
    machines.first.environ["CGO_ENABLED"] = "0"
    for machine in (machines.first, machines.second):
        machine.write({"gorun.toml": "trimpath = true\n"})
    assert machines.first.gorun("--build").rc == 0
    bare = Bare(machines)
    bare.machine.environ.pop("CGO_ENABLED", None)
    assert bare(":api").err == "dep hello\n"
    assert "fetched from shared places: 1, " in bare("--store", "stat").out
    assert bare("--store", "clear").rc == 0
    assert "shared places" not in bare("--store", "stat").out
    bare.machine.write({"cmd/new/main.go": MAIN})
    result = bare("--build")
    assert result.err.startswith(f"{NO_GO}, and which programs there are now nobody has published")


def test_without_go_cgo_is_as_enabled_as_elsewhere(tmp_path: Path) -> None:
    """Of several toolchains the newest is taken, and said; what that saved is counted."""
    remote = Remote(tmp_path)
    machines = Machines(tmp_path, remote)
    bare = Bare(machines)
    machines.build(*API)
    _publish_by_another_go(remote)
    del bare.machine.environ["CGO_ENABLED"]
    version = machines.first.go("env", "GOVERSION").out.strip()
    said = f"gorun: no go is here; what {version} built elsewhere is started\n"
    assert bare(*API) == (0, "", f"{said}dep hello\n")
    stat = json.loads(bare("--store", "stat", "-json").out)["fetched"]
    assert (stat["fetched"], stat["size"] > 0, stat["seconds"] >= 0) == (1, True, True)
    assert "fetched from shared places: 1, " in bare("--store", "stat").out
    bare.machine.environ["GORUN_REMOTE"] = ""
    assert bare.outcome(*API) == "current"
    assert bare("--why", *API).rc == 0
    bare.machine.environ["CGO_ENABLED"] = "0"
    assert bare("--why", *API).rc == 0
    bare.machine.environ["CGO_ENABLED"] = "1"
    assert bare("--why", *API).out.endswith("CGO_ENABLED: '' → '1'\n")
