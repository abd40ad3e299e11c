"""Build flags: how they are read, spelled and handed on; what a value means is for go.

It must never start go, read a file or the environment, or import more than the errors: it is on
the hot path. Keywords of Python, quoted words and hints have rooms that are loaded when needed.
"""

from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import NoReturn, Self, TypedDict, Unpack

    class FlagKeywords(TypedDict, total=False):
        """The build flags as Python keywords: go's names, `_` for `-`, `chdir` for `-C`."""

        chdir: str
        a: bool
        n: bool
        v: bool
        x: bool
        p: int
        race: bool
        msan: bool
        asan: bool
        cover: bool
        covermode: str
        coverpkg: str | Sequence[str]
        work: bool
        json: bool
        tags: str | Sequence[str]
        ldflags: str | Sequence[str]
        gcflags: str | Sequence[str]
        asmflags: str | Sequence[str]
        gccgoflags: str | Sequence[str]
        trimpath: bool
        buildvcs: bool | str
        buildmode: str
        compiler: str
        installsuffix: str
        linkshared: bool
        mod: str
        modcacherw: bool
        modfile: str
        overlay: str
        pgo: str
        pkgdir: str
        toolexec: str
        exec: str
        debug_actiongraph: str
        debug_runtime_trace: str
        debug_trace: str


BOOLEAN_FLAGS = frozenset(
    "a asan buildvcs cover json linkshared modcacherw msan n race trimpath v work x".split()
)
"""Flags that take a value only after `=`."""

VALUE_FLAGS = frozenset(
    "C asmflags buildmode compiler covermode coverpkg debug-actiongraph debug-runtime-trace"
    " debug-trace exec gccgoflags gcflags installsuffix ldflags mod modfile overlay p pgo pkgdir"
    " tags toolexec".split()
)
"""Flags that always take a value, after `=` or as the next word."""

PER_PACKAGE = frozenset(("asmflags", "gccgoflags", "gcflags", "ldflags"))
"""Flags whose value, words as `split_quoted` reads them, may begin with a pattern of packages."""

# strconv.ParseBool.
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))

# Flags that make go print, keep or write something at every run (-a -n -v -x -work -json -debug-*),
# or that let a build depend on more than go tells (the rest).
_NEVER_RECORDED = frozenset(
    "a n v x work json toolexec overlay linkshared pkgdir"
    " debug-actiongraph debug-runtime-trace debug-trace".split()
)


