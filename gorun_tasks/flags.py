"""Decides how build flags are read, spelled and handed on; what a value means is go's to judge.

It must never start go, read a file or the environment, or import more than the errors: it is on
the hot path. What only an error or the Python API needs is imported there.
"""

from __future__ import annotations

from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
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
    "a asan buildvcs cover json linkshared modcacherw msan n race trimpath v work x".split()  # noqa: SIM905
)
"""Flags that take a value only after `=`."""

VALUE_FLAGS = frozenset(
    "C asmflags buildmode compiler covermode coverpkg debug-actiongraph debug-runtime-trace"  # noqa: SIM905
    " debug-trace exec gccgoflags gcflags installsuffix ldflags mod modfile overlay p pgo pkgdir"
    " tags toolexec".split()
)
"""Flags that always take a value, after `=` or as the next word."""

KEYWORDS = {
    "chdir" if name == "C" else name.replace("-", "_"): name
    for name in sorted(BOOLEAN_FLAGS | VALUE_FLAGS)
}
"""The flag behind each Python keyword."""

# Flags of go build, or of other commands, that people try.
_NOT_OF_RUN = {
    "o": "go run has no -o; gorun --which prints the path of the executable",
    "i": "go run has no -i, nor any use for it: go keeps what it compiles in its cache",
    "h": "gorun --help explains the command line",
    "help": "gorun --help explains the command line",
}

# Values in the grammar of `split_quoted`, after an optional `pattern=`.
_PER_PACKAGE = frozenset(("asmflags", "gccgoflags", "gcflags", "ldflags"))
_COMMA_LISTS = frozenset(("coverpkg", "tags"))

# strconv.ParseBool.
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))

# Flags that make go print, keep or write something at every run (-a -n -v -x -work -json -debug-*),
# or that let a build depend on more than go tells (the rest).
_NEVER_RECORDED = frozenset(
    "a n v x work json toolexec overlay linkshared pkgdir"  # noqa: SIM905
    " debug-actiongraph debug-runtime-trace debug-trace".split()
)

# What undoes that go run strips debug information, and what keeps a debugger's view faithful.
_FOR_DEBUGGING = {"gcflags": "-N -l -dwarf", "ldflags": "-s=0 -w=0"}

# Flags that are hardly ever a program's own.
_TRAPS = frozenset(
    "race tags ldflags gcflags asmflags mod modfile trimpath cover msan asan pgo buildvcs".split()  # noqa: SIM905
)

_SPACE = " \t\n\r"
_QUOTES = ("'", '"')


