"""Where a program runs: where whoever starts it is, unless something else is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

MAIN = (
    'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n'
    "func main() {\n\there, _ := os.Getwd()\n"
    '\tfmt.Println(here, os.Getenv("PWD"), os.Args[1:])\n}\n'
)
FILES = {
    "services/go.mod": "module example.com/services\n\ngo 1.24\n",
    "services/cmd/plain/main.go": MAIN,
    "services/cmd/args/main.go": MAIN,
    "services/cmd/elsewhere/main.go": MAIN,
    "deploy/README": "",
    "docs/README": "",
    "gorun.toml": (
        '[programs.args]\nargs = ["docs/README"]\n\n'
        '[programs.elsewhere]\ncwd = "deploy"\nargs = ["x"]\n'
    ),
}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """Return a repository whose programs say where they run; somebody is in docs."""
    shop = Workshop(tmp_path, FILES)
    shop.execute(["git", "init", "-q"])
    return shop


def said(shop: Workshop, *words: str) -> str:
    """Return what a program says that is started from docs, relative to the repository."""
    where = shop.folder / "docs"
    result = shop.execute(shop.command(("gorun_tasks", *words)), cwd=where, env={"PWD": str(where)})
    assert result.rc == 0, result
    return result.out.replace(f"{shop.folder}/", "").replace(str(shop.folder), ".")


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["--cwd", "../deploy", ":plain"], "deploy deploy []\n"),
        ([":plain", "a"], "docs docs [a]\n"),
        ([":args"], ". . [docs/README]\n"),
        ([":args", "a"], ". . [a]\n"),
        ([":elsewhere"], "deploy deploy [x]\n"),
        (["--cwd", ".", ":elsewhere"], "docs docs [x]\n"),
        (["-C", "../services", "--cwd", "../deploy", "./cmd/plain"], "deploy deploy []\n"),
        (["-C", "../services", "./cmd/plain"], "services docs []\n"),
        (["--ephemeral", ":elsewhere"], "deploy deploy [x]\n"),
    ],
)
def test_where_it_runs(shop: Workshop, words: list[str], place: str) -> None:
    """Also where it is current: PWD says the same, but with a -C, as with go."""
    assert said(shop, *words) == place
    assert said(shop, *words) == place


def test_what_cwd_does_not_go_with(shop: Workshop) -> None:
    result = shop.gorun("--cwd", "nowhere", ":plain")
    assert (result.rc, result.err) == (2, "gorun: --cwd nowhere is no directory\n")
    result = shop.gorun("--cwd", ".", "--why", ":plain")
    assert (result.rc, result.err) == (2, "gorun: --cwd cannot be combined with --why\n")


def test_whom_it_may_surprise_is_told_at_the_first_build(shop: Workshop) -> None:
    where = f"{shop.folder}/docs"
    command = shop.command(("gorun_tasks", ":plain"))
    env = {"PWD": where, "CI": "1"}
    result = shop.execute(command, cwd=shop.folder / "docs", env=env)
    assert result.err == (
        f"gorun: :plain runs where you are, not in {shop.folder}/services;"
        " --cwd, or `cwd` in gorun.toml, names a place\n"
    )
    assert shop.execute(command, cwd=shop.folder / "docs", env=env).err == ""


def test_a_place_that_is_not_there(shop: Workshop) -> None:
    shop.edit("gorun.toml", '"deploy"', '"gone"')
    written = (shop.folder / "gorun.toml").read_text()
    line = written[: written.index('cwd = "gone"')].count("\n") + 1
    for words in ([], [], ["--ephemeral"]):
        result = shop.gorun(*words, ":elsewhere")
        assert result.err.endswith(
            f"cannot run the program in {shop.folder}/gone: No such file or directory\n"
            f'gorun: {shop.folder}/gorun.toml:{line}: cwd = "gone" names that directory\n'
        )


def test_reasons_name_files_from_where_people_are(shop: Workshop) -> None:
    said(shop, ":plain")
    shop.edit("services/cmd/plain/main.go", "here, _", "here, _ ")
    where = shop.folder / "docs"
    result = shop.execute(
        shop.command(("gorun_tasks", "--why", ":plain")), cwd=where, env={"PWD": str(where)}
    )
    assert result.out == "./cmd/plain: ../services/cmd/plain/main.go edited\n"
    assert shop.gorun("--why", ":plain").out == "./cmd/plain: services/cmd/plain/main.go edited\n"
    _, (event,) = shop.events(":plain")
    assert event["because"] == [
        {
            "input": "services/cmd/plain/main.go",
            "change": "edited",
            "path": f"{shop.folder}/services/cmd/plain/main.go",
        }
    ]
