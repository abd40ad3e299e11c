"""Answers: what gorun writes to stdout for a question, and to stderr for a mistake.

Decides what is said on stdout to a question (`--why`, `--store`, `--list`, ...), and on stderr to
a mistake. It must never start the program: where one is to be started, `main` does.
"""

from __future__ import annotations

import gc
import os
import sys

from gorun_tasks.core.flags import VALUE_FLAGS, split_typed
from gorun_tasks.core.program import NOT_BUILT, logical_directory
from gorun_tasks.core.target import is_name
from gorun_tasks.errors import GoRunError, UsageError, in_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from gorun_tasks.core.check import Verdict
    from gorun_tasks.core.flags import BuildFlags
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.reasons import Reason

    class Options(Protocol):
        """The options that were given: see main."""

        as_json: bool
        stamps: dict[str, str]

        def __contains__(self, name: str) -> bool: ...
        def __getitem__(self, name: str) -> str: ...


def answer(text: str) -> int:
    """Write an answer to stdout; return the exit status, 125 where it cannot be written.

    Names are written as the system has them, whatever the locale: to be found again by whoever
    reads a path.
    """
    if sys.stdout is None:  # it was closed when we started, and 1 may be anything by now
        return complain(GoRunError("cannot write the answer: standard output is closed"))
    rest = text.encode("utf-8", "surrogateescape")
    try:
        while rest:
            rest = rest[os.write(1, rest) :]
    except OSError as error:
        return complain(GoRunError(f"cannot write the answer: {error.strerror}"))
    return 0


def of_gorun(options: Options, rest: list[str]) -> int:
    """Answer --version, --help, --completion and --store; return the exit status."""
    if "version" in options:
        from gorun_tasks.errors import __version__

        return answer(f"gorun {__version__}\n")
    if "help" in options:
        from gorun_tasks.cli.help import help_text

        return answer(help_text())
    if "completion" in options:
        from gorun_tasks.cli.completion import completion

        return answer(completion(options["completion"], rest))
    from gorun_tasks.storage.maintenance import maintain

    gc.enable()  # a store may be large
    return maintain(options["store"], rest, os.environ, answer)


def of_many(options: Options, flags: BuildFlags, words: list[str]) -> int:
    """Answer what concerns many programs, or one for long; return the exit status."""
    gc.enable()
    if "watch" in options:
        return _watch(options, flags, words)
    if not any(name in options for name in ("build", "which", "remote")):
        from gorun_tasks.workspace.discovery import stay_offline

        stay_offline()
    if "why" in options or "which" in options:
        from gorun_tasks.cli import questions

        return questions.answer_each(options, flags, words)
    if "init" in options:
        from gorun_tasks.cli.init_command import init

        return init(flags, words, answer)
    from gorun_tasks.cli import workspace_commands

    if "list" in options or "graph" in options:
        listed = "list" in options
        show = workspace_commands.show_list if listed else workspace_commands.show_graph
        return show(flags, words, answer)
    if "build" not in options:
        return workspace_commands.show_affected(flags, words, answer, since=options["affected"])
    if options["events"]:
        os.environ["GORUN_EVENTS"] = options["events"]
    rebuild, quiet = "rebuild" in options, "quiet" in options
    since, stamps = options["affected"], options.stamps
    return workspace_commands.build(
        flags, words, answer, rebuild=rebuild, quiet=quiet, since=since, stamps=stamps
    )


def _watch(options: Options, flags: BuildFlags, words: list[str]) -> int:
    from gorun_tasks.cli.watch_command import watch

    ending = options["stop-signal"], options["stop-timeout"]
    typed = *ending, options["listen"], options["cwd"]
    return watch(words, flags, options.stamps, events=options["events"], options=typed)


def of_one(options: Options, program: ProgramSpec, further: list[str]) -> int:
    """Answer what concerns one program and does not start it; return the exit status.

    `further` are the words after the target. Raises GoRunError.
    """
    if "store" in options:
        return _drop(program, further)
    return _why(options, program) if "why" in options else _only_print(program)


def of_path(options: Options, path: str) -> int:
    """Answer --which; return the exit status."""
    return answer_json({"executable": path}) if options.as_json else answer(f"{path}\n")


def answer_json(value: object) -> int:
    from gorun_tasks.workspace.render import json_text

    return answer(json_text(value))


def _why(options: Options, program: ProgramSpec) -> int:
    """Answer --why; return 0 where the program is current, else 1.

    Raises UsageError for one that was never built, and cannot be: nothing is where it should be.
    """
    from gorun_tasks.inputs.verdict import judge

    verdict = judge(program)
    miss = ask_place(program, verdict) if "remote" in options else ""
    said = (
        answer_json(data_of(program, verdict, miss))
        if options.as_json
        else answer(said_of(program, verdict, miss))
    )
    return said or int(verdict.outcome != "current")


def ask_place(program: ProgramSpec, verdict: Verdict) -> str:
    """Have a verdict say what a run would fetch; return why it would be nothing (--remote).

    Raises UsageError where no place is named.
    """
    from gorun_tasks.build.sharing import explain, has_place
    from gorun_tasks.core.reasons import Reason

    if not has_place(program):
        raise UsageError("--remote: no shared place is named", "GORUN_REMOTE can name one")
    if verdict.manifest is not None:
        return ""
    reason, miss = explain(program, verdict.facts)
    if reason:
        verdict.outcome = "fetched"
        verdict.because += (Reason("", reason),)
    return miss or ("" if reason else "the shared place does not answer")


