"""Output stream: what go writes while it builds, line by line, and the executable it hands over.

Decides which lines are for us and which for the person, and where the executable is put. It must
never judge what go says, nor keep go's own words from the person.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import tempfile
import time

from gorun_tasks.errors import BuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Collection, Iterator, Mapping

    from gorun_tasks.toolchain.report import HashJournal, Report

_OURS = "gorun-"  # how the names of our temporary folders begin
_TICK = 100  # milliseconds
_AT_ONCE = 1 << 17  # bytes that are read of what go tells
PIPE_SIZE = 1 << 20
"""Bytes that go can tell while we nap."""
# go writes each line by itself, and to wake us for each slows both.
_SHORTEST_NAP, _LONGEST_NAP = 0.004, 0.03  # seconds
_OF_THE_TIME = 0.01  # as long as that of the time that go has taken already we may sleep on
_SILENCE = 20  # milliseconds without a word, after which go surely links
_ROOM_TO_LINK = 1 << 30  # bytes free beside the store, below which go works elsewhere

# The command that go starts in the program's place: it tells us where the executable is and what
# PATH the program would see, and waits until we have it. Only what every sh has built in, since
# PATH may hold no other command; when we die, its standard input ends, and so does it. What it says
# begins with what nobody can know beforehand.
_HAND_OVER = (
    '/bin/sh -c \'printf "%s\\n" "{mark}PATH ${{PATH%%:*}}" "{mark}EXE $0" >&2; read -r _ || :\''
)

# The lines of gocachehash, to their end: an error in a folder called HASHMAP begins as they do.
_is_report = re.compile(
    rb'HASH(?:\[.*\](?:: (?:".*"|[0-9a-f]{64}))?'
    rb'| /.*: [0-9a-f]{64}| subkey [0-9a-f]{64} ".*" = [0-9a-f]{64})'
).fullmatch


def hand_over(report: Report) -> str:
    """Return what go is to start in the program's place (-exec)."""
    return _HAND_OVER.format(mark=report.mark)


def read_lines(
    go: subprocess.Popen[bytes],
    report: Report,
    journal: HashJournal,
    tick: Callable[[], None] | None,
    meanwhile: Callable[[], None] | None = None,
) -> Iterator[tuple[list[bytes], bytes]]:
    """Yield the lines that go writes, as they come, and what each ended with.

    `meanwhile` is called once while go links, which it does in silence.
    """
    assert go.stderr is not None
    ready = select.poll()
    ready.register(go.stderr, select.POLLIN)
    rest, began = b"", time.monotonic()
    while True:
        if meanwhile is not None and report.step == "link" and not ready.poll(_SILENCE):
            meanwhile()
            meanwhile = None
        if tick is not None:
            while not ready.poll(_TICK):
                tick()
            tick()
        chunk = go.stderr.read(_AT_ONCE)
        if not chunk:
            break
        journal.add(chunk)
        report.note_step(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        yield lines, b"\n"
        if len(chunk) < _AT_ONCE and (lines or [rest])[-1][:4] == b"HASH":
            so_far = time.monotonic() - began
            time.sleep(min(max(_SHORTEST_NAP, _OF_THE_TIME * so_far), _LONGEST_NAP))
    if rest:
        yield [rest], b""


def dispatch(
    lines: list[bytes],
    end: bytes,
    report: Report,
    out: str,
    say: Callable[[bytes], None],
) -> None:
    """Take in lines that go wrote: into `report`, or for the person, by `say`.

    The executable goes under the folder `out`.
    """
    if all(map(_is_report, lines)):
        report.hashed += lines  # as nearly always
        return
    mark = report.mark.encode()
    for line in lines:
        if _is_report(line):
            report.hashed.append(line)
        elif line.startswith(mark):
            word, _, value = line.removeprefix(mark).partition(b" ")
            if word == b"PATH":
                report.goroot_bin = os.fsdecode(value)
            else:
                made = os.fsdecode(value)
                report.executable = _take(made, report.temporary, out)
                report.left_in_go_cache = report.executable == made
                report.begin("publish")
        else:
            # With -x go shows what it starts: the program, as far as a person is concerned.
            shown_by_go = " ".join([*shlex.split(hand_over(report)), ""]).encode()
            _say(line.removeprefix(shown_by_go) + end, report, say)


def _say(line: bytes, report: Report, say: Callable[[bytes], None]) -> None:
    # What go says while it fetches modules, and of what it heard in the network, is no part of
    # the build; all else it may repeat at every run, as compilers' diagnostics are.
    deprecated = line.startswith(b"go: module ") and b" is deprecated: " in line
    if not (deprecated or line.startswith(b"go: downloading ")):
        report.diagnostics = True
    say(line)


def _take(executable: str, temporary: str, out: str) -> str:
    """Put the executable under `out`; a link where go made it for us alone, else a copy.

    Where `out` has no room it is put into a folder of its own among temporary files; where not
    even these take it, it stays where it is, in go's cache.
    """
    name = os.path.basename(executable)
    if temporary and executable.startswith(f"{temporary}/"):
        try:
            os.link(executable, f"{out}/{name}")
        except OSError:
            pass
        else:
            return f"{out}/{name}"
    try:
        return shutil.copy(executable, f"{out}/{name}")
    except OSError:
        pass
    elsewhere = ""
    try:
        elsewhere = tempfile.mkdtemp(prefix=_OURS)
        return shutil.copy(executable, f"{elsewhere}/{name}")
    except OSError as error:
        if elsewhere:
            shutil.rmtree(elsewhere, ignore_errors=True)
        if temporary and executable.startswith(f"{temporary}/"):  # go removes it when it ends
            raise BuildError(
                f"there is no room for the executable: {error.strerror}", "set TMPDIR"
            ) from error
        return executable


def temporary_folder(environ: Mapping[str, str], flags: Collection[str], work: str) -> str:
    """Return a folder for go's own work, one that is ours to remove; "" for one that is not.

    It is where the user wants it, else beside the store, where the executable need not be
    copied; with -work go promises to keep its folder.
    """
    if "-work" in flags or "-work" in environ.get("GOFLAGS", ""):
        return ""
    chosen = environ.get("GOTMPDIR", "")
    try:
        if chosen:
            return tempfile.mkdtemp(prefix=_OURS, dir=chosen)
        room = os.statvfs(work)
        if room.f_bavail * room.f_frsize < _ROOM_TO_LINK:
            return tempfile.mkdtemp(prefix=_OURS)
        os.mkdir(f"{work}/go")
    except OSError:
        return ""  # go will say what is wrong with the user's own
    return f"{work}/go"
