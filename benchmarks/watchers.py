"""Who watches: gorun and its peers, each told as its manual tells people to.

Decides each watcher's command, and where its peers come from: the module proxy, at the versions
written here. A peer that cannot be fetched is left out, and the results say so. It must never give
gorun what a peer was not given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.kit import Kit

AIR_MODULE = "github.com/air-verse/air@v1.67.4"
WGO_MODULE = "github.com/bokwoke/wgo@v0.6.4"
REFLEX_MODULE = "github.com/cespare/reflex@v0.3.1"

_AIR_TUNED = """\
[build]
  delay = 1
  exclude_unchanged = true
"""


class Watcher(NamedTuple):
    """One who runs the program of the folder that it is started in again, after each save."""

    name: str
    command: Callable[[Kit], list[str]]
    module: str = ""
    """Where it comes from, "" for gorun."""
    files: Mapping[str, str] = {}
    """What people write down for it."""


GORUN = Watcher("gorun --watch", lambda kit: [kit.gorun, "--watch", "."])
AIR = Watcher("air", lambda kit: [f"{kit.peers}/air"], AIR_MODULE)
AIR_TUNED = Watcher(
    "air, delay 1", lambda kit: [f"{kit.peers}/air"], AIR_MODULE, {".air.toml": _AIR_TUNED}
)
WGO = Watcher("wgo", lambda kit: [f"{kit.peers}/wgo", "run", "."], WGO_MODULE)
REFLEX = Watcher(
    "reflex",
    lambda kit: [
        *(f"{kit.peers}/reflex", "-s", "-r", r"\.go$", "--"),
        *("sh", "-c", "go build -o bin/x . && exec bin/x"),
    ],
    REFLEX_MODULE,
)

ALL = (GORUN, AIR, AIR_TUNED, WGO, REFLEX)


def fetched(kit: Kit) -> tuple[list[Watcher], list[str]]:
    """Return who can be started here, and the names of the others."""
    had = {module: kit.install(module) for module in {w.module for w in ALL if w.module}}
    here = [watcher for watcher in ALL if had.get(watcher.module, True)]
    return here, [watcher.name for watcher in ALL if watcher not in here]
