"""Sharing: takes builds from elsewhere, and offers those of here.

Decides which places are asked, what is said of its troubles, and who publishes: whose environment
says so. A cache may only help: whatever goes wrong costs what it would have saved. It is never
loaded where nothing is stale, but by who builds many.
"""

from __future__ import annotations

import contextlib
import os
from contextvars import ContextVar
from typing import NamedTuple

from gorun_tasks.core.program import may_be_configured
from gorun_tasks.errors import UsageError, in_one_line
from gorun_tasks.inputs.verdict import judge
from gorun_tasks.storage.remote.machine import Machine, Unlike, has_go
from gorun_tasks.system import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.store import Manifest
    from gorun_tasks.core.vcs_stamp import Facts
    from gorun_tasks.storage.publisher import Publisher
    from gorun_tasks.storage.remote.place import Place

    _T = TypeVar("_T")

_URL, _WRITE = "GORUN_REMOTE", "GORUN_REMOTE_WRITE"
_SIGNERS, _KEY = "GORUN_REMOTE_SIGNERS", "GORUN_REMOTE_SIGNING_KEY"

_BUILT_HERE, NOT_SHARED = "; building here", "; what is built here is not shared"
"""What follows from troubles with places."""

_NOTES = "remote"
"""Where the store keeps what it knows of places."""


class _Named(NamedTuple):
    """What names the places of a program: `origin` is what names the URLs."""

    urls: str = ""
    scope: str = ""
    signers: str = ""
    origin: str = ""


_said: set[str] = set()

_kept: ContextVar[dict[object, Place | None] | None] = ContextVar("_kept", default=None)
"""Places that are asked for one program after the other, by all that counts for them."""


def fetch(program: ProgramSpec, facts: Facts | None) -> tuple[Manifest, str] | None:
    """Return a manifest for what was built elsewhere of this very content, and where that was."""
    machine = _machine(program, facts)
    if machine is not None and machine.trimmed:
        from gorun_tasks.storage.remote import checkouts

        manifest = checkouts.fetch(machine)
        if manifest is not None:
            return manifest, "built in another checkout"

    def ask(place: Place, scope: str) -> Manifest | None:
        from gorun_tasks.storage.remote.shared import fetch as fetch_shared

        return fetch_shared(program, facts, place, scope)

    manifest = use_places(program, ask, otherwise=_BUILT_HERE if has_go(program) else "")
    if manifest is not None:
        return manifest, built_elsewhere(manifest.go_version)
    if machine is not None and not machine.trimmed and has_place(program):
        _hint_at_trimpath(program)
    return None


@contextlib.contextmanager
def keep_places() -> Iterator[None]:
    """Have places that this thread uses, and their connections, serve the next program as well."""
    places: dict[object, Place | None] = {}
    token = _kept.set(places)
    try:
        yield
    finally:
        _kept.reset(token)
        for place in filter(None, places.values()):
            place.close()


def built_elsewhere(go_version: str) -> str:
    """Return the reason of what was published."""
    return f"built by {go_version} elsewhere"


def explain(program: ProgramSpec, facts: Facts | None) -> tuple[str, str]:
    """Return the reason of what a run would fetch from its places, or why that would be nothing.

    Both are "" where there is no place, or none that answers and knows the program.
    """
    from gorun_tasks.storage.remote.nearest import NOT_PUBLISHED
    from gorun_tasks.storage.remote.nearest import explain as explain_shared

    misses: list[str] = []

    def ask(place: Place, scope: str) -> str | None:
        version, miss = explain_shared(program, facts, place, scope)
        misses.append(miss)
        return built_elsewhere(version) if version else None

    found = use_places(program, ask) or ""
    return found, "" if found else max(misses, key=lambda miss: miss != NOT_PUBLISHED, default="")


def has_place(program: ProgramSpec) -> bool:
    """Say whether any place is named where builds of a program are shared."""
    with contextlib.suppress(UsageError):
        return bool(_named(program).urls)
    return False


def offer(
    program: ProgramSpec, manifest: Manifest, publisher: Publisher, facts: Facts | None
) -> None:
    """Offer a build that was just recorded to other checkouts, if it is one for them."""
    machine = _machine(program, facts)
    if machine is not None and machine.trimmed:
        from gorun_tasks.storage.remote import checkouts

        checkouts.offer(machine, manifest, publisher)


def publish(program: ProgramSpec, seconds: float = 0.0) -> None:
    """Publish the build that describes what is here, if there is one.

    go built for `seconds`, 0 where that is not known.
    """
    program = program.with_own_store()
    verdict = judge(program)
    manifest = verdict.manifest
    if manifest is None:
        return

    def put(place: Place, scope: str) -> None:
        from gorun_tasks.storage.remote.shared import publish as publish_shared

        with contextlib.suppress(Unlike):
            told = verdict.facts, place, scope
            if not publish_shared(program, manifest, *told, seconds=seconds):
                _hint_at_trimpath(program)

    use_places(program, put, otherwise=NOT_SHARED)


