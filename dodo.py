"""The example's programs as doit tasks; `doit list --all` lists them, a bare `doit` builds them."""

from __future__ import annotations

from gorun_tasks import Workspace
from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"])

EXAMPLE = "examples/monorepo"

task_go = go.tasks(Workspace(EXAMPLE))


def task_race() -> dict[str, object]:
    """Show the example's data race: the detector's report, and its exit status 66."""
    return go.run_task("./services/cmd/kettle", cwd=EXAMPLE, race=True)


def task_menu() -> dict[str, object]:
    """Generate the example's menu as Go constants, where the generator changed."""
    return go.generate_task("./tools/cmd/gen", ["-o", "menu.go"], outputs=["menu.go"], cwd=EXAMPLE)
