"""cli: gorun, the bare verb: `gorun [gorun options] [build flags] target [arguments]`.

Decides what the words on the command line ask for, and what the process ends with. It must not
import anything before it is needed: the way from here to an unchanged program is the hot path.
"""

# ruff: noqa: PLC0415 - the hot path counts every import
import gc
import os
import sys
import time

from gorun_tasks.errors import ExecutableGoneError, GoRunError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.check import Verdict
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import Manifest

SWITCHES = frozenset(
    (
        *("why", "which", "debug", "ephemeral", "rebuild", "quiet", "help", "version"),
        *("list", "build", "graph", "watch"),
    )
)
VALUES = frozenset(
    ("store", "events", "affected", "stamp", "completion", "stop-signal", "stop-timeout", "listen")
)
_OF_MANY = frozenset(("list", "build", "graph", "watch"))
_ALONE = (
    *("watch", "why", "which", "ephemeral", "list", "build", "graph"),
    *("store", "affected"),
)
_OF_A_WATCH = ("stop_signal", "stop_timeout", "listen")
_BEGUN = time.perf_counter()
_SIGINT = 2


class Options:
    """gorun's own options. Those with a value are "" where they were not given."""

    __slots__ = (
        *("affected", "completion", "events", "listen", "stamps", "stop_signal", "stop_timeout"),
        "store",
        "switches",
    )

    def __init__(self) -> None:
        self.switches: set[str] = set()
        self.store = ""
        self.completion = ""
        self.events = ""
        self.affected = ""
        self.listen = ""
        self.stop_signal = ""
        self.stop_timeout = ""
        self.stamps: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.switches

    def take(self, name: str, value: str) -> None:
        """Take an option with its value. Raises UsageError where it has none."""
        if not value and name != "events":
            raise UsageError(f"--{name} needs a value")
        if name == "stamp":
            variable, _, fact = value.partition("=")
            self.stamps[variable] = fact
        else:
            setattr(self, name.replace("-", "_"), value)


def split_options(words: list[str]) -> tuple[Options, list[str]]:
    """Take gorun's own options from before the target; return them and the other words.

    Raises UsageError for a missing or superfluous value.
    """
    from gorun_tasks.core.flags import VALUE_FLAGS

    options = Options()
    rest: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word in ("--", "-") or not word.startswith("-"):
            break
        position += 1
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("--") or name not in SWITCHES | VALUES:
            _refuse_mistyped(word, name)
            rest.append(word)
            if name in VALUE_FLAGS and not equals and position < len(words):
                rest.append(words[position])
                position += 1
        elif name in SWITCHES:
            if equals:
                raise UsageError(f"--{name} takes no value")
            options.switches.add(name)
        else:
            if not equals:
                if position == len(words):
                    raise UsageError(f"--{name} needs a value")
                value = words[position]
                position += 1
            options.take(name, value)
    if options.switches or options.listen or options.stop_signal or options.stop_timeout:
        _refuse_contradiction(options)
    return options, rest + words[position:]


def _refuse_mistyped(word: str, name: str) -> None:
    """Raise UsageError for what neither gorun nor go knows but gorun has something like it."""
    from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS

    if name not in VALUE_FLAGS and name not in BOOLEAN_FLAGS:
        from gorun_tasks.cli.answers import refuse_mistyped

        refuse_mistyped(word, name, SWITCHES | VALUES)


def _refuse_contradiction(options: Options) -> None:
    """Raise UsageError where one option would make another mean nothing."""
    asked = [name for name in _ALONE if name in options or getattr(options, name, False)]
    if options.switches >= {"watch", "rebuild"}:
        asked.append("rebuild")
    watches = [name for name in _OF_A_WATCH if getattr(options, name)]
    if watches and "watch" not in options:
        raise UsageError(f"--{watches[0].replace('_', '-')} does not go without --watch")
    if len(asked) > 1 and asked != ["build", "affected"]:
        raise UsageError(f"--{asked[0]} does not go with --{asked[1]}")


def main() -> "NoReturn":
    """Run gorun with the words of sys.argv, and never return: the program takes our place."""
    # Modules and a look are many objects and no cycles, and this process does not live long.
    gc.disable()
    try:
        status = _run(sys.argv[1:])
    except GoRunError as error:
        from gorun_tasks.cli.answers import complain

        status = complain(error)
    except KeyboardInterrupt as interrupt:
        from gorun_tasks.system.foreground import die_by

        die_by(getattr(interrupt, "signum", _SIGINT))
    sys.exit(status)


