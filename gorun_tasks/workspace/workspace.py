"""Workspace: the programs of a directory tree, by name, without a line of configuration.

    Workspace(root)     every main package below root: of a module, a go.work, or several modules
      discover          which there are: remembered, and by stat alone while nothing changed
      names             what they are called: `api` for ./services/cmd/api, `tools-gen` on a clash
      config            what pyproject.toml or gorun.toml adds: names, flags, environment, arguments

The root is the directory of the nearest configuration, else of the repository, else of the
outermost go.work or go.mod. A program of a workspace is the same program as one that is typed there
(`gorun ./services/cmd/api`): go runs in the root, or where the root belongs to no module, or
to another one, in the directory of the program's go.work or go.mod, and so does the program.

Packages below `internal` are programs as well: go runs them. What go passes over (testdata, vendor,
names that begin with `_` or `.`) is none, nor what lies in a folder of somebody else's
(`own_tree`). Tools that a go.mod names have names, too, but are not among "all". A package that is
the target of a table in the configuration has the name of that table instead of its own, which it
keeps where there is a table for that, too.

Decides who belongs to a workspace, and how it is called. It must never decide what a main package
is (go does), nor whether one is current.
"""

from __future__ import annotations

import contextlib
import os

from gorun_tasks.api import STOP_SIGNAL, Program
from gorun_tasks.config.configuration import find, repository_of, text_at
from gorun_tasks.core.program import logical_directory
from gorun_tasks.errors import BuildError, UsageError
from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.workspace.discovery import discover, is_known
from gorun_tasks.workspace.named_programs import NamedPrograms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from gorun_tasks.build.outcome import Outcome
    from gorun_tasks.config.configuration import Settings
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.errors import GoRunError
    from gorun_tasks.watch.configuration import Programs
    from gorun_tasks.watch.watcher import Watch
    from gorun_tasks.workspace.git_changes import Changes
    from gorun_tasks.workspace.overview import Overview
    from gorun_tasks.workspace.packages import Found, Main

_LONGEST = 400
"""How much is shown of what go said where it could not tell."""

NAME_MARK = ":"
"""What stands before a name on a command line: no package path of go's can have it."""


