"""The example's programs as doit tasks; `doit list --all` lists them, a bare `doit` builds them."""

from __future__ import annotations

from gorun_tasks import doit as go

DOIT_CONFIG = go.config(default_tasks=["build"])

EXAMPLE = "examples/monorepo"
PROGRAMS = {
    "api": "./services/cmd/api",
    "worker": "./services/cmd/worker",
    "kettle": "./services/cmd/kettle",
    "gen": "./tools/cmd/gen",
    "checksum": "./tools/cmd/checksum",
}

task_go = go.tasks(PROGRAMS, chdir=EXAMPLE)


def task_race() -> dict[str, object]:
    """Show the example's data race: the detector's report, and its exit status 66."""
    return go.run_task(PROGRAMS["kettle"], chdir=EXAMPLE, race=True)
