"""A proxy that tunnels: it connects whoever asks with one port of this machine.

Decides nothing about what goes through.
"""

from __future__ import annotations

import select
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.http_cache import Handler, http_cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.http_cache import Server


@contextmanager
def tunnel(folder: Path, port: int) -> Iterator[Server]:
    """Run such a proxy, whatever server it is asked for."""

    class Tunnel(Handler):
        def do_CONNECT(self) -> None:  # noqa: N802 - the name that http.server looks for
            self.send_response(200)
            self.end_headers()
            with socket.create_connection(("127.0.0.1", port)) as there:
                ends = {self.connection: there, there: self.connection}
                while True:
                    for end in select.select(list(ends), [], [])[0]:
                        data = end.recv(1 << 16)
                        if not data:
                            self.close_connection = True
                            return
                        ends[end].sendall(data)

    with http_cache(folder, Tunnel) as proxy:
        yield proxy
