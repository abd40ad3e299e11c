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

The file is the nearest one above the workspace, up to the repository's root; a gorun.toml comes
before the pyproject.toml beside it. Directories in it start from where it lies. Decides what the
file says, and nothing else: whether a flag has the right type is for `core.flags`, whether a
program exists for `workspace`. What a file said is remembered by its content, so that an unchanged
one is not parsed again. It must never pass over what it does not understand: each unknown key and
each wrong type is an error with file and line.
"""

from __future__ import annotations

import os

from gorun_tasks.core.flag_keywords import KEYWORDS
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.program import checked_env
from gorun_tasks.core.store import Store, checksum, frame, read_file, unframe
from gorun_tasks.core.target import Target
from gorun_tasks.core.vcs_stamp import checked
from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.path_resolution import upwards
from gorun_tasks.workspace.patterns import Pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, Self

REPOSITORY = (".git", ".hg", ".jj", ".svn")
"""What lies in the root of a repository."""

FILES = ("gorun.toml", "pyproject.toml")
"""What may be a configuration; where both are, the first one is."""

_GENERAL = frozenset(("env", "exclude", "include", "programs", "stamp"))
_OF_PROGRAM = frozenset(("args", "cwd", "env", "stamp", "target"))
_FLAGS = KEYWORDS.keys() - {"chdir"}  # where go runs is for the workspace to know
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
        "text",
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

    def patterns(self, kind: str) -> list[Pattern]:
        """Return what is to be included, or excluded."""
        return [Pattern(words, self.directory) for words in getattr(self, kind)]

    def says_how_to_build(self) -> bool:
        """Say whether some program is another one with this configuration."""
        return any(s.says_how_to_build() for s in (self.general, *self.programs.values()))

    def stored(self) -> tuple[object, ...]:
        """Return the plain values that are remembered."""
        programs = {name: settings.stored() for name, settings in self.programs.items()}
        return self.general.stored(), self.exclude, self.include, programs

    def restore(self, values: Any) -> None:
        """Take what was remembered. Raises ValueError and TypeError for anything else."""
        general, self.exclude, self.include, programs = values
        self.general = Settings.from_stored(general)
        self.programs = {name: Settings.from_stored(one) for name, one in programs.items()}

    def of(self, name: str) -> tuple[object, ...]:
        """Return all that is said of how a program is built, for comparisons."""
        said = self.programs.get(name, Settings()).over(self.general)
        return said.target, said.env, said.flags, said.stamp, self.exclude, self.include

    def where(self, *keys: str) -> str:
        """Return the place of a key, for an error: "pyproject.toml:7"."""
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
    says = _parse(config, tables)
    from gorun_tasks.storage.writer import StoreUnusable, Writer

    try:
        content = frame((identity, config.stored() if says else _UNKNOWN_TABLE), ())
        Writer.of(store).keep("workspaces", key, content)
    except (StoreUnusable, ValueError):
        pass
    return config if says else None


def _parse(config: Config, tables: tuple[str, ...]) -> bool:
    """Take down what the text of a configuration says; False where it says nothing of us."""
    import tomllib

    text = config.text
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        sentence, line = _told(error, text)
        raise UsageError(f"{config.path}:{line}: {sentence}") from None
    for name in tables:
        table = table.get(name) if isinstance(table, dict) else None
        if table is None:
            return False
    _Reading(config, ".".join(tables)).fill_in(table)
    return True


def _told(error: Exception, text: str) -> tuple[str, int]:
    """Return what a reader of TOML found wrong, and the line; the last one where all is read."""
    sentence, _, place = str(error).removesuffix(")").rpartition(" (at ")
    line = place.removeprefix("line ").partition(",")[0]
    return sentence, int(line) if line.isdecimal() else text.count("\n", 0, -1) + 1


class _Reading:
    """Turns tables into settings, and says where it cannot."""

    def __init__(self, config: Config, name: str) -> None:
        self._config = config
        self._name = name

    def fill_in(self, table: object) -> None:
        """Take down what the table says. Raises UsageError."""
        config = self._config
        general = self._table(table)
        config.general = self._settings(general, (), _GENERAL)
        config.exclude = self._strings(general, "exclude")
        config.include = self._strings(general, "include")
        for name, given in self._table(general.get("programs", {}), "programs").items():
            own = self._table(given, "programs", name)
            spaced = not name.isprintable() or any(map(str.isspace, name))
            if name in ("", ".", "..") or name.startswith(("-", ":")) or "/" in name or spaced:
                self._refuse(f"{name!r} is no name for a program", "programs", name)
            config.programs[name] = self._settings(own, ("programs", name), _OF_PROGRAM)

    def _settings(
        self, table: dict[str, Any], keys: tuple[str, ...], known: frozenset[str]
    ) -> Settings:
        settings = Settings()
        for key, value in table.items():
            if key in known:
                continue
            if key not in _FLAGS:
                self._refuse_unknown(key, known, *keys)
            try:
                BuildFlags(**{key: value})
            except UsageError as error:
                self._refuse(str(error), *keys, key)
            settings.flags[key] = value
        settings.env = self._texts(table, "env", *keys)
        settings.stamp = self._texts(table, "stamp", *keys)
        for variable, fact in settings.stamp.items():
            try:
                checked({variable: fact})
            except UsageError as error:
                self._refuse(str(error), *keys, "stamp", variable)
        if "args" in known:
            settings.args = self._strings(table, "args", *keys)
            settings.cwd = self._directory(table.get("cwd"), *keys, "cwd")
        if "target" in known and "target" in table:
            settings.target = self._target(table["target"], *keys, "target")
        return settings

    def _directory(self, value: object, *keys: str) -> str:
        if value is None:
            return ""
        if not isinstance(value, str) or not value:
            self._refuse_type("cwd", "a directory", value, *keys)
        return value

    def _target(self, target: object, *keys: str) -> str:
        if not isinstance(target, str) or not target:
            self._refuse_type("target", "a package", target, *keys)
        try:
            Target.of(target)
        except UsageError as error:
            self._refuse(str(error), *keys)
        return target

    def _table(self, value: object, *keys: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._refuse_type(".".join(keys) or self._name or "the file", "a table", value, *keys)
        return value

    def _texts(self, table: dict[str, Any], key: str, *keys: str) -> dict[str, str]:
        texts = self._table(table.get(key, {}), *keys, key)
        for name, value in texts.items():
            if not isinstance(value, str):
                self._refuse_type(name, "a string", value, *keys, key, name)
            if key == "env":
                try:
                    checked_env({name: value})
                except UsageError as error:
                    self._refuse(str(error), *keys, key, name)
        return texts

    def _strings(self, table: dict[str, Any], key: str, *keys: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self._refuse_type(key, "a list of strings", value, *keys, key)
        return tuple(value)

    def _refuse_unknown(self, key: str, known: frozenset[str], *keys: str) -> NoReturn:
        from gorun_tasks.core.suggestions import nearest

        hint = nearest(key, known | _FLAGS)
        if key in _OF_PROGRAM:
            hint = "it is said of one program, in the table programs.NAME"
        elif key == "flags":
            hint = "each build flag of go's has its own name, as in race = true"
        self._refuse(f"{key} is no setting", *keys, key, hint=hint)

    def _refuse_type(self, what: str, expected: str, value: object, *keys: str) -> NoReturn:
        self._refuse(f"{what}: expected {expected}, got {value!r}", *keys)

    def _refuse(self, sentence: str, *keys: str, hint: str = "") -> NoReturn:
        raise UsageError(f"{self._config.where(*keys)}: {sentence}", hint)


def line_of(text: str, keys: tuple[str, ...]) -> int:
    """Return the line on which a key is set, or its table begins; 0 where there is none.

    A reader of TOML gives no lines. But a key is set by the first statement that, read by itself
    below the header of its table, has it; and a statement ends where it can be read.
    """
    import tomllib

    header, statement, first = "", "", 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        first = first if statement else number
        statement += line
        is_header = statement == line and line.lstrip().startswith("[")
        try:
            table = tomllib.loads(statement if is_header else header + statement)
        except tomllib.TOMLDecodeError:
            continue
        if _has(table, keys):
            return first
        header, statement = statement if is_header else header, ""
    return 0


def _has(table: Any, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if not isinstance(table, dict) or key not in table:
            return False
        table = table[key]
    return True
