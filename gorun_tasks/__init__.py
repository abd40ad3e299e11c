"""gorun-tasks: what `go run` does, as cacheable task-graph nodes, for nox, invoke and doit.

The public face: names only, loaded when they are first used, since importing this package is
part of every hot path.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.api import Program as Program
    from gorun_tasks.build.events import ConfiguredEvent as ConfiguredEvent
    from gorun_tasks.build.events import EndedEvent as EndedEvent
    from gorun_tasks.build.events import Event as Event
    from gorun_tasks.build.events import FailedEvent as FailedEvent
    from gorun_tasks.build.events import LoopEvent as LoopEvent
    from gorun_tasks.build.events import OutcomeEvent as OutcomeEvent
    from gorun_tasks.build.events import StartedEvent as StartedEvent
    from gorun_tasks.build.events import UnchangedEvent as UnchangedEvent
    from gorun_tasks.build.events import WatchingEvent as WatchingEvent
    from gorun_tasks.build.generation import Generation as Generation
    from gorun_tasks.build.graph import Graph as Graph
    from gorun_tasks.build.outcome import Outcome as Outcome
    from gorun_tasks.core.check import Verdict as Verdict
    from gorun_tasks.core.flags import BuildFlags as BuildFlags
    from gorun_tasks.core.reasons import Reason as Reason
    from gorun_tasks.core.target import Target as Target
    from gorun_tasks.errors import BuildError as BuildError
    from gorun_tasks.errors import ExecutionError as ExecutionError
    from gorun_tasks.errors import GoRunError as GoRunError
    from gorun_tasks.errors import OutputError as OutputError
    from gorun_tasks.errors import ToolchainError as ToolchainError
    from gorun_tasks.errors import UsageError as UsageError
    from gorun_tasks.errors import __version__ as __version__
    from gorun_tasks.inputs.verdict import judge_all as judge_all
    from gorun_tasks.workspace.workspace import Workspace as Workspace

_HOMES = {
    "api": "Program",
    "build.events": "ConfiguredEvent EndedEvent Event FailedEvent LoopEvent OutcomeEvent"
    " StartedEvent UnchangedEvent WatchingEvent",
    "build.generation": "Generation",
    "build.graph": "Graph",
    "build.outcome": "Outcome",
    "core.check": "Verdict",
    "core.flags": "BuildFlags",
    "core.reasons": "Reason",
    "core.target": "Target",
    "errors": "BuildError ExecutionError GoRunError OutputError ToolchainError UsageError",
    "inputs.verdict": "judge_all",
    "workspace.workspace": "Workspace",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    home = "errors" if name == "__version__" else _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
