"""Every way to say what to run, and every kind of flag: what is started is what `go run` starts.

Byte for byte: `go run -exec=cp` hands over the executable that `go run` would start, and gorun's
events name the one it did.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from tests.support.workshop import HELLO, TWO_PACKAGES, Workshop

pytestmark = pytest.mark.usefixtures("go")

FILES = {
    **TWO_PACKAGES,
    "main.go": (
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n\n\t"example.com/hello/lib"\n)\n\n'
        'var version = "none"\n\n'
        "func main() { fmt.Println(lib.Word(), version, os.Args[1:]) }\n"
    ),
    "lib/dev.go": '//go:build dev\n\npackage lib\n\nfunc init() { word = "dev" }\n',
    "lib/lib.go": 'package lib\n\nvar word = "word"\n\nfunc Word() string { return word }\n',
    "cmd/server/main.go": 'package main\n\nfunc main() { println("server") }\n',
    "cmd/server/more.go": "package main\n\nfunc init() {}\n",
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("targets"), FILES)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["."], "hello"),
        (["./cmd/server"], "server"),
        (["./cmd/server/"], "server"),
        (["example.com/hello/cmd/server"], "server"),
        (["main.go"], "main"),
        (["cmd/server/main.go", "cmd/server/more.go"], "main"),
        (["-C", "cmd/server", "."], "server"),
        (["-C=cmd", "./server"], "server"),
        (["-tags=dev", "."], "hello"),
        (["-tags", "dev", "--ldflags", "-X main.version=1.2.3", "--", "."], "hello"),
        (["-trimpath", "-gcflags=all=-l", "."], "hello"),
        (["-mod=readonly", "-buildvcs=false", "-p", "1", "."], "hello"),
        (["-cover", "."], "hello"),
    ],
)
def test_executable_is_the_one_go_run_starts(
    workshop: Workshop, words: list[str], name: str
) -> None:
    """The same bytes under the same base name; the second run is current."""
    expected = workshop.built_by_go_run(*words)
    for outcome in ("built", "current"):
        result, (event,) = workshop.events(*words, "a")
        assert event["outcome"] == outcome
        executable = Path(event["executable"])
        assert executable.name == name
        assert executable.read_bytes() == expected
        assert result == workshop.execute([str(executable), "a"], cwd=directory(workshop, words))


def directory(workshop: Workshop, words: list[str]) -> Path:
    return workshop.folder / "cmd" if "-C=cmd" in words else workshop.folder


@pytest.mark.usefixtures("race")
def test_race_build_is_the_one_go_run_starts(workshop: Workshop) -> None:
    expected = workshop.built_by_go_run("-race", ".")
    for outcome in ("built", "current"):
        _, (event,) = workshop.events("-race", ".")
        assert event["outcome"] == outcome
        assert Path(event["executable"]).read_bytes() == expected


def test_absolute_path(workshop: Workshop) -> None:
    target = str(workshop.folder / "cmd" / "server")
    expected = workshop.built_by_go_run(target)
    for outcome in ("built", "current"):
        _, (event,) = workshop.events(target)
        assert event["outcome"] == outcome
        assert Path(event["executable"]).read_bytes() == expected


def test_workspace(tmp_path: Path) -> None:
    """go.work of two modules: byte for byte, and an edit in the other module is seen by name."""
    files = {
        "go.work": "go 1.24\n\nuse (\n\t./app\n\t./lib\n)\n",
        "app/go.mod": "module example.com/app\n\ngo 1.24\n",
        "app/main.go": TWO_PACKAGES["main.go"].replace("hello/lib", "lib"),
        "lib/go.mod": "module example.com/lib\n\ngo 1.24\n",
        "lib/lib.go": TWO_PACKAGES["lib/lib.go"],
    }
    workshop = Workshop(tmp_path, files)
    expected = workshop.built_by_go_run("./app")
    _, (event,) = workshop.events("./app")
    assert Path(event["executable"]).read_bytes() == expected
    assert workshop.outcome("./app")[0] == "current"
    workshop.edit("lib/lib.go", '"word"', '"other"')
    outcome, because, result = workshop.outcome("./app")
    assert (outcome, because, result.err) == ("built", ["lib/lib.go edited"], "other\n")
    workshop.edit("go.work", "\t./lib\n", "")
    assert workshop.gorun("./app").rc == 125


def test_arguments_reach_the_program_byte_for_byte(tmp_path: Path) -> None:
    """Everything after the target, whatever it looks like; a file list ends at the first other."""
    code = HELLO["main.go"].replace('Println("hello", ', 'Printf("%q\\n", ')
    workshop = Workshop(tmp_path, {**HELLO, "main.go": code})
    words = ["", " ", "-race", "--", "a.go", "-C", "x y", "\n", "*", "é", "\udcff", "--why"]
    for _ in range(2):
        result = workshop.gorun(".", *words)
        assert result.rc == 0
        shown = [r"\xff" if word == "\udcff" else json.dumps(word)[1:-1] for word in words]
        expected = " ".join(f'"{word}"' for word in shown).replace("\\u00e9", "é")
        assert result.out == f"[{expected}]\n"
    result = workshop.gorun("main.go", "x", "other.go")
    assert result.out == '["x" "other.go"]\n'


def test_spelling_of_flags_does_not_matter(workshop: Workshop) -> None:
    """-tags a, --tags=a; and -race=false is a flag of its own but no race build."""
    assert workshop.outcome("-tags", "spelled", ".")[0] == "built"
    for words in (["-tags=spelled"], ["--tags", "spelled"], ["--tags=spelled", "--"]):
        assert workshop.outcome(*words, ".")[0] == "current"


def test_target_is_looked_for_where_the_person_is(tmp_path: Path) -> None:
    """The same words in another directory are another program."""
    workshop = Workshop(tmp_path, FILES)
    workshop.gorun(".")
    there = workshop.folder / "cmd" / "server"
    workshop.environ["PWD"] = str(there)
    result = workshop.execute(workshop.command(("gorun_tasks", ".")), cwd=there)
    assert result == (0, "", "server\n")


def test_logical_directory_counts(tmp_path: Path) -> None:
    """$PWD through a symbolic link, as go sees it: works, and is current the second time."""
    workshop = Workshop(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(workshop.folder)
    workshop.environ["PWD"] = str(link)
    for expected in ("built", "current"):
        file = tmp_path / "events"
        file.unlink(missing_ok=True)
        command = workshop.command(("gorun_tasks", "--events", str(file), "."))
        assert workshop.execute(command, cwd=link).rc == 0
        assert json.loads(file.read_text())["outcome"] == expected


@pytest.fixture
def published(tmp_path: Path) -> Workshop:
    """Make a module proxy in a folder, with two versions of one program."""
    proxy = tmp_path / "proxy" / "example.com" / "tool" / "@v"
    proxy.mkdir(parents=True)
    mod = "module example.com/tool\n\ngo 1.24\n"
    for version in ("v1.0.0", "v1.1.0"):
        (proxy / f"{version}.info").write_text(json.dumps({"Version": version}))
        (proxy / f"{version}.mod").write_text(mod)
        with zipfile.ZipFile(proxy / f"{version}.zip", "w") as archive:
            prefix = f"example.com/tool@{version}"
            code = f'package main\n\nfunc main() {{ println("{version}") }}\n'
            archive.writestr(f"{prefix}/go.mod", mod)
            archive.writestr(f"{prefix}/cmd/tool/main.go", code)
            archive.writestr(f"{prefix}/cmd/tool/main_test.go", "package main\n")
    (proxy / "list").write_text("v1.0.0\nv1.1.0\n")
    workshop = Workshop(tmp_path)
    workshop.environ |= {
        "GOPROXY": f"file://{tmp_path}/proxy",
        "GONOSUMDB": "*",
        "GOSUMDB": "off",
        "GOMODCACHE": str(tmp_path / "modcache"),
        "GOFLAGS": "-modcacherw",
    }
    return workshop


def test_exact_version_needs_neither_go_nor_network_again(published: Workshop) -> None:
    """path@v1.0.0: fetched and built once, recorded at once, current with no proxy at all."""
    target = "example.com/tool/cmd/tool@v1.0.0"
    outcome, _, result = published.outcome(target)
    assert (outcome, result.rc) == ("built", 0)
    assert result.err.endswith("v1.0.0\n")
    outcome, _, result = published.outcome(target, env={"GOPROXY": "off"})
    assert (outcome, *result) == ("current", 0, "", "v1.0.0\n")
    assert published.built_by_go_run(target) == published.executables()[0].read_bytes()


def test_latest_asks_go_each_time(published: Workshop) -> None:
    """path@latest is another program tomorrow: never remembered, and --why says so."""
    target = "example.com/tool/cmd/tool@latest"
    for _ in range(2):
        outcome, _, result = published.outcome(target)
        assert (outcome, result.rc) == ("built", 0)
        assert result.err.endswith("v1.1.0\n")
    why = published.gorun("--why", target)
    assert why.rc == 1
    assert "names no exact version, so go is asked at each run" in why.out


def test_source_from_the_module_cache_is_checked_too(published: Workshop) -> None:
    """An edit in the module cache is an edit."""
    target = "example.com/tool/cmd/tool@v1.0.0"
    published.gorun(target)
    source = published.folder.parent / "modcache/example.com/tool@v1.0.0/cmd/tool/main.go"
    source.write_text(source.read_text().replace('"v1.0.0"', '"patched"'))
    named = os.path.relpath(source, published.folder)
    assert published.gorun("--why", target).out == f"{target}: {named} edited\n"
    result = published.gorun(target)
    assert (result.rc, result.err) == (0, "patched\n")


def test_a_test_in_the_module_cache_counts_as_little_as_to_go(published: Workshop) -> None:
    """Of what it fetched go run keeps an index and reads no test again; a new file is noticed."""
    target = "example.com/tool/cmd/tool@v1.0.0"
    published.gorun(target)
    assert published.go("run", target).err.endswith("v1.0.0\n")
    folder = published.folder.parent / "modcache/example.com/tool@v1.0.0/cmd/tool"
    (folder / "main_test.go").write_text("package other, and no Go\n")
    assert published.go("run", target).err.endswith("v1.0.0\n")
    assert published.gorun("--why", target).out == f"{target}: current\n"
    (folder / "other_test.go").write_text("package main\n")
    assert "other_test.go" in published.gorun("--why", target).out


@pytest.mark.parametrize("flag", ["-n", "-x", "-v", "-work"])
def test_flags_that_make_go_talk_do_so_each_time(workshop: Workshop, flag: str) -> None:
    """Never remembered: go prints, or would print, at every run; -n prints and runs nothing."""
    for _ in range(2):
        result = workshop.gorun(flag, "./cmd/server")
        assert result.rc == 0
        assert ("server" in result.err.splitlines()) == (flag != "-n")
        if flag in ("-x", "-work"):
            assert "WORK=" in result.err
            assert "GORUN-" not in result.err  # nothing of how the executable is handed over


def test_work_folder_that_was_asked_for_is_kept(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    (line,) = workshop.gorun("-work", ".").err.splitlines()
    assert Path(line.removeprefix("WORK=")).is_dir()
