"""gorun-tasks: what `go run` does, as cacheable task-graph nodes, for nox, invoke and doit.

The public face: names only, loaded when they are first used, since importing this package is
part of every hot path.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.api import Program
    from gorun_tasks.build.events import (
        EndedEvent,
        Event,
        FailedEvent,
        OutcomeEvent,
        StartedEvent,
        UnchangedEvent,
        WatchingEvent,
    )
    from gorun_tasks.build.generation import Generation
    from gorun_tasks.build.graph import Graph
    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.core.check import Verdict
    from gorun_tasks.core.flags import BuildFlags
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.core.target import Target
    from gorun_tasks.errors import (
        BuildError,
        ExecutionError,
        GoRunError,
        OutputError,
        ToolchainError,
        UsageError,
    )
    from gorun_tasks.errors import __version__ as __version__
    from gorun_tasks.inputs.verdict import judge_all
    from gorun_tasks.workspace.workspace import Workspace

_HOMES = {
    "BuildError": "errors",
    "BuildFlags": "core.flags",
    "EndedEvent": "build.events",
    "Event": "build.events",
    "ExecutionError": "errors",
    "FailedEvent": "build.events",
    "Generation": "build.generation",
    "GoRunError": "errors",
    "Graph": "build.graph",
    "Outcome": "build.outcome",
    "OutcomeEvent": "build.events",
    "OutputError": "errors",
    "Program": "api",
    "Reason": "core.reasons",
    "StartedEvent": "build.events",
    "Target": "core.target",
    "ToolchainError": "errors",
    "UnchangedEvent": "build.events",
    "UsageError": "errors",
    "Verdict": "core.check",
    "WatchingEvent": "build.events",
    "Workspace": "workspace.workspace",
    "__version__": "errors",
    "judge_all": "inputs.verdict",
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
