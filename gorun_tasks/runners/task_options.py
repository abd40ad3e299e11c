"""Task options: the build flags that tasks of invoke and doit offer as options of their own.

Decides which these are. The others are keywords of the functions that make tasks.
"""

from __future__ import annotations

from gorun_tasks.core.flag_help import FLAG_HELP

OPTIONS = {
    name: FLAG_HELP[name]
    for name in ("race", "tags", "ldflags", "gcflags", "mod", "trimpath", "cover")
}
"""The options, and their help."""
OPTIONS["tags"] += "; may be given more than once"

SWITCHES = frozenset(("race", "trimpath", "cover"))
"""Those of them that are on or off."""
