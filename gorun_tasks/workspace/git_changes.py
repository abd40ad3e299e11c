"""Git changes: what differs between a revision and what is there now.

    main          everything since main, what is not committed and what is new to git included
    main...HEAD   the same since this branch left main
    HEAD          what is not committed

What is not committed counts always, since what is there is what would be built; so the right side
of `..` and `...` has to be what is checked out. That is so, too, where git was told not to look
(skip-worktree, assume-unchanged). What git ignores counts as well, and a repository within this
one, since nobody knows what was there before: a whole directory as one change. Decides which files
changed and how. It must never decide whether that matters.
"""

from __future__ import annotations

import os
import re

from gorun_tasks.core.vcs_stamp import Git
from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.semantic_digest import meaning_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EDITED, NEW, REMOVED, CHANGED = "edited", "new file", "removed", "changed"
"""What became of a file. CHANGED stands for anything: nobody knows, or another kind of file."""

NEW_DIRECTORY = "new directory"
"""A repository within this one: git does not look into it."""

IGNORED = "ignored by git"
"""Not known to git, which has been told so: a generated file, or what was built or fetched."""

# Whatever the user has configured.
_PLAINLY = (
    *("--no-renames", "--no-ext-diff", "--no-textconv", "--no-relative"),
    "--ignore-submodules=none",
)
_OTHERS = ("ls-files", "--others", "--exclude-standard", "--full-name", "-z")
_SPARSE = ("config", "--type=bool", "core.sparseCheckout")
_KINDS = {"M": EDITED, "A": NEW, "D": REMOVED}
_SUBMODULE = "160000 "  # the mode of an entry
# How git quotes a name: as a string of C.
_CONTROLS = (b"\a", b"\b", b"\t", b"\n", b"\v", b"\f", b"\r")
_ESCAPED = re.compile(rb"\\([0-7]{3}|.)")
_LETTERS = dict(zip((b"a", b"b", b"t", b"n", b"v", b"f", b"r"), _CONTROLS, strict=True))


class Changes:
    """Changed files by absolute path, without links in it: {path: what became of it}.

    `base` is the commit they are counted from, "" for a list of files.
    """

    def __init__(self, files: Mapping[str, str], base: str = "", git: Git | None = None) -> None:
        self.files = files
        self.base = base
        self._git = git
        self._before: dict[str, bytes | None] = {}

    @classmethod
    def since(cls, revision: str, directory: str, environ: Mapping[str, str]) -> Changes:
        """Return what changed since a revision, in the repository that `directory` is in.

        Raises UsageError for a revision that git does not know, and GoRunError where it cannot
        tell.
        """
        git = Git(directory, environ)
        top = git.top  # raises where there is no repository: no revision would be known
        base = _base(git, revision)
        told = git.paths("diff", *_PLAINLY, "--name-status", "-z", base, "--")
        files = {
            f"{top}/{path}": _KINDS.get(status, CHANGED)
            for status, path in zip(told[::2], told[1::2], strict=True)
        }
        files |= dict.fromkeys(_ignored(git, environ), IGNORED)
        for path in git.paths(*_OTHERS, ":/"):
            kind = NEW_DIRECTORY if path.endswith("/") else NEW
            files[f"{git.top}/{path.rstrip('/')}"] = kind
        changes = cls(files, base, git)
        files |= _edited_unseen(git, changes)
        return changes

    @classmethod
    def of(cls, paths: Iterable[str], directory: str) -> Changes:
        """Return these files as changed; relative paths start from `directory`."""
        files = {}
        for path in paths:
            parent, name = os.path.split(os.path.normpath(os.path.join(directory, path)))
            real = f"{os.path.realpath(parent)}/{name}"
            files[real] = CHANGED if os.path.lexists(real) else REMOVED
        return cls(files)

    def mean_nothing(self, path: str, kind: bytes) -> bool:
        """Say whether go takes the same from a file now as before (`inputs.semantic_digest`)."""
        before = self.before(path)
        try:
            with open(path, "rb") as file:
                now = file.read()
        except OSError:
            return False
        return before is not None and meaning_of(kind, before) == meaning_of(kind, now)

    def before(self, path: str) -> bytes | None:
        """Return what a file held; None where it was not there, or nobody can tell."""
        if self._git is None:
            return None
        if path not in self._before:
            name = os.path.relpath(path, self._git.top)
            how = ("cat-file", "blob")
            self._before[path] = self._git.ask(*how, f"{self.base}:{name}", fails_quietly=True)
        return self._before[path]


