"""Renewal: other records for programs of which go would make the executable that is here.

A dependency that is added for one program changes a go.mod that all programs of the module read.
Where no other file of a program differs, the go that loads and compiles for all stale ones tells
whether it would link the same, and what it read for that: so no go is needed for this one.

Decides which programs that is so of. It must never renew what a build would not have recorded;
whatever is not renewed is built.
"""

from __future__ import annotations

import contextlib

from gorun_tasks.closure.before_build import BeforeBuild
from gorun_tasks.closure.implicit_inputs import ImplicitInputs
from gorun_tasks.closure.recorder import read
from gorun_tasks.closure.shared_report import FIELDS, SharedReport
from gorun_tasks.core.reasons import only_module_files
from gorun_tasks.inputs.digest import is_executable_of
from gorun_tasks.storage.writer import StoreUnusable
from gorun_tasks.system.build_id import go_build_id
from gorun_tasks.toolchain.answers import main_package
from gorun_tasks.toolchain.link_recipe import LinkRecipes
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Self

    from gorun_tasks.build.graph import Graph
    from gorun_tasks.closure.launchers import Compilers
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import Manifest
    from gorun_tasks.storage.publisher import Publisher
    from gorun_tasks.toolchain.command import Go
    from gorun_tasks.toolchain.report import Report

    Package = Mapping[str, Any]


class Renewal:
    """The programs that may be as they were, looked at before go starts."""

    def __init__(
        self, graphs: Iterable[Graph], go: Go, publisher: Publisher, compilers: Compilers
    ) -> None:
        self._go = go
        self._publisher = publisher
        self._compilers = compilers
        self._candidates = [
            (program, manifest, BeforeBuild(program, go.command))
            for program in (g.program for g in graphs if only_module_files(g.verdict.because))
            for manifest in program.store.manifests(program.key, program.identity)[:1]
            if not (manifest.cgo or program.stamp)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _program, _manifest, before in self._candidates:
            before.close()

    @property
    def fields(self) -> tuple[str, ...]:
        """What go is to list of each package."""
        return FIELDS if self._candidates else FIELDS[:1]

    def renew(self, report: Report, packages: Sequence[Package]) -> None:
        """Renew the records of those that go would make again as they are."""
        if not self._candidates or report.diagnostics:
            return  # where something is wrong, building each says with which
        recipes = LinkRecipes(report.hashed)
        shared = SharedReport(report, packages)
        for program, manifest, before in self._candidates:
            main = main_package(program, packages)
            if main is None or main.get("Error") or main.get("DepsErrors"):
                continue  # building it says what is wrong
            if _is_same(program, manifest, main, report, recipes):
                part = shared.part_of({main["ImportPath"], *main["Deps"]})
                with contextlib.suppress(NotRecorded, StoreUnusable):  # building it says why
                    self._renew(program, manifest, part, before)

    def _renew(
        self, program: ProgramSpec, manifest: Manifest, report: Report, before: BeforeBuild
    ) -> None:
        implicit = ImplicitInputs(program, self._go, report.settings, compilers=self._compilers)
        known = self._publisher.known(program.key, program.identity)
        closure = read(report, implicit, known, before)
        if not closure.unconfirmed:
            self._publisher.renew(program, manifest, closure, implicit.wrapper())


def _is_same(
    program: ProgramSpec, manifest: Manifest, main: Package, report: Report, recipes: LinkRecipes
) -> bool:
    """Say whether go would make the very executable of a manifest, and start it as that says."""
    path, settings = program.store.executable(manifest), report.settings
    return (
        manifest.goroot_bin == f"{settings.get('GOROOT')}/bin"
        and manifest.go_version == settings.get("GOVERSION")
        and recipes.makes(main["ImportPath"], go_build_id(path))
        and is_executable_of(path, manifest.digest)
    )
