"""A network of our own: a server on this machine that is as far away as one wants.

Decides what lies between: a TUN device, a queue that delays (delay.c), and the kernel's own limit
of the rate. TCP is the kernel's. It must never touch the machine's network: it is in a name space
that ends with this process.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from tests.support import bazel_remote, casd
from tests.support.bazel_remote import free_ports, listens
from tests.support.clock import wait_until
from tests.support.http_cache import Handler, Server, answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.kit import Kit

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_DEVICE, _OURS, _THEIRS = "far", "10.0.0.1", "10.0.0.2"
_RATE = ("rate", "100mbit", "burst", "32kb", "latency", "400ms")


class Network(NamedTuple):
    """How far the server is."""

    name: str
    round_trip: float | None = None
    """In seconds, at 100 Mbit/s; None for this machine's loopback."""


LOOPBACK = Network("loopback")
MODULES_FROM = Network("100 Mbit/s, 20 ms", 0.020)
FARTHEST = Network("100 Mbit/s, 50 ms", 0.050)
NETWORKS = (LOOPBACK, Network("100 Mbit/s, 0 ms", 0), MODULES_FROM, FARTHEST)


def leave_for_own_network() -> None:
    """Have this process, and all that it starts, in a network with nothing but loopback."""
    bazel_remote.executable()  # what has to be downloaded for it is downloaded by then
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK):
        sys.exit(f"benchmark: no network of one's own: {os.strerror(ctypes.get_errno())}")
    _configure("ip", "link", "set", "lo", "up")


class Cache(Server):
    """An HTTP cache that checks nothing."""

    @property
    def port(self) -> int:
        return self.server_port

    def round_trips(self) -> int:
        """Return how often a client has waited since this was asked last."""
        count = self.connections + len(self.requests)
        self.connections = 0
        self.requests.clear()
        return count


class _Unquoting(Handler):
    """Takes paths as go writes them, with %21 for the ! of upper case."""

    def parse_request(self) -> bool:
        found = super().parse_request()
        self.path = unquote(self.path) if found else ""
        return found


@contextmanager
def serving(folder: str) -> Iterator[Cache]:
    """Serve a folder, to the near and the far, while this lasts."""
    with Cache(("0.0.0.0", 0), _Unquoting) as server:
        server.folder, server.requests = Path(folder), []
        with answering(server):
            yield server


class GrpcCache(NamedTuple):
    """A server of the Remote Execution API."""

    port: int
    scheme: str = "grpc"


@contextmanager
def serving_grpc(kind: str, folder: str) -> Iterator[GrpcCache]:
    """Serve a folder by bazel-remote, which has zstd, or by buildbox-casd, which has not."""
    port, other = free_ports()
    command = {
        "bazel-remote": [
            str(bazel_remote.executable()),
            *(f"--dir={folder}", "--max_size=4", f"--http_address=127.0.0.1:{other}"),
            f"--grpc_address=0.0.0.0:{port}",
        ],
        "buildbox-casd": [
            str(casd.executable()),
            *("--quota-high=4G", "--reserved=1M", f"--bind=0.0.0.0:{port}", folder),
        ],
    }
    process = subprocess.Popen(command[kind], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port, process))
        yield GrpcCache(port)
    finally:
        process.kill()
        process.wait()


@contextmanager
def reached(kit: Kit, network: Network, server: Cache | GrpcCache) -> Iterator[str]:
    """Yield the URL of a server that is so far away while this lasts."""
    if network.round_trip is None:
        yield f"{server.scheme}://127.0.0.1:{server.port}"
        return
    command = [kit.compile_c("delay.c"), _DEVICE, str(round(network.round_trip * 500_000))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as delay:
        assert delay.stdout is not None
        assert delay.stdin is not None
        delay.stdout.readline()
        _configure("ip", "address", "add", f"{_OURS}/24", "dev", _DEVICE)
        _configure("ip", "link", "set", _DEVICE, "up")
        _configure("tc", "qdisc", "add", "dev", _DEVICE, "root", "tbf", *_RATE)
        yield f"{server.scheme}://{_THEIRS}:{server.port}"
        delay.stdin.close()


def _configure(*words: str) -> None:
    subprocess.run(words, check=True)
