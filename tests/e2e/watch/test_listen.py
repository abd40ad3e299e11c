"""gorun --watch --listen: the watcher holds the socket, so that nobody is refused during a restart.

The server is the example's, the load is real connections, one after another, all the time.
"""

from __future__ import annotations

import http.client
import shutil
import threading
from typing import TYPE_CHECKING, Self

import pytest

from tests.support.clock import PATIENCE
from tests.support.place import REPOSITORY
from tests.support.watching import Watching, free_port, watching

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workshop import Workshop

pytestmark = pytest.mark.usefixtures("go")

RESTARTS = 20
PAGE = "services/cmd/api/static/index.html"


class Load:
    """Requests, each over a connection of its own, until somebody says that it is enough."""

    def __init__(self, port: int) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._port = port
        self._asked_at = 0
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def is_answered_again(self) -> bool:
        """Say whether there was an answer since this was asked last."""
        before, self._asked_at = self._asked_at, self.answered
        return self.answered > before

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._enough.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._enough.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            try:
                connection.request("GET", "/menu", headers={"Connection": "close"})
                if connection.getresponse().status == http.client.OK:
                    self.answered += 1
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(repr(failure))
            finally:
                connection.close()


def teahouse(folder: Path) -> Workshop:
    shop = watching(folder, {})
    shutil.copytree(REPOSITORY / "examples" / "monorepo", shop.folder)
    return shop


def test_no_request_is_refused_across_restarts(tmp_path: Path) -> None:
    shop, port = teahouse(tmp_path), free_port()
    address = f"127.0.0.1:{port}"
    with Watching(shop, "--listen", address, "./services/cmd/api") as watch:
        watch.wait_until_it_watches("api dev on ")
        with Load(port) as load:
            for number in range(RESTARTS):
                with (shop.folder / PAGE).open("a") as page:
                    page.write(f"<!-- {number} -->\n")
                watch.wait_for_next(f"api dev on http://{address}\n")
                watch.wait_until(load.is_answered_again)
        assert load.failures == []
    assert load.answered > RESTARTS


def test_what_cannot_be_listened_at(tmp_path: Path) -> None:
    shop, port = teahouse(tmp_path), free_port()
    result = shop.gorun("--watch", "--listen", "8080", "./services/cmd/api")
    assert (result.rc, result.err) == (
        2,
        "gorun: 8080 is no address to listen at; localhost:8080 and :8080 are\n",
    )
    result = shop.gorun("--watch", "--listen", f"127.0.0.1:{port}", ":api", ":worker")
    assert "gorun: --listen is for one program, not for several\n" in result.err
    result = shop.gorun("--listen", ":8080", "./services/cmd/api")
    assert result.err == "gorun: --listen is only for --watch\n"
    with Watching(shop, "--listen", f"127.0.0.1:{port}", "./services/cmd/api") as watch:
        watch.wait_for_event("started")
        result = shop.gorun("--watch", "--listen", f"127.0.0.1:{port}", "./services/cmd/worker")
        assert result.rc == 125
        assert f"gorun: cannot listen at 127.0.0.1:{port}: Address already in use" in result.err