def data_of(program: ProgramSpec, verdict: Verdict, miss: str = "") -> dict[str, object]:
    """Return a verdict for JSON, and why nothing would be fetched."""
    from gorun_tasks.core.reasons import reasons_said

    because = reasons_said(verdict.because)
    data: dict[str, object] = {"target": program.label, "outcome": verdict.outcome}
    return data | {"because": because} | ({"miss": miss} if miss else {})


def said_of(program: ProgramSpec, verdict: Verdict, miss: str = "") -> str:
    """Return a verdict for a person, and why nothing would be fetched.

    Raises UsageError, as `_why` does.
    """
    if verdict.outcome == "current":
        return f"{in_one_line(program.label)}: current\n"
    reasons = [str(reason) for reason in verdict.because]
    if reasons == [program.unknown()]:
        from gorun_tasks.core.suggestions import absent

        if sentence := absent(program):
            raise UsageError(sentence)
    never = program.never_recorded()
    if never and never not in reasons:
        reasons.append(never)
    if verdict.outcome == "restored":
        reasons.append("the store has the executable for this content")
    if miss:
        reasons.append(miss)
    lines = (in_one_line(f"{program.label}: {reason}") for reason in reasons)
    return "".join(f"{line}\n" for line in lines)


def _drop(program: ProgramSpec, further: list[str]) -> int:
    """Forget a program (--store drop). Raises UsageError for words after its target."""
    if further:
        raise UsageError(f"--store drop takes one target, and no further words: {further[0]}")
    from gorun_tasks.storage.publisher import forget

    forget(program)
    return 0


def _only_print(program: ProgramSpec) -> int:
    """Let go print what it would do (-n): it builds nothing, so there is nothing to start."""
    from gorun_tasks.toolchain.command import Go

    return Go.of(program).run_bare([*program.flags.words, "--", *program.target.words])


def hint(
    program: ProgramSpec, arguments: list[str], name: str, because: tuple[Reason, ...]
) -> None:
    """Tell a person of an argument that was surely meant as a build flag, or as a second program.

    `name` is how the first one was named, "" for a target, and `because` why it was built.
    """
    from gorun_tasks.system import console

    if not console.speaks_to_person(os.environ):
        return
    is_new = [*map(str, because)] == [NOT_BUILT]
    if is_new and name and program.run_in == "." and program.place != program.cwd:
        console.say(
            f"{name} runs where you are, not in {program.cwd};"
            " --cwd, or `cwd` in gorun.toml, names a place"
        )
    if arguments and name and is_name(arguments[0]):
        second = arguments[0]
        console.say(
            f"{second} stands after the target, so it went to the program;"
            f" to run both: gorun --watch {name} {second}"
        )
    misplaced = misplaced_flag(arguments)
    if misplaced:
        sentence = trap_sentence(misplaced, program.target.words)
        console.say(sentence.removeprefix("gorun: "))


def complain(error: GoRunError, words: Sequence[str] = ()) -> int:
    """Say what went wrong, where go has not said it; return the exit status.

    `words` are those that named the target, where it could not be built or run.
    """
    from gorun_tasks.errors import BUILD_FAILED, PlaceError, final_status
    from gorun_tasks.system import console

    if not getattr(error, "told", False):
        console.complain(str(error))
    if words:
        from gorun_tasks.cli import mistakes

        hint = mistakes.place_hint if isinstance(error, PlaceError) else mistakes.hint
        if meant := hint(words, logical_directory(os.environ)):
            console.say(meant)
    status = final_status(error, os.environ)
    chosen = os.environ.get("GORUN_BUILD_EXIT_CODE", "")
    if chosen and error.exit_status == BUILD_FAILED and str(status) != chosen:
        console.say(f"GORUN_BUILD_EXIT_CODE is {chosen!r}, which is no number from 1 to 255")
    return status


# Flags that are hardly ever a program's own.
_TRAPS = frozenset(
    "race tags ldflags gcflags asmflags mod modfile trimpath cover msan asan pgo buildvcs".split()
)


def misplaced_flag(arguments: Sequence[str]) -> str:
    """Return "", or the first argument of the program that was surely meant as a build flag.

    Looks no further than a `--`: whoever writes that knows whose the words behind it are.
    """
    for argument in arguments:
        if argument == "--":
            break
        if argument.startswith("-") and split_typed(argument)[0] in _TRAPS:
            return argument
    return ""


def trap_sentence(flag: str, target_words: Sequence[str]) -> str:
    """Return the line that says where a misplaced flag went, and how to write it."""
    import shlex

    needs_value = "=" not in flag and flag.lstrip("-") in VALUE_FLAGS
    shown = shlex.quote(flag) + ("=..." if needs_value else "")
    return (
        f"gorun: {flag} stands after the target, so it went to the program;"
        f" to build with it: gorun {shown} {shlex.join(target_words)}"
    )
