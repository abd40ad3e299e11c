"""Configuration watch: whether what says which programs are watched was edited, and what it says.

Decides which files may say it. It must never start or stop a program: `watcher` does, where what is
said now differs.
"""

from __future__ import annotations

from gorun_tasks.watch.watch_set import WatchSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from gorun_tasks.build.context import BuildContext

    Programs = tuple[Mapping[str, BuildContext], Mapping[str, Sequence[str]]]
    """Programs by name, each in a session, and the arguments of each."""

    class Configuration(Protocol):
        """What says which programs there are, and how each is started."""

        def files(self) -> Sequence[str]:
            """Return the files that say it, there or not."""

        def edited(self) -> str:
            """Return which of them says something else than at the last call, "" for none."""

        def load(self) -> Programs:
            """Return what they say now. Raises GoRunError."""


class ConfigurationWatch:
    """A configuration, perhaps none, and where its files are."""

    def __init__(self, configuration: Configuration | None) -> None:
        self._configuration = configuration
        self.scope = WatchSet()
        for path in configuration.files() if configuration is not None else ():
            self.scope.add_path(path)

    def news(self) -> tuple[str, Programs] | None:
        """Return which file was edited, and what is said now; None where none was.

        Raises GoRunError for what makes no sense, once.
        """
        if self._configuration is None:
            return None
        file = self._configuration.edited()
        return (file, self._configuration.load()) if file else None
