"""VCS stamp: facts of git that are linked into a program.

    Program("./cmd/api", stamp={"main.version": "version", "main.commit": "commit"})

    version   the newest tag, with the number of commits since and the commit where there are any,
              and -dirty. Where the repository tags the program's own module (services/v1.4.0), of
              these, as v1.4.0; never one of another module. version:PATTERN is the newest tag that
              a pattern of `git describe --match` takes
    commit    the commit that is checked out, in full
    date      when it was committed (committer, ISO 8601)
    dirty     "true" where `git status --porcelain` says anything, else "false": go's vcs.modified

go gets them as `-ldflags=-X main.version=v1.2`, after the words that are there already. They are
inputs like the environment: a program is stale because "version: 'v1.2' → 'v1.3'", and current
where they are the same. Which variable gets which fact is part of who a program is, the values are
not. Outside a repository, and before the first commit, all four are "unknown"; where there is a
repository of which git cannot tell, that is an error.

Decides what is asked: one git for commit and dirty, one more for the version, which are the only
processes on the way to an unchanged program. (A date is asked for once a commit, and remembered
with the build.) It must never change the repository, never ask about another one than that around
the program, whatever a hook has set, nor have git execute what the repository's settings name.
"""

from __future__ import annotations

import os

from gorun_tasks.errors import GoRunError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FACTS = ("version", "commit", "date", "dirty")
UNKNOWN = "unknown"

_DESCRIBE = ("describe", "--tags", "--always", "--long", "--abbrev=40")
_STATUS = ("status", "--porcelain=v2", "--branch", "--no-ahead-behind")
_COMMIT_LINE = "# branch.oid "
_COMMIT = 40  # digits of a commit, or more
_SHORT = 12  # digits of a commit, as in go's own pseudo-versions

