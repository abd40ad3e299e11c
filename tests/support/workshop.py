"""A folder with Go modules, and gorun run in it as a person would.

Decides how the command line's tests make modules, start gorun and watch it. It must never look
inside gorun_tasks, and never replace go: what is compared is what a person could see.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.support.clock import PATIENCE
from tests.support.place import FOREIGN, REPOSITORY, SAMPLES, Place, Result
from tests.support.seeded_store import seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HELLO = {
    "go.mod": "module example.com/hello\n\ngo 1.24\n",
    "main.go": (
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n'
        'func main() { fmt.Println("hello", os.Args[1:]) }\n'
    ),
}
"""A module whose program greets its arguments."""

TINY = {
    "go.mod": "module example.com/tiny\n\ngo 1.24\n",
    "main.go": 'package main\n\nfunc main() { print("tiny\\n") }\n',
}
"""A module whose program imports nothing, for tests that look at other things than programs."""

TWO_PACKAGES = {
    **HELLO,
    "main.go": (
        'package main\n\nimport "example.com/hello/lib"\n\nfunc main() { println(lib.Word()) }\n'
    ),
    "lib/lib.go": 'package lib\n\nfunc Word() string { return "word" }\n',
}
"""A module with a program and a package of its own that it imports."""

needs_strace = pytest.mark.skipif(
    not shutil.which("strace"), reason="needs strace: apt-get install strace"
)


def _may_mount() -> bool:
    """Say whether this user may mount, tried in a mount table of its own."""
    words = ("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
    return bool(shutil.which("unshare")) and subprocess.call(words, stderr=subprocess.DEVNULL) == 0


needs_mounts = pytest.mark.skipif(
    sys.platform != "linux" or not _may_mount(), reason="needs the right to mount (root, Linux)"
)

# Root's right to look everywhere, taken away (capabilities 1 and 2, CAP_DAC_*), then the command.
WITHOUT_OVERRIDE = (
    "import ctypes, os, sys\n"
    "libc = ctypes.CDLL(None)\n"
    "if os.geteuid() == 0: assert libc.prctl(24, 1, 0, 0, 0) == libc.prctl(24, 2, 0, 0, 0) == 0\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)

_MODES = re.compile(r"\x1b\[\?\d+[hl]")  # of a terminal, nothing that one sees
_EXECUTED = re.compile(r'^\d+ +execve\("([^"]*)", .* = 0$', re.MULTILINE)


class Workshop(Place):
    """A folder of Go files, with a store and a folder for temporary files of its own."""

    def __init__(self, folder: Path, files: Mapping[str, str] = HELLO) -> None:
        super().__init__(folder / "work", _environment(folder))
        self.store = folder / "store"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.write(files)

    def without_store(self) -> Self:
        """Take away the store that every workshop begins with; return it."""
        shutil.rmtree(self.store)
        return self

    def gorun(self, *words: str, stdin: str = "", env: dict[str, str] | None = None) -> Result:
        """Run gorun to its end."""
        return self("gorun_tasks", *words, stdin=stdin, env=env)

    def go(self, *words: str, env: dict[str, str] | None = None) -> Result:
        """Run go to its end."""
        return self.execute([go_command(), *words], env=env)

    def execute(
        self,
        command: Sequence[str],
        *,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Run any command to its end, in the folder and environment that gorun gets."""
        done = subprocess.run(
            command,
            cwd=cwd or self.folder,
            env={**self.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def outcome(
        self, *words: str, env: dict[str, str] | None = None
    ) -> tuple[str, list[str], Result]:
        """Run gorun; return its outcome, the reasons ("INPUT CHANGE") and how it ended."""
        result, (event,) = self.events(*words, env=env)
        because = [f"{b['input']} {b['change']}" for b in event["because"]]
        return event["outcome"], because, result

    def events(
        self, *words: str, env: dict[str, str] | None = None
    ) -> tuple[Result, list[dict[str, Any]]]:
        """Run gorun; return how it ended and the events it told."""
        file = self.folder.parent / "events"
        file.unlink(missing_ok=True)
        result = self.gorun("--events", str(file), *words, env=env)
        lines = file.read_text().splitlines() if file.exists() else []
        return result, [json.loads(line) for line in lines]

    def executed(self, *words: str, env: dict[str, str] | None = None) -> list[str]:
        """Run gorun under strace; return the files that were executed, it and its heirs."""
        log = self.folder.parent / "strace"
        command = ["strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", str(log)]
        result = self.execute([*command, *self.command(("gorun_tasks", *words))], env=env)
        assert result.rc == 0, result
        return _EXECUTED.findall(log.read_text())

    def built_by_go_run(self, *words: str, env: dict[str, str] | None = None) -> bytes:
        """Return the executable that `go run WORDS...` would start."""
        copy = self.folder.parent / "of-go-run"
        first = 2 if words[0] == "-C" else 1 if words[0].startswith("-C=") else 0
        words = (*words[:first], "-exec=cp", *words[first:])
        result = self.go("run", *words, str(copy), env=env)
        assert result.rc == 0, result
        return copy.read_bytes()

    def leftovers(self) -> list[str]:
        """Return the folders that go, or gorun for it, made for work and did not remove."""
        work = self.store / "v1" / "work"
        kept = list(work.iterdir()) if work.exists() else []
        return [str(path) for path in (*kept, *self.temporary.iterdir())]

    def executables(self) -> list[Path]:
        """Return the executables in the store."""
        return [path for path in (self.store / "v1" / "exe").rglob("*") if path.is_file()]


def go_command() -> str:
    """Return the go command that gorun would find, for comparisons."""
    found = shutil.which(os.environ.get("GORUN_GO", "go"))
    wheels = (f"{entry}/go/bin/go" for entry in sys.path)
    return found or next(path for path in wheels if os.access(path, os.X_OK))


def screen(said: str) -> str:
    """Return what stands on a terminal after all this was written to it."""
    lines = [""]
    column = 0
    for part in re.findall(r"[\r\n\b]|\x1b\[K|[^\r\n\b\x1b]+", _MODES.sub("", said)):
        if part == "\n":
            lines.append("")
            column = 0
        elif part == "\r":
            column = 0
        elif part == "\b":
            column -= 1
        elif part == "\x1b[K":
            lines[-1] = lines[-1][:column]
        else:
            lines[-1] = lines[-1][:column] + part + lines[-1][column + len(part) :]
            column += len(part)
    return "\n".join(lines)


def sections(executable: Path) -> set[str]:
    """Return the names of the sections of a 64-bit little-endian ELF file."""
    data = executable.read_bytes()
    assert data[:6] == b"\x7fELF\x02\x01"
    (start,) = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    (strings,) = struct.unpack_from("<Q", data, start + names * size + 0x18)
    places = (struct.unpack_from("<I", data, start + i * size)[0] for i in range(count))
    return {data[strings + at : data.index(b"\0", strings + at)].decode() for at in places}


def publish(proxy: Path, path: str, version: str, files: dict[str, str]) -> None:
    """Put a module into a proxy that is a folder."""
    folder = proxy / path / "@v"
    folder.mkdir(parents=True)
    (folder / f"{version}.info").write_text(json.dumps({"Version": version}))
    (folder / f"{version}.mod").write_text(files["go.mod"])
    with zipfile.ZipFile(folder / f"{version}.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{path.replace('!b', 'B')}@{version}/{name}", text)


def sample(name: str) -> dict[str, str]:
    """Return the files of one of the sample programs."""
    folder = SAMPLES / name
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not FOREIGN.fullmatch(k)}
    for name in ("GOCACHE", "GORUN_GO"):
        if name in os.environ:
            kept[name] = os.environ[name]
    return kept | {
        "PYTHONPATH": str(REPOSITORY),
        "PWD": str(folder / "work"),
        "TMPDIR": str(folder / "tmp"),
        "GORUN_CACHE_DIR": str(seed(folder / "store")),
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOENV": "off",
    }


def go_says(*words: str, cwd: Path | None = None, goflags: str = "") -> str:
    """Return what go says, on either stream."""
    environment = os.environ | {"GOFLAGS": goflags, "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        [go_command(), *words],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout
