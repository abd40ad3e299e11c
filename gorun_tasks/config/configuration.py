"""Configuration: what `[tool.gorun]` of a pyproject.toml, or a gorun.toml, says of a workspace.

    [tool.gorun]                      # in a gorun.toml these are the top level
    tags = ["dev"]                    # flags of every program, by their Python keywords
    env = { CGO_ENABLED = "0" }       # laid over the environment
    stamp = { "main.version" = "version" }  # facts of git that are linked in
    exclude = ["./scripts/..."]       # what is not to be found, in go's patterns
    include = ["./sdk/...", "tool"]   # what is to be found though git ignores it, and tools

    [tool.gorun.programs.api]         # the program that is found under this name
    args = ["--port", "8080"]         # where a run gives none
    cwd = "deploy"                    # where it runs: here where it has args, else where you are
    [tool.gorun.programs.migrate]     # a name for any target
    target = "./cmd/db/migrate"
    race = true
    [tool.gorun.remote]               # where builds are shared (docs/sharing.md)
    url = "https://cache.example.com/team"
    scope = "release"                 # whose builds count
    signers = "ci/signers"            # and whose signatures

The file is the nearest one above the workspace, up to the repository's root; a gorun.toml comes
before the pyproject.toml beside it. Directories in it start from where it lies. Which keys there
are is said in `keys`. Decides which file counts, and what of it holds for which program;
whether a program exists is for `workspace`. What a file said is remembered by its content, so that
an unchanged one is not parsed again. It must never read TOML itself: `reader` does.
"""

from __future__ import annotations

import os

from gorun_tasks.config.patterns import Pattern
from gorun_tasks.core.store import Store, checksum, frame, read_file, unframe
from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.path_resolution import upwards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

REPOSITORY = (".git", ".hg", ".jj", ".svn")
"""What lies in the root of a repository."""

FILES = ("gorun.toml", "pyproject.toml")
"""What may be a configuration; where both are, the first one is."""

_UNKNOWN_TABLE = "?"  # what is remembered of a file that says nothing of us

_off = False


def switch_off() -> None:
    """Have every workspace of this process without a configuration (--no-config)."""
    global _off  # noqa: PLW0603 - there is one command line
    _off = True


class Settings:
    """What is said of one program, or of all of them."""

    __slots__ = ("args", "cwd", "env", "flags", "stamp", "target")

    def __init__(self) -> None:
        self.target = ""
        self.cwd = ""
        self.args: tuple[str, ...] = ()
        self.env: dict[str, str] = {}
        self.flags: dict[str, Any] = {}
        self.stamp: dict[str, str] = {}

    def stored(self) -> tuple[object, ...]:
        """Return the plain values that are remembered."""
        return self.target, self.args, self.cwd, self.env, self.flags, self.stamp

    @classmethod
    def from_stored(cls, values: Any) -> Self:
        """Return what was remembered. Raises ValueError and TypeError for anything else."""
        settings = cls()
        target, args, cwd, env, flags, stamp = values
        settings.target, settings.args, settings.cwd = target, args, cwd
        settings.env, settings.flags, settings.stamp = env, flags, stamp
        return settings

    def says_how_to_build(self) -> bool:
        """Say whether a program is another one with these settings."""
        return bool(self.env or self.flags or self.stamp)

    def over(self, general: Settings) -> Settings:
        """Return these settings laid over the general ones."""
        both = Settings()
        both.target, both.args, both.cwd = self.target, self.args, self.cwd
        both.env = {**general.env, **self.env}
        both.flags = {**general.flags, **self.flags}
        both.stamp = {**general.stamp, **self.stamp}
        return both