def _run(words: list[str]) -> int:
    from gorun_tasks.core.check import Look, check
    from gorun_tasks.core.flags import BuildFlags
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.target import Target

    options, rest = split_options(words)
    if "quiet" in options:
        from gorun_tasks.system.console import hush

        hush()
    about_us = options.completion or options.switches & {"help", "version"}
    if about_us or options.store not in ("", "drop"):
        from gorun_tasks.cli.answers import of_gorun

        return of_gorun(options, rest, SWITCHES, VALUES)
    flags, consumed = BuildFlags.parse(rest)
    if "debug" in options:
        from gorun_tasks.core.tool_flags import for_debugging

        flags = for_debugging(flags)
    words = rest[consumed:]
    if options.affected or not options.switches.isdisjoint(_OF_MANY):
        from gorun_tasks.cli.answers import of_many

        return of_many(options, flags, words)
    used = 1
    program: ProgramSpec
    if words and words[0][:1] == ":":
        from gorun_tasks.cli.workspace_commands import enter

        options.events = options.events and os.path.abspath(options.events)
        program, arguments = enter(words[0][1:], flags, options.stamps, words[1:])
    else:
        target, used = Target.parse(words)
        arguments = words[used:]
        program = ProgramSpec.typed(target, flags, os.environ, options.stamps)
    program.events = options.events or program.events
    if "why" in options or options.store or flags.is_true("n"):
        from gorun_tasks.cli.answers import of_one

        return of_one(options, program, words[used:])
    verdict, look, manifests = check(program, Look(program.store, program.environ, alone=True))
    if verdict is None:
        from gorun_tasks.inputs.verdict import examine

        verdict = examine(program, look, manifests)
    try:
        if verdict.manifest is not None and options.switches.isdisjoint(
            ("which", "ephemeral", "rebuild")
        ):
            _start_stored(program, verdict, verdict.manifest, arguments)
        return _make_and_start(program, arguments, options, verdict)
    except ExecutableGoneError:
        return _make_and_start(program, arguments, options)


def _start_stored(
    program: "ProgramSpec", verdict: "Verdict", manifest: "Manifest", arguments: list[str]
) -> "NoReturn":
    program.store.mark_used(program.key)
    if verdict.renewed or verdict.altered:
        from gorun_tasks.storage.writer import write_back

        write_back(program, verdict)
    if program.events:
        from gorun_tasks.build.events import tell_outcome
        from gorun_tasks.build.outcome import Outcome

        outcome = Outcome.stored(program, verdict, manifest)
        outcome.seconds = time.perf_counter() - _BEGUN
        tell_outcome(program, outcome)
    _replace(program, program.store.executable(manifest), manifest, arguments)


def _make_and_start(
    program: "ProgramSpec", arguments: list[str], options: Options, verdict: "Verdict | None" = None
) -> int:
    ephemeral, begun = "ephemeral" in options, _BEGUN if verdict else 0.0
    from gorun_tasks.build.graph import Graph

    graph = Graph(program, arguments, ephemeral=ephemeral, verdict=verdict, begun=begun)
    rebuild = "rebuild" in options
    if "which" in options:
        from gorun_tasks.cli.answers import answer

        return answer(graph.stable_path(rebuild=rebuild) + "\n")
    made = graph.make(rebuild=rebuild)
    if made.outcome == "built":
        from gorun_tasks.cli.answers import hint

        hint(program, arguments)
    if not (graph.private or graph.ephemeral):
        _replace(program, made.path, made, arguments)
    made = graph.run()
    if made.signal:
        from gorun_tasks.system.foreground import die_by

        die_by(made.signal)
    assert made.exit_code is not None
    return made.exit_code


def _replace(
    program: "ProgramSpec", path: str, made: "Manifest | Outcome", arguments: list[str]
) -> "NoReturn":
    from gorun_tasks.core.launch import program_environment, replace

    if program.flags.chdir:
        os.chdir(program.directory)
    env = program_environment(os.environb, made.goroot_bin)
    command = path
    if made.wrapper:
        from gorun_tasks.core.launch import find_wrapper

        command = find_wrapper(made.wrapper[0], env)
    replace(command, [*made.wrapper, path, *arguments], env)
