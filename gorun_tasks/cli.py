"""cli: gorun, the bare verb: `gorun [gorun options] [build flags] target [arguments]`.

Decides what the words on the command line ask for, and what the process ends with. It must not
import anything before it is needed: the way from here to an unchanged program is the hot path.
"""

from __future__ import annotations

import os
import sys
import time

from gorun_tasks.errors import BuildError, GoRunError, UsageError
from gorun_tasks.flags import VALUE_FLAGS, BuildFlags
from gorun_tasks.program import Outcome, Program
from gorun_tasks.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from gorun_tasks.store import Manifest
    from gorun_tasks.verdict import Verdict

SWITCHES = frozenset(("why", "which", "debug", "ephemeral", "rebuild", "quiet", "help", "version"))
VALUES = frozenset(("store", "events"))
_BEGUN = time.perf_counter()
_SIGINT = 2


class Options:
    """gorun's own options. `store` and `events` are "" where they were not given."""

    __slots__ = ("events", "store", "switches")

    def __init__(self) -> None:
        self.switches: set[str] = set()
        self.store = ""
        self.events = ""

    def __contains__(self, name: str) -> bool:
        return name in self.switches


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
            setattr(options, name, value)
    return options, rest + words[position:]


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
    if options.store or options.switches & {"help", "version"}:
        return _answer(options, rest, environ)
    flags, consumed = BuildFlags.parse(rest)
    if "debug" in options:
        flags = flags.for_debugging()
    target, used = Target.parse(rest[consumed:])
    arguments = rest[consumed + used :]
    program = Program.typed(target, flags, environ)
    program.events = options.events or program.events
    if flags.is_true("n"):
        return _only_print(program)
    if "why" in options:
        return _why(program)
    if options.switches.isdisjoint(("which", "ephemeral", "rebuild")):
        verdict = program.judge()
        if verdict.manifest is not None:
            _start_stored(program, verdict, verdict.manifest, arguments)
    return _make_and_start(program, arguments, options)


def _start_stored(
    program: Program, verdict: Verdict, manifest: Manifest, arguments: list[str]
) -> NoReturn:
    if verdict.renewed or verdict.altered:
        from gorun_tasks.graph import write_back  # noqa: PLC0415 - off the hot path

        write_back(program, verdict)
    else:
        program.store.mark_used(program.key)
    outcome = Outcome.stored(program, verdict, manifest)
    outcome.seconds = time.perf_counter() - _BEGUN
    if program.events:
        from gorun_tasks.events import tell  # noqa: PLC0415 - only when somebody listens

        tell(program, outcome)
    _replace(program, outcome, arguments)


def _make_and_start(program: Program, arguments: list[str], options: Options) -> int:
    graph = program.graph(arguments, ephemeral="ephemeral" in options)
    rebuild = "rebuild" in options
    if "which" in options:
        sys.stdout.write(graph.stable_path(rebuild=rebuild) + "\n")
        return 0
    made = graph.make(rebuild=rebuild)
    if made.outcome == "built":
        _hint(program, arguments, options)
    if not (graph.private or graph.ephemeral):
        _replace(program, made, arguments)
    status = graph.run().exit_code
    assert status is not None
    return status


def _replace(program: Program, outcome: Outcome, arguments: list[str]) -> NoReturn:
    from gorun_tasks.process import program_environment, replace  # noqa: PLC0415 - only to start

    if program.flags.chdir:
        os.chdir(program.flags.chdir)
    env = program_environment(os.environb, outcome.goroot_bin)
    command, path = outcome.path, outcome.path
    if outcome.wrapper:
        from gorun_tasks.process import find_wrapper  # noqa: PLC0415 - only with -exec

        command = find_wrapper(outcome.wrapper[0], env)
    replace(command, [*outcome.wrapper, path, *arguments], env)


def _why(program: Program) -> int:
    verdict = program.judge()
    if verdict.outcome == "current":
        sys.stdout.write(f"{program.label}: current\n")
        return 0
    told = [str(reason) for reason in verdict.because]
    never = program.never_recorded()
    if never and never not in told:
        told.append(never)
    if verdict.outcome == "restored":
        told.append("the store has the executable for this content")
    sys.stdout.write("".join(f"{program.label}: {reason}\n" for reason in told))
    return 1


def _only_print(program: Program) -> int:
    """Let go print what it would do (-n): it builds nothing, so there is nothing to start."""
    from gorun_tasks.fingerprint import Look  # noqa: PLC0415 - off the hot path
    from gorun_tasks.toolchain import Go, find_go  # noqa: PLC0415 - off the hot path

    look = Look(program.store, program.environ)
    go = Go(find_go(program.environ, look.where)[1], program.environ, program.cwd)
    return go.run_bare([*program.flags.words, "--", *program.target.words])


def _answer(options: Options, rest: list[str], environ: Mapping[str, str]) -> int:
    if "version" in options:
        from gorun_tasks import __version__  # noqa: PLC0415 - off the hot path

        sys.stdout.write(f"gorun {__version__}\n")
        return 0
    if "help" in options:
        from gorun_tasks.help import HELP  # noqa: PLC0415 - off the hot path

        sys.stdout.write(HELP)
        return 0
    from gorun_tasks.care import care  # noqa: PLC0415 - off the hot path

    return care(options.store, rest, environ)


def _hint(program: Program, arguments: list[str], options: Options) -> None:
    from gorun_tasks import console  # noqa: PLC0415 - off the hot path
    from gorun_tasks.flags import misplaced_flag, trap_sentence  # noqa: PLC0415 - off the hot path

    misplaced = misplaced_flag(arguments)
    if misplaced and "quiet" not in options and console.speaks_to_person(os.environ):
        sentence = trap_sentence(misplaced, program.target.words)
        console.say(sentence.removeprefix("gorun: "))


def _complain(error: GoRunError) -> int:
    from gorun_tasks import console  # noqa: PLC0415 - off the hot path
    from gorun_tasks.errors import final_status  # noqa: PLC0415 - off the hot path

    if not (isinstance(error, BuildError) and error.told):
        console.say(str(error))
    return final_status(error, os.environ)
