"""HTTP: a place that speaks Bazel's HTTP cache: `/ac/KEY` and `/cas/HASH` below a URL.

Decides what each answer of such a server means. It must never send credentials to another server
than the one that was named, nor ask again where the server did not answer as it must.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from gorun_tasks.errors import __version__
from gorun_tasks.storage.remote.connection import ALLOWANCE, Connection, connect
from gorun_tasks.storage.remote.contents import PART, parts_of, pass_on
from gorun_tasks.storage.remote.deadline import LIMITS, Limits
from gorun_tasks.storage.remote.messages import LARGEST_RESULT, decode_result, encode_result
from gorun_tasks.storage.remote.place import Missing, PlaceUnusable, WriteRefused
from gorun_tasks.storage.remote.url import BadURL, Target, Unsendable, split, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from gorun_tasks.storage.remote.credentials import Access
    from gorun_tasks.storage.remote.place import Digest, Result
    from gorun_tasks.storage.remote.url import Server

_SCHEMES = ("http", "https")

_MOST_REDIRECTS = 3

_REDIRECTS = (301, 302, 307, 308)

_ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)

_FOR_NOW = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
"""Answers that look like a refusal, and mean that the server has too much to do."""

_NO_ROOM = (HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.INSUFFICIENT_STORAGE)


_CLOSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

_NO_METHOD = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)

_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
"""What OpenSSL calls it where something else than TLS is answered."""

_AGENT = f"gorun-tasks/{__version__}"


class Request(NamedTuple):
    """What is asked of a server: `path` is below the URL of the place."""

    method: str
    path: str
    size: int = 0
    parts: Callable[[], Iterable[bytes]] | None = None
    """What is sent, and `size` how many bytes that is; None for a request without a body."""

    headers: Mapping[str, str] = {}


class Answer(NamedTuple):
    """A response, of which the body is still to be read, and what it comes by."""

    response: http.client.HTTPResponse
    connection: Connection
    is_whole: bool
    """Whether all of the request went out, so that another one may follow it."""


class _Broken(Exception):
    """A server did not answer, or not by the protocol; the cause is the error that told."""


class HttpPlace:
    """A server, and the connection to it once there is one."""

    def __init__(self, target: Target, access: Access, limits: Limits = LIMITS) -> None:
        self.label = str(target.server)
        self._target = target
        self._access = access
        self._limits = limits
        self._connections: dict[Server, Connection] = {}
        self._tls: dict[bool, ssl.SSLContext] = {}  # by whether it is for the server that was named
        self._damaged: set[Digest] = set()

    def result(self, key: Digest) -> Result | None:
        data = bytearray()
        try:
            with self._content(f"/ac/{key.hash}") as answer:
                for part in self._body(answer):
                    data += part
                    if len(data) > LARGEST_RESULT:
                        return None
            return decode_result(bytes(data))
        except (Missing, ValueError):
            return None

    def read(self, digest: Digest, write: Callable[[bytes], object]) -> None:
        try:
            with self._content(f"/cas/{digest.hash}") as answer:
                pass_on(self._body(answer), digest, write)
        except Missing:
            self._damaged.add(digest)
            raise

    def lacking(self, digests: Sequence[Digest]) -> list[Digest]:
        return [digest for digest in digests if digest in self._damaged or not self._has(digest)]

    def put(self, digest: Digest, source: BinaryIO) -> None:
        start = source.tell()

        def parts() -> Iterator[bytes]:
            source.seek(start)
            return parts_of(source, digest)

        self._put(Request("PUT", f"/cas/{digest.hash}", digest.size, parts))
        self._damaged.discard(digest)

    def put_result(self, key: Digest, result: Result) -> None:
        data = encode_result(result)
        self._put(Request("PUT", f"/ac/{key.hash}", len(data), lambda: [data]))

    def close(self) -> None:
        while self._connections:
            self._connections.popitem()[1].close()

    @contextlib.contextmanager
    def _content(self, path: str) -> Iterator[Answer]:
        """Ask for a content. Raises Missing."""
        answer = self._ask(Request("GET", path))
        status = answer.response.status
        if status != HTTPStatus.OK:
            said = self._finish(answer, drain=True)
            if status in _ABSENT:
                raise self._absent(path, said)
            raise self._odd(status, said)
        try:
            yield answer
        finally:
            self._finish(answer, drain=False)

    def _absent(self, _path: str, _said: bytes) -> Exception:
        """Return what to raise where nothing is, after what the server says of it."""
        return Missing()

    def _has(self, digest: Digest) -> bool:
        answer = self._ask(Request("HEAD", f"/cas/{digest.hash}"))
        status, size = answer.response.status, answer.response.headers["Content-Length"]
        self._finish(answer, drain=True)
        if status == HTTPStatus.OK:
            return size is None or size.strip() == str(digest.size)
        if status in _ABSENT or status in _NO_METHOD:
            return False
        raise self._odd(status)

    def _put(self, request: Request) -> None:
        status, said = self._sent(request)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        if status in _NO_ROOM or (is_refusal and status not in _FOR_NOW):
            raise WriteRefused(
                f"remote cache: {self.label} does not store ({self._named(status, said)})"
            )
        raise self._odd(status, said)

    def _sent(self, request: Request) -> tuple[int, bytes]:
        """Send a content; return the status of the answer, and what it says."""
        answer = self._ask(request)
        return answer.response.status, self._finish(answer, drain=True)

    def _named(self, status: int, _said: bytes) -> str:
        """Return what people call an answer, and why it may be so."""
        try:
            name = f"{status} {HTTPStatus(status).phrase}"
        except ValueError:
            name = str(status)
        hint = self._access.hint if status in _CLOSED else ""
        return f"{name}; {hint}" if hint else name

    def _body(self, answer: Answer) -> Iterator[bytes]:
        """Yield a body in parts, of which each has to come within the time limit."""
        response, timed = answer.response, answer.connection.timed
        while True:
            timed.deadline = time.monotonic() + self._limits.data
            timed.allowance = ALLOWANCE
            try:
                with _breaking():
                    part = response.read(PART)
                    if not part and response.length:
                        raise http.client.IncompleteRead(part, response.length)
            except _Broken as broken:
                raise self._unusable(broken) from broken
            if not part:
                return
            yield part

    def _ask(self, request: Request) -> Answer:
        """Return the first answer that is no redirect."""
        deadline = time.monotonic() + self._limits.answer
        target = self._target_of(request, deadline)
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                answer = self._exchange(request, target, deadline)
            except _Broken as broken:
                raise self._unusable(broken) from broken
            except Unsendable as error:  # a proxy for a server that we were redirected to
                raise PlaceUnusable(f"remote cache: {error}") from None
            location = answer.response.headers.get("Location", "")
            if answer.response.status not in _REDIRECTS or not location:
                return answer
            self._finish(answer, drain=True)
            try:
                parts_of_url = split(urljoin(target.url, location))
                if parts_of_url.scheme not in _SCHEMES:
                    break
                target = target_of(parts_of_url, plaintext=self._access.plaintext)
            except (BadURL, ValueError):
                break
        raise PlaceUnusable(f"remote cache: {self.label} redirects to where nothing is fetched")

    def _target_of(self, request: Request, _deadline: float) -> Target:
        """Return where to send a request."""
        return Target(self._target.server, self._target.path + request.path)

    def _exchange(self, request: Request, target: Target, deadline: float) -> Answer:
        """Return the answer to one request. Raises Broken, and what its parts do."""
        server = target.server
        while True:
            connection = self._connections.pop(server, None)
            is_new = connection is None
            if connection is None:
                connection = self._connect(server, deadline)
            try:
                self._send_head(connection, request, target, deadline)
                is_whole = request.parts is None or self._send(connection, request.parts())
                with _breaking():
                    response = connection.getresponse()
            except BaseException as error:
                connection.close()
                # It may have been closed there since the last answer.
                again = not is_new and isinstance(error, _Broken)
                if again and not isinstance(error.__cause__, TimeoutError):
                    continue
                raise
            return Answer(response, connection, is_whole)

    def _connect(self, server: Server, deadline: float) -> Connection:
        tls = None
        if server.scheme == "https":
            with _breaking():
                tls = self._context(server)
        with _breaking():
            return connect(server, self._access.proxy_of(server), tls, deadline)

    def _context(self, server: Server) -> ssl.SSLContext:
        """Return what TLS with a server rests on. Raises OSError."""
        is_named = server == self._target.server
        if is_named not in self._tls:
            known = self._access.certificates
            self._tls[is_named] = (known if is_named else known.for_others()).context()
        return self._tls[is_named]

    def _send_head(
        self, connection: Connection, request: Request, target: Target, deadline: float
    ) -> None:
        connection.timed.deadline = deadline
        connection.timed.allowance = ALLOWANCE
        with _breaking():
            connection.putrequest(request.method, connection.prefix + target.path)
            connection.putheader("User-Agent", _AGENT)
            if target.server == self._target.server and self._access.authorization:
                connection.putheader("Authorization", self._access.authorization)
            if connection.proxy_authorization:
                connection.putheader("Proxy-Authorization", connection.proxy_authorization)
            if request.parts is not None:
                connection.putheader("Content-Length", str(request.size))
                connection.putheader("Content-Type", "application/octet-stream")
            for name, value in request.headers.items():
                connection.putheader(name, value)
            try:
                connection.endheaders()
            except (ssl.SSLEOFError, ConnectionError):
                # Who refuses our certificate says so, and closes, before anything is asked.
                connection.timed.inner.recv(1)
                raise

    def _send(self, connection: Connection, parts: Iterable[bytes]) -> bool:
        """Send a body; return whether the connection can be used further."""
        for part in parts:
            connection.timed.deadline = time.monotonic() + self._limits.data
            try:
                connection.send(part)
            except TimeoutError as error:
                raise _Broken from error
            except OSError:
                # Who refuses it may say so, and close, before all has come.
                return False
        connection.timed.deadline = time.monotonic() + self._limits.data
        return True

    def _finish(self, answer: Answer, *, drain: bool) -> bytes:
        """Have the connection ready for the next request, or gone; return what was drained."""
        response, connection, is_whole = answer
        said = b""
        if drain:
            connection.timed.deadline = time.monotonic() + self._limits.answer
            with contextlib.suppress(_Broken), _breaking():
                said = response.read(PART)
        if is_whole and response.isclosed() and connection.sock is not None:
            self._connections[connection.server] = connection
        else:
            response.close()
            connection.close()
        return said

    def _odd(self, status: int, said: bytes = b"") -> PlaceUnusable:
        return PlaceUnusable(f"remote cache: {self.label} answers {self._named(status, said)}")

    def _unusable(self, broken: _Broken) -> PlaceUnusable:
        cause = broken.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = f"{self._access.certificates.untrusted()} ({cause.verify_message})"
        elif isinstance(cause, ssl.SSLError) and (
            refused := self._access.certificates.refused(cause.reason or "")
        ):
            why = refused
        elif isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            why = "does not speak TLS"
        elif isinstance(cause, socket.gaierror):
            why = "is a name that leads to no server"
        elif isinstance(cause, (http.client.HTTPException, ValueError)) and not isinstance(
            cause, OSError
        ):
            why = "does not answer as an HTTP cache"
        else:
            why = "does not answer"
        return PlaceUnusable(f"remote cache: {self.label} {why}")


@contextlib.contextmanager
def _breaking() -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Broken from error
