"""A server that answers what a test wants, byte by byte, and then hangs, closes or resets.

Decides nothing about HTTP but where a request ends.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 16

RESET = struct.pack("ii", 1, 0)
"""To linger for no time: what is closed so is reset."""


class OddServer:
    """Each connection gets the same bytes, after its request or at once; then `ending`."""

    def __init__(self, answer: Iterable[bytes], ending: str, *, listens: bool = True) -> None:
        self.answer = answer
        self.ending = ending
        self.listens = listens
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def end(self) -> None:
        """Close everything."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for connection in (*self._open, self._socket):
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.listens:
                self._read_request(connection)
            for part in self.answer:
                connection.sendall(part)
            if self.ending == "hang":
                while connection.recv(CHUNK):
                    pass
            if self.ending == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        with contextlib.suppress(OSError):
            if self.ending != "reset":
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _read_request(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(CHUNK) or b"\r\n\r\n"
        head, _, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        left = int(length[1]) - len(body) if length else 0
        while left > 0:
            left -= len(connection.recv(CHUNK)) or left
        self.requests.append(request)


@contextmanager
def odd_server(
    answer: Iterable[bytes], ending: str = "close", *, listens: bool = True
) -> Iterator[OddServer]:
    """Serve so while this lasts."""
    server = OddServer(answer, ending, listens=listens)
    try:
        yield server
    finally:
        server.end()
