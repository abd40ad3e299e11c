"""What Linux tells of processes, and does with pipes."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gorun_tasks.system import linux
from gorun_tasks.system.mount_table import MountTable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def test_a_loader_tells_what_an_executable_lacks(tmp_path: Path) -> None:
    """A shell script has none; a program of C lacks nothing, and one of a newer glibc does."""
    script, newer = tmp_path / "script", tmp_path / "newer"
    script.write_text("#!/bin/sh\n")
    assert linux.why_not_loaded(str(script), {}).startswith("it cannot be loaded: ")
    assert linux.why_not_loaded("/bin/cat", {}) == ""
    program = Path("/bin/cat").read_bytes()
    newer.write_bytes(re.sub(rb"GLIBC_2\.\d\b", b"GLIBC_9.9", program))
    newer.chmod(0o755)
    assert "`GLIBC_9.9' not found" in linux.why_not_loaded(str(newer), dict(os.environ))
    newer.write_bytes(program.replace(b"libc.so.6", b"libx.so.6"))
    assert "libx.so.6" in linux.why_not_loaded(str(newer), {})
    newer.write_bytes(re.sub(rb"/lib[^\0]*/ld-", b"/nox/ld-", program))
    assert "No such file" in linux.why_not_loaded(str(newer), {})


def test_a_process_is_known_by_its_parent_and_its_executable() -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as child:
        assert child.pid in linux.children_of(os.getpid())
        assert linux.executable_of(child.pid) == os.path.realpath("/bin/cat")
        status = os.stat("/bin/cat")
        running = linux.running_executables()
        assert running is not None
        assert (status.st_dev, status.st_ino) in running
    assert linux.children_of(child.pid) == []
    assert linux.executable_of(child.pid) == ""


def test_a_pipe_holds_more_where_this_user_may_have_that() -> None:
    reads, writes = os.pipe()
    try:
        linux.widen_pipe(reads, 1 << 17)
        assert fcntl.fcntl(reads, fcntl.F_GETPIPE_SZ) == 1 << 17
        linux.widen_pipe(reads, -1)  # as where a limit of the system is passed
        assert fcntl.fcntl(reads, fcntl.F_GETPIPE_SZ) == 1 << 17
    finally:
        os.close(reads)
        os.close(writes)


def test_what_comes_on_a_connection_is_acknowledged_at_once() -> None:
    option = socket.IPPROTO_TCP, socket.TCP_QUICKACK
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as connection,
    ):
        connection.setsockopt(*option, 0)
        linux.acknowledge_at_once(connection)
        assert connection.getsockopt(*option) == 1


def test_mounts_are_read_with_their_optional_fields_and_escapes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [
        r"36 35 98:7 /mnt1 /a\040b\134040 rw,noatime master:1 shared:2 - fuse.sshfs /dev/root rw,x",
        "1 1 0:5 / / rw - ext4 x rw",
    ]
    (tmp_path / "table").write_text("".join(f"{line}\n" for line in lines))
    monkeypatch.setattr(linux, "_MOUNT_TABLE", str(tmp_path / "table"))
    assert linux.mounts() == [
        (os.makedev(98, 7), r"/a b\040", "fuse.sshfs", lines[0]),
        (os.makedev(0, 5), "/", "ext4", lines[1]),
    ]


def test_without_a_mount_table_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "_MOUNT_TABLE", "/nowhere")
    assert linux.mounts() == []
    assert linux.open_mount_events() == -1


@pytest.mark.parametrize(
    ("script", "written"),
    [
        ("echo done; cat", False),
        ("echo x >own; echo done; cat", True),
        ("sh -c 'echo x >other; echo done; cat' & wait", True),
    ],
    ids=["pipe", "file", "child"],
)
def test_who_writes_to_files_is_known(tmp_path: Path, script: str, *, written: bool) -> None:
    """Also by what it started, and not who writes into a pipe."""
    if MountTable().kind(str(tmp_path), os.stat(tmp_path).st_dev) == "tmpfs":
        pytest.skip("nobody counts what is written to memory")
    with subprocess.Popen(
        ["sh", "-c", script],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        assert linux.has_written(process.pid) == written
        os.killpg(process.pid, signal.SIGKILL)
