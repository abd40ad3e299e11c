"""Which programs a change touches: exact, with the reason, and never one too few."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from gorun_tasks import GoRunError, UsageError, judge_all
from gorun_tasks.workspace.workspace import Workspace
from tests.support.clock import let_the_clock_tick
from tests.support.trees import MAIN, Tree, module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("surroundings")

IMPORTS_LIB = (
    'package main\n\nimport "example.com/shop/lib"\n\nfunc main() { println(lib.Word()) }\n'
)
EMBEDS = (
    'package main\n\nimport "embed"\n\n//go:embed static\nvar files embed.FS\n\n'
    "func main() { _ = files }\n"
)
SHOP = {
    "go.mod": module("example.com/shop"),
    "cmd/api/main.go": IMPORTS_LIB,
    "cmd/api/main_test.go": 'package main\n\nimport "testing"\n\nfunc TestA(*testing.T) {}\n',
    "cmd/web/main.go": EMBEDS,
    "cmd/web/static/index.html": "<p>",
    "cmd/web/static/deep/a.css": "a {}",
    "cmd/alone/main.go": MAIN,
    "cmd/alone/other_plan9.go": "package main\n",
    "lib/lib.go": 'package lib\n\nfunc Word() string { return "word" }\n',
    "lib/more/more.go": "package more\n",
    "docs/guide.md": "",
}
ALL = ["alone", "api", "web"]


@pytest.fixture
def shop(tree: Tree) -> Tree:
    (tree.folder / ".git").rmdir()
    tree.folder.joinpath("unused").mkdir()
    tree.git("init", "--quiet", "--initial-branch", "main")
    tree.write(SHOP)
    tree.commit("first")
    return tree


@pytest.fixture(params=["closures", "go"])
def known(request: pytest.FixtureRequest, shop: Tree) -> bool:
    """Have the programs built before and after the change, or nothing known of them."""
    del shop
    return str(request.param) == "closures"


def touched(tree: Tree, since: str = "HEAD", *, known: bool = False) -> dict[str, list[str]]:
    workspace = Workspace(str(tree.folder))
    if known:
        workspace.build()
    with contextlib.chdir(tree.folder):  # where people stand
        return {name: list(map(str, why)) for name, why in workspace.affected(since).items()}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"lib/lib.go": 'package lib\n\nfunc Word() string { return "" }\n'}, ["api"]),
        ({"lib/new.go": "package lib\n"}, ["api"]),
        ({"lib/new_plan9.go": "package lib\n"}, ["api"]),
        ({"lib/more/more.go": "package more\n\nvar X int\n"}, []),
        ({"cmd/web/static/index.html": "<h1>"}, ["web"]),
        ({"cmd/web/static/deep/b.css": ""}, ["web"]),
        ({"cmd/web/style.css": ""}, []),
        ({"cmd/alone/other_plan9.go": "//go:build !plan9\n\npackage main\n"}, []),
        ({"cmd/alone/dev.go": "//go:build dev\n\npackage main\n"}, ["alone"]),
        ({"cmd/alone/other_plan9.go": "package main\n\nvar X int\n"}, []),
        ({"cmd/alone/default.pgo.txt": ""}, []),
        ({"cmd/api/main_test.go": SHOP["cmd/api/main_test.go"] + "\nvar X int\n"}, []),
        ({"cmd/api/main_test.go": 'package main\n\nimport "fmt"\n\nvar _ = fmt.Sprint\n'}, ["api"]),
        ({"go.mod": module("example.com/shop") + "\ngodebug panicnil=1\n"}, ALL),
        ({"go.work": "go 1.24\n\nuse .\n"}, ALL),
        ({"docs/guide.md": "# Guide\n", "Makefile": "all:\n"}, []),
        ({"tools/go.mod": module("example.com/tools"), "tools/main.go": MAIN}, ["tools"]),
    ],
)
def test_a_change_touches_what_reads_it(
    shop: Tree, *, known: bool, files: dict[str, str], expected: list[str]
) -> None:
    shop.write(files)
    assert list(touched(shop, known=known)) == expected


def test_each_reason_names_the_file(shop: Tree, *, known: bool) -> None:
    shop.write({"lib/lib.go": SHOP["lib/lib.go"] + "\n", "lib/new.go": "package lib\n"})
    shop.remove("cmd/web/static/deep/a.css")
    assert touched(shop, known=known) == {
        "api": ["lib/lib.go edited", "new file lib/new.go"],
        "web": ["cmd/web/static/deep/a.css removed"],
    }


def test_a_package_in_an_embedded_folder_belongs_to_both(shop: Tree, *, known: bool) -> None:
    shop.write(
        {
            "cmd/web/static/gen/main.go": MAIN,
            "cmd/web/static/gen/page.html": "",
        }
    )
    shop.commit("second")
    shop.write({"cmd/web/static/gen/more.html": "", "cmd/web/static/gen/main.go": MAIN + "\n"})
    assert touched(shop, known=known) == {
        "gen": ["cmd/web/static/gen/main.go edited"],
        "web": ["cmd/web/static/gen/main.go edited", "new file cmd/web/static/gen/more.html"],
    }


def test_a_package_that_made_an_import_ambiguous_touches_who_imports_it(shop: Tree) -> None:
    """Where nothing is now go looks for the package, and finds it in the other module."""
    needs = "\nrequire example.com/shop/lib2 v0.0.0\n\nreplace example.com/shop/lib2 => ./other\n"
    uses = 'package main\n\nimport _ "example.com/shop/lib2"\n\nfunc main() {}\n'
    shop.write(
        {
            "main.go": MAIN,  # the package that is nearest to where nothing is
            "go.mod": module("example.com/shop") + needs,
            "cmd/user/main.go": uses,
            "other/go.mod": module("example.com/shop/lib2"),
            "other/lib.go": "package lib2\n",
            "lib2/lib.go": "package lib2\n",
        }
    )
    shop.commit("ambiguous")
    shop.remove("lib2/lib.go")
    (shop.folder / "lib2").rmdir()
    assert "user" in touched(shop)


def test_a_file_that_moves_is_gone_here_and_new_there(shop: Tree, *, known: bool) -> None:
    shop.write({"cmd/alone/lib.go": "package main\n"})
    shop.commit("second")
    shop.git("mv", "cmd/alone/lib.go", "cmd/api/lib.go")
    let_the_clock_tick()
    assert touched(shop, known=known) == {
        "alone": ["cmd/alone/lib.go removed"],
        "api": ["new file cmd/api/lib.go"],
    }


def test_what_is_not_committed_counts_always(shop: Tree) -> None:
    shop.git("checkout", "--quiet", "-b", "branch")
    shop.write({"lib/lib.go": SHOP["lib/lib.go"] + "\n"})
    shop.commit("on the branch")
    shop.git("checkout", "--quiet", "main")
    shop.write({"cmd/alone/main.go": MAIN + "\n"})
    shop.commit("on main")
    shop.git("checkout", "--quiet", "branch")
    let_the_clock_tick()
    assert list(touched(shop, "main...HEAD")) == ["api"]
    assert list(touched(shop, "main...")) == ["api"]
    assert list(touched(shop, "main..HEAD")) == ["alone", "api"]
    assert list(touched(shop, "main")) == ["alone", "api"]
    assert list(touched(shop, "HEAD")) == []
    shop.write({"cmd/web/static/new.html": ""})
    assert list(touched(shop, "HEAD")) == ["web"]
    assert list(touched(shop, "main...HEAD")) == ["api", "web"]


def test_a_range_must_end_at_what_is_checked_out(shop: Tree) -> None:
    shop.write({"lib/lib.go": SHOP["lib/lib.go"] + "\n"})
    first = shop.git("rev-parse", "HEAD").strip()
    shop.commit("second")
    with pytest.raises(UsageError, match="is not what is checked out"):
        touched(shop, f"HEAD...{first}")
    with pytest.raises(UsageError, match="git knows no revision 'nowhere'"):
        touched(shop, "nowhere")
    with pytest.raises(UsageError, match="git knows no revision '--output=x'"):
        touched(shop, "--output=x")


def test_without_a_repository_git_says_why(shop: Tree) -> None:
    shutil.rmtree(shop.folder / ".git")
    with pytest.raises(GoRunError, match=r"git cannot tell: .*not a git repository"):
        touched(shop)


def test_without_a_common_commit_somebody_has_to_fetch_more(shop: Tree) -> None:
    shop.git("checkout", "--quiet", "--orphan", "other")
    shop.commit("without a parent")
    with pytest.raises(UsageError, match=r"no commit that main and HEAD have in common; .*shallow"):
        touched(shop, "main...HEAD")


def test_what_git_ignores_counts_where_it_is_read(shop: Tree, *, known: bool) -> None:
    shop.write({".gitignore": "gen*.go\ndist\n*.pyc\n"})
    shop.commit("second")
    shop.write({"lib/unread.pyc": "", "dist/a.js": "", "cmd/web/lib.pyc": ""})
    assert touched(shop, known=known) == {}
    shop.write({"cmd/alone/gen.go": "package main\n", "cmd/web/static/dist/a.js": ""})
    assert touched(shop, known=known) == {
        "alone": ["cmd/alone/gen.go ignored by git"],
        "web": ["cmd/web/static/dist ignored by git"],
    }
    shop.write({"dist/cmd/built/main.go": MAIN})  # which is no program of the workspace
    assert sorted(touched(shop, known=known)) == ["alone", "web"]


def test_a_go_in_an_ignored_environment_does_not_count(
    shop: Tree, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """The go command is an input, and so are absent compilers of its name: none is a change."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("needs a go command in PATH")
    shop.write({".gitignore": ".venv\n.modules\n"})
    shop.commit("second")
    shop.write({".venv/bin/unread": "", ".modules/unread": ""})
    (shop.folder / ".venv/bin/go").symlink_to(os.path.realpath(go))
    let_the_clock_tick()
    monkeypatch.setenv("PATH", f"{shop.folder}/.venv/bin:{os.environ['PATH']}")
    monkeypatch.setenv("GOMODCACHE", str(shop.folder / ".modules"))
    assert touched(shop, known=known) == {}


