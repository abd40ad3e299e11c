"""Reader of a configuration: from the text of a TOML file to settings.

Decides what the text says, by the table of `keys`. It must never pass over what it does not
understand: each unknown key and each wrong type is an error with file and line.
"""

from __future__ import annotations

import tomllib

from gorun_tasks.config.configuration import Settings
from gorun_tasks.config.keys import GENERAL, OF_PROGRAM
from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from gorun_tasks.config.configuration import Config
    from gorun_tasks.config.keys import Key


def fill_in(config: Config, tables: tuple[str, ...]) -> bool:
    """Take down what the text of a configuration says; False where it says nothing of us."""
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
        said = self._values(table, GENERAL)
        config.exclude = said.pop("exclude", ())
        config.include = said.pop("include", ())
        config.remote = said.pop("remote", {})
        programs = said.pop("programs", {})
        config.general = _settings(said)
        for name, own in programs.items():
            spaced = not name.isprintable() or any(map(str.isspace, name))
            if name in ("", ".", "..") or name.startswith(("-", ":")) or "/" in name or spaced:
                self._refuse(f"{name!r} is no name for a program", "programs", name)
            config.programs[name] = _settings(self._values(own, OF_PROGRAM, "programs", name))

    def _values(self, table: object, known: Mapping[str, Key], *keys: str) -> dict[str, Any]:
        """Return what a table says, by key."""
        said = {}
        for name, value in self._table(table, *keys).items():
            if name not in known:
                self._refuse_unknown(name, known, *keys)
            said[name] = self._value(known[name], value, *keys, name)
        return said

    def _value(self, key: Key, value: Any, *keys: str) -> Any:
        if key.form in ("texts", "tables"):
            for name, inner in self._table(value, *keys).items():
                if key.form == "texts" and not isinstance(inner, str):
                    self._refuse_type(name, "a string", inner, *keys, name)
                self._check(key, {name: inner}, *keys, name)
            return value
        if key.form == "strings":
            if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
                self._refuse_type(key.name, "a list of strings", value, *keys)
            return tuple(value)
        if key.form == "text" and (not isinstance(value, str) or not value):
            self._refuse_type(key.name, key.expected, value, *keys)
        self._check(key, value, *keys)
        return value

    def _check(self, key: Key, value: object, *keys: str) -> None:
        if key.check:
            try:
                key.check(value)
            except UsageError as error:
                self._refuse(str(error), *keys)

    def _table(self, value: object, *keys: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._refuse_type(".".join(keys) or self._name or "the file", "a table", value, *keys)
        return value

    def _refuse_unknown(self, name: str, known: Mapping[str, Key], *keys: str) -> NoReturn:
        from gorun_tasks.core.suggestions import nearest

        hint = nearest(name, known)
        if name in OF_PROGRAM:
            hint = "it is said of one program, in the table programs.NAME"
        elif name == "flags":
            hint = "each build flag of go's has its own name, as in race = true"
        self._refuse(f"{name} is no setting", *keys, name, hint=hint)

    def _refuse_type(self, what: str, expected: str, value: object, *keys: str) -> NoReturn:
        self._refuse(f"{what}: expected {expected}, got {value!r}", *keys)

    def _refuse(self, sentence: str, *keys: str, hint: str = "") -> NoReturn:
        raise UsageError(f"{self._config.where(*keys)}: {sentence}", hint)


def _settings(said: dict[str, Any]) -> Settings:
    """Return what is said of one program or of all: what is no setting of ours is a flag of go."""
    settings = Settings()
    for name, value in said.items():
        if name in Settings.__slots__:
            setattr(settings, name, value)
        else:
            settings.flags[name] = value
    return settings


def line_of(text: str, keys: tuple[str, ...]) -> int:
    """Return the line on which a key is set, or its table begins; 0 where there is none.

    A reader of TOML gives no lines. But a key is set by the first statement that, read by itself
    below the header of its table, has it; and a statement ends where it can be read.
    """
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
