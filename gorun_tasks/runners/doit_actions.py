"""doit actions: what tasks do, what `uptodate` asks, and the reporter.

Decides how an outcome is told the doit way: failures as values, an `uptodate` whose repr is the
reason (`doit info build:api`), and a reporter that ends with the program's own exit status. It
must never decide what is current, nor put state of ours into doit's database. Actions are functions
of this module with plain arguments, since doit sends them to other processes (`-n`).
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import sys

from doit.exceptions import TaskFailed
from doit.reporter import ConsoleReporter

from gorun_tasks.errors import GoRunError, final_status
from gorun_tasks.runners import offers, verbs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    from gorun_tasks.api import Program
    from gorun_tasks.build.generation import Generation
    from gorun_tasks.build.graph import Graph
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.check import StatCache, Verdict
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.runners.offers import Runnable, TaskSpec
    from gorun_tasks.workspace.workspace import Workspace

    Given: TypeAlias = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]
    """Of a generator: its arguments, inputs, outputs, and variables."""

ONLY_ANSWER = "only answer"
"""Of a task's meta: the option with which nothing but its answer may be on stdout."""

_INTERRUPTED = 130
_SHOWS_ALL = 2  # the verbosity from which doit hides nothing

_looks: dict[str, StatCache] = {}
"""One look at what programs share, by store: for as long as nothing was executed since."""

_verdicts: dict[str, Verdict] = {}
"""What was found out about builds, by task: for as long."""

_told_what_runs = False  # without our reporter nobody says when a look is over


class ProgramFailed(TaskFailed):  # type: ignore[misc]
    """A task failed because of its program; `exit_code` is the status that doit should end with.

    A program that ran has told its own story, so only one that never ran is reported in words.
    """

    def __init__(self, message: str, exit_code: int, *, report: bool) -> None:
        super().__init__(message, report=report)
        self.exit_code = exit_code


class ProgramReporter(ConsoleReporter):  # type: ignore[misc]
    """doit's console reporter; where a program's failure came first, its status becomes doit's."""

    desc = "console output, and the exit status of the program that failed"

    def __init__(self, outstream: Any, options: dict[str, Any]) -> None:
        super().__init__(outstream, options)
        self._exit_code: int | None = None
        self._builds: dict[str, Any] = {}

    def write(self, text: str) -> None:
        """Write, and not keep back: the next to speak may be a program."""
        super().write(text)
        offers.flush()

    def initialize(self, tasks: Any, selected_tasks: Any) -> None:
        """Let programs share what is seen of their inputs, from here on."""
        global _told_what_runs  # noqa: PLW0603 - tasks and reporter do not know of each other
        _told_what_runs = True
        self._builds = _builds_among(tasks, selected_tasks)
        super().initialize(tasks, selected_tasks)

    def get_status(self, task: Any) -> None:
        """Have all stale programs compiled together before the first of them is built."""
        if task.name in self._builds:
            builds, self._builds = self._builds, {}
            _compile_together(builds.values())
        super().get_status(task)

    def execute_task(self, task: Any) -> None:
        """Forget what was seen: a task that runs may change any input."""
        _forget_looks()
        only_answer = (task.meta or {}).get(ONLY_ANSWER)
        if not (only_answer and (task.options or {}).get(only_answer)):
            super().execute_task(task)

    def add_success(self, task: Any) -> None:
        """Forget what was seen while it ran: with -n others are asked meanwhile."""
        _forget_looks()
        super().add_success(task)

    def add_failure(self, task: Any, fail: Any) -> None:
        """Remember the first failure's status; 0 stands for a failure that is not ours."""
        _forget_looks()
        super().add_failure(task, fail)
        if self._exit_code is None:
            self._exit_code = getattr(fail, "exit_code", 0)

    def complete_run(self) -> None:
        """End with the program's status: doit has saved its state, and asks nothing after this."""
        super().complete_run()
        if self._exit_code:
            offers.flush()
            sys.exit(self._exit_code)


class Current:
    """doit's question whether a program is up to date; afterwards its repr is the answer."""

    def __init__(self, offer: TaskSpec, output: str) -> None:
        self.offer = offer
        self._output = output
        self._answer = "not asked yet"

    def __call__(self, task: Any) -> bool:
        """Ask the program. One that cannot even be asked is not current: building it says why."""
        try:
            name, reasons = self._ask(task)
        except GoRunError as error:
            self._answer = str(error)
            return False
        self._answer = verbs.verdict(name, reasons)
        return not reasons

    def __repr__(self) -> str:
        return self._answer

    def judge(self, task: Any) -> tuple[Program, Verdict]:
        """Return the program with the task's options, and the verdict on it."""
        program = _program(task, self.offer)
        verdict = _verdicts.get(task.name)
        if verdict is None:
            verdict = program.judge(_shared_look(program))
            if _told_what_runs:
                _verdicts[task.name] = verdict
        return program, verdict

    def _ask(self, task: Any) -> tuple[str, Sequence[Reason]]:
        program, verdict = self.judge(task)
        reasons = verdict.because
        if self._output and verdict.manifest is not None and not reasons:
            from gorun_tasks.build.install import why

            reasons = why(self._output, verdict.manifest.digest, program.store)
        return self.offer.name or program.name, reasons


