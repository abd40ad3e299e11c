"""Two checkouts of one user: what one has built with -trimpath, the other starts.

Whatever is fetched must be, byte for byte, what go makes in the second checkout; and what go would
make otherwise must not be fetched. Each test builds in the first one, and asks in the second.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import let_the_clock_tick
from tests.support.goroot import goroot_with_edited_embed, own_goroot
from tests.support.workshop import Workshop, needs_strace, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pytestmark = pytest.mark.usefixtures("go")

FILES = {
    "go.mod": "module example.com/one\n\ngo 1.24\n",
    "cmd/api/main.go": (
        'package main\n\nimport (\n\t_ "embed"\n\n\t"example.com/one/lib"\n)\n\n'
        "//go:embed *.txt\nvar text string\n\nvar version string\n\n"
        "func main() { println(lib.Word(), text, version) }\n"
    ),
    "cmd/api/hello.txt": "hello",
    "lib/lib.go": 'package lib\n\nfunc Word() string { return "word" }\n',
    "lib/lib_test.go": "package lib\n",
}
API = ("-trimpath", "./cmd/api")

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")


class Pair:
    """Two checkouts with the same files, and one store."""

    def __init__(self, folder: Path, files: Mapping[str, str] = FILES) -> None:
        self.first, self.second = (Workshop(_made(folder / name), files) for name in "ab")
        for checkout in (self.first, self.second):
            checkout.environ["GORUN_CACHE_DIR"] = str(folder / "store")

    def build(self, *words: str) -> None:
        """Have the first checkout build it."""
        outcome, _, result = self.first.outcome(*words)
        assert (outcome, result.rc) == ("built", 0), result

    def asked(self, *words: str, env: dict[str, str] | None = None) -> str:
        """Ask in the second checkout; return the outcome of what must be the bytes of go."""
        result, (event,) = self.second.events(*words, env=env)
        assert result.rc == 0, result
        made = Path(event["executable"]).read_bytes()
        assert made == self.second.built_by_go_run(*words, env=env)
        assert self.second.outcome(*words, env=env)[0] == "current"
        outcome: str = event["outcome"]
        return outcome


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@needs_strace
def test_what_one_checkout_built_another_starts_without_go(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    executed = pair.second.executed(*API)
    assert len(executed) == 2, executed  # gorun, and the program
    outcome, because, _ = pair.second.outcome(*API)
    assert (outcome, because) == ("current", [])


def test_the_outcome_says_where_it_is_from(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    outcome, because, result = pair.second.outcome(*API)
    assert (outcome, because) == (
        "fetched",
        [" not built before", " built in another checkout"],
    )
    assert result.err == "word hello \n"


def test_each_face_starts_it(tmp_path: Path) -> None:
    two = {"cmd/two/main.go": FILES["cmd/api/main.go"], "cmd/two/two.txt": "two"}
    pair = Pair(tmp_path, {**FILES, **two})
    assert pair.first.gorun("--build", "-trimpath", "./cmd/...").rc == 0
    _, events = pair.second.events("--build", "-trimpath", "./cmd/...")
    assert [event["outcome"] for event in events] == ["fetched", "fetched"]
    path = pair.first.gorun("--which", *API).out.strip()
    other = pair.second.gorun("--which", *API).out.strip()
    assert path != other
    assert os.path.samefile(path, other)
    assert "current" in pair.second.gorun("--why", *API).out


def test_questions_do_not_look_elsewhere(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    assert "not built before" in pair.second.gorun("--why", *API).out
    assert "not built before" in pair.second.gorun("--why", *API).out


def test_what_is_no_longer_in_the_store_is_not_fetched(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    offers = tmp_path / "store/v1/shared"
    assert len(list(offers.iterdir())) == 1
    assert pair.first.gorun("--store", "verify").rc == 0
    assert pair.first.gorun("--store", "drop", *API).rc == 0
    assert pair.asked(*API) == "built"
    assert pair.second.gorun("--store", "clear").rc == 0
    assert list(offers.iterdir()) == []
    assert pair.asked(*API) == "built"


def test_a_damaged_executable_or_offer_is_not_fetched(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    (executable,) = (tmp_path / "store/v1/exe").glob("*/api")
    sound = executable.read_bytes()
    executable.write_bytes(sound[:-1] + b"X")
    assert pair.asked(*API) == "built"
    pair.build("--rebuild", *API)
    for offer in (tmp_path / "store/v1/shared").iterdir():
        offer.write_bytes(offer.read_bytes()[:-1])
    pair.second.write({"cmd/api/hello.txt": "hallo"})
    assert pair.asked(*API) == "built"
    pair.second.write({"cmd/api/hello.txt": "hello"})
    assert pair.second.outcome(*API)[0] == "restored"
    assert pair.second.gorun("--store", "verify").rc == 0


def test_without_trimpath_each_checkout_builds(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build("./cmd/api")
    assert pair.asked("./cmd/api") == "built"


def test_rebuild_asks_go(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    assert pair.second.outcome("--rebuild", *API)[0] == "built"
    assert pair.second.outcome(*API)[0] == "current"


def _edit(name: str, text: str) -> Callable[[Pair], None]:
    return lambda pair: pair.second.write({name: text})


@pytest.mark.parametrize(
    "change",
    [
        _edit("lib/lib.go", FILES["lib/lib.go"].replace("word", "sword")),
        _edit("lib/more.go", 'package lib\n\nfunc init() { println("more") }\n'),
        _edit("cmd/api/hello.txt", "hallo"),
        _edit("cmd/api/default.pgo", ""),
        _edit("go.mod", FILES["go.mod"] + "\ngodebug default=go1.23\n"),
        _edit("../go.work", "go 1.24\n\nuse ./work\n"),
        _edit("go.work", "go 1.24\n\nuse .\n"),
        _edit("lib/go.mod", "module example.com/lib\n"),
        lambda pair: pair.second.environ.update(GOFLAGS="-tags=dev"),
        lambda pair: pair.second.environ.update(GOAMD64="v2"),
        lambda pair: pair.second.environ.update(CGO_ENABLED="0"),
    ],
    ids=[
        *("edited", "new file", "embedded", "profile", "go.mod", "go.work above", "go.work"),
        *("nearer go.mod", "GOFLAGS", "GOAMD64", "CGO_ENABLED"),
    ],
)
def test_what_differs_is_not_fetched(tmp_path: Path, change: Callable[[Pair], None]) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    change(pair)
    (event,) = pair.second.events(*API)[1]
    assert event["outcome"] in ("built", "failed")


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (API, {"GOFLAGS": "-tags=dev"}),
        (("-trimpath", "-tags=dev", "./cmd/api"), {}),
        (("-trimpath", "cmd/api/main.go"), {}),
        (("-trimpath", "-ldflags=-X=main.version=7", "./cmd/api"), {}),
        (("-trimpath", "example.com/one/cmd/api"), {}),
        (("./cmd/api",), {"GOFLAGS": "-trimpath"}),
    ],
    ids=["GOFLAGS", "tags", "files", "ldflags", "import path", "trimpath in GOFLAGS"],
)
def test_each_way_to_say_it_is_shared(
    tmp_path: Path, words: tuple[str, ...], env: dict[str, str]
) -> None:
    pair = Pair(tmp_path)
    for checkout in (pair.first, pair.second):
        checkout.environ.update(env)
    pair.build(*words)
    assert pair.asked(*words) == "fetched"


def test_later_content_is_found_among_several(tmp_path: Path) -> None:
    """The second checkout goes through the commits of the first one, in another order."""
    pair = Pair(tmp_path)
    texts = ("one", "two", "three")
    for text in texts:
        pair.first.write({"cmd/api/hello.txt": text})
        pair.build(*API)
    for text in reversed(texts):
        pair.second.write({"cmd/api/hello.txt": text})
        assert pair.asked(*API) == "fetched"


def test_a_setting_counts_wherever_it_is_said(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.first.environ["GOFLAGS"] = "-tags=dev"
    (tmp_path / "env").write_text("GOFLAGS=-tags=dev\n")
    pair.second.environ["GOENV"] = str(tmp_path / "env")
    let_the_clock_tick()
    pair.build(*API)
    assert pair.asked(*API) == "fetched"
    (tmp_path / "env").write_text("GOFLAGS=-tags=other\n")
    assert pair.asked(*API) == "built"


def test_another_home_and_gopath_do_not_matter(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    for name, checkout in (("h1", pair.first), ("h2", pair.second)):
        cache = checkout.go("env", "GOCACHE").out.strip()
        checkout.environ |= {"HOME": str(_made(tmp_path / name)), "GOCACHE": cache}
        checkout.environ.pop("GOPATH", None)
    pair.build(*API)
    assert pair.asked(*API) == "fetched"


# Modules beside this one, fetched ones, vendored ones.


BESIDE = {
    "app/go.mod": (
        "module example.com/app\n\ngo 1.24\n\nrequire example.com/dep v0.0.0\n\n"
        "replace example.com/dep => ../dep\n"
    ),
    "app/main.go": (
        'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.Word()) }\n'
    ),
    "dep/go.mod": "module example.com/dep\n\ngo 1.24\n",
    "dep/dep.go": 'package dep\n\nfunc Word() string { return "dep" }\n',
    ".git/HEAD": "",
}


def in_app(pair: Pair) -> Pair:
    """Have both checkouts work in a folder of theirs."""
    for checkout in (pair.first, pair.second):
        checkout.folder /= "app"
        checkout.environ["PWD"] = str(checkout.folder)
    return pair


def test_a_module_beside_this_one_is_shared_in_a_repository(tmp_path: Path) -> None:
    pair = in_app(Pair(tmp_path, BESIDE))
    pair.build("-trimpath", ".")
    assert pair.asked("-trimpath", ".") == "fetched"
    pair.second.write({"../dep/dep.go": BESIDE["dep/dep.go"].replace('"dep"', '"step"')})
    assert pair.asked("-trimpath", ".") == "built"


@pytest.mark.parametrize("where", ["{}/dep", "../../work/dep", "../../../{name}/work/dep"])
def test_a_path_that_leads_out_and_back_is_the_first_ones(tmp_path: Path, where: str) -> None:
    """The second checkout's go.mod leads into the first one, or nowhere."""
    pair = Pair(tmp_path, BESIDE)
    root = pair.first.folder
    module = BESIDE["app/go.mod"].replace("../dep", where.format(root, name=root.parent.name))
    for checkout in (pair.first, pair.second):
        checkout.write({"app/go.mod": module})
    in_app(pair).build("-trimpath", ".")
    pair.first.write({"../dep/dep.go": BESIDE["dep/dep.go"].replace('"dep"', '"step"')})
    (event,) = pair.second.events("-trimpath", ".")[1]
    assert event["outcome"] == "built"


