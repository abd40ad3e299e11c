"""Named programs: the main packages and tools of a tree with the tables of the configuration.

    gen              a whole name: by the rule of `short_names`, or of a table
    services-gen     what the rule makes of it where tools-gen is there as well; then `gen` means
                     the one in the root module, else the one with the shortest path

Decides which program has which name, which settings are a package's, and which one is meant by a
name that fits several. The tree and the configuration alone decide that, never what was built.
"""

from __future__ import annotations

import os

from gorun_tasks.config.configuration import Settings
from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.workspace.short_names import fits, free_name, meant, short_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from gorun_tasks.api import Program
    from gorun_tasks.config.configuration import Config
    from gorun_tasks.workspace.packages import Main

    Make = Callable[[Settings, Main | None], Program]


class NamedPrograms:
    """The programs below `root`, by name, sorted; and the tools, which "all" does not mean.

    `mains` are all that were found, `is_all` says that go could tell of every place. `make` makes a
    program of its settings. Raises UsageError where the configuration names what is not there.
    """

    def __init__(
        self, root: str, config: Config, mains: Sequence[Main], make: Make, *, is_all: bool
    ) -> None:
        self._root = root
        self._config = config
        self._make = make
        self._is_all = is_all
        self._mains = {main.directory: main for main in mains if main.directory}
        self._elsewhere = [main for main in mains if not main.directory]
        places = ((main.import_path, main.directory) for main in self._mains.values())
        self._own_names = short_names(places, root)
        self._of_tables: dict[str, list[str]] = {}  # names of tables, by directory
        self._meant_before: dict[str, str] = {}
        self.tools: dict[str, Program] = {}
        programs = self._of_the_configuration()
        self._add_automatic(programs)
        self._add_tools(programs)
        self.programs = dict(sorted(programs.items()))

    def settings_of(self, directory: str) -> Settings:
        """Return what is said of the package in a directory.

        Of several tables for one package it is the one that has its own name.
        """
        names = self._of_tables.get(directory, [])
        if len(names) > 1:
            names = [name for name in names if name == self._own_names.get(directory)]
        general = self._config.general
        return self._config.programs[names[0]].over(general) if names else general

    def meant(self, name: str, among: Container[str]) -> str:
        """Return the whole name of the program that a shorter name means, "" for none.

        Raises UsageError for a tie.
        """
        if name not in self._meant_before:  # a person hears of it once
            fitting = {self._own_names[main.directory]: main for main in self._fitting(name)}
            fitting = {whole: main for whole, main in fitting.items() if whole in among}
            self._meant_before[name] = self._meant(name, fitting)
        return self._meant_before[name]

    def _meant(self, name: str, fitting: dict[str, Main]) -> str:
        if len(fitting) < 2:  # noqa: PLR2004 - there is nothing to choose
            return next(iter(fitting), "")
        places = {
            whole: (os.path.relpath(main.directory, self._root), self._is_in_root_module(main))
            for whole, main in fitting.items()
        }
        chosen = meant(places)
        sentence = f"{name} may mean {', '.join(f'{n} (./{p})' for n, (p, _) in places.items())}"
        if len(chosen) > 1:
            raise UsageError(sentence, f"say which, as in :{chosen[0]}")
        from gorun_tasks.system import console

        console.say(f"{sentence}; it is taken for {chosen[0]}")
        return chosen[0]

    def _fitting(self, name: str) -> list[Main]:
        mains = self._mains.values()
        return [m for m in mains if fits(name, m.import_path, m.directory, self._root)]

    def _is_in_root_module(self, main: Main) -> bool:
        ways = (way for way in upwards(main.directory) if os.path.isfile(f"{way}/go.mod"))
        return next(ways, "") == self._root

    def _of_the_configuration(self) -> dict[str, Program]:
        programs = {}
        for name, settings in self._config.programs.items():
            directory = self._directory_of(name, settings)
            if not directory:
                continue
            self._of_tables.setdefault(directory, []).append(name)
            main = self._mains.get(directory)
            programs[name] = self._make(settings.over(self._config.general), main)
            if main is None:
                from gorun_tasks.core.suggestions import absent

                if sentence := absent(programs[name]):
                    where = self._config.where("programs", name, "target")
                    raise UsageError(f"{where}: {sentence}")
        return programs

    def _directory_of(self, name: str, settings: Settings) -> str:
        """Return where the package of a table is; "" where that may be, and is not known."""
        if settings.target:
            return os.path.normpath(os.path.join(self._config.directory, settings.target))
        by_name = {own: directory for directory, own in self._own_names.items()}
        if name in by_name:
            return by_name[name]
        if short := self._meant(
            name, {self._own_names[m.directory]: m for m in self._fitting(name)}
        ):
            return by_name[short]
        if not self._is_all or any(
            fits(name, tool.import_path, tool.import_path) for tool in self._elsewhere
        ):
            return ""
        raise UsageError(
            f"{self._config.where('programs', name)}: no program is called {name}",
            f"found: {', '.join(sorted(by_name)) or 'none'}; a new name needs a target",
        )

    def _add_automatic(self, programs: dict[str, Program]) -> None:
        """Add those that are called by the rule alone."""
        for directory, name in self._own_names.items():
            if directory in self._of_tables:
                continue  # it has the name of a table
            if name in programs:
                place = os.path.relpath(directory, self._root)
                raise UsageError(
                    f"{self._config.where('programs', name)}: two programs are called {name}",
                    f"./{place} is called so as well",
                )
            programs[name] = self._make(self._config.general, self._mains[directory])

    def _add_tools(self, programs: dict[str, Program]) -> None:
        """Name the tools that lie elsewhere; those that are included are programs like others."""
        include = self._config.patterns("include")
        for main in self._elsewhere:
            name = free_name(main.import_path, {*programs, *self.tools})
            settings = self._config.programs.get(name, Settings())
            is_included = any(pattern.matches_tool(main.import_path) for pattern in include)
            (programs if is_included else self.tools)[name] = self._make(settings, main)
