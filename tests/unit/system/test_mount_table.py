"""Which file system is where, how far its stat is believed, and what is mounted meanwhile."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import host
from gorun_tasks.system.mount_table import ALL, NO_CTIME, NOTHING, MountTable

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="its file systems are Linux's")


def table(monkeypatch: pytest.MonkeyPatch, *mounts: tuple[str, str, str]) -> MountTable:
    """Return a table of these mounts: device, place and type."""
    found = [(os.makedev(*map(int, mount[0].split(":"))), *mount[1:], "") for mount in mounts]
    monkeypatch.setattr(host, "mounts", lambda: found)
    return MountTable()


@pytest.mark.parametrize(
    ("kinds", "belief"),
    [
        (("ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "overlay"), ALL),
        (("vfat", "exfat"), NO_CTIME),
        (("fuse", "fuse.sshfs", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "9p"), NOTHING),
        (("virtiofs", "squashfs", "erofs", "iso9660", "ntfs3", "newfs", ""), NOTHING),
    ],
)
def test_belief_goes_by_the_type(
    monkeypatch: pytest.MonkeyPatch, kinds: tuple[str, ...], belief: int
) -> None:
    for kind in kinds:
        mounts = table(monkeypatch, ("0:1", "/", "ext4"), ("0:77", "/m", kind))
        assert mounts.belief("/m/x", os.makedev(0, 77)) == belief


def test_a_device_that_no_mount_has_goes_by_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Subvolumes of btrfs, and lower layers of overlay, have devices of their own."""
    (tmp_path / "link").symlink_to(tmp_path)
    mounts = table(monkeypatch, ("0:1", "/", "9p"), ("0:2", str(tmp_path), "btrfs"))
    assert mounts.belief(f"{tmp_path}/link/x", os.makedev(0, 99)) == ALL
    assert mounts.belief("/etc", os.makedev(0, 98)) == NOTHING


def test_where_nobody_tells_nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert table(monkeypatch).belief("/", os.stat("/").st_dev) == NOTHING
