"""C includes: the files that #include, .include and .incbin may lead to, read as text.

Decides what counts as taken from outside of a package: each place that the compiler may look at,
whether or not a file is there. Where an #include cannot be followed it says so. It must never take
more time than in proportion to the size of what it reads.
"""

from __future__ import annotations

import os
import re

from gorun_tasks.closure.linker_libraries import at_place, places_from, values
from gorun_tasks.inputs.digest import bytes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Directive = tuple[bytes, bool, bytes, bytes, bytes, bytes]
    """The word, whether it only asks, the name in "..." or <...>, or a macro and its argument."""
    Named = tuple[bytes, bool]
    """The name of a header, and whether it stands in quotes."""

_LONGEST = rb"{1,4096}"  # no path is longer
_DIRECTIVE = re.compile(rb"#[ \t]*+(?:(include_next|include|import|embed)(?!\w)|(?=/\*))")
_KEYWORD = re.compile(rb"(include_next|include|import|embed)(?!\w)")
_HAS = re.compile(rb"__has_(include_next|include|embed)(?!\w)")
_NAME = re.compile(
    rb'"([^"\n]LONGEST)"|<([^>\n]LONGEST)>|([A-Za-z_]\w{0,255})'.replace(b"LONGEST", _LONGEST)
)
_ARGUMENT = re.compile(rb"\(([^()\n]{0,4096})\)")
_ANY_ARGUMENT = re.compile(
    rb'\([ \t]*(?:"([^"\n]LONGEST)"|<([^<>\n]LONGEST)>)[ \t]*\)'.replace(b"LONGEST", _LONGEST)
)
_BLANKS = re.compile(rb"[ \t]*")
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")
# What an assembler takes in, also where C hands it over in a string.
_ASSEMBLED = re.compile(
    rb'\.(?:incbin|include)[ \t]+(?:\\?"([^"\\\n]LONGEST)\\?"|(?=[^\s]))'.replace(
        b"LONGEST", _LONGEST
    )
)
# A line that goes on in the next one, which in Go may begin as a comment.
_SPLICE = re.compile(rb"(?:\\|\?\?/)[ \t]*+\r?\n(?:[ \t]*//)?")
_FORCED = ("-include", "-imacros", "--include", "--imacros")
_DEFINE = re.compile(rb"#[ \t]*+define[ \t]+(\w+)(\(([^()\n]*)\))?([^\n]*)")
_STRINGIFIED = re.compile(rb"#[ \t]*(\w+)")
_HANDED_ON = re.compile(rb"(\w+)[ \t]*\([ \t]*(\w+)[ \t]*\)")
_CALLED = re.compile(rb"(\w+)[ \t]*\(([^()\n]*)\)")
_MANY = 64  # comments in one directive, or macros that stand for one another
_BEFORE = 512  # bytes before a directive in which its line begins


