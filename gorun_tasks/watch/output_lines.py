"""Output lines: what several programs write, as far as it may be shown.

Decides when that is: whole lines at once, and what ends no line (a prompt, a progress bar) after a
moment without more, when there is much of it, or where the program has ended. It must never wait
for one who might write, as somebody who left a program's group may hold its output open, nor keep
more than a little.
"""

from __future__ import annotations

import contextlib
import os
import time

from gorun_tasks.system import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Write = Callable[[str, int, bytes], None]
    """Gets what was written: the name of its program, 1 or 2 for the stream, and the words: lines
    with their ends, the last one perhaps without."""

_IN_A_PIPE = 1 << 18  # bytes; what a program left in it when it ended is read at once
_MOMENT = 0.05  # seconds in which the end of a line may follow its beginning


class OutputLines:
    """The outputs of programs, by the descriptors from which they can be read."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._outputs: dict[int, _Output] = {}

    @contextlib.contextmanager
    def of(self, name: str) -> Iterator[list[int]]:
        """Yield what programs of this name inherit as their standard output and error."""
        theirs = []
        try:
            for stream in (1, 2):
                reads, writes = os.pipe()
                theirs.append(writes)
                os.set_blocking(reads, False)
                host.widen_pipe(reads, _IN_A_PIPE)
                self._outputs[reads] = _Output(name, stream)
            yield theirs
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def filenos(self) -> list[int]:
        """Return what can be read when somebody wrote."""
        return list(self._outputs)

    def patience(self) -> float | None:
        """Return the seconds until something is to be shown (`show`), None where nothing waits."""
        waiting = [output.due for output in self._outputs.values() if output.begun]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def show(self) -> None:
        """Pass on beginnings of lines that have waited for their ends."""
        now = time.monotonic()
        for output in self._outputs.values():
            if output.begun and output.due <= now:
                self._pass_on_all(output)

    def pass_on(self, descriptor: int) -> None:
        """Take in what is there, and pass on the lines that are whole."""
        output = self._outputs[descriptor]
        try:
            chunk = os.read(descriptor, _IN_A_PIPE)
        except BlockingIOError:
            return
        if not chunk:
            self._pass_on_all(output)
            os.close(descriptor)
            del self._outputs[descriptor]
            return
        lines, end, begun = chunk.rpartition(b"\n")
        if end:
            self._write(output.name, output.stream, output.begun + lines + end)
            output.begun = b""
        if begun:
            output.begun += begun
            output.due = time.monotonic() + _MOMENT
        if len(output.begun) >= _IN_A_PIPE:
            self._pass_on_all(output)

    def end(self, name: str) -> None:
        """Pass on what a program of this name wrote, which has ended."""
        for descriptor, output in list(self._outputs.items()):
            if output.name == name:
                self.pass_on(descriptor)
                self._pass_on_all(output)

    def close(self) -> None:
        """Pass on what is there, and read no more."""
        for descriptor, output in list(self._outputs.items()):
            self.pass_on(descriptor)
            self._pass_on_all(output)
            if descriptor in self._outputs:
                os.close(descriptor)
        self._outputs.clear()

    def _pass_on_all(self, output: _Output) -> None:
        if output.begun:
            self._write(output.name, output.stream, output.begun)
            output.begun = b""


class _Output:
    """One stream of a program, what of a line is there so far, and when that is to be shown."""

    def __init__(self, name: str, stream: int) -> None:
        self.name = name
        self.stream = stream
        self.begun = b""
        self.due = 0.0
