"""Compare what releases of Go read with what was reviewed: python -m tests.releases [GOROOT …].

Without one it is the GOROOT of the go in PATH. New calls are printed as rows for reviewed.txt, with
"?" for what has to be found out, and the exit status is 1.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.releases.table import reviewed, unreviewed


def main(words: list[str]) -> int:
    """Say of each GOROOT which of its calls nobody looked at yet."""
    if not words:
        words = subprocess.check_output(["go", "env", "GOROOT"], text=True).split("\n")[:1]
    status = 0
    for word in words:
        new = unreviewed(Path(word))
        version = Path(word, "VERSION").read_text().split("\n")[0]
        sys.stdout.write(f"{version}: {len(new)} calls not reviewed, of {len(reviewed())} known\n")
        for read in new:
            sys.stdout.write("\t".join(("?", *read)) + "\n")
            status = 1
    return status


sys.exit(main(sys.argv[1:]))