def test_a_module_beside_this_one_is_another_where_there_is_no_repository(tmp_path: Path) -> None:
    pair = in_app(Pair(tmp_path, {n: text for n, text in BESIDE.items() if n != ".git/HEAD"}))
    pair.build("-trimpath", ".")
    pair.second.write({"../dep/dep.go": BESIDE["dep/dep.go"].replace('"dep"', '"step"')})
    assert pair.asked("-trimpath", ".") == "built"


def test_a_workspace_is_shared(tmp_path: Path) -> None:
    pair = Pair(
        tmp_path, {**BESIDE, "go.work": "go 1.24\n\nuse (\n\t./app\n\t./dep\n)\n", "dep/x.txt": ""}
    )
    pair.build("-trimpath", "./app")
    assert pair.asked("-trimpath", "./app") == "fetched"
    in_app(pair).build("-trimpath", ".")
    assert pair.asked("-trimpath", ".") == "fetched"
    pair.second.write({"../dep/dep.go": BESIDE["dep/dep.go"].replace('"dep"', '"step"')})
    assert pair.asked("-trimpath", ".") == "built"


def with_module(folder: Path) -> Pair:
    """Return two checkouts that need a module, which is in a module cache of theirs."""
    publish(
        folder / "proxy",
        "example.com/dep",
        "v1.0.0",
        {"go.mod": BESIDE["dep/go.mod"], "dep.go": BESIDE["dep/dep.go"]},
    )
    module = "module example.com/app\n\ngo 1.24\n\nrequire example.com/dep v1.0.0\n"
    pair = Pair(folder, {"go.mod": module, "main.go": BESIDE["app/main.go"]})
    for checkout in (pair.first, pair.second):
        checkout.environ |= {
            "GOPROXY": f"file://{folder}/proxy",
            "GONOSUMDB": "*",
            "GOMODCACHE": str(folder / "modules"),
            "GOFLAGS": "-modcacherw",
        }
    assert pair.first.go("mod", "tidy").rc == 0
    shutil.copy(pair.first.folder / "go.sum", pair.second.folder / "go.sum")
    let_the_clock_tick()
    return pair


