"""Which file system is where, how far its stat is believed, and what is mounted meanwhile."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.system import host
from gorun_tasks.system.linux import parsed_mount
from gorun_tasks.system.mount_table import ALL, NO_CTIME, NOTHING, MountTable

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/mountinfo")

LINE = "36 35 {device} /mnt1 {place} rw,noatime master:1 shared:2 - {kind} /dev/root rw,errors=x"


def table(monkeypatch: pytest.MonkeyPatch, *mounts: tuple[str, str, str]) -> MountTable:
    """Return a table of these mounts: device, place and type."""
    lines = [LINE.format(device=device, place=place, kind=kind) for device, place, kind in mounts]
    monkeypatch.setattr(host, "mounts", lambda: [*map(parsed_mount, lines)])
    return MountTable()


def test_a_line_is_read_with_its_optional_fields_and_escapes() -> None:
    line = LINE.format(device="98:7", place=r"/a\040b\134040", kind="fuse.sshfs")
    assert parsed_mount(line) == (os.makedev(98, 7), r"/a b\040", "fuse.sshfs", line)
    assert parsed_mount("1 1 0:5 / / rw - ext4 x rw")[:3] == (os.makedev(0, 5), "/", "ext4")


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
