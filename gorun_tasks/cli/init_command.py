"""--init: what a repository with Go programs needs to run them by a runner.

    gorun --init            for the runner whose file is there, or which alone is installed
    gorun --init nox        a noxfile.py, a gorun.toml, and what git has to ignore

Decides for which runner, and what is missing: a file that is there is left as it is, and its owner
told what to add; only .gitignore gets lines. It must never overwrite, nor leave half of the files
behind where one cannot be written.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import textwrap

from gorun_tasks.cli import init_files
from gorun_tasks.cli.init_files import RUNNERS
from gorun_tasks.cli.workspace_commands import directory_typed, mention_what_is_missing
from gorun_tasks.config.configuration import repository_of, text_at
from gorun_tasks.core.vcs_stamp import Git
from gorun_tasks.errors import GoRunError, UsageError
from gorun_tasks.workspace.workspace import Workspace, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gorun_tasks.cli.init_files import Runner
    from gorun_tasks.core.flags import BuildFlags


def init(flags: BuildFlags, words: list[str], answer: Callable[[str], int]) -> int:
    """Answer --init: write what is missing and say so; return the exit status.

    Raises UsageError where nothing can be written or it is not clear for which runner, GoRunError
    where a file cannot be written.
    """
    here = directory_typed(flags)
    root = root_of(here)
    runner = _named(words) if words else _in_use(root)
    workspace = Workspace(root)
    if not workspace.programs:
        for error in workspace.unlisted.values():
            raise error
        raise UsageError(workspace.emptiness, "--init needs a program")
    mention_what_is_missing(workspace)
    plan = _Plan(workspace, runner, here)
    plan.write()
    return answer(plan.told())


def _named(words: list[str]) -> Runner:
    if len(words) > 1 or words[0] not in RUNNERS:
        sentence = f"--init {' '.join(words)} is unknown"
        raise UsageError(sentence, f"it is {_joined([*RUNNERS], 'or')}")
    return RUNNERS[words[0]]


def _in_use(root: str) -> Runner:
    """Return the runner whose file is there, else the one that is installed. Raises UsageError."""
    present = {name: file for name, one in RUNNERS.items() if (file := _file_of(one, root))}
    installed = [name for name in RUNNERS if importlib.util.find_spec(name)]
    candidates = [*present] or installed
    if len(candidates) == 1:
        return RUNNERS[candidates[0]]
    sentence = "neither nox nor invoke nor doit is installed where gorun is"
    if candidates:
        there = f"{_joined([*present.values()], 'and')} are there"
        sentence = there if present else f"{_joined(installed, 'and')} are installed"
    commands = [f"gorun --init {name}" for name in candidates or RUNNERS]
    raise UsageError(sentence, f"say for which one: {_joined(commands, 'or')}")


def _file_of(runner: Runner, root: str) -> str:
    """Return the file of a runner that is there, "" for none.

    A tasks.py may be anybody's: it is invoke's where it names invoke.
    """
    for name in runner.files:
        text = text_at(f"{root}/{name}")
        if text is not None and (runner is not init_files.INVOKE or "invoke" in text):
            return name
    return ""


def _joined(words: list[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


class _Plan:
    """What is to be written, and what to be said."""

    def __init__(self, workspace: Workspace, runner: Runner, here: str) -> None:
        self._root, self._here, self._runner = workspace.root, here, runner
        self._count = len(workspace.programs)
        self._name = next(iter(workspace.programs))
        self._target = workspace.place(self._name)
        self._new: dict[str, str] = {}  # files, and what will be in them
        self._said: list[str] = []
        self._additions: list[str] = []
        self._plan_runner()
        self._plan_configuration(workspace.config.path)
        self._ignored = self._missing_from_gitignore()

    def _plan_runner(self) -> None:
        runner = self._runner
        name = next((n for n in runner.files if os.path.lexists(f"{self._root}/{n}")), "")
        if not name:
            with_output = not os.path.lexists(f"{self._root}/{init_files.OUTPUT}")
            text = init_files.runner_file(runner, self._name, with_output=with_output)
            self._new[runner.files[0]] = text
        elif "gorun_tasks" in (text := text_at(f"{self._root}/{name}") or ""):
            self._said.append(f"left {self._shown(name)} as it is")
        else:
            self._add(name, "add at its end:", init_files.addition(runner, text))

    def _plan_configuration(self, path: str) -> None:
        if path or os.path.lexists(f"{self._root}/gorun.toml"):
            name = os.path.basename(path) or "gorun.toml"
            self._said.append(f"left {self._shown(name)} as it is")
        elif os.path.lexists(f"{self._root}/pyproject.toml"):
            lines = init_files.pyproject_lines(self._name, self._target)
            self._add("pyproject.toml", "where programs differ, add:", lines)
        else:
            self._new["gorun.toml"] = init_files.gorun_toml(self._name, self._target)

    def _add(self, name: str, what: str, lines: str) -> None:
        indented = textwrap.indent(lines, "    ")
        self._additions.append(f"left {self._shown(name)} as it is; {what}\n\n{indented}")

    def _missing_from_gitignore(self) -> list[str]:
        """Return the lines that git does not have in another form; none outside of a repository."""
        if not os.path.lexists(f"{repository_of(self._root)}/.git"):
            return []
        wanted = dict(self._runner.ignored)
        if 'output="bin"' in "".join(self._new.values()):
            wanted[f"{init_files.OUTPUT}/"] = f"{init_files.OUTPUT}/a"
        try:
            done = subprocess.run(
                # What this user alone ignores is not ignored for others.
                ["git", "-c", "core.excludesFile=", "check-ignore", "--stdin"],  # noqa: S607
                cwd=self._root,
                env=Git(self._root, os.environ).environ(),
                input="\n".join(wanted.values()),
                capture_output=True,
                text=True,
                check=False,
            )
        except (OSError, GoRunError):
            return []
        ignored = done.stdout.splitlines()
        return [line for line, path in wanted.items() if path not in ignored]

    def write(self) -> None:
        """Write everything, or nothing. Raises GoRunError."""
        made: list[str] = []
        path = ""
        try:
            for name, text in self._new.items():
                path = f"{self._root}/{name}"
                with open(path, "x", encoding="utf-8") as file:
                    made.append(path)
                    file.write(text)
            if self._ignored:
                path = f"{self._root}/.gitignore"
                is_new = not os.path.lexists(path)
                with open(path, "a+b") as ignore:
                    made += [path] if is_new else []
                    ignore.write(self._lines_after(path).encode())
        except OSError as error:
            for written in made:
                os.unlink(written)
            sentence = f"cannot write {self._shown(os.path.basename(path))}: {error.strerror}"
            raise GoRunError(sentence, "nothing was written") from None

    def _lines_after(self, path: str) -> str:
        """Return the lines for a .gitignore, in the manner of those that it has."""
        with open(path, "rb") as file:
            held = file.read()
        end = "\r\n" if b"\r\n" in held else "\n"
        begin = end if held and not held.endswith(b"\n") else ""
        return begin + "".join(f"{line}{end}" for line in self._ignored)

    def told(self) -> str:
        """Return what was done, what is to be added, and what to type next."""
        programs = "one program" if self._count == 1 else f"{self._count} programs"
        for name in self._new:
            what = "settings, commented out" if name == "gorun.toml" else f"runs {programs}"
            self._said.append(f"wrote {self._shown(name)}: {what}")
        if self._ignored:
            self._said.append(f"added to {self._shown('.gitignore')}: {' '.join(self._ignored)}")
        lines = "".join(f"{line}\n" for line in self._said)
        return lines + "".join(f"{block}\n" for block in self._additions) + self._next()

    def _next(self) -> str:
        runner = self._runner
        name = self._name
        if runner is init_files.INVOKE:  # which has dashes for these
            name = name.replace("_", "-").replace(".", "-")
        command = _command(runner.command, self._root)
        runs, lists = (
            words.replace(runner.command, command, 1)
            for words in (runner.runs.format(name), runner.lists)
        )
        if self._here != self._root:
            runs = f"cd {shlex.quote(os.path.relpath(self._root, self._here))} && {runs}"
        if not importlib.util.find_spec(runner.name):
            runs = f"pip install {runner.name} && {runs}"
        return f"next: {runs}\n" + (f"      {lists}\n" if self._count > 1 else "")

    def _shown(self, name: str) -> str:
        return os.path.relpath(f"{self._root}/{name}", self._here)


def _command(name: str, directory: str) -> str:
    """Return how to type, in a directory, the runner that is installed where gorun is."""
    own = os.path.join(os.path.dirname(sys.executable), name)
    found = shutil.which(name)
    if not os.path.exists(own) or (found and os.path.samefile(found, own)):
        return name
    relative = os.path.relpath(own, directory)
    return shlex.quote(own if relative.startswith("..") else relative)
