"""SeaweedFS: a server of buckets, in which one user may write, one may read, and anybody a little.

Decides who may do what, and how it is started. It must never listen to other machines, nor tell
its makers how it is used.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.bazel_remote import free_ports
from tests.support.clock import PATIENCE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET, PUBLIC = "builds", "public"

WRITER = {"AWS_ACCESS_KEY_ID": "ann", "AWS_SECRET_ACCESS_KEY": "secret of ann"}
READER = {"AWS_ACCESS_KEY_ID": "bob", "AWS_SECRET_ACCESS_KEY": "secret of bob"}

_SERVERS = ("master", "volume", "filer", "s3", "admin")
"""Parts of it, of which each has a port for HTTP and one for gRPC."""

_OPTIONS = {
    "ip": "127.0.0.1",
    "ip.bind": "127.0.0.1",
    "bucket": f"{BUCKET},{PUBLIC}",
    "webdav": "false",
    "admin.ui": "false",
    "master.telemetry": "false",
    "s3.autoCreateBucket": "false",
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
}


class SeaweedFS(NamedTuple):
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]

    def variables(self, user: dict[str, str] = READER) -> dict[str, str]:
        """Return the variables by which it is reached as somebody."""
        return {"AWS_ENDPOINT_URL": self.url, **user}


@contextlib.contextmanager
def seaweedfs() -> Iterator[SeaweedFS]:
    """Run a server."""
    # Its sockets have names of a limited length.
    with tempfile.TemporaryDirectory(prefix="weed") as name:
        folder = Path(name)
        ports: list[int] = []
        while len(ports) < 2 * len(_SERVERS):
            ports = [*{*ports, *free_ports()}]
        options = _OPTIONS | {"dir": name, "s3.config": _identities(folder)}
        pairs = zip(_SERVERS, ports[::2], ports[1::2], strict=True)
        for server, port, other in pairs:
            options |= {f"{server}.port": str(port), f"{server}.port.grpc": str(other)}
        command = [f"{Path(sys.executable).parent}/weed", "mini"]
        command += [f"-{option}={value}" for option, value in options.items()]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=name, env={"TMPDIR": name, "HOME": name}, stdout=log, stderr=log
            )
        try:
            wait_until(lambda: _is_ready(folder, process))
            yield SeaweedFS(f"http://127.0.0.1:{options['s3.port']}", process)
        finally:
            process.kill()
            process.wait(PATIENCE)
            for port in ports:
                for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                    socket.unlink()


def _identities(folder: Path) -> str:
    """Write down who may do what."""
    rights = {"ann": ["Read", "Write", "List"], "bob": ["Read", "List"]}
    users = [
        {
            "name": name,
            "credentials": [{"accessKey": name, "secretKey": f"secret of {name}"}],
            "actions": actions,
        }
        for name, actions in rights.items()
    ]
    anybody = {"name": "anonymous", "actions": [f"Read:{PUBLIC}", f"List:{PUBLIC}"]}
    file = folder / "identities.json"
    file.write_text(json.dumps({"identities": [*users, anybody]}))
    return str(file)


def _is_ready(folder: Path, process: subprocess.Popen[bytes]) -> bool:
    said = (folder / "log").read_text(errors="replace")
    assert process.poll() is None, said
    return "ready to use" in said
