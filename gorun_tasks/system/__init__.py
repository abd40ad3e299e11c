"""This machine: locks, atomic files, console, processes, and its operating system.

Decides which file knows the operating system: `host` is `linux` or `darwin`, loaded where it is
first used. It must never load one of them for who needs something else of this folder.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    if sys.platform == "darwin":
        from gorun_tasks.system import darwin as host
    else:
        from gorun_tasks.system import linux as host

__all__ = ["host"]


def __getattr__(name: str) -> object:
    """Load the file of the operating system."""
    if name != "host":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    global host  # noqa: PLW0603 - at the next use it is there
    if sys.platform == "darwin":
        from gorun_tasks.system import darwin as host
    else:
        from gorun_tasks.system import linux as host
    return host
