"""Verdict: whether a program is current, can be restored, or is stale, and why.

Decides from manifests alone, newest first; it starts no process. It must never call something
current that it could not see to be (law 1). The hot path imports `inputs.compare` only after a stat
has made something suspicious.
"""

import os

from gorun_tasks.core.check import StatCache, Verdict, check
from gorun_tasks.core.fingerprint import key_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.core.store import Manifest
    from gorun_tasks.inputs.compare import Examination


def judge(program: "ProgramSpec", look: StatCache | None = None) -> Verdict:
    """Return the verdict on a program, as one look at the machine shows it."""
    verdict, look, manifests = check(program, look)
    return verdict or examine(program, look, manifests)


def judge_all(programs: "Iterable[ProgramSpec]") -> list[Verdict]:
    """Return the verdicts on many programs: what they share is looked at once."""
    looks: dict[str, StatCache] = {}
    return [
        judge(
            program, looks.setdefault(program.store.root, StatCache(program.store, program.environ))
        )
        for program in programs
    ]


def examine(program: "ProgramSpec", look: StatCache, manifests: "list[Manifest]") -> Verdict:
    """Return the verdict on a program that the quick check did not find current."""
    verdict = _examine(program, look, manifests)
    verdict.facts = look.facts(program)
    return verdict


def _examine(program: "ProgramSpec", look: StatCache, manifests: "list[Manifest]") -> Verdict:
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.inputs.compare import Examination

    if not manifests:
        manifests = _of_other_platforms(program, look)
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


def _of_other_platforms(program: "ProgramSpec", look: StatCache) -> "list[Manifest]":
    """Return what is remembered of a program elsewhere, the nearest first, then what is current.

    Variables may name the platform that go takes without them; and else the difference is the
    reason. Where this platform's last build was not remembered nothing is returned: `unknown`
    tells why.
    """
    store, identity = program.store, program.identity
    if not store.trusted() or store.note(program.key, identity):
        return []

    def distance(ranked: "tuple[int, Manifest]") -> tuple[int, int, float]:
        position, manifest = ranked
        differs = (look.variable(name, program) != value for name, value in manifest.environment)
        return sum(differs), position, -manifest.recorded

    lists = (store.manifests(key, identity) for key in store.keys(program.key))
    ranked = (one for manifests in lists for one in enumerate(manifests))
    return [manifest for _, manifest in sorted(ranked, key=distance)]


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


def _executable(program: "ProgramSpec", manifest: "Manifest") -> str:
    """Return "sound", "same" (its stats differ but not its content), or what is wrong with it."""
    from gorun_tasks.inputs.digest import is_executable_of

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
