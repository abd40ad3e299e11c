"""The page on debugging is played with the real dlv, and its editors' files are used as they stand.

dlv comes through the ordinary go client, once: gorun runs it as the page says.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.support.clock import PATIENCE
from tests.support.pages import File, play, steps
from tests.support.place import REPOSITORY, Running
from tests.support.watching import free_port
from tests.support.workshop import Workshop, go_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pages import Shell

PAGE = REPOSITORY / "docs" / "debug.md"
TEXT = PAGE.read_text()
_FOUND = re.search(r"gorun (github\.com/go-delve/delve/cmd/dlv@\S+)", TEXT)
assert _FOUND
DLV = _FOUND[1]

BEFORE_PERF = """
<!-- run
$ go mod init example.com/tea
...
$ sed -i 's/2 \\* cups/4 * cups/' main.go
$ tea=$(gorun -ldflags=-s=0 --which .)
-->
"""

_OF_FETCHING = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GOMODCACHE")
_FETCHING_TAKES = 600.0  # seconds, at most

SERVER = """\
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
)

func stir() (n int) {
	for i := range 1000 {
		n += i % 7
	}
	return n
}

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(listener, nil)
	fmt.Println("ready", listener.Addr())
	for {
		stir()
	}
}
"""


@pytest.fixture(scope="session")
def fetching(go: None) -> dict[str, str]:  # noqa: ARG001 - go is who fetches
    """Fetch dlv and compile it; return the settings with which go finds it again."""
    told = subprocess.run(
        [go_command(), "env", "-json", *_OF_FETCHING], capture_output=True, text=True, check=True
    )
    settings: dict[str, str] = json.loads(told.stdout)
    done = subprocess.run(
        [go_command(), "run", DLV, "version"],
        env={**os.environ, "GOFLAGS": "", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        timeout=_FETCHING_TAKES,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"needs {DLV} from the module proxy: {done.stderr.strip()[-200:]}")
    return settings


@pytest.fixture
def workshop(tmp_path: Path, fetching: dict[str, str]) -> Workshop:
    """Return a workshop with the page's files."""
    files = {step.name: step.text for step in steps(TEXT) if isinstance(step, File)}
    made = Workshop(tmp_path, {**files, "go.mod": "module example.com/tea\n\ngo 1.24\n"})
    made.environ |= {**fetching, "TERM": "dumb"}
    return made


def play_part(part: str, shell: Shell, folder: Path, fetching: dict[str, str]) -> None:
    for name, value in fetching.items():
        shell.type(f"export {name}='{value}'")
    shell.type("export TERM=dumb")
    page = folder / PAGE.name
    page.write_text(part.replace("2345", str(free_port())))
    play(page, shell)


def test_page_tells_the_truth(shell: Shell, tmp_path: Path, fetching: dict[str, str]) -> None:
    """Break at a line, print a variable, after a rebuild again; connect; look at a profile."""
    play_part(TEXT.partition("## perf")[0], shell, tmp_path, fetching)


def test_perf_finds_the_functions(shell: Shell, tmp_path: Path) -> None:
    trial = ["perf", "record", "-q", "-e", "cpu-clock", "-o", f"{tmp_path}/trial", "true"]
    if (
        not shutil.which("perf")
        or subprocess.run(trial, capture_output=True, check=False).returncode
    ):
        pytest.skip("needs perf, and a kernel that lets it record: apt-get install linux-perf")
    files, heading, perf_part = TEXT.partition("## perf")
    files = files[: files.index("```console")]
    play_part(f"{files}{BEFORE_PERF}{heading}{perf_part}", shell, tmp_path, {})


def test_open_dlv_goes_on_with_the_new_executable(workshop: Workshop) -> None:
    """`restart` after a rebuild: the path is the same, the breakpoint stays, the value is new."""
    path = workshop.gorun("--debug", "--which", ".").out.strip()
    with workshop.start("gorun_tasks", DLV, "exec", path, terminal=True) as running:
        running.wait_for("(dlv) ")
        for words, answer in (
            ("break main.go:13", "Breakpoint 1 set"),
            ("continue", "=>  13:"),
            ("print leaves", "6\n"),
        ):
            say(running, words, answer)
        workshop.edit("main.go", "2 * cups", "3 * cups")
        assert workshop.gorun("--debug", "--which", ".").out.strip() == path
        say(running, "restart", "Process restarted")
        say(running, "continue", "=>  13:")
        say(running, "print leaves", "9\n")
        running.type("exit\n")
        running.end()
        assert running.left_behind() == []


def test_a_save_ends_a_program_that_stands_at_a_breakpoint(workshop: Workshop) -> None:
    """With dlv as -exec: the new program waits at the same port, and nobody is left at the end."""
    dlv = workshop.gorun("--which", DLV).out.strip()
    address = f"127.0.0.1:{free_port()}"
    headless = f"{dlv} exec --headless --listen={address} --accept-multiclient"
    watch = ("--watch", "--debug", f"-exec={headless}", ".")
    with workshop.start("gorun_tasks", *watch) as watching, contextlib.ExitStack() as visitors:
        for cups in (2, 3, 4):
            watching.wait_for(f"listening at: {address}")
            watching.forget()
            visitor = visitors.enter_context(
                workshop.start("gorun_tasks", DLV, "connect", address, terminal=True)
            )
            visitor.wait_for("(dlv) ")
            say(visitor, "break main.go:13", "Breakpoint 1 set")
            say(visitor, "continue", "=>  13:")
            say(visitor, "print leaves", f"{3 * cups}\n")
            workshop.edit("main.go", f"{cups} * cups", f"{cups + 1} * cups")
        watching.signal(signal.SIGTERM)
        watching.end()
        assert watching.left_behind() == []


