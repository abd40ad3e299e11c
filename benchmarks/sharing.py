"""Shared builds beside a cold `go run`: fetched, missed, published, and what they take up.

    python -m benchmarks.sharing [hello] [caddy] [dockerd] [--rounds 5] [--publish]

It is for root on Linux, who may have a network of one's own. A fresh clone has nothing: no store,
no go, no module, no C compiler. Decides what is compared with what. It must never compare figures
of two runs: a share is that of a cold `go run` of the same program minutes before.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks import workloads
from benchmarks.kit import REPOSITORY, Kit
from benchmarks.measure import Stopwatch
from benchmarks.network import (
    FARTHEST,
    LOOPBACK,
    MODULES_FROM,
    NETWORKS,
    leave_for_own_network,
    reached,
    serving,
    serving_grpc,
)
from benchmarks.text import replace_between_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.measure import Lap
    from benchmarks.network import Cache, GrpcCache
    from benchmarks.tree import Tree

WORKLOADS: dict[str, tuple[Callable[[Kit], Tree], int]] = {
    "hello": (workloads.hello, 3),
    "caddy": (workloads.caddy, 1),
    "dockerd": (workloads.real, 1),
}
"""Each with the number of cold runs of go, and of looks at a server that hangs."""

GRPC = {"bazel-remote": ", gRPC with zstd", "buildbox-casd": ", gRPC without zstd"}
"""Servers of the Remote Execution API, and what their rows are called by."""

_TITLES = {"hello": "hello world", "caddy": "Caddy", "dockerd": "dockerd, 2,060 packages"}
_JSON = f"{REPOSITORY}/benchmarks/results/sharing.json"
_PAGE = f"{REPOSITORY}/docs/benchmarks.md"
_COMMAND = "python -m benchmarks.sharing"
_COMMITS = 5
_YOUNG = 2.1  # seconds for which go does not trust the time stamp of a file


class Ground:
    """One program: where it is built and published, and a fresh clone of it elsewhere."""

    def __init__(self, kit: Kit, stopwatch: Stopwatch, tree: Tree) -> None:
        self.kit = kit
        self._stopwatch = stopwatch
        self._folder = f"{tree.kept}/sharing"
        self._clone = f"{self._folder}/elsewhere/clone"
        self._fresh = f"{self._folder}/elsewhere/store"
        self._cache = f"{self._folder}/gocache"
        self.tree = tree
        for part in ("elsewhere", "store"):
            shutil.rmtree(f"{self._folder}/{part}", ignore_errors=True)
        tree.undo()
        kit.git(os.path.dirname(tree.folder), "clone", "-q", tree.folder, self._clone)
        time.sleep(_YOUNG)

    def cold(self) -> Lap:
        """Run it by go with an empty build cache."""
        shutil.rmtree(self._cache, ignore_errors=True)
        return self._lap([self.kit.go, "run", "-trimpath", self.tree.target])

    def build(self, url: str = "", *, writes: bool = False) -> Lap:
        """Have gorun build and remember it, and publish it."""
        words = [self.kit.gorun, "--build", "-trimpath", self.tree.target]
        return self._lap(words, url, writes=writes)

    def run(self, url: str = "") -> Lap:
        """Run it by gorun where it was built before."""
        return self._lap([self.kit.gorun, "-trimpath", self.tree.target], url)

    def edit(self) -> None:
        """Make a commit's worth of change."""
        self.tree.edit("main")
        time.sleep(_YOUNG)

    def publish(self, url: str) -> Lap:
        """Publish what is current."""
        return self.build(url, writes=True)

    def fetch(self, url: str) -> Lap:
        """Run it in a fresh clone."""
        shutil.rmtree(self._fresh, ignore_errors=True)
        return self.run_fetched(url)

    def run_fetched(self, url: str = "") -> Lap:
        """Run it in the clone."""
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": f"{self._folder}/elsewhere/home",
            "GOFLAGS": self.kit.environ["GOFLAGS"],
            "CGO_ENABLED": "0",
        }
        words = [self.kit.without_go, "-trimpath", self.tree.target]
        return self._elsewhere(words, url, environ)

    def fetch_beside_go(self, url: str) -> Lap:
        """Run it in a fresh clone where go and all modules are."""
        shutil.rmtree(self._fresh, ignore_errors=True)
        words = [self.kit.gorun, "-trimpath", self.tree.target]
        return self._elsewhere(words, url, self.kit.environ)

    def fetch_modules(self, url: str) -> Lap:
        """Have go fetch the modules that the program needs, from a module proxy, and no more."""
        modules = f"{self._folder}/elsewhere/modules"
        environ = {"GOMODCACHE": modules, "GOPROXY": url, "GONOSUMDB": "*"}
        words = [self.kit.go, "list", "-modcacherw", "-deps", self.tree.target]
        lap = self._elsewhere(words, "", self.kit.environ | environ)
        shutil.rmtree(modules, ignore_errors=True)
        return lap

    def bare(self) -> Lap:
        """Start the executable itself."""
        words = [self.kit.gorun, "--which", "-trimpath", self.tree.target]
        (path,) = self._lap(words).said.splitlines()
        return self._lap([path])

    def _elsewhere(self, words: list[str], url: str, environ: dict[str, str]) -> Lap:
        environ = environ | self._sharing(url) | {"GORUN_CACHE_DIR": self._fresh}
        lap = self._stopwatch.time(words, environ | {"PWD": self._clone}, self._clone)
        return self._checked(lap, words)

    def _lap(self, words: list[str], url: str = "", *, writes: bool = False) -> Lap:
        environ = {
            **self.kit.environ,
            **self._sharing(url),
            "GORUN_REMOTE_WRITE": "1" if writes else "",
            "GOCACHE": self._cache,
            "GORUN_CACHE_DIR": f"{self._folder}/store",
            "PWD": self.tree.folder,
        }
        return self._checked(self._stopwatch.time(words, environ, self.tree.folder), words)

    def _checked(self, lap: Lap, words: list[str]) -> Lap:
        wanted = "" if {"--build", "--which", "list"} & {*words} else self.tree.answer()
        if lap.status or wanted not in lap.said:
            sys.exit(f"benchmark: {' '.join(words)} failed:\n{lap.said}{lap.error}")
        return lap

    def _sharing(self, url: str) -> dict[str, str]:
        return {"GORUN_REMOTE": url, "GORUN_REMOTE_PLAINTEXT": "1"}


