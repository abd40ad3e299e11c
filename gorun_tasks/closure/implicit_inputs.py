"""Implicit inputs: what a build depends on that go's traces do not show.

Decides which environment variables, look-ups in PATH and files are added to what go told. It
must never decide less than go could read: where it cannot know, it takes more. The list is from
cmd/go's sources; docs/rules.md has it in the words of users.
"""

from __future__ import annotations

import os
import re

from gorun_tasks.closure.launchers import (
    LANGUAGES,
    Compilers,
    Unasked,
    is_go_of,
    pkg_config_questions,
)
from gorun_tasks.core.command_answer import shown
from gorun_tasks.core.fingerprint import look_up, look_up_or_embedded
from gorun_tasks.core.quoting import split_goflags, split_quoted
from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.inputs.go_variables import DEFAULTED, ENVIRONMENT, written
from gorun_tasks.toolchain.command import Go
from gorun_tasks.toolchain.report import NotRecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gorun_tasks.closure.c_includes import ExternalInputs
    from gorun_tasks.core.flags import BuildFlags
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.inputs.digest import ContentCache

_TOOLS = ("compile", "link", "asm", "cgo", "preprofile", "cover", "covdata")
_TOOLCHAIN_NAME = re.compile(r"[\w.-]*go1[\w.-]*")
_MODULE_VERSION = re.compile(r"([^@]+@[^/]+)")
_REQUIRED = re.compile(rb"([^\s()\"`]+)[\"`]?[ \t]+[\"`]?(v\d[^\s\"`]*)")
_CAPITAL = re.compile(r"[A-Z]")
_GO_MINOR = re.compile(rb"^[ \t]*go[ \t]+1\.(\d+)", re.MULTILINE)
_FIRST_LAZY_MINOR = 17
_TOOLCHAIN_LINE = re.compile(r"^[ \t]*toolchain[ \t]+([^\s/]+)", re.MULTILINE)
_GO_LINE = re.compile(r"^[ \t]*go[ \t]+([^\s/]+)", re.MULTILINE)


