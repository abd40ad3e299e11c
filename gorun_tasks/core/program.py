"""Program: what is run: target, build flags and logical working directory, its identity.

Decides who a program is, and under which key each of its platforms is kept. The environment is an
input, never part of the identity: else a changed GOFLAGS could never be named as a reason. At
import it loads nothing that the hot path does not use.
"""

import os

from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.store import Store, checksum
from gorun_tasks.core.target import Target
from gorun_tasks.errors import ToolchainError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Self, Unpack

    from gorun_tasks.core.flags import FlagKeywords
    from gorun_tasks.core.vcs_stamp import Facts

QUESTION = "=$ "
"""How the name of an input begins that is what a command says (`core.command_answer`)."""

TEMPORARY = "/tmp"  # noqa: S108 - it is only compared with
"""What os.TempDir says where TMPDIR is not set, or empty."""

PLATFORM = (
    *("GOOS", "GOARCH", "GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64"),
    *("GORISCV64", "GOWASM", "CGO_ENABLED", "GOEXPERIMENT"),
)
"""Variables that say for which platform a program is built; to go an empty one is not set.

What the go env file sets is not among them: to know it would cost each start a file to read.
"""


class ProgramSpec:
    """A Go program, said in go's own words.

    `target` is a package directory, an import path, `path@version`, or a list of .go files.
    `cwd` is the logical working directory (default: the process's own, as $PWD names it), `env`
    is laid over os.environ, for go and for the program (None unsets a variable). Build flags are
    keywords with go's names: race=True, tags=["dev"], ldflags="-X main.version=1.2.3", chdir="dir"
    for -C. `stamp` links facts of git into string variables: {"main.version": "version"}; the facts
    are version, commit, date and dirty.
    Raises UsageError for words that make no sense.
    """

    __slots__ = (
        "cwd",
        "environ",
        "events",
        "facts",
        "flags",
        "identity",
        "key",
        "listener",
        "on_event",
        "overlay",
        "platform",
        "report",
        "seen_from",
        "stamp",
        "store",
        "target",
    )

    events: str
    """The file that events are appended to, "" for none."""
    overlay: dict[str, str | None]
    """The variables that were laid over os.environ."""
    platform: str
    """What the keys of this platform end with, "" where no variable names one."""
    stamp: tuple[tuple[str, str], ...]
    """String variables that are linked in, each with the fact of git that it gets."""
    listener: "Callable[[bytes], None] | None"
    """Hears each line that go writes for the person, who else reads it on stderr."""
    seen_from: str
    """Where the person is who reads what go says, "" for where this process is."""
    on_event: "Callable[[Any], None] | None"
    """Hears each event as it happens, whether or not there is a file of them."""

    def __init__(
        self,
        target: "str | Sequence[str]" = ".",
        *,
        cwd: str | None = None,
        env: "Mapping[str, str | None] | None" = None,
        stamp: "Mapping[str, str] | None" = None,
        **flags: "Unpack[FlagKeywords]",
    ) -> None:
        environ = _laid_over(os.environ, env or {})
        self._become(Target.of(target), BuildFlags(**flags), cwd, environ, stamp or {})
        self.overlay = dict(env or {})

    @classmethod
    def typed(
        cls,
        target: Target,
        flags: BuildFlags,
        environ: "Mapping[str, str]",
        stamp: "Mapping[str, str] | None" = None,
    ) -> "Self":
        """Return the program that words on a command line name."""
        program = cls.__new__(cls)
        program._become(target, flags, None, environ, stamp or {})  # noqa: SLF001 - its other constructor
        return program

    def with_flags(
        self,
        typed: BuildFlags | None = None,
        stamp: "Mapping[str, str] | None" = None,
        *,
        env: "Mapping[str, str | None] | None" = None,
        **flags: "Unpack[FlagKeywords]",
    ) -> "Self":
        """Return this program with more flags, stamps and variables, which win over its own."""
        program = type(self).__new__(type(self))
        both = self.flags.with_(**flags)
        if typed is not None:
            both = both.followed_by(typed)
        stamped = dict(self.stamp)
        if stamp:
            from gorun_tasks.core.vcs_stamp import checked  # noqa: PLC0415 - as above

            stamped |= checked(stamp)
        environ = _laid_over(self.environ, env or {})
        program._become(self.target, both, self.cwd, environ, stamped)  # noqa: SLF001 - as above
        program.overlay = {**self.overlay, **(env or {})}
        program.listener = self.listener
        if "GORUN_EVENTS" not in (env or {}):
            program.events = self.events
        return program

    def _become(
        self,
        target: Target,
        flags: BuildFlags,
        cwd: str | None,
        environ: "Mapping[str, str]",
        stamp: "Mapping[str, str]",
    ) -> None:
        if os.name != "posix":
            raise ToolchainError("gorun-tasks runs on Linux and macOS, not on Windows")
        self.target = target
        self.flags = flags
        self.cwd = logical_directory(environ) if cwd is None else os.path.abspath(cwd)
        if environ.get("PWD") != self.cwd:
            environ = {**environ, "PWD": self.cwd}
        self.environ = environ
        self.store = Store.at(environ)
        # Where -C leads is part of who the program is: a link on the way may be set anew.
        places = (self.cwd, self.directory) if flags.chdir else (self.cwd,)
        self.identity = (*flags.words, "--", *target.words, "in", *places)
        self.stamp = ()
        self.facts: Facts | None = None  # as of the last look
        if stamp:
            from gorun_tasks.core.vcs_stamp import checked  # noqa: PLC0415 - few programs are stamped

            self.stamp = checked(stamp)
            self.identity += ("stamp", *(f"{name}={fact}" for name, fact in self.stamp))
        set_here = [f"{name}={environ[name]}" for name in PLATFORM if environ.get(name)]
        self.platform = f"-{_checksum(set_here)}" if set_here else ""
        # The store compares the identity too, and the environment is an input: chance can only
        # cost time.
        self.key = _checksum(self.identity) + self.platform
        self.overlay = {}
        self.events = environ.get("GORUN_EVENTS", "")
        self.report: Any = None  # what go told at the last build by this object: toolchain.report
        self.listener = None
        self.seen_from = ""
        self.on_event = None

    def __repr__(self) -> str:
        return f"<Program {self.label}>"

    @property
    def name(self) -> str:
        """A short name for people: "api" for ./cmd/api."""
        name: str = self.target.name
        if name in (".", "..", ""):
            return os.path.basename(os.path.normpath(os.path.join(self.directory, name))) or "."
        return name

    @property
    def label(self) -> str:
        """Target and flags as typed."""
        return " ".join((*self.flags.words, *self.target.words))

    @property
    def directory(self) -> str:
        """Where go runs: the working directory, with -C applied (which is physical, as in go)."""
        chdir = self.flags.chdir
        return os.path.realpath(os.path.join(self.cwd, chdir)) if chdir else self.cwd

    @property
    def root(self) -> str:
        """What paths are shown relative to."""
        return self.directory

    def never_recorded(self) -> str:
        """Return why builds of this program are never remembered; "" where they may be."""
        forbidden = self.flags.recording_forbidden_by()
        if forbidden:
            return f"{forbidden} has go asked at each run"
        if self.target.kind == "version" and not self.target.is_exact_version:
            return f"{self.target.words[0]} names no exact version, so go is asked at each run"
        if self.target.is_pattern:
            return f"{self.target.words[0]} is a pattern, so go is asked at each run"
        return ""

    def variable(self, name: str) -> str:
        """Return the value of a variable as far as it is an input, "" where it is not set.

        TMPDIR counts only where our go.mod lies in the directory that it names: there go passes
        over it (modload.Init), whatever link leads to that directory (search.InDir).
        """
        if name[:1] == "=":
            if name.startswith(QUESTION):
                from gorun_tasks.core.command_answer import answer  # noqa: PLC0415 - few compilers are launchers

                return answer(name, self.environ)
            return self._fact(name[1:])
        if name != "TMPDIR":
            return self.environ.get(name, "")
        temporary = os.path.join(self.directory, self.environ.get(name) or TEMPORARY)
        if not os.path.exists(f"{temporary}/go.mod"):
            return ""
        place = self.directory
        while not os.path.isfile(f"{place}/go.mod") and place != "/":
            place = os.path.dirname(place)
        return temporary if os.path.samefile(temporary, place) else ""

    def stamped(self) -> tuple[tuple[str, str], ...]:
        """Return the facts that are linked in, as inputs, with their values as of the last look.

        They stand among variables with a "=" before them: no variable's name begins so. Raises
        GoRunError where git cannot tell.
        """
        facts = {fact for _, fact in self.stamp}
        if "date" in facts:
            facts.add("commit")  # by which the date is known the next time
        return tuple((f"={fact}", self._fact(fact)) for fact in sorted(facts))

    def link_flags(self) -> BuildFlags:
        """Return the flags that go gets: these, and what is stamped. Raises GoRunError."""
        if not self.stamp:
            return self.flags
        values = {variable: self._fact(fact) for variable, fact in self.stamp}
        from gorun_tasks.core.tool_flags import stamped  # noqa: PLC0415 - few programs are stamped

        return stamped(self.flags, values, self.environ.get("GOFLAGS", ""))

    def _fact(self, fact: str) -> str:
        if self.facts is None:
            from gorun_tasks.core.check import StatCache  # noqa: PLC0415 - most begin with a look

            self.facts = StatCache(self.store, self.environ).facts(self.directory)
        return self.facts.value(fact, self._date_of)

    def _date_of(self, commit: str) -> str:
        """Return the date of a commit from which this program was built, "" for another."""
        for manifest in self.store.manifests(self.key, self.identity):
            recorded = dict(manifest.environment)
            if recorded.get("=commit") == commit:
                return recorded.get("=date", "")
        return ""

    def unknown(self) -> str:
        """Return the words for a program that the store knows nothing of."""
        never = self.never_recorded()
        if never:
            return never
        note = self.store.note(self.key, self.identity)
        return f"not remembered: {note}" if note else "not built before"


