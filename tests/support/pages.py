"""Pages: does what a page of the documentation says, as its reader would, and compares.

A page is played from its top to its end in an empty folder, in one shell:

    ```console          each `$ ` line is typed (a `> ` line goes on with it); what follows is what
    $ gorun --list      has to come out, stdout and stderr together; `...` stands for anything,
    api  ./cmd/api      also for several lines, as doctest's ELLIPSIS does
    ```
    ```python           a block of any other language is a file, whose first line is a comment
    # noxfile.py        with its name, relative to where the shell is
    ```
    <!-- run            commands that the reader does not see, in the form of a console block:
    $ git init -q       to begin with, or to hold prose against the truth
    -->
    <!-- shows: CMD --> the next block, of whatever language, is what this command prints
    ```text             is only looked at; it holds no commands
    ```sh               is refused, but for what installs: CI begins with that

A command that ends with ` &` goes on beside those that follow, as in any shell: from then on what
is said may come a little later, which is waited for, and its lines in another order.

In the shell $EXAMPLES is the folder with the examples. A command that fails has to say something,
or to be followed by `$ echo $?`, which shows its status.

Decides how a page is read and played. It must never pass over a block that it does not understand.
"""

from __future__ import annotations

import difflib
import doctest
import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from markdown_it import MarkdownIt

from tests.support.clock import PATIENCE
from tests.support.place import FOREIGN, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"(?:#|//) ([\w./-]*[./][\w./-]+|Makefile|Dockerfile)")
_HIDDEN = re.compile(r"<!-- run\n(.*)-->\s*", re.DOTALL)
_SHOWS = re.compile(r"<!-- shows: (.+) -->\s*")
_OF_THE_SITE = ("{eval-rst}", "{toctree}", "{include} ../CHANGELOG.md")
_INSTALLS = "python3 -m venv --upgrade-deps .venv && .venv/bin/pip install "
_BY_THE_WAY = re.compile(
    rb"\x1b\[[\d;]*m|^nox > uv binary not found\.\n|(?<=was successful) in [^.\n]*(?=\.$)",
    re.MULTILINE,
)
"""Colours, and what nox says of a machine that has no uv, or is slow: no page is about that."""
_STATUS = re.compile(rb"\0(\d+)\n")

# Reads commands from descriptor 9, and says how each ended after its output. The commands
# themselves read nothing: whatever reads would wait for ever, or eat the rest of the page.
_DRIVER = r"""
status=0
while IFS= read -r -d '' command <&9; do
    (exit "$status")
    eval "$command" </dev/null 9<&-
    status=$?
    printf '\0%d\n' "$status"
done
"""


class File(NamedTuple):
    """A file that the reader has to write."""

    line: int
    name: str
    text: str


class Command(NamedTuple):
    """What the reader types, and what has to come out."""

    line: int
    words: str
    expected: str


class PageError(AssertionError):
    """A page that cannot be played, or that does not tell the truth."""


def steps(text: str) -> Iterator[File | Command]:
    """Yield what there is to do on a page, in its order. Raises PageError."""
    shown = ""
    for token in MarkdownIt().parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            hidden, shows = _HIDDEN.fullmatch(token.content), _SHOWS.fullmatch(token.content)
            shown = shows[1] if shows else shown
            if hidden:
                yield from _commands(hidden[1], line + 1)
        elif token.type in ("fence", "code_block"):
            if shown:
                yield Command(line, shown, token.content)
            else:
                yield from _block(token.content, token.info.strip(), line)
            shown = ""
    if shown:
        raise PageError(f"no block shows what comes of {shown}")


def _block(text: str, language: str, line: int) -> Iterator[File | Command]:
    if language == "console":
        yield from _commands(text, line + 1)
    elif language == "text":
        if re.search(r"^\$ ", text, re.MULTILINE):
            raise PageError(f"line {line}: commands stand in console blocks")
    elif language not in _OF_THE_SITE and not text.startswith(_INSTALLS):
        name = _NAME.fullmatch(text.partition("\n")[0])
        if name is None:
            raise PageError(
                f"line {line}: a block of {language or 'no language'} is a file, "
                "and its first line a comment with its name"
            )
        yield File(line, name[1], text)


