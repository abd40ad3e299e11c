"""VCS stamp: facts of git that are linked into a program.

    Program("./cmd/api", stamp={"main.version": "version", "main.commit": "commit"})

    version   the newest tag, with the number of commits since and the commit where there are any,
              and -dirty; as `git describe --tags --always --dirty --abbrev=12` says it
    commit    the commit that is checked out, in full
    date      when it was committed (committer, ISO 8601)
    dirty     "true" where files that git knows differ from the commit, else "false"

go gets them as `-ldflags=-X main.version=v1.2`, after the words that are there already. They are
inputs like the environment: a program is stale because "version: 'v1.2' → 'v1.3'", and current
where they are the same. Which variable gets which fact is part of who a program is, the values are
not. Outside a repository, and before the first commit, all four are "unknown"; where there is a
repository of which git cannot tell, that is an error.

Decides what is asked, in one process: the only one on the way to an unchanged program. (A date is
asked for once a commit, and remembered with the build.) It must never change the repository.
"""

from __future__ import annotations

import os

from gorun_tasks.errors import GoRunError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FACTS = ("version", "commit", "date", "dirty")
UNKNOWN = "unknown"

_DESCRIBE = ("describe", "--tags", "--always", "--long", "--dirty", "--abbrev=40")
_COMMIT = 40  # digits of a commit, or more
_SHORT = 12  # digits of a commit, as in go's own pseudo-versions


def checked(stamp: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return which variables get which facts. Raises UsageError for what makes no sense."""
    if not hasattr(stamp, "items"):
        raise UsageError(
            f"stamp: expected variables and their facts, got {stamp!r}",
            '{"main.version": "version"}',
        )
    for variable, fact in stamp.items():
        if not isinstance(variable, str) or "." not in variable or "=" in variable:
            raise UsageError(
                f"cannot stamp {variable!r}", "name a variable with its package: main.version"
            )
        if fact not in FACTS:
            raise UsageError(f"{fact!r} is nothing to stamp", f"it is one of {', '.join(FACTS)}")
    return tuple(stamp.items())


class Facts:
    """What git says of the repository around a directory ("" for none), asked when first wanted."""

    def __init__(self, directory: str, environ: Mapping[str, str]) -> None:
        self._directory = directory
        self._git = Git(directory, environ)
        self._facts: dict[str, str] = {}

    def value(self, fact: str, date_of: Callable[[str], str]) -> str:
        """Return one of FACTS. `date_of` knows dates of some commits, "" for none.

        Raises GoRunError where git cannot tell.
        """
        if not self._facts:
            self._facts = self._describe()
        if fact == "date" and fact not in self._facts:
            commit = self._facts["commit"]
            self._facts[fact] = date_of(commit) or self._date(commit)
        return self._facts[fact]

    def _describe(self) -> dict[str, str]:
        if not self._directory:
            return dict.fromkeys(FACTS, UNKNOWN)
        said = self._git.line(*_DESCRIBE, fails_quietly=True)
        name = said.removesuffix("-dirty")
        tag, since, commit = _parts(name)
        if len(commit) < _COMMIT:
            return self._undescribed()
        version = tag or commit[:_SHORT]
        if since not in ("", "0"):
            version = f"{tag}-{since}-g{commit[:_SHORT]}"
        dirty = said != name
        return {
            "version": f"{version}-dirty" if dirty else version,
            "commit": commit,
            "dirty": "true" if dirty else "false",
        }

    def _undescribed(self) -> dict[str, str]:
        """Return that nothing is known where nothing was committed yet; else raise GoRunError."""
        self._git.ask("rev-parse", "--git-dir")
        if self._git.line("rev-parse", "--verify", "--quiet", "HEAD", fails_quietly=True):
            self._git.ask(*_DESCRIBE)
            raise GoRunError("git describe says what is not understood")
        return dict.fromkeys(FACTS, UNKNOWN)

    def _date(self, commit: str) -> str:
        how = ("show", "-s", "--format=%cI")
        date = self._git.line(*how, commit, "--", fails_quietly=True)
        if not date:
            raise GoRunError(f"git cannot tell when {commit} was committed")
        return date


def repository_around(directory: str) -> str:
    """Return the root of the git repository around a directory, "" for none.

    With GIT_DIR git itself is asked from there, whatever lies around.
    """
    place = os.path.realpath(directory)
    while not os.path.lexists(f"{place}/.git"):
        if place == "/":
            return directory if os.environ.get("GIT_DIR") else ""
        place = os.path.dirname(place)
    return place


def _parts(described: str) -> tuple[str, str, str]:
    """Split "TAG-COUNT-gCOMMIT", or "COMMIT" where there is no tag."""
    rest, mark, commit = described.rpartition("-g")
    if not mark:
        return "", "", described
    tag, _, since = rest.rpartition("-")
    return tag, since, commit


class Git:
    """The repository that a directory is in."""

    def __init__(self, directory: str, environ: Mapping[str, str]) -> None:
        self._directory = directory
        # Whoever only looks takes no locks.
        self._environ = {**environ, "GIT_OPTIONAL_LOCKS": "0"}
        self._top = ""

    @property
    def top(self) -> str:
        """The root of its working tree. Raises GoRunError where there is none."""
        if not self._top:
            self._top = os.path.realpath(self.line("rev-parse", "--show-toplevel"))
        return self._top

    def ask(self, *words: str, fails_quietly: bool = False) -> bytes | None:
        """Return what git says; None where it fails and may. Raises GoRunError."""
        said, status = self._run(words, 1)
        if status == 0:
            return said
        if fails_quietly:
            return None
        error, _ = self._run(words, 2)
        raise GoRunError(f"git cannot tell: {os.fsdecode(error).strip()}")

    def paths(self, *words: str) -> list[str]:
        """Return the words that git separates by zero bytes. Raises GoRunError."""
        return os.fsdecode(self.ask(*words) or b"").split("\0")[:-1]

    def line(self, *words: str, fails_quietly: bool = False) -> str:
        """Return the one line that git says, "" where it fails and may. Raises GoRunError."""
        return os.fsdecode(self.ask(*words, fails_quietly=fails_quietly) or b"").rstrip("\n")

    def _run(self, words: tuple[str, ...], stream: int) -> tuple[bytes, int]:
        """Return what git writes to one of its streams, and its exit status.

        Without `subprocess`, the import of which takes longer than git does.
        """
        reader, writer = os.pipe()
        try:
            process = os.posix_spawnp(
                "git",
                ["git", "-C", self._directory, *words],
                self._environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 3 - stream, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_DUP2, writer, stream),
                ],
            )
        except OSError as error:
            os.close(reader)
            raise GoRunError(f"cannot start git: {error.strerror}") from error
        finally:
            os.close(writer)
        with open(reader, "rb") as pipe:
            said = pipe.read()
        return said, os.waitpid(process, 0)[1]
