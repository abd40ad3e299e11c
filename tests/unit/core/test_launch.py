"""What a program finds when we start it, and what its starter's caller sees of its end.

Real processes only: `tests/samples/sigprog` does what it is told, `tests/samples/procdump` prints
whatever a middleman could have changed. Nothing here waits for time to pass: tests wait for words.
The rows of the table in the first half are those of the runners' comparison (exit status, signals,
terminal), each met by `run_foreground` in a Python process that does nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.launch import program_environment
from gorun_tasks.system.process_tree import interrupt_tree
from tests.support.clock import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Start = Callable[..., "Running"]

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "tests" / "samples"

needs_proc = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="reads Linux's /proc"
)

# Makes a world, then becomes its first argument. Python's own marks on a process (ignored signals,
# LC_CTYPE) are gone after that.
LAUNCHER = """
import fcntl, json, os, resource, signal, sys, termios
world = json.loads(sys.argv[1])
if world.get("terminal"):
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for number in world.get("open", []):
    os.dup2(os.open("/dev/null", os.O_RDWR | os.O_APPEND), number)
for number in world.get("close", []):
    os.close(number)
for number in world.get("ignore", []):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, world.get("block", []))
if "umask" in world:
    os.umask(world["umask"])
if "files" in world:
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (world["files"], resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
environment = os.environb
if "environment" in world:
    entries = [entry.encode("latin-1") for entry in world["environment"]]
    environment = dict(entry.split(b"=", 1) for entry in entries)
for number in {signal.SIGPIPE, signal.SIGXFSZ}.difference(world.get("ignore", [])):
    signal.signal(number, signal.SIG_DFL)
os.execve(sys.argv[2], sys.argv[2:], environment)
"""

FOREGROUND = "end_as(run_foreground(sys.argv[1:], env=program_environment(os.environb, '')))"
FOREGROUND_IN = (
    "end_as(run_foreground(sys.argv[1:], env=program_environment(os.environb, ''), cwd='.'))"
)
REPLACE = "replace(sys.argv[1], sys.argv[1:], program_environment(os.environb, ''))"

Word = str | bytes


def python(code: str) -> list[str]:
    """Return the command line of a Python process that has the functions under test."""
    start = (
        f"import os, signal, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from gorun_tasks.system.foreground import die_by, run_foreground\n"
        "from gorun_tasks.core.launch import program_environment, replace\n"
        "def end_as(status): sys.exit(status if status >= 0 else 128 - status)"
    )
    return [sys.executable, "-c", f"{start}\n{code}\n"]


def in_world(words: Sequence[Word], **world: object) -> list[Word]:
    return [sys.executable, "-c", LAUNCHER, json.dumps(world), *words]


def build(name: str, folder: Path) -> str:
    go = os.environ.get("GORUN_TEST_GO") or shutil.which("go")
    if not go:
        pytest.skip("needs go: set GORUN_TEST_GO or put it on PATH")
    subprocess.run(
        [go, "build", "-o", folder, "."],
        cwd=SAMPLES / name,
        env=os.environ | {"GOFLAGS": "", "GOWORK": "off"},
        check=True,
    )
    return str(folder / name)


@pytest.fixture(scope="session")
def sigprog(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build("sigprog", tmp_path_factory.mktemp("bin"))


@pytest.fixture(scope="session")
def procdump(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not sys.platform.startswith("linux"):
        pytest.skip("reads Linux's /proc")
    return build("procdump", tmp_path_factory.mktemp("bin"))


class Running:
    """A process, the words it has said so far, and a way to talk to it."""

    def __init__(self, process: subprocess.Popen[bytes], reads: int, writes: int) -> None:
        self.process = process
        self.said = b""
        self._reads = reads
        self._writes = writes

    def expect(self, words: str) -> re.Match[bytes]:
        """Read until a line ends with `words`; a terminal's echo may come before them."""
        pattern = re.compile(words.encode() + rb"\r?\n")
        while not (match := pattern.search(self.said)):
            assert self._read(), f"ended without {words!r}: {self.said!r}"
        return match

    def send(self, words: bytes) -> None:
        """Write to its standard input, or type on its terminal."""
        os.write(self._writes, words)

    def signal(self, signum: int) -> None:
        """Send a signal to the process we started, and to no other."""
        self.process.send_signal(signum)

    def end(self) -> int:
        """Read to the end, and return the process's return code as Python counts it."""
        while self._read():
            pass
        code = self.process.wait(PATIENCE)
        assert b"Traceback" not in self.said, self.said.decode()
        return code

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._reads], [], [], PATIENCE)
        assert ready, f"said nothing more: {self.said!r}"
        try:
            more = os.read(self._reads, 1 << 16)
        except OSError:  # how a terminal says that nobody has its other side open
            more = b""
        self.said += more
        return more