def test_a_repository_within_counts_as_one(shop: Tree, *, known: bool) -> None:
    replaced = "\nrequire example.com/other v0.0.0\n\nreplace example.com/other => ./other\n"
    code = 'package main\n\nimport "example.com/other"\n\nfunc main() { println(other.X) }\n'
    shop.write({"go.mod": SHOP["go.mod"] + replaced, "cmd/alone/main.go": code})
    shop.commit("second")
    inner = Tree(shop.folder / "other")
    inner.write({"go.mod": module("example.com/other"), "o.go": "package other\n\nvar X = 1\n"})
    inner.git("init", "--quiet")
    inner.commit("first")
    assert touched(shop, known=known)["alone"] == ["new directory other"]
    shop.write({".gitignore": "other\n"})
    assert touched(shop, known=known)["alone"] == ["other ignored by git"]


def test_a_list_of_files(shop: Tree, *, known: bool) -> None:
    workspace = Workspace(str(shop.folder))
    if known:
        workspace.build()
    assert list(workspace.affected(files=["lib/lib.go", "docs/guide.md"])) == ["api"]
    assert list(workspace.affected(files=["lib/gone.go", "lib/gone.txt"])) == ["api"]
    assert list(workspace.affected(files=[str(shop.folder / "go.sum")])) == ALL
    assert not workspace.affected(files=[])


