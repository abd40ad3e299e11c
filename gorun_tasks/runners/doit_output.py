"""doit's output: what program and go write is hidden where doit hides what actions print.

Decides which streams that are. It must never lose what is hidden: doit shows it where a task fails.
"""

from __future__ import annotations

import contextlib
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any, TextIO

SHOWS_ALL = 2
"""The verbosity from which nothing is hidden."""

_SHOWN_FROM = {"stderr": 1, "stdout": SHOWS_ALL}
"""The streams, and the verbosity from which they are shown."""


@contextlib.contextmanager
def heeding_verbosity(task: Any) -> Iterator[None]:
    """Write into what doit has put in place of the streams that the task's verbosity hides.

    Without `capture` doit hides nothing. In another thread than the main one nothing is hidden:
    there all tasks have the same streams.
    """
    hidden = [name for name, level in _SHOWN_FROM.items() if task.verbosity < level]
    in_thread = threading.current_thread() is not threading.main_thread()
    if not (hidden and task.io.capture) or in_thread:
        yield
        return
    from tempfile import TemporaryFile

    from gorun_tasks.runners.streams import diverted

    with contextlib.ExitStack() as stack:
        for name in hidden:
            file = stack.enter_context(TemporaryFile())
            stack.callback(_repeat, file, getattr(sys, name))
            stack.enter_context(diverted(name, file.fileno()))
        yield


def _repeat(file: IO[bytes], stream: TextIO) -> None:
    file.seek(0)
    stream.write(file.read().decode(errors="backslashreplace"))