def _commands(text: str, line: int) -> Iterator[Command]:
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    if parts[0].strip():
        raise PageError(f"line {line}: a console block begins with a command")
    line += parts[0].count("\n")
    for part in parts[1:]:
        lines = part.splitlines(keepends=True)
        typed = 1
        while typed < len(lines) and lines[typed].startswith("> "):
            typed += 1
        words = "".join([lines[0], *(more[2:] for more in lines[1:typed])])
        yield Command(line, words.strip(), "".join(lines[typed:]))
        line += len(lines)


class Shell:
    """A shell in an empty folder, with a home, a store and nothing else of the person's own."""

    def __init__(
        self, folder: Path, environ: dict[str, str], patience: float = 2 * PATIENCE
    ) -> None:
        self.beside = False  # whether something runs beside what is typed
        begin = folder / "work"
        begin.mkdir()
        self._patience = patience
        commands, self._typed = os.pipe()
        self._said, said = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-c", f"exec 9<&{commands}\n{_DRIVER}"],
            cwd=begin,
            env={**environ, "PWD": str(begin)},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=(commands,),
            start_new_session=True,
        )
        os.close(commands)
        os.close(said)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        os.close(self._typed)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._said)

    def type(self, words: str, expected: str = "") -> tuple[str, int]:
        """Run a command; return what was said until it ended, and its status.

        Where something runs beside it, until what is `expected` was said.
        """
        os.write(self._typed, words.encode() + b"\0")
        self.beside |= words.endswith(" &")
        deadline = time.monotonic() + self._patience
        said, status, ended = b"", 0, False
        while not ended or (self.beside and not matches(expected, clean(said), in_order=False)):
            ready, _, _ = select.select([self._said], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self._said, 1 << 16) if ready else b""
            if not chunk and not ended:
                raise PageError(f"no end in sight of {words}:\n{clean(said)}")
            if not chunk:
                break
            said += chunk
            if end := _STATUS.search(said):
                said, status = said[: end.start()] + said[end.end() :], int(end[1])
                ended = True
        return clean(said), status

    def place(self) -> Path:
        """Return the folder in which the shell is."""
        return Path(os.readlink(f"/proc/{self._process.pid}/cwd"))


def play(page: Path, shell: Shell) -> int:
    """Do what a page says; return how many commands that were. Raises PageError."""
    count = 0
    failed: Command | None = None  # and said nothing of it
    for step in steps(page.read_text()):
        if isinstance(step, File):
            path = shell.place() / step.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text)
            continue
        count += 1
        if failed and step.words != "echo $?":
            break
        said, status = shell.type(step.words, step.expected)
        if not matches(step.expected, said, in_order=not shell.beside):
            compared = difflib.ndiff(step.expected.splitlines(), said.splitlines())
            raise PageError(
                f"{page.name}:{step.line}: $ {step.words}\n(- the page, + the truth)\n"
                + "\n".join(compared)
            )
        failed = step if status and not said else None
    if failed:
        raise PageError(f"{page.name}:{failed.line}: $ {failed.words}\nfails, and says nothing")
    return count


def matches(expected: str, said: str, *, in_order: bool = True) -> bool:
    """Say whether this is what a page says."""
    pairs = [(expected, said)]
    if not in_order:
        lines = (sorted(text.splitlines(keepends=True)) for text in (expected, said))
        pairs.append(("".join(next(lines)), "".join(next(lines))))
    check = doctest.OutputChecker().check_output
    return any(check(*pair, doctest.ELLIPSIS) for pair in pairs)


def clean(said: bytes) -> str:
    """Return what was said, without what no page is about."""
    return _BY_THE_WAY.sub(b"", said).decode(errors="replace")


def surroundings(folder: Path, *, path: str, build_cache: str) -> dict[str, str]:
    """Return the environment of a person who has set nothing: with a home, and a name for git."""
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\nname = You\nemail = you@example.com\n[init]\ndefaultBranch = main\n"
    )
    kept = {name: value for name, value in os.environ.items() if not FOREIGN.fullmatch(name)}
    chosen = os.environ.get("GORUN_GO")
    return {
        **kept,
        **({"GORUN_GO": chosen} if chosen else {}),
        "HOME": str(home),
        "PATH": path,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "GIT_AUTHOR_DATE": "2026-11-02T09:00:00Z",
        "GIT_COMMITTER_DATE": "2026-11-02T09:00:00Z",
        "GOCACHE": build_cache,
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "EXAMPLES": str(REPOSITORY / "examples"),
        "TESTS": str(REPOSITORY / "tests" / "docs"),
    }