class Figures:
    """What was measured of one program."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._laps: dict[str, list[Lap]] = {}
        self.round_trips: dict[str, int] = {}
        self.sizes: list[int] = []

    def note(self, what: str, lap: Lap) -> None:
        """Take in one measurement."""
        self._laps.setdefault(what, []).append(lap)
        print(f"{self._name}: {what}: {lap.wall:.3f} s, CPU {lap.cpu:.3f} s", flush=True)

    def stored(self) -> dict[str, Any]:
        """Return what is kept of it: medians of seconds."""
        return {
            "wall": {what: _middle(lap.wall for lap in laps) for what, laps in self._laps.items()},
            "cpu": {what: _middle(lap.cpu for lap in laps) for what, laps in self._laps.items()},
            "round trips": self.round_trips,
            "sizes": self.sizes,
        }


def measure_program(
    kit: Kit, stopwatch: Stopwatch, name: str, rounds: int, before: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the figures of one program; `before` has what the cold runs of go took."""
    make, colds = WORKLOADS[name]
    tree = make(kit)
    load = os.getloadavg()[0]
    figures = Figures(name)
    place = f"{tree.kept}/sharing/place"
    _empty(place)
    ground = Ground(kit, stopwatch, tree)
    for _ in range(0 if before else colds):
        figures.note("cold", ground.cold())
    with serving(place) as server:
        _publish(figures, ground, server, rounds, place)
        _fetch(figures, ground, server, rounds)
        _fetch_modules(figures, ground)
        server.round_trips()
        _miss(figures, ground, server, rounds)
        figures.round_trips["missed"] = server.round_trips() // rounds
        _hang(figures, ground, colds)
        _commit(figures, ground, server, place)
    for kind, by in GRPC.items():
        _empty(place)
        with serving_grpc(kind, place) as other:
            _use_grpc(figures, ground, other, rounds, by)
    found = figures.stored() | {"load": load}
    if before is not None:
        for clock in ("wall", "cpu"):
            found[clock]["cold"] = before[clock]["cold"]
    return found


