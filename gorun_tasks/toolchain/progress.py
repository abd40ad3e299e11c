"""Progress: how far go is, in one transient line.

    gorun: 12s, 34 of 190 packages, compiling net/http

Read from what go tells anyway, and only where a person watches: go prints what it hashes for a
package when it takes it up, and the key of what the compiler said when it is done with it, whether
it was compiled or found in its cache. There are as many packages as directories in which go read Go
files while it loaded them. Of several packages at work the one is named that is at it longest.

Decides when there is a line, and its words. Nothing is shown in the first half second, nor until go
has been silent for as long, nor while it loads packages: git may be asking for a passphrase then.
It must never hold go up, and never stand in go's own words.
"""

from __future__ import annotations

import time

from gorun_tasks.system import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gorun_tasks.toolchain.report import Report

_SILENCE = 0.5  # seconds
_PAUSE = 0.1  # seconds from one line to the next
_MINUTE = 60
_DONE = b' "stdout" = '


class Progress:
    """One request to go, watched by a person.

    `trace` is where go writes its trace, "" for none; `say` writes what go says. Packages `again`
    are compiled anew because nobody knows from what another go compiled their C.
    """

    def __init__(
        self,
        report: Report,
        trace: str = "",
        say: Callable[[bytes], None] = console.pass_on,
        again: tuple[str, ...] = (),
    ) -> None:
        self._report = report
        self._again = frozenset(again)
        self._say = say
        self._trace = trace
        self.began = time.perf_counter()
        self._spoken = self.began  # when go last said something
        self._shown = 0.0  # when the line was last written
        self._read = 0  # of the lines with hashes
        self._actions: dict[bytes, str] = {}  # what is at work, by action ID
        self._failed: set[str] = set()
        self._done = 0
        self._packages = 0

    def pass_on(self, line: bytes) -> None:
        self._say(line)
        if line[:2] == b"# ":  # what go writes over a package's errors
            self._failed.add(f"compiling {line[2:].strip().decode(errors='replace')}")
        self._spoken = time.perf_counter()

    def tick(self) -> None:
        """Show how far go is, if it is time for that."""
        now = time.perf_counter()
        if self._report.step not in ("compile", "link"):
            console.erase()
        elif now - self._shown >= _PAUSE and now - self._spoken >= _SILENCE:
            self._shown = now
            self._read_on()
            console.show(self._words())

    def _words(self) -> str:
        seconds = int(time.perf_counter() - self.began)
        minutes, rest = divmod(seconds, _MINUTE)
        elapsed = f"{minutes}m{rest}s" if minutes else f"{rest}s"
        at_work = next((work for work in self._actions.values() if work not in self._failed), "")
        if self._report.step == "link":
            return f"gorun: {elapsed}, {at_work or 'linking'}"
        total = max(self._packages, self._done + len(self._actions)) if self._packages else 0
        count = f"{self._done} of {total}" if total else f"{self._done}"
        return f"gorun: {elapsed}, {count} packages, {at_work}".rstrip(", ")

    def _read_on(self) -> None:
        if self._trace and not self._packages:
            self._packages = _packages_loaded(self._trace)
        hashed = self._report.hashed
        end = len(hashed)
        for line in hashed[self._read : end]:
            if line[:12] == b"HASH subkey ":
                if _DONE in line and self._actions.pop(line[12:76], ""):
                    self._done += 1
            elif line[-1:] not in b'"]':  # the end of an action's recipe, which is its ID
                recipe, _, action = line.rpartition(b": ")
                kind, _, package = recipe[5:-1].decode(errors="replace").partition(" ")
                if kind in ("build", "link"):
                    verb = "compiling" if kind == "build" else "linking"
                    once_more = " once more, as its C may have changed"
                    again = once_more if kind == "build" and package in self._again else ""
                    self._actions[action] = f"{verb} {package}{again}"
        self._read = end


def _packages_loaded(trace: str) -> int:
    """Return how many packages go loaded, by its trace."""
    try:
        with open(trace, "rb") as file:
            opened = {line.rpartition(b"/")[0] for line in file if line.endswith(b".go\n")}
    except OSError:
        return 0
    return len(opened) - 1  # all but unsafe, which nobody compiles
