"""Where gorun is right and `go run` alone is stale: each test shows both."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.oracle import digest_of
from tests.support.trees import age
from tests.support.workshop import Workshop, needs_mounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.place import Result

pytestmark = pytest.mark.usefixtures("go")

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")

CGO = {
    "go.mod": "module example.com/cgo\n\ngo 1.24\n",
    "main.go": 'package main\n\nimport "example.com/cgo/p"\n\nfunc main() { println(p.F()) }\n',
    "p/p.go": (
        "package p\n\n// #cgo CFLAGS: -I${SRCDIR}/../first -I${SRCDIR}/../inc\n"
        '// #include "value.h"\n// int value(void);\nimport "C"\n\n'
        "func F() int { return int(C.value()) }\n"
    ),
    "p/value.c": '#include "value.h"\nint value(void) { return VALUE + OTHER; }\n',
    "inc/value.h": '#define VALUE 10\n#include "other.h"\n',
    "inc/other.h": "#define OTHER 1\n",
}


@pytest.fixture
def cgo(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, CGO)


@needs_gcc
def test_a_header_outside_the_cgo_package_is_an_input(cgo: Workshop) -> None:
    assert cgo.gorun(".").err == "11\n"
    assert cgo.outcome(".")[0] == "current"
    cgo.write({"inc/other.h": "#define OTHER 2\n"})
    assert cgo.outcome(".")[:2] == ("built", ["inc/other.h edited"])
    assert cgo.gorun(".").err == "12\n"
    cgo.write({"inc/other.h": "#define OTHER 1\n"})
    assert cgo.outcome(".")[0] == "restored"


@needs_gcc
def test_a_stale_object_that_go_run_left_behind_is_not_used(cgo: Workshop) -> None:
    assert cgo.go("run", ".").err == "11\n"
    cgo.write({"inc/other.h": "#define OTHER 2\n"})
    assert cgo.go("run", ".").err == "11\n", "go run notices headers now: gorun need not"
    assert cgo.gorun(".").err == "12\n"


@needs_gcc
def test_a_header_that_comes_to_stand_before_another_is_noticed(cgo: Workshop) -> None:
    assert cgo.gorun(".").err == "11\n"
    cgo.write({"first/value.h": "#define VALUE 20\n#define OTHER 3\n"})
    assert cgo.outcome(".")[:2] == ("built", ["first/value.h appeared"])
    assert cgo.gorun(".").err == "23\n"


@needs_gcc
def test_a_header_named_by_a_macro_is_followed(cgo: Workshop) -> None:
    cgo.write(
        {
            "inc/value.h": '#define OTHER_H "other.h"\n#define VALUE 10\n#include OTHER_H\n',
        }
    )
    assert cgo.gorun(".").err == "11\n"
    cgo.write({"inc/other.h": "#define OTHER 5\n"})
    assert cgo.gorun(".").err == "15\n"


@needs_gcc
def test_the_users_own_overlay_still_counts(cgo: Workshop) -> None:
    other = cgo.folder.parent / "other.go"
    other.write_text(CGO["main.go"].replace("p.F()", "p.F() + 100"))
    overlay = cgo.folder.parent / "overlay.json"
    overlay.write_text(f'{{"Replace": {{"{cgo.folder}/main.go": "{other}"}}}}')
    assert cgo.gorun(f"-overlay={overlay}", ".").err == "111\n"
    cgo.write({"inc/other.h": "#define OTHER 2\n"})
    assert cgo.gorun(f"-overlay={overlay}", ".").err == "112\n"


@needs_gcc
@pytest.mark.parametrize(
    "preamble",
    [
        '#include \\\n  "inc/x.h"',
        '#inc\\\nlude "inc/x.h"',
        '%:include "inc/x.h"',
        '#include "{folder}/inc/x.h"',
        "#cgo CFLAGS: -include ${SRCDIR}/inc/x.h",
    ],
)
def test_a_header_is_followed_however_it_is_written(tmp_path: Path, preamble: str) -> None:
    workshop = Workshop(tmp_path, {"go.mod": CGO["go.mod"], "inc/x.h": "#define X 1\n"})
    preamble = preamble.replace("{folder}", str(workshop.folder))
    main = f'package main\n\n/*\n{preamble}\n*/\nimport "C"\n\nfunc main() {{ println(C.X) }}\n'
    workshop.write({"main.go": main})
    assert workshop.gorun(".").err == "1\n"
    workshop.write({"inc/x.h": "#define X 2\n"})
    assert workshop.outcome(".")[1] == ["inc/x.h edited"]
    assert workshop.gorun(".").err == "2\n"


@needs_gcc
def test_a_comment_before_include_does_not_hide_it(cgo: Workshop) -> None:
    cgo.write({"inc/value.h": '#define VALUE 10\n/* the\nother */ # /* one */ include "other.h"\n'})
    assert cgo.gorun(".").err == "11\n"
    cgo.write({"inc/other.h": "#define OTHER 2\n"})
    assert cgo.gorun(".").err == "12\n"


@needs_gcc
def test_what_the_assembler_takes_in_is_an_input(cgo: Workshop) -> None:
    """C hands it over in a string: .incbin reads from where the compiler works."""
    take = '__asm__(".data\\nvalue_of: .incbin \\"../inc/value.bin\\"\\n.text\\n");\n'
    cgo.write({"inc/value.bin": "a", "p/value.c": take + "extern char value_of[];\n"})
    with (cgo.folder / "p/value.c").open("a") as file:
        file.write("int value(void) { return value_of[0]; }\n")
    assert cgo.gorun(".").err == "97\n"
    cgo.write({"inc/value.bin": "b"})
    assert cgo.outcome(".")[1] == ["inc/value.bin edited"]
    assert cgo.gorun(".").err == "98\n"


@needs_gcc
def test_a_header_outside_a_list_of_files_is_an_input(tmp_path: Path) -> None:
    """A list has no headers of its own; and another package may lie in the same directory."""
    tool = (
        "//go:build ignore\n\npackage main\n\n"
        '// #include "inc/tool.h"\nimport "C"\n\nimport "example.com/cgo"\n\n'
        "func main() { println(C.TOOL, cgo.Value()) }\n"
    )
    package = (
        'package cgo\n\n// #include "inc/x.h"\nimport "C"\n\nfunc Value() int { return C.X }\n'
    )
    files = {"go.mod": CGO["go.mod"], "tool.go": tool, "cgo.go": package}
    workshop = Workshop(
        tmp_path, {**files, "inc/tool.h": "#define TOOL 1\n", "inc/x.h": "#define X 10\n"}
    )
    for words in (["tool.go"], [str(workshop.folder / "tool.go")], ["-C=inc", "../tool.go"]):
        workshop.write({"inc/tool.h": "#define TOOL 1\n", "inc/x.h": "#define X 10\n"})
        assert workshop.gorun(*words).err == "1 10\n"
        workshop.write({"inc/tool.h": "#define TOOL 2\n"})
        assert workshop.outcome(*words)[0] == "built"
        assert workshop.gorun(*words).err == "2 10\n"
        workshop.write({"inc/x.h": "#define X 20\n"})
        assert workshop.outcome(*words)[0] == "built"
        assert workshop.gorun(*words).err == "2 20\n"
        assert workshop.outcome(*words)[0] == "current"
    workshop.write({"inc/x.h": "#define X 30\n"})
    executable = Path(workshop.gorun("--which", "tool.go").out.rstrip())
    assert executable.name == "tool"
    # By now go's own cache is stale, so the comparison is made with one that is empty.
    of_go = tmp_path / "of-go-run"
    env = {"GOCACHE": str(tmp_path / "cache")}
    of_go.write_bytes(workshop.built_by_go_run("tool.go", env=env))
    assert digest_of(str(executable)) == digest_of(str(of_go))


@needs_gcc
@pytest.mark.parametrize(
    ("ldflags", "library_path"),
    [
        ("-L${SRCDIR}/lib -lq", ""),
        ("-L ${SRCDIR}/lib -lq", ""),
        ("-L${SRCDIR}/lib -l q", ""),
        ("-L${SRCDIR}/lib -l:libq.a", ""),
        ("${SRCDIR}/lib/libq.a", ""),
        ("-L${SRCDIR}/lib -lscript", ""),
        ("-lq", "lib"),
    ],
)
def test_an_archive_is_an_input_wherever_the_linker_finds_it(
    tmp_path: Path, ldflags: str, library_path: str
) -> None:
    main = (
        f"package main\n\n// #cgo LDFLAGS: {ldflags}\n// int q(void);\n"
        'import "C"\n\nfunc main() { println(C.q()) }\n'
    )
    workshop = Workshop(tmp_path, {"go.mod": CGO["go.mod"], "main.go": main})
    place = workshop.folder / "lib"
    # The linker takes names from a script as well, which looks like a shared library.
    workshop.write({"lib/libscript.so": f"INPUT({place}/libq.a)\n"})
    if library_path:
        workshop.environ["LIBRARY_PATH"] = str(place)
    (workshop.folder / "src").mkdir()
    source = workshop.folder / "src" / "q.c"
    build = f"gcc -c -o src/q.o src/q.c && rm -f {place}/libq.a && ar rcD {place}/libq.a src/q.o"
    for value in (1, 2):
        source.write_text(f"int q(void) {{ return {value}; }}\n")
        assert workshop.execute(["sh", "-c", build]).rc == 0
        assert workshop.gorun(".").err == f"{value}\n"
    assert workshop.outcome(".")[0] == "current"


@needs_gcc
@pytest.mark.parametrize("target", [".", "main.go"])
@pytest.mark.parametrize("imports_c", [True, False])
def test_an_archive_that_ldflags_names_is_an_input(
    tmp_path: Path, target: str, *, imports_c: bool
) -> None:
    """The words of -extldflags are for the linker of the program, be there C in it or not."""
    main = "package main\n\nimport {}\n\nfunc main() {{ println({}, q.Q()) }}\n"
    spoken = ['"C"', '"example.com/cgo/q"'] if imports_c else ['"example.com/cgo/q"']
    workshop = Workshop(
        tmp_path,
        {
            "go.mod": CGO["go.mod"],
            "main.go": main.format("(" + "; ".join(spoken) + ")", "C.int(1)" if imports_c else "1"),
            "q/q.go": 'package q\n\n// int q(void) __attribute__((weak));\nimport "C"\n\n'
            "func Q() int { return int(C.q()) }\n",
        },
    )
    archive = workshop.folder / "libq.a"
    linked = f"-Wl,--whole-archive,{archive},--no-whole-archive"
    ldflags = f"-ldflags=-linkmode=external '-extldflags={linked}'"
    (workshop.folder / "src").mkdir()
    source = workshop.folder / "src" / "q.c"
    build = f"gcc -c -o src/q.o src/q.c && rm -f {archive} && ar rcD {archive} src/q.o"
    for value in (1, 2):
        source.write_text(f"int q(void) {{ return {value}; }}\n")
        assert workshop.execute(["sh", "-c", build]).rc == 0
        assert workshop.gorun(ldflags, target).err == f"1 {value}\n"
    assert workshop.outcome(ldflags, target)[0] == "current"


@needs_gcc
@pytest.mark.parametrize("by", ["CC", "PATH"])
def test_a_compiler_that_is_a_script_is_an_input(tmp_path: Path, by: str) -> None:
    """What it adds for the compiler counts, though it says the same of its version."""
    main = 'package main\n\n// enum { X = V };\nimport "C"\n\nfunc main() { println(int(C.X)) }\n'
    workshop = Workshop(tmp_path, {"go.mod": CGO["go.mod"], "main.go": main})
    script = tmp_path / "bin" / "gcc"
    script.parent.mkdir()
    if by == "CC":
        workshop.environ["CC"] = str(script)
    else:
        workshop.environ["PATH"] = f"{script.parent}:{workshop.environ['PATH']}"
    for value in (1, 2):
        script.write_text(f'#!/bin/sh\nexec {shutil.which("gcc")} -DV={value} "$@"\n')
        script.chmod(0o755)
        assert workshop.gorun(".").err == f"{value}\n"
    assert workshop.outcome(".")[0] == "current"


PKG_CONFIG = """#!/bin/sh
ended=
for word do
    case $word in
        --) ended=yes ;;
        --*) [ -z "$ended" ] || exit 1 ;;
    esac
