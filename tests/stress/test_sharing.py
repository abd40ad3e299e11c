"""One verdict for one content: whoever asks, however the tree came to be there, and no secrets."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.stress.tiny import files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workshop import Workshop

pytestmark = pytest.mark.usefixtures("go")

LONG_AGO = 1_500_000_000
SECRET = "hunter2-f3a9c1"

GODEBUG = {
    "go.mod": "module example.com/debug\n\ngo 1.24\n",
    "main.go": (
        'package main\n\nimport "os"\n\n'
        'func main() {\n\tprintln("[" + os.Getenv("GODEBUG") + "]")\n}\n'
    ),
}


def restore(tree: Path, content: dict[str, str]) -> None:
    """Put a tree in place as tar and rsync do: new files, each with the same old time."""
    shutil.rmtree(tree)
    tree.mkdir()
    for name, text in content.items():
        (tree / name).write_text(text)
        os.utime(tree / name, (LONG_AGO, LONG_AGO))
    os.utime(tree, (LONG_AGO, LONG_AGO))


def test_two_checkouts_in_turn(shop: Workshop, tmp_path: Path) -> None:
    """Each is current in its own place, whatever becomes of the other."""
    other = tmp_path / "other"
    shutil.copytree(shop.folder, other)
    here = shop.folder
    for _ in range(2):
        for folder, word in ((here, "first"), (other, "first")):
            shop.folder = folder
            assert shop.gorun(".", env={"PWD": str(folder)}) == (0, "", f"{word}\n")
    shop.folder = other
    shop.write(files("second"))
    assert shop.gorun(".", env={"PWD": str(other)}) == (0, "", "second\n")
    assert shop.gorun("--why", ".", env={"PWD": str(other)}).rc == 0
    shop.folder = here
    assert shop.gorun("--why", ".").rc == 0
    assert shop.gorun(".") == (0, "", "first\n")


def test_two_checkouts_that_change_places(shop: Workshop, tmp_path: Path) -> None:
    """Moved into each other's place by rename: what was built for this content is started."""
    other, aside = tmp_path / "other", tmp_path / "aside"
    shutil.copytree(shop.folder, other)
    (other / "main.go").write_text(files("second")["main.go"])
    built = []
    for word in ("first", "second") * 2:
        outcome, _, result = shop.outcome(".")
        assert result == (0, "", f"{word}\n")
        built.append(outcome)
        shop.folder.rename(aside)
        other.rename(shop.folder)
        aside.rename(other)
    assert built == ["built", "built", "restored", "restored"]


def test_tree_restored_with_all_times_equal(shop: Workshop) -> None:
    """Nothing but the content counts, though every file is new and old at once."""
    assert shop.outcome(".")[0] == "built"
    restore(shop.folder, files("first"))
    assert shop.outcome(".")[::2] == ("current", (0, "", "first\n"))
    for word, outcome in (("other", "built"), ("first", "restored"), ("other", "restored")):
        restore(shop.folder, files(word))
        assert shop.outcome(".")[::2] == (outcome, (0, "", f"{word}\n"))
    assert shop.outcome(".")[0] == "current"


def test_same_size_and_time_but_another_content(shop: Workshop) -> None:
    restore(shop.folder, files("first"))
    shop.gorun(".")
    for word in ("fourt", "fifth", "first"):
        restore(shop.folder, files(word))
        assert shop.gorun(".") == (0, "", f"{word}\n")


def test_virtual_environment_shares_the_verdict(shop: Workshop, tmp_path: Path) -> None:
    """First gorun, then a nox session with a PATH of its own: nothing is built twice."""
    pytest.importorskip("nox")
    shop.write(
        {
            "noxfile.py": (
                "import nox\nfrom gorun_tasks import nox as go\n\n\n"
                '@nox.session(venv_backend="venv")\n'
                "def inside(session):\n"
                "    assert session.bin_paths\n"
                '    go.run(session, ".")\n'
            )
        }
    )
    assert shop.gorun(".") == (0, "", "first\n")
    file = tmp_path / "events"
    result = shop("nox", "-s", "inside", env={"GORUN_EVENTS": str(file)})
    assert (result.rc, "first\n" in result.err) == (0, True), result
    (event,) = map(json.loads, file.read_text().splitlines())
    assert (event["outcome"], event["because"]) == ("current", [])
    assert shop.outcome(".")[0] == "current"


@pytest.mark.parametrize("name", ["GOPROXY", "GOAUTH"])
@pytest.mark.parametrize("succeeds", [True, False], ids=["builds", "fails"])
def test_no_token_is_told_or_stored(
    shop: Workshop,
    tmp_path: Path,
    name: str,
    succeeds: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Neither in an output nor in an event nor in a stored file, also when go has to fetch."""
    values = {
        "GOPROXY": f"https://user:{SECRET}@127.0.0.1:1/{SECRET}",
        "GOAUTH": f"false {SECRET}",
    }
    env = {name: values[name]}
    if not succeeds:
        source = files("first")["main.go"]
        shop.write({"main.go": source + 'import _ "example.org/absent"\n'})
        shop.write({"main.go": source.replace("\n\n", '\n\nimport _ "example.org/absent"\n\n', 1)})
    file = tmp_path / "events"
    for words in (["."], ["."], ["--why", "."], ["--store", "stat"], ["--rebuild", "."]):
        result = shop.gorun("--events", str(file), *words, env=env)
        assert SECRET not in result.out + result.err, words
    assert SECRET not in file.read_text()
    for path in [*shop.store.rglob("*"), *shop.temporary.rglob("*")]:
        assert SECRET not in str(path)
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def test_token_is_no_input(shop: Workshop) -> None:
    """A token that is renewed each hour makes nothing stale."""
    shop.gorun(".", env={"GOAUTH": "netrc"})
    assert shop.outcome(".", env={"GOAUTH": "off", "GOPROXY": "https://x.invalid"})[0] == "current"


@pytest.mark.parametrize("own", ["", "gctrace=0,inittrace=0"])
def test_program_never_sees_our_godebug(shop: Workshop, own: str) -> None:
    shop.write(GODEBUG)
    env = {"GODEBUG": own} if own else {}
    for words in (["."], ["."], ["--rebuild", "."], ["--ephemeral", "."], ["-exec=env", "."]):
        assert shop.gorun(*words, env=env) == (0, "", f"[{own}]\n"), words
    shop.write({"main.go": GODEBUG["main.go"] + "// edited\n"})
    assert shop.gorun(".", env=env) == (0, "", f"[{own}]\n")
    shop.write(GODEBUG)
    assert shop.outcome(".", env=env)[::2] == ("restored", (0, "", f"[{own}]\n"))


def test_stable_path_is_the_same_before_and_after_a_rebuild(shop: Workshop) -> None:
    """And what is started by it is what was built last; who runs the old one keeps running it."""
    paths = set()
    for word in ("first", "second", "first"):
        shop.write(files(word))
        (path,) = shop.gorun("--which", ".").out.splitlines()
        paths.add(path)
        assert os.path.isabs(path)
        assert shop.execute([path]) == (0, "", f"{word}\n")
    (path,) = shop.gorun("--rebuild", "--which", ".").out.splitlines()
    assert paths == {path}
