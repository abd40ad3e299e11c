"""cli: gorun, the bare verb: `gorun [gorun options] [build flags] target [arguments]`.

Decides what the words on the command line ask for, and what the process ends with. It must not
import anything before it is needed: the way from here to an unchanged program is the hot path.
"""

from __future__ import annotations

import gc
import os
import sys
import time

from gorun_tasks.errors import ExecutableGoneError, GoRunError, UsageError
from gorun_tasks.fingerprint import Look
from gorun_tasks.flags import BOOLEAN_FLAGS, VALUE_FLAGS, BuildFlags
from gorun_tasks.program import Outcome, Program
from gorun_tasks.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from gorun_tasks.store import Manifest
    from gorun_tasks.verdict import Verdict

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
    if name in VALUE_FLAGS or name in BOOLEAN_FLAGS:
        return
    if not word.startswith("--"):
        if name in SWITCHES | VALUES:
            hint = f"gorun's own options have two dashes: --{name}"
            raise UsageError(f"flag provided but not defined: -{name}", hint)
        return
    from difflib import get_close_matches  # noqa: PLC0415 - off the hot path

    known = sorted(SWITCHES | VALUES)
    near = get_close_matches(name, [*known, *BOOLEAN_FLAGS, *VALUE_FLAGS], n=1)
    if near and near[0] in known:
        raise UsageError(f"flag provided but not defined: --{name}", f"did you mean --{near[0]}?")


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


def main() -> NoReturn:
    """Run gorun with the words of sys.argv, and never return: the program takes our place."""
    try:
        status = _run(sys.argv[1:])
    except GoRunError as error:
        status = _complain(error)
    except KeyboardInterrupt as interrupt:
        from gorun_tasks.process import die_by  # noqa: PLC0415 - off the hot path

        die_by(getattr(interrupt, "signum", _SIGINT))
    sys.exit(status)


def _run(words: list[str]) -> int:
    options, rest = split_options(words)
    environ = os.environ
    if "quiet" in options:
        from gorun_tasks.console import hush  # noqa: PLC0415 - only where asked for

        hush()
    if options.store or options.completion or options.switches & {"help", "version"}:
        return _care(options, rest, environ)
    flags, consumed = BuildFlags.parse(rest)
    if "debug" in options:
        from gorun_tasks.toolflags import for_debugging  # noqa: PLC0415 - only where asked for

        flags = for_debugging(flags)
    words = rest[consumed:]
    if options.affected or not options.switches.isdisjoint(_OF_MANY):
        return _of_many(options, flags, words)
    if words and words[0][:1] == ":":
        from gorun_tasks.many import enter  # noqa: PLC0415 - only for a name

        options.events = options.events and os.path.abspath(options.events)
        program, arguments = enter(words[0][1:], flags, options.stamps, words[1:])
    else:
        target, used = Target.parse(words)
        arguments = words[used:]
        program = Program.typed(target, flags, environ, options.stamps)
    program.events = options.events or program.events
    if flags.is_true("n"):
        return _only_print(program)
    if "why" in options:
        return _why(program)
    # A look makes many tuples and no cycles, and this process does not live long.
    gc.disable()
    verdict = program.judge(Look(program.store, program.environ, alone=True))
    try:
        if verdict.manifest is not None and options.switches.isdisjoint(
            ("which", "ephemeral", "rebuild")
        ):
            _start_stored(program, verdict, verdict.manifest, arguments)
        return _make_and_start(program, arguments, options, verdict)
    except ExecutableGoneError:
        return _make_and_start(program, arguments, options)


def _watch(options: Options, flags: BuildFlags, words: list[str]) -> int:
    from gorun_tasks.watching import watch  # noqa: PLC0415 - off the hot path

    typed = options.stop_signal, options.stop_timeout, options.listen
    return watch(words, flags, options.stamps, events=options.events, typed=typed)


def _of_many(options: Options, flags: BuildFlags, words: list[str]) -> int:
    if "watch" in options:
        return _watch(options, flags, words)
    from gorun_tasks import many  # noqa: PLC0415 - no part of a run

    if "list" in options:
        return many.show_list(flags, words, _answer)
    if "graph" in options:
        return many.show_graph(flags, words, _answer)
    if "build" not in options:
        return many.show_affected(flags, words, _answer, since=options.affected)
    if options.events:
        os.environ["GORUN_EVENTS"] = options.events
    rebuild, quiet = "rebuild" in options, "quiet" in options
    since, stamps = options.affected, options.stamps
    return many.build(
        flags, words, _answer, rebuild=rebuild, quiet=quiet, since=since, stamps=stamps
    )


