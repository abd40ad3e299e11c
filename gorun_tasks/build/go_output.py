"""Go's output: what go writes for the person, held back until it is known to be about the user.

Decides what waits until it is known whether go is asked once more, and what was said already. It
must never keep from the person what is about his files.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gorun_tasks.toolchain.report import Report


class GoOutput:
    """What go says, in one request or two.

    In the second one nothing is said again. `ours` are the names of what we added to the request:
    what go says of these before it compiles anything waits, as does what a linker says.
    """

    def __init__(self) -> None:
        self.ours: tuple[bytes, ...] = ()
        self._waiting: list[bytes] = []
        self._written: set[bytes] = set()
        self._earlier: set[bytes] = set()

    def names_ours(self) -> bytes:
        """Return the first waiting line that names something of ours, b"" for none."""
        return next((line for line in self._waiting if any(n in line for n in self.ours)), b"")

    def write(self, line: bytes, report: Report, say: Callable[[bytes], None]) -> None:
        """Take in a line: say it, or have it wait."""
        waits = report.step == "link" or (
            report.step in ("load", "publish") and any(name in line for name in self.ours)
        )
        if waits or self._waiting:
            self._waiting.append(line)
        elif line not in self._earlier:
            self._written.add(line)
            say(line)

    def flush(self, say: Callable[[bytes], None]) -> None:
        for line in self._waiting:
            if line not in self._earlier:
                self._written.add(line)
                say(line)
        self._waiting = []

    def drop(self) -> None:
        """Forget what waited, and have nothing said again that was said: go is asked once more."""
        self._waiting = []
        self._earlier |= self._written
