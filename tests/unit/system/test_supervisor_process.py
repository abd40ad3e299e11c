"""The process that keeps a program: how it ends when its watcher is gone."""

from __future__ import annotations

import marshal
import socket
import subprocess
import sys

from gorun_tasks.system import supervisor_process as supervisor
from tests.support.clock import PATIENCE


def test_a_keeper_ends_in_peace_where_the_watcher_was_killed_in_the_middle_of_a_word() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        words = [str(theirs.fileno()), "15", "5.0", "0", "-1"]
        process = subprocess.Popen(
            [sys.executable, "-EPSs", supervisor.__file__, *words],
            pass_fds=[theirs.fileno()],
            stderr=subprocess.PIPE,
        )
        theirs.close()
        ours.sendall((1000).to_bytes(4, "little") + marshal.dumps(("start", 1)))
    assert process.communicate(timeout=PATIENCE)[1] == b""
    assert process.returncode == 0
