"""That two contents are one to go is held against go's own readers, over contents of many forms."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode, b64encode
from random import Random
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.inputs.go_variables import ENVIRONMENT
from gorun_tasks.inputs.semantic_digest import (
    ENV_FILE,
    HEAD,
    MOD_FILE,
    SUMS,
    kind_of,
    may_be_absent,
    meaning_of,
)
from tests.support.workshop import go_command

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = (
    b"",
    b"// a\n",
    b"/* a */ ",
    b"/**/",
    b"//go:build x\n\n",
    b"\xef\xbb\xbf",
    b"/*/ a */\n",
    b"//",
)
CLAUSES = (
    *(b"package a\n", b"package/**/a;", b"package  a // b\n", b"package\na", b"package a_test\n"),
    *(
        b"package 9\n",
        b"pack a\n",
        b"package \xc3\xa9\n",
        b"package",
        b"packagea\n",
        b"package a\0\n",
    ),
)
IMPORTS = (
    *(
        b"",
        b'import "os"\n',
        b'import(\n"os"\n_ "fmt"\n)\n',
        b'import "C"\n',
        b"import `os`\n",
        b"import ()\n",
    ),
    *(
        b'import . "os"\n',
        b'import x"os";',
        b"imports\n",
        b'import ("os" /* a */; "fmt")\n',
        b"import\n",
    ),
    *(
        b'import "os" "fmt"\n',
        b'import "o\\"s"\n',
        b'import "o\ns"\n',
        b"import (\n",
        b'import ("os"\n',
    ),
    *(
        b'import /* a\n */ "os" // b\n',
        b'import func "os"\n',
        b'import "os',
        b'import \xc3\xa9 "os"\n',
    ),
    *(b'import ("os" x)\n', b'import "os"\nimport "fmt"\n', b'import("embed")\n', b"import;"),
)
BETWEEN = (b"", b"\n", b"// c\n", b"/* c */", b"/* c", b"// c", b";\r\n", b"\f\v", b"/ /", b"\0")
REST = (
    *(
        b"var x int\n",
        b"func f() {}\n",
        b"const c = 1\n",
        b"type T int\n",
        b"i := 1\n",
        b"import1\n",
    ),
    *(
        b"",
        b"variable\n",
        b"\xff\xfe",
        b"func {\n",
        b'import "fmt"\n',
        b"// c",
        b'var y int\nimport "C"\n',
    ),
)


def sources() -> list[bytes]:
    """Return Go files of many forms, sound and unsound, several of them with one head."""
    random = Random(1)
    found = []
    for _ in range(1500):
        parts = [
            random.choice(part[: len(part) // 2] if random.random() < 0.8 else part)
            for part in (BEFORE, CLAUSES, BETWEEN, IMPORTS, BETWEEN, IMPORTS, BETWEEN)
        ]
        found += [b"".join((*parts, rest)) for rest in random.sample(REST, 4)]
    return found


def by_meaning(kind: bytes, contents: list[bytes]) -> list[list[bytes]]:
    """Return the contents that are said to be one to go, where there is more than one."""
    groups: dict[bytes, list[bytes]] = {}
    for content in dict.fromkeys(contents):
        groups.setdefault(meaning_of(kind, content), []).append(content)
    return [group for group in groups.values() if len(group) > 1]


def ask(
    *words: str, cwd: Path | None = None, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "CGO_"))}
    for name in ("GOCACHE", "GOROOT"):
        if name in os.environ:
            clean[name] = os.environ[name]
    return subprocess.run(
        [go_command(), *words],
        cwd=cwd,
        input=stdin,
        env={**clean, "GOENV": "off", "GOTOOLCHAIN": "local", "GOPROXY": "off", **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


READ_ALL = """package main

import (
	"bytes"
	"encoding/json"
	"os"
)

