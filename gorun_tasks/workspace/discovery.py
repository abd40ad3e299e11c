"""Discovery: the main packages of a directory tree, found by go once and remembered.

What is found is a result with inputs, like an executable: while none of them changed it costs stats
alone, else go is asked once for each module or go.work (`package_scan`). What go asks the disk for
while it answers is traced, as for a build. Of that these facts decide what is a main package:

- of each directory that was looked into: the directories, `.go` files, go.mod and go.work in it;
- of each package: the file that gives it its name, and those before it that could. go takes the
  first one that constraints let in, in alphabetical order (go/build, Context.Import). Only its
  head counts: everything up to the first declaration (`inputs.semantic_digest`);
- what git ignores, and which folders are repositories of their own (`own_tree`): its ignore files
  and settings;
- go.mod, go.work, the absence of nearer ones, environment, toolchain: as for a build.

So an edit inside a function, in a README or in another file of a package asks nobody, and a
thousand packages are two thousand stats. Decides whether what was found still holds. It must never
decide what a main package is: that is go's.
"""

from __future__ import annotations

from gorun_tasks.core.check import StatCache
from gorun_tasks.core.fingerprint import holds
from gorun_tasks.core.store import checksum, read_file
from gorun_tasks.errors import ToolchainError
from gorun_tasks.workspace.packages import Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gorun_tasks.api import Program
    from gorun_tasks.config.patterns import Pattern


_is_offline = False


def stay_offline() -> None:
    """Have nobody elsewhere be asked in this process: a question uses no network."""
    global _is_offline  # noqa: PLW0603 - there is one command line
    _is_offline = True


def discover(asker: Program, include: Sequence[Pattern] = ()) -> Found:
    """Return what there is below the directory of `asker`; the main packages are by directory.

    `include` are patterns of what is found though it lies in a folder of somebody else's.

    `asker` brings directory, environment and store, and the flags with which packages are chosen.
    Raises ToolchainError where there is no go to ask, and no answer of one elsewhere.
    """
    key, identity = _who(asker, include)
    found = _remembered(asker, key, identity)
    if found is None:
        found, recordable = _asked(asker, include)
        if recordable:
            _keep(asker, key, found.framed(identity))
    return found


def _asked(asker: Program, include: Sequence[Pattern]) -> tuple[Found, bool]:
    """Return what go tells, or where there is none what one elsewhere has told."""
    from gorun_tasks.workspace.package_scan import explore

    try:
        return explore(asker, include)
    except ToolchainError as absent:
        if _is_offline:
            raise
        from gorun_tasks.build.sharing import has_place
        from gorun_tasks.workspace.shared_packages import fetch

        told = fetch(asker, include)
        if told is None and has_place(asker):
            sentence = f"{absent.args[0]}, and which programs there are now nobody has published"
            raise ToolchainError(sentence, absent.hint) from absent
        if told is None:
            raise
        return told


def is_known(asker: Program, include: Sequence[Pattern] = ()) -> bool:
    """Say whether `discover` can answer without asking go."""
    return _remembered(asker, *_who(asker, include)) is not None


def _who(asker: Program, include: Sequence[Pattern]) -> tuple[str, tuple[str, ...]]:
    """Return the key under which the answer is kept, and whose it is."""
    included = (pattern.words for pattern in include)
    identity = (asker.cwd, *asker.flags.words, "include", *included)
    words = "\0".join(identity).encode("utf-8", "surrogateescape")
    # The identity is compared too, as for programs, and the environment is an input.
    return checksum(words).hex() + asker.platform, identity


def _remembered(asker: Program, key: str, identity: tuple[str, ...]) -> Found | None:
    """Return what was found before, None where it may no longer be all."""
    if not asker.store.trusted():
        return None
    try:
        data = read_file(f"{asker.store.root}/workspaces/{key}")
        found = Found.unframed(data, identity)
    except (OSError, ValueError, TypeError):
        return None
    if not StatCache(asker.store, asker.environ).environment_holds(found, asker):
        return None
    root = asker.cwd
    suspects = [number for number, seal in enumerate(found.seals) if not holds(seal, root)]
    if suspects:
        from gorun_tasks.workspace.package_facts import renew

        if not renew(found, suspects, data, root):
            return None
        _keep(asker, key, found.framed(identity))
    return found


def _keep(asker: Program, key: str, content: bytes) -> None:
    from gorun_tasks.storage.writer import StoreUnusable, Writer

    try:
        Writer.of(asker.store).keep("workspaces", key, content)
    except StoreUnusable:
        return
