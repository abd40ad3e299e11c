"""A small process that starts commands, one after another, and says what each of them cost.

It is a process of its own because a child's peak memory counts from its parent's: what is started
from a large process looks large. So it must never import more than the interpreter has loaded.
Requests and answers are marshalled tuples on stdin and stdout.
"""

from __future__ import annotations

import marshal
import os
import sys
import time


def serve() -> None:
    """Answer requests `(command, environment, folder, file for output)` until there are no more.

    An answer is `(status, wall seconds, CPU seconds, peak memory in bytes)`. The CPU time is that
    of the process and of all descendants that were waited for.
    """
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    while True:
        try:
            command, environ, folder, output = marshal.load(sys.stdin.buffer)
        except EOFError:
            return
        os.chdir(folder)
        files = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, writing, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, f"{output}.err", writing, 0o600),
        ]
        begun = time.perf_counter()
        pid = os.posix_spawn(command[0], command, environ, file_actions=files)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - begun
        cpu = usage.ru_utime + usage.ru_stime
        answer = (os.waitstatus_to_exitcode(status), wall, cpu, usage.ru_maxrss * unit)
        marshal.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