func main() {
	var groups [][][]byte
	if err := json.NewDecoder(os.Stdin).Decode(&groups); err != nil {
		panic(err)
	}
	for _, group := range groups {
		for i, source := range group {
			var imports []string
			head, err := ReadImports(bytes.NewReader(source), false, &imports)
			if err != nil {
				head = source
			}
			group[i] = head
		}
	}
	json.NewEncoder(os.Stdout).Encode(groups)
}
"""


@pytest.mark.usefixtures("go")
def test_of_files_with_one_head_go_reads_the_same(tmp_path: Path) -> None:
    """The reader of import clauses of import clauses in GOROOT is compiled for this."""
    root = ask("env", "GOROOT").stdout.strip()
    with open(f"{root}/src/cmd/go/internal/imports/read.go", encoding="utf-8") as file:
        reader = file.read().replace("package imports", "package main")
    (tmp_path / "read.go").write_text(reader)
    (tmp_path / "main.go").write_text(READ_ALL)
    (tmp_path / "go.mod").write_text("module example.com/read\n\ngo 1.24\n")
    groups = by_meaning(HEAD, sources())
    told = ask(
        *("run", "."),
        cwd=tmp_path,
        stdin=json.dumps([[b64encode(c).decode() for c in group] for group in groups]),
    )
    assert told.returncode == 0, told
    read = [[b64decode(head) for head in group] for group in json.loads(told.stdout)]
    assert len(groups) > 100
    for group, heads in zip(groups, read, strict=True):
        assert len(set(heads)) == 1, group
        assert all(content.startswith(heads[0]) for content in group)


def test_an_import_clause_that_is_not_finished_leaves_no_head() -> None:
    """Python before 3.11.5 matched possessive groups wrongly, and took these for one file."""
    for begin in (b'// cimport "os\nimport\n', b"import ( // c\n", b'import "a" // b\nimport x\n'):
        files = [b"package a\n" + begin + rest for rest in (b"", b"var x int\n", b"const c = 1\n")]
        assert len({meaning_of(HEAD, file) for file in files}) == len(files)


SETTINGS = (
    *("", "# a", "junk", "GOFLAGS=", "GOFLAGS=-tags=a", "GOFLAGS=-tags=b", " GOFLAGS=-tags=a"),
    *("gOFLAGS=-tags=a", "GOPROXY=direct", "GOTOOLCHAIN=", "CGO_ENABLED=0", "=", "GOOS=linux\r"),
    *("GOFLAGS", "GOAMD64=v1", "CC=", "CC=cc", "XYZ=1", "GOFLAGS=-tags=a=b", "_GOOS=x"),
)


@pytest.mark.usefixtures("go")
def test_go_env_says_the_same_of_env_files_with_one_meaning(tmp_path: Path) -> None:
    random = Random(2)
    contents = [
        "\n".join(random.choices(SETTINGS, k=random.randint(0, 3))).encode() for _ in range(400)
    ]
    groups = by_meaning(ENV_FILE, contents)
    file = tmp_path / "env"
    for group in random.sample(groups, 12):
        answers = set()
        for content in random.sample(group, min(4, len(group))):
            file.write_bytes(content)
            told = ask("env", "-json", *ENVIRONMENT, env={"GOENV": str(file), "GOTOOLCHAIN": ""})
            answers.add((told.returncode, told.stdout))
        assert len(answers) == 1, group


LINES = (
    *("", "// a", "\t// a", " ", "\r", "\f", "go 1.24", "toolchain go1.26.0", "retract v1.0.0"),
    *(
        "// Deprecated: a",
        "require a.b/c v1.0.0 // indirect",
        "// indirect",
        "exclude a.b/c v1.0.0",
    ),
    *(
        "require (",
        ")",
        "a.b/d v1.2.3",
        "replace a.b/c => ../c",
        "/* a */",
        "`",
        "//",
        "/ a",
        "\xe9",
    ),
    *("ignore ./x", "godebug panicnil=1", "tool a.b/c/d"),
)


@pytest.mark.usefixtures("go")
def test_go_reads_the_same_in_mod_files_with_one_meaning(tmp_path: Path) -> None:
    random = Random(3)
    contents = []
    for _ in range(400):
        lines = random.choices(LINES, k=random.randint(1, 4))
        for _ in range(3):
            more = list(lines)
            more.insert(random.randrange(len(more) + 1), random.choice(LINES[:6]))
            contents.append("\n".join(("module a", *more, "")).encode("latin-1"))
    groups = by_meaning(MOD_FILE, contents)
    file = tmp_path / "go.mod"
    assert len(groups) > 50
    for group in random.sample(groups, 40):
        answers = set()
        for content in random.sample(group, 2):
            file.write_bytes(content)
            told = ask("mod", "edit", "-json", str(file))
            answers.add((told.returncode, told.stdout))
        assert len(answers) == 1, group


A, B = b"a.b/c v1.0.0 h1:a=", b"a.b/d v1.0.0 h1:b="


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        (b"", b"\n \n", True),
        (A + b"\n" + B, B + b"\r\n\n" + A + b"\n" + B, True),
        (A, A + b"x", False),
        (A, A + b"\n" + A + b"x", False),
        (A + b"\n" + A + b"x", A + b"x\n" + A, False),  # go looks at the first one
        (b"", b"junk", False),
        (b"junk", b"junk\n", False),
    ],
)
def test_sums(one: bytes, two: bytes, *, alike: bool) -> None:
    assert (meaning_of(SUMS, one) == meaning_of(SUMS, two)) == alike


def test_kinds() -> None:
    for kind in (HEAD, ENV_FILE, MOD_FILE, SUMS):
        assert kind_of(meaning_of(kind, b"")) == kind
    assert kind_of(b"absent") == kind_of(b"x" * 32) == b""
    assert may_be_absent(SUMS)
    assert may_be_absent(ENV_FILE)
    assert not may_be_absent(MOD_FILE)
    assert not may_be_absent(HEAD)
