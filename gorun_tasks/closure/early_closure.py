"""Early closure: read while go links, and validated again by stat when go has finished.

By then go has reported all it will, and a large program is linked for seconds. Decides whether what
was seen is what would be seen now: law 3 has every input looked at when go has read all it will, so
that is done, by one stat each. It must never let pass what it did not look at again; where anything
was reported or moved meanwhile, `recorder` reads all of it anew and says what.
"""

from __future__ import annotations

from gorun_tasks.closure.recorder import read
from gorun_tasks.core.fingerprint import holds, stat_digest
from gorun_tasks.inputs.path_resolution import PathResolution
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.closure.before_build import BeforeBuild
    from gorun_tasks.closure.implicit_inputs import ImplicitInputs
    from gorun_tasks.core.fingerprint import StatDigest
    from gorun_tasks.inputs.digest import ContentCache
    from gorun_tasks.toolchain.report import Report


class EarlyClosure:
    """The closure of a build that is not finished. Raises NotRecorded where there can be none."""

    def __init__(
        self, report: Report, implicit: ImplicitInputs, known: ContentCache, before: BeforeBuild
    ) -> None:
        self._elsewhere = before.elsewhere()
        self.closure = read(report, implicit, known, before)
        self._before = before
        self._report = report
        self._report_then = (dict(report.hashes()), report.traced)
        self._own: list[tuple[StatDigest, str]] = []
        self._brought: list[tuple[StatDigest, str]] = []
        for section in self.closure.sections:
            seals = self._own if section.root_name == "module" else self._brought
            seals += [(stat_digest(record), section.root) for record, _ in section.records.values()]

    def still_valid_for_own_files(self) -> bool:
        """Say, now that go has made its executable, whether the closure would be the same.

        As far as the program itself could change it once it runs: there is `holds_besides`, too.
        """
        report = self._report
        if report.diagnostics or self._before.elsewhere() != self._elsewhere:
            return False
        try:
            report_now = (report.hashes(), report.traced)
        except NotRecorded:
            return False
        if report_now != self._report_then or not all(
            holds(seal, root) for seal, root in self._own
        ):
            return False
        ways = PathResolution(report.started)
        return not any(map(ways.may_have_changed, self.closure.leading))

    def still_valid_for_dependencies(self) -> bool:
        """Say the same of what go brought along, and fetched: it is the most by far."""
        return all(holds(seal, root) for seal, root in self._brought)
