"""Patterns: go's (`./cmd/...`, see `go help packages`), as the configuration has them.

Decides which directories and import paths a pattern means. It must never look at a disk.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

TOOLS = "tool"
"""go's own pattern for the tools that a go.mod names."""


class Pattern:
    """A pattern of directories from `base`, or of import paths where it begins with no dot."""

    __slots__ = ("_directories", "_literal", "_paths", "words")

    def __init__(self, words: str, base: str) -> None:
        self.words = words
        path = os.path.normpath(os.path.join(base, words))
        self._literal = path.partition("...")[0]
        self._directories = _expression(path)
        self._paths = _expression(words)

    def matches(self, directory: str) -> bool:
        """Say whether it means this directory."""
        return self._directories.fullmatch(directory) is not None

    def matches_tool(self, import_path: str) -> bool:
        """Say whether it means this package, which is in no directory of ours."""
        return self.words == TOOLS or self._paths.fullmatch(import_path) is not None

    def may_lead(self, directory: str) -> bool:
        """Say whether it may mean something below this directory."""
        place = f"{directory}/"
        return self._literal.startswith(place) or (
            "..." in self.words and place.startswith(self._literal)
        )


def _expression(pattern: str) -> re.Pattern[str]:
    import re

    words = re.escape(pattern).replace(re.escape("..."), ".*")
    return re.compile(re.sub(r"/\.\*$", r"(/.*)?", words), re.DOTALL)
