"""Output lines: what several programs write, line by line, each line with its program's name.

Decides when a line is whole: at its end, or where the program that wrote it has ended. It must
never wait for one who might write: somebody who left a program's group may hold its output open.
"""

from __future__ import annotations

import contextlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tell = Callable[[str, int, bytes], None]
    """Gets a line: the name of its program, 1 or 2 for the stream, and what was written."""

_IN_A_PIPE = 1 << 16  # bytes; what a program left in it when it ended is read at once


class OutputLines:
    """The outputs of programs, by the descriptors from which they can be read."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
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
                self._outputs[reads] = _Output(name, stream)
            yield theirs
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def filenos(self) -> list[int]:
        """Return what can be read when somebody wrote."""
        return list(self._outputs)

    def pass_on(self, descriptor: int) -> None:
        """Pass on the lines that are there, as far as they are whole."""
        output = self._outputs[descriptor]
        try:
            chunk = os.read(descriptor, _IN_A_PIPE)
        except BlockingIOError:
            return
        if not chunk:
            self._end_line(output)
            os.close(descriptor)
            del self._outputs[descriptor]
            return
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            output.begun.append(line)
            self._tell_line(output)
        if rest:
            output.begun.append(rest)

    def end(self, name: str) -> None:
        """Pass on what a program of this name wrote, which has ended: its last line, too."""
        for descriptor, output in list(self._outputs.items()):
            if output.name == name:
                self.pass_on(descriptor)
                self._end_line(output)

    def close(self) -> None:
        """Pass on what is there, and read no more."""
        for descriptor, output in list(self._outputs.items()):
            self.pass_on(descriptor)
            self._end_line(output)
            if descriptor in self._outputs:
                os.close(descriptor)
        self._outputs.clear()

    def _end_line(self, output: _Output) -> None:
        if output.begun:
            self._tell_line(output)

    def _tell_line(self, output: _Output) -> None:
        line = b"".join(output.begun)
        output.begun.clear()
        self._tell(output.name, output.stream, line)


class _Output:
    """One stream of a program, and what of a line is there so far."""

    def __init__(self, name: str, stream: int) -> None:
        self.name = name
        self.stream = stream
        self.begun: list[bytes] = []