def _empty(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)


def _publish(figures: Figures, ground: Ground, server: Cache, rounds: int, place: str) -> None:
    """Publish what is current, the first time and when it is known."""
    ground.build()
    ground.build()
    with reached(ground.kit, LOOPBACK, server) as url:
        for _ in range(rounds):
            for entry in os.listdir(place):
                shutil.rmtree(f"{place}/{entry}")
            figures.note("nothing to publish", ground.build())
            server.round_trips()
            figures.note("published", ground.publish(url))
            figures.round_trips["published"] = server.round_trips()
            figures.note("published again", ground.publish(url))
    figures.sizes.append(_size(place))


def _fetch(figures: Figures, ground: Ground, server: Cache, rounds: int) -> None:
    """Fetch it over each network, in rotating order."""
    for number in range(rounds):
        first = number % len(NETWORKS)
        for network in NETWORKS[first:] + NETWORKS[:first]:
            with reached(ground.kit, network, server) as url:
                server.round_trips()
                figures.note(network.name, ground.fetch(url))
                figures.round_trips["fetched"] = server.round_trips()
        figures.note("current", ground.run_fetched())
        figures.note("bare", ground.bare())
        with reached(ground.kit, LOOPBACK, server) as url:
            figures.note("beside go", ground.fetch_beside_go(url))
            os.sync()
            with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as file:
                file.write("3")
            figures.note("beside go, from the disk", ground.fetch_beside_go(url))


def _fetch_modules(figures: Figures, ground: Ground) -> None:
    """Fetch what go needs in a fresh clone, as far away as half of the servers are."""
    downloads = f"{ground.kit.environ['GOMODCACHE']}/cache/download"
    with serving(downloads) as proxy, reached(ground.kit, MODULES_FROM, proxy) as url:
        figures.note("modules", ground.fetch_modules(url))


def _miss(
    figures: Figures, ground: Ground, server: Cache | GrpcCache, rounds: int, by: str = ""
) -> None:
    """Build what nobody has built, with and without a place in which it is looked for."""
    with reached(ground.kit, LOOPBACK, server) as url:
        for number in range(rounds):
            ways = [(f"built{by}", ""), (f"missed and built{by}", url)]
            for what, asked in ways[:: -1 if number % 2 else 1]:
                ground.edit()
                figures.note(what, ground.run(asked))


def _use_grpc(figures: Figures, ground: Ground, server: GrpcCache, rounds: int, by: str) -> None:
    """Publish, fetch near and far, and miss by the Remote Execution API."""
    ground.tree.undo()  # as the clone is
    time.sleep(_YOUNG)
    ground.build()
    with reached(ground.kit, LOOPBACK, server) as url:
        figures.note(f"published{by}", ground.publish(url))
    for network in (LOOPBACK, FARTHEST) * rounds:
        with reached(ground.kit, network, server) as url:
            figures.note(f"{network.name}{by}", ground.fetch(url))
    _miss(figures, ground, server, rounds, by)


def _hang(figures: Figures, ground: Ground, rounds: int) -> None:
    """Build where a server never answers: the first time, and within a minute."""
    for _ in range(rounds):
        with silent() as url:
            for what, asked in (("no server", ""), ("silent", url), ("silent again", url)):
                ground.edit()
                figures.note(what, ground.run(asked))


