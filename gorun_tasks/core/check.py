"""Check: the hot half of the verdict, by stat alone.

Decides "current" where every input of the newest build is as recorded, and nothing else: what
differs is a suspicion, which `inputs.verdict` looks into. It must never read a file or start a
process, and imports nothing that an unchanged start does not use.
"""

import os

from gorun_tasks.core.fingerprint import _ONLY_A_PLACE, holds, key_at, look_up_or_embedded
from gorun_tasks.core.program import QUESTION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from gorun_tasks.core.fingerprint import Record
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.reasons import Reason
    from gorun_tasks.core.store import InputTable, Manifest, Store
    from gorun_tasks.core.vcs_stamp import Facts

    class Surroundings(Protocol):
        """What a manifest, and a list of found packages, depend on besides files."""

        environment: tuple[tuple[str, str], ...]
        lookups: tuple[tuple[str, str], ...]
        links: tuple[tuple[str, str], ...]


class StatCache:
    """One look at the machine: what it has seen it does not ask again, however many share it.

    `alone` says that nobody else in this process minds its working directory: then a look goes
    from directory to directory, which is faster, and comes back.
    """

    __slots__ = ("_alone", "_facts", "_looked_up", "_places", "_seen", "environ", "store")

    def __init__(
        self, store: "Store", environ: "Mapping[str, str]", *, alone: bool = False
    ) -> None:
        self.store = store
        self.environ = environ
        self._alone = alone
        self._seen: dict[str, tuple[set[bytes], set[bytes]]] = {}  # by table: what held, what not
        self._looked_up: dict[str, str] = {}
        self._facts: dict[tuple[str, str], Facts] = {}
        self._places: dict[str, tuple[str, str]] = {}

    def with_path_of(self, environ: "Mapping[str, str]") -> "StatCache":
        """Return this look for a program that has this environment: what was seen stays seen."""
        if environ.get("PATH") == self.environ.get("PATH"):
            return self
        other = StatCache(self.store, environ, alone=self._alone)
        other._seen = self._seen
        other._facts, other._places = self._facts, self._places
        return other

    def facts(self, program: "ProgramSpec") -> "Facts | None":
        """Return what git says of a program's repository, and of the tags of its module.

        None where nothing is stamped.
        """
        if not program.stamp:
            return None
        directory = program.package_directory or program.directory
        if directory not in self._places:
            from gorun_tasks.core.vcs_stamp import Facts, module_around, repository_around

            top = repository_around(directory)
            place = self._places[directory] = top, module_around(directory, top)
            self._facts.setdefault(place, Facts(*place, self.environ))
        return self._facts[self._places[directory]]

    def variable(self, name: str, program: "ProgramSpec") -> str:
        """Return the value of a variable as far as it is an input, or of a fact of git."""
        if name[:1] == "=" and not name.startswith(QUESTION):
            return program.fact(name[1:], self.facts(program))
        return program.variable(name)

    def where(self, name: str) -> str:
        """Return where PATH leads for `name` ("" for nowhere)."""
        found = self._looked_up.get(name)
        if found is None:
            path = self.environ.get("PATH", "")
            found = self._looked_up[name] = look_up_or_embedded(name, path)
        return found

    def environment_holds(self, manifest: "Surroundings", program: "ProgramSpec") -> bool:
        """Say whether environment, look-ups in PATH and the place of go are as recorded."""
        environ = program.environ
        for name, value in manifest.environment:
            # To go an empty variable is an unset one.
            if environ.get(name, "") != value and self.variable(name, program) != value:
                return False
        return all(self.where(name) == path for name, path in manifest.lookups) and all(
            os.path.realpath(path) == real for path, real in manifest.links
        )

    def suspects(
        self, manifest: "Manifest", *, everywhere: bool = False
    ) -> "list[tuple[InputTable, bytes]] | None":
        """Return the records that do not hold by stat; None when a record is not in the store.

        The program's own files come first, before fetched modules and the standard library. Where
        any of one table do not hold, the next is not looked at, unless `everywhere`.
        """
        if not self._alone:
            return self._suspects(manifest, everywhere=everywhere)
        try:
            here = os.open(".", _ONLY_A_PLACE)
        except OSError:  # there would be no way back
            self._alone = False
            return self._suspects(manifest, everywhere=everywhere)
        try:
            return self._suspects(manifest, everywhere=everywhere)
        finally:
            os.fchdir(here)
            os.close(here)

    def _suspects(
        self, manifest: "Manifest", *, everywhere: bool
    ) -> "list[tuple[InputTable, bytes]] | None":
        suspects: list[tuple[InputTable, bytes]] = []
        for name, identities in reversed(manifest.tables):
            if suspects and not everywhere:
                break
            table = self.store.table(name)
            if table is None:
                return None
            held, failed = self._seen.setdefault(name, (set(), set()))
            for identity in identities:
                if identity in held:
                    continue
                if identity not in failed:
                    seal = table.seals.get(identity)
                    if seal is None:
                        return None
                    if holds(seal, table.root, enter=self._alone):
                        held.add(identity)
                        continue
                    failed.add(identity)
                suspects.append((table, identity))
        return suspects


class Verdict:
    """What is known of a program without asking go.

    `outcome` is "current", "restored", "fetched" (which `build.graph` finds) or "stale". A manifest
    comes with all but the last; `because` is empty only with "current". `link_only` says that
    nothing go compiles has changed. `renewed` are records whose stats are worth writing; `altered`
    says that the manifest should be written. `facts` are those of git at this look, None where
    nothing is stamped.
    """

    __slots__ = ("altered", "because", "facts", "link_only", "manifest", "outcome", "renewed")

    def __init__(
        self,
        outcome: str,
        manifest: "Manifest | None" = None,
        because: "tuple[Reason, ...]" = (),
        *,
        renewed: "tuple[tuple[InputTable, bytes, Record], ...]" = (),
        altered: bool = False,
        link_only: bool = False,
    ) -> None:
        self.outcome = outcome
        self.manifest = manifest
        self.because = because
        self.renewed = renewed
        self.altered = altered
        self.link_only = link_only
        self.facts: Facts | None = None


def check(
    program: "ProgramSpec", look: "StatCache | None" = None
) -> "tuple[Verdict | None, StatCache, list[Manifest]]":
    """Return the verdict where every stat is as recorded, else None.

    With it come what `inputs.verdict.examine` begins with: the look, and the manifests.
    """
    store = program.store
    look = StatCache(store, program.environ) if look is None else look.with_path_of(program.environ)
    manifests = store.manifests(program.key, program.identity) if store.trusted() else []
    if manifests:
        newest = manifests[0]
        if (
            key_at(store.executable(newest)) == newest.key
            and look.environment_holds(newest, program)
            and look.suspects(newest) == []
        ):
            verdict = Verdict("current", newest)
            verdict.facts = look.facts(program)
            return verdict, look, manifests
    return None, look, manifests