def test_links_are_followed(shop: Tree, *, known: bool) -> None:
    shop.write({"testdata/real.go": "package main\n", "assets/a.css": ""})
    (shop.folder / "cmd/alone/linked.go").symlink_to("../../testdata/real.go")
    (shop.folder / "testdata/other.go").write_text("package main\n\nvar X int\n")
    shop.commit("second")
    shop.write({"testdata/real.go": "package main\n\nvar Y int\n"})
    assert touched(shop, known=known) == {"alone": ["testdata/real.go edited"]}
    shop.commit("third")
    (shop.folder / "cmd/alone/linked.go").unlink()
    (shop.folder / "cmd/alone/linked.go").symlink_to("../../testdata/other.go")
    let_the_clock_tick()
    assert list(touched(shop, known=known)) == ["alone"]


def test_headers_outside_of_a_package_count(shop: Tree, *, known: bool) -> None:
    if not shutil.which("gcc"):
        pytest.skip("needs gcc: apt-get install gcc")
    code = (
        "package main\n\n// #cgo CFLAGS: -I${SRCDIR}/../../include\n// #include <answer.h>\n"
        'import "C"\n\nfunc main() { println(C.ANSWER) }\n'
    )
    shop.write(
        {
            "cmd/c/main.go": code,
            "include/answer.h": '#include "deep.h"\n',
            "include/deep.h": "#define ANSWER 42\n",
            "include/unused.h": "",
        }
    )
    shop.commit("second")
    shop.write({"include/deep.h": "#define ANSWER 43\n", "include/unused.h": "#define X\n"})
    assert touched(shop, known=known) == {"c": ["include/deep.h edited"]}


