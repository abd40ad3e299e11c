"""The example's programs as invoke tasks; `invoke -l` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.tasks import task

from gorun_tasks import Workspace
from gorun_tasks import invoke as go

if TYPE_CHECKING:
    from invoke.context import Context

EXAMPLE = "examples/monorepo"


@task(help=go.HELP, iterable=["tags"])
def run(c: Context, *, race: bool = False, tags: list[str] | None = None) -> None:
    """Boil the example's kettle; --race shows its data race."""
    go.run(c, "./services/cmd/kettle", chdir=EXAMPLE, race=race, tags=tags or [])


ns = Collection(run, go=go.collection(Workspace(EXAMPLE)))
