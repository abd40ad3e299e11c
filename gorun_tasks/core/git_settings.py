"""Git settings: those of a repository by which git would execute something, overruled.

A repository that somebody hands over can have, in its `.git/config`, commands of core.fsmonitor
and of filters, and a way to fetch what a partial clone lacks. git executes them also where it is
only asked what changed. The user's own settings (filters such as LFS, a file system monitor) stay,
and so does `core.fsmonitor=true`, which names no command.

Decides which settings git is asked with. It must never be imported for a repository that has none
of these (`vcs_stamp.may_execute`).
"""

import os

from gorun_tasks.core.vcs_stamp import environment, may_execute, with_settings
from gorun_tasks.errors import GoRunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OF_REPOSITORY = ("local", "worktree")
_TRUE = ("true", "yes", "on", "1", "")
_FILTER = ("clean", "smudge", "process", "required")
_OF_FETCHING = frozenset(
    ("sshcommand", "gitproxy", "askpass", "helper", "uploadpack", "vcs", "url", "insteadof")
)
_OF_FETCHING_ALWAYS = ("protocol.", "credential.", "url.")


def overruled(place: str, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment in which git has, for what it would execute, the user's settings.

    For the repository at `place` and its submodules, which git looks into as well. Raises
    GoRunError where git cannot tell its settings.
    """
    settings: dict[str, str] = {}
    fetches = True
    for repository in _with_submodules(place):
        users, own = _settings(repository, environ)
        for name, value in own.items():
            section, _, variable = name.partition(".")
            last = variable.rpartition(".")[2]
            if name == "core.fsmonitor" and value.lower() not in _TRUE:
                settings[name] = users.get(name, "false")
            elif section == "filter" and last in _FILTER:
                settings[name] = users.get(name, "false" if last == "required" else "")
        if any(n.endswith((".promisor", ".partialclone")) for n in own):
            fetches &= not any(map(_may_execute_to_fetch, own.items()))
    safe = with_settings(environ, settings)
    if not fetches:
        safe["GIT_ALLOW_PROTOCOL"] = "none"
    return safe


def _may_execute_to_fetch(setting: tuple[str, str]) -> bool:
    name, value = setting
    last = name.rpartition(".")[2]
    if last == "url" and name.startswith("remote."):
        return "::" in value
    return last in _OF_FETCHING or name.startswith(_OF_FETCHING_ALWAYS)


def _with_submodules(place: str) -> "Iterator[str]":
    """Yield a repository, and its submodules that are checked out, at any depth."""
    rest = [place]
    seen = set()
    while rest:
        place = rest.pop()
        if place in seen:
            continue
        seen.add(place)
        yield place
        try:
            with open(f"{place}/.gitmodules", encoding="utf-8", errors="surrogateescape") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, path = line.partition("=")
            inner = f"{place}/{path.strip().strip(chr(34))}"
            if name.strip().lower() == "path" and os.path.lexists(f"{inner}/.git"):
                rest.append(os.path.realpath(inner))


def _settings(
    repository: str, environ: "Mapping[str, str]"
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the settings of the user, and those of the repository."""
    if not may_execute(repository):
        return {}, {}
    import subprocess

    how = ("config", "--list", "--show-scope", "--includes", "-z")
    try:
        done = subprocess.run(
            ["git", "-C", repository, *how],  # noqa: S607 - the user's git
            env=environment(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise GoRunError(f"cannot start git: {error.strerror}") from error
    if done.returncode:
        raise GoRunError(f"git cannot tell: {os.fsdecode(done.stderr).strip()}")
    users: dict[str, str] = {}
    own: dict[str, str] = {}
    words = os.fsdecode(done.stdout).split("\0")
    for scope, setting in zip(words[::2], words[1::2], strict=False):
        name, _, value = setting.partition("\n")
        (own if scope in _OF_REPOSITORY else users)[name] = value
    return users, own