class Config:
    """What a file says. `directory` is where its paths start from; `path` is "" for no file."""

    __slots__ = (
        *("_tables", "directory", "exclude", "general", "include", "path", "programs"),
        *("remote", "text"),
    )

    def __init__(self, directory: str, path: str, text: str, tables: tuple[str, ...]) -> None:
        self.directory = directory
        self.path = path
        self.text = text
        self._tables = tables
        self.general = Settings()
        self.exclude: tuple[str, ...] = ()
        self.include: tuple[str, ...] = ()
        self.programs: dict[str, Settings] = {}
        self.remote: dict[str, str] = {}  # where builds are shared: "url", "scope", "signers"

    def patterns(self, kind: str) -> list[Pattern]:
        """Return what is to be included, or excluded."""
        return [Pattern(words, self.directory) for words in getattr(self, kind)]

    def says_how_to_build(self) -> bool:
        """Say whether some program is another one with this configuration."""
        return any(s.says_how_to_build() for s in (self.general, *self.programs.values()))

    def stored(self) -> tuple[object, ...]:
        """Return the plain values that are remembered."""
        programs = {name: settings.stored() for name, settings in self.programs.items()}
        return self.general.stored(), self.exclude, self.include, programs, self.remote

    def restore(self, values: Any) -> None:
        """Take what was remembered. Raises ValueError and TypeError for anything else."""
        general, self.exclude, self.include, programs, self.remote = values
        self.general = Settings.from_stored(general)
        self.programs = {name: Settings.from_stored(one) for name, one in programs.items()}

    def of(self, name: str) -> tuple[object, ...]:
        """Return all that is said of how a program is built, for comparisons."""
        said = self.programs.get(name, Settings()).over(self.general)
        return said.target, said.env, said.flags, said.stamp, self.exclude, self.include

    def where(self, *keys: str) -> str:
        """Return the place of a key, for an error: "pyproject.toml:7"."""
        from gorun_tasks.config.reader import line_of

        line = line_of(self.text, (*self._tables, *keys))
        return f"{self.path}:{line}" if line else self.path


def repository_of(directory: str) -> str:
    """Return the root of the repository that a directory is in, "" for none."""
    for place in upwards(directory):
        if any(os.path.lexists(f"{place}/{name}") for name in REPOSITORY):
            return place
    return ""


def find(directory: str, text_of: Callable[[str], str | None] | None = None) -> Config:
    """Return what the nearest file says, an empty Config where there is none.

    Outside a repository only the directory itself is looked at. `text_of` reads a file, None where
    there is none: by default what it holds now. Raises UsageError.
    """
    text_of = text_of or text_at
    top = repository_of(directory) or directory
    for place in () if _off else upwards(directory):
        for name, tables in zip(FILES, ((), ("tool", "gorun")), strict=True):
            path = os.path.join(place, name)
            text = text_of(path)
            # To read TOML takes longer than to list programs, and most files say nothing of us.
            if text is not None and (
                not tables or "gorun" in text.replace("gorun-tasks", "").replace("gorun_tasks", "")
            ):
                config = _read(path, text, tables)
                if config is not None:
                    return config
        if place == top:
            break
    return Config(directory, "", "", ())


def text_at(path: str) -> str | None:
    """Return what a file holds, None where there is none. Raises UsageError."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def _read(path: str, text: str, tables: tuple[str, ...]) -> Config | None:
    """Return what a file says, None where it says nothing of us: remembered by its content."""
    config = Config(os.path.dirname(path), path, text, tables)
    identity = (*tables, text)
    key = f"config-{checksum(text.encode('utf-8', 'surrogateescape')).hex()}"
    store = Store.at(os.environ)
    try:
        if store.trusted():
            stored, values = unframe(read_file(f"{store.root}/workspaces/{key}"))
            if stored == identity:
                if values == _UNKNOWN_TABLE:
                    return None
                config.restore(values)
                return config
    except (OSError, ValueError, TypeError):
        pass
    from gorun_tasks.config.reader import fill_in

    says = fill_in(config, tables)
    from gorun_tasks.storage.writer import StoreUnusable, Writer

    try:
        content = frame((identity, config.stored() if says else _UNKNOWN_TABLE), ())
        Writer.of(store).keep("workspaces", key, content)
    except (StoreUnusable, ValueError):
        pass
    return config if says else None
