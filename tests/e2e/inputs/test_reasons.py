"""Each class of inputs has its reason: --why names the right file, and what became of it.

The classes are those of "What `go run` depends on". A situation is built once; then each change is
made to it, asked about, and undone.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gorun_tasks import Reason
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.usefixtures("go")


class Situation(NamedTuple):
    """A tree, of which the program is in app/; the links in it; the words after gorun."""

    files: Mapping[str, str]
    words: tuple[str, ...] = (".",)
    links: Mapping[str, str] = {}
    environ: Mapping[str, str] = {}  # {top} stands for the tree


def module(name: str, *lines: str) -> str:
    return "\n\n".join((f"module example.com/{name}", "go 1.24", *lines)) + "\n"


def source(package: str, *lines: str) -> str:
    return "\n\n".join((f"package {package}", *lines)) + "\n"


SUM = "example.com/none v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
SAYS = 'func main() { println("it") }'
MAIN = source("main", SAYS)

PLAIN = Situation(
    {
        "app/go.mod": module("app", "require example.com/dep v0.0.0")
        + "\nreplace example.com/dep => ../dep\n",
        "app/main.go": source(
            "main",
            'import (\n\t"embed"\n\n\t_ "example.com/app/lib"\n\t_ "example.com/app/linked"\n'
            '\t_ "example.com/dep"\n)',
            "//go:embed data *.txt\nvar Files embed.FS",
            SAYS,
        ),
        "app/note.txt": "a note",
        "app/data/a.json": "{}",
        "app/data/deep/b.json": "{}",
        "app/lib/lib.go": source("lib"),
        "app/lib/lib_windows.go": source("lib"),
        "app/lib/excluded.go": "//go:build ignore\n\n" + source("main"),
        "app/lib/lib_test.go": source("lib"),
        "app/lib/lib.h": "// A header.\n",
        "app/lib/lib.s": "// Assembly.\n",
        "dep/go.mod": module("dep"),
        "dep/dep.go": source("dep"),
        "one/linked.go": source("linked"),
        "two/linked.go": source("linked", "var Two int"),
        "shared.go": source("lib", "var Shared int"),
        "other.go": source("lib", "var Other int"),
    },
    links={"app/linked": "../one", "app/lib/shared.go": "../../shared.go"},
)

VENDORED = Situation(
    {
        "app/go.mod": module("app", "require example.com/dep v1.0.0"),
        "app/main.go": source("main", 'import _ "example.com/dep"', SAYS),
        "app/vendor/modules.txt": (
            "# example.com/dep v1.0.0\n## explicit; go 1.24\nexample.com/dep\n"
        ),
        "app/vendor/example.com/dep/dep.go": source("dep"),
    }
)

WORKSPACE = Situation(
    {
        "go.work": "go 1.24\n\nuse ./app\n\nuse ./member\n\nuse ./silent\n",
        "app/go.mod": module("app"),
        "app/main.go": source("main", 'import _ "example.com/member"', SAYS),
        "member/go.mod": module("member"),
        "member/member.go": source("member"),
        "silent/go.mod": module("silent"),
    }
)

TINY = {"app/go.mod": module("app"), "app/main.go": MAIN}

FILE_LIST = Situation(
    {**TINY, "app/more.go": source("main"), "app/unlisted.go": source("main")},
    ("main.go", "more.go"),
)
MODFILE = Situation({**TINY, "other.mod": module("app")}, ("-modfile=../other.mod", "."))
ENV_FILE = Situation({**TINY, "goenv": "GOFLAGS=-trimpath\n"}, environ={"GOENV": "{top}/goenv"})
CGO = Situation(
    {
        "app/go.mod": module("app"),
        "app/main.go": source(
            "main",
            "// #cgo CFLAGS: -I${SRCDIR}/../include\n// #cgo pkg-config: it\n"
            '// #include "it.h"\nimport "C"',
            'func main() { println("it"[:C.IT]) }',
        ),
        "app/it.c": '#include "it.h"\n',
        "include/it.h": "#define IT 2\n",
        "bin/pkg-config": "#!/bin/sh\n",
        "more/pkg-config": "#!/bin/sh\n# another\n",
        "more/gcc": "#!/bin/sh\n",
    },
    environ={"PATH": "{top}/bin:{PATH}", "CC": "gcc"},
)
CROSS = Situation(
    {
        **TINY,
        "bin/go_linux_arm64_exec": "#!/bin/sh\necho it >&2\n",
        "more/go_linux_arm64_exec": "#!/bin/sh\n",
    },
    environ={"GOOS": "linux", "GOARCH": "arm64", "PATH": "{top}/bin:{PATH}"},
)


Change = Callable[[Path], dict[str, str] | None]
"""What happens to the tree; or the variables that are set."""


def edit(name: str) -> Change:
    """Add a line; where go takes the meaning of a file, one that means something."""
    line = {".mod": "exclude example.com/none v1.0.0", ".work": "godebug panicnil=1"}
    text = "GOAMD64=v2" if name == "goenv" else line.get(os.path.splitext(name)[1], "//")

    def change(top: Path) -> None:
        with (top / name).open("a") as file:
            file.write(f"{text}\n")

    return change


def new(name: str, text: str = "") -> Change:
    return lambda top: write(top, {name: text})


def rename(old: str, name: str) -> Change:
    def change(top: Path) -> None:
        (top / old).rename(top / name)

    return change


def relink(name: str, target: str) -> Change:
    return lambda top: link(top, {name: target})


def variable(name: str, value: str) -> Change:
    return lambda top: {name: value.format(top=top, **os.environ)}


CASES: dict[str, tuple[Situation, list[tuple[Change, list[str]]]]] = {
    "sources": (
        PLAIN,
        [
            (edit("app/main.go"), ["main.go edited"]),
            (edit("app/lib/lib.go"), ["lib/lib.go edited"]),
            (edit("app/lib/lib.h"), ["lib/lib.h edited"]),
            (edit("app/lib/lib.s"), ["lib/lib.s edited"]),
            (edit("app/lib/lib_test.go"), ["lib/lib_test.go edited"]),
            (edit("app/lib/excluded.go"), ["lib/excluded.go edited"]),
        ],
    ),
    "listings": (
        PLAIN,
        [
            (new("app/lib/more.go"), ["new file lib/more.go"]),
            (new("app/lib/more.c"), ["new file lib/more.c"]),
            (rename("app/lib/lib.go", "app/lib/x.go"), ["new file lib/x.go", "lib/lib.go removed"]),
            (
                rename("app/lib/lib_windows.go", "app/lib/lib_linux.go"),
                ["new file lib/lib_linux.go", "lib/lib_windows.go removed"],
            ),
            (rename("app/lib", "app/library"), ["lib removed"]),
        ],
    ),
    "embedded": (
        PLAIN,
        [
            (edit("app/note.txt"), ["note.txt edited"]),
            (edit("app/data/deep/b.json"), ["data/deep/b.json edited"]),
            (new("app/more.txt"), ["new file more.txt"]),
            (new("app/data/deep/c.json"), ["new file data/deep/c.json"]),
            (rename("app/data/a.json", "a.json"), ["data/a.json removed"]),
        ],
    ),
    "modules": (
        PLAIN,
        [
            (edit("app/go.mod"), ["go.mod edited"]),
            (new("app/go.sum", SUM), ["go.sum appeared"]),
            (edit("dep/go.mod"), ["{top}/dep/go.mod edited"]),
            (edit("dep/dep.go"), ["{top}/dep/dep.go edited"]),
            (new("dep/more.go"), ["new file {top}/dep/more.go"]),
            (rename("dep", "elsewhere"), ["{top}/dep removed"]),
        ],
    ),
    "absent": (
        PLAIN,
        [
            (new("app/default.pgo"), ["new file default.pgo"]),
            (new("app/go.work"), ["new file go.work"]),
            (new("go.work"), ["{top}/go.work appeared"]),
            (new("app/lib/go.mod"), ["new file lib/go.mod"]),
            (new("app/vendor/modules.txt"), ["new directory vendor"]),
            (new("dep/lib/x.go"), []),
            (new("app/data/go.mod"), ["new file data/go.mod"]),
        ],
    ),
    "links": (
        PLAIN,
        [
            (relink("app/linked", "../two"), ["linked/linked.go edited"]),
            (edit("one/linked.go"), ["linked/linked.go edited"]),
            (relink("app/lib/shared.go", "../../other.go"), ["lib/shared.go edited"]),
            (edit("shared.go"), ["lib/shared.go edited"]),
        ],
    ),
    "environment": (
        PLAIN,
        [
            (variable("GOFLAGS", "-tags=x"), ["GOFLAGS: '' → '-tags=x'"]),
            (variable("GOENV", "{top}/goenv"), ["GOENV: 'off' → '{top}/goenv'"]),
            (variable("GOWORK", "off"), []),
            (variable("CGO_CFLAGS", "-O1"), ["CGO_CFLAGS: '' → '-O1'"]),
            (variable("CPATH", "/x"), ["CPATH: '' → '/x'"]),
            (variable("GOTOOLCHAIN", "auto"), ["GOTOOLCHAIN: 'local' → 'auto'"]),
            (variable("CC", "no-such"), ["CC: '' → 'no-such'"]),
        ],
    ),
    "vendor": (
        VENDORED,
        [
            (edit("app/vendor/example.com/dep/dep.go"), ["vendor/example.com/dep/dep.go edited"]),
            (edit("app/vendor/modules.txt"), ["vendor/modules.txt edited"]),
            (
                rename("app/vendor", "app/other"),
                ["vendor removed", "vendor/modules.txt removed", "vendor/example.com/dep removed"],
            ),
        ],
    ),
    "vendor, where a flag says so": (
        Situation(VENDORED.files, ("-mod=vendor", ".")),
        [
            (edit("app/vendor/modules.txt"), ["vendor/modules.txt edited"]),
            (rename("app/vendor/modules.txt", "app/list"), ["vendor/modules.txt removed"]),
        ],
    ),
    "workspace": (
        WORKSPACE,
        [
            (edit("go.work"), ["{top}/go.work edited"]),
            (new("go.work.sum", SUM), ["{top}/go.work.sum appeared"]),
            (variable("GOWORK", "off"), ["GOWORK: '' → 'off'"]),
            (edit("member/member.go"), ["{top}/member/member.go edited"]),
            (edit("silent/go.mod"), ["{top}/silent/go.mod edited"]),
        ],
    ),
    "files": (
        FILE_LIST,
        [(edit("app/more.go"), ["more.go edited"]), (edit("app/unlisted.go"), [])],
    ),
    "modfile": (MODFILE, [(edit("other.mod"), ["../other.mod edited"])]),
    "env file": (ENV_FILE, [(edit("goenv"), ["{top}/goenv edited"])]),
}


def write(top: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)


def link(top: Path, links: Mapping[str, str]) -> None:
    for name, target in links.items():
        (top / name).unlink(missing_ok=True)
        (top / name).symlink_to(target)


def arrange(shop: Workshop, situation: Situation) -> None:
    """Make the tree of a situation anew."""
    top = shop.folder.parent
    shutil.rmtree(top, ignore_errors=True)
    write(top, situation.files)
    link(top, situation.links)


def built(folder: Path, situation: Situation) -> Workshop:
    """Return a workshop where the program of a situation was built."""
    shop = Workshop(folder)
    top = shop.folder
    shop.folder = top / "app"
    shop.environ |= {"PWD": str(shop.folder), "GOFLAGS": ""}
    shop.environ |= {k: v.format(top=top, **os.environ) for k, v in situation.environ.items()}
    arrange(shop, situation)
    assert shop.gorun(*situation.words).err == "it\n"
    return shop


def why(shop: Workshop, situation: Situation, change: Change) -> list[str]:
    """Return the reasons of --why after a change; then undo it."""
    top = shop.folder.parent
    result = shop.gorun("--why", *situation.words, env=change(top) or {})
    arrange(shop, situation)
    label = " ".join(situation.words)
    told = [line.removeprefix(f"{label}: ") for line in result.out.splitlines()]
    assert (result.rc, result.err) == (int(told != ["current"]), "")
    return [] if told == ["current"] else told


def expect_reasons(
    folder: Path, situation: Situation, changes: list[tuple[Change, list[str]]]
) -> None:
    shop = built(folder, situation)
    for change, expected in changes:
        # Files are named from where people are.
        tops = [shop.folder.parent if " → " in reason else ".." for reason in expected]
        reasons = [reason.format(top=top) for reason, top in zip(expected, tops, strict=True)]
        assert why(shop, situation, change) == reasons


@pytest.mark.parametrize("name", CASES)
def test_reason_names_the_file_and_the_change(tmp_path: Path, name: str) -> None:
    expect_reasons(tmp_path, *CASES[name])


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
def test_reasons_of_c_name_headers_and_compilers(tmp_path: Path) -> None:
    gcc = shutil.which("gcc")
    changes = [
        (edit("app/it.c"), ["it.c edited"]),
        (edit("include/it.h"), ["{top}/include/it.h edited"]),
        (edit("bin/pkg-config"), ["{top}/bin/pkg-config edited"]),
        (
            variable("PATH", "{top}/more:{top}/bin:{PATH}"),
            [
                f"gcc in PATH: {gcc} → {{top}}/more/gcc",
                "pkg-config in PATH: {top}/bin/pkg-config → {top}/more/pkg-config",
            ],
        ),
    ]
    expect_reasons(tmp_path, CGO, changes)


def test_reason_of_a_cross_build_names_the_command_that_executes_it(tmp_path: Path) -> None:
    name = "go_linux_arm64_exec"
    changed = f"{name} in PATH: {{top}}/bin/{name} → {{top}}/more/{name}"
    expect_reasons(tmp_path, CROSS, [(variable("PATH", "{top}/more:{PATH}"), [changed])])


def test_reasons_of_goroot_name_its_files(tmp_path: Path) -> None:
    """In a GOROOT that can be edited: links to the real one, but for what is edited here."""
    shop = Workshop(tmp_path)
    real = Path(shop.go("env", "GOROOT").out.strip())
    goroot = tmp_path / "goroot"
    for folder, own in (("", ("bin", "src", "go.env")), ("src", ("errors",)), ("bin", ("go",))):
        (goroot / folder).mkdir(exist_ok=True)
        for entry in (real / folder).iterdir():
            if entry.name not in own:
                (goroot / folder / entry.name).symlink_to(entry)
    shutil.copytree(real / "src" / "errors", goroot / "src" / "errors")
    for name in ("go.env", "bin/go"):
        shutil.copy(real / name, goroot / name)
    shop.environ["GORUN_GO"] = str(goroot / "bin" / "go")
    shop.write({"main.go": source("main", 'import _ "errors"', SAYS)})
    assert shop.gorun(".").err == "it\n"
    for name in ("go.env", "src/errors/errors.go"):
        kept = (goroot / name).read_bytes()
        (goroot / name).write_bytes(kept + b"\n")
        assert shop.gorun("--why", ".").out == f".: ../goroot/{name} edited\n"
        (goroot / name).write_bytes(kept)
    assert shop.gorun("--why", ".").rc == 0


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("-toolexec=env", "-toolexec=env has go asked at each run"),
        ("-overlay=/dev/null", "-overlay=/dev/null has go asked at each run"),
        ("-gcflags=-m", "not remembered: go printed something, and would print it again"),
    ],
)
def test_reason_of_what_is_never_remembered_names_it(
    tmp_path: Path, flag: str, reason: str
) -> None:
    shop = Workshop(tmp_path)
    shop.gorun(flag, ".")
    assert shop.gorun("--why", flag, ".") == (1, f"{flag} .: {reason}\n", "")


RUNNERS = {
    "nox": ["nox -s build:it"],
    "invoke": ["invoke --echo go.it.build"],
    "doit": ["doit info build:it", "doit build:it"],
}
"""What makes each runner tell why, and build."""


@pytest.mark.parametrize("runner", RUNNERS)
def test_runners_say_the_same_words(tmp_path: Path, runner: str) -> None:
    """As --why does, and the events."""
    shop = Workshop(
        tmp_path,
        {
            "go.mod": module("app"),
            "main.go": MAIN,
            "noxfile.py": (
                "import nox\n\nfrom gorun_tasks import nox as go\n\n"
                'nox.options.default_venv_backend = "none"\ngo.sessions({"it": "."})\n'
            ),
            "tasks.py": (
                "from invoke import Collection\n\nfrom gorun_tasks import invoke as go\n\n"
                'ns = Collection(go=go.collection({"it": "."}))\n'
            ),
            "dodo.py": 'from gorun_tasks import doit as go\n\ntask_go = go.tasks({"it": "."})\n',
        },
    )
    shop.gorun(".")
    shop.edit("main.go", "it", "that")
    env = {"GOFLAGS": "-tags=x"}
    reasons = ["GOFLAGS: '' → '-tags=x'", "main.go edited"]
    assert shop.gorun("--why", ".", env=env).out.splitlines() == [f".: {r}" for r in reasons]
    file = tmp_path / "events"
    said = [shop(*w.split(), env={**env, "GORUN_EVENTS": str(file)}) for w in RUNNERS[runner]]
    verdict = "stale" if runner == "doit" else "built"
    assert f"it: {verdict} because {', '.join(reasons)}" in said[0].out + said[0].err
    (event,) = map(json.loads, file.read_text().splitlines())
    assert [str(Reason(b["input"], b["change"])) for b in event["because"]] == reasons
