"""Care: `gorun --store stat|clear|verify|drop`.

Decides what a person is told of the store and what they may do to it. It must never remove the
executable of a program that is running.
"""

from __future__ import annotations

import os
import shutil
import sys
import time

from gorun_tasks.errors import UsageError
from gorun_tasks.evict import remove_executables
from gorun_tasks.flags import BuildFlags
from gorun_tasks.program import Program
from gorun_tasks.publish import is_executable_of
from gorun_tasks.store import Store, read_file, unframe
from gorun_tasks.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def care(what: str, words: list[str], environ: Mapping[str, str]) -> int:
    """Do what --store asks for; return the exit status. Raises UsageError."""
    if what == "drop":
        flags, consumed = BuildFlags.parse(words)
        program = Program.typed(Target.parse(words[consumed:])[0], flags, environ)
        program.clean()
        return 0
    verbs = {"stat": _stat, "clear": _clear, "verify": _verify}
    if what not in verbs:
        raise UsageError(f"--store {what} is unknown", "it is stat, clear, verify or drop")
    if words:
        raise UsageError(f"--store {what} takes no further words: {' '.join(words)}")
    store = Store.at(environ)
    if not store.trusted():
        sys.stdout.write(f"{store.root or 'no home directory'}: nothing is stored\n")
        return 0
    return verbs[what](store)


def _stat(store: Store) -> int:
    executables = list(_executables(store))
    size = sum(os.stat(path).st_size for path in executables)
    programs = list(_programs(store))
    sys.stdout.write(
        f"{store.root}\n"
        f"{len(executables)} executables, {size / 2**20:.1f} MiB\n"
        f"{len(programs)} programs\n"
    )
    for _, label, manifests in programs:
        sys.stdout.write(f"  {label}: {len(manifests)} remembered\n")
    return 0


def _clear(store: Store) -> int:
    for folder in ("programs", "shelves", "which"):
        shutil.rmtree(f"{store.root}/{folder}", ignore_errors=True)
    remove_executables(
        store.root, {path.split("/")[-2] for path in _executables(store)}, time.time()
    )
    return 0


def _verify(store: Store) -> int:
    damaged = [
        path for path in _executables(store) if not is_executable_of(path, path.split("/")[-2])
    ]
    for path in damaged:
        os.unlink(path)
        sys.stdout.write(f"{path}: was not what was published; removed\n")
    sys.stdout.write(f"{len(damaged)} damaged executables\n")
    return 1 if damaged else 0


def _executables(store: Store) -> Iterator[str]:
    for folder, _, names in os.walk(f"{store.root}/exe"):
        yield from (f"{folder}/{name}" for name in names)


def _programs(store: Store) -> Iterator[tuple[str, str, tuple[object, ...]]]:
    folder = f"{store.root}/programs"
    for key in sorted(os.listdir(folder)):
        try:
            identity, manifests = unframe(read_file(f"{folder}/{key}"))
        except (OSError, ValueError):
            continue
        yield key, " ".join(word for word in identity if word != "--"), manifests