def test_a_fetched_module_is_compared(tmp_path: Path) -> None:
    pair = with_module(tmp_path)
    pair.build("-trimpath", ".")
    assert pair.asked("-trimpath", ".") == "fetched"


def test_an_edited_module_is_another_one(tmp_path: Path) -> None:
    pair = with_module(tmp_path)
    pair.build("-trimpath", ".")
    other = tmp_path / "others"
    shutil.copytree(tmp_path / "modules", other)
    file = other / "example.com/dep@v1.0.0/dep.go"
    file.write_text(file.read_text().replace('"dep"', '"step"'))
    pair.second.environ["GOMODCACHE"] = str(other)
    let_the_clock_tick()
    outcome, _, result = pair.second.outcome("-trimpath", ".")
    assert outcome == "built", result


def test_a_module_cache_elsewhere_is_shared(tmp_path: Path) -> None:
    pair = with_module(tmp_path)
    pair.build("-trimpath", ".")
    shutil.copytree(tmp_path / "modules", tmp_path / "others")
    pair.second.environ["GOMODCACHE"] = str(tmp_path / "others")
    let_the_clock_tick()
    assert pair.asked("-trimpath", ".") == "fetched"


def test_vendored_modules_are_shared(tmp_path: Path) -> None:
    pair = with_module(tmp_path)
    for checkout in (pair.first, pair.second):
        assert checkout.go("mod", "vendor").rc == 0
    let_the_clock_tick()
    pair.build("-trimpath", ".")
    assert pair.asked("-trimpath", ".") == "fetched"
    pair.second.edit("vendor/example.com/dep/dep.go", '"dep"', '"step"')
    assert pair.asked("-trimpath", ".") == "built"


