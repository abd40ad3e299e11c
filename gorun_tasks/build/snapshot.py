"""Snapshot: contents of inputs and outputs at one moment, and the difference of two moments.

Decides what of a file counts: that it is there, its content, and where it leads if it is a link. It
must never call something unchanged that may have moved while nobody looked: a stat key vouches for
a content only where it could not stay the same through another edit.
"""

from __future__ import annotations

import os

from gorun_tasks.core.fingerprint import is_settled, key_at, key_of
from gorun_tasks.core.reasons import Reason
from gorun_tasks.inputs.digest import ABSENT, DIRECTORY, UNREADABLE, content_of
from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.system import host
from gorun_tasks.system.clock import wait_past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gorun_tasks.build.globs import GlobExpansion
    from gorun_tasks.core.fingerprint import Key

    Seen = dict[str, tuple[Key | None, bytes]]
    """Files by path: their stat key (None where a stat cannot vouch for it) and content."""

_MOVING = (0, 0, 0, 0, 0)
"""The stat key of nothing: what has it at first has another one later."""

_LONGEST_WAIT = 0.1  # seconds; a tick of the clock that stamps files is a tenth of it


def snapshot_of(expansion: GlobExpansion, known: Seen) -> Seen:
    """Return what is there now; what is `known` under the same stat key is not read again."""
    moment = host.file_clock()
    seen: Seen = {}
    for path in expansion.paths:
        place = expansion.place(path)
        key, content = known.get(path, (None, b""))
        if key is None or _key_at(place) != key:
            key, content = _key_at(place), _content_of(place)
            if key != _key_at(place):
                content = UNREADABLE
            if key is not None and not is_settled(key, moment):
                key = None  # it may change again under this very key
        seen[path] = key, content
    return seen


def _content_of(place: str) -> bytes:
    """Return what a program may see there: the content, and where a link leads."""
    content = content_of(place)[0]
    try:
        return b"link to " + os.fsencode(os.readlink(place)) + b": " + content
    except OSError:  # it is no link
        return content


def _key_at(place: str) -> Key | None:
    """Return the stat key of what is there, which for a link is its own as well."""
    try:
        own = key_of(os.lstat(place))
    except OSError:
        return None
    there = key_at(place) or own
    return (there[0], max(there[1], own[1]), *there[2:])


def settled_keys(expansion: GlobExpansion) -> dict[str, Key | None]:
    """Return the stat keys of the directories that were listed, none of any for a moving one."""
    moment = host.file_clock()
    keys = {path: key_at(expansion.place(path)) for path in expansion.listed}
    return {p: _MOVING if key and not is_settled(key, moment) else key for p, key in keys.items()}


def disturbed(
    before: Seen, listed: dict[str, Key | None], inputs: GlobExpansion, outputs: GlobExpansion
) -> str:
    """Return which input may have been another one while the program ran, "" for none."""
    for path, (key, content) in before.items():
        if content.endswith(UNREADABLE):
            return f"{path} cannot be read"
        if content != DIRECTORY and _key_at(inputs.place(path)) != key:
            return f"{path} changed while it ran"
    came_or_went = set(before).symmetric_difference(inputs.paths)
    if came_or_went:
        return f"{min(came_or_went)} changed while it ran"
    written_to = path_components(outputs)
    for path, key in listed.items():
        # Where outputs lie the directory itself changes, and what is in it has to do.
        place = os.path.normpath(inputs.place(path))
        if place not in written_to and key_at(place) != key:
            return f"{path or '.'} changed while it ran"
    return ""


def path_components(outputs: GlobExpansion) -> set[str]:
    """Return where outputs are, and the directories above, which change with them."""
    places = map(os.path.normpath, map(outputs.place, outputs.paths))
    return {way for place in places for way in upwards(place)}


def wait_past_clock_tick(expansion: GlobExpansion) -> None:
    """Wait until what changes from now on gets another time stamp than what is there."""
    places = map(expansion.place, (*expansion.paths, *expansion.listed))
    newest = max((key[1] for key in map(_key_at, places) if key is not None), default=0)
    wait_past(newest, _LONGEST_WAIT)


def differences(before: Seen, now: Seen) -> Iterator[Reason]:
    """Yield what became of these files; of a directory only where nothing in it came or went."""
    nothing = None, ABSENT
    changed = {
        path: (before.get(path, nothing)[1], now.get(path, nothing)[1])
        for path in sorted({*before, *now})
        if before.get(path, nothing)[1] != now.get(path, nothing)[1]
        or now.get(path, nothing)[1].endswith(UNREADABLE)
    }
    for path, (was, is_) in changed.items():
        if DIRECTORY in (was, is_) and any(other.startswith(f"{path}/") for other in changed):
            continue
        if was == ABSENT:
            yield Reason(path, "new directory" if is_ == DIRECTORY else "new file")
        elif is_ == ABSENT:
            yield Reason(path, "removed")
        else:
            yield Reason(path, "cannot be read" if is_.endswith(UNREADABLE) else "edited")
