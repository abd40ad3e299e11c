"""Compiled launchers in the place of go, of C compilers and of pkg-config (law 12).

What they start they choose by a file, a variable or the working directory; a program that was
built by the one is never started once they choose the other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.clock import let_the_clock_tick
from tests.support.workshop import TINY, Workshop, go_command, needs_strace

pytestmark = [
    pytest.mark.usefixtures("go"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc"),
]

# What it starts is what stands in a file, a variable, or a file of the working directory or above.
LAUNCHER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int readline(const char *path, char *line) {
	FILE *f = fopen(path, "r");
	if (!f) return 0;
	if (!fgets(line, 4000, f)) line[0] = 0;
	line[strcspn(line, "\\n")] = 0;
	fclose(f);
	return 1;
}

int main(int argc, char **argv) {
	char chosen[4096] = "", where[4096], file[4200];
	const char *by = "%(by)s";
	if (!strcmp(by, "variable")) {
		const char *value = getenv("LAUNCHER_CHOICE");
		snprintf(chosen, sizeof chosen, "%%s", value ? value : "%(default)s");
	} else if (!strcmp(by, "file")) {
		readline("%(folder)s/choice", chosen);
	} else if (getcwd(where, 4000)) {
		for (;;) {
			snprintf(file, sizeof file, "%%s/.choice", where);
			char *slash = strrchr(where, '/');
			if (readline(file, chosen) || !slash) break;
			*slash = 0;
		}
	}
	if (!chosen[0]) snprintf(chosen, sizeof chosen, "%%s", "%(default)s");
	if (%(fork)d) {
		pid_t child = fork();
		int status = 0;
		if (child == 0) {
			execv(chosen, argv);
			_exit(126);
		}
		waitpid(child, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	execv(chosen, argv);
	return 126;
}
"""

WAYS = ("file", "variable", "directory")
ALSO_AS_PARENT = [("file", False), ("file", True), ("variable", False), ("directory", True)]
"""Ways to choose, and whether the launcher stays the parent of what it starts."""


