"""JSON schema of the configuration: what an editor completes, explains and marks as wrong.

    python -m gorun_tasks.config.schema               of a gorun.toml
    python -m gorun_tasks.config.schema pyproject     of [tool.gorun] in a pyproject.toml

Decides how the table of `keys` is said in JSON Schema. It must never know a key by itself.
"""

from __future__ import annotations

import json
import sys

from gorun_tasks.config.keys import GENERAL, OF_PROGRAM
from gorun_tasks.core.flag_keywords import KEYWORDS, form_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gorun_tasks.config.keys import Key, Schema

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_OF_FLAG: dict[str, Schema] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "str": _TEXT,
    "list": {"anyOf": [_TEXT, _TEXTS]},
}


def schema() -> Schema:
    """Return the schema of a gorun.toml, in the draft that editors of TOML know."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "gorun",
        "description": "The Go programs of a repository: flags, environment, names, arguments.",
        **_table(GENERAL),
        "definitions": {
            "program": {"description": "What holds for this program.", **_table(OF_PROGRAM)},
            **{name: _value(key) for name, key in GENERAL.items() if _is_shared(name)},
        },
    }


def pyproject_schema() -> Schema:
    """Return the schema of a pyproject.toml, of which it knows `[tool.gorun]` alone."""
    of_file = schema()
    kept = {name: of_file.pop(name) for name in ("$schema", "definitions")}
    for name in ("gorun", "tool"):
        of_file = {"type": "object", "properties": {name: of_file}}
    return {**kept, **of_file}


def _is_shared(name: str) -> bool:
    return name in GENERAL and name in OF_PROGRAM


def _table(keys: Mapping[str, Key]) -> Schema:
    return {
        "type": "object",
        "properties": {
            name: {"$ref": f"#/definitions/{name}"} if _is_shared(name) else _value(key)
            for name, key in keys.items()
        },
        "additionalProperties": False,
    }


def _value(key: Key) -> Schema:
    return {"description": key.meaning, **_form(key)}


def _form(key: Key) -> Schema:
    if key.form == "flag":
        if key.name == "buildvcs":
            return {"enum": [True, False, "auto"]}
        return _OF_FLAG[form_of(KEYWORDS[key.name])]
    if key.form == "strings":
        return _TEXTS
    if key.form == "text":
        return {**_TEXT, "minLength": 1, **key.text}
    inner = {"$ref": "#/definitions/program"} if key.form == "tables" else {**_TEXT, **key.text}
    return {"type": "object", "propertyNames": key.names, "additionalProperties": inner}


if __name__ == "__main__":
    of_pyproject = sys.argv[1:] == ["pyproject"]
    text = json.dumps(pyproject_schema() if of_pyproject else schema(), indent=2)
    sys.stdout.write(f"{text}\n")
