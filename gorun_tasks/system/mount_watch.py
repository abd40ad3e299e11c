"""Mount watch: what is mounted and unmounted while go builds.

Decides where that was. It must never miss a change: where it cannot tell where one was, it may have
been anywhere.
"""

from __future__ import annotations

import os
import select
import threading

from gorun_tasks.system import host


class MountWatch:
    """Sees what is mounted and unmounted from when it is made until it is closed.

    The kernel tells that the table changed, not how, so a thread compares it each time. What came
    and went before the thread could look may have been anywhere.
    """

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._thread: threading.Thread | None = None
        self._table = host.open_mount_events()  # without it, what came and went goes unseen
        self._before = host.mounts()
        self._begin()

    def changed(self) -> set[str]:
        """Return where something was mounted or unmounted so far, "/" for anywhere."""
        self._end()
        if self._table < 0:
            self._compare()
        else:
            self._look(0)
        self._begin()
        return set(self._changed)

    def close(self) -> None:
        """End the watch."""
        self._end()
        if self._table >= 0:
            os.close(self._table)
            self._table = -1

    def _begin(self) -> None:
        if self._table >= 0:
            stop, self._stop = os.pipe()
            self._thread = threading.Thread(target=self._watch, args=(stop,), daemon=True)
            self._thread.start()

    def _end(self) -> None:
        if self._thread is not None:
            os.close(self._stop)
            self._thread.join()
            self._thread = None

    def _watch(self, stop: int) -> None:
        while not self._look(None, stop):
            pass
        os.close(stop)

    def _look(self, patience: int | None, stop: int = -1) -> bool:
        """Wait for a change, and note where it was; say whether to stop."""
        either = select.poll()
        either.register(self._table, select.POLLPRI)
        if stop >= 0:
            either.register(stop, select.POLLIN)
        events = dict(either.poll(patience))
        if self._table in events and not self._compare():
            self._changed.add("/")
        return stop in events

    def _compare(self) -> bool:
        """Note where mounts came or went since the last look; say whether there were any."""
        now = host.mounts()
        places = {place for _, place, _, _ in {*self._before} ^ {*now}}
        self._before = now
        self._changed |= places
        return bool(places)