class Generated(Current):
    """doit's question whether the files that a program makes are up to date."""

    def __init__(self, offer: TaskSpec, given: Given) -> None:
        super().__init__(offer, "")
        self._given = given

    def _ask(self, task: Any) -> tuple[str, Sequence[Reason]]:
        generation = _generation(task, self.offer, self._given)
        return task.name, generation.why(_shared_look(generation.program))


def _action(do: Callable[..., Any]) -> Callable[..., Any]:
    """Make an action of a function: doit's failures are values, and its ^C is a traceback."""

    @functools.wraps(do)
    def action(*args: Any, **keywords: Any) -> Any:
        if multiprocessing.parent_process() is not None:  # with -n
            from gorun_tasks.system.child_process import end_with_parent

            end_with_parent()
        try:
            return do(*args, **keywords)
        except GoRunError as error:
            return _failed(error)
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
        finally:
            offers.flush()  # doit goes on to say how it ended

    return action


def _hides(task: Any) -> bool:
    """Say whether doit hides anything that a task's actions print: never without `capture`."""
    return bool(task.io.capture) and task.verbosity < _SHOWS_ALL


def _heeding_verbosity(task: Any) -> contextlib.AbstractContextManager[None]:
    """Hide what program and go write where doit hides what actions print."""
    if not _hides(task):
        return contextlib.nullcontext()
    from gorun_tasks.runners.doit_output import hidden

    return hidden(task.verbosity)


class _Verbs(verbs.Verbs):
    """The verbs in a task, whose failure is a value; `output` is where the executable is put."""

    def __init__(self, offer: TaskSpec, output: str, task: Any, args: list[str] | None) -> None:

        def made(one: TaskSpec) -> verbs.Made:
            return _program(task, one), _arguments(args) or one.args

        first = made(offer)
        name = offer.name or first[0].name
        super().__init__(name, first, lambda: made(offer.anew()))
        self.failure: ProgramFailed | None = None
        self._output = output
        self._task = task

    def end(self, status: int) -> None:
        self.failure = _ended(self.name, status, self._task)

    def show(self, outcome: Outcome) -> None:
        said, output = verbs.news(self.name, outcome), self._output
        if output:
            from gorun_tasks.build.install import put, why

            if why(output, outcome.digest, self.program.store):
                put(outcome.path, output)
                said = f"{said}; {output} written" if outcome.outcome == "current" else said
        self.say(said)


@_action
def perform(
    verb: str, offer: TaskSpec, output: str, task: Any, args: list[str] | None = None
) -> ProgramFailed | None:
    """Run, watch or build a program, or say why it would be built."""
    return _perform(verb, offer, output, task, args)


@_action
def perform_named(
    verb: str,
    programs: Mapping[str, Runnable] | Workspace,
    shared: Mapping[str, Any],
    task: Any,
    args: list[str] | None = None,
) -> ProgramFailed | None:
    """Watch the program that is named, or say why those that are named would be built."""
    names, of_program = list(args or ()), []
    if "--" in names:
        names = names[: names.index("--")]
        of_program = offers.words_after_dashes()
    if verb == "watch":
        names, of_program = names[:1], [*names[1:], *of_program]
    found = offers.those_named(verb, programs, shared, names)
    return [_perform(verb, offer, "", task, of_program) for offer in found][-1]


def _perform(
    verb: str, offer: TaskSpec, output: str, task: Any, args: list[str] | None
) -> ProgramFailed | None:
    of_one = _Verbs(offer, output, task, args)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_heeding_verbosity(task))
        if verb in ("run", "watch"):
            from gorun_tasks.runners.doit_database import closed

            stack.enter_context(closed())
        getattr(of_one, verb)()
    return of_one.failure


@_action
def refuse(sentence: str, status: int) -> ProgramFailed:
    """Fail, and say why."""
    return ProgramFailed(sentence, status, report=True)


