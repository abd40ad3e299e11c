"""bazel-remote, built once per machine by the go of the tests, and started for a test.

Decides where it is kept and how it is started. It must never be built twice at once: one process
of the tests builds, the others wait.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from tests.support.clock import PATIENCE, wait_until
from tests.support.machine_cache import machine_cache
from tests.support.place import REPOSITORY
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = REPOSITORY / "tests" / "support" / "bazel-remote"

NAME = "github.com/buchgr/bazel-remote/v2"

LONGEST_BUILD = 1800  # seconds, of which most is waiting for downloads

# What htpasswd makes of ann and her password.
USER, PASSWORD = "ann", "tea"
HTPASSWD = "ann:{SHA}dUkPMsBqUAUYBDOUU9P+LwzVVks=\n"


class NotBuilt(Exception):
    """It cannot be built here; `str()` says why."""


class BazelRemote(NamedTuple):
    """A running server, which is the same by both protocols."""

    url: str
    grpc: str
    process: subprocess.Popen[bytes]


def executable() -> Path:
    """Return the server's executable, built if need be. Raises NotBuilt."""
    sums = b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum"))
    with machine_cache("bazel-remote") as cache:
        path = cache / hashlib.sha256(sums).hexdigest()[:16]
        if not path.exists():
            _build(path)
    return path


def _build(path: Path) -> None:
    # Without C it takes less time; and whatever is set otherwise says where modules come from.
    chosen = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    environ = {**os.environ, **chosen}
    temporary = path.with_name(f"{path.name}.new")
    command = [go_command(), "build", "-ldflags=-s -w", "-o", str(temporary), NAME]
    done = subprocess.run(
        command,
        cwd=MODULE,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_BUILD,
        check=False,
    )
    if done.returncode:
        raise NotBuilt(done.stderr.strip().rpartition("\n")[2])
    temporary.rename(path)


@contextlib.contextmanager
def bazel_remote(folder: Path, **chosen: object) -> Iterator[BazelRemote]:
    """Run a server that anybody may read and only who knows the password may write.

    With `tls_ca_file` and the like among the options it speaks TLS, and a certificate counts, and
    no password.
    """
    passwords = folder / "htpasswd"
    passwords.write_text(HTPASSWD)
    port, other = free_ports()
    options = {
        "dir": folder / "shared",
        "max_size": 1,
        "http_address": f"127.0.0.1:{port}",
        "grpc_address": f"127.0.0.1:{other}",
        "allow_unauthenticated_reads": "true",
        **(chosen or {"htpasswd_file": passwords}),
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(executable()), *words], stdout=log, stderr=log)
    try:
        wait_until(lambda: listens(port, process) and listens(other, process))
        s = "s" if "tls_cert_file" in options else ""
        yield BazelRemote(f"http{s}://127.0.0.1:{port}", f"grpc{s}://127.0.0.1:{other}", process)
    finally:
        process.kill()
        process.wait(PATIENCE)


def free_ports() -> tuple[int, int]:
    """Return two ports that nobody listened at just now."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


def listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Say whether a server can be spoken to, which must not have ended."""
    assert process.poll() is None, "the server ended"
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False