def test_a_program_of_which_go_cannot_tell_is_affected_unseen(shop: Tree) -> None:
    shop.write({"cmd/alone/main.go": 'package main\n\nimport "example.com/nowhere"\n'})
    shop.commit("second")
    shop.write({"docs/guide.md": "# Guide\n"})
    found = touched(shop)
    assert list(found) == ["alone"]
    assert found["alone"][0].startswith("counted unseen: ")
    assert "example.com/nowhere" in found["alone"][0]


def test_where_go_cannot_list_every_program_is_affected(shop: Tree) -> None:
    workspace = Workspace(str(shop.folder))
    assert list(workspace.programs) == ALL
    shop.write({"go.mod": "modul example.com/shop\n"})
    assert list(workspace.affected()) == ALL


def test_settings_of_a_program_touch_that_program(shop: Tree) -> None:
    shop.write({"gorun.toml": "[programs.api]\nargs = ['a']\n"})
    shop.commit("second")
    shop.write({"gorun.toml": "[programs.api]\nargs = ['b']\n"})
    assert touched(shop) == {}
    shop.write({"gorun.toml": "[programs.api]\nrace = true\nargs = ['b']\n"})
    assert touched(shop) == {"api": ["gorun.toml edited"]}
    shop.write({"gorun.toml": "trimpath = true\n"})
    assert list(touched(shop)) == ALL


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"gorun.toml": "race = true\n"}, {}),
        ({"pyproject.toml": "[tool.gorun]\nrace = true\n"}, {"pyproject.toml": "[tool.other]\n"}),
        ({"pyproject.toml": "[tool.gorun]\nrace = true\n"}, {"gorun.toml": ""}),
        ({"gorun.toml": "race = true\n", "pyproject.toml": ""}, {"pyproject.toml": ""}),
        ({"gorun.toml": "rase = true\n"}, {}),
    ],
)
def test_settings_that_are_gone_touch_what_they_were_for(
    shop: Tree, before: dict[str, str], after: dict[str, str]
) -> None:
    shop.write(before)
    shop.commit("second")
    for name in before:
        shop.remove(name)
    shop.write(after)
    assert list(touched(shop)) == ALL
    shop.commit("third")
    assert touched(shop) == {}
    assert list(touched(shop, "HEAD~1")) == ALL


