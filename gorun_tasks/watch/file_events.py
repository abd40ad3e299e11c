"""File events: which paths changed, by the system's events or else by polling.

Decides which of the two it is: events do not arrive from network and virtual file systems, where
others than this kernel write. It must never decide that something changed: a notice is a reason to
look, and a stat key that differs is one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
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

    Notify = Callable[[frozenset[str] | None], None]
    """Hears of the paths that moved; None: whichever, it is worth a look."""

_STEP = 3  # milliseconds without a further event, after which there is a notice
_SLEEP = 25  # the same where there is a look each time: an idle watch is to cost next to nothing
_LONGEST = 50  # milliseconds of events upon events, after which there is one all the same
_INTERVAL = 0.5  # seconds between two looks by the clock


class FileEvents:
    """Watches directories; `notify` is called in a thread of its own."""

    def __init__(self, notify: Notify) -> None:
        """Begin to watch nothing. Raises UsageError where watchfiles is needed and not there."""
        if not host.TELLS_OF_DIRECTORIES and find_spec("watchfiles") is None:
            raise UsageError(
                "watching needs watchfiles, which is not installed",
                "pip install 'gorun-tasks[watch]'",
            )
        self._notify = notify
        self._lock = threading.Lock()
        self._places: Places = {}
        self._stop = threading.Event()
        self._line = -1  # to the thread that listens, until somebody hangs up
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
            self._notify(None)

        with self._lock:
            if not self._closed:
                self._start(watch)

    def close(self) -> None:
        """Watch no more; nobody is called after this.

        No thread is left: what listens is not written in Python, and must not outlive it.
        """
        with self._lock:
            self._closed = True
            self._end()
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
        self._end()
        self._stop = threading.Event()
        self.polling = self.polling or why_poll(places)
        if not self.polling:
            try:
                self._begin_to_listen(places)
            except (FileNotFoundError, NotADirectoryError):
                # Gone since we looked: the next look finds what is there instead.
                self._places = {}
                self._notify(None)
                return True
            except (OSError, RuntimeError) as error:
                self.polling = _in_words(error)
        if self.polling:
            self._start(self._look_at_the_clock, places, _glance(places), self._stop)
        return True

    def _begin_to_listen(self, places: Places) -> None:
        if host.TELLS_OF_DIRECTORIES:
            hung_up, self._line = os.pipe()
            self._start(self._listen, *_listener(places), hung_up, self._stop)
        else:
            # It takes a tenth of a second to load: the program starts meanwhile.
            from watchfiles._rust_notify import RustNotify

            notify = RustNotify(sorted(places), False, False, 300, False, True)
            self._start(self._listen_elsewhere, notify, self._stop)

    def _end(self) -> None:
        """Have the thread end that watches."""
        self._stop.set()
        if self._line >= 0:
            os.close(self._line)  # it waits for this, or for events
            self._line = -1

    def _start(self, run: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
        thread.start()

    def _listen(
        self,
        queue: host.DirectoryEvents,
        directories: Mapping[int, str],
        hung_up: int,
        stop: threading.Event,
    ) -> None:
        poll = select.poll()
        poll.register(hung_up, select.POLLIN)
        poll.register(queue.fileno(), select.POLLIN)
        while not stop.is_set():
            poll.poll()
            moved: set[str] = set()
            missed = False
            deadline = time.monotonic() + _LONGEST / 1000
            while not stop.is_set() and poll.poll(_STEP) and time.monotonic() < deadline:
                for number, name, _ in queue.events():
                    missed = missed or number < 0
                    if number in directories:
                        moved.add(f"{directories[number].rstrip('/')}/{name}".removesuffix("/"))
            if missed or moved:
                self._notify(None if missed else frozenset(moved))
        queue.close()
        os.close(hung_up)

    def _listen_elsewhere(self, notify: Any, stop: threading.Event) -> None:
        while True:
            changes = notify.watch(_LONGEST, _SLEEP, 0, stop)
            if stop.is_set() or not isinstance(changes, set):
                notify.close()
                return
            self._notify(frozenset(path for _, path in changes))

    def _look_at_the_clock(
        self, places: Places, before: Mapping[str, Key | None], stop: threading.Event
    ) -> None:
        pause = _INTERVAL
        while not stop.wait(pause):
            begun = time.monotonic()
            now = _glance(places)
            moved = {path for path, _ in before.items() ^ now.items()}
            if moved:
                self._notify(frozenset(moved))
            before = now
            # Of a large program that takes long: no more than a tenth of the time goes into it.
            pause = max(_INTERVAL, 10 * (time.monotonic() - begun))


def _listener(places: Places) -> tuple[host.DirectoryEvents, dict[int, str]]:
    """Return what listens to directories, and the numbers that it has for them. Raises OSError.

    What may not be read is left out: go cannot look into it either.
    """
    queue = host.DirectoryEvents()
    directories = {}
    try:
        for place in sorted(places):
            with contextlib.suppress(PermissionError):
                directories[queue.add(place, contents=True)] = place
    except OSError:
        queue.close()
        raise
    return queue, directories


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
    if getattr(error, "errno", 0) in (errno.ENOSPC, errno.EMFILE):
        return host.NO_MORE_EVENTS
    return f"the system gives no events: {error}"
