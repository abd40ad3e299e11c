"""doit's output: what program and go write is hidden where doit hides what actions print.

Decides which streams that are. It must never lose what is hidden: doit shows it where a task fails.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from tempfile import TemporaryFile

from gorun_tasks.runners.streams import diverted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, TextIO

_SHOWN_FROM = {"stderr": 1, "stdout": 2}
"""The streams, and the verbosity from which they are shown."""


@contextlib.contextmanager
def hidden(verbosity: int) -> Iterator[None]:
    """Write into what doit has put in place of the streams that this verbosity hides.

    In another thread than the main one nothing is hidden: there all tasks have the same streams.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with contextlib.ExitStack() as stack:
        for name in (name for name, level in _SHOWN_FROM.items() if verbosity < level):
            file = stack.enter_context(TemporaryFile())
            stack.callback(_repeat, file, getattr(sys, name))
            stack.enter_context(diverted(name, file.fileno()))
        yield


def _repeat(file: IO[bytes], stream: TextIO) -> None:
    file.seek(0)
    stream.write(file.read().decode(errors="backslashreplace"))
