"""Real repositories: every program found, listed, built, built again, and asked of after an edit.

    python -m benchmarks.repositories      writes docs/repositories.md, and a JSON file beside

Each way has a build cache of its own; rounds go over all ways in rotating order. `go run` in a loop
is given `-exec true`, since the programs of somebody else's repository cannot simply be started.
Decides what is compared with what. It must never let one way build fewer programs than another.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.kit import REPOSITORY, Kit
from benchmarks.measure import Stopwatch
from benchmarks.text import replace_between_marks
from benchmarks.workloads import CADDY, writable_copy

if TYPE_CHECKING:
    from collections.abc import Callable

GORUN, GO, LOOP = "gorun", "go", "go run in a loop"
_MAINS = '{{if eq .Name "main"}}{{.ImportPath}}{{end}}'
_NOXFILES = {
    "noxfile.py": "from gorun_tasks import nox as go\n\ngo.sessions()\n",
    "empty_noxfile.py": "import nox\n\n\n@nox.session\ndef nothing(session):\n    pass\n",
}
_PAGE = f"{REPOSITORY}/docs/repositories.md"
_JSON = f"{REPOSITORY}/benchmarks/results/repositories.json"
_ROUNDS, _BUILDS = 9, 3


class Repository(NamedTuple):
    """What is measured: where it is from, and a file of one program, and of many, to edit."""

    name: str
    source: str
    leaf: str
    shared: str
    everything: str = "./..."
    cgo: str = "0"


REPOSITORIES = (
    Repository(
        *("examples/monorepo", ""),
        *("services/cmd/worker/main.go", "shared/tea/tea.go"),
        *("work", "1"),
    ),
    Repository(
        *("Caddy", CADDY),
        *("cmd/caddy/main.go", "caddyconfig/caddyfile/lexer.go"),
    ),
    Repository(
        *("golang.org/x/tools", "golang.org/x/tools@v0.38.0"),
        *("cmd/stringer/stringer.go", "go/packages/packages.go"),
    ),
)


class Way(NamedTuple):
    """A row of the table: what is done, how each tool is told, and how often."""

    what: str
    commands: dict[str, list[str]]
    arrange: Callable[[], None]
    rounds: int


class Place:
    """A repository in a tree of its own, with a store and build caches that begin empty."""

    def __init__(self, kit: Kit, stopwatch: Stopwatch, repository: Repository) -> None:
        self.kit = kit
        self.repository = repository
        self._stopwatch = stopwatch
        self._kept = f"{kit.folder}/repository"
        self.folder = f"{self._kept}/tree"
        self._edits = 0
        shutil.rmtree(self._kept, ignore_errors=True)
        source = repository.source
        writable_copy(
            kit.download(source) if source else f"{REPOSITORY}/{repository.name}", self.folder
        )
        for name, text in _NOXFILES.items():
            with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        self.environ = {**kit.environ, "CGO_ENABLED": repository.cgo, "PWD": self.folder}
        # What is missing of other modules is no part of a build.
        kit.run([kit.go, "list", "-deps", repository.everything], self.folder, online=True)
        for words in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-qm", "as it was"]):
            kit.git(self.folder, *words)

    def mains(self) -> list[str]:
        """Return the main packages, as go lists them."""
        words = [self.kit.go, "list", "-f", _MAINS, self.repository.everything]
        return self.kit.run(words, self.folder, self.environ).split()

    def edit(self, name: str) -> None:
        """Add to a file what was never there before."""
        self._edits += 1
        with open(f"{self.folder}/{name}", "a", encoding="utf-8") as file:
            file.write(f"\nvar benchEdit{self._edits} = {self._edits}\n")

    def forget_store(self) -> None:
        """Remove gorun's store."""
        shutil.rmtree(f"{self._kept}/store", ignore_errors=True)

    def forget(self) -> None:
        """Remove store and build caches."""
        self.forget_store()
        shutil.rmtree(f"{self._kept}/caches", ignore_errors=True)

    def run(self, tool: str, words: list[str]) -> tuple[float, str]:
        """Run a command as one tool; return its seconds and what it said."""
        environ = {
            **self.environ,
            "GOCACHE": f"{self._kept}/caches/{tool.replace(' ', '-')}",
            "GORUN_CACHE_DIR": f"{self._kept}/store",
        }
        lap = self._stopwatch.time(words, environ, self.folder)
        if lap.status:
            sys.exit(f"benchmark: {' '.join(words)} failed:\n{lap.said}{lap.error}")
        return lap.wall, lap.said

    def measure(self, way: Way) -> dict[str, float]:
        """Return the median of seconds of each tool."""
        laps: dict[str, list[float]] = {tool: [] for tool in way.commands}
        tools = list(way.commands)
        for turn in range(way.rounds):
            way.arrange()
            first = turn % len(tools)
            for tool in tools[first:] + tools[:first]:
                laps[tool].append(self.run(tool, way.commands[tool])[0])
        return {tool: statistics.median(seconds) for tool, seconds in laps.items()}