class Workspace:
    """The programs of a directory tree.

    `root` is where it begins (default: see `root_of`, from the working directory). `env` is laid
    over os.environ for all programs; flags are the default of each, under what the configuration
    says. Raises UsageError for a configuration that makes no sense. What is below the root is found
    when it is first asked for, and then stays as it is.
    """

    def __init__(
        self, root: str | None = None, *, env: Mapping[str, str | None] | None = None
    ) -> None:
        here = logical_directory(os.environ)
        self.root = root_of(here) if root is None else os.path.normpath(os.path.join(here, root))
        self.config = find(self.root)
        self._env = dict(env or {})
        self._programs: dict[str, Program] | None = None
        self._named: NamedPrograms | None = None
        self._found: Found | None = None
        self._given = False  # whether somebody said which programs it has

    @property
    def programs(self) -> Mapping[str, Program]:
        """The programs by name, sorted by name.

        Raises ToolchainError where go has to be asked and there is none, and UsageError where the
        configuration names what is not there.
        """
        if self._programs is None:
            self._programs = self._by_name.programs
        return self._programs

    @property
    def emptiness(self) -> str:
        """What to say of a workspace without programs, "" where there are any, or may be."""
        some = self.programs or self.unlisted  # of which something has been said
        return "" if some else f"there is no main package in {self.root}"

    @property
    def tools(self) -> Mapping[str, Program]:
        """The tools that a go.mod of the workspace names, by name: `programs` has none of them."""
        return self._by_name.tools

    def is_known(self) -> bool:
        """Say whether the programs can be told without asking go."""
        include = self.config.patterns("include")
        return self._programs is not None or is_known(self._asker(), include)

    def program(self, name: str) -> Program:
        """Return the program of this name, be it shorter than its own, or with a colon: ":api".

        Raises UsageError where there is none or it is not clear which, BuildError where go could
        not tell.
        """
        name = self.resolve(name)
        return self.programs[name] if name in self.programs else self.tools[name]

    def resolve(self, name: str) -> str:
        """Return the whole name of the program that is meant. Raises as `program` does."""
        name = name.removeprefix(":")
        if name in self.programs or name in self.tools:
            return name
        short = self._by_name.meant(name, self.programs)
        if not short:
            sentence = f"no program is called {name} in {self.root}"
            if self.unlisted:
                raise BuildError(f"{sentence}, but {self._unlisted_in_words()}", self._hint(name))
            raise UsageError(sentence, self._hint(name))
        return short

    def args(self, name: str) -> tuple[str, ...]:
        """Return the arguments that the configuration has for a program, where none are given."""
        settings = self.config.programs.get(self.resolve(name))
        return settings.args if settings else ()

    def place(self, name: str) -> str:
        """Return a program's target, relative to the root: "./services/cmd/api"."""
        program = self.program(name)
        target = program.target.words[0]
        if not target.startswith("."):
            return target
        return _relative(os.path.join(program.cwd, target), self.root)

    def settings_of(self, directory: str) -> Settings:
        """Return what the configuration says of a package of the workspace."""
        return self._by_name.settings_of(directory)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was not looked at and may be missed, each a sentence."""
        return tuple(
            f"{_relative(directory, self.root)} cannot be read, so it has no programs"
            for directory in self._look().unreadable
        )

    @property
    def left_out(self) -> tuple[str, ...]:
        """Folders that are somebody else's: git ignores them, or they are repositories."""
        return tuple(_relative(directory, self.root) for directory in self._look().left_out)

    @property
    def unlisted(self) -> dict[str, GoRunError]:
        """Directories in which there may be more programs, each with the error of go's there."""
        said = {_relative(place, self.root): words for place, words in self._look().failed}
        sentence = "go cannot tell which programs there are in {}"
        return {
            place: BuildError(sentence.format(place), " ".join(words.split())[:_LONGEST])
            for place, words in said.items()
        }

    def _unlisted_in_words(self) -> str:
        """Return in one sentence where go could not tell, and why not in the first place."""
        first, *others = self.unlisted
        return "; nor in ".join([str(self.unlisted[first]), *filter(None, [", ".join(others)])])

    def with_programs(self, programs: Mapping[str, Program]) -> Self:
        """Return this workspace with other programs: the same with more flags, or some of them."""
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        other._programs = dict(programs)  # noqa: SLF001 - its own
        other._given = True  # noqa: SLF001 - as above
        return other

    def build(
        self,
        names: Iterable[str] = (),
        *,
        jobs: int = 0,
        rebuild: bool = False,
        tell: Callable[[str, Outcome | GoRunError], None] | None = None,
    ) -> dict[str, Outcome | GoRunError]:
        """Have an executable of each of these programs (default: of all).

        Returns what became of each: an Outcome, or the error that a build of it alone would raise.
        `tell` hears each as soon as it is known. `jobs` is how many are linked at a time (0: one a
        processor). Raises UsageError for a name that is not there.
        """
        from gorun_tasks.build.batch import build_all

        tell = tell or _tell_nobody
        chosen = {name.removeprefix(":"): self.program(name) for name in names}
        contexts = {name: one.context() for name, one in (chosen or self.programs).items()}
        results = build_all(contexts, tell, jobs=jobs, rebuild=rebuild)
        if os.environ.get("GORUN_REMOTE_WRITE"):
            from gorun_tasks.workspace.shared_packages import publish

            publish(self._asker(), self.config.patterns("include"))
        if not chosen:
            for place, error in self.unlisted.items():
                results[place] = error
                tell(place, error)
        return results

    def watch(
        self, names: Iterable[str] = (), *, stop_signal: int = STOP_SIGNAL, grace: float = 5.0
    ) -> Watch:
        """Return a watch over these programs (default: all), with the arguments they have here.

        Only those whose executable or configuration changed restart; they do not read the terminal.
        See `Program.watch`. Raises UsageError for a name that is not there.
        """
        from gorun_tasks.watch.watcher import Watch
        from gorun_tasks.workspace.configured_programs import ConfiguredPrograms

        chosen = list(names)

        def load() -> Programs:
            return type(self)(self.root, env=self._env)._watched(chosen)  # noqa: SLF001 - its own

        contexts, args = self._watched(chosen)
        # What the caller made of these programs is nowhere written.
        said = None if self._given else ConfiguredPrograms(self.root, load)
        return Watch(contexts, args, stop_signal=stop_signal, grace=grace, configuration=said)

    def _watched(self, names: list[str]) -> Programs:
        """Return programs (for none all) in sessions of their own, and the arguments of each."""
        contexts = {name: self.program(name).context() for name in names or self.programs}
        return contexts, {name: self.args(name) for name in contexts}

    def affected(
        self, since: str = "HEAD", *, files: Iterable[str] | None = None
    ) -> dict[str, tuple[Reason, ...]]:
        """Return the programs that a change touches, and why: {name: reasons}.

        `since` is a revision ("main") or a range up to what is checked out ("main...HEAD"); what is
        not committed counts always. `files` are changed files instead, relative to the root. Raises
        UsageError for a revision that git does not know, GoRunError where git cannot tell.
        """
        from gorun_tasks.workspace.affected import affected
        from gorun_tasks.workspace.git_changes import Changes

        if self.unlisted:  # one program too few must not be
            raise BuildError(
                self._unlisted_in_words(), "`exclude` in gorun.toml or pyproject.toml leaves it out"
            )
        if files is None:
            changes = Changes.since(since, self.root, os.environ)
        else:
            changes = Changes.of(files, self.root)
        here = os.path.realpath(logical_directory(os.environ))
        found = affected(self.programs, changes, here)
        for name, reason in self._said_otherwise(changes, here).items():
            found[name] = (*found[name], reason)
        return {name: reasons for name, reasons in found.items() if reasons}

    def affected_by(self, word: str) -> dict[str, tuple[Reason, ...]]:
        """Do what `affected` does for a word of a command line: a revision, or - for stdin.

        Stdin has names of files, one a line, as git prints them. They are relative to the working
        directory, or to the root of the repository if only there is such a file.
        """
        if word != "-":
            return self.affected(word)
        import sys

        from gorun_tasks.workspace.git_changes import names_told

        if sys.stdin is None:  # as Python has it where it is closed
            raise UsageError("- reads names of files from stdin, which is closed")
        here = logical_directory(os.environ)
        bases = (here, repository_of(here) or here)
        files: list[str] = []
        for name in names_told(sys.stdin.buffer.read()):
            places = [os.path.join(base, name) for base in bases]
            # What is nowhere was removed, nobody knows where.
            files += [place for place in places if os.path.lexists(place)][:1] or places
        return self.affected(files=files)

    def picture(self) -> Overview:
        """Return what can be looked at: programs, their nodes' verdicts, and what they share."""
        from gorun_tasks.workspace.overview import Overview

        return Overview(self)

    def _said_otherwise(self, changes: Changes, here: str) -> dict[str, Reason]:
        """Return the programs of which the configuration says something else than before."""
        from gorun_tasks.core.reasons import of_file
        from gorun_tasks.workspace.git_changes import NEW

        changed: list[str] = []

        def text_before(path: str) -> str | None:
            own = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
            place = next((p for p in (own, os.path.realpath(path)) if p in changes.files), None)
            if place is None:
                return text_at(path)
            changed.append(place)
            if changes.files[place] == NEW:
                return None
            held = changes.before(place)
            if held is None:
                raise UsageError(f"nobody knows what {path} said before")
            return held.decode()

        before = None  # where it made no sense, or nobody knows it
        with contextlib.suppress(UsageError, UnicodeDecodeError):
            before = find(self.root, text_before)
        if not changed:
            return {}
        reason = of_file(changed[0], changes.files[changed[0]], here)
        return {
            name: reason
            for name in self.programs
            if before is None or before.of(name) != self.config.of(name)
        }

    def _asker(self) -> Program:
        general = self.config.general
        return Program(cwd=self.root, env={**general.env, **self._env}, **general.flags)

    def mains(self) -> list[Main]:
        """Return the main packages, whether or not they are a program by name; last the tools."""
        return self._look().mains

    def _look(self) -> Found:
        """Return what there is but for what is excluded."""
        if self._found is None:
            patterns = self.config.patterns("exclude")
            found = discover(self._asker(), self.config.patterns("include"))

            def counts(directory: str) -> bool:
                return not any(pattern.matches(directory) for pattern in patterns)

            found.failed = tuple(failed for failed in found.failed if counts(failed[0]))
            found.mains = [m for m in found.mains if not m.directory or counts(m.directory)]
            found.unreadable = tuple(filter(counts, found.unreadable))
            self._found = found
        return self._found

    @property
    def _by_name(self) -> NamedPrograms:
        if self._named is None:
            found = self._look()
            self._named = NamedPrograms(
                *(self.root, self.config, found.mains, self._configured), is_all=not found.failed
            )
        return self._named

    def _configured(self, settings: Settings, main: Main | None) -> Program:
        env: dict[str, str | None] = {**settings.env, **self._env}
        if main is None:
            target, cwd = settings.target, self.config.directory
        else:
            target, cwd = main.import_path, main.cwd
            if main.directory:
                target = _relative(main.directory, main.cwd)
            if main.alone:
                env["GOWORK"] = "off"
        program = Program(target, cwd=cwd, env=env, stamp=settings.stamp, **settings.flags)
        program = program.in_place(self._place_of(settings))
        program.args = settings.args
        return program

    def _place_of(self, settings: Settings) -> str:
        """Return where a program runs: "." where whoever starts it is.

        Arguments in the configuration may be paths: they mean what they mean there.
        """
        said = settings.cwd or ("." if settings.args else "")
        return os.path.normpath(os.path.join(self.config.directory, said)) if said else "."

    def _hint(self, name: str) -> str:
        from gorun_tasks.core.suggestions import nearest

        parts = [other for other in self.programs if name in other.split("-")]
        if parts:
            return f"did you mean {' or '.join(parts[:3])}?"
        there = "gorun --list shows them" if self.programs else "there is no main package"
        return nearest(name, self.programs) or there


def root_of(directory: str) -> str:
    """Return where the workspace around a directory begins."""
    config = find(directory)
    if config.path:
        return config.directory
    modules = [
        place
        for place in upwards(directory)
        if os.path.exists(f"{place}/go.mod") or os.path.exists(f"{place}/go.work")
    ]
    return repository_of(directory) or (modules[-1] if modules else directory)


def _tell_nobody(_name: str, _result: Outcome | GoRunError) -> None:
    pass


def _relative(directory: str, base: str) -> str:
    """Return a directory as go takes it: "./cmd/api", ".", "../other"."""
    relative = os.path.relpath(directory, base)
    return relative if relative.startswith(".") else f"./{relative}"
