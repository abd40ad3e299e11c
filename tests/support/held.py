"""A build that waits in one of go's tools, so that what happens next happens at a known moment.

Decides how such a tool says that it is there. It must never keep a second tool from saying so, or
end it for want of a listener: go works on several packages at once.
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

from tests.support.clock import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

# The fifo is open on both sides: nobody waits for a reader, and what was said stays there.
TELL = 'exec 9<>"$REACHED"; echo >&9'
HOLD = f"{TELL}; exec sleep 600"


class Held:
    """A -toolexec that does something else, in the shell's words, in one of go's tools or in all.

    `instead` tells, at some point, that it is there; where it does not exec, the tool follows.
    """

    def __init__(self, folder: Path, tool: str = "*", instead: str = HOLD) -> None:
        self._reached = folder / "reached"
        os.mkfifo(self._reached)
        script = folder / "hold"
        script.write_text(
            "#!/bin/sh\n"
            f"export REACHED='{self._reached}'\n"
            'case "$2" in -V*) exec "$@";; esac\n'
            f'case "$1" in */{tool}) {instead};; esac\n'
            'exec "$@"\n'
        )
        script.chmod(0o755)
        self.flag = f"-toolexec={script}"

    def wait(self) -> None:
        """Return when the build waits in the tool."""
        reader = os.open(self._reached, os.O_RDONLY | os.O_NONBLOCK)
        try:
            ready, _, _ = select.select([reader], [], [], PATIENCE)
        finally:
            os.close(reader)
        assert ready, "go started no such tool"
