"""File events: which paths changed, by the system's events or else by polling.

Decides which of the two it is: events do not arrive from network and virtual file systems, where
others than this kernel write. It must never decide that something changed: a notice is a reason to
look, and a stat key that differs is one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
import time
from importlib.util import find_spec

from gorun_tasks.core.fingerprint import key_of
from gorun_tasks.errors import UsageError
from gorun_tasks.system import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from gorun_tasks.core.fingerprint import Key
    from gorun_tasks.watch.watch_set import Places

    Tell = Callable[[frozenset[str] | None], None]
    """Hears of the paths that moved; None: whichever, it is worth a look."""

_STEP = 3  # milliseconds without a further event, after which there is a notice
_LONGEST = 50  # milliseconds of events upon events, after which there is one all the same
_INTERVAL = 0.5  # seconds between two looks by the clock


class FileEvents:
    """Watches directories; `tell` is called in a thread of its own."""

    def __init__(self, tell: Tell) -> None:
        """Begin to watch nothing. Raises UsageError where watchfiles is not installed."""
        if find_spec("watchfiles") is None:
            raise UsageError(
                "watching needs watchfiles, which is not installed",
                "pip install 'gorun-tasks[watch]'",
            )
        self._tell = tell
        self._lock = threading.Lock()
        self._places: Places = {}
        self._stop = threading.Event()
        self._closed = False
        self._threads: list[threading.Thread] = []
        self.polling = ""
        """Why there is a look each half second instead of events, "" where there are events."""

    def watch(self, places: Places) -> bool:
        """Watch these directories from now on; say whether that was not so already.

        Whoever looks after this cannot miss what happens later. Nothing is watched after `close`.
        """
        with self._lock:
            return not self._closed and self._watch(places)

    def begin(self, find: Callable[[], Places]) -> None:
        """Watch what `find` returns, which is called in a thread; then have it looked."""

        def watch() -> None:
            self.watch(find())
            self._tell(None)

        with self._lock:
            if not self._closed:
                self._start(watch)

    def close(self) -> None:
        """Watch no more; nobody is called after this.

        No thread is left: what listens is not written in Python, and must not outlive it.
        """
        with self._lock:
            self._closed = True
            self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def directories(self) -> frozenset[str]:
        """The directories that are watched."""
        return frozenset(self._places)

    def _watch(self, places: Places) -> bool:
        if places == self._places:
            return False
        self._places = places
        self._stop.set()
        self._stop = threading.Event()
        self.polling = self.polling or why_poll(places)
        run: Callable[..., None] = self._look_at_the_clock
        arguments: tuple[Any, ...] = ()
        if not self.polling:
            # It takes a tenth of a second to load: the program starts meanwhile.
            from watchfiles._rust_notify import RustNotify

            try:
                notify = RustNotify(sorted(places), False, False, 300, False, True)
            except FileNotFoundError:
                # Gone since we looked: the next look finds what is there instead.
                self._places = {}
                self._tell(None)
                return True
            except (OSError, RuntimeError) as error:
                self.polling = _in_words(error)
            else:
                run, arguments = self._listen, (notify, self._stop)
        if not arguments:
            arguments = (places, _glance(places), self._stop)
        self._start(run, *arguments)
        return True

    def _start(self, run: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
        thread.start()

    def _listen(self, notify: Any, stop: threading.Event) -> None:
        while True:
            changes = notify.watch(_LONGEST, _STEP, 0, stop)
            if stop.is_set() or not isinstance(changes, set):
                notify.close()
                return
            self._tell(frozenset(path for _, path in changes))

    def _look_at_the_clock(
        self, places: Places, before: Mapping[str, Key | None], stop: threading.Event
    ) -> None:
        pause = _INTERVAL
        while not stop.wait(pause):
            begun = time.monotonic()
            now = _glance(places)
            moved = {path for path, _ in before.items() ^ now.items()}
            if moved:
                self._tell(frozenset(moved))
            before = now
            # Of a large program that takes long: no more than a tenth of the time goes into it.
            pause = max(_INTERVAL, 10 * (time.monotonic() - begun))


def _glance(places: Places) -> dict[str, Key | None]:
    """Return the stat keys of all that is in these directories.

    Of a directory in one only which it is: others watch what is in it, where that matters.
    """
    seen: dict[str, Key | None] = {}
    for place in places:
        with contextlib.suppress(OSError):
            for name in os.listdir(place):
                path = f"{place.rstrip('/')}/{name}"
                seen[path] = None
                with contextlib.suppress(OSError):
                    status = os.stat(path)
                    seen[path] = key_of(status)
                    if stat.S_ISDIR(status.st_mode):
                        seen[path] = (0, 0, status.st_mode, status.st_ino, status.st_dev)
    return seen


def why_poll(directories: Iterable[str]) -> str:
    """Return on what file system it is that no events come from a directory, "" where they come.

    WATCHFILES_FORCE_POLLING, watchfiles' own variable, asks for it too.
    """
    if os.environ.get("WATCHFILES_FORCE_POLLING", "").lower() not in ("", "0", "false", "disable"):
        return "WATCHFILES_FORCE_POLLING is set"
    # Of two that are mounted one over the other, the later counts.
    kinds = {place.rstrip("/"): kind for _, place, kind, _ in host.mounts()}
    for directory in directories:
        point = directory.rstrip("/")
        while point and point not in kinds:
            point = point.rpartition("/")[0]
        kind = kinds.get(point, "")
        if kind.partition(".")[0] in host.WITHOUT_EVENTS:
            return f"{point or '/'} is {kind}, from which no events come"
    return ""


def _in_words(error: Exception) -> str:
    exhausted = [f"os error {number}" for number in (errno.ENOSPC, errno.EMFILE)]
    if any(sign in str(error) for sign in (*exhausted, "limit")):
        return host.NO_MORE_EVENTS
    return f"the system gives no events: {error}"
