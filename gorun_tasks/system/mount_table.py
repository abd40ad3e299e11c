"""Mount table: which file system a path is on, and how far its stat may be believed.

Decides that by the type of the file system alone. It must never touch what is mounted: a server may
not answer. A touched file leads here, and its program waits: what few need is imported by them.
"""

from __future__ import annotations

import os
import sys

ALL, NO_CTIME, NOTHING = range(3)
"""How far a stat is believed: wholly; all but the ctime, by this machine's clock; not at all."""

_BELIEVED = frozenset(
    (
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "apfs"),
        # Its lower layers are believed to be as good as the upper one.
        "overlay",
        # A kernel's own, in memory: the root of a machine without a disk.
        *("rootfs", "ramfs"),
    )
)
_WITHOUT_CTIME = frozenset(("vfat", "msdos", "exfat"))

LINUX_TABLE = "/proc/self/mountinfo"
_ESCAPED = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


class MountTable:
    """What is mounted where, as of one moment."""

    def __init__(self) -> None:
        self._by_device: dict[int, str] = {}
        self._by_place: dict[str, str] = {}  # of several mounts at one place the last one is seen
        for device, place, kind in map(parsed_mount, mount_lines()):
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
        if kind in _BELIEVED:
            return ALL
        return NO_CTIME if kind in _WITHOUT_CTIME else NOTHING


def mount_lines() -> list[str]:
    """Return the mount table of this process, [] where nothing tells."""
    try:
        if sys.platform == "darwin":
            import subprocess  # noqa: PLC0415 - see above

            done = subprocess.run(["/sbin/mount"], capture_output=True, check=False)
            return os.fsdecode(done.stdout).splitlines()
        with open(LINUX_TABLE, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            return file.read().split("\n")[:-1]
    except OSError:
        return []


def parsed_mount(line: str) -> tuple[int | None, str, str]:
    """Return device (None where it is not told), place and type of a mount."""
    if sys.platform == "darwin":
        # DEVICE on PLACE (TYPE, OPTIONS...)
        named, _, options = line.rpartition(" (")
        return (None, named.partition(" on ")[2], options.partition(",")[0].rstrip(")"))
    # Before the type stand optional fields, and " - " after them (proc_pid_mountinfo(5)).
    before, _, after = line.partition(" - ")
    words = before.split(" ")
    major, _, minor = words[2].partition(":")
    place = words[4]
    for escape, character in _ESCAPED.items():  # the backslash is the last
        place = place.replace(escape, character)
    return os.makedev(int(major), int(minor)), place, after.partition(" ")[0]
