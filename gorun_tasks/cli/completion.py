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

from gorun_tasks.cli.help import HELP
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS
from gorun_tasks.core.program import logical_directory
from gorun_tasks.errors import GoRunError, UsageError, in_one_line
from gorun_tasks.workspace.workspace import NAME_MARK, Workspace, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    Candidates = Iterator[tuple[str, str]]  # with what they mean

_PATIENCE = 1.0  # seconds for go, where it has to be asked

FLAGS = {
    "C": "change to this directory first",
    "a": "recompile everything",
    "asan": "find wrong uses of memory (address sanitizer)",
    "asmflags": "arguments for the assembler",
    "buildmode": "what kind of file to build",
    "buildvcs": "stamp the version control's state",
    "compiler": "gc or gccgo",
    "cover": "measure the coverage of the code the program runs",
    "covermode": "how coverage is counted",
    "coverpkg": "packages whose coverage is measured",
    "debug-actiongraph": "write go's actions and their times to a file",
    "debug-runtime-trace": "write a runtime trace of go itself to a file",
    "debug-trace": "write what go does when to a file",
    "exec": "start the program by this command",
    "gccgoflags": "arguments for gccgo",
    "gcflags": "arguments for the compiler",
    "installsuffix": "suffix of the package directory",
    "json": "answer in JSON",
    "ldflags": "arguments for the linker",
    "linkshared": "link against shared libraries",
    "mod": "module mode: readonly, vendor or mod",
    "modcacherw": "leave the module cache writable",
    "modfile": "another go.mod file",
    "msan": "find uses of uninitialized memory (memory sanitizer)",
    "n": "print the commands, run nothing",
    "overlay": "JSON file that lays files over others",
    "p": "how many commands at a time",
    "pgo": "profile to optimize by: auto, off or a file",
    "pkgdir": "directory of packages",
    "race": "find data races while the program runs",
    "tags": "build tags, separated by commas",
    "toolexec": "run go's tools by this command",
    "trimpath": "leave this machine's paths out of the executable",
    "v": "print packages as they are compiled",
    "work": "keep go's temporary folder, and print its name",
    "x": "print the commands",
}
"""What go's build flags do, in a few words."""

_SHELLS = ("bash", "zsh", "fish")
_VALUES = {
    "buildmode": "default exe pie archive c-archive c-shared shared plugin".split(),  # noqa: SIM905
    "buildvcs": ["auto", "true", "false"],
    "compiler": ["gc", "gccgo"],
    "covermode": ["set", "count", "atomic"],
    "mod": ["readonly", "vendor", "mod"],
    "store": ["stat", "clear", "verify", "drop"],
    "completion": _SHELLS,
    "stop-signal": ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2"],
}
_OF_FILES = frozenset(
    "debug-actiongraph debug-runtime-trace debug-trace events modfile overlay pgo".split()  # noqa: SIM905
)
_OF_DIRECTORIES = frozenset(("C", "pkgdir"))
_STAMPS = ("version", "commit", "date", "dirty")
_PASSED_OVER = frozenset(("testdata", "vendor", "node_modules"))

_BASH = r"""_gorun() {
    local IFS=$'\n'
    COMPREPLY=($("${1/#\~/$HOME}" --completion bash "${COMP_LINE:0:COMP_POINT}" \
        "$COMP_WORDBREAKS" 2>/dev/null))
    if [[ ${COMPREPLY[0]} == *[=/] ]]; then compopt -o nospace; fi
}
complete -o default -F _gorun gorun
"""
_ZSH = r"""#compdef gorun
_gorun() {
    local -a typed=("${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}") shown
    local line value meaning
    ${~typed[1]} --completion zsh "$typed[@]" 2>/dev/null | while IFS= read -r line; do
        value=${line%%$'\t'*} meaning=${line#*$'\t'}
        shown=("$value${meaning:+  -- $meaning}")
        if [[ $value == *[=/] ]]; then
            compadd -S '' -d shown -- "$value"
        else
            compadd -d shown -- "$value"
        fi
    done
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _gorun "$@"; else compdef _gorun gorun; fi
"""
_FISH = r"""function __gorun_complete
    set -l words (commandline -opc)
    $words[1] --completion fish $words (commandline -ct) 2>/dev/null
end
complete -c gorun -f -a '(__gorun_complete)'
"""


