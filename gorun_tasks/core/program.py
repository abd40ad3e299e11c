"""Program specification: target, build flags and logical working directory: the identity.

Decides who a program is, and under which key each of its platforms is kept. The environment is an
input, never part of the identity: else a changed GOFLAGS could never be named as a reason. At
import it loads nothing that the hot path does not use.
"""

import os

from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.store import Store, checksum
from gorun_tasks.core.target import Target, is_path
from gorun_tasks.errors import ToolchainError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from gorun_tasks.core.vcs_stamp import Facts

QUESTION = "=$ "
"""How the name of an input begins that is what a command says (`core.command_answer`)."""

NOT_BUILT = "not built before"
"""Why a program of which the store knows nothing is stale."""

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
    """Which program: target, build flags, working directory. Nothing of it ever changes.

    `cwd` is the logical working directory (default: as $PWD of `environ` names it). `overlay` are
    the variables that somebody said for this program, which `environ` has already. `stamp` links
    facts of git into string variables: {"main.version": "version"}. `store` is where its builds
    are, if not where `environ` says. `run_in` is where the program runs, from where this process is
    when it starts ("" where go runs). Raises UsageError for words that make no sense.
    """

    __slots__ = (
        "cwd",
        "environ",
        "flags",
        "identity",
        "key",
        "overlay",
        "platform",
        "run_in",
        "stamp",
        "store",
        "target",
    )

    def __init__(
        self,
        target: Target,
        flags: BuildFlags,
        environ: "Mapping[str, str]",
        stamp: "Mapping[str, str] | None" = None,
        *,
        cwd: str | None = None,
        overlay: "Mapping[str, str | None] | None" = None,
        store: Store | None = None,
        run_in: str = "",
    ) -> None:
        if os.name != "posix":
            raise ToolchainError("gorun-tasks runs on Linux and macOS, not on Windows")
        self.target: Final = target
        self.flags: Final = flags
        self.cwd: Final = logical_directory(environ) if cwd is None else os.path.abspath(cwd)
        if environ.get("PWD") != self.cwd:
            environ = {**environ, "PWD": self.cwd}
        self.environ: Final = environ
        self.overlay: Final = {} if overlay is None else dict(overlay)
        self.store: Final = store or Store.at(environ)
        self.run_in: Final = run_in
        # Where -C leads is part of who the program is: a link on the way may be set anew.
        places = (self.cwd, self.directory) if flags.chdir else (self.cwd,)
        identity = (*flags.words, "--", *target.words, "in", *places)
        stamped: tuple[tuple[str, str], ...] = ()
        if stamp:
            from gorun_tasks.core.vcs_stamp import checked

            stamped = checked(stamp)
            identity += ("stamp", *(f"{name}={fact}" for name, fact in stamped))
        self.stamp: Final = stamped  # string variables, each with the fact of git that it gets
        self.identity: Final = identity
        set_here = [f"{name}={environ[name]}" for name in PLATFORM if environ.get(name)]
        # What the keys of this platform end with, "" where no variable names one.
        self.platform: Final = f"-{_checksum(set_here)}" if set_here else ""
        # The store compares the identity too, and the environment is an input: chance can only
        # cost time.
        self.key: Final = _checksum(identity) + self.platform

    def with_own_store(self) -> "ProgramSpec":
        """Return the same program for another thread or process: stores remember what they read."""
        return ProgramSpec(
            self.target,
            self.flags,
            dict(self.environ),
            dict(self.stamp),
            cwd=self.cwd,
            overlay=self.overlay,
            store=Store(self.store.root),
            run_in=self.run_in,
        )

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
    def package_directory(self) -> str:
        """Where the package is, "" where its word is no path."""
        word = self.target.words[0]
        if self.target.kind != "package" or not is_path(word):
            return ""
        return os.path.normpath(os.path.join(self.directory, word))

    @property
    def place(self) -> str:
        """Where the program runs."""
        if not self.run_in:
            return self.directory
        here = "" if self.run_in.startswith("/") else logical_directory(os.environ)
        return os.path.normpath(os.path.join(here, self.run_in))

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
        if name.startswith(QUESTION):
            from gorun_tasks.core.command_answer import answer

            return answer(name, self.environ)
        if name != "TMPDIR":
            return self.environ.get(name, "")
        temporary = os.path.join(self.directory, self.environ.get(name) or TEMPORARY)
        if not os.path.exists(f"{temporary}/go.mod"):
            return ""
        place = self.directory
        while not os.path.isfile(f"{place}/go.mod") and place != "/":
            place = os.path.dirname(place)
        return temporary if os.path.samefile(temporary, place) else ""

    def stamped(self, facts: "Facts | None") -> tuple[tuple[str, str], ...]:
        """Return the facts that are linked in, as inputs, with their values.

        They stand among variables with a "=" before them: no variable's name begins so. Raises
        GoRunError where git cannot tell.
        """
        names = {fact for _, fact in self.stamp}
        if "date" in names:
            names.add("commit")  # by which the date is known the next time
        return tuple((f"={fact}", self.fact(fact, facts)) for fact in sorted(names))

    def link_flags(self, facts: "Facts | None") -> BuildFlags:
        """Return the flags that go gets: these, and what is stamped. Raises GoRunError."""
        if not self.stamp:
            return self.flags
        values = {variable: self.fact(fact, facts) for variable, fact in self.stamp}
        from gorun_tasks.core.tool_flags import stamped

        return stamped(self.flags, values, self.environ.get("GOFLAGS", ""))

    def fact(self, fact: str, facts: "Facts | None") -> str:
        """Return one of the facts that a look has found. Raises GoRunError."""
        assert facts is not None  # which is so for whatever is stamped
        return facts.value(fact, self._date_of)

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
        return f"not remembered: {note}" if note else NOT_BUILT


def _checksum(words: "Sequence[str]") -> str:
    return checksum("\0".join(words).encode("utf-8", "surrogateescape")).hex()


def laid_over(environ: "Mapping[str, str]", env: "Mapping[str, str | None]") -> dict[str, str]:
    """Return an environment with these variables in it, None for one that is not set."""
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
        from gorun_tasks.core.suggestions import refuse_env

        refuse_env(env)
    return env


def may_be_configured(directory: str) -> bool:
    """Say whether a configuration may say something of the programs around a directory.

    Up to the root of the repository; the nearest file counts, and most say nothing: those of
    Python projects never mention us, and one of `gorun --init` has comments alone.
    """
    place = directory
    while place:
        if os.path.exists(f"{place}/gorun.toml"):
            lines = _text(f"{place}/gorun.toml").splitlines()
            return any(line.strip()[:1] not in (b"", b"#") for line in lines)
        if _mentions_us(f"{place}/pyproject.toml"):
            return True
        if os.path.lexists(f"{place}/.git"):
            return False
        place = place.rpartition("/")[0]
    return False


def _mentions_us(path: str) -> bool:
    if not os.path.exists(path):
        return False
    return b"gorun" in _text(path).replace(b"gorun-tasks", b"").replace(b"gorun_tasks", b"")


def _text(path: str) -> bytes:
    try:
        with open(path, "rb", 0) as file:
            return file.read()
    except OSError:
        return b"gorun"  # who reads all of it will say what is wrong


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
