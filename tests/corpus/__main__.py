"""`python -m tests.corpus [NAME…]`: tries real programs, one at a time, and keeps their table.

Decides which are tried, in which order, and what is told of it. Each is fetched, measured and
deleted before the next one, and its row is in the table at once. It ends with status 1 where
anything differed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time

from tests.corpus.day import Failed, Place, day, standard_library
from tests.corpus.programs import PROGRAMS
from tests.corpus.table import Table, row_of


def main() -> int:
    """Try the programs that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="of programs, in this order (default: all)"
    )
    parser.add_argument("--missing", action="store_true", help="only those without a row")
    parser.add_argument("--keep", action="store_true", help="leave what differs where it is")
    parser.add_argument("--folder", help="where to work (kept, with the compiled standard library)")
    parser.add_argument("--table", help="where the rows are written (default: docs/corpus.md)")
    given = parser.parse_args()
    known = {entry.name: entry for entry in PROGRAMS}
    unknown = set(given.names) - known.keys()
    if unknown:
        parser.error(f"no program is called {', '.join(sorted(unknown))}")
    table = Table(given.table) if given.table else Table()
    chosen = [
        known[name] for name in given.names or known if not (given.missing and table.has(name))
    ]
    folder = os.path.realpath(given.folder or tempfile.mkdtemp(prefix="gorun-corpus-"))
    seed = standard_library(folder)
    troubles = 0
    for entry in chosen:
        began = time.monotonic()
        place = Place(f"{folder}/{entry.name}", seed)
        try:
            place.unpack(entry)
            lived = day(entry, place)
        except Failed as failure:
            differences: tuple[str, ...] = (f"not tried: {failure}",)
        else:
            table.put(row_of(entry, lived))
            differences = lived.differences
        troubles += bool(differences)
        sys.stdout.write(f"{entry.name}: {time.monotonic() - began:.0f} s\n")
        sys.stdout.writelines(f"    {difference}\n" for difference in differences)
        sys.stdout.flush()
        if not (given.keep and differences):
            place.remove()
    if not (given.keep or given.folder):
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