@_action
def clean(
    offer: TaskSpec,
    output: str,
    task: Any,
    dryrun: bool,  # noqa: FBT001 - doit's parameter, by which a clean action sees `doit clean -n`
) -> None:
    """Forget a program, and remove its output."""
    program = _program(task, offer)
    if not dryrun:
        program.clean()
        if output:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(output)
    # On stdout, where doit says what it cleans; it shows nothing of a clean action's stderr.
    offers.answer(verbs.forgotten(offer.name or program.name, dry=dryrun) + "\n")


@_action
def generate(offer: TaskSpec, given: Given, task: Any) -> ProgramFailed | None:
    """Make files with a program, if they could become other ones."""
    generation = _generation(task, offer, given)
    name = offer.name or generation.program.name
    with _heeding_verbosity(task):
        made = generation.make()
        if made.outcome != "current":
            offers.say(verbs.news(name, made))
        outcome = generation.run()
    if outcome.exit_code:
        return _ended(name, outcome.exit_code, task)
    offers.say(verbs.generated(task.name, generation))
    return None


@_action
def show_affected(
    workspace: Workspace,
    shared: Mapping[str, Any],
    since: str,
    json: bool,  # noqa: FBT001 - doit's parameters
    build: bool,  # noqa: FBT001
    *,
    task: Any,
) -> ProgramFailed | None:
    """Say which programs a change touches, and build them if that is wanted."""
    own = offers.with_shared(workspace, shared)
    found = verbs.show_affected(own, since, as_json=json)
    failed = []
    if build and not found:
        offers.say(verbs.untouched(since))
    elif build:
        with _heeding_verbosity(task):
            failed = verbs.build_many(own, offers.say, names=list(found))
    if not failed:
        return None
    status = final_status(failed[0][1], os.environ)
    return ProgramFailed(verbs.not_built(failed), status, report=True)


def _failed(error: GoRunError) -> ProgramFailed:
    return ProgramFailed(str(error), final_status(error, os.environ), report=True)


def _ended(name: str, status: int, task: Any) -> ProgramFailed:
    # doit shows what it has captured with the report alone.
    return ProgramFailed(verbs.ended(name, status), status, report=_hides(task))


def _program(task: Any, offer: TaskSpec) -> Program:
    """Return the program with the task's options, which doit may not have read yet."""
    task.init_options()
    return offer.program(task.options)


def _generation(task: Any, offer: TaskSpec, given: Given) -> Generation:
    args, inputs, outputs, variables = given
    program = _program(task, offer)
    return program.generation(args, inputs=inputs, outputs=outputs, variables=variables)


def _builds_among(tasks: Mapping[str, Any], selected: Iterable[str]) -> dict[str, Any]:
    """Return the tasks that build, of those that doit may come to."""
    seen: dict[str, Any] = {}
    waiting = list(selected)
    while waiting:
        name = waiting.pop()
        if name in tasks and name not in seen:
            seen[name] = tasks[name]
            waiting += (*tasks[name].task_dep, *tasks[name].setup_tasks)
    return {name: task for name, task in seen.items() if _question(task) is not None}


def _question(task: Any) -> Current | None:
    """Return what a task that builds asks, None for another task."""
    asked = (question for question, *_ in task.uptodate if type(question) is Current)
    return next(asked, None)


def _compile_together(builds: Iterable[Any]) -> None:
    """Have go load and compile what stale programs need at once; each is built in its turn.

    What was built elsewhere is up to date from then on: nobody else would say where it came from.
    """
    stale: dict[str, Graph] = {}
    for task in builds:
        question = _question(task)
        assert question is not None
        with contextlib.suppress(GoRunError):  # building it says why
            program, verdict = question.judge(task)
            if verdict.manifest is None:
                stale[question.offer.name or program.name] = program.graph(verdict=verdict)

    def tell(name: str, result: Outcome | GoRunError) -> None:
        if not isinstance(result, GoRunError):
            offers.say(verbs.news(name, result))

    if len(stale) > 1:
        from gorun_tasks.build.batch import compile_together

        try:
            compile_together(stale, tell)
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
        _forget_looks()


def _forget_looks() -> None:
    _looks.clear()
    _verdicts.clear()


def _shared_look(program: ProgramSpec) -> StatCache | None:
    if not _told_what_runs:
        return None
    from gorun_tasks.core.check import StatCache

    return _looks.setdefault(program.store.root, StatCache(program.store, program.environ))


def _arguments(given: list[str] | None) -> list[str]:
    """Return the program's arguments: what doit gave, with the `k=v` words it took for itself.

    None means that the task was not named on the command line: what stands there is not its own.
    """
    typed = offers.words_after_dashes()
    left_by_doit = [word for word in typed if word.startswith("-") or "=" not in word]
    return typed if given is not None and given == left_by_doit else list(given or ())