class ExternalInputs:
    """What one package takes from outside its directory.

    `paths` are all places looked at, also those where nothing is: were something there, it would
    be taken. `libraries` are those of them that the linker takes. `digest` stands for the content,
    "" where nothing comes from outside. `unfollowed` says in words what could not be understood.
    `usual` says of a fetched package that all of it comes from the compiler's own directories.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.compiled = False  # by a C compiler, at least in part
        self.pkg_config: list[tuple[str, ...]] = []  # how it was asked
        self.paths: set[str] = set()
        self.libraries: set[str] = set()
        self.digest = ""
        self.unfollowed = ""
        self.fetched = False
        self.usual = False


class Scan:
    """Follows every #include from a package's sources, whatever stands around it.

    `search` are the directories for "..." and <...>, and prefixes of the system's own. `foreign`
    says that the compiler may get flags of which nobody here knows.
    """

    def __init__(
        self,
        outside: ExternalInputs,
        search: list[tuple[str, ...]],
        flags: list[str],
        *,
        foreign: bool = False,
    ) -> None:
        self._outside = outside
        quote, angle, self._system = search
        self._quote = places_from(outside.directory, quote)
        self._angle = places_from(outside.directory, angle)
        self._foreign = foreign
        self._flags = flags
        self._seen: dict[str, None] = {}
        self._defines: dict[bytes, set[tuple[bytes, bytes]]] = {}  # parameter, body
        self._defines_of = 0  # so many files
        self._computed: set[tuple[bytes, bytes, str]] = set()  # macro, argument, file
        self._asked = False  # whether __has_include stands in a macro

    def files(self, paths: Iterable[str], implied: Iterable[str]) -> None:
        """Scan these files, headers that are `implied`, and all they lead to."""
        rest = list(paths)
        here = f"{self._outside.directory}/"
        for name in implied:
            rest += self._resolve(name, here, quoted=False, every=False)
        for name in values(self._flags, _FORCED):
            rest += self._resolve(name.removeprefix("="), here, quoted=True, every=False)
        while rest or self._computed:
            if not rest:
                rest = self._resolve_computed()
                continue
            path = rest.pop()
            if path not in self._seen:
                self._seen[path] = None
                rest += self._includes(path)
        if self._asked:
            for path in self._seen:
                if not path.startswith(self._system):
                    for quoted, angled in _ANY_ARGUMENT.findall(plain(bytes_of(path))):
                        name = os.fsdecode(quoted or angled)
                        self._resolve(name, path, quoted=bool(quoted), every=True)

    def _includes(self, path: str) -> list[str]:
        text = plain(bytes_of(path))
        found = []
        for word, has, quoted, angled, macro, argument in directives(text):
            if macro:
                if not has:
                    self._computed.add((macro, argument, path))
                elif not path.startswith(self._system):
                    self._asked = True
                continue
            name = os.fsdecode(quoted or angled)
            found += self._resolve(name, path, quoted=bool(quoted), every=word == b"include_next")
        for assembled in _ASSEMBLED.findall(text):
            if assembled:
                # From where the compiler works, not from where the file is.
                here = f"{self._outside.directory}/"
                found += self._resolve(os.fsdecode(assembled), here, quoted=True, every=True)
            elif not path.startswith(self._system):
                self._give_up(path, "an .incbin or .include whose name a macro makes")
        return found

    def _give_up(self, path: str, what: str) -> None:
        self._outside.unfollowed = self._outside.unfollowed or f"{path} has {what}"

    def _resolve_computed(self) -> list[str]:
        """Follow `#include MACRO` to every name for which any definition of MACRO stands."""
        waiting, self._computed = self._computed, set()
        self._read_defines()
        found = []
        for macro, argument, path in waiting:
            names = self._argument_names(macro, argument) if argument else self._names(macro)
            if names is None:
                if not path.startswith(self._system):
                    self._give_up(path, "an #include that cannot be followed")
                continue
            for name, quoted in names:
                found += self._resolve(os.fsdecode(name), path, quoted=quoted, every=True)
        return found

    def _read_defines(self) -> None:
        """Take in what all files that were scanned, and the flags, define."""
        if not self._defines_of:
            for said in values(self._flags, ("-D",)):
                name, _, body = os.fsencode(said).partition(b"=")
                self._defines.setdefault(name, set()).add((b"", body.strip()))
        for path in list(self._seen)[self._defines_of :]:
            for name, _, parameter, rest in _DEFINE.findall(plain(bytes_of(path))):
                body = rest.partition(b"//")[0].partition(b"/*")[0].strip()
                self._defines.setdefault(name, set()).add((parameter.strip(), body))
        self._defines_of = len(self._seen)

    def _names(self, macro: bytes) -> set[Named] | None:
        """Return the names for which a macro may stand, None where they cannot be told.

        What nobody defines is included by nobody: an #ifdef stands around it.
        """
        names: set[Named] = set()
        waiting, seen = [macro], set()
        while waiting:
            macro = waiting.pop()
            if macro in seen:
                continue
            seen.add(macro)
            if macro not in self._defines and self._foreign:
                return None
            for parameter, body in self._defines.get(macro, ()):
                literal = _NAME.fullmatch(body)
                if parameter or literal is None or len(seen) > _MANY:
                    called = _CALLED.fullmatch(body)
                    more = self._argument_names(*called.groups()) if called else None
                    if more is None:
                        return None
                    names |= more
                elif literal[3]:
                    waiting.append(literal[3])
                else:
                    names.add((literal[1] or literal[2], bool(literal[1])))
        return names

    def _argument_names(self, macro: bytes, argument: bytes) -> set[Named] | None:
        """Return the names for which MACRO(ARGUMENT) may stand, where it makes a string of it."""
        if not self._makes_string(macro) or self._foreign:
            return None
        texts = {argument.strip()}
        texts |= {body for _, body in self._defines.get(argument.strip(), ())}
        for text in texts:
            others = set(_IDENTIFIER.findall(text)) - {argument.strip()}
            if not others.isdisjoint(self._defines) or b'"' in text or b"(" in text:
                return None
        return {(text, True) for text in texts if text}

    def _makes_string(self, macro: bytes) -> bool:
        for _ in range(_MANY):
            bodies = self._defines.get(macro, set())
            if not bodies:
                return False
            if all((m := _STRINGIFIED.fullmatch(body)) and m[1] == p for p, body in bodies):
                return True
            on = {
                (m[1] if m and m[2] == p else b"")
                for p, body in bodies
                for m in (_HANDED_ON.fullmatch(body),)
            }
            if len(on) != 1:
                return False
            macro = on.pop()
        return False

    def _resolve(self, name: str, path: str, *, quoted: bool, every: bool) -> list[str]:
        """Return where an #include may lead, noting each place the compiler may look at.

        Only from a system header is the first file taken for the right one: flags decide the
        order of the other places in more ways than are known here.
        """
        places = self._angle
        if quoted:
            places = (os.path.dirname(path), *self._quote, *self._angle)
        # What a system header includes is found where it always was, or not at all.
        from_system = path.startswith(self._system)
        found = []
        for place in places:
            candidate = at_place(place, name)
            exists = os.path.isfile(candidate)
            if exists or not from_system:
                self._outside.paths.add(candidate)
            if exists:
                found.append(candidate)
                if from_system and not every:
                    break
        return found


def plain(text: bytes) -> bytes:
    """Return C with each line in one piece, and its digraphs and trigraphs for # replaced."""
    return _SPLICE.sub(b"", text).replace(b"%:", b"#").replace(b"??=", b"#")


