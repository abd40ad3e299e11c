"""The command `gorun --watch`, as it is typed.

    gorun --watch ./cmd/api --port 8080     one program, as without --watch
    gorun --watch :api :worker              several, with the arguments of the configuration

Decides what the words mean: programs, their arguments, and the options of a watch. What a person
sees of it is in `watch.session`.
"""

from __future__ import annotations

import os
import re
import signal

from gorun_tasks.api import Program
from gorun_tasks.cli.workspace_commands import named, typed
from gorun_tasks.core.target import Target
from gorun_tasks.errors import UsageError
from gorun_tasks.system.supervisor import listener_at
from gorun_tasks.watch.session import labelled, run
from gorun_tasks.watch.watcher import GRACE, Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gorun_tasks.core.flags import BuildFlags

    Typed = tuple[str, str, str]
    """The signal, the seconds and the address that are typed, "" for none."""

_NAME = re.compile(r":[^:0-9][^:]*")  # not an address like :8080


def programs_of(
    words: list[str], flags: BuildFlags, stamps: Mapping[str, str], events: str
) -> tuple[dict[str, Program], dict[str, Sequence[str]]]:
    """Return the programs that the words name, and their arguments. Raises UsageError."""
    names = 0
    while names < len(words) and _NAME.fullmatch(words[names]):
        names += 1
    args: dict[str, Sequence[str]] = {}
    if names == 0:
        target, used = Target.parse(words)
        program = typed(Program.typed(target, flags, os.environ, stamps))
        programs, rest = {program.name: program}, words[used:]
        args[program.name] = rest
    else:
        programs, args = named(flags, [word[1:] for word in words[:names]], stamps)
        rest = words[names:]
        if rest and len(programs) > 1:
            raise UsageError(
                f"several programs cannot share the arguments {' '.join(rest)}",
                "write each one's into pyproject.toml or gorun.toml",
            )
        if rest:
            args = dict.fromkeys(programs, rest)
    for program in programs.values():
        program.events = events or program.events
    return programs, args


def signal_of(word: str) -> int:
    """Return the signal that is typed: TERM, SIGTERM or 15. Raises UsageError."""
    if not word:
        return signal.SIGTERM
    number = int(word) if word.isdecimal() else 0
    found = getattr(signal, f"SIG{word.upper().removeprefix('SIG')}", number)
    if found not in signal.valid_signals():
        raise UsageError(f"--stop-signal {word} is no signal", "INT, TERM, HUP and so on are")
    return int(found)


def seconds_of(word: str) -> float:
    """Return the seconds that are typed: 10, 0.5, 10s. Raises UsageError."""
    if not word:
        return GRACE
    try:
        seconds = float(word.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"--stop-timeout {word} is no number of seconds")
    return seconds


def watch(
    words: list[str], flags: BuildFlags, stamps: Mapping[str, str], *, events: str, options: Typed
) -> int:
    """Answer --watch; return the exit status."""
    programs, args = programs_of(words, flags, stamps, events)
    names = list(programs)
    number, grace, address = signal_of(options[0]), seconds_of(options[1]), options[2]
    if address and len(names) > 1:
        raise UsageError("--listen is for one program, not for several")
    return run(
        Watch(
            {name: program.context() for name, program in programs.items()},
            args,
            stop_signal=number,
            grace=grace,
            labelled=labelled(names),
            listening=listener_at(address) if address else None,
        ),
        names,
    )
