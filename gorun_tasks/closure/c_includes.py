"""C includes: the files that #include, .include and .incbin may lead to, read as text.

Decides what counts as taken from outside of a package: each place that the compiler may look at,
whether or not a file is there. Where an #include cannot be followed it says so.
"""

from __future__ import annotations

import os
import re

from gorun_tasks.closure.linker_libraries import places_from, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = "zz_gorun_headers.h"
"""The name of the header that is laid over a package."""

GO_FILE = "zz_gorun_headers.go"
"""The name of what is laid beside a list of .go files instead: that package has no headers."""

_INCLUDE = re.compile(
    rb"""(?mx) (?: ^ SPACE (?: // | /\* | \* )? SPACE \# SPACE
                   (include|include_next|import|embed)
                 | \b (__has_include|__has_include_next|__has_embed) SPACE \( )
        SPACE (?: "([^"\n]+)" | <([^>\n]+)> | ([A-Za-z_]\w*) )""".replace(
        b"SPACE", rb"(?: [ \t] | /\* (?s:.*?) \*/ )*"
    )
)
# What an assembler takes in, also where C hands it over in a string.
_ASSEMBLED = re.compile(rb'\.(?:incbin|include)[ \t]+\\?"([^"\\\n]+)\\?"')
# A line that goes on in the next one, which in Go may begin as a comment.
_SPLICE = re.compile(rb"(?:\\|\?\?/)[ \t]*\r?\n(?:[ \t]*//)?")
_FORCED = ("-include", "-imacros", "--include", "--imacros")
_DEFINE = re.compile(rb'(?m)\#[ \t]*define[ \t]+(\w+)[ \t]+(?:"([^"\n]+)"|<([^>\n]+)>)')


class Outside:
    """What one package takes from outside its directory.

    `paths` are all places looked at, also those where nothing is: were something there, it would
    be taken. `token` stands for the content, "" where nothing comes from outside; it is written to
    `backing`, which go finds at `header`. `listed` says that the package is a list of .go files,
    `cgo` that it uses C. `complete` is False where an #include could not be understood.
    """

    def __init__(self, directory: str, *, listed: bool, cgo: bool) -> None:
        self.directory = directory
        self.listed = listed
        self.cgo = cgo
        self.header = f"{directory}/{GO_FILE if listed else HEADER}"
        self.backing = ""
        self.pkg_config: list[tuple[str, ...]] = []  # how it was asked
        self.paths: set[str] = set()
        self.token = ""
        self.complete = True


class _Scan:
    """Follows every #include from a package's sources, whatever stands around it."""

    def __init__(self, outside: Outside, search: list[tuple[str, ...]], flags: list[str]) -> None:
        self._outside = outside
        quote, angle, self._system = search
        self._quote = places_from(outside.directory, quote)
        self._angle = places_from(outside.directory, angle)
        self._seen: set[str] = set()
        self._defines: dict[bytes, set[tuple[bytes, bytes]]] = {}
        self._computed: set[tuple[bytes, str]] = set()
        self._forced = list(values(flags, _FORCED))

    def files(self, paths: Iterable[str]) -> None:
        """Scan these files, and all they lead to."""
        rest = list(paths)
        here = f"{self._outside.directory}/"
        for name in self._forced:
            rest += self._resolve(name.removeprefix("="), here, quoted=True, every=False)
        while rest or self._computed:
            if not rest:
                rest = self._resolve_computed()
                continue
            path = rest.pop()
            if path not in self._seen:
                self._seen.add(path)
                rest += self._includes(path)

    def _includes(self, path: str) -> list[str]:
        try:
            with open(path, "rb") as file:
                text = _plain(file.read())
        except OSError:
            return []
        for name, quoted, angled in _DEFINE.findall(text):
            self._defines.setdefault(name, set()).add((quoted, angled))
        found = []
        for word, has, quoted, angled, macro in _INCLUDE.findall(text):
            if macro:
                if word:
                    self._computed.add((macro, path))
                continue
            name = os.fsdecode(quoted or angled)
            every = b"next" in word + has
            found += self._resolve(name, path, quoted=bool(quoted), every=every)
        for assembled in _ASSEMBLED.findall(text):
            # From where the compiler works, not from where the file is.
            here = f"{self._outside.directory}/"
            found += self._resolve(os.fsdecode(assembled), here, quoted=True, every=True)
        return found

    def _resolve_computed(self) -> list[str]:
        """Follow `#include MACRO` wherever any file defines MACRO as a name."""
        waiting, self._computed = self._computed, set()
        found = []
        for macro, path in waiting:
            names = self._defines.get(macro)
            if names is None and not path.startswith(self._system):
                self._outside.complete = False
            for quoted, angled in names or ():
                name = os.fsdecode(quoted or angled)
                found += self._resolve(name, path, quoted=bool(quoted), every=True)
        return found

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
            candidate = os.path.normpath(os.path.join(place, name))
            exists = os.path.isfile(candidate)
            if exists or not from_system:
                self._outside.paths.add(candidate)
            if exists:
                found.append(candidate)
                if from_system and not every:
                    break
        return found


def _plain(text: bytes) -> bytes:
    """Return C with each line in one piece, and its digraphs and trigraphs for # replaced."""
    return _SPLICE.sub(b"", text).replace(b"%:", b"#").replace(b"??=", b"#")
