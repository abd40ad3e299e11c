"""Target: what to run, by go's rules for words alone.

It must never look at a disk, a module or the network: whether a target exists, and what it is
made of, is go's to say. It is on the hot path and imports only the errors.
"""

from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, NoReturn, Self

# Names that mean many packages to go.
_META_PACKAGES = frozenset(("all", "cmd", "std", "tool", "work"))


class Target:
    """What to run: a list of .go files, a package (directory or import path), or `path@version`.

    Immutable and hashable; equal when the words are equal. Make one with `parse` or `of`.
    """

    __slots__ = ("kind", "words")

    words: tuple[str, ...]
    """As typed; to hand them to go, put `--` before them: a file may be named `-x.go`."""

    kind: 'Literal["files", "package", "version"]'

    def __init__(self, words: tuple[str, ...]) -> None:
        """Take the words of one target; raises UsageError for words go would not run."""
        if not words:
            raise UsageError("no target: say what to run, e.g. gorun . or gorun ./cmd/api")
        first = words[0]
        if first.endswith(".go"):
            self._set("files", words)
        elif first.startswith("-"):
            raise UsageError(f"{first} is no target", "write ./ before a name that starts with -")
        elif "@" in first and not is_path(first):
            self._set("version", words)
        else:
            self._set("package", words)
        for word in words:
            if word.endswith("_test.go"):
                raise UsageError(f"go cannot run *_test.go files ({word})", "go test runs them")

    @classmethod
    def parse(cls, words: "Sequence[str]") -> "tuple[Self, int]":
        """Read the target at the start of `words`, as `go run` does.

        The leading run of words that end in .go is the file list, else the first word is the
        package. Returns the target and how many words it took: the rest are arguments. Raises
        UsageError if there is none.
        """
        count = 0
        while count < len(words) and words[count].endswith(".go"):
            count += 1
        target = cls(tuple(words[: count or 1]))
        return target, len(target.words)

    @classmethod
    def of(cls, value: "str | Sequence[str]") -> "Self":
        """Make a target of one word, or of a list of .go files.

        Raises UsageError for a list that is empty, names two packages, or mixes files and
        packages: a command line would take such words for arguments.
        """
        words = (value,) if isinstance(value, str) else _strings(value)
        packages = [word for word in words if not word.endswith(".go")]
        if packages and len(packages) < len(words):
            raise UsageError(
                f"a target is .go files or one package, not both: {packages[0]} is no .go file",
                "arguments for the program are no part of it",
            )
        if len(packages) > 1:
            raise UsageError(
                f"a target is one package, not {len(packages)}: {', '.join(packages)}",
                "arguments for the program are no part of it",
            )
        return cls(words)

    def _set(self, kind: 'Literal["files", "package", "version"]', words: tuple[str, ...]) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "words", words)

    def __setattr__(self, name: str, value: object) -> "NoReturn":
        raise AttributeError(f"Target is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> "NoReturn":
        raise AttributeError(f"Target is immutable: cannot delete {name}")

    def __reduce__(self) -> tuple[object, ...]:
        # Runners copy and pickle their tasks; the default would set attributes.
        return type(self), (self.words,)

    def __eq__(self, other: object) -> bool:
        return self.words == other.words if isinstance(other, Target) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"<Target {' '.join(self.words)}>"

    @property
    def is_exact_version(self) -> bool:
        """Whether this names one version for ever: a full semantic version, or a pseudo-version."""
        if self.kind != "version":
            return False
        from gorun_tasks.core.module_version import is_full_version

        return is_full_version(self.words[0].partition("@")[2])

    @property
    def is_pattern(self) -> bool:
        """Whether this may match several packages, or others tomorrow."""
        return self.kind != "files" and ("..." in self._path or self._path in _META_PACKAGES)

    @property
    def name(self) -> str:
        """A short name for people: the one go gives the executable, as far as the words tell it.

        `.` and the like have no name of their own and stay what they are, as do patterns.
        """
        elements = [element for element in self._path.split("/") if element not in ("", ".")]
        if self.is_pattern or not elements or elements[-1] == "..":
            return self._path or "."
        *parents, last = elements
        if self.kind == "files":
            return last.removesuffix(".go") or last
        if last[0] == "v" and parents and parents[-1] != "..":
            from gorun_tasks.core.module_version import is_major_version

            return parents[-1] if is_major_version(last) else last
        return last

    @property
    def _path(self) -> str:
        """The first word, without the version."""
        first = self.words[0]
        return first.partition("@")[0] if self.kind == "version" else first


def _strings(value: "Sequence[str]") -> tuple[str, ...]:
    from collections.abc import Sequence  # the Python API only

    # Types are hints only, and a pathlib.Path would lose the ./ that makes it a directory to go.
    if not isinstance(value, Sequence) or not all(isinstance(word, str) for word in value):
        got = f"{type(value).__name__} {value!r}"
        raise UsageError(f"target: expected a str or a sequence of str, got {got}")
    return tuple(value)


def is_name(word: str) -> bool:
    """Say whether a word names a program of the workspace, :api, and is no address, :8080."""
    return word[:1] == ":" and word[1:2] not in "0123456789" and ":" not in word[1:]


def is_path(word: str) -> bool:
    """Tell a local import or an absolute path, as go does, from an import path."""
    return word in (".", "..") or word.startswith(("./", "../", "/"))