def _start_stored(
    program: Program, verdict: Verdict, manifest: Manifest, arguments: list[str]
) -> NoReturn:
    program.store.mark_used(program.key)
    if verdict.renewed or verdict.altered:
        from gorun_tasks.publish import write_back  # noqa: PLC0415 - off the hot path

        write_back(program, verdict)
    outcome = Outcome.stored(program, verdict, manifest)
    outcome.seconds = time.perf_counter() - _BEGUN
    if program.events:
        from gorun_tasks.events import tell_outcome  # noqa: PLC0415 - only when somebody listens

        tell_outcome(program, outcome)
    _replace(program, outcome, arguments)


def _make_and_start(
    program: Program, arguments: list[str], options: Options, verdict: Verdict | None = None
) -> int:
    ephemeral, begun = "ephemeral" in options, _BEGUN if verdict else 0.0
    graph = program.graph(arguments, ephemeral=ephemeral, verdict=verdict, begun=begun)
    rebuild = "rebuild" in options
    if "which" in options:
        return _answer(graph.stable_path(rebuild=rebuild) + "\n")
    made = graph.make(rebuild=rebuild)
    if made.outcome == "built":
        _hint(program, arguments)
    if not (graph.private or graph.ephemeral):
        _replace(program, made, arguments)
    status = graph.run().exit_code
    assert status is not None
    return status


def _replace(program: Program, outcome: Outcome, arguments: list[str]) -> NoReturn:
    from gorun_tasks.process import program_environment, replace  # noqa: PLC0415 - only to start

    if program.flags.chdir:
        os.chdir(program.directory)
    env = program_environment(os.environb, outcome.goroot_bin)
    command, path = outcome.path, outcome.path
    if outcome.wrapper:
        from gorun_tasks.process import find_wrapper  # noqa: PLC0415 - only with -exec

        command = find_wrapper(outcome.wrapper[0], env)
    replace(command, [*outcome.wrapper, path, *arguments], env)


def _why(program: Program) -> int:
    verdict = program.judge()
    if verdict.outcome == "current":
        return _answer(f"{program.label}: current\n")
    told = [str(reason) for reason in verdict.because]
    never = program.never_recorded()
    if never and never not in told:
        told.append(never)
    if verdict.outcome == "restored":
        told.append("the store has the executable for this content")
    _answer("".join(f"{program.label}: {reason}\n" for reason in told))
    return 1


def _only_print(program: Program) -> int:
    """Let go print what it would do (-n): it builds nothing, so there is nothing to start."""
    from gorun_tasks.toolchain import Go, find_go  # noqa: PLC0415 - off the hot path

    look = Look(program.store, program.environ)
    go = Go(find_go(program.environ, look.where)[1], program.environ, program.cwd)
    return go.run_bare([*program.flags.words, "--", *program.target.words])


def _answer(text: str) -> int:
    """Write an answer to stdout; return the exit status, 1 where nobody takes it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        # The interpreter would try again at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return 0


def _care(options: Options, rest: list[str], environ: Mapping[str, str]) -> int:
    if "version" in options:
        from gorun_tasks import __version__  # noqa: PLC0415 - off the hot path

        return _answer(f"gorun {__version__}\n")
    if "help" in options:
        from gorun_tasks.help import HELP  # noqa: PLC0415 - off the hot path

        return _answer(HELP)
    if options.completion:
        from gorun_tasks.completion import completion  # noqa: PLC0415 - off the hot path

        return _answer(completion(options.completion, rest, SWITCHES, VALUES))
    from gorun_tasks.care import care  # noqa: PLC0415 - off the hot path

    return care(options.store, rest, environ)


def _hint(program: Program, arguments: list[str]) -> None:
    from gorun_tasks import console  # noqa: PLC0415 - off the hot path
    from gorun_tasks.mistaken import misplaced_flag, trap_sentence  # noqa: PLC0415 - off the hot path

    misplaced = misplaced_flag(arguments)
    if misplaced and console.speaks_to_person(os.environ):
        sentence = trap_sentence(misplaced, program.target.words)
        console.say(sentence.removeprefix("gorun: "))


def _complain(error: GoRunError) -> int:
    from gorun_tasks import console  # noqa: PLC0415 - off the hot path
    from gorun_tasks.errors import BUILD_FAILED, final_status  # noqa: PLC0415 - off the hot path

    if not getattr(error, "told", False):
        console.complain(str(error))
    status = final_status(error, os.environ)
    chosen = os.environ.get("GORUN_BUILD_EXIT_CODE", "")
    if chosen and error.exit_status == BUILD_FAILED and str(status) != chosen:
        console.say(f"GORUN_BUILD_EXIT_CODE is {chosen!r}, which is no number from 1 to 255")
    return status
