"""Machine: what a build depends on here that has another place, or another name, elsewhere.

The roots of a build by role (module, repository, GOROOT, module cache, …), the values that go takes
for its variables, and what PATH has of the commands that go looks up. Found without asking go, from
the same sources as go does.

Decides which place has which role. It must never guess: where go may see it otherwise (a GOROOT
that is not that of the go command, a link on the way to the module) there are no roles, and nothing
is shared.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from gorun_tasks.core.fingerprint import look_up_or_embedded
from gorun_tasks.core.quoting import split_goflags
from gorun_tasks.core.vcs_stamp import repository_around
from gorun_tasks.errors import GoRunError
from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.inputs.go_variables import ENVIRONMENT, effective_godebug, env_file, written
from gorun_tasks.storage.remote.toolchain_choice import Unclear, choose, folder_of
from gorun_tasks.system import host
from gorun_tasks.system.find_go import find_go

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.core.vcs_stamp import Facts

_PLACES = frozenset(
    (
        *("HOME", "TMPDIR", "XDG_CONFIG_HOME", "GOENV", "GOMODCACHE", "GOPATH", "GOROOT"),
        *("GORUN_GO", "GOTOOLCHAIN"),
    )
)
"""Variables that only say where something is, or which go: what is there counts by itself."""

READ_BY_COMPILERS = ("HOME", "XDG_CONFIG_HOME")
"""Variables that say where compilers may have settings."""


class Unlike(Exception):
    """What is here is not what was built from, or cannot be told to be."""


class NoToolchain(Unlike):
    """The go command switches to a toolchain that is not here."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not here")
        self.name = name


class Toolchain(NamedTuple):
    """What is told of a go elsewhere: its content, what its go.env says, and what PATH had."""

    go: bytes
    settings: dict[str, str]
    commands: tuple[tuple[str, ...], ...]