@contextmanager
def silent() -> Iterator[str]:
    """Yield the URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def _commit(figures: Figures, ground: Ground, server: Cache, place: str) -> None:
    """Note the size of the place after each of a few commits."""
    with reached(ground.kit, LOOPBACK, server) as url:
        for _ in range(_COMMITS):
            ground.edit()
            ground.publish(url)
            figures.sizes.append(_size(place))


def _size(folder: str) -> int:
    return sum(
        os.path.getsize(f"{parent}/{name}")
        for parent, _, names in os.walk(folder)
        for name in names
    )


def _middle(values: Iterable[float]) -> float:
    return round(statistics.median(values), 4)


def markdown(results: dict[str, Any]) -> str:
    """Return the tables of the documentation's page."""
    names = [name for name in WORKLOADS if "bare" in results.get(name, {}).get("wall", ())]
    found = [results[name] for name in names]
    head = " | ".join(_TITLES[name] for name in names)
    line = "| --- |" + " ---: |" * len(names)

    def row(what: str, cell: Callable[[dict[str, Any]], str]) -> str:
        return f"| {what} | {' | '.join(map(cell, found))} |"

    def seconds(what: str, beyond: str = "", clock: str = "wall") -> Callable[[Any], str]:
        return lambda f: f"{f[clock][what] - (f[clock][beyond] if beyond else 0):.3f}"

    def share(what: str) -> Callable[[Any], str]:
        return lambda f: f"{f['wall'][what]:.3f} ({f['wall'][what] / f['wall']['cold']:.4f} ×)"

    def trips(what: str) -> Callable[[Any], str]:
        return lambda f: f"{f['round trips'][what]}"

    about = found[0]["about"]
    loads = ", ".join(f"{figures['load']:.1f}" for figures in found)
    machine = f"{about['cores']} cores of {about['processor']}; load {loads}"
    return "\n".join(
        [
            f"Measured with go {about['go']}, Python {about['python']}, on {machine}.",
            "",
            f"| seconds (of a cold `go run`) | {head} |",
            line,
            row("`go run`, build cache empty, modules there", seconds("cold")),
            row(f"modules fetched by go, {MODULES_FROM.name}", seconds("modules")),
            *(row(f"fresh clone, {network.name}", share(network.name)) for network in NETWORKS),
            *(
                row(f"fresh clone, {network.name}{by}", share(f"{network.name}{by}"))
                for by in GRPC.values()
                for network in (LOOPBACK, FARTHEST)
            ),
            row("fresh clone with go and all modules, loopback", share("beside go")),
            row("the same, all read from the disk", share("beside go, from the disk")),
            row("from then on: current", share("current")),
            row("the executable itself", seconds("bare")),
            "",
            f"| | {head} |",
            line,
            row("round trips of a fetch", trips("fetched")),
            row("round trips of a miss", trips("missed")),
            row("build after an edit, seconds", seconds("built")),
            row("a miss beyond it", seconds("missed and built", "built")),
            row("a miss beyond it, CPU time", seconds("missed and built", "built", "cpu")),
            *(
                row(f"a miss beyond it{by}", seconds(f"missed and built{by}", f"built{by}"))
                for by in GRPC.values()
            ),
            row("a server that hangs, beyond it", seconds("silent", "no server")),
            row("the same within a minute", seconds("silent again", "no server")),
            row("publishing", seconds("published", "nothing to publish")),
            *(
                row(f"publishing{by}", seconds(f"published{by}", "nothing to publish"))
                for by in GRPC.values()
            ),
            row(
                "publishing what is there already", seconds("published again", "nothing to publish")
            ),
            row("round trips of publishing", trips("published")),
            row("size in the place, MB", lambda f: f"{f['sizes'][0] / 1e6:.1f}"),
            row(
                f"each of {_COMMITS} more commits, MB",
                lambda f: f"{(f['sizes'][-1] - f['sizes'][0]) / _COMMITS / 1e6:.1f}",
            ),
        ]
    )


def _read() -> dict[str, Any]:
    try:
        with open(_JSON, encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
    except OSError:
        return {}
    return found


def _write(results: dict[str, Any]) -> None:
    os.makedirs(os.path.dirname(_JSON), exist_ok=True)
    with open(_JSON, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")


def main() -> None:
    """Measure the programs that the command line names, or all."""
    parser = argparse.ArgumentParser(description="Measure shared builds beside a cold go run.")
    parser.add_argument("program", nargs="*", help=", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm", action="store_true", help="with the cold runs of the last time")
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    kit = Kit()
    about = kit.about()
    names = options.program or list(WORKLOADS)
    for name in names:
        WORKLOADS[name][0](kit)  # which may download it
    kit.compile_c("delay.c")
    leave_for_own_network()
    results = _read()
    with Stopwatch(kit.python) as stopwatch:
        for name in names:
            before = results.get(name) if options.warm else None
            figures = measure_program(kit, stopwatch, name, options.rounds, before)
            results[name] = {**figures, "about": about, "rounds": options.rounds}
            _write(results)
    print(markdown(results))
    if options.publish:
        replace_between_marks(_PAGE, markdown(results), _COMMAND)


if __name__ == "__main__":
    main()
