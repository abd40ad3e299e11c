"""The watch's side of a supervisor: what its messages mean, and addresses to listen at."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

from gorun_tasks.errors import GoRunError, UsageError
from gorun_tasks.system.supervisor import SupervisorClient, listener_at

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def supervisor() -> Iterator[SupervisorClient]:
    """Return a supervisor that keeps nothing yet, and would wait for ever before it kills."""
    client = SupervisorClient(signal.SIGTERM, 600.0, terminal=False)
    yield client
    client.close()


def start(supervisor: SupervisorClient, script: str) -> None:
    supervisor.start("/bin/sh", ["sh", "-c", script], os.environb, "/")


def until(supervisor: SupervisorClient, verb: str) -> list[tuple[Any, ...]]:
    """Return the messages up to one with this verb."""
    told: list[tuple[Any, ...]] = []
    while not told or told[-1][0] != verb:
        told += supervisor.messages()
    return told


def test_a_program_and_its_end(supervisor: SupervisorClient) -> None:
    start(supervisor, "exit 3")
    assert supervisor.group
    (_, pid), *_, ended = until(supervisor, "ended")
    assert pid > 0
    assert ended == ("ended", 3, False, False)
    assert (supervisor.pid, supervisor.group) == (0, False)


def test_who_is_left_of_a_group_is_stopped_with_it(supervisor: SupervisorClient) -> None:
    start(supervisor, "sleep 600 & exit 0")
    assert until(supervisor, "ended")[-1] == ("ended", 0, True, False)
    assert (supervisor.pid, supervisor.group) == (0, True)
    supervisor.stop()
    until(supervisor, "gone")
    assert not supervisor.group


def test_what_cannot_be_started_leaves_nothing(supervisor: SupervisorClient) -> None:
    supervisor.start("/no/such/program", ["x"], {}, "/")
    verb, number, of_directory = until(supervisor, "failed")[-1]
    assert (verb, os.strerror(number), of_directory) == (
        "failed",
        "No such file or directory",
        False,
    )
    assert (supervisor.pid, supervisor.group) == (0, False)
    supervisor.start("/bin/sh", ["sh"], {}, "/no/such/directory")
    assert until(supervisor, "failed")[-1][2]


def test_words_about_an_earlier_program_are_not_about_this_one(
    supervisor: SupervisorClient,
) -> None:
    """Two messages may cross: the end of the first must not be taken for that of the second."""
    start(supervisor, "exit 3")
    start(supervisor, "exit 4")
    assert until(supervisor, "ended")[-1] == ("ended", 4, False, False)


def test_a_supervisor_that_was_killed_is_lost(supervisor: SupervisorClient) -> None:
    start(supervisor, "kill -KILL $PPID; exec sleep 600")
    until(supervisor, "lost")
    assert supervisor.lost
    assert (supervisor.pid, supervisor.group) == (0, False)
    supervisor.stop()  # which nobody hears
    assert list(supervisor.messages()) == [("lost",)]


@pytest.mark.parametrize("address", ["8080", "localhost", "localhost:", "localhost:http", ":"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError, match=f"^{address} is no address to listen at"):
        listener_at(address)


def test_an_address_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(GoRunError, match=f"cannot listen at .*:{port}: Address already"):
            listener_at(f"127.0.0.1:{port}")


# Python leaves the socket of such a port to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_port_beyond_the_last_is_an_error_in_one_sentence() -> None:
    with pytest.raises(GoRunError, match=r"cannot listen at 127\.0\.0\.1:65536: "):
        listener_at("127.0.0.1:65536")


@pytest.mark.parametrize("host", ["", "127.0.0.1"])
def test_connections_wait_for_a_program(host: str) -> None:
    """Nobody accepts yet; a connection is made all the same."""
    with listener_at(f"{host}:0") as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as ours:
            accepted, address = listening.accept()
            accepted.close()
            assert address[1] == ours.getsockname()[1]
