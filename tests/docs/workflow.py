"""Does what a job of a GitHub workflow would do, on a machine of its own.

    python workflow.py .github/workflows/ci.yml JOB NAME=VALUE...

runs the steps of a job in the working directory, which is the checkout, with the values in the
place of expressions (`${{ matrix.name }}` is `matrix.name=api`), and prints what it sets for other
jobs.

The machine is in $RUNNER: its environment, as JSON. It is new: whatever stands in its home is
removed. Without RUNNER it is this one. `actions/cache` keeps its archives in the folder $KEPT, and
nothing without it. The action `.../gorun-tasks` is that of this checkout.

Decides what an action would bring. Conditions are for others. It must never pass over a step, an
action or an expression that it does not understand.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any

import yaml

_HERE_ANYWAY = {"actions/checkout", "actions/setup-go", "actions/setup-python"}
_FILES_ALONE = {"actions/upload-artifact"}
_MACHINE = {"runner.os": "Linux", "runner.arch": "X64"}
_REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failed(Exception):
    """A step ended with another status than 0."""


class Job:
    """A machine on which steps are run, with what is known to expressions."""

    def __init__(self, values: dict[str, str]) -> None:
        self._known = values
        self._environ = machine()
        self._to_keep: list[tuple[str, list[str]]] = []  # keys of a cache, and their folders
        self.said = ""

    def run(self, steps: list[dict[str, Any]], **environ: str) -> None:
        """Run steps. Raises Failed."""
        for step in steps:
            if "if" in step:
                raise NotImplementedError(f"a condition: {step}")
            if "run" in step:
                self._command(step, {**environ, **self.filled(step.get("env", {}))})
            else:
                self._action(step["uses"].partition("@")[0], step)

    def filled(self, variables: dict[str, str]) -> dict[str, str]:
        """Return variables with what expressions in their values stand for."""
        return {name: self._filled(value) for name, value in variables.items()}

    def end(self) -> None:
        """Keep what caches are to keep, as at the end of a job that went well."""
        for key, folders in self._to_keep:
            words = ["tar", "-P", "-cf", _archive(key), *filter(os.path.exists, folders)]
            subprocess.run(words, check=True)

    def _command(self, step: dict[str, Any], environ: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            files = {f"GITHUB_{name}": f"{folder}/{name}" for name in ("OUTPUT", "PATH", "ENV")}
            for file in files.values():
                open(file, "w", encoding="utf-8").close()
            options = ["-eo", "pipefail"] if step.get("shell") == "bash" else ["-e"]
            done = subprocess.run(
                ["bash", *options, "-c", self._filled(step["run"])],
                env={**self._environ, **environ, **files},
                check=False,
            )
            if done.returncode:
                raise Failed(done.returncode)
            output, path, variables = (
                open(file, encoding="utf-8").read()  # noqa: SIM115
                for file in files.values()
            )
        for line in output.splitlines():
            name, _, value = line.partition("=")
            self._known[f"steps.{step.get('id')}.outputs.{name}"] = value
        self.said += output
        self._environ["PATH"] = os.pathsep.join([*path.split(), self._environ["PATH"]])
        self._environ |= dict(line.split("=", 1) for line in variables.splitlines())

    def _action(self, name: str, step: dict[str, Any]) -> None:
        if name in _HERE_ANYWAY | _FILES_ALONE:
            return
        if name == "actions/cache" and "KEPT" not in os.environ:
            self._known[f"steps.{step.get('id')}.outputs.cache-hit"] = "false"
            return
        given = {key: self._filled(str(value)) for key, value in step.get("with", {}).items()}
        if name == "actions/cache":
            hit = self._restore(given)
            self._known[f"steps.{step.get('id')}.outputs.cache-hit"] = str(hit).lower()
        elif name.endswith("/gorun-tasks"):
            action = _read(f"{_REPOSITORY}/action.yml")
            for key, about in action["inputs"].items():
                self._known[f"inputs.{key}"] = given.pop(key, about["default"])
            if given:
                raise NotImplementedError(f"inputs {given}")
            said = self.said
            self.run(action["runs"]["steps"], GITHUB_ACTION_PATH=_REPOSITORY)
            self.said = said
            for key, about in action["outputs"].items():
                self._known[f"steps.{step.get('id')}.outputs.{key}"] = self._filled(about["value"])
        else:
            raise NotImplementedError(name)

    def _restore(self, given: dict[str, str]) -> bool:
        """Restore the newest archive with such a key; say whether it is the very one."""
        for key in (given["key"], *given.get("restore-keys", "").split()):
            found = glob.glob(glob.escape(_archive(key)[:-4]) + "*.tar")
            if found:
                newest = max(found, key=os.path.getmtime)
                subprocess.run(["tar", "-P", "-xf", newest], check=True)
                if newest == _archive(given["key"]):
                    return True
                break
        home = self._environ["HOME"]
        folders = (re.sub("^~", home, folder) for folder in given["path"].split())
        # What is not in the home outlives the machine: the build cache of whoever runs the tests.
        self._to_keep.append((given["key"], [path for path in folders if path.startswith(home)]))
        return False

    def _filled(self, words: str) -> str:
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda match: self._known[match[1]], words)


def machine() -> dict[str, str]:
    """Return the environment of the machine, with an empty home."""
    if "RUNNER" not in os.environ:
        return dict(os.environ)
    environ: dict[str, str] = json.loads(os.environ["RUNNER"])
    shutil.rmtree(environ["HOME"], ignore_errors=True)
    temporary = f"{environ['HOME']}/temporary"
    os.makedirs(temporary)
    return {**environ, "RUNNER_TEMP": temporary}


def _archive(key: str) -> str:
    return f"{os.environ['KEPT']}/{key}.tar"


def _read(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        read: dict[str, Any] = yaml.safe_load(file)
    return read


def main(path: str, name: str, *values: str) -> int:
    """Run the job; return the status of the first step that fails, 0 for none."""
    sha = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    given = dict(value.split("=", 1) for value in values)
    job = Job({"github.job": name, "github.sha": sha, **_MACHINE, **given})
    workflow = _read(path)
    told = workflow["jobs"][name]
    try:
        job.run(told["steps"], **job.filled({**workflow.get("env", {}), **told.get("env", {})}))
    except Failed as failed:
        return int(failed.args[0])
    job.end()
    sys.stdout.write(job.said)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
