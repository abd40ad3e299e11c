"""Mount table: which file system a path is on, and how far its stat may be believed.

Decides that by the type of the file system alone. It must never touch what is mounted: a server may
not answer. A touched file leads here, and its program waits: what few need is imported by them.
"""

from __future__ import annotations

import os

from gorun_tasks.system import host

ALL, NO_CTIME, NOTHING = range(3)
"""How far a stat is believed: wholly; all but the ctime, by this machine's clock; not at all."""


class MountTable:
    """What is mounted where, as of one moment."""

    def __init__(self) -> None:
        self._by_device: dict[int, str] = {}
        self._by_place: dict[str, str] = {}  # of several mounts at one place the last one is seen
        for device, place, kind, _ in host.mounts():
            if device is not None:
                self._by_device[device] = kind
            self._by_place[place] = kind

    def kind(self, path: str, device: int) -> str:
        """Return the type of the file system that a path leads to, "" for an unknown one."""
        kind = self._by_device.get(device)
        if kind is None:
            # Subvolumes of btrfs and lower layers of overlay have devices of their own.
            place = os.path.realpath(path)
            while place not in self._by_place and place != "/":
                place = os.path.dirname(place)
            kind = self._by_device[device] = self._by_place.get(place, "")
        return kind

    def believes(self, path: str, device: int) -> bool:
        """Say whether a stat of this path, which is on this device, is believed wholly."""
        return self.belief(path, device) == ALL

    def belief(self, path: str, device: int) -> int:
        """Return how far a stat of this path, which is on this device, is believed."""
        kind = self.kind(path, device)
        if kind in host.BELIEVED:
            return ALL
        return NO_CTIME if kind in host.WITHOUT_CTIME else NOTHING
