"""Build context: a session in which one program is built: who hears of it, and what was reported.

Decides who hears what go says, and where events go. It must never change the program, and is not
needed where nothing is stale and nobody listens.
"""

from __future__ import annotations

import copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gorun_tasks.build.events import Event
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.vcs_stamp import Facts
    from gorun_tasks.toolchain.report import Report


class BuildContext:
    """One program, and who hears of its builds.

    `events` is the file that events are appended to, "" for none, and `on_event` hears each as it
    happens, whether or not there is a file. `listener` hears each line that go writes for the
    person, who else reads it on stderr.
    """

    __slots__ = ("events", "facts", "listener", "on_event", "program", "report")

    def __init__(
        self,
        program: ProgramSpec,
        *,
        events: str = "",
        listener: Callable[[bytes], None] | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.program = program
        self.events = events
        self.listener = listener
        self.on_event = on_event
        self.report: Report | None = None
        """What go reported at the last build, None before the first one."""
        self.facts: Facts | None = None
        """What git said at the look before it: it is stamped. None where nothing is."""

    def apart(self, listener: Callable[[bytes], None]) -> BuildContext:
        """Return the context of the same program in another thread, where `listener` hears go."""
        other = copy.copy(self)
        other.program = self.program.with_own_store()
        other.listener = listener
        return other

    def with_listener(self, on_event: Callable[[Event], None]) -> BuildContext:
        """Return the context of the same program whose events this one hears."""
        other = copy.copy(self)
        other.on_event = on_event
        return other

    def go_listener(self) -> Callable[[bytes], None]:
        """Return who hears what go says: the listener, else the person at the terminal."""
        if self.listener is not None:
            return self.listener
        from gorun_tasks.core.reasons import where_people_are
        from gorun_tasks.system.console import passing_on

        program = self.program
        here = where_people_are(program)
        # What go says after a -C is what it says to everybody who gives it one.
        return passing_on(program.cwd if here == program.cwd else program.directory, here)
