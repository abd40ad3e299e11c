"""Discover: the main packages of a directory tree, found by go once and remembered.

What is found is a result with inputs, like an executable: while none of them changed it costs
stats alone, else go is asked once for each module or go.work (`explore`). What go asks the disk
for while it answers is traced, as for a build. Of that these facts decide what is a main package:

- of each directory that was looked into: the directories, `.go` files, go.mod and go.work in it;
- of each package: the file that gives it its name, and those before it that could. go takes the
  first one that constraints let in, in alphabetical order (go/build, Context.Import). Only its
  head counts: everything up to the first declaration (`meaning`);
- go.mod, go.work, the absence of nearer ones, environment, toolchain: as for a build.

So an edit inside a function, in a README or in another file of a package asks nobody, and a
thousand packages are two thousand stats. Decides whether what was found still holds. It must never
decide what a main package is: that is go's.
"""

from __future__ import annotations

from gorun_tasks.fingerprint import Look, holds, sealed
from gorun_tasks.store import checksum, frame, read_file, unframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.facts import Fact
    from gorun_tasks.fingerprint import Record, Seal
    from gorun_tasks.program import Program


class Main:
    """A main package: its directory, and where and how go builds it.

    `cwd` is where go has to be, `alone` says that it needs GOWORK=off there.
    """

    __slots__ = ("alone", "cwd", "directory", "import_path")

    def __init__(self, directory: str, import_path: str, cwd: str, *, alone: bool) -> None:
        self.directory = directory
        self.import_path = import_path
        self.cwd = cwd
        self.alone = alone


class Found:
    """What was found at some time, and what that depended on.

    `records` and `facts` say what was recorded and what it means; where the seals of the records
    hold they are not read. `untold` are directories for which go could not answer, and is empty in
    what is kept.
    """

    __slots__ = ("environment", "facts", "links", "lookups", "mains", "records", "seals", "untold")

    def __init__(
        self,
        environment: tuple[tuple[str, str], ...],
        lookups: tuple[tuple[str, str], ...],
        links: tuple[tuple[str, str], ...],
        mains: list[Main],
        seals: list[Seal],
    ) -> None:
        self.environment = environment
        self.lookups = lookups
        self.links = links
        self.mains = mains
        self.seals = seals
        self.records: list[Record] = []
        self.facts: list[Fact] = []
        self.untold: tuple[str, ...] = ()

    def framed(self, identity: tuple[str, ...]) -> bytes:
        """Return the bytes of a stored file."""
        mains = [(main.directory, main.import_path, main.cwd, main.alone) for main in self.mains]
        seals = list(map(sealed, self.records))
        first = (identity, self.environment, self.lookups, self.links, mains, seals)
        return frame(first, (self.records, self.facts))

    @classmethod
    def unframed(cls, data: bytes, identity: tuple[str, ...]) -> Found:
        """Return what was stored. Raises ValueError and TypeError for anything else."""
        stored, environment, lookups, links, mains, seals = unframe(data)
        if stored != identity:
            raise ValueError("of another workspace")
        return cls(
            environment,
            lookups,
            links,
            [Main(place, path, cwd, alone=alone) for place, path, cwd, alone in mains],
            seals,
        )


def discover(asker: Program) -> Found:
    """Return what there is below the directory of `asker`; the main packages are by directory.

    `asker` brings directory, environment and store, and the flags with which packages are chosen.
    Raises ToolchainError where there is no go to ask.
    """
    key, identity = _who(asker)
    found = _remembered(asker, key, identity)
    if found is None:
        from gorun_tasks.explore import explore  # noqa: PLC0415 - something changed

        found, recordable = explore(asker)
        if recordable:
            _keep(asker, key, found.framed(identity))
    return found


def is_known(asker: Program) -> bool:
    """Say whether `discover` can answer without asking go."""
    return _remembered(asker, *_who(asker)) is not None


def _who(asker: Program) -> tuple[str, tuple[str, ...]]:
    """Return the key under which the answer is kept, and whose it is."""
    identity = (asker.cwd, *asker.flags.words)
    words = "\0".join(identity).encode("utf-8", "surrogateescape")
    return checksum(words).hex(), identity  # which is compared too, as for programs


def _remembered(asker: Program, key: str, identity: tuple[str, ...]) -> Found | None:
    """Return what was found before, None where it may no longer be all."""
    if not asker.store.trusted():
        return None
    try:
        data = read_file(f"{asker.store.root}/workspaces/{key}")
        found = Found.unframed(data, identity)
    except (OSError, ValueError, TypeError):
        return None
    if not Look(asker.store, asker.environ).surroundings_hold(found, asker):
        return None
    root = asker.cwd
    suspects = [number for number, seal in enumerate(found.seals) if not holds(seal, root)]
    if suspects:
        from gorun_tasks.facts import renew  # noqa: PLC0415 - a stat differs

        if not renew(found, suspects, data, root):
            return None
        _keep(asker, key, found.framed(identity))
    return found


def _keep(asker: Program, key: str, content: bytes) -> None:
    from gorun_tasks.writing import Unusable, Writer  # noqa: PLC0415 - only to write

    try:
        Writer.of(asker.store).keep("workspaces", key, content)
    except Unusable:
        return