def completion(
    shell: str, words: list[str], switches: Collection[str], values: Collection[str]
) -> str:
    """Return the script for a shell, or with words the candidates for the last of them.

    `switches` and `values` are gorun's own options, without and with a value. Raises UsageError
    for a shell there is no script for.
    """
    if shell not in _SHELLS:
        raise UsageError(f"--completion {shell} is unknown", "it is bash, zsh or fish")
    if not words:
        return {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell]
    if words[0].startswith("-"):
        raise UsageError(f"--completion {shell} takes no further words: {' '.join(words)}")
    if shell == "bash":
        return _for_bash(*words[:2], switches=switches, values=values)
    line = _Line(words[1:] or [""], switches, values)
    return "".join(f"{value}\t{meaning}\n" for value, meaning in line.candidates())


def _for_bash(
    line: str, breaks: str = "", *, switches: Collection[str], values: Collection[str]
) -> str:
    """Answer bash, which knows of no words: they are cut where it would cut them."""
    words, quoted = _split(line)
    while words and "=" in words[0]:
        del words[0]  # variables before the command
    if len(words) < 2:  # noqa: PLR2004 - the command, and what is completed
        return ""
    word = words[-1]
    kept = max((word.rfind(char) + 1 for char in breaks if char in "=:"), default=0)
    found = (value[kept:] for value, _ in _Line(words[1:], switches, values).candidates())
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

    def __init__(
        self, words: list[str], switches: Collection[str], values: Collection[str]
    ) -> None:
        *self._before, self._word = words
        self._switches = switches
        self._values = values
        self._with_value = frozenset(values) | VALUE_FLAGS
        self._given: set[str] = set()  # options and flags before the word
        self._targets: list[str] = []  # the words from the target on
        self._value_of = ""  # whose value the word is
        self._read()

    def candidates(self) -> Candidates:
        """Yield what can stand in the place of the word."""
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
                if name in self._with_value and not equals:
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
            yield from _beginning(word, ["text", "mermaid"])
        elif "completion" not in self._given and "list" not in self._given:
            yield from self._programs()

    def _options(self) -> Candidates:
        meanings = dict(
            re.findall(r"^  --([\w-]+)(?: [A-Z=]+| \[\w+\])? +(.*)$", HELP, re.MULTILINE)
        )
        own = [*self._switches, *self._values]
        every = {f"--{name}": meanings.get(name, "") for name in own}
        every |= {f"-{name}": FLAGS.get(name, "") for name in (*BOOLEAN_FLAGS, *VALUE_FLAGS)}
        for option, meaning in every.items():
            if option.startswith(self._word):
                yield option, meaning

    def _values_of(self, name: str, word: str) -> Candidates:
        if name in _VALUES:
            yield from _beginning(word, _VALUES[name])
        if name == "pgo":
            yield from _beginning(word, ["auto", "off"])
        if name == "stamp" and "=" in word:
            variable = word.partition("=")[0]
            yield from _beginning(word, [f"{variable}={fact}" for fact in _STAMPS])
        if name in _OF_FILES | _OF_DIRECTORIES:
            yield from _paths(word, files=name in _OF_FILES)

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


def _known_programs(word: str) -> Candidates:
    """Yield names, directories and import paths of programs that begin so."""
    here = logical_directory(os.environ)
    workspace = Workspace(root_of(here))
    if not workspace.is_known():
        _ask_go(workspace.root)
        if not workspace.is_known():
            return
    for name, program in workspace.programs.items():
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


def _beginning(word: str, values: Collection[str]) -> Candidates:
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
