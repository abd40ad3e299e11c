"""An HTTP cache that checks nothing, as a web server with PUT is one.

Decides where its files are: below a folder, by their paths. It must never look at what they hold.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path


class Server(ThreadingHTTPServer):
    """A server that counts connections; what it was asked is in `requests`, with the headers."""

    connections = 0
    daemon_threads = True
    request_queue_size = 64
    folder: Path
    requests: list[tuple[str, dict[str, str]]]
    scheme = "http"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def process_request(self, request: object, client_address: object) -> None:
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """Gets and puts files."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        self.server.requests.append((f"{self.command} {self.path}", dict(self.headers)))
        return True

    def do_GET(self) -> None:
        try:
            content = (self.server.folder / self.path[1:]).read_bytes()
        except OSError:
            self.answer(404, b"there is nothing\n")
        else:
            self.answer(200, content)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.server.folder / self.path[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
        temporary.write_bytes(content)
        temporary.rename(path)
        self.answer(201, b"")

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        """Answer with a content, and headers whose names have _ for -."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def http_cache(
    folder: Path, handler: type[Handler] = Handler, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Serve a folder while this lasts."""
    with Server(("127.0.0.1", 0), handler) as server:
        server.folder, server.requests = folder, []
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            server.scheme = "https"
        with answering(server):
            yield server


@contextmanager
def answering(server: HTTPServer) -> Iterator[None]:
    """Have a server answer in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
