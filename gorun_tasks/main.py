"""Entry point: `gorun [gorun options] [build flags] target [arguments]`.

Decides what the words on the command line ask for, and what the process ends with. It must not
import anything before it is needed: the way from here to an unchanged program is the hot path.
"""

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
    from gorun_tasks.core.flags import BuildFlags
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import Manifest

_BEGUN = time.perf_counter()
_OF_MANY = ("list", "build", "graph", "watch", "affected", "init")  # of more than one program
_SIGINT = 2


class Options:
    """gorun's own options that were given, by name; the value of a switch is ""."""

    __slots__ = ("as_json", "given", "stamps")

    def __init__(self) -> None:
        self.as_json = False  # go's own -json, where it is for an answer of ours
        self.given: dict[str, str] = {}
        self.stamps: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def __getitem__(self, name: str) -> str:
        return self.given.get(name, "")

    def take(self, name: str, value: str) -> None:
        """Take an option with its value. Raises UsageError where it has none."""
        if not value and name != "events":
            from gorun_tasks.cli.options import without_value

            raise without_value(name)
        if name == "cwd" and not os.path.isdir(value):
            raise UsageError(f"--cwd {value} is no directory")
        if name == "stamp":
            variable, _, fact = value.partition("=")
            self.stamps[variable] = fact
        else:
            self.given[name] = value


def split_options(words: list[str]) -> tuple[Options, list[str]]:
    """Take gorun's own options from before the target; return them and the other words.

    Raises UsageError for a missing or superfluous value.
    """
    from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS

    options = Options()
    rest: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word in ("--", "-") or not word.startswith("-"):
            break
        begin = position
        position += 1
        name, equals, value = word.lstrip("-").partition("=")
        own = None
        if name not in VALUE_FLAGS and name not in BOOLEAN_FLAGS:
            from gorun_tasks.cli.options import find

            own = find(word, name)
        takes_next = (name in VALUE_FLAGS if own is None else own.value) and not equals
        if takes_next:
            if own is not None and position == len(words):
                from gorun_tasks.cli.options import without_value

                raise without_value(own.name)
            value = "".join(words[position : position + 1])
            position += 1
        if own is None:
            rest += words[begin:position]
        elif own.value:
            options.take(own.name, value)
        elif equals:
            raise UsageError(f"--{name} takes no value")
        else:
            options.given[own.name] = ""
    if options.given:
        from gorun_tasks.cli.options import refuse_contradiction

        refuse_contradiction(options.given)
    return options, rest + words[position:]


def main() -> "NoReturn":
    """Run gorun with the words of sys.argv, and never return: the program takes our place."""
    # Modules and a look are many objects and no cycles, and this process does not live long.
    gc.disable()
    try:
        status = _run(sys.argv[1:])
    except GoRunError as error:
        from gorun_tasks.cli.answers import complain

        status = complain(error, _words_of_target(error))
    except KeyboardInterrupt as interrupt:
        from gorun_tasks.system.foreground import die_by

        die_by(getattr(interrupt, "signum", _SIGINT))
    sys.exit(status)


def _words_of_target(error: GoRunError) -> list[str]:
    """Return the words that named what could not be built or run, [] for other errors."""
    from gorun_tasks.errors import BuildError, PlaceError

    is_of_target = isinstance(error, (BuildError, PlaceError))
    return split_options(sys.argv[1:])[1] if is_of_target else []


def _run(words: list[str]) -> int:
    from gorun_tasks.core.check import StatCache, check
    from gorun_tasks.core.flags import BuildFlags
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.target import Target

    options, rest = split_options(words)
    _prepare(options)
    about_us = any(name in options for name in ("completion", "help", "version"))
    if about_us or options["store"] not in ("", "drop"):
        from gorun_tasks.cli.answers import of_gorun

        return of_gorun(options, rest)
    flags, consumed = BuildFlags.parse(rest)
    flags = _flags(flags, options)
    words = rest[consumed:]
    if options.given and _is_of_many(options, words):
        from gorun_tasks.cli.answers import of_many

        return of_many(options, flags, words)
    used = 1
    events = options["events"] or os.environ.get("GORUN_EVENTS", "")
    if words and words[0][:1] == ":":
        from gorun_tasks.cli.workspace_commands import enter

        if "why" in options and "remote" not in options:
            from gorun_tasks.workspace.discovery import stay_offline

            stay_offline()
        program, arguments = enter(words[0][1:], flags, options.stamps, words[1:], options["cwd"])
    else:
        target, used = Target.parse(words)
        arguments = words[used:]
        stamps, run_in = options.stamps, options["cwd"]
        program = _typed(ProgramSpec(target, flags, os.environ, stamps, run_in=run_in))
    if "why" in options or "store" in options or flags.is_true("n"):
        from gorun_tasks.cli.answers import of_one

        return of_one(options, program, words[used:])
    told = events, words[0] if words[0][:1] == ":" else ""
    verdict, look, manifests = check(program, StatCache(program.store, program.environ, alone=True))
    if verdict is None:
        from gorun_tasks.inputs.verdict import examine

        verdict = examine(program, look, manifests)
    try:
        if verdict.manifest is not None and not any(
            name in options for name in ("which", "ephemeral", "rebuild")
        ):
            _start_stored(program, verdict, verdict.manifest, arguments, events)
        return _make_and_start(program, arguments, options, verdict, told)
    except ExecutableGoneError:
        return _make_and_start(program, arguments, options, None, told)


