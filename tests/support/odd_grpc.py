"""A gRPC server that answers what a test wants, and a wire to a server that is cut somewhere.

Decides nothing about what an answer should be.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc

from tests.support.odd_server import CHUNK, RESET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Answer = Callable[[str, Iterator[bytes], grpc.ServicerContext], Iterable[bytes]]
    """Of a method, its requests and the call: the answers."""


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        def answers(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            return iter(self._answer(details.method, requests, context))

        return grpc.stream_stream_rpc_method_handler(answers)


@contextmanager
def odd_grpc(answer: Answer) -> Iterator[int]:
    """Serve so while this lasts; yield the port."""
    with ThreadPoolExecutor(8) as workers:
        server = grpc.server(workers, [_Handlers(answer)])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            server.stop(0).wait()


class Wire:
    """Passes on what two ends say, until the server has said so many bytes; then `ending`."""

    def __init__(self, port: int, length: int, ending: str) -> None:
        self.passed = 0
        self._port = port
        self._length = length
        self._ending = ending
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        """Where it begins."""
        port: int = self._socket.getsockname()[1]
        return port

    def end(self) -> None:
        """Close everything."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for one in (self._socket, *self._open):
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self._open += (client, server)
                for pass_on in (self._pass_requests, self._pass_answers):
                    thread = threading.Thread(target=pass_on, args=(client, server))
                    self._threads.append(thread)
                    thread.start()

    def _pass_requests(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK):
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _pass_answers(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while self.passed < self._length and (data := server.recv(CHUNK)):
                client.sendall(data[: self._length - self.passed])
                self.passed += len(data)
            if self._ending == "hang":
                while server.recv(CHUNK):
                    pass
            elif self._ending == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.shutdown(socket.SHUT_RD)  # it is not closed while somebody reads
                client.close()
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire(port: int, length: int = 1 << 40, ending: str = "close") -> Iterator[Wire]:
    """Have such a wire while this lasts."""
    one = Wire(port, length, ending)
    try:
        yield one
    finally:
        one.end()
