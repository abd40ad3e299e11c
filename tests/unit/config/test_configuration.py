"""The configuration of a workspace: what it adds, and each mistake with its line."""

from __future__ import annotations

import tomllib

import pytest

from gorun_tasks import UsageError
from gorun_tasks.config.reader import line_of
from gorun_tasks.workspace.workspace import Workspace, root_of
from tests.support.trees import Tree, module

pytestmark = pytest.mark.usefixtures("surroundings")


MISTAKES = [
    ("[tool.gorun]\nrase = true\n", 2, "rase is no setting; did you mean race?"),
    (
        "[tool.gorun]\nargs = ['a']\n",
        2,
        "args is no setting; it is said of one program, in the table programs.NAME",
    ),
    ("[tool.gorun]\n\n# a\nrace = 'yes'\n", 4, "race: expected a bool, got str 'yes'"),
    ("[tool.gorun]\nchdir = 'a'\n", 2, "chdir is no setting"),
    ("[tool.gorun.remote]\nurl = 1\n", 2, "url: expected a string, got 1"),
    ("[tool.gorun]\nremote = 'x'\n", 2, "remote: expected a table, got 'x'"),
    (
        "[tool.gorun.remote]\nurls = 'x'\n",
        2,
        "urls is no setting of remote; they are scope, signers and url",
    ),
    (
        "[tool.gorun]\nflags = ['-race']\n",
        2,
        "flags is no setting; each build flag of go's has its own name, as in race = true",
    ),
    ("[tool.gorun]\nexclude = './a'\n", 2, "exclude: expected a list of strings, got './a'"),
    ("[tool.gorun]\nenv = { A = 1 }\n", 2, "A: expected a string, got 1"),
    ("[tool.gorun]\nenv = 'A=1'\n", 2, "env: expected a table, got 'A=1'"),
    ("[tool.gorun]\nenv.'A=1' = ''\n", 2, "env: 'A=1' is no name for a variable"),
    ('[tool.gorun]\nenv.A = "\\u0000"\n', 2, "env: no variable can hold a zero byte"),
    (
        "[tool.gorun]\nenv.GORUN_REMOTE = 'file:///srv/builds'\n",
        2,
        "env: GORUN_REMOTE is no variable of programs; name the place as `url` in the table remote",
    ),
    (
        "[tool.gorun]\nenv.GORUN_REMOTE_CERT = 'client.pem'\n",
        2,
        "env: GORUN_REMOTE_CERT is no variable of programs; set it where gorun is started",
    ),
    (
        "[tool.gorun.programs.a]\nrace = true\nenv = { GORUN_REMOTE_WRITE = '1' }\n",
        3,
        "env: GORUN_REMOTE_WRITE is no variable of programs; set it where gorun is started",
    ),
    ("[tool]\ngorun = 1\n", 2, "tool.gorun: expected a table, got 1"),
    (
        "[tool.gorun]\ntags = ['a']\n\n[tool.gorun.programs.api]\nargs = [\n 'a',\n 1]\n",
        5,
        "args: expected a list of strings, got ['a', 1]",
    ),
    (
        "[tool.gorun.programs]\napi = { race = true, tag = 'a' }\n",
        2,
        "tag is no setting; did you mean tags?",
    ),
    ("[tool.gorun.programs.'a/b']\ntarget = 'x'\n", 1, "'a/b' is no name for a program"),
    ("[tool.gorun.programs.'a b']\ntarget = 'x'\n", 1, "'a b' is no name for a program"),
    ("[tool.gorun.programs.a]\ntarget = ''\n", 2, "target: expected a package, got ''"),
    (
        "[tool.gorun.programs.a]\ntarget = '-x'\n",
        2,
        "-x is no target; write ./ before a name that starts with -",
    ),
]
"""What makes no sense whatever programs there are: text of a pyproject.toml, line, what is said."""

OF_THE_TREE = [
    (
        "[tool.gorun.programs.api]\nenv.A = 'x'\n\n[tool.gorun.programs.aip]\nrace = true\n",
        4,
        "no program is called aip; found: api; a new name needs a target",
    ),
    (
        "[tool.gorun.programs.a]\nrace = true\ntarget = './cmd/aip'\n",
        3,
        "there is no ./cmd/aip in {folder}",
    ),
    (
        "[tool.gorun.programs.api]\ntarget = 'cmd/vet'\n",
        1,
        "two programs are called api; ./cmd/api is called so as well",
    ),
]
"""What names programs that are not there: the same."""


def configured(tree: Tree, text: str) -> Workspace:
    tree.write({"pyproject.toml": text})
    return Workspace(str(tree.folder))