def _edited_unseen(git: Git, changes: Changes) -> dict[str, str]:
    """Return the edited ones among the files of which git was told not to look at them.

    One that a sparse checkout leaves out is none of them.
    """
    told = git.paths("ls-files", "-v", "--full-name", "-z", ":/")
    hidden = [entry for entry in told if entry[0] == "S" or entry[0].islower()]
    is_sparse = bool(hidden) and git.line(*_SPARSE, fails_quietly=True) == "true"
    found = {}
    for entry in hidden:
        path = f"{git.top}/{entry[2:]}"
        if not os.path.lexists(path):
            if not (is_sparse and entry[0] in "Ss"):
                found[path] = REMOVED
        elif _content(path) != changes.before(path):
            found[path] = changes.files.get(path, EDITED)
    return found


def _content(path: str) -> bytes | None:
    """Return what git has of a file; None where it cannot be read, or is none."""
    try:
        if os.path.islink(path):
            return os.fsencode(os.readlink(path))
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _ignored(git: Git, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what git ignores, in submodules as well, whole directories as one."""
    for path in git.paths(*_OTHERS, "--ignored", "--directory", ":/"):
        yield f"{git.top}/{path.rstrip('/')}"
    if not os.path.lexists(f"{git.top}/.gitmodules"):
        return
    for entry in git.paths("ls-files", "--stage", "--full-name", "-z", ":/"):
        mode, _, path = entry.partition("\t")
        place = f"{git.top}/{path}"
        if mode.startswith(_SUBMODULE) and os.path.lexists(f"{place}/.git"):
            yield from _ignored(Git(place, environ), environ)


def names_told(told: bytes) -> list[str]:
    """Return names of files as git tells them: a line each, odd ones quoted, or for -z with zeros.

    Nothing is the name of no file.
    """
    if b"\0" in told:
        names = told.split(b"\0")
    else:
        names = [
            _ESCAPED.sub(_unescaped, line[1:-1]) if line[:1] == line[-1:] == b'"' else line
            for line in told.splitlines()
        ]
    return [os.fsdecode(name) for name in names if name]


def _unescaped(escaped: re.Match[bytes]) -> bytes:
    letters = escaped[1]
    if letters.isdigit():
        return bytes([int(letters, 8)])
    return _LETTERS.get(letters, letters)


def _base(git: Git, revision: str) -> str:
    """Return the commit from which a revision, or a range of two, counts. Raises UsageError."""
    left, dots, right = revision.partition("...")
    if not dots:
        left, dots, right = revision.partition("..")
    commit = _commit(git, left or "HEAD")
    if not dots:
        return commit
    here = _commit(git, "HEAD")
    if _commit(git, right or "HEAD") != here:
        raise UsageError(
            f"{right} is not what is checked out, and only that can be built",
            f"check it out, or compare with HEAD: {left}{dots}HEAD",
        )
    if dots == "..":
        return commit
    common = git.line("merge-base", commit, here, fails_quietly=True)
    if not common:
        raise UsageError(
            f"git knows no commit that {left or 'HEAD'} and HEAD have in common",
            "a shallow clone lacks it: git fetch --unshallow, or fetch-depth: 0 in CI",
        )
    return common


def _commit(git: Git, revision: str) -> str:
    name = f"{revision}^{{commit}}"
    how = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    found = git.line(*how, name, fails_quietly=True)
    if not found and revision == "HEAD":  # before the first commit: all files are new
        return git.line("hash-object", "-t", "tree", "/dev/null")
    if not found:
        raise UsageError(f"git knows no revision {revision!r}", "in CI it may have to be fetched")
    return found
