"""An HTTP cache that meets trouble at one of its requests, the n-th since it was started.

Decides when, and what kind of trouble that is. What came before and comes after is as it should be,
but after its death.
"""

from __future__ import annotations

import itertools
import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.http_cache import Handler, http_cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.http_cache import Server

KINDS = ("fails", "hangs", "dies", "lies", "evicts")
"""It answers 500; never; half, and nobody is there from then on; something else than it should;
as it should, once all contents are gone."""


class Trouble:
    """What the n-th request meets."""

    def __init__(self, kind: str, number: int) -> None:
        self.kind = kind
        self.has_happened = False
        self.is_over = threading.Event()
        self._number = number
        self._count = itertools.count(1)

    def meets_next(self) -> bool:
        """Count a request; say whether it is the one."""
        if next(self._count) != self._number:
            return False
        self.has_happened = True
        return True


class _Unlucky(Handler):
    """Gets and puts files, but for one time."""

    trouble: Trouble
    kind = ""  # of the trouble that this request meets

    def parse_request(self) -> bool:
        if self.trouble.kind == "dies" and self.trouble.has_happened:
            self.close_connection = True
            return False
        if not super().parse_request():
            return False
        self.kind = self.trouble.kind if self.trouble.meets_next() else ""
        if self.kind == "hangs":
            self.trouble.is_over.wait()
            self.close_connection = True
        elif self.kind == "evicts":
            shutil.rmtree(self.server.folder / "cas", ignore_errors=True)
        elif self.kind in ("fails", "dies") and self.command == "PUT":
            size = int(self.headers["Content-Length"])
            self.rfile.read(size if self.kind == "fails" else size // 2)
            self.answer(500, b"")
            return False
        return self.kind != "hangs"

    def do_PUT(self) -> None:  # noqa: N802 - the name that http.server looks for
        super().do_PUT()
        if self.kind == "lies":  # it stored something else
            path = self.server.folder / self.path[1:]
            path.write_bytes(path.read_bytes()[:-1] + b"!")

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        if self.kind == "fails":
            status = 500
        if self.kind == "lies" and self.command != "PUT":
            status, content = 200, content[:-1] + b"!"
        if self.kind != "dies":
            super().answer(status, content, **headers)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) + 1))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True


@contextmanager
def unlucky_server(folder: Path, trouble: Trouble) -> Iterator[Server]:
    """Serve a folder while this lasts."""
    handler = type("Unlucky", (_Unlucky,), {"trouble": trouble})
    with http_cache(folder, handler) as server:
        try:
            yield server
        finally:
            trouble.is_over.set()
