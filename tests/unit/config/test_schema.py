"""The schema of the configuration: the committed one, and that it and gorun refuse the same."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from gorun_tasks import UsageError
from gorun_tasks.config.configuration import find
from gorun_tasks.config.schema import pyproject_schema, schema
from gorun_tasks.core.flag_keywords import KEYWORDS
from gorun_tasks.workspace.render import json_text
from tests.support.place import REPOSITORY
from tests.unit.config.test_configuration import MISTAKES

if TYPE_CHECKING:
    from tests.support.trees import Tree

pytestmark = pytest.mark.usefixtures("surroundings")

COMMITTED = REPOSITORY / "docs" / "config.schema.json"
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
EXAMPLE = re.compile(r"^```toml\n# (gorun|pyproject)\.toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (page.name, name, text)
    for page in PAGES
    for name, text in EXAMPLE.findall(page.read_text())
    if name == "gorun" or "[tool.gorun" in text
]
HEAD = "[tool.gorun]\n"


def refused_by_schema(text: str) -> bool:
    """Say whether an editor marks something in the text of a pyproject.toml."""
    return not Draft7Validator(pyproject_schema()).is_valid(tomllib.loads(text))


def refused_by_gorun(tree: Tree, text: str) -> bool:
    """Say whether gorun refuses the text of a pyproject.toml, whatever programs there are."""
    tree.write({"pyproject.toml": text})
    try:
        find(str(tree.folder))
    except UsageError:
        return True
    return False


def test_the_committed_schema_is_what_the_table_says() -> None:
    """It is written by `nox -s schema`."""
    assert COMMITTED.read_text() == json_text(schema())
    Draft7Validator.check_schema(schema())


def test_every_key_has_a_text_for_hovering() -> None:
    """Of a key that is said of all programs or of one it stands among the definitions."""
    made = schema()

    def text(value: dict[str, Any]) -> str:
        definition = value.get("$ref", "").removeprefix("#/definitions/")
        said: str = (made["definitions"][definition] if definition else value)["description"]
        return said

    tables = (made, made["definitions"]["program"])
    texts = [text(value) for table in tables for value in table["properties"].values()]
    assert all(said[-1] in ".:" or "..." in said for said in texts)
    assert len(texts) > 2 * len(KEYWORDS)


@pytest.mark.parametrize(("page", "name", "text"), EXAMPLES)
def test_the_examples_of_the_pages_are_as_the_schema_says(page: str, name: str, text: str) -> None:
    made = schema() if name == "gorun" else pyproject_schema()
    errors = Draft7Validator(made).iter_errors(tomllib.loads(text))
    assert [error.message for error in errors] == [], page


def test_there_are_examples_of_both_files() -> None:
    assert {name for _, name, _ in EXAMPLES} == {"gorun", "pyproject"}


@pytest.mark.parametrize("text", [text for text, _, _ in MISTAKES])
def test_what_gorun_refuses_is_marked(tree: Tree, text: str) -> None:
    assert refused_by_schema(text)
    assert refused_by_gorun(tree, text)


@pytest.mark.parametrize("keyword", sorted(KEYWORDS))
def test_a_flag_is_refused_by_both_or_by_none(tree: Tree, keyword: str) -> None:
    values = ("true", "false", "2", '"auto"', '["a", "b"]', "[1]", "{ a = 1 }")
    for table, value in product((HEAD, "[tool.gorun.programs.a]\n"), values):
        text = f"{table}{keyword} = {value}\n"
        assert refused_by_schema(text) == refused_by_gorun(tree, text), text


@pytest.mark.parametrize(
    "line",
    [
        *('exclude = ["./a"]', "exclude = [1]", 'include = ["tool"]', "include = 1"),
        *('env = { A = "" }', 'env = { "" = "a" }', 'env = { A = "\\u0000" }', "env = [1]"),
        *('env = { GORUN_REMOTE = "x" }', 'env = { GORUN_REMOTE_WRITE = "1" }'),
        *('stamp = { "main.v" = "version" }', 'stamp = { "main.v" = "version:v*" }'),
        *('stamp = { "main.v" = "day" }', 'stamp = { v = "date" }', 'stamp = { "m.v=" = "date" }'),
        *('stamp = { "main.v" = "date:x" }', 'stamp = { "main.v" = 1 }', "stamp = 1"),
        *('cwd = "a"', 'target = "."', "programs = 1", "programs.a = 1", "programs.a = {}"),
        *('programs.".." = {}', 'programs."..." = {}', 'programs."" = {}', 'programs.":a" = {}'),
        *('programs."-a" = {}', 'programs."a-b.c" = {}', 'programs."a\\u0001" = {}'),
        *('programs.a.cwd = ""', 'programs.a.cwd = "x"', "programs.a.cwd = 1"),
        *('programs.a.target = "./x"', 'programs.a.target = "-x.go"', "programs.a.target = 1"),
        *('programs.a.target = "a_test.go"', 'programs.a.target = "x@v1.0.0"'),
        *('programs.a.args = ["x"]', 'programs.a.args = "x"', "programs.a.programs = {}"),
        *(
            'programs.a.exclude = ["x"]',
            'programs.a.env = { A = "x" }',
            "programs.a.env = { A = 1 }",
        ),
    ],
)
def test_every_other_key_is_refused_by_both_or_by_none(tree: Tree, line: str) -> None:
    text = f"{HEAD}{line}\n"
    assert refused_by_schema(text) == refused_by_gorun(tree, text)
