"""Recordable builds: which may be remembered at all, by the go that makes them and its settings.

Decides which Go releases are trusted to report all that they read, and which settings have a build
depend on more. It must never let pass a setting that nobody looked into.
"""

from __future__ import annotations

import os
import re

from gorun_tasks.core.program import TEMPORARY
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.toolchain.report import Report

SUPPORTED = ("go1.24", "go1.25", "go1.26", "go1.27")
"""The Go releases whose report is known to be complete: what they read besides was reviewed
(tests/releases), and all proofs passed with them."""

_FOR_GO_ITSELF = frozenset(
    ("goindex", "gocachehash", "gofsystrace", "gofsystracelog", "gocacheverify", "gocachetest")
)


def supported(version: str) -> bool:
    """Say whether builds by this go ("go1.27.3") may be recorded.

    What calls itself otherwise than a release does is another go, whatever it was made from.
    """
    release = re.match(r"go1\.\d+", version)
    return (
        release is not None
        and release[0] in SUPPORTED
        and re.fullmatch(r"(\.\d+)?", version[release.end() :]) is not None
    )


def refuse_unrecordable(report: Report, program: ProgramSpec) -> None:
    """Raise NotRecorded where a build of a program must not be remembered."""
    settings = report.settings
    forbidden = program.never_recorded()
    if forbidden:
        raise NotRecorded(forbidden)
    version = settings.get("GOVERSION", "a go that go env cannot tell of")
    if not supported(version):
        raise NotRecorded(
            f"{version} is not one of {', '.join(SUPPORTED)}, so go is asked at each run"
        )
    flag = program.flags.recording_forbidden_by(settings.get("GOFLAGS", ""))
    if flag:
        raise NotRecorded(f"GOFLAGS has {flag}, so go is asked at each run")
    if report.diagnostics:
        raise NotRecorded("go printed something, and would print it again")
    _refuse_settings(settings)
    for setting in program.environ.get("GODEBUG", "").split(","):
        if setting.partition("=")[0] in _FOR_GO_ITSELF:
            raise NotRecorded(f"GODEBUG has {setting}, which is for go itself")


def _refuse_settings(settings: Mapping[str, str]) -> None:
    if "\ufffd" in repr(settings):
        raise NotRecorded("go's settings have names that are not UTF-8, which go env cannot tell")
    if settings.get("GOENV", "")[:1] not in ("", "/"):
        raise NotRecorded("GOENV is a relative path, so go is asked at each run")
    if not settings.get("GOMOD"):
        raise NotRecorded("there is no go.mod (GOPATH mode), so go is asked at each run")
    if _lies_in_temporary_root(settings["GOMOD"]):
        raise NotRecorded(
            f"the module lies in {TEMPORARY} itself, where go sees it only while TMPDIR is set"
        )


def _lies_in_temporary_root(module: str) -> bool:
    """Say whether go would pass over this go.mod where TMPDIR is not set (modload.Init).

    A check takes a variable that is not set for what it is recorded as where that is "".
    """
    try:
        return os.path.samefile(os.path.dirname(module), TEMPORARY)
    except OSError:
        return False
