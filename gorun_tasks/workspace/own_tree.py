"""Own tree: which folders below a root are the workspace's own, and which somebody else's.

    ignored folders           what git ignores: build trees, caches; a tracked package is never that
    repositories within       worktrees, nested clones, submodules, where the root is in one itself
    what go unpacked          module caches and SDKs, whether or not git ignores them

Only whole folders count: a file that git ignores is a file of its package. Without git nothing is
ignored. Patterns that the configuration includes overrule all of it.

Decides which folders have no programs of the workspace, and what that rests on. It must never
decide what a build reads, and never read an ignore file: git is asked.
"""

from __future__ import annotations

import os
import subprocess

from gorun_tasks.core.vcs_stamp import Git, repository_around
from gorun_tasks.errors import GoRunError
from gorun_tasks.inputs.path_resolution import upwards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import IO

    from gorun_tasks.config.patterns import Pattern

_SETTINGS = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")
CONFIGURED_BY = (
    *(*_SETTINGS, "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_PARAMETERS"),
    *("GIT_CONFIG_COUNT", "XDG_CONFIG_HOME", "HOME"),
)
"""Variables that say where git has its settings from."""

_A_FILE = "gorun-asks.go"  # as good as any new one
_FIELDS = 4  # of an answer: where the pattern stands, its line, the pattern, the path


class OwnTree:
    """The folders below `root`; each is looked at once, and git asked by one process for all."""

    def __init__(
        self, root: str, environ: Mapping[str, str], include: Iterable[Pattern], cache: str
    ) -> None:
        self._root = root
        self._environ = environ
        self._include = tuple(include)
        self._cache = cache  # GOMODCACHE
        self._repository = repository_around(root)
        self._git: subprocess.Popen[bytes] | None = None
        self._foreign: dict[str, bool] = {}
        self.uses_index = False  # whether what is tracked decides on a package
        self.left_out: set[str] = set()
        if self._repository:
            self._start_git()

    def close(self) -> None:
        """End the process that was asked."""
        if self._git is not None:
            self._git.communicate()
            self._git = None

    def leaves_out(self, directory: str, files: Iterable[str] = ()) -> bool:
        """Say whether a directory below the root is in a folder of somebody else's.

        `files` are those of a package that is there. What is left out is noted.
        """
        if any(pattern.matches(directory) for pattern in self._include):
            return False
        files = tuple(files)
        ways = [way for way in upwards(directory) if way.startswith(f"{self._root}/")]
        outside = next((way for way in reversed(ways) if self._is_foreign(way)), "")
        if not outside and files and self._is_all_ignored(directory, files):
            outside = directory
        if outside:
            self.left_out.add(outside)
            self.uses_index |= bool(files)
        return bool(outside)

    def may_enter(self, directory: str) -> bool:
        """Say whether there may be programs of the workspace in a directory, or below."""
        return not self.leaves_out(directory) or any(p.may_lead(directory) for p in self._include)

    def inputs(self) -> Iterator[str]:
        """Yield the paths on which the answers rest, whether they exist or not.

        Ignore files of directories that were looked into are not among them.
        """
        above = list(upwards(self._root))[1:]
        if not self._repository:
            yield from (f"{way.rstrip('/')}/.git" for way in above)
            return
        # One that appears nearer is in the listing of the root.
        yield from (f"{w}/.gitignore" for w in above if f"{w}/".startswith(f"{self._repository}/"))
        yield f"{self._repository}/.git/config"
        home = self._environ.get("HOME", "")
        settings = self._environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
        yield from (f"{home}/.gitconfig", f"{settings}/git/config", f"{settings}/git/ignore")
        chosen = (self._environ.get(name, "") for name in _SETTINGS)
        yield from (path for path in chosen if path.startswith("/"))
        try:
            yield from self._inputs_by_git()
        except GoRunError:
            return

    def _inputs_by_git(self) -> Iterator[str]:
        git = Git(self._root, self._environ)
        for name in ("info/exclude", "config", *(("index",) if self.uses_index else ())):
            yield os.path.join(self._root, git.line("rev-parse", "--git-path", name))
        origins = git.paths("config", "--list", "--show-origin", "--name-only", "-z")[::2]
        for origin in dict.fromkeys(origins):
            if origin.startswith("file:"):
                yield os.path.join(self._repository, origin.removeprefix("file:"))
        how = ("config", "--type=path", "--get", "core.excludesFile")
        if chosen := git.line(*how, fails_quietly=True):
            yield os.path.join(self._repository, chosen)

    def _is_foreign(self, directory: str) -> bool:
        foreign = self._foreign.get(directory)
        if foreign is None:
            foreign = self._foreign[directory] = (
                (bool(self._repository) and os.path.lexists(f"{directory}/.git"))
                or _is_unpacked(directory, self._cache)
                or self._is_ignored(directory)
            )
        return foreign

    def _is_all_ignored(self, directory: str, files: Iterable[str]) -> bool:
        """Say whether whatever is in a directory is ignored (`build/*`), and nothing tracked."""
        names = (_A_FILE, *files)
        return all(self._is_ignored(f"{directory}/{name}") for name in names)

    def _is_ignored(self, path: str) -> bool:
        if self._git is None:
            return False
        assert self._git.stdin is not None
        assert self._git.stdout is not None
        try:
            name = f"./{os.path.relpath(path, self._root)}"  # a colon first would be magic
            self._git.stdin.write(os.fsencode(name) + b"\0")
            self._git.stdin.flush()
            answer = b"".join(_field(self._git.stdout) for _ in range(_FIELDS)).split(b"\0")
        except OSError:
            answer = []
        if len(answer) <= _FIELDS:
            self._git.kill()
            self.close()  # there is no repository after all
            return False
        return bool(answer[2]) and not answer[2].startswith(b"!")

    def _start_git(self) -> None:
        try:
            git = Git(self._root, self._environ)
            environ = {**git.environ(), "GIT_FLUSH": "1"}
            self._git = subprocess.Popen(
                ["git", "-C", self._root, "check-ignore", "--stdin", "-z", "-v", "-n"],  # noqa: S607
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, GoRunError):
            return
        if os.path.realpath(self._root) != self._repository and self._is_ignored(self._root):
            self.close()  # who works in an ignored folder means what is there


def _field(stream: IO[bytes]) -> bytes:
    """Return an answer's next field, with the zero byte that ends it."""
    read = bytearray()
    while byte := stream.read(1):
        read += byte
        if byte == b"\0":
            break
    return bytes(read)


def _is_unpacked(directory: str, cache: str) -> bool:
    """Say whether a directory is a module cache, a module of one, or a Go SDK."""
    name = os.path.basename(directory)
    return (
        directory == cache
        or "@v" in name
        or os.path.isdir(f"{directory}/cache/download")
        or (os.path.isfile(f"{directory}/VERSION") and os.path.isfile(f"{directory}/src/go.mod"))
    )