def directives(text: bytes) -> Iterator[Directive]:
    """Yield each #include and its like in plain text, in Go's comments as well."""
    after = _Comments(text).after
    for match in _DIRECTIVE.finditer(text):
        word = match
        if not match[1]:
            found = _KEYWORD.match(text, after(match.end()))
            if found is None:
                continue
            word = found
        if _begins_line(text, match.start()):
            yield from _named(text, word[1], after(word.end()), after, has=False)
    for match in _HAS.finditer(text):
        at = after(match.end())
        if text.startswith(b"(", at):
            yield from _named(text, match[1], after(at + 1), after, has=True)


def _named(
    text: bytes, word: bytes, at: int, after: Callable[[int], int], *, has: bool
) -> Iterator[Directive]:
    name = _NAME.match(text, at)
    if name is not None:
        argument = b""
        if name[3]:
            called = _ARGUMENT.match(text, after(name.end()))
            argument = called[1].strip() if called else b""
        yield word, has, name[1] or b"", name[2] or b"", name[3] or b"", argument


def _begins_line(text: bytes, at: int) -> bool:
    """Say whether nothing but comments may stand before a place in its line."""
    before = text[max(0, at - _BEFORE) : at]
    line = before.rpartition(b"\n")[2]
    if len(line) == _BEFORE:
        return True
    line = line.strip()
    return line in (b"", b"//", b"/*", b"*") or line.endswith(b"*/")


class _Comments:
    """The comments of a text, for a look at it from its beginning to its end."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._end = -1  # of some comment: the next "*/" there is

    def after(self, at: int) -> int:
        """Return where blanks and comments end that begin here."""
        text = self._text
        for _ in range(_MANY):
            match = _BLANKS.match(text, at)
            at = match.end() if match else at
            if not text.startswith(b"/*", at):
                break
            if self._end < at + 2:
                found = text.find(b"*/", at + 2)
                self._end = found if found >= 0 else len(text)
            at = self._end + 2
        return at