def use_places(
    program: ProgramSpec, use: Callable[[Place, str], _T | None], *, otherwise: str = ""
) -> _T | None:
    """Return what comes of the use of a program's places, each with its scope, one after the other.

    The first of which something comes is the last that is used. What troubles they make are said,
    with what is done `otherwise` if nothing came of any, and end here.
    """
    from gorun_tasks.storage.remote.place import PlaceUnusable, WriteRefused

    troubles: list[str] = []
    found: _T | None = None
    try:
        named = _named(program)
    except UsageError as error:
        named = _Named()
        troubles.append(f"remote cache: {error}")
    urls = named.urls.split()
    for number, url in enumerate(urls, 1):
        try:
            found = _in_place(program, named, (url, number if urls[1:] else 0), use)
        except (PlaceUnusable, WriteRefused) as trouble:
            troubles.append(str(trouble))
        if found is not None:
            otherwise = ""
            break
    for words in filter(None, troubles):
        say_once(words, otherwise)
    return found


def _machine(program: ProgramSpec, facts: Facts | None) -> Machine | None:
    try:
        return Machine(program, facts)
    except (Unlike, OSError, ValueError):
        return None


def _hint_at_trimpath(program: ProgramSpec) -> None:
    """Say what would have a program be shared, once for a store."""
    from gorun_tasks.storage.remote.breaker import keep_note

    said = f"{program.store.root}/{_NOTES}/trimpath"
    if not os.path.exists(said):
        say_once(
            f"{in_one_line(program.label)} is shared only with equal paths; -trimpath lifts that"
        )
        keep_note(said, b"")


def is_asked_to_publish(program: ProgramSpec) -> bool:
    """Say whether the environment asks for builds to be published."""
    value = _environment(program).get(_WRITE, "")
    if value not in ("", "0", "1"):
        say_once(f"{_WRITE} is {value!r}, which is neither 1 nor 0; nothing is published")
    return value == "1"


def _in_place(
    program: ProgramSpec,
    named: _Named,
    url: tuple[str, int],
    use: Callable[[Place, str], _T | None],
) -> _T | None:
    """Return what comes of the use of one place. Raises PlaceUnusable, WriteRefused."""
    kept = _kept.get()
    if kept is None:
        with keep_places():
            return _in_place(program, named, url, use)
    environ, root = _environment(program), program.store.root
    key = (url, named, root, *sorted(environ.items()))
    if key not in kept:
        kept[key] = None
        kept[key] = _opened(named, url, environ, root)
    place = kept[key]
    return None if place is None else use(place, named.scope)


def _opened(
    named: _Named, url: tuple[str, int], environ: dict[str, str], root: str
) -> Place | None:
    """Return the place of a URL, and which of several it is. Raises PlaceUnusable."""
    from gorun_tasks.storage.remote.locate import locate
    from gorun_tasks.storage.remote.place import PlaceUnusable

    key = environ.get(_KEY, "") if environ.get(_WRITE) == "1" else ""
    if key and not named.signers:
        raise PlaceUnusable(
            f"remote cache: {_KEY} is set, and neither {_SIGNERS} nor `signers` names who may sign"
        )
    notes = f"{root}/{_NOTES}"
    address, number = url
    place = locate(address, origin=named.origin, number=number, environ=environ, notes=notes)
    if place is not None and named.signers:
        from gorun_tasks.storage.remote.signatures import SignedPlace

        place = SignedPlace(place, named.signers, key, say_once)
    return place


def _named(program: ProgramSpec) -> _Named:
    """Return what names the places; variables come before a file. Raises UsageError."""
    environ, named = _environment(program), _configured(program)
    if _URL in environ:
        named = named._replace(urls=environ[_URL], origin=_URL)
    return named._replace(signers=environ.get(_SIGNERS) or named.signers)


def _configured(program: ProgramSpec) -> _Named:
    """Return what a configuration says. Raises UsageError."""
    if not may_be_configured(program.directory):
        return _Named()
    from gorun_tasks.config.configuration import find

    config = find(program.directory)
    remote = config.remote
    signers = remote.get("signers", "")
    return _Named(
        remote.get("url", ""),
        remote.get("scope", ""),
        os.path.join(config.directory, signers) if signers else "",
        os.path.basename(config.path),
    )


def _environment(program: ProgramSpec) -> dict[str, str]:
    """Return the environment without what was said of the program: that may be a file's word."""
    overlay = program.overlay
    return {name: value for name, value in program.environ.items() if name not in overlay}


def say_once(sentence: str, ending: str = "") -> None:
    """Say a sentence unless this process has said it, with whatever ending."""
    if sentence not in _said:
        _said.add(sentence)
        console.say(sentence + ending)
