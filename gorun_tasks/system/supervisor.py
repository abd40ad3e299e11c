"""Supervisor client: the watch's side of the process that is the parent of a watched program.

Decides how the supervisor is started and what its words mean. Everything else of a program's life
is the supervisor's (see `supervisor_process`): it outlives us, we never wait for it.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import socket
import subprocess
import sys

from gorun_tasks.core.launch import flush
from gorun_tasks.errors import ExecutionError, GoRunError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "supervisor_process.py")


class SupervisorClient:
    """A supervisor, and what is known of the program it keeps.

    `stop_signal` and `grace` (seconds) are what ends a program where nothing else is said, also
    where we are killed. `terminal` says that the program gets the terminal where we have it.
    `streams` are descriptors for its standard input, output and error, ours where none are given.
    `listening` is a socket that the program is handed over in the manner of systemd (LISTEN_FDS).
    Raises ExecutionError where no supervisor can be started.
    """

    def __init__(
        self,
        stop_signal: int,
        grace: float,
        *,
        terminal: bool,
        streams: tuple[int, int, int] | None = None,
        listening: socket.socket | None = None,
    ) -> None:
        self.pid = 0  # of the program, 0 where none runs
        self.group = False  # whether there may be somebody of the program's group
        self.lost = False  # whether the supervisor was killed, and the program with it
        self._stop = (stop_signal, grace)
        self._rest = b""
        self._number = 0  # of the program
        self._socket, theirs = socket.socketpair()
        handed_over = [theirs.fileno(), -1 if listening is None else listening.fileno()]
        given = [descriptor for descriptor in handed_over if descriptor >= 0]
        for descriptor in given:
            os.set_inheritable(descriptor, True)
        stdin, stdout, stderr = streams or (None, None, None)
        control, listened = map(str, handed_over)
        words = [control, str(int(stop_signal)), str(grace), "1" if terminal else "0", listened]
        try:
            # Not `pass_fds`: what we inherited, the program inherits.
            self._process = subprocess.Popen(
                [sys.executable, "-EPSs", _SCRIPT, *words],
                cwd="/",
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                close_fds=False,
            )
        except OSError as error:
            raise ExecutionError(f"cannot start {sys.executable}: {error.strerror}") from error
        finally:
            for descriptor in given:
                os.set_inheritable(descriptor, False)
            theirs.close()

    def fileno(self) -> int:
        """Return what is readable when there are messages."""
        return self._socket.fileno()

    def start(
        self,
        path: str,
        argv: Sequence[str],
        environment: Mapping[bytes, bytes],
        directory: str,
    ) -> None:
        """Start a program; the group of the one before is gone."""
        flush()
        self.group = True
        self._number += 1
        words = [os.fsencode(word) for word in argv]
        where = os.fsencode(directory)
        self._say("start", self._number, os.fsencode(path), words, dict(environment), where)

    def stop(self, signum: int | None = None, grace: float | None = -1.0) -> None:
        """Signal the program's whole group, SIGKILL it after a time (None: never).

        Signal 0 stands for one that the group has been told already.
        """
        usual_signal, usual_grace = self._stop
        signum = usual_signal if signum is None else signum
        self._say("stop", int(signum), usual_grace if grace == -1.0 else grace)

    def resume(self) -> None:
        """Let a program go on that was stopped from the terminal."""
        self._say("resume")

    def messages(self) -> Iterator[tuple[Any, ...]]:
        """Yield what the supervisor has said: see there. Read when `fileno` is readable."""
        try:
            data = self._socket.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self.pid, self.group, self.lost = 0, False, True
            yield ("lost",)
            return
        self._rest += data
        while len(self._rest) >= 4:  # noqa: PLR2004 - the length of a length
            size = 4 + int.from_bytes(self._rest[:4], "little")
            if len(self._rest) < size:
                return
            verb, number, *values = marshal.loads(self._rest[4:size])  # noqa: S302 - our child's
            self._rest = self._rest[size:]
            if number == self._number:
                self._learn(verb, *values)
                yield (verb, *values)

    def close(self) -> None:
        """Let the supervisor end: a program that still runs is stopped first."""
        self._socket.close()
        self._process.wait()

    def _learn(self, verb: str, *values: Any) -> None:
        if verb == "started":
            self.pid = values[0]
        elif verb == "ended":
            self.pid, self.group = 0, values[1]
        elif verb in ("gone", "failed"):
            self.pid, self.group = 0, False

    def _say(self, *words: Any) -> None:
        data = marshal.dumps(words)
        with contextlib.suppress(OSError):  # `messages` will say that it is gone
            self._socket.sendall(len(data).to_bytes(4, "little") + data)


def listener_at(address: str) -> socket.socket:
    """Return a socket that listens at HOST:PORT, or :PORT for every interface. Raises GoRunError.

    Connections wait in it while no program is there to accept them.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        raise UsageError(f"{address} is no address to listen at", "localhost:8080 and :8080 are")
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", int(port)), family=socket.AF_INET6, dualstack_ipv6=True
            )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", "") or str(error)
        raise GoRunError(f"cannot listen at {address}: {reason}") from error


STOP_SIGNAL = 15
