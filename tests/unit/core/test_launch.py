"""What a program finds when we start it, replacing us or as our child: what it would find bare.

Real processes only: `tests/samples/sigprog` does what it is told, `tests/samples/procdump` prints
whatever a middleman could have changed. Nothing here waits for time to pass: tests wait for words.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.launch import program_environment
from tests.support.place import REPOSITORY
from tests.support.processes import (
    FOREGROUND,
    FOREGROUND_IN,
    REPLACE,
    Running,
    needs_proc,
    python,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes import Start


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


def untied(said: str, way: str) -> str:
    """Return what a child said but for the one difference on purpose: it ends with its parent."""
    if not way.startswith("child"):
        return said
    tied = "signal when the parent dies: 15"
    assert tied in said
    return said.replace(tied, "signal when the parent dies: 0")


@needs_proc
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("world", WORLDS)
def test_the_program_finds_the_world_as_if_started_bare(
    start: Start, procdump: str, world: str, way: str
) -> None:
    bare = dump(start([procdump, *ARGUMENTS], **WORLDS[world]))
    ours = dump(start([*python(WAYS[way]), procdump, *ARGUMENTS], **WORLDS[world]))
    assert untied(ours, way) == bare
    assert "process group: ours\nsession: ours\n" in ours


@needs_proc
@pytest.mark.parametrize("way", WAYS)
def test_the_program_finds_the_terminal_as_if_started_bare(
    on_terminal: Start, procdump: str, way: str
) -> None:
    bare = dump(on_terminal([procdump]))
    ours = dump(on_terminal([*python(WAYS[way]), procdump]))
    assert untied(ours, way) == bare
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


def test_the_module_brings_nothing_with_it(start: Start) -> None:
    code = f"""
import os, sys
before = set(sys.modules)
sys.path.insert(0, {str(REPOSITORY)!r})
import gorun_tasks.core.launch
print(sorted(name for name in set(sys.modules) - before if not name.startswith("gorun_tasks")))
"""
    running = start([sys.executable, "-I", "-S", "-c", code])
    assert running.end() == 0
    assert running.said == b"[]\n"