def launcher(path: Path, by: str, default: str, *, fork: bool = False) -> None:
    """Compile a launcher that chooses by this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".launcher.c")
    words = {"by": by, "folder": path.parent, "default": default, "fork": fork}
    source.write_text(LAUNCHER % words)
    subprocess.run(["gcc", "-w", "-o", str(path), str(source)], check=True)


def choose(workshop: Workshop, folder: Path, by: str, chosen: str) -> None:
    """Have the launcher in this folder start this from now on."""
    let_the_clock_tick()
    if by == "variable":
        workshop.environ["LAUNCHER_CHOICE"] = chosen
    else:
        place = folder / "choice" if by == "file" else workshop.folder / ".choice"
        place.write_text(f"{chosen}\n")


WHICH = {
    **TINY,
    "main.go": "package main\n\nfunc main() { println(which) }\n",
    "one.go": '//go:build !second\n\npackage main\n\nconst which = "one"\n',
    "two.go": '//go:build second\n\npackage main\n\nconst which = "two"\n',
}


def second_go(workshop: Workshop) -> tuple[str, str]:
    """Return the go that is used, and make another, which sets a build tag."""
    goroot = Path(workshop.go("env", "GOROOT").out.strip())
    second = workshop.folder.parent / "second"
    (second / "bin").mkdir(parents=True)
    shutil.copy(goroot / "bin" / "go", second / "bin" / "go")
    for name in ("pkg", "src", "lib", "VERSION"):
        (second / name).symlink_to(goroot / name)
    settings = (goroot / "go.env").read_text()
    (second / "go.env").write_text(f"{settings}\nGOFLAGS=-tags=second\n")
    return f"{goroot}/bin/go", f"{second}/bin/go"


@pytest.mark.parametrize(("by", "fork"), ALSO_AS_PARENT)
def test_a_compiled_launcher_of_go_is_asked_at_each_run(
    tmp_path: Path, by: str, *, fork: bool
) -> None:
    workshop = Workshop(tmp_path, WHICH)
    one, two = second_go(workshop)
    bin_ = tmp_path / "bin"
    launcher(bin_ / "go", by, one, fork=fork)
    workshop.environ |= {"PATH": f"{bin_}:{workshop.environ['PATH']}"}
    workshop.environ.pop("GORUN_GO", None)
    workshop.environ.pop("GOROOT", None)
    assert workshop.gorun(".").err == "one\n"
    said = workshop.gorun("--why", ".")
    assert said.rc == 1
    assert f"{bin_}/go is not the go that it starts, so it is asked at each run" in said.out
    assert "GORUN_GO can name the real one" in said.out
    choose(workshop, bin_, by, two)
    assert workshop.gorun(".").err == "two\n"
    assert workshop.gorun("--which", ".").rc == 0
    choose(workshop, bin_, by, one)
    assert workshop.gorun(".").err == "one\n"
    assert workshop.gorun(".", env={"GORUN_GO": one}).err == "one\n"
    assert workshop.gorun("--why", ".", env={"GORUN_GO": one}).out == ".: current\n"


def test_a_launcher_in_the_very_place_of_go_is_asked_at_each_run(tmp_path: Path) -> None:
    """It is bin/go of the GOROOT that a variable names, and starts what lies beside it."""
    workshop = Workshop(tmp_path, WHICH)
    _, two = second_go(workshop)
    goroot = Path(two).parent.parent
    settings = (goroot / "go.env").read_text().replace("GOFLAGS=-tags=second\n", "")
    (goroot / "go.env").write_text(settings)
    shutil.move(two, f"{two}.real")
    script = goroot / "bin" / "go.second"
    script.write_text(f'#!/bin/sh\nGOFLAGS=-tags=second exec {two}.real "$@"\n')
    script.chmod(0o755)
    launcher(Path(two), "file", f"{two}.real")
    workshop.environ |= {"GORUN_GO": two, "GOROOT": str(goroot)}
    assert workshop.gorun(".").err == "one\n"
    choose(workshop, goroot / "bin", "file", str(script))
    assert workshop.gorun(".").err == "two\n"


@pytest.mark.parametrize("how", ["link", "link to link", "copy", "hard link"])
def test_a_link_to_go_is_no_launcher(tmp_path: Path, how: str) -> None:
    workshop = Workshop(tmp_path, TINY)
    real = os.path.realpath(go_command())
    workshop.environ["GOROOT"] = workshop.go("env", "GOROOT").out.strip()
    place = tmp_path / "bin" / "go"
    place.parent.mkdir()
    if how == "copy":
        shutil.copy(real, place)
    elif how == "hard link":
        try:
            place.hardlink_to(real)
        except OSError:
            pytest.skip("needs a temporary folder on the file system of go")
    else:
        one = tmp_path / "links" / "one"  # where nothing else comes to be, such as a store
        one.parent.mkdir()
        one.symlink_to(real)
        place.symlink_to(real if how == "link" else one)
    workshop.environ["GORUN_GO"] = str(place)
    assert workshop.gorun(".").err == "tiny\n"
    assert workshop.gorun("--why", ".").out == ".: current\n"


@pytest.mark.parametrize("by", WAYS)
def test_a_launcher_of_another_toolchain_is_asked_at_each_run(tmp_path: Path, by: str) -> None:
    """go.mod asks for a toolchain that PATH has: as a launcher, as golang.org/dl installs them."""
    workshop = Workshop(tmp_path, WHICH)
    one, two = second_go(workshop)
    bin_ = tmp_path / "bin"
    launcher(bin_ / "go1.99.0", by, one)
    # Each says that it is the one that was asked for.
    workshop.write({"go.mod": "module example.com/tiny\n\ngo 1.24\n\ntoolchain go1.99.0\n"})
    for name, real, tags in (("one", one, ""), ("two", two, "second")):
        script = tmp_path / name
        script.write_text(
            "#!/bin/sh\nunset GOTOOLCHAIN_INTERNAL_SWITCH_VERSION\n"
            f'GOTOOLCHAIN=local GOFLAGS=-tags={tags} exec {real} "$@"\n'
        )
        script.chmod(0o755)
    workshop.environ |= {
        "PATH": f"{bin_}:{workshop.environ['PATH']}",
        "GOTOOLCHAIN": "path",
        "LAUNCHER_CHOICE": str(tmp_path / "one"),
    }
    choose(workshop, bin_, by, str(tmp_path / "one"))
    assert workshop.gorun(".").err == "one\n"
    choose(workshop, bin_, by, str(tmp_path / "two"))
    assert workshop.gorun(".").err == "two\n"


WITH_C = {
    "go.mod": "module example.com/c\n\ngo 1.24\n",
    "main.go": (
        "package main\n\n/*\n#ifndef K\n#define K 0\n#endif\n*/\n"
        'import "C"\n\nfunc main() { println(C.K) }\n'
    ),
}

WITH_NET = {
    "go.mod": "module example.com/net\n\ngo 1.24\n",
    "main.go": (
        'package main\n\nimport "net"\n\nfunc main() { println(net.ParseIP("::1").String()) }\n'
    ),
}


def compilers(folder: Path) -> tuple[str, str]:
    """Make two compilers that differ in a macro only."""
    made = []
    for number in (1, 2):
        path = folder / f"cc{number}"
        path.write_text(f'#!/bin/sh\nexec gcc -DK={number} "$@"\n')
        path.chmod(0o755)
        made.append(str(path))
    return made[0], made[1]


@pytest.mark.parametrize(
    ("called", "by", "fork"), [("PATH", "file", False), *(("CC", *way) for way in ALSO_AS_PARENT)]
)
def test_a_compiled_launcher_of_a_c_compiler_is_asked(
    tmp_path: Path, by: str, called: str, *, fork: bool
) -> None:
    """It is asked at each run, not go; and another answer has go compile anew."""
    workshop = Workshop(tmp_path, WITH_C)
    one, two = compilers(tmp_path)
    bin_ = tmp_path / "bin"
    launcher(bin_ / "gcc", by, one, fork=fork)
    if called == "CC":
        workshop.environ["CC"] = f"{bin_}/gcc"
    else:
        workshop.environ["PATH"] = f"{bin_}:{workshop.environ['PATH']}"
        for path in (one, two):  # they must not come back to the launcher
            Path(path).write_text(Path(path).read_text().replace("gcc", shutil.which("gcc") or ""))
    assert workshop.gorun(".").err == "1\n"
    assert workshop.gorun("--why", ".").out == ".: current\n"
    assert workshop.outcome(".")[0] == "current"
    choose(workshop, bin_, by, two)
    (because,) = workshop.outcome(".")[1]
    assert because.endswith("gcc starts something else than when this was built")
    assert workshop.gorun(".").err == "2\n"
    choose(workshop, bin_, by, one)
    outcome, _, result = workshop.outcome(".")
    assert (outcome, result.err) == ("restored", "1\n")


@pytest.mark.parametrize("by", WAYS)
def test_a_launcher_that_does_not_tell_has_go_asked(tmp_path: Path, by: str) -> None:
    """What it would start it says to nobody, so go is asked at each run, and may know."""
    workshop = Workshop(tmp_path, WITH_C)
    one, two = compilers(tmp_path)
    for path, number in ((one, 1), (two, 2)):
        Path(path).write_text(
            "#!/bin/sh\n"
            'case "$*" in *-\\#\\#\\#*) gcc "$@" 2>&1 | grep "^gcc version" | '
            f'sed "s/^gcc version /gcc version {number}/" >&2; exit 0;; esac\n'
            f'exec gcc -DK={number} "$@"\n'
        )
    bin_ = tmp_path / "bin"
    launcher(bin_ / "cc", by, one)
    workshop.environ["CC"] = f"{bin_}/cc"
    for number, chosen in ((1, one), (2, two), (1, one)):
        choose(workshop, bin_, by, chosen)
        assert workshop.gorun(".").err == f"{number}\n"
        said = workshop.gorun("--why", ".")
        assert said.rc == 1
        assert "may start any compiler and does not tell which" in said.out
        assert "CC can name the real one" in said.out


def test_a_program_without_c_asks_no_compiler(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, TINY)
    bin_ = tmp_path / "bin"
    launcher(bin_ / "gcc", "file", compilers(tmp_path)[0])
    workshop.environ["CC"] = f"{bin_}/gcc"
    assert workshop.gorun(".").err == "tiny\n"
    choose(workshop, bin_, "file", "/nonexistent")
    assert workshop.gorun("--why", ".").out == ".: current\n"


@needs_strace
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_a_program_with_the_systems_compiler_starts_alone(tmp_path: Path, compiler: str) -> None:
    """A server with net: its compiler was seen through while it was built, nobody is asked."""
    if not shutil.which(compiler):
        pytest.skip(f"needs {compiler}: apt-get install {compiler}")
    workshop = Workshop(tmp_path, WITH_NET)
    workshop.environ |= {"CC": compiler, "CGO_ENABLED": "1"}
    assert workshop.gorun(".").err == "::1\n"
    executed = workshop.executed(".")
    assert not [path for path in executed if path.endswith(("gcc", "clang", "/go", "cc1"))]
    assert workshop.outcome(".")[0] == "current"


@pytest.mark.parametrize("by", WAYS)
def test_a_program_of_the_standard_library_with_c_asks_a_launcher(tmp_path: Path, by: str) -> None:
    workshop = Workshop(tmp_path, WITH_NET)
    one, two = compilers(tmp_path)
    bin_ = tmp_path / "bin"
    launcher(bin_ / "gcc", by, one)
    workshop.environ |= {"CC": f"{bin_}/gcc", "CGO_ENABLED": "1"}
    assert workshop.gorun(".").err == "::1\n"
    assert workshop.outcome(".")[0] == "current"
    choose(workshop, bin_, by, two)
    (because,) = workshop.outcome(".")[1]
    assert because.endswith("gcc starts something else than when this was built")


@pytest.mark.skipif(not shutil.which("ccache"), reason="needs ccache: apt-get install ccache")
def test_ccache_is_asked_what_it_starts(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, WITH_C)
    link = tmp_path / "bin" / "gcc"
    link.parent.mkdir()
    link.symlink_to(shutil.which("ccache") or "")
    workshop.environ |= {
        "CCACHE_DIR": str(tmp_path / "ccache"),
        "PATH": f"{link.parent}:{workshop.environ['PATH']}",
    }
    assert workshop.gorun(".").err == "0\n"
    assert workshop.outcome(".")[0] == "current"


PKG_CONFIG = {
    "go.mod": "module example.com/pc\n\ngo 1.24\n",
    "main.go": (
        "package main\n\n/*\n#cgo pkg-config: thing\n*/\n"
        'import "C"\n\nfunc main() { println(C.K) }\n'
    ),
    "one/thing.pc": "Name: thing\nVersion: 1\nDescription: one\nCflags: -DK=1\n",
    "two/thing.pc": "Name: thing\nVersion: 1\nDescription: two\nCflags: -DK=2\n",
}


@pytest.mark.skipif(
    not shutil.which("pkg-config"), reason="needs pkg-config: apt-get install pkg-config"
)
@pytest.mark.parametrize("by", WAYS)
def test_a_compiled_launcher_of_pkg_config_is_asked(tmp_path: Path, by: str) -> None:
    workshop = Workshop(tmp_path, PKG_CONFIG)
    made = []
    for name in ("one", "two"):
        path = tmp_path / f"pc-{name}"
        place = workshop.folder / name
        path.write_text(f'#!/bin/sh\nPKG_CONFIG_PATH={place} exec pkg-config "$@"\n')
        path.chmod(0o755)
        made.append(str(path))
    bin_ = tmp_path / "bin"
    launcher(bin_ / "pc", by, made[0])
    workshop.environ["PKG_CONFIG"] = f"{bin_}/pc"
    assert workshop.gorun(".").err == "1\n"
    assert workshop.outcome(".")[0] == "current"
    choose(workshop, bin_, by, made[1])
    assert workshop.gorun(".").err == "2\n"
    assert workshop.outcome(".")[0] == "current"


@pytest.mark.skipif(
    not shutil.which("pkg-config"), reason="needs pkg-config: apt-get install pkg-config"
)
def test_pkg_config_itself_is_not_asked(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, PKG_CONFIG)
    workshop.environ["PKG_CONFIG_PATH"] = str(workshop.folder / "one")
    assert workshop.gorun(".").err == "1\n"
    if shutil.which("strace"):
        assert not [path for path in workshop.executed(".") if "pkg" in Path(path).name]
    assert workshop.outcome(".")[0] == "current"
