"""How long it takes to start an unchanged program three ways: bare, `gorun`, `go run`.

    python -m benchmarks.hello [--rounds 30] [DIRECTORY]

Times whole processes, from spawn to exit, as a person waits for them. Every round runs each way
once, in an order that rotates, so that a busy moment of the machine hits all of them alike; ratios
are taken within a round. It must never time a run that built: it asks `gorun --why` first.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from gorun_tasks.toolchain import find_go

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HELLO = """\
package main

import "fmt"

func main() { fmt.Println("hello") }
"""

BARE, GORUN, GO_RUN = "the executable", "gorun .", "go run ."


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description="Time an unchanged program, started three ways.")
    parser.add_argument("directory", nargs="?", help="of a main package (a hello world)")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    # An installed package has its bytecode; in a clone the first run writes it, if it may.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with program(options.directory) as directory, tempfile.TemporaryDirectory() as store:
        # PWD as a shell sets it, and a store of our own: nobody's cache is touched or trusted.
        os.chdir(directory)
        os.environ.update(PWD=directory, GORUN_CACHE_DIR=store)
        ways = prepare()
        seconds = measure(ways, options.rounds)
    report(seconds)


@contextlib.contextmanager
def program(directory: str | None) -> Iterator[str]:
    """Give the directory of the program: the one asked for, or a fresh hello world."""
    if directory:
        yield os.path.abspath(directory)
        return
    with tempfile.TemporaryDirectory() as fresh:
        for name, text in {"main.go": HELLO, "go.mod": "module hello\n\ngo 1.24\n"}.items():
            with open(os.path.join(fresh, name), "w", encoding="utf-8") as file:
                file.write(text)
        # The stat of a file just written is not trusted yet; a person's files are older.
        time.sleep(2)
        yield fresh


def prepare() -> dict[str, list[str]]:
    """Build what is timed, warm every cache, and return the command of each way."""
    gorun = shutil.which("gorun", path=os.path.dirname(sys.executable))
    if not gorun:
        sys.exit("benchmark: no gorun beside this Python; install the project first")
    _, go = find_go(os.environ, lambda command: shutil.which(command) or "")
    executable = output(gorun, "--which", ".").strip()
    if subprocess.run([gorun, "--why", "."], check=False, stdout=subprocess.DEVNULL).returncode:
        sys.exit("benchmark: the program does not stay current; gorun --why says why")
    print(f"{output(go, 'version').strip()}, Python {sys.version.split()[0]}")
    return {BARE: [executable], GORUN: [gorun, "."], GO_RUN: [go, "run", "."]}


def output(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def measure(ways: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds that each way took in each round; an uncounted one comes first."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    names = list(ways)
    for turn in range(rounds + 1):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            took = time_of(ways[name])
            if turn:
                seconds[name].append(took)
    return seconds


def time_of(command: list[str]) -> float:
    """Return how long one process takes, from spawn to exit."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def report(seconds: dict[str, list[float]]) -> None:
    """Print medians, the middle half, and the median of the ratios within each round."""
    print(f"{'':16}{'median':>10}{'middle half':>18}{'times bare':>12}{'times gorun':>13}")
    for name, took in seconds.items():
        low, middle, high = (1000 * value for value in statistics.quantiles(took, n=4))
        half = f"{low:.1f}-{high:.1f} ms"
        print(
            f"{name:16}{middle:>7.1f} ms{half:>18}"
            f"{ratio(took, seconds[BARE]):>12.1f}{ratio(took, seconds[GORUN]):>13.2f}"
        )


def ratio(took: list[float], against: list[float]) -> float:
    """Return the median of the pairs' ratios."""
    return statistics.median(one / other for one, other in zip(took, against, strict=True))


if __name__ == "__main__":
    main()