@pytest.fixture
def start() -> Iterator[Start]:
    """Start words in a world of their own: a new session, with pipes and no terminal."""
    with contextlib.ExitStack() as stack:

        def start(words: Sequence[Word], **world: object) -> Running:
            process = stack.enter_context(
                subprocess.Popen(
                    in_world(words, **world),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
            stack.callback(kill_session, process)
            assert process.stdin is not None
            assert process.stdout is not None
            return Running(process, process.stdout.fileno(), process.stdin.fileno())

        yield start


@pytest.fixture
def on_terminal() -> Iterator[Start]:
    """Start words as the foreground group of a new terminal."""
    with contextlib.ExitStack() as stack:

        def start(words: Sequence[Word], **world: object) -> Running:
            ours, theirs = pty.openpty()
            stack.callback(os.close, ours)
            process = stack.enter_context(
                subprocess.Popen(
                    in_world(words, terminal=True, **world),
                    stdin=theirs,
                    stdout=theirs,
                    stderr=theirs,
                    start_new_session=True,
                )
            )
            os.close(theirs)
            stack.callback(kill_session, process)
            return Running(process, ours, ours)

        yield start


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind when a test fails; the leader of the session is its group's, too."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def ready(running: Running) -> int:
    """Wait until sigprog serves; return its process id."""
    return int(running.expect(r"ready (\d+)")[1])


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


# The table: exit status.


@pytest.mark.parametrize("status", [0, 1, 3, 125, 130, 255])
def test_the_exit_status_is_the_programs(start: Start, sigprog: str, status: int) -> None:
    assert start([*python(FOREGROUND), sigprog, "exit", str(status)]).end() == status


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_death_by_a_signal_is_128_and_its_number(
    start: Start, sigprog: str, signum: signal.Signals
) -> None:
    words = [*python(FOREGROUND), sigprog, "kill", str(int(signum))]
    assert start(words).end() == 128 + signum


# The table: signals.


def end_of_one_that_heard_once(running: Running, name: str) -> int:
    """Let the program finish once it has heard of a signal; return how it ended.

    Signals are handled in the order of their numbers: whatever we would have passed on because of
    the first has been passed on when this one has.
    """
    running.expect(f"got {name}")
    running.signal(signal.SIGUSR2)
    running.expect("got user defined signal 2")
    running.send(b"finish\n")
    status = running.end()
    assert running.said.count(f"got {name}".encode()) == 1
    return status


@pytest.mark.parametrize(("key", "name"), [(b"\x03", "interrupt"), (b"\x1c", "quit")])
@pytest.mark.parametrize("status", [3, 0])
def test_a_key_on_the_terminal_reaches_the_program_once_and_it_takes_its_time(
    on_terminal: Start, sigprog: str, key: bytes, name: str, status: int
) -> None:
    running = on_terminal([*python(FOREGROUND), sigprog, "serve", str(status)])
    program = ready(running)
    running.send(key)
    assert end_of_one_that_heard_once(running, name) == status
    assert gone(program)


@pytest.mark.parametrize(
    ("signum", "name"),
    [
        (signal.SIGTERM, "terminated"),
        (signal.SIGHUP, "hangup"),
        (signal.SIGINT, "interrupt"),
        (signal.SIGQUIT, "quit"),
    ],
)
def test_a_signal_to_the_runner_alone_is_passed_on_once(
    start: Start, sigprog: str, signum: signal.Signals, name: str
) -> None:
    running = start([*python(FOREGROUND), sigprog, "serve", "3"])
    program = ready(running)
    running.signal(signum)
    assert end_of_one_that_heard_once(running, name) == 3
    assert gone(program)


@pytest.mark.parametrize(
    ("signum", "name"), [(signal.SIGTERM, "terminated"), (signal.SIGHUP, "hangup")]
)
def test_a_signal_to_the_runner_alone_is_passed_on_from_a_terminal_too(
    on_terminal: Start, sigprog: str, signum: signal.Signals, name: str
) -> None:
    running = on_terminal([*python(FOREGROUND), sigprog, "serve", "3"])
    program = ready(running)
    running.signal(signum)
    running.expect(f"got {name}")
    running.send(b"finish\n")
    assert running.end() == 3
    assert gone(program)


def test_an_interrupt_is_passed_on_in_the_background_of_a_terminal(
    on_terminal: Start, sigprog: str
) -> None:
    # A shell with job control, in short: the terminal tells its own group, not the runner's.
    shell = """
import subprocess
runner = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, process_group=0)
print("runner", runner.pid, flush=True)
runner.communicate(sys.stdin.readline().encode())
sys.exit(runner.returncode)
"""
    running = on_terminal([*python(shell), *python(FOREGROUND), sigprog, "serve", "3"])
    runner = int(running.expect(r"runner (\d+)")[1])
    ready(running)
    os.kill(runner, signal.SIGINT)
    running.expect("got interrupt")
    running.send(b"finish\n")
    assert running.end() == 3


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_during_the_spawn_is_kept_for_the_program(
    start: Start, sigprog: str, signum: signal.Signals
) -> None:
    code = f"""
def hook(event, arguments):
    if event == "subprocess.Popen":
        os.kill(os.getpid(), {int(signum)})
sys.addaudithook(hook)
{FOREGROUND}
"""
    # The program never ends by itself: its standard input stays open.
    assert start([*python(code), sigprog, "count"]).end() == 128 + signum


def test_an_interrupt_before_the_spawn_is_kept_though_it_came_from_the_terminal(
    on_terminal: Start, sigprog: str, tmp_path: Path
) -> None:
    # The first try finds the executable busy, and during it the interrupt comes; the second starts
    # a program that the terminal can have told nothing.
    busy = shutil.copy(sigprog, tmp_path)
    code = f"""
tries = []
writer = open({busy!r}, "r+b")
def hook(event, arguments):
    if event == "subprocess.Popen":
        tries.append(event)
        if len(tries) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        else:
            writer.close()
sys.addaudithook(hook)
{FOREGROUND}
"""
    assert on_terminal([*python(code), busy, "count"]).end() == 128 + signal.SIGINT


def test_what_was_ignored_stays_ignored_in_runner_and_program(start: Start, sigprog: str) -> None:
    # Go, too, leaves an inherited SIG_IGN of these two alone until a program asks for them.
    world = {"ignore": [signal.SIGINT, signal.SIGHUP]}
    running = start([*python(FOREGROUND), sigprog, "count"], **world)
    running.expect("counting")
    running.signal(signal.SIGINT)
    running.signal(signal.SIGHUP)
    assert running.process.stdin is not None
    running.process.stdin.close()
    assert running.end() == 0
    assert b"end after 0 bytes" in running.said


def test_handlers_are_as_they_were_afterwards(start: Start, sigprog: str) -> None:
    code = """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGUSR1, print)
numbers = range(1, signal.NSIG)
before = [signal.getsignal(n) for n in numbers]
status = run_foreground(sys.argv[1:])
print(status, [n for n in numbers if signal.getsignal(n) != before[n - 1]])
"""
    running = start([*python(code), sigprog, "exit", "3"])
    assert running.end() == 0
    assert running.said == b"3 []\n"


def test_the_exit_status_is_known_though_the_runner_was_started_with_sigchld_ignored(
    start: Start, sigprog: str
) -> None:
    words = [*python(FOREGROUND), sigprog, "exit", "3"]
    assert start(words, ignore=[signal.SIGCHLD]).end() == 3


def test_a_runners_own_use_of_a_signal_is_left_to_it(start: Start, sigprog: str) -> None:
    code = f"""
signal.signal(signal.SIGUSR1, lambda *_: print("the runner's", flush=True))
{FOREGROUND}
"""
    running = start([*python(code), sigprog, "serve", "3"])
    ready(running)
    running.signal(signal.SIGUSR1)
    running.expect("the runner's")
    running.send(b"finish\n")
    assert running.end() == 3
    assert b"got" not in running.said


def test_a_runners_own_handler_that_raises_leaves_no_orphan(start: Start, sigprog: str) -> None:
    code = """
def expire(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, expire)
try:
    run_foreground(sys.argv[1:])
except TimeoutError:
    print("too late")
"""
    running = start([*python(code), sigprog, "serve", "3"])
    program = ready(running)
    running.signal(signal.SIGALRM)
    running.expect("got terminated")
    running.send(b"finish\n")
    assert running.end() == 0
    assert running.said.endswith(b"finished\ntoo late\n")
    assert gone(program)


def test_in_another_thread_it_waits(start: Start, sigprog: str) -> None:
    code = """
import threading
run = lambda: print(run_foreground(sys.argv[1:]))
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    running = start([*python(code), sigprog, "exit", "3"])
    assert running.end() == 0
    assert running.said == b"3\n"


# The table: streams.


def test_the_streams_are_the_terminals_and_apart(sigprog: str) -> None:
    first, first_end = pty.openpty()
    second, second_end = pty.openpty()
    process = subprocess.Popen(
        in_world([*python(FOREGROUND), sigprog, "streams"], terminal=True),
        stdin=first_end,
        stdout=first_end,
        stderr=second_end,
        start_new_session=True,
    )
    os.close(first_end)
    os.close(second_end)
    out, err = Running(process, first, first), Running(process, second, second)
    assert (out.end(), err.end()) == (0, 0)
    os.close(first)
    os.close(second)
    assert out.said.split(b"\r\n") == [
        b"/dev/stdin terminal true",
        b"/dev/stdout terminal true",
        b"/dev/stderr terminal true",
        b"to stdout",
        b"",
    ]
    assert err.said == b"to stderr\r\n"


def test_the_end_of_input_typed_on_a_terminal_reaches_the_program(
    on_terminal: Start, sigprog: str
) -> None:
    running = on_terminal([*python(FOREGROUND), sigprog, "count"])
    running.send(b"line\n\x04")
    running.expect("end after 5 bytes <nil>")
    assert running.end() == 0


def test_20_megabytes_that_are_no_text_arrive_as_they_are(start: Start, sigprog: str) -> None:
    size = 20_000_000
    running = start([*python(FOREGROUND), sigprog, "flood", str(size)])
    assert running.end() == 0
    period = bytes(i * 31 >> 3 & 0xFF for i in range(2048))
    assert running.said == (period * (size // len(period) + 1))[:size]


@pytest.mark.parametrize("code", [FOREGROUND, FOREGROUND_IN, REPLACE])
def test_an_inherited_descriptor_is_the_programs(sigprog: str, tmp_path: Path, code: str) -> None:
    (tmp_path / "nine").write_bytes(b"nine")
    ran = subprocess.run(
        [
            "sh",
            "-c",
            'exec 9<"$0"; exec "$@"',
            tmp_path / "nine",
            *python(code),
            sigprog,
            "read",
            "9",
        ],
        stdout=subprocess.PIPE,
        check=True,
    )
    assert ran.stdout == b"nine <nil>\n"


def test_our_words_come_before_the_programs(start: Start, sigprog: str) -> None:
    for code in FOREGROUND, REPLACE:
        # Without PYTHONUNBUFFERED and the like.
        running = start([*python(f"print('ours')\n{code}"), sigprog, "count"], environment=[])
        assert running.process.stdin is not None
        running.process.stdin.close()
        assert running.end() == 0
        assert running.said == b"ours\ncounting\nend after 0 bytes <nil>\n"


def test_the_directory_is_changed_but_not_pwd(start: Start, sigprog: str, tmp_path: Path) -> None:
    code = f"os.environ['PWD'] = '/as/typed'; run_foreground(sys.argv[1:], cwd={str(tmp_path)!r})"
    running = start([*python(code), sigprog, "directory"])
    assert running.end() == 0
    assert running.said == f"{os.path.realpath(tmp_path)} <nil>\n/as/typed\n".encode()


def test_the_program_may_have_a_name_that_is_not_its_path(start: Start, procdump: str) -> None:
    for code in (
        "run_foreground(['/other/name', 'x'], executable=sys.argv[1])",
        "replace(sys.argv[1], ['/other/name', b'x'], os.environb)",
    ):
        running = start([*python(code), procdump])
        assert running.end() == 0
        assert running.said.startswith(b'argument 0: "/other/name"\nargument 1: "x"\nenv')


# What the program finds is what it would find started bare.

WORLDS: dict[str, dict[str, object]] = {
    "as it is": {},
    "no environment": {"environment": []},
    "C locale": {"environment": ["LANG=C"]},
    "C locale by LC_CTYPE": {"environment": ["LC_CTYPE=C", "LANG=C.UTF-8"]},
    "C locale by POSIX": {"environment": ["LC_CTYPE=POSIX"]},
    "C locale by LC_ALL": {"environment": ["LC_ALL=C", "LANG=C.UTF-8"]},
    "C locale by nothing": {"environment": ["LC_CTYPE=", "LC_ALL="]},
    "C locale, no coercion": {"environment": ["PYTHONCOERCECLOCALE=0"]},
    "C locale, no UTF-8 mode": {"environment": ["PYTHONUTF8=0"]},
    "C locale, UTF-8 mode": {"environment": ["PYTHONUTF8=1"]},
    "UTF-8 by LC_CTYPE": {"environment": ["LC_CTYPE=C.UTF-8"]},
    "UTF-8 by LC_CTYPE, macOS style": {"environment": ["LC_CTYPE=UTF-8"]},
    "UTF-8 by LC_CTYPE over LANG": {"environment": ["LC_CTYPE=C.UTF-8", "LANG=C"]},
    "UTF-8 by LANG": {"environment": ["LANG=C.UTF-8"]},
    "a locale that is not there": {"environment": ["LANG=xx_YY.UTF-8"]},
    "bytes that are no text": {"environment": ["A=\xff\xfe", "\xc3=b", "EMPTY=", "LC_ALL=C"]},
    "blocked signals": {"block": [signal.SIGUSR1, signal.SIGWINCH, signal.SIGTERM]},
    "all signals blocked": {"block": [*signal.valid_signals()]},
    "nohup": {"ignore": [signal.SIGHUP]},
    "a background job": {"ignore": [signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP]},
    "everything ignored": {
        "ignore": [signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD, signal.SIGTTOU]
    },
    "umask": {"umask": 0o137},
    "few files": {"files": 64},
    "more descriptors": {"open": [3, 9, 57]},
    "no standard input": {"close": [0]},
    "no standard input and error": {"close": [0, 2]},
}
WAYS = {"replaced": REPLACE, "child": FOREGROUND, "child in a directory": FOREGROUND_IN}
ARGUMENTS = [b"", b"a b", b"\xff\xfe", b"--", b"-race", b"$HOME", "ü".encode()]


def dump(running: Running) -> str:
    """Return what procdump said, with the session that only this one was in made nameless."""
    assert running.end() == 0, running.said
    session = str(running.process.pid).encode()
    text = re.sub(rb"(?m)^(process group|session): %b\r?$" % session, rb"\1: ours", running.said)
    return text.decode("ascii")


@needs_proc
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("world", WORLDS)
def test_the_program_finds_the_world_as_if_started_bare(
    start: Start, procdump: str, world: str, way: str
) -> None:
    bare = dump(start([procdump, *ARGUMENTS], **WORLDS[world]))
    ours = dump(start([*python(WAYS[way]), procdump, *ARGUMENTS], **WORLDS[world]))
    assert ours == bare
    assert "process group: ours\nsession: ours\n" in ours


@needs_proc
@pytest.mark.parametrize("way", WAYS)
def test_the_program_finds_the_terminal_as_if_started_bare(
    on_terminal: Start, procdump: str, way: str
) -> None:
    bare = dump(on_terminal([procdump]))
    ours = dump(on_terminal([*python(WAYS[way]), procdump]))
    assert ours == bare
    assert "controlling terminal: true\r\nin the foreground: true\r\n" in ours


@needs_proc
@pytest.mark.parametrize("way", WAYS)
def test_a_program_that_is_not_gos_finds_its_signals_as_if_started_bare(
    start: Start, way: str
) -> None:
    # A Go program sets its own handlers before it can look; what `-exec` names may well not.
    words = ["/bin/grep", "Sig[BI]", "/proc/self/status"]
    bare = dump(start(words))
    assert dump(start([*python(WAYS[way]), *words])) == bare
    assert "SigIgn:\t0000000000000000\n" in bare


# The environment.


def test_gos_bin_is_first_in_path_and_gos_own_variable_is_gone() -> None:
    environ = {b"PATH": b"/bin:/\xff", b"A": b"\xff", b"GOTOOLCHAIN_INTERNAL_SWITCH_COUNT": b"1"}
    before = dict(environ)
    assert program_environment(environ, "/go/bin") == {
        b"PATH": b"/go/bin:/bin:/\xff",
        b"A": b"\xff",
    }
    assert environ == before


@pytest.mark.parametrize(
    ("environ", "goroot_bin", "path"),
    [
        ({}, "/go/bin", b"/go/bin"),
        ({b"PATH": b""}, "/go/bin", b"/go/bin"),
        ({b"PATH": b"/bin"}, "", b"/bin"),
        ({b"PATH": b"/bin"}, "/g\udcffo/bin", b"/g\xffo/bin:/bin"),
        ({}, "", None),
    ],
)
def test_path_follows_gos_rule(
    environ: dict[bytes, bytes], goroot_bin: str, path: bytes | None
) -> None:
    assert program_environment(environ, goroot_bin).get(b"PATH") == path


@pytest.mark.parametrize("start_with", ["LANG=C.UTF-8", "LC_ALL=C.UTF-8", "LC_ALL=C"])
@pytest.mark.parametrize("value", ["C.UTF-8", "C.utf8", "UTF-8", "de_DE.UTF-8"])
def test_a_locale_that_a_runners_file_sets_reaches_the_program(
    start: Start, start_with: str, value: str
) -> None:
    code = f"""
os.environ["LC_CTYPE"] = {value!r}
print(program_environment(os.environb, "")[b"LC_CTYPE"].decode())
"""
    running = start(python(code), environment=[start_with])
    assert running.end() == 0
    assert running.said == f"{value}\n".encode()


@needs_proc
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([], "unset"),
        (["LANG=C"], "unset"),
        (["LANG=C", "LC_CTYPE=C.UTF-8"], "C.UTF-8"),
        (["LC_CTYPE=C.UTF-8"], "C.UTF-8"),
        (["LANG=C.UTF-8"], "unset"),
        (["LC_ALL=C"], "unset"),
        (["PYTHONUTF8=1", "LANG=xx_YY.UTF-8", "LC_CTYPE=C.UTF-8"], "C.UTF-8"),
    ],
)
def test_the_locale_is_put_back_without_proc(start: Start, given: list[str], kept: str) -> None:
    unshare = shutil.which("unshare")
    hide = ["-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if unshare is None or subprocess.run([unshare, *hide, "true"], check=False).returncode:
        pytest.skip("needs the right to hide /proc (unshare -m)")
    code = """
assert not os.path.exists("/proc/self")
print(program_environment(os.environb, "").get(b"LC_CTYPE", b"unset").decode())
"""
    path = f"PATH={os.environ['PATH']}"
    running = start([unshare, *hide, *python(code)], environment=[path, *given])
    assert running.end() == 0
    assert running.said == f"{kept}\n".encode()


# What cannot be executed.

WAYS_TO_FAIL = {
    "replace": "replace(sys.argv[1], sys.argv[1:], os.environb)",
    "run_foreground": "run_foreground(sys.argv[1:])",
    "run_foreground in a directory": "run_foreground(sys.argv[1:], cwd='/')",
}
REPORT = """
from gorun_tasks.errors import ExecutionError
try:
    {code}
except ExecutionError as error:
    print(error, error.exit_status, signal.getsignal(signal.SIGPIPE).name)
"""


@pytest.mark.parametrize("way", WAYS_TO_FAIL)
@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (0o755, "Exec format error; is it built for another GOOS or GOARCH?"),
        (0o644, "Permission denied; is it on a file system mounted noexec?"),
        (None, "No such file or directory"),
    ],
)
def test_what_cannot_be_executed_is_said_in_one_sentence(
    start: Start, tmp_path: Path, way: str, mode: int | None, words: str
) -> None:
    program = tmp_path / "program"
    if mode is not None:
        program.write_bytes(b"\0")
        program.chmod(mode)
    running = start([*python(REPORT.format(code=WAYS_TO_FAIL[way])), str(program)])
    assert running.end() == 0
    said = f"built {program}, but this system cannot execute it: {words} 126 SIG_IGN\n"
    assert running.said.decode() == said


def test_a_missing_directory_is_not_blamed_on_the_program(
    start: Start, sigprog: str, tmp_path: Path
) -> None:
    missing = str(tmp_path / "missing")
    code = f"run_foreground(sys.argv[1:], cwd={missing!r})"
    running = start([*python(REPORT.format(code=code)), sigprog, "exit", "0"])
    assert running.end() == 0
    said = f"cannot run the program in {missing}: No such file or directory 126 SIG_IGN\n"
    assert running.said.decode() == said


@pytest.mark.parametrize("way", WAYS_TO_FAIL)
def test_an_executable_that_is_being_written_is_waited_for(
    start: Start, sigprog: str, tmp_path: Path, way: str
) -> None:
    busy = shutil.copy(sigprog, tmp_path)
    code = f"""
writer = open({busy!r}, "r+b")
tries = []
def hook(event, arguments):
    if event in ("os.exec", "subprocess.Popen"):
        tries.append(event)
        if len(tries) == 2:
            writer.close()
sys.addaudithook(hook)
{WAYS_TO_FAIL[way]}
"""
    running = start([*python(code), busy, "streams"])
    assert running.end() == 0
    assert b"to stdout" in running.said


# How we end, and end others.


@pytest.mark.parametrize(
    "signum",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGKILL, signal.SIGSEGV],
)
@pytest.mark.parametrize(
    "world", [{}, {"ignore": [signal.SIGINT, signal.SIGTERM]}, {"block": [signal.SIGTERM]}]
)
def test_we_die_by_the_signal_itself(
    start: Start, signum: signal.Signals, world: dict[str, object]
) -> None:
    running = start(python(f"print('last words'); die_by({int(signum)})"), **world)
    assert running.end() == -signum
    assert running.said == b"last words\n"


def test_a_signal_that_does_not_end_us_still_gives_its_status(
    start: Start,
) -> None:
    assert start(python("die_by(signal.SIGURG)")).end() == 128 + signal.SIGURG


def test_another_thread_can_end_us_too(start: Start) -> None:
    code = "import threading; threading.Thread(target=die_by, args=[signal.SIGINT]).start()"
    assert start(python(code)).end() == 128 + signal.SIGINT


@needs_proc
def test_an_interrupt_reaches_the_whole_tree(start: Start, sigprog: str) -> None:
    running = start([sigprog, "tree", "3"])
    running.expect("ready")
    interrupt_tree(running.process.pid)
    assert running.end() == 0
    assert sorted(running.said.split(b"\n")) == [
        b"",
        b"interrupted 0",
        b"interrupted 1",
        b"interrupted 2",
        b"interrupted 3",
        b"ready",
    ]


@needs_proc
def test_who_is_interrupted_never_stands_still(start: Start) -> None:
    """Were we killed at that moment, it would stand still for ever; what it started, it awaits."""
    code = (
        "signal.signal(signal.SIGCONT, lambda *_: print('stood still', flush=True))\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('interrupted'), sys.exit()))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    running = start(python(code))
    running.expect("ready")
    interrupt_tree(running.process.pid)
    assert running.end() == 0
    assert running.said == b"ready\ninterrupted\n"


def test_interrupting_what_has_ended_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    interrupt_tree(process.pid)


def test_the_module_brings_nothing_with_it(start: Start) -> None:
    code = f"""
import os, sys
before = set(sys.modules)
sys.path.insert(0, {str(ROOT)!r})
import gorun_tasks.core.launch
print(sorted(name for name in set(sys.modules) - before if not name.startswith("gorun_tasks")))
"""
    running = start([sys.executable, "-I", "-S", "-c", code])
    assert running.end() == 0
    assert running.said == b"[]\n"
