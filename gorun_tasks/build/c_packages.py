"""C packages: those of a build that take something from outside, and whether go knows it.

Decides whether go is asked once more, for packages whose C was compiled by nobody knows whom, and
what is said of what cannot be followed. It must never fail a run: what is not understood here is
not recorded, that is all.
"""

from __future__ import annotations

import os
from hashlib import sha256

from gorun_tasks.closure.implicit_inputs import effective_flag
from gorun_tasks.closure.launchers import pkg_config_questions
from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.toolchain.go_cache import ActionGraph
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from gorun_tasks.closure.c_includes import ExternalInputs
    from gorun_tasks.closure.launchers import Compilers
    from gorun_tasks.closure.provenance import Notes, Provenance
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.toolchain.command import Go
    from gorun_tasks.toolchain.report import Report


class CPackages:
    """The packages with C, or assembly that reaches out, of what one go builds.

    `external` says what they take, by import path: none where there is no such package.
    """

    def __init__(
        self,
        program: ProgramSpec,
        go: Go,
        report: Report,
        compilers: Compilers,
        targets: tuple[str, ...] = (),
    ) -> None:
        """Take a report which has what go hashed of all packages already."""
        self._program = program
        self._compilers = compilers
        self._report = report
        self.external: dict[str, ExternalInputs] = {}
        self.unfollowed = ""  # what is not understood, in words
        self.unasked: tuple[str, ...] = ()
        """What a compiler that may start any other has to be asked before go starts."""
        self._linked = ""
        self.there = program.target.kind != "version" and (
            report.tells_of_cgo() or self._reaches_out()
        )
        if self.there:
            self._find(go, targets or program.target.words)
            report.outside.update(p for outside in self.external.values() for p in outside.paths)

    def provenance(self, notes: Notes, output: str) -> Provenance:
        """Return the judgement on what go has used.

        `output` is the SHA-256 of the executable, "" where there is none.
        """
        from gorun_tasks.closure.provenance import Provenance

        own = self._program.flags.get("debug-actiongraph")
        graph = bytes_of(os.path.join(self._program.directory, own)) if own else self._report.graph
        provenance = Provenance(self._report, ActionGraph(graph), notes)
        provenance.judge(self.external, self._linked, output)
        return provenance

    def _find(self, go: Go, targets: tuple[str, ...]) -> None:
        # What reads C takes longer to load than all else; most programs have none.
        from gorun_tasks.closure.cgo import LIST_FIELDS, find_external_inputs, linked_digest
        from gorun_tasks.closure.linker_libraries import Runner

        program, settings = self._program, self._report.settings
        packages = go.list_packages(program.flags, targets, LIST_FIELDS)
        if packages is None:
            self.unfollowed = "go could not list the packages with C or assembly code"
            return
        run = Runner(program.environ, program.directory)
        try:
            tool_flags = {
                n: effective_flag(program.flags, settings, n) for n in ("asmflags", "ldflags")
            }
            self.external = find_external_inputs(packages, settings, tool_flags, run)
            self._linked = linked_digest(self.external.values(), settings, run)
            self._ask_launchers(packages)
        except (UsageError, ValueError) as error:
            self.unfollowed = str(error)
        self.unfollowed = next(
            (o.unfollowed for o in self.external.values() if o.unfollowed), self.unfollowed
        )

    def _ask_launchers(self, packages: Iterable[Mapping[str, Any]]) -> None:
        """Have what compilers say that may start any other count as what a package takes."""
        program, external = self._program, [o for o in self.external.values() if o.compiled]
        if not external:
            return
        used = ["CC", *(["CXX"] if any(package.get("CXXFiles") for package in packages) else ())]
        places = dict.fromkeys((program.directory, *(outside.directory for outside in external)))
        try:
            questions = self._compilers.questions(self._report.settings, used, places)
        except NotRecorded:
            return  # `closure.recorder` says it
        questions += pkg_config_questions(external, program.environ.get("PATH", ""))
        answers = self._compilers.answers
        self.unasked = tuple(question for question in questions if question not in answers)
        for outside in external if questions else ():
            said = repr((outside.digest, sorted(answers.items())))
            outside.digest = sha256(said.encode("utf-8", "surrogateescape")).hexdigest()

    def _reaches_out(self) -> bool:
        """Say whether assembly of our own includes, or the linker takes, what go does not see."""
        settings = self._report.settings
        ldflags = effective_flag(self._program.flags, settings, "ldflags")
        if "extldflags" in ldflags:
            from gorun_tasks.closure.linker_libraries import linker_words

            if linker_words(ldflags):
                return True
        try:
            paths = self._report.hashes()
        except NotRecorded:
            return False
        goroot = settings.get("GOROOT", "")
        fetched = tuple(f"{settings[n]}/" for n in ("GOROOT", "GOMODCACHE") if settings.get(n))
        assembly = [
            path
            for path in paths
            if path.endswith((".s", ".S", ".sx")) and not path.startswith(fetched)
        ]
        if not assembly:
            return False
        from gorun_tasks.closure.cgo import reaches_out

        return any(reaches_out(path, goroot) for path in assembly)