_OF_A_HOOK = frozenset(
    (
        *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_PREFIX"),
        *("GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
        *("GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE"),
        *("GIT_NO_REPLACE_OBJECTS", "GIT_INTERNAL_SUPER_PREFIX", "GIT_CONFIG", "GIT_NAMESPACE"),
        *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS"),
        "GIT_ICASE_PATHSPECS",
    )
)
"""What git sets for hooks and aliases, of the repository that they are of (`git rev-parse
--local-env-vars`), and how paths are to be read; the settings of `git -c` stay."""

_MAY_EXECUTE = (
    *(b"fsmonitor", b"filter", b"include", b"worktreeconfig", b"promisor", b"partialclone"),
)
"""Words of a repository's settings by which git may come to execute something."""


def checked(stamp: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return which variables get which facts. Raises UsageError for what makes no sense."""
    if not hasattr(stamp, "items"):
        raise UsageError(
            f"stamp: expected variables and their facts, got {stamp!r}",
            'as in {"main.version": "version"}',
        )
    for variable, fact in stamp.items():
        if not isinstance(variable, str) or "." not in variable or "=" in variable:
            raise UsageError(
                f"cannot stamp {variable!r}", "name a variable with its package: main.version"
            )
        kind, _, pattern = str(fact).partition(":")
        if kind not in FACTS or (pattern and kind != "version"):
            raise UsageError(
                f"cannot stamp {variable} with {fact!r}", f"a fact is one of {', '.join(FACTS)}"
            )
    return tuple(stamp.items())


class Facts:
    """What git says of the repository around a directory, asked when first wanted.

    `module` is the module that tags may be of, relative to the root of the repository `top`, which
    is "" for none.
    """

    def __init__(self, top: str, module: str, environ: Mapping[str, str]) -> None:
        self._top = top
        self._module = module
        self._git = Git(top, environ)
        self._facts: dict[str, str] = {}

    def value(self, fact: str, date_of: Callable[[str], str]) -> str:
        """Return one of FACTS. `date_of` knows dates of some commits, "" for none.

        Raises GoRunError where git cannot tell.
        """
        if not self._facts:
            self._facts = self._state()
        if fact not in self._facts:
            commit = self._facts["commit"]
            if commit == UNKNOWN:
                return UNKNOWN
            if fact == "date":
                self._facts[fact] = date_of(commit) or self._date(commit)
            else:
                self._facts[fact] = self._version(commit, fact.partition(":")[2])
        return self._facts[fact]

    def _state(self) -> dict[str, str]:
        """Return the commit and whether anything differs from it; that first, all else needs it."""
        commit, dirty = UNKNOWN, UNKNOWN
        if self._top:
            said = os.fsdecode(self._git.ask(*_STATUS) or b"").splitlines()
            told = [line[len(_COMMIT_LINE) :] for line in said if line.startswith(_COMMIT_LINE)]
            if told and len(told[0]) >= _COMMIT:
                commit = told[0]
                dirty = "true" if any(not line.startswith("#") for line in said) else "false"
        return {"commit": commit, "dirty": dirty}

    def _version(self, commit: str, pattern: str) -> str:
        tag, since = self._newest_tag(pattern)
        version = tag or commit[:_SHORT]
        if since not in ("", "0"):
            version = f"{tag}-{since}-g{commit[:_SHORT]}"
        return f"{version}-dirty" if self._facts["dirty"] == "true" else version

    def _newest_tag(self, pattern: str) -> tuple[str, str]:
        """Return the newest tag that may be this program's, and how many commits there are since.

        Both are "" where there is none.
        """
        if pattern:
            return self._describe("--match", pattern)
        stem = _without_major(self._module)
        if stem:
            tag, since = self._not_of_others("--match", f"{_literal(stem)}/v[0-9]*")
            if tag:
                return tag.removeprefix(f"{stem}/"), since
        return self._not_of_others()

    def _not_of_others(self, *how: str) -> tuple[str, str]:
        while True:
            tag, since = self._describe(*how)
            other = self._module_of(tag)
            if other in ("", self._module):  # a tag of the whole counts for every module
                return tag, since
            stem = _without_major(other)
            start = f"{_literal(stem)}/" if stem else ""
            version = f"{other[len(stem) :].lstrip('/')}.*" if stem != other else "v[0-9]*"
            how += ("--exclude", start + version)

    def _module_of(self, tag: str) -> str:
        """Return the module that a tag names a version of, as go has it; "" for the whole."""
        path, _, version = tag.rpartition("/")
        if version[:1] != "v" or not version[1:2].isdecimal():
            return ""
        major = version.partition(".")[0]
        for directory in (f"{path}/{major}".lstrip("/"), path):
            if directory and os.path.isfile(f"{self._top}/{directory}/go.mod"):
                return directory
        return ""

    def _describe(self, *how: str) -> tuple[str, str]:
        said = self._git.line(*_DESCRIBE, *how)
        tag, since, commit = _parts(said)
        if len(commit) < _COMMIT:
            raise GoRunError(f"git describe said {said!r}, which is not understood")
        return tag, since

    def _date(self, commit: str) -> str:
        how = ("show", "-s", "--no-show-signature", "--format=%cI")
        date = self._git.line(*how, commit, "--", fails_quietly=True)
        if not date:
            raise GoRunError(f"git cannot tell when {commit} was committed")
        return date


def repository_around(directory: str) -> str:
    """Return the root of the git repository around a directory, "" for none."""
    place = os.path.realpath(directory)
    while not os.path.lexists(f"{place}/.git"):
        if place == "/":
            return ""
        place = os.path.dirname(place)
    return place


def module_around(directory: str, top: str) -> str:
    """Return the module around a directory, relative to the repository `top`; "" for the whole."""
    place = os.path.realpath(directory)
    while place.startswith(f"{top}/"):
        if os.path.isfile(f"{place}/go.mod"):
            return place[len(top) + 1 :]
        place = os.path.dirname(place)
    return ""


def _without_major(module: str) -> str:
    """Return a module's directory without a last v2, v3, ...: tags do not have it."""
    stem, _, last = module.rpartition("/")
    return stem if last[:1] == "v" and last[1:].isdecimal() and int(last[1:]) > 1 else module


def _literal(path: str) -> str:
    """Return a pattern of git's that matches this path alone."""
    return "".join(f"\\{letter}" if letter in "*?[\\" else letter for letter in path)


def _parts(described: str) -> tuple[str, str, str]:
    """Split "TAG-COUNT-gCOMMIT", or "COMMIT" where there is no tag."""
    rest, mark, commit = described.rpartition("-g")
    if not mark:
        return "", "", described
    tag, _, since = rest.rpartition("-")
    return tag, since, commit


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for git that only looks: of no hook's repository, and without hooks."""
    own = {name: value for name, value in environ.items() if name not in _OF_A_HOOK}
    own["GIT_OPTIONAL_LOCKS"] = "0"  # whoever only looks takes none
    return with_settings(own, {"core.hooksPath": os.devnull})


def with_settings(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which git has these settings as well, over those of its files."""
    given = environ.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isdecimal() else 0
    added = dict(environ)
    for number, (name, value) in enumerate(settings.items(), first):
        added[f"GIT_CONFIG_KEY_{number}"] = name
        added[f"GIT_CONFIG_VALUE_{number}"] = value
    added["GIT_CONFIG_COUNT"] = str(first + len(settings))
    return added


def may_execute(place: str) -> bool:
    """Say whether the settings of the repository at `place` are worth a closer look."""
    try:
        with open(f"{place}/.git/config", "rb") as file:
            text = file.read().lower()
    except OSError:
        return True  # a worktree or a submodule: its settings lie elsewhere
    return any(word in text for word in _MAY_EXECUTE) or os.path.lexists(f"{place}/.gitmodules")


class Git:
    """The repository that a directory is in, whatever a hook says of its own."""

    def __init__(self, directory: str, environ: Mapping[str, str]) -> None:
        self._directory = directory
        self._environ = environment(environ)
        self._is_safe = False
        self._top = ""

    @property
    def top(self) -> str:
        """The root of its working tree. Raises GoRunError where there is none."""
        if not self._top:
            self._top = os.path.realpath(self.line("rev-parse", "--show-toplevel"))
        return self._top

    def environ(self) -> dict[str, str]:
        """Return the environment in which git executes nothing that the repository names.

        What the user's own settings name it does execute. Raises GoRunError.
        """
        if not self._is_safe:
            self._is_safe = True
            place = repository_around(self._directory)
            if place and may_execute(place):
                from gorun_tasks.core.git_settings import overruled

                self._environ = overruled(place, self._environ)
        return self._environ

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
        environ = self.environ()
        reader, writer = os.pipe()
        try:
            process = os.posix_spawnp(
                "git",
                ["git", "-C", self._directory, *words],
                environ,
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
