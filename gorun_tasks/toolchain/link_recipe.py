"""Link recipes: whether go run would link the executable that is here, by what go list hashes.

An executable begins with the sums by which go knows how it was made: of what was linked, of what
was compiled as package main, and of what came of that. `go list -export` adds up the same as
`go run` does, but for a package main with debug information. With that put right in its recipes,
their sums are those in the executable where go run would link this very one, and nowhere else.

Decides that, for the releases of go that write such recipes: other ones make other sums. It must
never take anything but equal sums for a yes.
"""

from __future__ import annotations

import ast
from base64 import urlsafe_b64encode
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT = 15  # bytes of a sum in a build ID (cmd/go, work.hashToString)
_OF_INTEREST = (b"HASH[build ", b"HASH[link ")
_WITH_DEBUG, _WITHOUT = b"omitdebug false ", b"omitdebug true "


class LinkRecipes:
    """What go added up of each package, and of each program."""

    def __init__(self, hashed: Iterable[bytes]) -> None:
        """Take the lines that go told (GODEBUG=gocachehash=1)."""
        self._hashed: dict[bytes, list[bytes]] = {}
        for line in hashed:
            label, _, chunk = line.partition(b"]: ")
            if label.startswith(_OF_INTEREST) and chunk[:1] == b'"':
                self._hashed.setdefault(label, []).append(chunk)

    def makes(self, package: str, build_id: str) -> bool:
        """Say whether go would link a package to an executable with this build ID."""
        if not build_id:
            return False
        linked, compiled, content, _ = build_id.split("/")
        main = {
            f"packagefile {package}=": content,
            "packagemain ": f"{compiled}/{content}",
        }
        return (
            _sum(self._recipe("build", package)) == compiled
            and _sum(_with(main, self._recipe("link", package))) == linked
        )

    def _recipe(self, action: str, package: str) -> list[bytes]:
        hashed = self._hashed.get(f"HASH[{action} {package}".encode(), ())
        try:
            chunks = [ast.literal_eval(chunk.decode()).encode() for chunk in hashed]
        except (SyntaxError, ValueError):
            return []  # of a name that is not UTF-8
        return [chunk.replace(_WITH_DEBUG, _WITHOUT, 1) for chunk in chunks]


def _with(values: dict[str, str], recipe: list[bytes]) -> list[bytes]:
    """Return a recipe in which these lines say something else."""
    changed = []
    for chunk in recipe:
        line = chunk
        for start, value in values.items():
            if chunk.startswith(start.encode()):
                line = f"{start}{value}\n".encode()
        changed.append(line)
    return changed


def _sum(recipe: list[bytes]) -> str:
    return urlsafe_b64encode(sha256(b"".join(recipe)).digest()[:_KEPT]).decode()
