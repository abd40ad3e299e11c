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
    "one program": (
        Option(
            *("why", "say whether a run would build, and because of what"),
            details=("exit status 0 current, 1 stale",),
            request=True,
        ),
        Option(
            *("which", "build if needed, print the executable's path"),
            details=("it stays the same after every rebuild",),
            request=True,
        ),
        Option(
            *("cwd", "run in another directory than this one"),
            value="DIR",
            details=("named programs with args: than the configuration's",),
        ),
        Option("debug", "keep debug information, switch optimisation off"),
        Option("ephemeral", "delete the executable when the program ends", request=True),
        Option("rebuild", "ask go even if nothing changed"),
        Option(
            *("stamp", "link a fact of git into a string variable"),
            value="VAR=FACT",
            details=(
                "main.version=version; the facts are version, commit,",
                "date, dirty",
            ),
        ),
    ),
    "watching (on macOS: needs gorun-tasks[watch])": (
        Option(
            *("watch", "run, and run again when an edit changes the executable"),
            details=(
                "of several, :api :worker, only those that it changes;",
                "^C ends both, twice at once",
            ),
            request=True,
        ),
        Option(
            *("listen", "hold a socket open, so that requests wait"),
            value="HOST:PORT",
            details=("handed over in the manner of systemd (LISTEN_FDS)",),
            of="watch",
        ),
        Option(
            *("stop-signal", "what ends a program that is replaced"),
            value="SIGNAL",
            details=("TERM, INT, HUP ...",),
            choices=("HUP", "INT", "QUIT", "TERM", "USR1", "USR2"),
            of="watch",
        ),
        Option(
            *("stop-timeout", "how long that may take before SIGKILL (5)"),
            value="SECONDS",
            of="watch",
        ),
    ),
    "the programs of this module, go.work or repository": (
        Option("list", "name them all", request=True),
        Option(
            *("build", "build :NAME, packages, ./DIR/..., or all; run nothing"),
            request=True,
        ),
        Option(
            *("graph", "show them, what is stale, and what they share"),
            details=("--graph mermaid draws it",),
            request=True,
        ),
        Option(
            *("affected", "name those that a change touches, and why"),
            value="REV",
            details=(
                "REV is main, main...HEAD, HEAD; - reads the names of",
                "changed files; with --build, builds these",
            ),
            request=True,
        ),
    ),
    "gorun itself": (
        Option(
            *("init", "write a noxfile.py, tasks.py or dodo.py"),
            details=("gorun --init nox, invoke or doit; nothing is overwritten",),
            request=True,
        ),
        Option(
            *("store", "look after what is stored"),
            value="WHAT",
            details=(
                "stat, clear, verify, or drop of a program:",
                "gorun --store drop ./cmd/api",
            ),
            choices=("stat", "clear", "verify", "drop"),
            request=True,
        ),
        Option("no-config", "as if there were no pyproject.toml and no gorun.toml"),
        Option("quiet", "none of our own lines, but why there is no program"),
        Option("events", "append what happened as JSON lines", value="FILE", files=True),
        Option(
            *("completion", "print the script that completes what is typed"),
            value="SHELL",
            details=("bash, zsh or fish",),
            choices=("bash", "zsh", "fish"),
        ),
        Option("help", "print this"),
        Option("version", "print the version of gorun"),
    ),
}
"""The options as --help groups them."""

OPTIONS = {option.name: option for group in GROUPS.values() for option in group}
"""The options by name."""


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
            raise UsageError(f"--{name} does not go without --{needed}")
    requests = [name for name, option in OPTIONS.items() if option.request and name in given]
    if "cwd" in given:
        for name in requests:
            if name not in ("watch", "ephemeral"):
                raise UsageError(f"--cwd does not go with --{name}")
    requests.sort(key=lambda name: name != "watch")
    if "watch" in given and "rebuild" in given:
        requests.append("rebuild")
    if len(requests) > 1 and requests != ["build", "affected"]:
        raise UsageError(f"--{requests[0]} does not go with --{requests[1]}")