def test_settings_that_only_move_touch_nothing(shop: Tree) -> None:
    shop.write({"pyproject.toml": "[tool.gorun]\nprograms.api.race = true\n"})
    shop.commit("second")
    shop.remove("pyproject.toml")
    shop.write({"gorun.toml": "[programs.api]\nrace = true\n"})
    assert touched(shop) == {}


def test_settings_in_a_list_of_files_touch_every_program(shop: Tree) -> None:
    shop.write({"pyproject.toml": ""})
    workspace = Workspace(str(shop.folder))
    assert list(workspace.affected(files=["pyproject.toml"])) == ALL
    assert list(workspace.affected(files=["gorun.toml"])) == ALL
    assert workspace.affected(files=["lib/more/pyproject.toml"]) == {}


def test_a_submodule_that_moves_touches_what_is_built_from_it(shop: Tree, tmp_path: Path) -> None:
    other = Tree(tmp_path / "other")
    other.write({"go.mod": module("example.com/other"), "o.go": "package other\n\nvar X = 1\n"})
    other.git("init", "--quiet")
    other.commit("first")
    where = ("-c", "protocol.file.allow=always")
    shop.git(*where, "submodule", "--quiet", "add", str(other.folder), "third/other")
    replaced = "\nrequire example.com/other v0.0.0\n\nreplace example.com/other => ./third/other\n"
    code = 'package main\n\nimport "example.com/other"\n\nfunc main() { println(other.X) }\n'
    shop.write({"go.mod": SHOP["go.mod"] + replaced, "cmd/alone/main.go": code})
    shop.commit("second")
    inner = Tree(shop.folder / "third/other")
    inner.write({"o.go": "package other\n\nvar X = 2\n"})
    inner.commit("moved")
    assert "alone" in touched(shop)
    inner.write({".gitignore": "gen.go\n"})
    inner.commit("ignores")
    shop.commit("third")
    assert touched(shop) == {}
    inner.write({"gen.go": "package other\n"})
    assert touched(shop) == {"alone": ["third/other/gen.go ignored by git"]}


def test_what_a_build_would_notice_is_never_missed(
    shop: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edits at random. What the closures from before call stale is what is found afterwards.

    It is found by the closures of new builds, and by asking go in an empty store.
    """
    chance = random.Random(5)
    places = ("cmd/api/", "cmd/web/", "cmd/web/static/", "cmd/web/static/n/", "lib/", "lib/x/")
    names = ("a.go", "z_test.go", "w_plan9.go", "b.css", "_c.go", ".d", "go.mod")
    texts = ("// a\n", "// b\n", "/* c */\n")
    monkeypatch.setenv("CGO_ENABLED", "0")
    Workspace(str(shop.folder)).build()
    for step in range(12):
        for _ in range(chance.randint(1, 3)):
            path = chance.choice(places) + chance.choice(names)
            if path.startswith(("cmd/api/", "lib/")) and path.endswith("go.mod"):
                path = "docs/x.go"
            if (shop.folder / path).exists() and chance.random() < 0.5:
                shop.remove(path)
            else:
                package = (
                    "main" if path.startswith("cmd/") else os.path.dirname(path)[-3:].strip("/")
                )
                text = module("example.com/n") if path.endswith("go.mod") else ""
                text = text or f"{chance.choice(texts)}package {package.replace('b/x', 'x')}\n"
                shop.write({path: text})
        workspace = Workspace(str(shop.folder))
        verdicts = zip(workspace.programs, judge_all(workspace.programs.values()), strict=True)
        stale = [name for name, verdict in verdicts if verdict.outcome == "stale"]
        with monkeypatch.context() as patch:
            patch.setenv("GORUN_CACHE_DIR", str(tmp_path / f"empty{step}"))
            unknown = touched(shop)
        known = touched(shop, known=True)
        assert list(known) == list(unknown)
        assert set(stale) <= set(known), (stale, known)
        shop.commit(f"step {step}")
