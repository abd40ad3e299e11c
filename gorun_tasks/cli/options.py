"""gorun's own options, each described once: for the parser, --help, completion and the tests.

Decides what an option is called, whether it takes a value, and which options exclude each other.
It must never be imported where none of them was given: that is the way to an unchanged program.
"""

from __future__ import annotations

from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS
from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection


class Option:
    """One option of gorun.

    `meaning` is its line in --help and completion, `details` are further lines of --help. `value`
    is what its value is called, "" where it takes none; `choices` are values that completion
    offers, `files` says that they are files. A `request` asks for something of its own, so only one
    may be given. `of` is the option without which this one means nothing.
    """

    def __init__(
        self,
        name: str,
        meaning: str,
        value: str = "",
        *,
        details: tuple[str, ...] = (),
        choices: tuple[str, ...] = (),
        files: bool = False,
        request: bool = False,
        of: str = "",
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.value = value
        self.details = details
        self.choices = choices
        self.files = files
        self.request = request
        self.of = of


GROUPS = {
    "How a program is built and started": (
        Option("cwd", "start the program in DIR", value="DIR"),
        Option("debug", "keep debug information, switch optimisation off"),
        Option("ephemeral", "delete the executable when the program ends", request=True),
        Option("rebuild", "have go build, even if nothing changed"),
        Option(
            *("stamp", "set a string variable to what git says"),
            value="VAR=FACT",
            details=(
                "such as main.version=version; FACT is version, commit,",
                "date or dirty",
            ),
        ),
    ),
    "Start again after edits (on macOS: needs gorun-tasks[watch])": (
        Option(
            *("watch", "run; run again when an edit changes the executable"),
            details=(
                "several, as in :api :worker: each restarts by itself;",
                "Ctrl-C ends all, a second Ctrl-C at once",
            ),
            request=True,
        ),
        Option(
            *("listen", "keep a socket open while the program restarts"),
            value="HOST:PORT",
            details=("the program gets it as from systemd (LISTEN_FDS)",),
            of="watch",
        ),
        Option(
            *("stop-signal", "the signal that ends the program (TERM)"),
            value="SIGNAL",
            choices=("HUP", "INT", "QUIT", "TERM", "USR1", "USR2"),
            of="watch",
        ),
        Option(
            *("stop-timeout", "how long it has to end before it is killed (5)"),
            value="SECONDS",
            of="watch",
        ),
    ),
    "Ask or build, and start nothing": (
        Option(
            *("why", "say whether a run would build, and because of what"),
            details=("exit status 0: it would not, 1: it would",),
            request=True,
        ),
        Option(
            *("remote", "ask the shared place too, and say what differs there"),
            of="why",
        ),
        Option(
            *("which", "build if needed, print the path of the executable"),
            details=("the path stays the same after every rebuild",),
            request=True,
        ),
        Option(
            *("build", "build :NAME, packages or ./DIR/...; without these"),
            details=("all programs of this module, go.work or repository",),
            request=True,
        ),
        Option("list", "list these programs", request=True),
        Option(
            *("graph", "list what is stale and which packages they share"),
            details=("--graph mermaid prints a diagram",),
            request=True,
        ),
        Option(
            *("affected", "list the programs that a change affects, and why"),
            value="REV",
            details=(
                "REV is main, main...HEAD or HEAD; with - the names of",
                "changed files are read from stdin;",
                "with --build, build these programs",
            ),
            request=True,
        ),
    ),
    "The store, in which executables are kept": (
        Option(
            *("store", "show or clean it; WHAT is"),
            value="WHAT",
            details=(
                "stat (what it holds), clear (empty it), verify (remove",
                "what is damaged) or drop TARGET (forget that program)",
            ),
            choices=("stat", "clear", "verify", "drop"),
            request=True,
        ),
    ),
    "Output": (
        Option("quiet", "print nothing of gorun's own but errors"),
        Option("events", "append what happens to FILE, as JSON lines", value="FILE", files=True),
    ),
    "Other": (
        Option(
            *("init", "write a noxfile.py, tasks.py or dodo.py"),
            details=("--init nox, invoke or doit; overwrites nothing",),
            request=True,
        ),
        Option("no-config", "ignore pyproject.toml and gorun.toml"),
        Option(
            *("completion", "print a script that completes what is typed"),
            value="SHELL",
            details=("SHELL is bash, zsh or fish",),
            choices=("bash", "zsh", "fish"),
        ),
        Option("help", "print this"),
        Option("version", "print the version of gorun"),
    ),
}
"""The options as --help groups them."""

OPTIONS = {option.name: option for group in GROUPS.values() for option in group}
"""The options by name."""


_VALUES = {
    "DIR": ("a directory", "./testdata"),
    "FILE": ("a file", "build.jsonl"),
    "HOST:PORT": ("an address", "localhost:8080"),
    "REV": ("a revision of git", "main"),
    "SECONDS": ("a number of seconds", "10"),
    "SHELL": ("the name of a shell", "bash"),
    "SIGNAL": ("the name of a signal", "INT"),
    "VAR=FACT": ("a variable and a fact", "main.version=version"),
    "WHAT": ("a word that says what to do", "stat"),
}
"""What a value is, with an example, by what --help calls it."""


def without_value(name: str) -> UsageError:
    """Return the error of an option that lacks its value."""
    what, example = _VALUES[OPTIONS[name].value]
    return UsageError(f"--{name} needs {what}", f"as in --{name} {example}")


def find(word: str, name: str) -> Option | None:
    """Return the option that a word names; None for one that is not gorun's.

    Raises UsageError for a word that go does not know either where gorun has something like it.
    """
    if word == "-h":
        return OPTIONS["help"]
    if not word.startswith("--"):
        if name in OPTIONS:
            hint = f"gorun's own options have two dashes: --{name}"
            raise UsageError(f"flag provided but not defined: -{name}", hint)
        return None
    if name not in OPTIONS:
        from gorun_tasks.core.suggestions import NOT_OF_RUN, nearest

        if name in NOT_OF_RUN:
            return None
        hint = nearest(name, {*OPTIONS, *BOOLEAN_FLAGS, *VALUE_FLAGS}, "--")
        if hint[len("did you mean --") : -1] in OPTIONS:
            raise UsageError(f"flag provided but not defined: --{name}", hint)
    return OPTIONS.get(name)


def refuse_contradiction(given: Collection[str]) -> None:
    """Raise UsageError where one option would make another mean nothing."""
    for name in given:
        needed = OPTIONS[name].of
        if needed and needed not in given:
            raise UsageError(f"--{name} is only for --{needed}")
    requests = [name for name, option in OPTIONS.items() if option.request and name in given]
    if "cwd" in given:
        for name in requests:
            if name not in ("watch", "ephemeral"):
                raise UsageError(f"--cwd cannot be combined with --{name}")
    requests.sort(key=lambda name: name != "watch")
    if "watch" in given and "rebuild" in given:
        requests.append("rebuild")
    if len(requests) > 1 and requests != ["build", "affected"]:
        raise UsageError(f"--{requests[0]} cannot be combined with --{requests[1]}")