def say(running: Running, words: str, answer: str) -> None:
    """Type at dlv's prompt, and wait for an answer."""
    running.forget()
    running.type(f"{words}\n")
    running.wait_for(answer)


def test_vs_code_starts_the_executable_that_the_task_links(workshop: Workshop) -> None:
    """The page's own tasks.json and launch.json, told to dlv as VS Code's Go extension does."""
    task = settings(workshop, "tasks.json")["tasks"][0]
    configuration = settings(workshop, "launch.json")["configurations"][0]
    assert configuration["preLaunchTask"] == task["label"]
    for edited, leaves in (("2 * cups", "6"), ("3 * cups", "9")):
        workshop.edit("main.go", "2 * cups", edited)
        assert workshop.execute(["sh", "-c", gorun_here(task["command"])]).rc == 0
        address = f"127.0.0.1:{(port := free_port())}"
        with workshop.start("gorun_tasks", DLV, "dap", f"--listen={address}") as server:
            server.wait_for(f"listening at: {address}")
            with Editor(port) as editor:
                editor.ask("initialize", adapterID="go", pathFormat="path")
                editor.send("launch", **configuration)
                editor.wait("initialized")
                editor.ask(
                    "setBreakpoints",
                    source={"path": str(workshop.folder / "main.go")},
                    breakpoints=[{"line": 13}],
                )
                editor.send("configurationDone")
                thread = editor.wait("stopped")["threadId"]
                frames = editor.ask("stackTrace", threadId=thread)["stackFrames"]
                assert (frames[0]["name"], frames[0]["line"]) == ("main.brew", 13)
                scopes = editor.ask("scopes", frameId=frames[0]["id"])["scopes"]
                locals_ = editor.ask(
                    "variables", variablesReference=scopes[0]["variablesReference"]
                )["variables"]
                assert {"leaves": leaves}.items() <= {
                    v["name"]: v["value"] for v in locals_
                }.items()
                editor.ask("disconnect", terminateDebuggee=True)


def test_task_of_vs_code_fails_where_the_build_does(workshop: Workshop) -> None:
    """So an old program is never debugged in place of one that does not compile."""
    workshop.edit("main.go", "2 * cups", "2 * spoons")
    task = settings(workshop, "tasks.json")["tasks"][0]
    result = workshop.execute(["sh", "-c", gorun_here(task["command"])])
    assert result.rc == 125
    assert "undefined: spoons" in result.err


def test_server_is_profiled_while_it_runs(tmp_path: Path) -> None:
    """The names and lines of a running program, over net/http/pprof."""
    workshop = Workshop(
        tmp_path, {"go.mod": "module example.com/s\n\ngo 1.24\n", "main.go": SERVER}
    )
    path = workshop.gorun("-ldflags=-s=0", "--which", ".").out.strip()
    with workshop.start("gorun_tasks", "-ldflags=-s=0", ".") as running:
        running.wait_for("\n")
        address = running.said.split()[1]
        url = f"http://{address}/debug/pprof/profile?seconds=1"
        result = workshop.execute([go_command(), "tool", "pprof", "-top", "-lines", path, url])
        assert re.search(r"main\.stir .*/main\.go:1\d", result.out), result


def settings(workshop: Workshop, name: str) -> dict[str, Any]:
    """Return the content of one of VS Code's files, with its variables filled in."""
    comment, _, text = (workshop.folder / ".vscode" / name).read_text().partition("\n")
    assert comment.startswith("// ")
    content: dict[str, Any] = json.loads(text.replace("${workspaceFolder}", str(workshop.folder)))
    return content


def gorun_here(command: str) -> str:
    """Return a command in which gorun is that of this checkout."""
    return f'gorun() {{ "{sys.executable}" -m gorun_tasks "$@"; }}; {command}'


class Editor:
    """An editor that speaks the Debug Adapter Protocol."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._file = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request; return its number."""
        number = next(self._numbers)
        body = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(body).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        return number

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a request; return the body of its answer."""
        number = self.send(command, **arguments)
        while (message := self._read()).get("request_seq") != number:
            pass
        assert message["success"], message
        body: dict[str, Any] = message.get("body", {})
        return body

    def wait(self, event: str) -> dict[str, Any]:
        """Return the body of the next event of this kind."""
        while True:
            for message in self._events:
                if message["event"] == event:
                    self._events.remove(message)
                    body: dict[str, Any] = message.get("body", {})
                    return body
            self._read()

    def _read(self) -> dict[str, Any]:
        length = 0
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name == b"Content-Length":
                length = int(value)
        assert length, "dlv has hung up"
        message: dict[str, Any] = json.loads(self._file.read(length))
        if message["type"] == "event":
            self._events.append(message)
        return message