done
case "$*" in *--cflags*) echo "-I$INCLUDE" ;; esac
"""


@needs_gcc
def test_flags_for_pkg_config_do_not_hide_what_it_leads_to(tmp_path: Path) -> None:
    """The one here refuses, as the real one does, a flag after the -- that go puts before names."""
    main = (
        "package main\n\n// #cgo pkg-config: --static q\n// #include <x.h>\n"
        'import "C"\n\nfunc main() { println(int(C.X)) }\n'
    )
    workshop = Workshop(tmp_path, {"go.mod": CGO["go.mod"], "main.go": main})
    script = tmp_path / "pkg-config"
    script.write_text(PKG_CONFIG)
    script.chmod(0o755)
    workshop.environ |= {"PKG_CONFIG": str(script), "INCLUDE": str(workshop.folder / "inc")}
    for value in (1, 2):
        workshop.write({"inc/x.h": f"#define X {value}\n"})
        assert workshop.gorun(".").err == f"{value}\n"
    assert workshop.outcome(".")[0] == "current"


def test_a_constraint_edited_under_the_same_size_and_time_is_noticed(tmp_path: Path) -> None:
    constraint = "//go:build {}\n\npackage main\n\nconst word = {!r}\n"

    def files(tag: str) -> dict[str, str]:
        a, b = constraint.format(tag, "a"), constraint.format("!" + tag, "b")
        return {"a.go": a.replace("'", '"'), "b.go": b.replace("'", '"')}

    shop = Workshop(
        tmp_path,
        {
            "go.mod": "module example.com/same\n\ngo 1.24\n",
            "main.go": "package main\n\nfunc main() { println(word) }\n",
            **files("never"),
        },
    )
    age(shop.folder)
    assert shop.go("run", ".").err == "b\n"
    assert shop.gorun(".").err == "b\n"
    shop.write(files("linux" if sys.platform == "linux" else "unix "))
    age(shop.folder)
    assert "a\n" not in shop.go("run", ".").err, "go run notices now: gorun need not be righter"
    assert shop.gorun(".").err == "a\n"


class Meddler:
    """A program, and a -toolexec that edits it while go compiles it, when armed."""

    FIRST, SECOND = (f'package main\n\nconst word = "{w}"\n' for w in ("first", "second"))

    def __init__(self, folder: Path) -> None:
        self.shop = Workshop(
            folder,
            {
                "go.mod": "module example.com/moving\n\ngo 1.24\n",
                "main.go": "package main\n\nfunc main() { println(word) }\n",
                "word.go": self.FIRST,
            },
        )
        self.armed = folder / "armed"
        self.deadly = folder / "deadly"
        (folder / "second.go").write_text(self.SECOND)
        self._hook = folder / "hook"
        self._hook.write_text(
            "#!/bin/sh\n"
            f'case "$*" in *compile*-p\\ main*) [ ! -f {self.armed} ] ||'
            f" {{ rm {self.armed}; cat {folder}/second.go >{self.shop.folder}/word.go; }};; esac\n"
            # When go links, gorun, which started it, is killed.
            f'case "$1 $2" in *link\\ -o) [ ! -f {self.deadly} ] ||'
            f" {{ rm {self.deadly}; kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); }};; esac\n"
            'exec "$@"\n'
        )
        self._hook.chmod(0o755)

    def after_an_edit_meanwhile(self, run: Callable[..., Result]) -> Result:
        """Run once with an edit at the moment of the compilation, undo it, and run again."""
        self.armed.touch()
        run(f"-toolexec={self._hook}", ".")
        assert not self.armed.exists()
        assert not self.deadly.exists()
        self.shop.write({"word.go": self.FIRST})
        return run(f"-toolexec={self._hook}", ".")


def test_an_edit_while_go_compiles_that_is_undone_does_not_come_back(tmp_path: Path) -> None:
    meddler = Meddler(tmp_path)
    shop = meddler.shop
    assert meddler.after_an_edit_meanwhile(shop.gorun).err == "first\n"
    shop.write({"unlike.go": "package main\n"})  # another key in go's cache
    go_run = meddler.after_an_edit_meanwhile(lambda *words: shop.go("run", *words))
    assert go_run.err == "second\n", "go run is right now: gorun need not be righter"


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("mv current old; mv next current", "mv current next; mv old current"),
        pytest.param("mount --bind next current", "umount current", marks=needs_mounts),
    ],
    ids=["renamed", "mounted"],
)
def test_a_directory_above_that_was_another_while_go_compiled_does_not_come_back(
    tmp_path: Path, there: str, back: str
) -> None:
    """No file, and no directory of the module, is younger than the build."""
    files = {
        f"{place}/app/{name}": text
        for place, word in (("current", "first"), ("next", "other"))
        for name, text in {
            "go.mod": "module example.com/swapped\n\ngo 1.24\n",
            "main.go": f'package main\n\nfunc main() {{ println("{word}") }}\n',
        }.items()
    }
    shop = Workshop(tmp_path, files)
    done, hook = tmp_path / "done", tmp_path / "hook"
    hook.write_text(
        f'#!/bin/sh\ncase "$*" in *compile*-p\\ main*) [ -f {done} ] || {{ touch {done};'
        f' cd {shop.folder}; {there}; "$@"; status=$?; {back}; exit $status; }};; esac\nexec "$@"\n'
    )
    hook.chmod(0o755)
    words = ("-C=current/app", f"-toolexec={hook}", ".")
    assert shop.gorun(*words).err == "other\n"
    assert done.exists()
    assert shop.gorun(*words).err == "first\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to find whom to kill")
def test_nor_does_it_where_gorun_is_killed_meanwhile(tmp_path: Path) -> None:
    """The next build does what the killed one no longer could."""
    meddler = Meddler(tmp_path)
    meddler.deadly.touch()
    assert meddler.after_an_edit_meanwhile(meddler.shop.gorun).err == "first\n"
    meddler.shop.gorun("--rebuild", ".")
    assert meddler.shop.leftovers() == []
