"""Does what a job of a GitHub workflow would do, as far as that is commands.

    python workflow.py .github/workflows/ci.yml JOB NAME=VALUE...

runs the steps of a job in the working directory, with the values in the place of expressions
(`${{ matrix.name }}` is `matrix.name=api`), and prints what they set for other jobs. Steps that use
an action, and conditions, are for others. It must never run a step of which it does not understand
an expression.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from typing import Any

import yaml


def main(path: str, job: str, *values: str) -> int:
    """Run the job; return the status of the first step that fails, 0 for none."""
    known = dict(value.split("=", 1) for value in values)
    with open(path, encoding="utf-8") as file:
        steps: list[dict[str, Any]] = yaml.safe_load(file)["jobs"][job]["steps"]
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
        environ = {**os.environ, "GITHUB_OUTPUT": output.name}
        for step in steps:
            if "run" in step:
                words = re.sub(r"\$\{\{ *([\w.]+) *\}\}", lambda m: known[m[1]], step["run"])
                done = subprocess.run(["bash", "-e", "-c", words], env=environ, check=False)
                if done.returncode:
                    return done.returncode
        sys.stdout.write(output.read())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