def measure_repository(kit: Kit, stopwatch: Stopwatch, repository: Repository) -> dict[str, Any]:
    """Return the figures of one repository."""
    place = Place(kit, stopwatch, repository)
    mains = place.mains()
    rows = {way.what: place.measure(way) for way in _ways(place, mains)}
    affected = {}
    for what, name in (("leaf", repository.leaf), ("shared", repository.shared)):
        kit.git(place.folder, "checkout", "-q", ".")
        place.run(GORUN, [kit.gorun, "--build", "--quiet"])
        place.edit(name)
        _, said = place.run(GORUN, [kit.gorun, "--affected", "HEAD", "-json"])
        affected[what] = len(json.loads(said))
    _, listed = place.run(GORUN, [kit.gorun, "--list", "-json"])
    found = len(json.loads(listed))
    if found != len(mains):
        sys.exit(f"benchmark: {repository.name}: gorun finds {found} programs, go {len(mains)}")
    shutil.rmtree(os.path.dirname(place.folder), ignore_errors=True)
    return {"programs": found, "affected": affected, "seconds": rows, "load": os.getloadavg()[0]}


def _ways(place: Place, mains: list[str]) -> list[Way]:
    kit, repository = place.kit, place.repository
    gorun = [kit.gorun, "--build", "--quiet"]
    # As many executables as gorun keeps; -o is a folder, where each has its own name.
    build = [kit.go, "build", "-o", f"{place.folder}-bin/", *mains]
    loop = ["/bin/sh", "-c", f'for main; do "{kit.go}" run -exec true "$main" || exit; done', "sh"]
    everything = {GORUN: gorun, GO: build, LOOP: [*loop, *mains]}
    listed = {
        GORUN: [kit.gorun, "--list"],
        GO: [kit.go, "list", "-f", _MAINS, repository.everything],
    }
    nox = {
        GORUN: [f"{kit.bin}/nox", "-l"],
        "an empty noxfile": [f"{kit.bin}/nox", "-l", "-f", "empty_noxfile.py"],
    }
    affected = {GORUN: [kit.gorun, "--affected", "HEAD"]}
    leaf, shared = repository.leaf, repository.shared

    def nothing() -> None:
        pass

    def edit_leaf() -> None:
        place.edit(leaf)

    def edit_shared() -> None:
        place.edit(shared)

    one, common = "after an edit of one program", "after an edit of a shared package"
    return [
        Way("programs found, for the first time", listed, place.forget_store, _BUILDS),
        Way("programs listed, unchanged", listed, nothing, _ROUNDS),
        Way("nox -l, unchanged", nox, nothing, _ROUNDS),
        Way("all built, caches empty", everything, place.forget, 1),
        Way("all built, nothing changed", everything, nothing, _BUILDS),
        Way(f"affected programs {one}", affected, edit_leaf, _BUILDS),
        Way(f"all built {one}", everything, edit_leaf, _BUILDS),
        Way(f"affected programs {common}", affected, edit_shared, _BUILDS),
        Way(f"all built {common}", everything, edit_shared, _BUILDS),
    ]


def markdown(results: dict[str, Any]) -> str:
    """Return the tables of the documentation's page."""
    about = results["about"]
    tools = f"go {about['go']}, Python {about['python']}"
    parts = [f"Measured with {tools}, on {about['cores']} cores of {about['processor']}."]
    for name, figures in results["repositories"].items():
        affected = figures["affected"]
        head = f"Programs: {figures['programs']}. An edit of one affects {affected['leaf']}, "
        parts += [
            f"\n## {name}\n\n{head}an edit of a shared package {affected['shared']}.\n",
            f"| seconds (load {figures['load']:.1f}) | {GORUN} | {GO} | {LOOP} | otherwise |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for what, seconds in figures["seconds"].items():
            known = [
                f"{seconds[tool]:.3f}" if tool in seconds else "" for tool in (GORUN, GO, LOOP)
            ]
            other = [
                f"{tool}: {s:.3f}" for tool, s in seconds.items() if tool not in (GORUN, GO, LOOP)
            ]
            parts.append(f"| {what} | {' | '.join([*known, *(other or [''])])} |")
    return "\n".join(parts)


def main() -> None:
    """Measure the repositories that the command line names, or all."""
    kit = Kit()
    results: dict[str, Any] = {"about": kit.about(), "repositories": {}}
    with Stopwatch(kit.python) as stopwatch:
        for repository in REPOSITORIES:
            if not sys.argv[1:] or repository.name in sys.argv[1:]:
                figures = measure_repository(kit, stopwatch, repository)
                results["repositories"][repository.name] = figures
    print(markdown(results))
    if not sys.argv[1:]:
        os.makedirs(os.path.dirname(_JSON), exist_ok=True)
        with open(_JSON, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
            file.write("\n")
        replace_between_marks(_PAGE, markdown(results))


if __name__ == "__main__":
    main()