class ImplicitInputs:
    """One build, and what go kept silent about."""

    def __init__(
        self,
        program: ProgramSpec,
        go: Go,
        settings: Mapping[str, str],
        *,
        directory: str = "",
        external: Iterable[ExternalInputs] = (),
        compilers: Compilers | None = None,
        stamped: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Take what `go env` says; `directory` is where go ran if that is not the program's."""
        self.program = program
        self._settings = settings
        self._flags = program.flags
        self._environ = program.environ
        self._go = go
        self._directory = directory or program.directory
        self._external = tuple(external)
        self._compilers = compilers or Compilers(program.environ, self._directory)
        self._stamped = stamped  # facts of git, with their values

    def environment(self) -> tuple[tuple[str, str], ...]:
        """Return the variables that count and their values ("" for unset), and what is stamped."""
        variables = ((name, self.program.variable(name)) for name in ENVIRONMENT)
        return (*variables, *self._stamped)

    def defaults(self) -> dict[str, str]:
        """Return what go takes for variables that are set nowhere, for those that have a default.

        To set one of them to its default changes nothing: cmd/go reads them by cfg.Getenv only,
        into what `go env` shows (envcmd.MkEnv) and hands to its tools (cfg.CmdEnv). "on" is the
        default of GO111MODULE in modload.Init; without a go.work GOWORK=off is to
        modload.FindGoWork what an empty GOWORK is.
        """
        settings = self._settings
        defaults = {name: settings.get(name, "") for name in DEFAULTED}
        defaults["GO111MODULE"] = "on"
        defaults["GOWORK"] = "" if settings.get("GOWORK") else "off"
        elsewhere = {
            *written(bytes_of(f"{settings['GOROOT']}/go.env")),
            *written(bytes_of(settings.get("GOENV", ""))),
        }
        return {
            name: value
            for name, value in defaults.items()
            if value and not self.program.variable(name) and name not in elsewhere
        }

    def env_file(self) -> str:
        """Return the go env file, "" where there is none or GOROOT's go.env has a say as well."""
        overruled = set(written(bytes_of(f"{self._settings['GOROOT']}/go.env"))) - {"GOTOOLCHAIN"}
        return "" if overruled & set(ENVIRONMENT) else self._settings.get("GOENV", "")

    def whole(self) -> set[str]:
        """Return the paths of what others than go read: every byte of them counts."""
        return {path for outside in self._external for path in outside.paths}

    def links(self) -> tuple[tuple[str, str], ...]:
        """Return the go command and where it really is: go finds GOROOT from there."""
        return ((self._go.command, os.path.realpath(self._go.command)),)

    def refuse_launchers(self, lookups: tuple[tuple[str, str], ...], known: ContentCache) -> None:
        """Raise NotRecorded where something chooses the toolchain: by what, only it knows."""
        toolchains = set(self._toolchains())
        others = {name: path for name, path in lookups if name in toolchains and path}
        if others:
            # By that name go means itself, and looks no further.
            others.pop(self._go.own_settings().get("GOVERSION", ""), None)
        found = (Go(path, self._environ, self._directory) for path in others.values())
        for go in (self._go, *found):
            if not (
                is_go_of(go.command, self._settings["GOROOT"], known)
                or is_go_of(go.command, go.own_settings().get("GOROOT", ""), known)
            ):
                raise NotRecorded(
                    f"{go.command} is not the go that it starts, so it is asked at each run; "
                    "GORUN_GO can name the real one"
                )

    def compilers_used(self, hashes: Iterable[str]) -> list[str]:
        """Return the variables that name the compilers of which go made use."""
        if f"{self._settings['GOROOT']}/src/runtime/cgo/cgo.go" not in hashes:
            return []
        read = {os.path.splitext(path)[1] for path in hashes}
        others = (v for v, (*_, files) in LANGUAGES.items() if not read.isdisjoint(files))
        return ["CC", *others]

    def said_by_launchers(self, used: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return what compilers that may start any other say, if they said so before go started."""
        directories = dict.fromkeys(
            (
                self._directory,
                *(outside.directory for outside in self._external if outside.compiled),
            )
        )
        questions = self._compilers.questions(self._settings, used, directories)
        questions += pkg_config_questions(self._external, self._environ.get("PATH", ""))
        before = self._compilers.answers
        if not before.keys() >= set(questions):
            raise Unasked(questions)
        for name in questions:
            if self.program.variable(name) != before[name]:
                raise NotRecorded(f"{shown(name)} gave another answer during the build")
        return tuple((name, before[name]) for name in questions)

    def lookups(self) -> tuple[tuple[str, str], ...]:
        """Return each name that go, or we, look up in PATH, and where it leads ("" for nowhere).

        The C compiler counts for every program: whether there is one decides CGO_ENABLED.
        """
        settings = self._settings
        names = [self._go.name]
        for tool in ("CC", "CXX", "PKG_CONFIG"):
            # Of "ccache gcc -m64" both commands count.
            words = split_quoted(settings.get(tool, ""))
            names.extend(word for word in words if not word.startswith("-"))
        names.extend(self._toolchains())
        if _is_cross(settings):
            names.append(_exec_name(settings))
        path = self._environ.get("PATH", "")
        return tuple((name, look_up_or_embedded(name, path)) for name in dict.fromkeys(names))

    def files(
        self,
        lookups: tuple[tuple[str, str], ...],
        operations: dict[str, set[str]],
        *,
        used: Iterable[str],
    ) -> Iterator[str]:
        """Yield the paths go reads without its tracing file system, whether they exist or not.

        `operations` are those it reported, `used` the variables of compilers that it used.
        """
        settings = self._settings
        yield f"{settings['GOROOT']}/go.env"
        if settings.get("GOENV"):  # empty where it is off
            yield settings["GOENV"]
        for path, seen in operations.items():
            if "Stat" in seen and path.endswith("/go.mod"):
                yield path.removesuffix("mod") + "sum"
            elif "Stat" in seen and path.endswith("/vendor") and os.path.isdir(path):
                yield f"{path}/modules.txt"
        module_files = tuple(self._module_files())
        yield from module_files
        if effective_flag(self._flags, settings, "mod") == "vendor":
            # go looks for no folder then (modload.VendorDir).
            yield f"{os.path.dirname(self._own_module_file()[1])}/vendor/modules.txt"
        yield from self._fips_snapshot()
        yield from self._downloads(operations, module_files)
        profile = effective_flag(self._flags, settings, "pgo")
        if profile not in ("", "auto", "off"):
            yield os.path.join(self._directory, profile)
        for outside in self._external:
            yield from outside.paths
        yield from self._commands(lookups, uses_cgo=bool(used))
        yield from filter(None, self._compilers.programs(settings, used).values())

    def _commands(self, lookups: tuple[tuple[str, str], ...], *, uses_cgo: bool) -> Iterator[str]:
        """Yield the go command, its tools, and the compilers where there is C to compile."""
        yield self._go.command
        for tool in _TOOLS:
            yield f"{self._settings['GOTOOLDIR']}/{tool}"
        for name, found in lookups:
            if found and (name == self._go.name or "go1" in name):
                yield found
            elif found and uses_cgo:
                # A launcher such as ccache hands on to the next of its name in PATH.
                directories = self._environ.get("PATH", "").split(":")
                yield from {found, *(f"{d}/{name}" for d in directories if d.startswith("/"))}

    def wrapper(self) -> tuple[str, ...]:
        """Return the words that go would put before the executable (go help run, on -exec)."""
        chosen = effective_flag(self._flags, self._settings, "exec")
        if chosen:
            return split_quoted(chosen)
        if not _is_cross(self._settings):
            return ()
        found = look_up(_exec_name(self._settings), self._environ.get("PATH", ""))
        return (found,) if found else ()

    def _fips_snapshot(self) -> Iterator[str]:
        """Yield what GOFIPS140 leads to: a name such as "certified" is that of a file (fips140)."""
        chosen = self._settings.get("GOFIPS140", "")
        if chosen not in ("", "off", "latest"):
            place = f"{self._settings['GOROOT']}/lib/fips140"
            alias = bytes_of(f"{place}/{chosen}.txt").decode("utf-8", "surrogateescape").strip()
            yield f"{place}/{chosen}.txt"
            yield f"{place}/{alias or chosen}.zip"
            yield f"{place}/fips140.sum"

    def _downloads(self, paths: Iterable[str], module_files: Iterable[str]) -> Iterator[str]:
        """Yield what go reads in the download cache: go.mod files, and sums of whole modules.

        It compares both with go.sum (modfetch.checkMod, modfetch.checkGoMod). `paths` are those
        that it reported.
        """
        modules, toolchain = self._settings["GOMODCACHE"], self._settings["GOROOT"] + "/"
        read = {
            match[1]
            for path in paths
            if path.startswith(f"{modules}/")
            and not path.startswith(toolchain)
            and (match := _MODULE_VERSION.match(path, len(modules) + 1))
        }
        for version in read:
            path = self._download(version)
            if os.path.exists(path + ".mod"):  # else go only looked into the module
                yield path + ".mod"
            yield path + ".ziphash"
        own = [bytes_of(path) for path in module_files if path.endswith(".mod")]
        if not self._is_loaded_lazily(read, own[:1]):
            yield from self._module_graph(own)

    def _download(self, version: str) -> str:
        path, _, number = version.rpartition("@")
        return f"{self._settings['GOMODCACHE']}/cache/download/{path}/@v/{number}"

    def _is_loaded_lazily(self, read: set[str], own: list[bytes]) -> bool:
        """Say whether go surely read go.mod files of such modules only as it took packages from.

        So it does for a module of Go 1.17 or newer that requires all of them by itself
        (modload.importFromModules, gover.ExplicitIndirectVersion).
        """
        if (
            not own
            or self._settings.get("GOWORK", "off") not in ("", "off")
            or effective_flag(self._flags, self._settings, "mod") == "mod"
            or effective_flag(self._flags, self._settings, "modfile")
        ):
            return False
        version = _GO_MINOR.search(own[0])
        return (
            version is not None
            and int(version[1]) >= _FIRST_LAZY_MINOR
            and read <= set(_required(own[0]))
        )

    def _module_graph(self, own: Iterable[bytes]) -> Iterator[str]:
        """Yield the go.mod files in the download cache of all that these lead to."""
        rest = [version for text in own for version in _required(text)]
        seen = set(rest)
        while rest:
            path = self._download(rest.pop()) + ".mod"
            if os.path.exists(path):  # else go did without it
                yield path
                new = set(_required(bytes_of(path))) - seen
                seen |= new
                rest += new

    def _module_files(self) -> Iterator[str]:
        """Yield go.work, go.mod and their sums, those of modules named by path included.

        go reads the go.mod of a replaced module also where no package of it is imported.
        """
        settings = self._settings
        own = self._own_module_file()
        rest = [own] if own[1] else []
        modfile = effective_flag(self._flags, settings, "modfile")
        if modfile:
            rest.append(("mod", os.path.join(self._directory, modfile)))
        seen = set()
        while rest:
            kind, path = rest.pop()
            if path in seen:
                continue
            seen.add(path)
            yield path
            yield path + ".sum" if kind == "work" else path.removesuffix(".mod") + ".sum"
            rest.extend(("mod", f"{place}/go.mod") for place in self._local_modules(kind, path))

    def _own_module_file(self) -> tuple[str, str]:
        """Return its kind and the path of the go.work or go.mod that counts, "" for none."""
        work, module = self._settings.get("GOWORK", "off"), self._settings["GOMOD"]
        if work not in ("", "off"):
            return "work", work
        return "mod", "" if module == os.devnull else module

    def _local_modules(self, kind: str, path: str) -> Iterator[str]:
        """Yield the directories of modules that a go.work or go.mod names by path."""
        try:
            with open(path, "rb") as file:
                if kind == "mod" and b"=>" not in file.read():
                    return
        except OSError:
            return
        read = self._go.edit_json(kind, path)
        places = [use["DiskPath"] for use in read.get("Use") or ()]
        replacements = [replace["New"] for replace in read.get("Replace") or ()]
        places += [new["Path"] for new in replacements if not new.get("Version")]
        for place in places:
            yield os.path.normpath(os.path.join(os.path.dirname(path), place))

    def _toolchains(self) -> Iterator[str]:
        """Yield the names by which go may have looked for another toolchain in PATH."""
        if self._environ.get("GOTOOLCHAIN") == "local":
            return
        settings = self._settings
        # What another toolchain says of GOTOOLCHAIN may differ from what selected it.
        yield from _TOOLCHAIN_NAME.findall(self._environ.get("GOTOOLCHAIN", ""))
        yield from _TOOLCHAIN_NAME.findall(settings.get("GOTOOLCHAIN", ""))
        yield settings["GOVERSION"].split()[0]
        for path in (settings["GOMOD"], settings.get("GOWORK", "")):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except OSError:
                continue
            yield from _TOOLCHAIN_LINE.findall(text)
            for version in _GO_LINE.findall(text):
                yield from (f"go{version}", f"go{version}.0")


def effective_flag(flags: BuildFlags, settings: Mapping[str, str], name: str) -> str:
    """Return the value of a flag from the command line or GOFLAGS, "" for none."""
    given = flags.get(name)
    if given is not None:
        return given
    value = ""
    for word in split_goflags(settings.get("GOFLAGS", "")):
        flag, _, text = word.lstrip("-").partition("=")
        if flag == name:
            value = text
    return value


def _required(module: bytes) -> Iterator[str]:
    """Yield at least each module that a go.mod requires, as its name is in the module cache."""
    for path, version in _REQUIRED.findall(module):
        name = os.fsdecode(path + b"@" + version)
        yield _CAPITAL.sub(lambda match: "!" + match[0].lower(), name)


def _is_cross(settings: Mapping[str, str]) -> bool:
    here = settings.get("GOHOSTOS"), settings.get("GOHOSTARCH")
    return (settings.get("GOOS"), settings.get("GOARCH")) != here


def _exec_name(settings: Mapping[str, str]) -> str:
    return f"go_{settings.get('GOOS')}_{settings.get('GOARCH')}_exec"