# The toolchain.


def test_the_same_toolchain_elsewhere_is_the_same(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    own_goroot(pair.second)
    let_the_clock_tick()
    assert pair.asked(*API) == "fetched"


def test_another_toolchain_is_another(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.build(*API)
    goroot_with_edited_embed(pair.second)
    let_the_clock_tick()
    assert pair.second.outcome(*API)[0] == "built"


def test_gotoolchain_counts_only_where_it_chooses_another(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    for checkout in (pair.first, pair.second):
        checkout.write({"go.mod": FILES["go.mod"] + "\ntoolchain go1.24.1\n"})
    pair.build(*API)
    pair.second.environ["GOTOOLCHAIN"] = "auto"
    assert pair.asked(*API) == "fetched"


# Stamps and C.


def test_stamps_are_compared(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    words = ("--stamp", "main.version=commit", *API)
    for checkout in (pair.first, pair.second):
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
            settings = ["-c", "user.name=a", "-c", "user.email=a@b"]
            date = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z"}
            date |= {"GIT_COMMITTER_DATE": date["GIT_AUTHOR_DATE"]}
            assert checkout.execute(["git", *settings, *command], env=date).rc == 0
    let_the_clock_tick()
    pair.build(*words)
    assert pair.second.outcome(*words)[0] == "fetched"
    more = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--allow-empty"]
    assert pair.second.execute(["git", *more]).rc == 0
    assert pair.second.outcome(*words)[0] == "built"


C_FILES = {
    "go.mod": FILES["go.mod"],
    "main.go": (
        'package main\n\n// #include "word.h"\nimport "C"\n\n'
        'import "example.com/one/seven"\n\nfunc main() { println(C.WORD, seven.Seven()) }\n'
    ),
    "word.h": "#define WORD 7\n",
    "include/word.h": "#define WORD 7\n",
    "seven/seven.go": "package seven\n\nfunc Seven() int\n",
    "seven/seven_amd64.s": (
        '#include "textflag.h"\n\nTEXT ·Seven(SB), NOSPLIT, $0-8\n\tMOVQ $7, ret+0(FP)\n\tRET\n'
    ),
    "seven/seven_arm64.s": (
        '#include "textflag.h"\n\nTEXT ·Seven(SB), NOSPLIT, $0-8\n'
        "\tMOVD $7, R0\n\tMOVD R0, ret+0(FP)\n\tRET\n"
    ),
}


@needs_gcc
def test_c_and_assembly_are_shared_with_their_headers(tmp_path: Path) -> None:
    pair = Pair(tmp_path, C_FILES)
    pair.build("-trimpath", ".")
    assert pair.asked("-trimpath", ".") == "fetched"
    pair.second.write({"word.h": "#define WORD 8\n"})
    assert pair.second.outcome("-trimpath", ".")[2].err == "8 7\n"


@needs_gcc
@pytest.mark.parametrize(
    "flags",
    [
        "CFLAGS: -I${SRCDIR}/include",
        "LDFLAGS: -Wl,-rpath,${SRCDIR}/include",
        "CFLAGS: -I{}/include",
        "CFLAGS: -I{}/./include",
    ],
)
def test_c_with_a_path_in_it_is_not_shared(tmp_path: Path, flags: str) -> None:
    """Flags are a part of go's build ID, so the second checkout's executable is another one."""
    pair = Pair(tmp_path, C_FILES)
    flags = flags.replace("{}", str(pair.first.folder))
    main = C_FILES["main.go"].replace("// #include", f"// #cgo {flags}\n// #include")
    for checkout in (pair.first, pair.second):
        checkout.write({"main.go": main})
    pair.build("-trimpath", ".")
    assert pair.asked("-trimpath", ".") == "built"


def test_whether_there_is_a_c_compiler_counts(tmp_path: Path) -> None:
    pair = Pair(tmp_path, {**FILES, "cmd/api/net.go": 'package main\n\nimport _ "os/user"\n'})
    tools = _made(tmp_path / "tools")
    for name in ("sh", "env", "cp", "python3"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    go = shutil.which("go", path=pair.first.environ["PATH"]) or ""
    pair.build(*API)
    pair.second.environ["PATH"] = f"{os.path.dirname(go)}:{tools}"
    if shutil.which("gcc", path=pair.second.environ["PATH"]):
        pytest.skip("gcc is beside go")
    assert pair.asked(*API) == ("built" if shutil.which("gcc") else "fetched")
