"""What the runners' tests of workspaces share: a configuration, commits, and who is started.

The sample is a module of two programs, so it is a workspace as it stands. Decides how such tests
change it and look at what came of it. It must never replace git or go.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.place import Place

CONFIG = """
[programs.probe]
tags = ["dev"]
args = ["features"]
env = { LEVEL = "high" }

[programs.second]
target = "./other"
"""

NO_PROGRAMS = [
    ("'./other'", "expected a Workspace, or targets by their names, got './other'; "),
    ("['./other']", "expected a Workspace, or targets by their names, got ['./other']; "),
    ("{'other': 3}", "other: expected a target or a Program, got 3; "),
    ("{'': '.'}", "'' is no name for a program; "),
    ("{1: '.'}", "1 is no name for a program; "),
]
"""What a runner's file may say instead of programs, and what is said of it."""


def commit(place: Place) -> None:
    """Commit everything there is to the branch main, of a repository that may be new.

    But for what runners leave behind, which would make the repository dirty.
    """
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--allow-empty", "--message=whatever"),
    ):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words],
            cwd=place.folder,
            env={**place.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
            check=True,
        )
        exclude = place.folder / ".git" / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        exclude.write_text(".nox\n__pycache__\n.doit.db*\n")


def edited(place: Place) -> None:
    """Edit one of the two programs."""
    place.edit("other/main.go", '"other"', '"another"')


def stamped(place: Place, name: str, call: str) -> None:
    """Give all programs that `call` finds, in a runner's file, a tag and a stamp, and commit."""
    shared = 'tags=["dev"], stamp={"main.version": "dirty"}'
    place.edit(name, f"{call}()", f"{call}({shared})")
    commit(place)


def heard(place: Place) -> Callable[[], list[str]]:
    """Listen from here on; return what returns the outcomes of all requests since, sorted."""
    file = place.folder.parent / "events"
    place.environ["GORUN_EVENTS"] = str(file)

    def outcomes() -> list[str]:
        events = map(json.loads, file.read_text().splitlines())
        return sorted(event["outcome"] for event in events if event["event"] == "outcome")

    return outcomes


def asked_of_go(place: Place, *words: str) -> list[str]:
    """Run `python -m WORDS...`; return what go was asked for meanwhile, sorted.

    That what it is to work with (`go env`), and its tools' versions, say nothing of what is built.
    """
    traces = place.folder.parent / "traces"
    shutil.rmtree(traces, ignore_errors=True)
    traces.mkdir()
    how = ("-ff", "--seccomp-bpf", "-qq", "-e", "trace=execve", "-s", "200", "-o", f"{traces}/of")
    subprocess.run(
        ["strace", "-f", *how, *place.command(words)],
        cwd=place.folder,
        env=place.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    lines = [line for trace in traces.iterdir() for line in trace.read_text().splitlines()]
    assert lines, "strace saw nothing"
    started = [re.match(r'execve\("[^"]*/go", \["[^"]*", "(\w*)".* = 0', line) for line in lines]
    return sorted(match[1] for match in started if match and match[1] != "env")


def starts_no_go(place: Place, *words: str) -> None:
    """Assert that `python -m WORDS...` starts no go."""
    trace = place.folder.parent / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=execve", "-o", str(trace), *place.command(words)]
    subprocess.run(
        command, cwd=place.folder, env=place.environ, stdout=subprocess.DEVNULL, check=True
    )
    started = [line.split('"')[1] for line in trace.read_text().splitlines() if " = 0" in line]
    assert started, "strace saw nothing"
    assert not [path for path in started if path.endswith("/go")]
