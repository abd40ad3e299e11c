"""gorun, whose n-th call of one kind to the system goes wrong: `shim.py HOW KIND N WORDS...`.

HOW is the name of an errno ("ENOSPC"), or "kill": then the whole session dies at that call,
half of the times just before it and half just after. Decides only when; what becomes of it is for
the tests. Only calls count that concern the folder of the test: what Python and go need to start is
another program's affair. A link at TROUBLE_MARK (environment) says that it has happened.
"""

from __future__ import annotations

import builtins
import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from gorun_tasks import main as cli

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = {
    "open": ((os, "open"), (builtins, "open")),
    "write": ((os, "write"),),
    "fsync": ((os, "fsync"),),
    "rename": ((os, "rename"),),
    "unlink": ((os, "unlink"), (os, "remove")),
    "link": ((os, "link"),),
    "mkdir": ((os, "mkdir"),),
    "rmdir": ((os, "rmdir"),),
    "utime": ((os, "utime"),),
}
"""The calls that go wrong, under the names Python has for them."""

MARK = "TROUBLE_MARK"

ANY = "any"
"""All kinds of calls, counted together."""


class Trouble:
    """Counts calls, and makes one of them go wrong."""

    def __init__(self, how: str, number: int, folder: str) -> None:
        self._how = how
        self._rest = number
        self._folder = folder

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call with the trouble that it may meet."""

        def troubled(*args: Any, **keywords: Any) -> Any:
            self._rest -= self._counts(args[0])
            if self._rest != 0 or not self._counts(args[0]):
                return call(*args, **keywords)
            mark = os.environ.get(MARK)
            if mark:
                os.symlink("happened", mark)  # none of the calls that are counted
            if self._how == "kill":
                if os.getpid() % 2:
                    call(*args, **keywords)
                os.killpg(0, signal.SIGKILL)
            number = getattr(errno, self._how)
            raise OSError(number, os.strerror(number), *args[:1])

        return troubled

    def _counts(self, subject: Any) -> bool:
        return isinstance(subject, int) or os.fsdecode(subject).startswith(self._folder)


def main() -> None:
    """Run gorun with the trouble that the command line asks for."""
    how, kind, number, *words = sys.argv[1:]
    trouble = Trouble(how, int(number), os.path.dirname(os.environ["GORUN_CACHE_DIR"]))
    for name, places in KINDS.items():
        if kind in (name, ANY):
            for module, attribute in places:
                setattr(module, attribute, trouble.around(getattr(module, attribute)))
    sys.argv[1:] = words
    cli.main()


if __name__ == "__main__":
    main()
