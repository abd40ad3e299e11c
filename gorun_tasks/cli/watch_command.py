"""The command `gorun --watch`, as it is typed.

    gorun --watch ./cmd/api --port 8080     one program, as without --watch
    gorun --watch :api :worker              several, with the arguments of the configuration

Decides what the words mean: programs, their arguments, and the options of a watch. What a person
sees of it is in `watch.session`.
"""

from __future__ import annotations

import itertools
import os
import signal

from gorun_tasks.api import Program
from gorun_tasks.cli.workspace_commands import directory_typed, named
from gorun_tasks.core.target import Target, is_name
from gorun_tasks.errors import UsageError
from gorun_tasks.system.supervisor import listener_at
from gorun_tasks.watch.labels import Labels
from gorun_tasks.watch.session import run
from gorun_tasks.watch.watcher import GRACE, Watch
from gorun_tasks.workspace.configured import configured
from gorun_tasks.workspace.configured_programs import ConfiguredPrograms
from gorun_tasks.workspace.workspace import Workspace, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.core.flags import BuildFlags
    from gorun_tasks.watch.configuration import Programs

    Typed = tuple[str, str, str, str]
    """The signal, the seconds, the address and the directory that are typed, "" for none."""


def programs_of(
    words: list[str], flags: BuildFlags, stamps: Mapping[str, str], events: str, run_in: str
) -> ConfiguredPrograms:
    """Return the programs that the words name. Raises UsageError."""
    names = [word[1:] for word in itertools.takewhile(is_name, words)]
    rest = words[len(names) :]
    if rest and len(names) > 1:
        raise UsageError(
            f"--watch of several programs takes no arguments: {' '.join(rest)}",
            "`args` in gorun.toml or pyproject.toml are those of one program",
        )

    def watched(program: Program) -> BuildContext:
        program = program.in_place(run_in or program.run_in)
        program.events = events or program.events
        return program.context()

    def of_target() -> Programs:
        target, used = Target.parse(words)
        program = configured(Program.typed(target, flags, os.environ, stamps))
        return {program.name: watched(program)}, {program.name: words[used:]}

    place = directory_typed(flags)
    if not names:
        return ConfiguredPrograms(place, of_target)
    root = root_of(place)

    def of_workspace() -> Programs:
        programs, args = named(Workspace(root), flags, names, stamps)
        contexts = {name: watched(program) for name, program in programs.items()}
        return contexts, {name: rest or args[name] for name in names}

    return ConfiguredPrograms(root, of_workspace)


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
    configuration = programs_of(words, flags, stamps, events, options[3])
    contexts, args = configuration.load()
    names = list(contexts)
    number, grace, address = signal_of(options[0]), seconds_of(options[1]), options[2]
    if address and len(names) > 1:
        raise UsageError("--listen is for one program, not for several")
    return run(
        Watch(
            contexts,
            args,
            stop_signal=number,
            grace=grace,
            labelled=Labels(names).write if len(names) > 1 else None,
            listening=listener_at(address) if address else None,
            configuration=configuration,
        ),
        names,
    )