def _is_of_many(options: Options, words: list[str]) -> bool:
    """Say whether this is about more than one program."""
    asked = "why" in options or "which" in options
    several = len(words) > 1 and words[0][:1] == words[1][:1] == ":"
    return (asked and several) or any(name in options for name in _OF_MANY)


def _flags(flags: "BuildFlags", options: Options) -> "BuildFlags":
    """Return the flags that the program is built with."""
    if ("why" in options or "which" in options) and flags.is_true("json"):
        options.as_json = True
        flags = flags.without("json")
    if "debug" in options:
        from gorun_tasks.core.tool_flags import for_debugging

        flags = for_debugging(flags)
    return flags


def _prepare(options: Options) -> None:
    """Do what some options say of all that follows."""
    if "quiet" in options:
        from gorun_tasks.system.console import set_quiet

        set_quiet()
    if "no-config" in options:
        from gorun_tasks.config.configuration import switch_off

        switch_off()


def _typed(program: "ProgramSpec") -> "ProgramSpec":
    """Return a program that is typed with what a configuration says of it."""
    from gorun_tasks.core.program import may_be_configured

    if program.target.kind != "package" or not may_be_configured(program.directory):
        return program
    from gorun_tasks.cli.workspace_commands import typed

    return typed(program)


def _start_stored(
    program: "ProgramSpec",
    verdict: "Verdict",
    manifest: "Manifest",
    arguments: list[str],
    events: str,
) -> "NoReturn":
    program.store.mark_used(program.key)
    if verdict.renewed or verdict.altered:
        from gorun_tasks.storage.writer import write_back

        write_back(program, verdict)
    if events:
        from gorun_tasks.build.context import BuildContext
        from gorun_tasks.build.events import emit_outcome
        from gorun_tasks.build.outcome import Outcome

        outcome = Outcome.stored(program, verdict, manifest)
        outcome.took({"check": time.perf_counter() - _BEGUN})
        emit_outcome(BuildContext(program, events=events), outcome)
    _replace(program, program.store.executable(manifest), manifest, arguments)


def _make_and_start(
    program: "ProgramSpec",
    arguments: list[str],
    options: Options,
    verdict: "Verdict | None",
    told: tuple[str, str],
) -> int:
    """Make and start a program.

    `told` are the file of events, and how the program was named.
    """
    from gorun_tasks.build.context import BuildContext
    from gorun_tasks.build.graph import Graph

    graph = Graph(
        program,
        arguments,
        context=BuildContext(program, events=told[0]),
        ephemeral="ephemeral" in options,
        verdict=verdict,
        begun=_BEGUN if verdict else 0.0,
    )
    rebuild = "rebuild" in options
    if "which" in options:
        from gorun_tasks.cli.answers import of_path

        return of_path(options, graph.stable_path(rebuild=rebuild))
    made = graph.make(rebuild=rebuild)
    if made.outcome == "built":
        from gorun_tasks.cli.answers import hint

        hint(program, arguments, told[1], made.because)
    if not (graph.private or graph.ephemeral):
        graph.publish_apart()
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

    if program.run_in not in ("", "."):
        from gorun_tasks.core.launch import go_to

        go_to(program.place)
    elif program.flags.chdir and not program.run_in:
        os.chdir(program.directory)
    env = program_environment(os.environb, made.goroot_bin)
    command = path
    if made.wrapper:
        from gorun_tasks.core.launch import find_wrapper

        command = find_wrapper(made.wrapper[0], env)
    replace(command, [*made.wrapper, path, *arguments], env)
