"""Provenance: whether what go found in its build cache was made from what is outside now.

go compiles a package with C anew when its own files change, and links anew when a package does.
What both take from outside of packages it does not look at, so its cache may hold what was made
from another content. Of each such package, and of the link, a note is kept: the action, a digest of
all it takes from outside, and the bytes of go's entry for it, which tell when it was made. Decides
of which entries that is unknown; go has to forget those. It must never believe an entry that it did
not see made. One exception: where a fetched module takes only from the compiler's own directories,
go's entry is believed the first time.
"""

from __future__ import annotations

import os
import time

from gorun_tasks.core.fingerprint import is_settled, key_at
from gorun_tasks.toolchain.go_cache import ActionGraph, begins_with, entry, forget, made_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from gorun_tasks.closure.c_includes import ExternalInputs
    from gorun_tasks.toolchain.report import Report

    class Notes(Protocol):
        """Where notes are kept."""

        def read(self, cache: str, action: str) -> tuple[str, bytes] | None:
            """Return the digest and the entry of an action in a build cache, None for no note."""
            ...

        def write(self, cache: str, action: str, digest: str, entry: bytes) -> None: ...


class Provenance:
    """What one go took from its cache, or put there, of packages with C and of links.

    `doubtful` are the actions of which it used what may be of another content, `packages` the
    import paths of those that are compiled, and `moved` is a path outside that changed meanwhile.
    """

    def __init__(self, report: Report, graph: ActionGraph, notes: Notes) -> None:
        self.doubtful: list[str] = []
        self.packages: list[str] = []
        self.moved = ""
        self._forgettable: list[str] = []
        self._report = report
        self._graph = graph
        self._notes = notes
        self._cache = report.settings.get("GOCACHE", "")
        self._actions = report.actions()
        self._links = [
            action for (kind, _), ids in self._actions.items() if kind == "link" for action in ids
        ]

    def judge(self, external: Mapping[str, ExternalInputs], linked: str, output: str) -> None:
        """Judge packages by import path, and the link, which takes libraries of digest `linked`.

        `output` is the SHA-256 of the executable, "" where there is none.
        """
        for package, outside in external.items():
            # What is fetched and not understood go alone decides about: it is not recorded.
            if outside.digest and not (outside.unfollowed and outside.fetched):
                for action in self._actions.get(("build", package), ()):
                    self._judge_package(package, action, outside)
        if linked:
            libraries = {path for outside in external.values() for path in outside.libraries}
            for action in self._links:
                self._judge(
                    action, linked, libraries, is_output=lambda now, _: output.encode() in now
                )

    def forget(self) -> bool:
        """Have go forget what is doubtful, and what is linked of it; say whether that worked."""
        actions = self._report.with_subkeys((*self._forgettable, *self._links))
        return forget(self._cache, actions)

    def in_words(self) -> str:
        """Return why this build may not be recorded, "" where it may."""
        if self.doubtful:
            what = ", ".join(self.packages) or "the executable"
            return f"go's build cache may have {what} from other C, and cannot be made to forget it"
        return f"{self.moved} changed while go was building" if self.moved else ""

    def _judge_package(self, package: str, action: str, outside: ExternalInputs) -> None:
        before = len(self.doubtful)
        self._judge(
            action,
            "" if outside.unfollowed else outside.digest,
            outside.paths,
            is_output=lambda now, build_id: begins_with(self._cache, now, build_id),
            believed=outside.usual,
        )
        if len(self.doubtful) > before:
            self.packages.append(package)

    def _judge(
        self,
        action: str,
        digest: str,
        paths: Iterable[str],
        *,
        is_output: Callable[[bytes, str], bool],
        believed: bool = False,
    ) -> None:
        """Judge one action; a digest of "" cannot be noted."""
        now = entry(self._cache, action)
        build_id = self._graph.build_id(action)
        note = self._notes.read(self._cache, action)
        if build_id is not None:
            moved = self._moved(paths)
            self.moved = self.moved or moved
            # Another go may have put the same action there since.
            if not moved and is_output(now, build_id):
                if digest and now:
                    self._notes.write(self._cache, action, digest, now)
            elif believed:
                forget(self._cache, self._report.with_subkeys((action,)))
        elif digest and now and note == (digest, now):
            if self._report.started <= made_at(now) <= time.time_ns():
                self.doubtful.append(action)  # go used the one that was there before
        elif digest and now and note is None and believed and not self._moved(paths):
            self._notes.write(self._cache, action, digest, now)
        else:
            self.doubtful.append(action)
            self._forgettable.append(action)

    def _moved(self, paths: Iterable[str]) -> str:
        """Return a path where something may have changed since go started, "" for none.

        What is absent may have been there: the directory tells.
        """
        known: dict[str, bool] = {}
        for path in paths:
            place, key = path, key_at(path)
            while key is None:
                place = os.path.dirname(place)
                if place in known:
                    break
                key = key_at(place)
            if place not in known:
                known[place] = key is None or is_settled(key, self._report.started)
            if not known[place]:
                return path
        return ""