class BuildFlags:
    """The build flags of one program, in go's normal spelling and the order given.

    Immutable and hashable; equal when the words are equal. Flag names in methods are go's own
    ("debug-trace", "C"). As in go, the last value given wins.
    """

    __slots__ = ("words",)

    words: tuple[str, ...]
    """One word a flag (`-race`, `-race=false`, `-tags=dev`), `-C=dir` first: what go is given."""

    def __init__(self, **keywords: Unpack[FlagKeywords]) -> None:
        """Make flags of Python keywords.

        A sequence of tags or packages is joined with commas; a sequence of tool flags is quoted so
        that the tool gets exactly these words. Raises UsageError for an unknown keyword, a wrong
        type and words that go has no way to quote.
        """
        given = [_keyword_word(keyword, value) for keyword, value in keywords.items()]
        object.__setattr__(self, "words", _chdir_first(given))

    @classmethod
    def parse(cls, words: Sequence[str]) -> tuple[Self, int]:
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
            name, value = _name_and_value(word)
            if value is None:
                if index == len(words):
                    raise UsageError(f"flag needs an argument: -{name}")
                value = words[index]
                index += 1
            if name == "C" and read:
                raise UsageError("-C must be the first flag", f"write gorun -C {value} ...")
            read.append(_normal_word(name, value))
        return cls._of(read), index

    @classmethod
    def _of(cls, words: Sequence[str]) -> Self:
        flags = cls()
        object.__setattr__(flags, "words", _chdir_first(words))
        return flags

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"BuildFlags is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"BuildFlags is immutable: cannot delete {name}")

    def __reduce__(self) -> tuple[object, ...]:
        # Runners copy and pickle their tasks; the default would set attributes.
        return self._of, (self.words,)

    def __eq__(self, other: object) -> bool:
        return self.words == other.words if isinstance(other, BuildFlags) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"<BuildFlags {' '.join(self.words) or 'none'}>"

    def get(self, name: str) -> str | None:
        """Return the last value given ("true" or "false" for booleans), None if never given."""
        for word in reversed(self.words):
            given, value = _of_word(word)
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

    def without(self, *names: str) -> Self:
        """Return these flags but for the named ones."""
        return self._of([word for word in self.words if _of_word(word)[0] not in names])

    def with_(self, **keywords: Unpack[FlagKeywords]) -> Self:
        """Return these flags and then the keywords, which so win; raises what BuildFlags raises.

        A later `ldflags` (gcflags, ...) replaces an earlier one whole, as in go.
        """
        return self.followed_by(BuildFlags(**keywords))

    def followed_by(self, others: BuildFlags) -> Self:
        """Return these flags and then the others, which so win.

        A switch that is said again is said once: equal meaning, equal words.
        """
        said = {_of_word(word)[0] for word in others.words}
        return self._of(self.without(*said & BOOLEAN_FLAGS).words + others.words)

    def for_debugging(self) -> Self:
        """Return these flags for a program that a debugger can follow.

        The words are added to each of the tool flags already given: a second `-ldflags` alone
        would drop the first, and with it every `-X` of the user.
        """
        words = [
            f"-gcflags=all={_FOR_DEBUGGING['gcflags']}",
            f"-ldflags={_FOR_DEBUGGING['ldflags']}",
        ]
        for word in self.words:
            extra = _FOR_DEBUGGING.get(_of_word(word)[0], "")
            words.append(f"{word} {extra}" if extra else word)
        return self._of(words)

    def stamped(self, values: Mapping[str, str], goflags: str = "") -> Self:
        """Return these flags with string variables set, after what -ldflags says already.

        A -ldflags in `goflags`, the value of GOFLAGS, is said here again: go would pass over it
        otherwise. Raises UsageError for what go cannot quote.
        """
        text = stamp(values)
        words = list(self.words)
        if self.get("ldflags") is None:
            words += [w for w in _goflags_words(goflags) if _of_word(w)[0] == "ldflags"]
        if not any(_of_word(word)[0] == "ldflags" for word in words):
            words.append("-ldflags=")
        return self._of(
            [
                f"{word} {text}".replace("= ", "=", 1) if _of_word(word)[0] == "ldflags" else word
                for word in words
            ]
        )

    def recording_forbidden_by(self, goflags: str = "") -> str:
        """Return "", or the flag because of which a build must not be remembered.

        `goflags` is the value of GOFLAGS that go works with; the flags given here win over it.
        Raises UsageError if go could not read it either.
        """
        effective = {_of_word(word)[0]: word for word in (*_goflags_words(goflags), *self.words)}
        for name, word in effective.items():
            value = _of_word(word)[1]
            if (
                (name in _NEVER_RECORDED and value not in ("", "false"))
                or (name == "buildvcs" and value == "true")
                or (name == "compiler" and value != "gc")
            ):
                return word
        return ""


def split_quoted(text: str) -> tuple[str, ...]:
    """Split as go does GOFLAGS, -exec and tool flags: at white space, with no escapes.

    A quote counts only at the start of a word, and ends at the next quote of its kind.
    Raises UsageError if it never ends.
    """
    words: list[str] = []
    text = text.lstrip(_SPACE)
    while text:
        quote = text[0]
        if quote in _QUOTES:
            word, end, text = text[1:].partition(quote)
            if not end:
                raise UsageError(f"unterminated {quote} string: {quote}{word}")
        else:
            length = next((i for i, char in enumerate(text) if char in _SPACE), len(text))
            word, text = text[:length], text[length:]
        words.append(word)
        text = text.lstrip(_SPACE)
    return tuple(words)


def join_quoted(words: Sequence[str]) -> str:
    """Join words so that `split_quoted`, and go, give them back.

    Raises UsageError for a word that contains both kinds of quote: go has no escapes.
    """
    return " ".join(map(_quoted, words))


def split_goflags(text: str) -> tuple[str, ...]:
    """Split the value of GOFLAGS into its flags; raises UsageError on an unterminated quote."""
    try:
        return split_quoted(text)
    except UsageError as error:
        raise UsageError(f"GOFLAGS: {error}") from None


def stamp(values: Mapping[str, str]) -> str:
    """Return the `-ldflags` text that sets string variables: {"main.version": "1.2"}.

    Raises UsageError for a name that is not `importpath.name`, a value that is not a string, and
    a value that go has no way to quote.
    """
    words: list[str] = []
    for name, value in values.items():
        if "." not in name or "=" in name:
            raise UsageError(
                f"cannot stamp {name!r}", "name a variable with its package: main.version"
            )
        if not isinstance(value, str):
            raise _wrong_type(name, "a str", value)
        words += ("-X", f"{name}={value}")
    return join_quoted(words)


def misplaced_flag(arguments: Sequence[str]) -> str:
    """Return "", or the first argument of the program that was surely meant as a build flag.

    Looks no further than a `--`: whoever writes that knows whose the words behind it are.
    """
    for argument in arguments:
        if argument == "--":
            break
        if argument.startswith("-") and _split(argument)[0] in _TRAPS:
            return argument
    return ""


