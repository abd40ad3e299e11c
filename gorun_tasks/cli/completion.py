"""Completion: what can stand where the cursor is on a command line, and the scripts that ask.

    gorun --completion bash|zsh|fish             prints a script for the shell
    gorun --completion fish gorun -race ./c      answers such a script: one candidate a line, and
                                                 after a tab what it means; the last word is the one
                                                 to be completed (bash: the line up to the cursor)

Programs are those of the workspace. While what was found there is remembered and holds no go is
started; else `gorun --list` is given a second to find them, and where that is not enough there are
directories. After the target come the program's own arguments: files, as everywhere.

Decides what is offered. It must never build anything, say anything on stderr, or keep a person
waiting: whatever goes wrong, there is nothing to offer.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys

from gorun_tasks.cli.options import OPTIONS, Option
from gorun_tasks.core.flag_help import FLAG_HELP
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS
from gorun_tasks.core.program import logical_directory
from gorun_tasks.errors import GoRunError, UsageError, in_one_line
from gorun_tasks.workspace.workspace import NAME_MARK, Workspace, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    Candidates = Iterator[tuple[str, str]]  # with what they mean

_PATIENCE = 1.0  # seconds for go, where it has to be asked

_VALUES = {
    "buildmode": "default exe pie archive c-archive c-shared shared plugin".split(),
    "buildvcs": ["auto", "true", "false"],
    "compiler": ["gc", "gccgo"],
    "covermode": ["set", "count", "atomic"],
    "mod": ["readonly", "vendor", "mod"],
}
_OF_FILES = frozenset(
    "debug-actiongraph debug-runtime-trace debug-trace modfile overlay pgo".split()
)
_OF_DIRECTORIES = frozenset(("C", "cwd", "pkgdir"))
_STAMPS = ("version", "commit", "date", "dirty")
_PASSED_OVER = frozenset(("testdata", "vendor", "node_modules"))


def completion(shell: str, words: list[str]) -> str:
    """Return the script for a shell, or with words the candidates for the last of them.

    Raises UsageError for a shell there is no script for.
    """
    if shell not in OPTIONS["completion"].choices:
        raise UsageError(f"--completion {shell} is unknown", "it is bash, zsh or fish")
    if not words:
        with open(f"{os.path.dirname(__file__)}/scripts/gorun.{shell}", encoding="utf-8") as script:
            return script.read()
    if words[0].startswith("-"):
        raise UsageError(f"--completion {shell} takes no further words: {' '.join(words)}")
    if shell == "bash":
        return _for_bash(*words[:2])
    line = _Line(words[1:] or [""])
    return "".join(f"{value}\t{meaning}\n" for value, meaning in line.candidates())


def _for_bash(line: str, breaks: str = "") -> str:
    """Answer bash, which knows of no words: they are cut where it would cut them."""
    words, quoted = _split(line)
    while words and "=" in words[0]:
        del words[0]  # variables before the command
    if len(words) < 2:  # noqa: PLR2004 - the command, and what is completed
        return ""
    word = words[-1]
    kept = max((word.rfind(char) + 1 for char in breaks if char in "=:"), default=0)
    found = (value[kept:] for value, _ in _Line(words[1:]).candidates())
    return "".join(f"{value if quoted else _escaped(value)}\n" for value in found)


def _split(line: str) -> tuple[list[str], bool]:
    """Return the words of an unfinished line, and whether the last one is in quotes."""
    for tail in ("", "'", '"'):
        try:
            words = shlex.split(f"{line}x{tail}")  # x: so that there is a last word
        except ValueError:
            continue
        return [*words[:-1], words[-1][:-1]], bool(tail)
    return [], False


def _escaped(word: str) -> str:
    return re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", word)


class _Line:
    """The words after the command, of which the last one is to be completed."""

    def __init__(self, words: list[str]) -> None:
        *self._before, self._word = words
        self._given: set[str] = set()  # options and flags before the word
        self._targets: list[str] = []  # the words from the target on
        self._value_of = ""  # whose value the word is
        self._read()

    def candidates(self) -> Candidates:
        try:
            yield from sorted({*self._all()})
        except GoRunError:  # in the configuration, perhaps: a run will say it
            return

    def _read(self) -> None:
        before = iter(self._before)
        for word in before:
            if word == "--":
                self._targets = [*before]
            elif word[:1] != "-" or word == "-":
                self._targets = [word, *before]
            else:
                name, equals, value = word.lstrip("-").partition("=")
                self._given.add(name)
                if (name in VALUE_FLAGS or _own(name).value) and not equals:
                    value = next(before, "")
                    self._value_of = "" if value else name
                if name == "C" and value:
                    _change_to(os.path.expanduser(value))

    def _all(self) -> Candidates:
        word = self._word
        flag, equals, value = word.partition("=")
        if self._value_of:
            yield from self._values_of(self._value_of, word)
        elif self._targets:
            yield from self._further()
        elif word[:1] == "-" and equals:
            for candidate, meaning in self._values_of(flag.lstrip("-"), value):
                yield f"{flag}={candidate}", meaning
        elif word[:1] == "-":
            yield from self._options()
        elif "graph" in self._given:
            yield from _matches(word, ["text", "mermaid"])
        elif "init" in self._given:
            yield from _matches(word, ["nox", "invoke", "doit"])
        elif "completion" not in self._given and "list" not in self._given:
            yield from self._programs()

    def _options(self) -> Candidates:
        every = {f"--{name}": option.meaning for name, option in OPTIONS.items()}
        every |= {f"-{name}": FLAG_HELP.get(name, "") for name in (*BOOLEAN_FLAGS, *VALUE_FLAGS)}
        for option, meaning in every.items():
            if option.startswith(self._word):
                yield option, meaning

    def _values_of(self, name: str, word: str) -> Candidates:
        yield from _matches(word, _VALUES.get(name) or _own(name).choices)
        if name == "pgo":
            yield from _matches(word, ["auto", "off"])
        if name == "stamp" and "=" in word:
            variable = word.partition("=")[0]
            yield from _matches(word, [f"{variable}={fact}" for fact in _STAMPS])
        files = name in _OF_FILES or _own(name).files
        if files or name in _OF_DIRECTORIES:
            yield from _paths(word, files=files)

    def _further(self) -> Candidates:
        """Yield what can follow a target: more of them, or arguments of the program."""
        named = all(word.startswith(NAME_MARK) for word in self._targets)
        if self._given & {"build", "affected"} or ("watch" in self._given and named):
            yield from self._programs()
        elif all(word.endswith(".go") for word in self._targets):
            yield from _paths(self._word, ending=".go")
            yield from _paths(self._word)
        else:
            yield from _paths(self._word)

    def _programs(self) -> Candidates:
        word = self._word
        found = list(_known_programs(word))
        yield from found
        if not word.startswith(NAME_MARK):
            if not any(value.startswith((".", "/")) for value, _ in found):
                yield from _paths(word, files=False, prefix="./")
            yield from _paths(word, ending=".go")


def _own(name: str) -> Option:
    """Return an option of gorun, one that says nothing where it has none of this name."""
    return OPTIONS.get(name, Option(name, ""))


def _known_programs(word: str) -> Candidates:
    """Yield names, directories and import paths of programs that begin so."""
    here = logical_directory(os.environ)
    workspace = Workspace(root_of(here))
    if not workspace.is_known():
        _ask_go(workspace.root)
        if not workspace.is_known():
            return
    for name, program in {**workspace.programs, **workspace.tools}.items():
        if f"{NAME_MARK}{name}".startswith(word):
            yield f"{NAME_MARK}{name}", workspace.place(name)
        target = program.target.words[0]
        if target.startswith("."):
            directory = os.path.normpath(os.path.join(program.cwd, target))
            path = directory if word.startswith("/") else os.path.relpath(directory, here)
            path = path if path.startswith((".", "/")) else f"./{path}"
            outside = path.startswith("..") and not word.startswith("..")
            if path.startswith(word) and not outside:
                yield path, name
    for main in workspace.mains() if word and word[0] not in "./:" else ():
        if main.import_path.startswith(word):
            yield main.import_path, ""


def _ask_go(root: str) -> None:
    """Have the programs found, and remembered, if that takes no longer than a person waits."""
    asking = subprocess.Popen(
        [sys.executable, "-P", "-m", "gorun_tasks", "--list"],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    for signum in (signal.SIGINT, signal.SIGKILL):
        try:
            asking.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(asking.pid, signum)


def _change_to(directory: str) -> None:
    with contextlib.suppress(OSError):
        os.chdir(directory)
        os.environ["PWD"] = os.getcwd()


def _matches(word: str, values: Collection[str]) -> Candidates:
    return ((value, "") for value in values if value.startswith(word))


def _paths(word: str, *, files: bool = True, ending: str = "", prefix: str = "") -> Candidates:
    """Yield directories, which end in /, and files; with an ending only files that have it.

    `prefix` is put before relative paths.
    """
    directory, slash, begin = word.rpartition("/")
    shown = f"{directory}{slash}" or prefix
    place = os.path.expanduser(f"{directory}{slash}") or "."
    try:
        names = os.listdir(place)
    except OSError:
        return
    for name in names:
        if not name.startswith(begin) or (name[0] == "." and begin[:1] != "."):
            continue
        if in_one_line(name) != name:
            continue  # candidates are lines
        if os.path.isdir(f"{place}/{name}"):
            if not ending and (files or (name[0] != "_" and name not in _PASSED_OVER)):
                yield f"{shown}{name}/", ""
        elif files and name.endswith(ending) and not (ending and name.endswith("_test.go")):
            yield f"{shown}{name}", ""
