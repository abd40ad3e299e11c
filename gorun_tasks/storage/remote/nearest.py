"""Nearest build: the published one that is most like what is here, and how it differs.

Asked for by who wants to know why nothing was fetched: it costs a request for each path set.

Decides which build that is, and the words for what differs. It must never take anything into the
store, nor show what strangers wrote but in one line.
"""

from __future__ import annotations

import shlex

from gorun_tasks.core.reasons import of_file, where_people_are
from gorun_tasks.errors import in_one_line
from gorun_tasks.inputs.digest import ContentCache, bytes_of
from gorun_tasks.storage.publisher import Publisher
from gorun_tasks.storage.remote.canonical import NotCanonical
from gorun_tasks.storage.remote.machine import Unlike
from gorun_tasks.storage.remote.observation import Observation
from gorun_tasks.storage.remote.path_set import ROLES
from gorun_tasks.storage.remote.portable import is_absence
from gorun_tasks.storage.remote.shared import Published, take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.vcs_stamp import Facts as GitFacts
    from gorun_tasks.storage.remote.checkouts import Here
    from gorun_tasks.storage.remote.place import Place
    from gorun_tasks.storage.remote.portable import Facts
    from gorun_tasks.storage.remote.shared import Row

_SAID = 3  # differences
_LONGEST = 500  # characters of one

NOT_PUBLISHED = "no usable build of this program with these flags is published"


def explain(
    program: ProgramSpec, facts: GitFacts | None, place: Place, scope: str
) -> tuple[str, str]:
    """Return which go built what a run would fetch, "" for none, and why there is none.

    Raises PlaceUnusable.
    """
    if never := program.never_recorded():
        return "", never
    try:
        published = Published(program, facts, place, scope)
    except (Unlike, NotCanonical, OSError, ValueError) as error:
        return "", f"this program cannot be compared with published builds: {_line(str(error))}"
    store, known = program.store, ContentCache()
    if store.trusted():
        known = Publisher(store.reopened()).known(program.key, program.identity)
    observation = Observation(known)
    compared: list[tuple[int, list[str]]] = []
    for row in published.index:
        try:
            version, differences = _compare(published, row, observation)
        except Unlike as error:
            compared.append((1, [str(error)]))
        except (NotCanonical, OSError, ValueError):
            continue
        else:
            if version:
                return version, ""
            compared.append((0, differences))
    if not compared:
        return "", NOT_PUBLISHED
    _, nearest = min(compared, key=lambda found: (found[0], len(found[1])))
    return "", f"nearest published build: {_said(nearest)}"


def _said(differences: list[str]) -> str:
    said = [_line(difference) for difference in differences[:_SAID]]
    more = len(differences) - len(said)
    return "; ".join((*said, f"and {more} more") if more else said)


def _line(text: str) -> str:
    text = in_one_line(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _compare(published: Published, row: Row, observation: Observation) -> tuple[str, list[str]]:
    """Return which go built what fits of a row, or how the newest build of it differs.

    Raises Unlike where that cannot be told one by one.
    """
    here = published.here(row, observation)
    try:
        told, _ = published.result(here, row)
    except Unlike:
        newest = row[2][0] if row[2] else ""
        told, _ = published.results.of(newest)
        return "", list(_differences(here, told.facts))
    take(here, told, observation)
    return told.go_version, []


def _differences(here: Here, there: Facts) -> Iterator[str]:
    machine, now = here.machine, here.facts
    if there.go != now.go:
        version = bytes_of(f"{machine.goroot}/VERSION").split(b"\n")[0].decode(errors="replace")
        built = here.path_set.go_version
        other = version not in ("", built)
        yield f"{built} there, {version} here" if other else "the go command differs"
    yield from _pairs(_values(there), _values(now))
    yield from _pairs(_found(there), _found(now))
    for path, change in _changes(_commands(there), _commands(now)):
        yield f"{path} {change}"
    roots = [*_pairs(_roots(there), _roots(now))]
    if machine.trimmed:
        yield from roots
    else:
        yield from (f"{root}, which counts without -trimpath" for root in roots[:1])
    yield from _pairs(dict(there.inside), dict(now.inside), "{} in the repository")
    yield from _pairs(dict(there.links), dict(now.links), "the link {} to")
    yield from _files(here, there)


def _pairs(there: Mapping[str, str], here: Mapping[str, str], form: str = "{}") -> Iterator[str]:
    """Yield what has another value there than here."""
    for name in {**there, **here}:
        before, now = there.get(name, ""), here.get(name, "")
        if before != now:
            yield f"{form.format(name)} {shlex.quote(before)} there, {shlex.quote(now)} here"


def _roots(facts: Facts) -> dict[str, str]:
    fixed = dict(facts.fixed)
    return {role: fixed.get(role, "") for role in ROLES}


def _values(facts: Facts) -> dict[str, str]:
    # What is stamped stands among the variables, with a mark that none of them has.
    return {name.removeprefix("="): value for name, value in facts.values}


def _found(facts: Facts) -> dict[str, str]:
    """Return what PATH has of each command: where, if that counts."""
    words = {"": "missing", "False": "missing", "True": "found"}
    return {c[0]: words.get(c[1], c[1]) for c in facts.commands if not c[2:]}


def _commands(facts: Facts) -> dict[str, object]:
    """Return the contents of commands by their paths."""
    return {f"{c[0]}/{c[1]}": c[2:] for c in facts.commands if c[2:]}


def _changes(there: Mapping[str, object], here: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the names of what is not the same, and what of it."""
    for name in {**there, **here}:
        before, now = there.get(name), here.get(name)
        if before != now:
            yield name, ("is only here" if not before else "differs" if now else "is only there")


def _files(here: Here, there: Facts) -> Iterator[str]:
    """Yield the files that are not the same, as one would name them where one is."""
    people = where_people_are(here.program)
    said: dict[str, None] = {}
    for look, before, now in zip(here.path_set.looks, there.seen, here.facts.seen, strict=True):
        entries = [{name.rstrip("/@"): b"is there" for name in seen[0]} for seen in (before, now)]
        contents = [
            {n: b"" if is_absence(c) else c for n, c in zip(look.names, seen[1], strict=True)}
            for seen in (before, now)
        ]
        for name, change in (*_changes(*contents), *_changes(*entries)):
            said[str(of_file(here.path(look.base, name), change, people))] = None
    yield from said