class BuildFlags:
    """The build flags of one program, in go's normal spelling and the order given.

    Immutable and hashable; equal when the words are equal. Flag names in methods are go's own
    ("debug-trace", "C"). As in go, the last value given wins.
    """

    __slots__ = ("words",)

    words: tuple[str, ...]
    """One word a flag (`-race`, `-race=false`, `-tags=dev`), `-C=dir` first: what go is given."""

    def __init__(self, **keywords: "Unpack[FlagKeywords]") -> None:
        """Make flags of Python keywords.

        A sequence of tags or packages is joined with commas; a sequence of tool flags is quoted so
        that the tool gets exactly these words. Raises UsageError for an unknown keyword, a wrong
        type and words that go has no way to quote.
        """
        words: tuple[str, ...] = ()
        if keywords:
            from gorun_tasks.core.flag_keywords import keyword_word

            words = _chdir_first([keyword_word(name, value) for name, value in keywords.items()])
        object.__setattr__(self, "words", words)

    @classmethod
    def parse(cls, words: "Sequence[str]") -> "tuple[Self, int]":
        """Read the flags at the start of `words`, as the flag package of go does.

        Returns them with the index of the first word that is not a flag, after a consumed `--`.
        Raises UsageError where go refuses: an unknown flag, a missing value, a bad boolean, a
        `-C` that is not first.
        """
        read: list[str] = []
        index = 0
        while index < len(words) and len(words[index]) > 1 and words[index].startswith("-"):
            word = words[index]
            index += 1
            if word == "--":
                break
            name, value = _typed(word)
            if value is None:
                if index == len(words):
                    raise UsageError(f"flag needs an argument: -{name}")
                value = words[index]
                index += 1
            if name == "C" and read:
                raise UsageError("-C must be the first flag", f"write gorun -C {value} ...")
            read.append(normal_word(name, value))
        return cls.of_words(read), index

    @classmethod
    def of_words(cls, words: "Sequence[str]") -> "Self":
        """Return flags of words in normal spelling. Raises UsageError for a `-C` without any."""
        flags = cls()
        object.__setattr__(flags, "words", _chdir_first(words))
        return flags

    def __setattr__(self, name: str, value: object) -> "NoReturn":
        raise AttributeError(f"BuildFlags is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> "NoReturn":
        raise AttributeError(f"BuildFlags is immutable: cannot delete {name}")

    def __reduce__(self) -> tuple[object, ...]:
        # Runners copy and pickle their tasks; the default would set attributes.
        return self.of_words, (self.words,)

    def __eq__(self, other: object) -> bool:
        return self.words == other.words if isinstance(other, BuildFlags) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"<BuildFlags {' '.join(self.words) or 'none'}>"

    def get(self, name: str) -> str | None:
        """Return the last value given ("true" or "false" for booleans), None if never given."""
        for word in reversed(self.words):
            given, value = name_and_value(word)
            if given == name:
                return value
        return None

    def is_true(self, name: str) -> bool:
        """Tell whether a boolean flag is on."""
        return self.get(name) == "true"

    @property
    def chdir(self) -> str:
        """The directory of `-C`, "" if none."""
        return self.get("C") or ""

    def without(self, *names: str) -> "Self":
        """Return these flags but for the named ones."""
        return self.of_words([word for word in self.words if name_and_value(word)[0] not in names])

    def with_(self, **keywords: "Unpack[FlagKeywords]") -> "Self":
        """Return these flags and then the keywords, which so win; raises what BuildFlags raises.

        A later `ldflags` (gcflags, ...) replaces an earlier one whole, as in go.
        """
        return self.followed_by(BuildFlags(**keywords))

    def followed_by(self, others: "BuildFlags") -> "Self":
        """Return these flags and then the others, which so win.

        A flag that is said again is said once: equal meaning, equal words. Only of those that hold
        for a pattern of packages the earlier one may still count, for other packages.
        """
        said = {name_and_value(word)[0] for word in others.words}
        return self.of_words(self.without(*said - PER_PACKAGE).words + others.words)

    def recording_forbidden_by(self, goflags: str = "") -> str:
        """Return "", or the flag because of which a build must not be remembered.

        `goflags` is the value of GOFLAGS that go works with; the flags given here win over it.
        Raises UsageError if go could not read it either.
        """
        effective = {
            name_and_value(word)[0]: word for word in (*goflags_words(goflags), *self.words)
        }
        for name, word in effective.items():
            value = name_and_value(word)[1]
            if (
                (name in _NEVER_RECORDED and value not in ("", "false"))
                or (name == "buildvcs" and value == "true")
                or (name == "compiler" and value != "gc")
            ):
                return word
        return ""


def _typed(word: str) -> tuple[str, str | None]:
    """Split a flag as typed; the value is None if it is the next word. Raises if go has no such."""
    name, equals, value = split_typed(word)
    if not name or name.startswith("-"):
        raise UsageError(f"bad flag syntax: {word}")
    if name not in BOOLEAN_FLAGS and name not in VALUE_FLAGS:
        from gorun_tasks.core.suggestions import flag_hint

        raise UsageError(f"flag provided but not defined: -{name}", flag_hint(name))
    if equals:
        return name, value
    return name, "true" if name in BOOLEAN_FLAGS else None


def split_typed(word: str) -> tuple[str, str, str]:
    """Split a flag as typed into name, "=" or "", and value."""
    return word.removeprefix("-").removeprefix("-").partition("=")


def normal_word(name: str, value: str) -> str:
    """Spell a flag with its value so that equal meaning gives equal words."""
    if name in BOOLEAN_FLAGS:
        if value in _TRUE:
            return f"-{name}"
        if value in _FALSE:
            value = "false"
        elif name == "buildvcs" and value in ("", "auto"):
            value = "auto"
        else:
            choice = "true, false or auto" if name == "buildvcs" else "true or false"
            raise UsageError(f'invalid boolean value "{value}" for -{name}', f"it is {choice}")
    return f"-{name}={value}"


def _chdir_first(words: "Sequence[str]") -> tuple[str, ...]:
    """Move `-C` to the front: go takes one, and only there. A second one replaces the first."""
    chdir = [word for word in words if word.startswith("-C=")][-1:]
    if chdir == ["-C="]:
        raise UsageError("-C needs a directory")
    return (*chdir, *(word for word in words if not word.startswith("-C=")))


def name_and_value(word: str) -> tuple[str, str]:
    """Return the name and the value of a flag in normal spelling."""
    name, equals, value = word[1:].partition("=")
    return name, value if equals else "true"


def goflags_words(text: str) -> "Iterator[str]":
    """Yield the flags of GOFLAGS that go run has, in normal spelling; go ignores the others.

    Raises UsageError where go could not read them.
    """
    from gorun_tasks.core.quoting import split_goflags

    for word in split_goflags(text):
        name, equals, value = split_typed(word)
        if name in BOOLEAN_FLAGS or (name in VALUE_FLAGS and equals):
            yield normal_word(name, value if equals else "true")