def _checksum(words: "Sequence[str]") -> str:
    return checksum("\0".join(words).encode("utf-8", "surrogateescape")).hex()


def _laid_over(environ: "Mapping[str, str]", env: "Mapping[str, str | None]") -> dict[str, str]:
    both = {**environ, **checked_env(env)}
    return {name: value for name, value in both.items() if value is not None}


def checked_env(env: "Mapping[str, str | None]") -> "Mapping[str, str | None]":
    """Return variables that an environment can have. Raises UsageError for others."""
    try:
        words = (name + ("" if value is None else value) for name, value in env.items())
        sound = all("\0" not in word for word in words) and not any("=" in n or not n for n in env)
    except (AttributeError, TypeError):
        sound = False
    if not sound:
        from gorun_tasks.core.suggestions import refuse_env  # noqa: PLC0415 - somebody is mistaken

        refuse_env(env)
    return env


def logical_directory(environ: "Mapping[str, str]") -> str:
    """Return the working directory as go sees it: $PWD where it names it, else its physical path.

    The rule of os.Getwd in Go's standard library. Raises ToolchainError where there is none any
    more: go cannot be asked there.
    """
    pwd = environ.get("PWD", "")
    if pwd.startswith("/"):
        try:
            named, here = os.stat(pwd), os.stat(".")
        except OSError:
            return _physical_directory()
        if (named.st_ino, named.st_dev) == (here.st_ino, here.st_dev):
            return pwd
    return _physical_directory()


def _physical_directory() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        raise ToolchainError(
            f"the working directory cannot be determined: {error.strerror}",
            "was it removed? cd to one that is there",
        ) from error