class Machine:
    """The surroundings of one program, as its environment shows them. Raises Unlike."""

    def __init__(
        self, program: ProgramSpec, facts: Facts | None, elsewhere: Toolchain | None = None
    ) -> None:
        """Look at them. `elsewhere` tells of a toolchain that stands for the one that is not here.

        Raises NoToolchain where there is none such.
        """
        self.program = program
        self.elsewhere = elsewhere
        environ = program.environ
        self.path = environ.get("PATH", "")
        try:
            self._stamped = program.stamped(facts)
            self.go_name, self.command = "go", ""
            if elsewhere is None or has_go(program):
                self.go_name, self.command = find_go(environ, self.where)
        except GoRunError as error:
            raise Unlike(str(error)) from error
        real = os.path.realpath(self.command) if self.command else ""
        self.goroot = os.path.dirname(os.path.dirname(real))
        self.home = environ.get("HOME", "")
        self.env_file = self._env_file()
        self._settle(settings_of(self.goroot) if self.command else {})
        named = self.setting("GOROOT")
        if not host.GO_FINDS_ITSELF_BEHIND_LINKS or named not in ("", self.goroot):
            raise Unlike("GOROOT is another than that of the go command")
        self.switched = self._switched() if self.command else ""
        if self.switched:
            self._switch()
        if elsewhere is not None:
            self.goroot = ""
            told = _of_no_place(elsewhere)
            if self.command:  # which decides on that, as soon as it has its toolchain
                told.pop("CGO_ENABLED", None)
            self._settle(told)

    def _settle(self, settings: dict[str, str]) -> None:
        """Have a go.env say what is said nowhere else. Raises Unlike."""
        written_by_user = written(bytes_of(self.env_file) if self.env_file else b"")
        self._settings = {**settings, **written_by_user}
        default = f"{self.home}/go" if self.home and f"{self.home}/go" != self.goroot else ""
        self.gopath = (self.setting("GOPATH") or default).partition(":")[0]
        self.modules = self.setting("GOMODCACHE") or f"{self.gopath}/pkg/mod"
        if not (self.gopath.startswith("/") and self.modules.startswith("/")):
            raise Unlike("GOPATH is no absolute path")

    def _switched(self) -> str:
        """Return the toolchain that the go command switches to, "" for none. Raises Unlike."""
        try:
            chosen = choose(self.goroot, self.setting, self.program.directory)
        except Unclear as error:
            raise Unlike(str(error)) from error
        if chosen and self.where(chosen):
            raise Unlike(f"{chosen} is in PATH")
        return chosen

    def _switch(self) -> None:
        """Have the toolchain count that the go command switches to. Raises NoToolchain."""
        self.toolchain = f"{self.modules}/{folder_of(self.switched)}"
        if os.path.isfile(f"{self.toolchain}/bin/go"):
            self.goroot = self.toolchain
            self._settle(settings_of(self.goroot))
        elif self.elsewhere is None:
            raise NoToolchain(self.switched)

    @property
    def builder(self) -> str:
        """The go command that builds: that in PATH, or that of the toolchain it switches to."""
        return f"{self.goroot}/bin/go" if self.switched else self.command

    def where(self, name: str) -> str:
        """Return where PATH leads for a command, "" for nowhere."""
        return look_up_or_embedded(name, self.path)

    def setting(self, name: str) -> str:
        """Return what go takes for a variable (cfg.Getenv): an empty one is not set."""
        return self.program.environ.get(name, "") or self._settings.get(name, "")

    def is_set(self, name: str) -> bool:
        """Say whether a variable is set anywhere, be it to nothing."""
        return bool(self.program.variable(name)) or name in self._settings

    @property
    def trimmed(self) -> bool:
        """Whether paths are kept out of the executable (-trimpath)."""
        return is_trimmed(self.program, self.setting("GOFLAGS"))

    def environment(self) -> tuple[tuple[str, str], ...]:
        """Return the inputs among the variables, and what is stamped, as a manifest has them."""
        variables = ((name, self.program.variable(name)) for name in ENVIRONMENT)
        return (*variables, *self._stamped)

    def values(self, defaults: Mapping[str, str], *, uses_c: bool) -> tuple[tuple[str, str], ...]:
        """Return what go takes for the variables that count elsewhere too; `defaults` where unset.

        Raises Unlike where one counts by its place.
        """
        if self.program.variable("TMPDIR"):
            raise Unlike("go passes over a go.mod in TMPDIR")
        values = {name: self.setting(name) for name in ENVIRONMENT if name not in _PLACES}
        values["GODEBUG"] = ",".join(effective_godebug(values["GODEBUG"]))
        if uses_c:
            values |= {name: self.program.environ.get(name, "") for name in READ_BY_COMPILERS}
        found = ((name, value or defaults.get(name, "")) for name, value in values.items())
        return (*found, *self._stamped)

    def in_path(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Return the absolute directories of PATH with each of these names, in PATH's order.

        Names of toolchains are passed over.
        """
        directories = dict.fromkeys(d for d in self.path.split(":") if d.startswith("/"))
        tools = [name for name in names if "go1" not in name]
        return [(directory, name) for directory in directories for name in tools]

    def roots(self, module: str) -> dict[str, str]:
        """Return the roots by role, for a program of the module (or workspace) in a directory."""
        return {
            "module": module,
            "repository": repository_of(module),
            "GOROOT": self.goroot,
            "GOMODCACHE": self.modules,
            "GOPATH": self.gopath,
            "GOENV": self.env_file,
            "HOME": self.home,
        }

    def _env_file(self) -> str:
        path = env_file(self.program.environ)
        if path == "off":
            return ""
        if not path.startswith("/"):
            raise Unlike("the go env file has no absolute path")
        return path


def has_go(program: ProgramSpec) -> bool:
    """Say whether a go is here, or one is named that is not."""
    named = program.environ.get("GORUN_GO", "")
    return bool(named or look_up_or_embedded("go", program.environ.get("PATH", "")))


def settings_of(goroot: str) -> dict[str, str]:
    """Return what the go.env of a GOROOT says."""
    return written(bytes_of(f"{goroot}/go.env"))


def _of_no_place(elsewhere: Toolchain) -> dict[str, str]:
    """Return settings that strangers may make: none that says where something is."""
    settings = elsewhere.settings.items()
    return {n: value for n, value in settings if n not in _PLACES or n == "GOTOOLCHAIN"}


def is_trimmed(program: ProgramSpec, goflags: str) -> bool:
    """Say whether -trimpath is on, by the command line or else by GOFLAGS."""
    value = program.flags.get("trimpath")
    try:
        for word in () if value is not None else split_goflags(goflags):
            name, equals, text = word.lstrip("-").partition("=")
            if name == "trimpath":
                value = text if equals else "true"
    except GoRunError:
        return False
    return value in ("true", "1", "t", "T", "TRUE", "True")


def repository_of(module: str) -> str:
    """Return the repository around a module, or the module where there is none."""
    return repository_around(module) or module


def refuse_links(directory: str) -> None:
    """Raise Unlike where a link leads to a directory: to go it may be two places."""
    if os.path.realpath(directory) != directory or directory == "/":
        raise Unlike(f"{directory} is behind a link")


def arrangement(roots: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return how the roots lie to each other: where the repository has others in it.

    Raises Unlike where the module is among what go fetched or brought along.
    """
    module, repository = roots["module"], roots["repository"]
    for name in ("GOROOT", "GOMODCACHE"):
        if roots[name] and f"{module}/".startswith(f"{roots[name]}/"):
            raise Unlike(f"{module} is in {name}")
    inside = []
    for name, path in roots.items():
        if name != "repository" and path and f"{path}/".startswith(f"{repository}/"):
            inside.append((name, os.path.relpath(path, repository)))
    return tuple(sorted(inside))
