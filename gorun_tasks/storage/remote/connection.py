"""Connection: HTTP to one server, directly or by a proxy, with a deadline for each wait.

Decides how a server is reached and what it may send. It must never wait beyond the deadline, take
in more than it was allowed, or speak to a server whose certificate was not verified.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from gorun_tasks.storage.remote.deadline import within
from gorun_tasks.storage.remote.url import DEFAULT_PORTS
from gorun_tasks.system import host

if TYPE_CHECKING:
    import ssl
    from typing import IO

    from gorun_tasks.storage.remote.url import Server

ALLOWANCE = 1 << 20
"""How many bytes of an answer may be something else than its content."""


class Proxy(NamedTuple):
    """Who speaks to a server for us, and what it is told to do so."""

    host: str
    port: int
    authorization: str


_SHORTEST = 0.001
"""Seconds; zero would mean not to wait at all."""


class TimedSocket:
    """What http.client needs of a socket; it ends at a deadline and after so many bytes."""

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self.deadline = deadline  # by time.monotonic
        self.allowance = ALLOWANCE
        self.inner = inner
        self._files = 0
        self._closed = False

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self.set_timeout()
            view = view[self.inner.send(view) :]
        host.acknowledge_at_once(self.inner)

    def recv_into(self, buffer: memoryview) -> int:
        self.set_timeout()
        size = self.inner.recv_into(buffer)
        self.allowance -= size
        if self.allowance < 0:
            raise OSError("more was sent than any answer holds")
        return size

    def makefile(self, _mode: str) -> IO[bytes]:
        self._files += 1
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Close it, at the latest once what is left to read has been read."""
        self._closed = True
        self._close_if_unused()

    def file_closed(self) -> None:
        self._files -= 1
        self._close_if_unused()

    def set_timeout(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.inner.settimeout(left)

    def _close_if_unused(self) -> None:
        if self._closed and not self._files:
            self.inner.close()


class _Incoming(io.RawIOBase):
    """What comes in, as a file that http.client reads."""

    def __init__(self, timed: TimedSocket) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._timed.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._timed.file_closed()


class Connection(http.client.HTTPConnection):
    """A connection that is there from the start, and never comes back by itself."""

    auto_open = 0

    def __init__(self, server: Server, timed: TimedSocket) -> None:
        super().__init__(server.host, server.port)
        self.server = server
        self.default_port = DEFAULT_PORTS[server.scheme]
        self.timed = timed
        self.sock = timed
        self.prefix = ""  # of each path: what a proxy is told of the server
        self.proxy_authorization = ""


def connect(
    server: Server, proxy: Proxy | None, tls: ssl.SSLContext | None, deadline: float
) -> Connection:
    """Return a connection to a server. Raises OSError, HTTPException."""
    timed = TimedSocket(_socket(proxy or server, deadline), deadline)
    try:
        if tls is not None:
            if proxy is not None:
                _tunnel(timed, server, proxy)
            timed.set_timeout()
            timed.inner = tls.wrap_socket(timed.inner, server_hostname=server.host)
    except BaseException:
        timed.close()
        raise
    connection = Connection(server, timed)
    if proxy is not None and tls is None:
        connection.prefix = f"http://{server.address}"
        connection.proxy_authorization = proxy.authorization
    return connection


def _socket(peer: Server | Proxy, deadline: float) -> socket.socket:
    """Return a connected socket, whichever of the addresses answers."""
    name, port = peer.host.encode("ascii"), peer.port
    addresses = within(
        deadline - time.monotonic(),
        lambda: socket.getaddrinfo(name, port, type=socket.SOCK_STREAM),
    )
    failure = OSError("no address")
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - tried)
        found = socket.socket(family, kind, protocol)
        try:
            found.settimeout(max(share, _SHORTEST))
            found.connect(address)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException as error:
            found.close()
            if not isinstance(error, OSError):
                raise
            failure = error
        else:
            return found
    raise failure


def _tunnel(timed: TimedSocket, server: Server, proxy: Proxy) -> None:
    """Have the proxy pass on what is said from now on."""
    lines = [f"CONNECT {server.address} HTTP/1.1", f"Host: {server.address}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    timed.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    with http.client.HTTPResponse(timed, method="CONNECT") as response:  # type: ignore[arg-type]
        response.begin()
        if response.status != HTTPStatus.OK:
            raise OSError(f"the proxy answers {response.status}")
