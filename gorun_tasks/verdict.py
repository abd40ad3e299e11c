"""Verdict: whether a program is current, can be restored, or is stale, and why.

Decides from manifests alone, newest first; it starts no process. It must never call something
current that it could not see to be (law 1). The hot path imports `content` only after a stat
has made something suspicious.
"""

import os

from gorun_tasks.fingerprint import Look, key_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gorun_tasks.content import Examination, Reason
    from gorun_tasks.fingerprint import Record
    from gorun_tasks.program import Program
    from gorun_tasks.store import Manifest, Shelf


class Verdict:
    """What is known of a program without asking go.

    `outcome` is "current", "restored" or "stale". A manifest comes with the first two; `because`
    is empty only with "current". `link_only` says that nothing go compiles has changed. `renewed`
    are records whose stats are worth writing; `altered` says that the manifest should be written.
    """

    __slots__ = ("altered", "because", "link_only", "manifest", "outcome", "renewed")

    def __init__(
        self,
        outcome: str,
        manifest: "Manifest | None" = None,
        because: "tuple[Reason, ...]" = (),
        *,
        renewed: "tuple[tuple[Shelf, bytes, Record], ...]" = (),
        altered: bool = False,
        link_only: bool = False,
    ) -> None:
        self.outcome = outcome
        self.manifest = manifest
        self.because = because
        self.renewed = renewed
        self.altered = altered
        self.link_only = link_only


def judge(program: "Program", look: Look | None = None) -> Verdict:
    """Return the verdict on a program, as one look at the machine shows it."""
    store = program.store
    look = Look(store, program.environ) if look is None else look.with_path_of(program.environ)
    if program.stamp:
        program.facts = look.facts(program.directory)
    manifests = store.manifests(program.key, program.identity) if store.trusted() else []
    if manifests:
        newest = manifests[0]
        if (
            key_at(store.executable(newest)) == newest.key
            and look.surroundings_hold(newest, program)
            and look.suspects(newest) == []
        ):
            return Verdict("current", newest)
    return _examine(program, look, manifests)


def judge_all(programs: "Iterable[Program]") -> list[Verdict]:
    """Return the verdicts on many programs: what they share is looked at once."""
    looks: dict[str, Look] = {}
    return [
        judge(program, looks.setdefault(program.store.root, Look(program.store, program.environ)))
        for program in programs
    ]


def _examine(program: "Program", look: Look, manifests: "list[Manifest]") -> Verdict:
    from gorun_tasks.content import Examination, Reason  # noqa: PLC0415 - off the hot path

    if not manifests:
        return Verdict("stale", because=(Reason("", program.unknown()),))
    examination = Examination(look, program)
    newest, *older = manifests
    because = tuple(examination.reasons(newest))
    link_only = not because
    if not because:
        state = _executable(program, newest)
        if state in ("sound", "same"):
            altered = examination.adopt(newest) or state == "same"
            return _usable("current", newest, (), examination, altered=altered)
        because = (Reason("the stored executable", state),)
    for manifest in older:
        if next(examination.reasons(manifest), None) is None and _executable(program, manifest) in (
            "sound",
            "same",
        ):
            examination.adopt(manifest)
            return _usable("restored", manifest, because, examination, altered=True)
    return Verdict(
        "stale", because=because, renewed=tuple(examination.refreshed), link_only=link_only
    )


def _usable(
    outcome: str,
    manifest: "Manifest",
    because: "tuple[Reason, ...]",
    examination: "Examination",
    *,
    altered: bool,
) -> Verdict:
    return Verdict(
        outcome, manifest, because, renewed=tuple(examination.refreshed), altered=altered
    )


def _executable(program: "Program", manifest: "Manifest") -> str:
    """Return "sound", "same" (its stats differ but not its content), or what is wrong with it."""
    from gorun_tasks.writing import is_executable_of  # noqa: PLC0415 - off the hot path

    path = program.store.executable(manifest)
    key = key_at(path)
    if key == manifest.key:
        return "sound"
    if key is None:
        return "is missing"
    if os.stat(path).st_uid != os.geteuid() or not is_executable_of(path, manifest.digest):
        return "is not what was published"
    manifest.key = key
    return "same"
