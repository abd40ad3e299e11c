"""Packages: what is known of the main packages of a directory tree, and what that rests on.

Decides nothing: it is what `discovery` remembers and `package_scan` finds.
"""

from __future__ import annotations

from gorun_tasks.core.fingerprint import stat_digest
from gorun_tasks.core.store import frame, unframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.core.fingerprint import Record, StatDigest

    Fact = tuple[str, tuple[str, ...] | None, tuple[bytes, ...]]
    """Behind a record: the last `.go` file that counts in its directory (see `names_in`), the names
    that do (None where it cannot be read), and what its own names hold."""


class Main:
    """A main package: its directory, and where and how go builds it.

    `directory` is "" for a tool of go.mod that lies elsewhere. `cwd` is where go has to be, `alone`
    says that it needs GOWORK=off there.
    """

    def __init__(self, directory: str, import_path: str, cwd: str, *, alone: bool) -> None:
        self.directory = directory
        self.import_path = import_path
        self.cwd = cwd
        self.alone = alone


class Found:
    """What was found at some time, and what that depended on.

    `records` and `facts` say what was recorded and what it means; where the seals of the records
    hold they are not read. `left_out` are folders of somebody else's (`own_tree`), `unreadable`
    those that cannot be read. `failed` are directories for which go could not answer, each with
    what it said.
    """

    def __init__(
        self,
        environment: tuple[tuple[str, str], ...],
        lookups: tuple[tuple[str, str], ...],
        links: tuple[tuple[str, str], ...],
        mains: list[Main],
        seals: list[StatDigest],
    ) -> None:
        self.environment = environment
        self.lookups = lookups
        self.links = links
        self.mains = mains
        self.seals = seals
        self.records: list[Record] = []
        self.facts: list[Fact] = []
        self.left_out: tuple[str, ...] = ()
        self.unreadable: tuple[str, ...] = ()
        self.failed: tuple[tuple[str, str], ...] = ()

    def framed(self, identity: tuple[str, ...]) -> bytes:
        mains = [(main.directory, main.import_path, main.cwd, main.alone) for main in self.mains]
        seals = list(map(stat_digest, self.records))
        aside = self.left_out, self.unreadable, self.failed
        first = (identity, self.environment, self.lookups, self.links, mains, seals, aside)
        return frame(first, (self.records, self.facts))

    @classmethod
    def unframed(cls, data: bytes, identity: tuple[str, ...]) -> Found:
        """Return what was stored. Raises ValueError and TypeError for anything else."""
        stored, environment, lookups, links, mains, seals, aside = unframe(data)
        if stored != identity:
            raise ValueError("of another workspace")
        found = cls(
            environment,
            lookups,
            links,
            [Main(place, path, cwd, alone=alone) for place, path, cwd, alone in mains],
            seals,
        )
        found.left_out, found.unreadable, found.failed = aside
        return found