def test_the_configuration_adds_to_what_is_found(shop: Tree) -> None:
    workspace = configured(
        shop,
        '[project]\nname = "shop"\n\n[tool.gorun]\ntags = ["a", "b"]\n'
        'env = { LEVEL = "1", KIND = "x" }\n\n'
        '[tool.gorun.programs.api]\nargs = ["--port", "8080"]\nrace = true\n'
        'env.LEVEL = "2"\n\n'
        '[tool.gorun.programs.vet]\ntarget = "cmd/vet"\n',
    )
    assert sorted(workspace.programs) == ["api", "vet"]
    api, vet = workspace.program("api"), workspace.program("vet")
    assert api.flags.words == ("-tags=a,b", "-race")
    assert api.overlay == {"LEVEL": "2", "KIND": "x"}
    assert workspace.args("api") == ("--port", "8080")
    assert vet.target.words == ("cmd/vet",)
    assert vet.flags.words == ("-tags=a,b",)
    assert workspace.args("vet") == ()


def test_where_builds_are_shared_is_read_and_remembered(shop: Tree) -> None:
    said = {"url": "https://cache.example.com/team", "scope": "release"}
    text = "".join(f"{name} = '{value}'\n" for name, value in said.items())
    for _ in range(2):
        assert configured(shop, f"[tool.gorun.remote]\n{text}").config.remote == said


def test_a_name_in_the_configuration_is_instead_of_the_rule(shop: Tree) -> None:
    table = '[tool.gorun.programs.server]\ntarget = "./cmd/api"\n'
    assert list(configured(shop, table).programs) == ["server"]
    for own in ("", "target = './cmd/api'\n"):
        both = f"{table}race = true\n[tool.gorun.programs.api]\n{own}"
        programs = configured(shop, both).programs
        assert {name: program.flags.words for name, program in programs.items()} == {
            "api": (),
            "server": ("-race",),
        }


@pytest.mark.parametrize("pattern", ["./cmd/api", "./cmd/...", "./...", "cmd/a...", "./c.../api"])
def test_what_is_excluded_is_not_found(shop: Tree, pattern: str) -> None:
    assert not configured(shop, f'[tool.gorun]\nexclude = ["{pattern}"]\n').programs


def test_what_is_not_excluded_is_found(shop: Tree) -> None:
    excluded = '[tool.gorun]\nexclude = ["./cmd", "./cmd/ap", "./lib/...", "../..."]\n'
    excluded = excluded.replace(', "../..."', "")
    assert list(configured(shop, excluded).programs) == ["api"]


def test_a_gorun_toml_comes_first_and_the_nearest_file_counts(shop: Tree) -> None:
    shop.write(
        {
            "pyproject.toml": "[tool.gorun]\nrace = true\n",
            "gorun.toml": "msan = true\n",
            "cmd/pyproject.toml": "[project]\nname = 'none of ours'\n",
        }
    )
    inner = str(shop.folder / "cmd")
    assert root_of(inner) == str(shop.folder)
    assert Workspace(inner).config.general.flags == {"msan": True}
    shop.write({"cmd/gorun.toml": "asan = true\n"})
    assert root_of(inner) == inner
    assert Workspace(inner).config.general.flags == {"asan": True}


def test_outside_a_repository_nobody_looks_further_up(tree: Tree) -> None:
    (tree.folder / ".git").rmdir()
    tree.write({"gorun.toml": "race = 1\n", "inner/go.mod": module("example.com/inner")})
    inner = str(tree.folder / "inner")
    assert root_of(inner) == inner
    assert Workspace(inner).config.path == ""


@pytest.mark.parametrize(("text", "line", "sentence"), [*MISTAKES, *OF_THE_TREE])
def test_what_is_not_understood_is_an_error_with_its_line(
    shop: Tree, text: str, line: int, sentence: str
) -> None:
    with pytest.raises(UsageError) as raised:
        _ = configured(shop, text).programs
    said = sentence.format(folder=shop.folder)
    assert str(raised.value) == f"{shop.folder}/pyproject.toml:{line}: {said}"


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("race = true\ntags = maybe\n", 2, "Invalid value"),
        ("tags = [\n'a',\n", 2, "Invalid value"),
        ("race = true\n[programs.api", 2, "Expected ']' at the end of a table declaration"),
    ],
)
def test_toml_that_cannot_be_read_is_an_error_with_its_line(
    shop: Tree, text: str, line: int, sentence: str
) -> None:
    shop.write({"gorun.toml": text})
    with pytest.raises(UsageError) as raised:
        Workspace(str(shop.folder))
    assert str(raised.value).startswith(f"{shop.folder}/gorun.toml:{line}: {sentence}")


def test_the_line_of_a_key_is_found_whatever_stands_before_it() -> None:
    text = 'a = """\nb = 1\n[c]\n"""\nb = [\n  2,\n]\n[c] # d\n  d.e = { f = 1 }\n'
    assert [line_of(text, tuple(k)) for k in ("a", "b", "c", "cd", "cdef", "x")] == [
        1,
        5,
        8,
        9,
        9,
        0,
    ]


def test_the_line_of_a_key_in_a_long_file_is_found_without_reading_it_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each statement is read once, with the header of its table: not all that stands before it."""
    read: list[int] = []
    loads = tomllib.loads

    def counted(text: str) -> object:
        read.append(text.count("\n"))
        return loads(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    lines = "".join(f"[t{number}]\nkey = {number}\n" for number in range(500))
    assert line_of(lines, ("t499", "key")) == 1000
    assert sum(read) <= 2 * 1000
