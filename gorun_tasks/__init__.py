"""gorun-tasks: what `go run` does, as cacheable task-graph nodes, for nox, invoke and doit.

The public face: names only, loaded when they are first used, since importing this package is
part of every hot path.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.content import Reason
    from gorun_tasks.errors import (
        BuildError,
        ExecutionError,
        GoRunError,
        OutputError,
        ToolchainError,
        UsageError,
    )
    from gorun_tasks.events import (
        EndedEvent,
        Event,
        FailedEvent,
        OutcomeEvent,
        StartedEvent,
        UnchangedEvent,
        WatchingEvent,
    )
    from gorun_tasks.flags import BuildFlags
    from gorun_tasks.generate import Generation
    from gorun_tasks.graph import Graph
    from gorun_tasks.outcome import Outcome
    from gorun_tasks.program import Program
    from gorun_tasks.target import Target
    from gorun_tasks.verdict import Verdict, judge_all
    from gorun_tasks.workspace import Workspace

_HOMES = {
    "BuildError": "errors",
    "BuildFlags": "flags",
    "EndedEvent": "events",
    "Event": "events",
    "ExecutionError": "errors",
    "FailedEvent": "events",
    "Generation": "generate",
    "GoRunError": "errors",
    "Graph": "graph",
    "Outcome": "outcome",
    "OutcomeEvent": "events",
    "OutputError": "errors",
    "Program": "program",
    "Reason": "content",
    "StartedEvent": "events",
    "Target": "target",
    "ToolchainError": "errors",
    "UnchangedEvent": "events",
    "UsageError": "errors",
    "Verdict": "verdict",
    "WatchingEvent": "events",
    "Workspace": "workspace",
    "judge_all": "verdict",
}

__all__ = [
    "BuildError",
    "BuildFlags",
    "EndedEvent",
    "Event",
    "ExecutionError",
    "FailedEvent",
    "Generation",
    "GoRunError",
    "Graph",
    "Outcome",
    "OutcomeEvent",
    "OutputError",
    "Program",
    "Reason",
    "StartedEvent",
    "Target",
    "ToolchainError",
    "UnchangedEvent",
    "UsageError",
    "Verdict",
    "WatchingEvent",
    "Workspace",
    "judge_all",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only when a name is used

    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
