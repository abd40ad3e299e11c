"""Questions: --why and --which of several programs.

    gorun --why :api :worker        one line or more for each, or with -json a list
    gorun --which :api :worker

Decides which words are names. It must never start a program.
"""

from __future__ import annotations

import itertools

from gorun_tasks.build.context import BuildContext
from gorun_tasks.build.graph import Graph
from gorun_tasks.cli.answers import answer, answer_json, ask_place, data_of, said_of
from gorun_tasks.cli.workspace_commands import named, workspace_around
from gorun_tasks.core.target import is_name
from gorun_tasks.inputs.verdict import judge_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.cli.answers import Options
    from gorun_tasks.core.flags import BuildFlags


def answer_each(options: Options, flags: BuildFlags, words: list[str]) -> int:
    """Answer of each program that is named; return the exit status.

    For --why it is 0 where all are current, else 1. Raises GoRunError where one cannot be built.
    """
    names = [word[1:] for word in itertools.takewhile(is_name, words)]
    programs = [*named(workspace_around(flags), flags, names, options.stamps)[0].values()]
    if "why" in options:
        asked = "remote" in options
        answers = [
            (program, verdict, ask_place(program, verdict) if asked else "")
            for program, verdict in zip(programs, judge_all(programs), strict=True)
        ]
        is_stale = any(verdict.outcome != "current" for _, verdict, _ in answers)
        if options.as_json:
            return answer_json([data_of(*one) for one in answers]) or int(is_stale)
        return answer("".join(said_of(*one) for one in answers)) or int(is_stale)
    paths = []
    for program in programs:
        context = BuildContext(program, events=options["events"])
        graph = Graph(program, context=context)
        paths.append(graph.stable_path(rebuild="rebuild" in options))
    if options.as_json:
        return answer_json([{"executable": path} for path in paths])
    return answer("".join(f"{path}\n" for path in paths))