def trap_sentence(flag: str, target_words: Sequence[str]) -> str:
    """Return the line that says where a misplaced flag went, and how to write it."""
    import shlex  # noqa: PLC0415  # only a run that builds gets here

    needs_value = "=" not in flag and flag.lstrip("-") in VALUE_FLAGS
    shown = shlex.quote(flag) + ("=..." if needs_value else "")
    return (
        f"gorun: {flag} stands after the target, so it went to the program;"
        f" to build with it: gorun {shown} {shlex.join(target_words)}"
    )


def _name_and_value(word: str) -> tuple[str, str | None]:
    """Split a flag as typed; the value is None if it is the next word. Raises if go has no such."""
    name, equals, value = _split(word)
    if not name or name.startswith("-"):
        raise UsageError(f"bad flag syntax: {word}")
    if name not in BOOLEAN_FLAGS and name not in VALUE_FLAGS:
        raise UsageError(f"flag provided but not defined: -{name}", _flag_hint(name))
    if equals:
        return name, value
    return name, "true" if name in BOOLEAN_FLAGS else None


def _split(word: str) -> tuple[str, str, str]:
    """Split a flag as typed into name, "=" or "", and value."""
    return word.removeprefix("-").removeprefix("-").partition("=")


def _normal_word(name: str, value: str) -> str:
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


def _chdir_first(words: Sequence[str]) -> tuple[str, ...]:
    """Move `-C` to the front: go takes one, and only there. A second one replaces the first."""
    chdir = [word for word in words if word.startswith("-C=")][-1:]
    if chdir == ["-C="]:
        raise UsageError("-C needs a directory")
    return (*chdir, *(word for word in words if not word.startswith("-C=")))


def _of_word(word: str) -> tuple[str, str]:
    """Return the name and the value of a flag in normal spelling."""
    name, equals, value = word[1:].partition("=")
    return name, value if equals else "true"


def _goflags_words(text: str) -> Iterator[str]:
    """Yield the flags of GOFLAGS that go run has, in normal spelling; go ignores the others."""
    for word in split_goflags(text):
        name, equals, value = _split(word)
        if name in BOOLEAN_FLAGS or (name in VALUE_FLAGS and equals):
            yield _normal_word(name, value if equals else "true")


def _quoted(word: str) -> str:
    if "'" in word and '"' in word:
        raise UsageError(f"go cannot quote a word with both ' and \" in it: {word}")
    if "'" in word:
        return f'"{word}"'
    if not word or '"' in word or any(space in word for space in _SPACE):
        return f"'{word}'"
    return word


def _keyword_word(keyword: str, value: object) -> str:
    """Return the flag for a Python keyword argument, in normal spelling."""
    name = KEYWORDS.get(keyword)
    if name is None:
        hint = _nearest(keyword, KEYWORDS, "") or "the keywords are go's flags, chdir for -C"
        raise UsageError(f"no build flag is called {keyword}", hint)
    return _normal_word(name, _keyword_value(name, keyword, value))


def _keyword_value(name: str, keyword: str, value: object) -> str:
    """Return what to write after the `=`; raises UsageError for a wrong type."""
    if name in BOOLEAN_FLAGS:
        if isinstance(value, bool):
            return "true" if value else "false"
        if name == "buildvcs" and isinstance(value, str):
            return value
        raise _wrong_type(keyword, "a bool or 'auto'" if name == "buildvcs" else "a bool", value)
    if name == "p":
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise _wrong_type(keyword, "an int", value)
    if isinstance(value, str):
        return value
    if name in _COMMA_LISTS:
        return ",".join(_strings(keyword, value))
    if name in _PER_PACKAGE:
        return _tool_flags(keyword, _strings(keyword, value))
    raise _wrong_type(keyword, "a str", value)


def _strings(keyword: str, value: object) -> Sequence[str]:
    from collections.abc import Sequence  # noqa: PLC0415  # the Python API only

    # Not just any iterable: a set has another order, so another identity, in every process.
    if not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        raise _wrong_type(keyword, "a str or a sequence of str", value)
    return value


def _tool_flags(keyword: str, words: Sequence[str]) -> str:
    text = join_quoted(words)
    if text.startswith(_QUOTES):
        # go looks for a `pattern=` at this place, and takes a quote there for an error.
        flag, _, value = words[0].partition("=")
        hint = f"write two words: {flag!r}, {value!r}" if flag.startswith("-") and value else ""
        raise UsageError(f"{keyword}: go cannot quote the first word: {words[0]!r}", hint)
    return text


def _wrong_type(what: str, expected: str, value: object) -> UsageError:
    got = f"{type(value).__name__} {value!r}"
    return UsageError(f"{what}: expected {expected}, got {got}")


def _flag_hint(name: str) -> str:
    return (
        _NOT_OF_RUN.get(name)
        or _nearest(name, KEYWORDS.values(), "-")
        or "`go help build` lists the build flags"
    )


def _nearest(name: str, names: Collection[str], prefix: str) -> str:
    import difflib  # noqa: PLC0415  # for an error's hint only

    near = difflib.get_close_matches(name, sorted(names), 1)
    return f"did you mean {prefix}{near[0]}?" if near else ""
