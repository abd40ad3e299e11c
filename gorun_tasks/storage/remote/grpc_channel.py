"""gRPC channel: calls to one server by grpcio, with a deadline for each wait.

Decides how a server is reached and how long it may take. It must never let grpcio write a line,
change the environment of what is started later, nor be imported where no server is asked.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import pkgutil
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from gorun_tasks.errors import __version__
from gorun_tasks.storage.remote.deadline import Watch
from gorun_tasks.storage.remote.grpc_messages import Code
from gorun_tasks.storage.remote.wire import NotAMessage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import ModuleType
    from typing import Any

    import grpc

    from gorun_tasks.storage.remote.connection import Proxy
    from gorun_tasks.storage.remote.credentials import Access
    from gorun_tasks.storage.remote.deadline import Limits
    from gorun_tasks.storage.remote.url import Server

_VARIABLES = {
    "GRPC_VERBOSITY": "NONE",
    "GRPC_TRACE": "",
    "GRPC_ENABLE_FORK_SUPPORT": "0",  # its handlers wait for calls, and nobody forks during one
}
"""What grpcio reads once, and what it is to find: no variable of the program's."""


class CallFailed(Exception):
    """A call ended so: `code` says how. `details` are the server's words, or grpcio's."""

    def __init__(self, code: Code, details: str) -> None:
        super().__init__(code.name)
        self.code = code
        self.details = details


class Channel:
    """A connection to a server, made by the first call."""

    def __init__(self, server: Server, access: Access, limits: Limits) -> None:
        """Raise ImportError where grpcio cannot be loaded."""
        self._grpc = _library()
        self._limits = limits
        authorization = access.authorization
        self._metadata = (("authorization", authorization),) if authorization else ()
        options = [
            ("grpc.primary_user_agent", f"gorun-tasks/{__version__}"),
            ("grpc.use_local_subchannel_pool", 1),  # else how long it waits is kept elsewhere
            ("grpc.enable_retries", 0),
            *_proxy_options(access.proxy_of(server)),
        ]
        target = f"dns:///{server.address}"
        if server.scheme == "grpcs":
            known = access.certificates
            tls = self._grpc.ssl_channel_credentials(
                known.roots() or _bundled_roots(),
                known.key.content or None,
                known.chain.content or None,
            )
            self._channel = self._grpc.secure_channel(target, tls, options)
        else:
            self._channel = self._grpc.insecure_channel(target, options)

    def ask(self, method: str, request: bytes, first: float = 0) -> bytes:
        """Return the one answer to a request. Raises CallFailed, NotAMessage.

        `first` is how long to wait for its beginning, if not as long as usual.
        """
        with contextlib.closing(self.stream(method, request, first)) as answers:
            found = [*itertools.islice(answers, 2)]
        if len(found) != 1:
            raise NotAMessage("not one answer")
        return found[0]

    def stream(self, method: str, request: bytes, first: float = 0) -> Generator[bytes]:
        """Yield the answers to a request; it is closed to end them. Raises CallFailed."""
        call: Any = self._channel.unary_stream(method)(request, metadata=self._metadata)
        with Watch(first or self._limits.answer, self._limits.data, call.cancel) as watch:
            try:
                call.initial_metadata()
                while True:
                    watch.wait()
                    answer = next(call, None)
                    watch.pause()
                    if answer is None:
                        return
                    yield answer
            except self._grpc.RpcError:
                raise _failure(call) from None
            finally:
                call.cancel()

    def send(self, method: str, requests: Iterator[bytes]) -> bytes:
        """Return the answer to requests. Raises CallFailed, and what `requests` does."""
        failures: list[BaseException] = []
        has_call = threading.Event()

        def watched() -> Iterator[bytes]:
            # In a thread of grpcio, which would tell of a failure in its own way.
            try:
                for request in requests:
                    watch.wait()
                    yield request
                    watch.pause()
            except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
                failures.append(error)
                has_call.wait()
                call.cancel()
            watch.wait()

        data = self._limits.data
        with Watch(data, data, lambda: call.cancel()) as watch:  # noqa: PLW0108 - it comes later
            call: Any = self._channel.stream_unary(method).future(
                watched(), metadata=self._metadata
            )
            has_call.set()
            try:
                answer: bytes = call.result()
            except (self._grpc.RpcError, self._grpc.FutureCancelledError):
                if failures:
                    raise failures[0] from None
                raise _failure(call) from None
            finally:
                call.cancel()
        return answer

    def close(self) -> None:
        self._channel.close()


def _failure(call: grpc.RpcError) -> CallFailed:
    return CallFailed(Code(call.code().value[0]), call.details() or "")


def _library() -> ModuleType:
    """Return grpcio, which finds its variables as we want them if nobody else has loaded it."""
    if "grpc" in sys.modules:
        return sys.modules["grpc"]
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(_VARIABLES)
    try:
        import grpc  # noqa: PLC0415
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return grpc


def _bundled_roots() -> bytes | None:
    """Return the authorities that grpcio brings.

    By itself it would prefer those of a file that a variable of the program may name.
    """
    with contextlib.suppress(OSError):
        return pkgutil.get_data("grpc._cython", "_credentials/roots.pem")
    return None


def _proxy_options(proxy: Proxy | None) -> list[tuple[str, int | str]]:
    if proxy is None:
        return [("grpc.enable_http_proxy", 0)]  # nor one that grpcio finds by itself
    user, colon, password = base64.b64decode(proxy.authorization[6:]).decode().partition(":")
    credentials = f"{quote(user, '')}:{quote(password, '')}@" if colon else ""
    return [("grpc.http_proxy", f"http://{credentials}{proxy.host}:{proxy.port}")]
