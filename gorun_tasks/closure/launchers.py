"""Launchers: whether a command is the tool that its name says, or starts one that it chooses.

Version managers, ccache and distcc put compiled programs, scripts and links in the place of go and
of C compilers, which choose by a file, a variable or the working directory.

Decides it by what the machine shows: go lies in the GOROOT that it names; a C compiler still runs
the file that was started while the part of it that reads the source waits for that. It must never
believe a name, and costs a build alone: what cannot be seen through is asked at each run.
"""

from __future__ import annotations

import filecmp
import os
import re
import subprocess
import time

from gorun_tasks.core.command_answer import answer, question, said
from gorun_tasks.core.fingerprint import key_at, look_up
from gorun_tasks.core.quoting import split_quoted
from gorun_tasks.errors import UsageError
from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.system import host
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from gorun_tasks.closure.c_includes import ExternalInputs
    from gorun_tasks.inputs.digest import ContentCache

LANGUAGES = {
    "CC": ("c", "cc1", ()),
    "CXX": ("c++", "cc1plus", (".cc", ".cpp", ".cxx", ".mm")),
    "FC": ("f95", "f951", (".f", ".F", ".for", ".f90")),
}
"""The variables that name compilers: the language, the program behind GCC, and the files."""

_HOW_TO_ASK = ("-###", "-pipe", "-c")  # what would be started, without temporary files
_TELLS = re.compile(rb'(?:^|[\s"/])(?:-cc1|cc1|cc1plus|f951)(?=["\s])')
_PATIENCE = 10.0  # seconds until a compiler must be seen at work
_NAP = 0.001  # seconds
_BUILT_FROM = b"path\tcmd/go\n"  # in the build information of an executable
_KNOWS_ITS_OPTIONS = b"print-requires-private"


def pkg_config_questions(external: Iterable[ExternalInputs], path: str) -> Iterator[str]:
    """Yield what must be asked of a pkg-config at each run that may not be pkg-config itself."""
    for outside in external:
        for command in outside.pkg_config:
            if not is_pkg_config(look_up(command[0], path)):
                yield question(outside.directory, command)


class Unasked(NotRecorded):
    """Commands have to be asked before go starts, and it was not known that they must be."""

    def __init__(self, questions: Iterable[str]) -> None:
        self.questions = tuple(questions)
        super().__init__("what the C compiler starts was not known before go started")


def is_go_of(command: str, goroot: str, known: ContentCache) -> bool:
    """Say whether a command is the go of a GOROOT, by whatever link, or a copy of it.

    A launcher may have been put in its very place: only go has been built from cmd/go. What an
    earlier build recorded (`known`) was that.
    """
    own = f"{goroot}/bin/go"
    try:
        same = os.path.samefile(command, own) or filecmp.cmp(command, own, shallow=False)
    except OSError:
        return False
    key = key_at(command)
    recorded = key is not None and known.content(command, key) is not None
    return same and (recorded or _BUILT_FROM in bytes_of(command))


def is_pkg_config(path: str) -> bool:
    """Say whether a file is pkg-config itself: then it knows the options."""
    return _KNOWS_ITS_OPTIONS in bytes_of(path)


class Compilers:
    """The compilers of one request to go: what is behind them, and what the others say."""

    def __init__(self, environ: Mapping[str, str], directory: str) -> None:
        self._environ = environ
        self._directory = directory
        self._programs: dict[tuple[str, str], str] = {}
        self.answers: dict[str, str] = {}  # to questions, before go started

    def ask(self, questions: Iterable[str] = ()) -> None:
        """Ask these questions, and those that are known, anew."""
        names = {*self.answers, *questions}
        self.answers = {name: answer(name, self._environ) for name in names}

    def programs(self, settings: Mapping[str, str], used: Iterable[str]) -> dict[str, str]:
        """Return what is behind those that are used, "" where that cannot be seen.

        `used` are their variables.
        """
        found = {}
        for variable in used:
            key = variable, settings.get(variable, "")
            if key not in self._programs:
                self._programs[key] = self._program(*key)
            found[variable] = self._programs[key]
        return found

    def questions(
        self, settings: Mapping[str, str], used: Iterable[str], directories: Collection[str]
    ) -> list[str]:
        """Return what must be asked at each run. Raises NotRecorded where that tells nothing."""
        questions = []
        for variable, program in self.programs(settings, used).items():
            if program:
                continue
            command = split_quoted(settings.get(variable, ""))
            language = LANGUAGES[variable][0]
            for directory in directories:
                name = question(directory, (*command, *_HOW_TO_ASK, "-x", language, "-"))
                first = said(name, self._environ)
                if not _TELLS.search(first) or said(name, self._environ) != first:
                    raise NotRecorded(
                        f"{' '.join(command)} may start any compiler and does not tell which, so "
                        f"go is asked at each run; {variable} can name the real one"
                    )
                questions.append(name)
        return questions

    def _program(self, variable: str, command: str) -> str:
        try:
            words = split_quoted(command)
        except UsageError:
            return ""
        started = look_up(words[0], self._environ.get("PATH", "")) if words else ""
        if not started:
            return ""
        language, part, _ = LANGUAGES[variable]
        part_of_gcc, clang = self._named(words, part), self._named(words, "clang")
        own = os.path.realpath(started)
        if clang and os.path.realpath(clang) == own:
            return clang  # it reads the source by itself, or has its like do that
        at_work = self._at_work((*words, "-E", "-x", language, "-"), own)
        return part_of_gcc if at_work and os.path.realpath(part_of_gcc) == at_work else ""

    def _named(self, words: tuple[str, ...], name: str) -> str:
        """Return the program of this name that a compiler says it would start, "" for none."""
        try:
            done = subprocess.run(
                (*words, f"-print-prog-name={name}"),
                env=self._environ,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        path = os.fsdecode(done.stdout).rstrip("\n")
        return path if path.startswith("/") else ""

    def _at_work(self, command: tuple[str, ...], own: str) -> str:
        """Return which file runs as the child of a compiler that waits for its input.

        "" where the compiler no longer runs its `own` file, or has other than one child.
        """
        try:
            process = subprocess.Popen(
                command,
                env=self._environ,
                cwd=self._directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return ""
        assert process.stdin is not None
        pid, end = process.pid, time.monotonic() + _PATIENCE
        children: set[str] = set()
        while not children and host.executable_of(pid) == own and time.monotonic() < end:
            time.sleep(_NAP)
            children = {*map(host.executable_of, host.children_of(pid))} - {own, ""}
        seen = children.pop() if len(children) == 1 and host.executable_of(pid) == own else ""
        process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return seen
