"""Semantic digest: what go takes from a file of which it does not take every byte.

Decides that two contents are one to go, from go's own reading of such a file; each rule names the
function of Go's source that it rests on. It must never guess: where it cannot follow go with
certainty, the whole file is its meaning.
"""

from __future__ import annotations

import hashlib

from gorun_tasks.inputs.go_variables import ENVIRONMENT, written

SHA256_SIZE = 32
"""Bytes of a SHA-256."""

HEAD = b"h"
"""A Go file that go opened and did not compile: a test, or one that a constraint excludes."""

ENV_FILE = b"e"
"""What `go env -w` writes."""

SUMS = b"s"
"""go.sum, go.work.sum, and that beside -modfile."""

MOD_FILE = b"m"
"""go.mod and go.work."""

# go's reader of import clauses ("importReader" in go/build/read.go, and the same in
# cmd/go/internal/imports/read.go), in the forms that gofmt leaves. One pattern for all of it would
# need possessive groups, which Python before 3.11.5 gets wrong (gh-106052).
_SPACE = rb"(?s)(?:[ \t\r\n\f;]|//[^\n]*\n|/\*.*?\*/)*"
_NAME = rb"[A-Za-z_]\w*"
_IMPORT = rb"import\b"
_IMPORT_NAME = rb"(?:\.|[A-Za-z_]\w*)?"
_IMPORT_PATH = rb'"[^"\\\n]*"'
_DECLARATION = rb"(?:func|var|const|type)\b"
_WORDS_IN_A_COMMENT = (b"deprecated", b"indirect", b"go:")


def meaning_of(kind: bytes, data: bytes) -> bytes:
    """Return the content of a file of this kind as far as go takes it: the kind, and a SHA-256."""
    return kind + hashlib.sha256(_OF_KIND[kind](data)).digest()


def kind_of(content: bytes) -> bytes:
    """Return the kind of a recorded content, b"" for one of which every byte counts."""
    return content[:1] if len(content) == 1 + SHA256_SIZE else b""


def may_be_absent(kind: bytes) -> bool:
    """Say whether a file of this kind that is absent is to go as an empty one.

    os.ReadFile's error is passed over in cfg.readEnvFile, "does not exist" in
    modfetch.readGoSumFile.
    """
    return kind in (ENV_FILE, SUMS)


def _head(data: bytes) -> bytes:
    """Return a Go file up to its first declaration.

    go/build.readGoInfo reads so far, and on only where the file imports "embed";
    imports.ReadImports reads so far. A file that is not plainly of this form is taken whole: both
    read on after what they do not understand.
    """
    end = _end_of_imports(data)
    return data if end < 0 or b"embed" in data[:end] or b"\0" in data else data[:end]


def _end_of_imports(data: bytes) -> int:
    """Return where the first declaration begins, -1 where a file is not plainly of this form."""
    import re

    def after(pattern: bytes, position: int) -> int:
        match = re.compile(pattern).match(data, position) if position >= 0 else None
        return match.end() if match is not None else -1

    def after_import(position: int) -> int:
        return after(_IMPORT_PATH, after(_SPACE, after(_IMPORT_NAME, position)))

    name = after(_SPACE, package := after(rb"package", after(_SPACE, 0)))
    position = after(_NAME, name if name > package else -1)
    while (clause := after(_IMPORT, after(_SPACE, position))) >= 0:
        position = after(_SPACE, clause)
        if not data.startswith(b"(", position):
            position = after_import(position)
            continue
        position = after(_SPACE, position + 1)
        while position >= 0 and not data.startswith(b")", position):
            position = after(_SPACE, after_import(position))
        position += position >= 0  # the closing parenthesis
    end = after(_SPACE, position)
    return end if after(_DECLARATION, end) >= 0 else -1


def _env_file(data: bytes) -> bytes:
    """Return the settings in a go env file that count, sorted.

    cfg.Getenv: a value that is empty is none; but it hides what GOROOT's go.env says of the same
    variable, which is only ever GOTOOLCHAIN here (`ImplicitInputs.env_file`).
    """
    settings = sorted(written(data).items())
    return "\n".join(
        f"{name}={value}"
        for name, value in settings
        if name in ENVIRONMENT and (value or name == "GOTOOLCHAIN")
    ).encode("utf-8", "surrogateescape")


def _sums(data: bytes) -> bytes:
    """Return the lines of a go.sum, sorted and each once.

    modfetch.readGoSum makes a table of them, by module and version; blank ones it passes over. Of
    several sums of one module the order counts (modfetch.haveModSumLocked). A file with a line that
    has not three words is taken whole: it ends go.
    """
    lines = [line.split() for line in data.split(b"\n")]
    if not data.isascii() or any(len(words) not in (0, 3) for words in lines):
        return data
    found = sorted(filter(None, lines), key=lambda words: words[:2])
    return b"\n".join(dict.fromkeys(map(b" ".join, found)))


def _mod_file(data: bytes) -> bytes:
    """Return a go.mod or go.work without blank lines and lines that are only a comment.

    modfile.ParseWork and modfile.Parse hang comments on what follows, and read those of
    deprecations, retractions and "// indirect" only; a file with any of them is taken whole.
    """
    lines = data.split(b"\n")
    if (
        not data.isascii()
        or b"retract" in data
        or b"`" in data
        or any(
            _is_comment(line) and any(w in line.lower() for w in _WORDS_IN_A_COMMENT)
            for line in lines
        )
    ):
        return data
    return b"\n".join(line for line in lines if line.strip(b" \t\r") and not _is_comment(line))


def _is_comment(line: bytes) -> bool:
    return line.lstrip(b" \t").startswith(b"//")


_OF_KIND = {HEAD: _head, ENV_FILE: _env_file, SUMS: _sums, MOD_FILE: _mod_file}
