"""Proves that build flags are read, spelled and judged as go does."""

from __future__ import annotations

import ast
import copy
import os
import pickle
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import gorun_tasks
from gorun_tasks.core import flags, target
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS, BuildFlags
from gorun_tasks.errors import UsageError
from tests.support.workshop import go_says

if TYPE_CHECKING:
    from pathlib import Path


def words_of(*typed: str) -> tuple[str, ...]:
    """Return the normal spelling of flags that are followed by a target."""
    read, index = BuildFlags.parse([*typed, "."])
    assert index == len(typed)
    return read.words


def untyped(**keywords: Any) -> BuildFlags:
    """Make flags as someone without a type checker does."""
    return BuildFlags(**keywords)


# Reading the command line


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["-race"], ("-race",)),
        (["--race"], ("-race",)),
        (["-race=false"], ("-race=false",)),
        (["-tags", "dev"], ("-tags=dev",)),
        (["-tags=dev"], ("-tags=dev",)),
        (["--tags=dev"], ("-tags=dev",)),
        (["--tags", "dev"], ("-tags=dev",)),
        (["-tags", ""], ("-tags=",)),
        (["-tags="], ("-tags=",)),
        (["-tags", "-race"], ("-tags=-race",)),
        (["-tags", "--"], ("-tags=--",)),
        (["-ldflags=-X main.v=1"], ("-ldflags=-X main.v=1",)),
        (["-tags=true"], ("-tags=true",)),
        (["-C", "dir"], ("-C=dir",)),
        (["--C=dir", "-v"], ("-C=dir", "-v")),
        (["-p", "010"], ("-p=010",)),
        (["-debug-trace=f"], ("-debug-trace=f",)),
        (
            ["-race", "-tags=a", "-race=0", "-tags=b"],
            ("-race", "-tags=a", "-race=false", "-tags=b"),
        ),
    ],
)
def test_each_spelling_has_one_normal_form(typed: list[str], words: tuple[str, ...]) -> None:
    assert words_of(*typed) == words


@pytest.mark.parametrize("name", sorted(BOOLEAN_FLAGS))
def test_a_boolean_takes_every_value_of_parse_bool_and_never_the_next_word(name: str) -> None:
    for true in ("1", "t", "T", "TRUE", "true", "True"):
        assert words_of(f"-{name}={true}") == (f"-{name}",)
    for false in ("0", "f", "F", "FALSE", "false", "False"):
        assert words_of(f"-{name}={false}") == (f"-{name}=false",)
    assert BuildFlags.parse([f"-{name}", "false"])[1] == 1
    for bad in ("yes", "TrUe", "2", " true"):
        with pytest.raises(UsageError, match=f'invalid boolean value "{bad}" for -{name}'):
            BuildFlags.parse([f"-{name}={bad}"])


def test_buildvcs_also_takes_auto_and_nothing_which_is_auto() -> None:
    assert words_of("-buildvcs=auto") == ("-buildvcs=auto",)
    assert words_of("-buildvcs=") == ("-buildvcs=auto",)
    with pytest.raises(UsageError, match="true, false or auto"):
        BuildFlags.parse(["-buildvcs=maybe"])
    with pytest.raises(UsageError, match='invalid boolean value "" for -race; it is true or false'):
        BuildFlags.parse(["-race="])


@pytest.mark.parametrize(
    ("typed", "index"),
    [
        ([], 0),
        (["."], 0),
        (["-"], 0),
        ([""], 0),
        (["--"], 1),
        (["--", "-race"], 1),
        (["-race", "--", "--", "."], 2),
        (["-race", "."], 1),
        (["-race", "main.go", "-tags", "x"], 1),
        (["-tags", "dev", ".", "-v"], 2),
        (["-race"], 1),
    ],
)
def test_flags_end_at_the_first_word_that_is_none(typed: list[str], index: int) -> None:
    assert BuildFlags.parse(typed)[1] == index


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-rcae", "flag provided but not defined: -rcae; did you mean -race?"),
        ("--tag=x", "flag provided but not defined: -tag; did you mean -tags?"),
        ("-ldflag", "flag provided but not defined: -ldflag; did you mean -ldflags?"),
        ("-zzz", "flag provided but not defined: -zzz; `go help build` lists the build flags"),
        ("---race", "bad flag syntax: ---race"),
        ("--=x", "bad flag syntax: --=x"),
        ("-=x", "bad flag syntax: -=x"),
        ("-tags", "flag needs an argument: -tags"),
        ("-C", "flag needs an argument: -C"),
        ("-C=", "-C needs a directory"),
    ],
)
def test_bad_flags_are_named_with_the_nearest_real_one(typed: str, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        BuildFlags.parse([typed])
    assert str(raised.value) == sentence
    assert raised.value.exit_status == 2


@pytest.mark.parametrize("typed", ["-o", "-o=x", "--o", "-i"])
def test_flags_of_go_build_that_go_run_lacks_say_so(typed: str) -> None:
    with pytest.raises(UsageError, match=f"; go run has no -{typed.strip('-')[0]}"):
        BuildFlags.parse([typed, "x", "."])


@pytest.mark.parametrize("typed", [["-race", "-C", "d"], ["-C=d", "-C=e"], ["-v", "--C=d"]])
def test_chdir_must_be_first(typed: list[str]) -> None:
    with pytest.raises(UsageError, match="-C must be the first flag"):
        BuildFlags.parse(typed)


# What flags are, once made


def test_chdir_is_always_in_front_and_there_is_one() -> None:
    made = BuildFlags(race=True, chdir="a").with_(chdir="b", v=True)
    assert made.words == ("-C=b", "-race", "-v")
    assert made.chdir == "b"
    assert BuildFlags().chdir == ""


def test_the_last_value_wins() -> None:
    read = BuildFlags.parse(["-tags=a", "-race", "-tags=b=c", "-race=false", "-mod", ""])[0]
    assert read.get("tags") == "b=c"
    assert read.get("race") == "false"
    assert read.get("mod") == ""
    assert read.get("msan") is None
    assert not read.is_true("race")
    assert not read.is_true("msan")
    assert BuildFlags(race=False).with_(race=True) == BuildFlags(race=True)


def test_a_value_flag_of_value_true_is_no_boolean() -> None:
    assert BuildFlags(tags="true").words == ("-tags=true",)
    assert BuildFlags(tags="true").get("tags") == "true"


def test_without_takes_out_every_mention_and_only_these() -> None:
    read = BuildFlags.parse(["-C=d", "-exec", "a", "-mod=mod", "-exec=b", "-modfile=f"])[0]
    assert read.without("exec", "mod").words == ("-C=d", "-modfile=f")
    assert read.without("C").chdir == ""
    assert read.without() == read


def test_flags_cannot_change_and_can_be_keys_copied_and_pickled() -> None:
    made = BuildFlags(race=True)
    with pytest.raises(AttributeError, match="immutable"):
        made.words = ()
    with pytest.raises(AttributeError, match="immutable"):
        del made.words
    assert {made: 1}[BuildFlags.parse(["-race"])[0]] == 1
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert made != BuildFlags()
    assert made != ("-race",)
    assert repr(made) == "<BuildFlags -race>"


# What may be remembered


@pytest.mark.parametrize(
    "word",
    [
        *("-a", "-n", "-v", "-x", "-work", "-json", "-toolexec=time", "-overlay=f.json"),
        *("-debug-actiongraph=f", "-debug-runtime-trace=f", "-debug-trace=f", "-buildvcs"),
        *("-compiler=gccgo", "-linkshared", "-pkgdir=d"),
    ],
)
def test_flags_that_forbid_recording(word: str) -> None:
    assert BuildFlags.parse(["-race", word])[0].recording_forbidden_by() == word
    assert BuildFlags(race=True).recording_forbidden_by(word) == word


@pytest.mark.parametrize(
    "word",
    [
        *("-a=false", "-n=0", "-v=F", "-x=false", "-work=f", "-json=false", "-linkshared=false"),
        *("-toolexec=", "-overlay=", "-debug-trace=", "-pkgdir=", "-compiler=gc"),
        *("-buildvcs=false", "-buildvcs=auto", "-cover", "-covermode=atomic", "-coverpkg=./..."),
        *("-exec=time", "-race", "-msan", "-asan", "-trimpath", "-tags=a", "-mod=mod", "-C=d"),
        *("-modfile=f", "-ldflags=-v", "-gcflags=-a", "-p=1", "-pgo=off", "-modcacherw"),
    ],
)
def test_flags_that_allow_recording(word: str) -> None:
    assert BuildFlags.parse([word])[0].recording_forbidden_by() == ""
    assert BuildFlags().recording_forbidden_by(f"'{word}'") == ""


def test_the_last_word_decides_about_recording_and_the_command_line_after_goflags() -> None:
    assert BuildFlags.parse(["-x", "-x=false"])[0].recording_forbidden_by() == ""
    assert BuildFlags.parse(["-x=false", "-x"])[0].recording_forbidden_by() == "-x"
    assert BuildFlags(x=False).recording_forbidden_by("--x=1") == ""
    assert BuildFlags(race=True).recording_forbidden_by("-race --x=1") == "-x"


def test_flags_of_other_commands_in_goflags_do_not_matter() -> None:
    assert BuildFlags().recording_forbidden_by("-count=1 -n=false -toolexec -o=x") == ""


# The hot path


@pytest.mark.parametrize("module", [flags, target])
def test_only_the_errors_are_imported_at_import(module: object) -> None:
    imports = [
        ast.unparse(node)
        for node in ast.parse(_source(module)).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert imports == ["from gorun_tasks.errors import UsageError"]


def test_reading_a_good_command_line_imports_nothing_more() -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from gorun_tasks.core.flags import BuildFlags\n"
        "from gorun_tasks.core.target import Target\n"
        "before = set(sys.modules)\n"
        "words = ['-C', 'd', '-race', '-tags=a', 'x.com/y@v1.0.0', '-v']\n"
        "flags, index = BuildFlags.parse(words)\n"
        "target, _ = Target.parse(words[index:])\n"
        "hash((flags, target)), flags.chdir, target.is_pattern\n"
        "sys.exit(repr(set(sys.modules) - before) if set(sys.modules) - before else 0)\n"
    )
    root = os.path.dirname(os.path.dirname(os.path.abspath(gorun_tasks.__file__)))
    subprocess.run([sys.executable, "-I", "-S", "-c", script, root], check=True)


def test_every_flag_that_go_lists_is_known_with_its_kind() -> None:
    build = go_says("help", "build")
    shared = build[build.index("The build flags are shared") : build.index("The -asmflags,")]
    listed = re.findall(r"^\t-(\S+)( .+)?$", shared, re.MULTILINE)
    assert len(listed) > 30
    usage = go_says("help", "run").partition("\n")[0]
    own = re.findall(r"\[-(\S+)( [^]]+)?\]", usage)
    assert own == [("exec", " xprog")]
    assert {name for name, value in listed + own if value} <= VALUE_FLAGS
    assert {name for name, value in listed + own if not value} <= BOOLEAN_FLAGS
    # What we know beyond the lists is go's unlisted debugging flags, no more.
    unlisted = (BOOLEAN_FLAGS | VALUE_FLAGS) - {name for name, _ in listed + own}
    assert sorted(unlisted) == ["debug-actiongraph", "debug-runtime-trace", "debug-trace"]


def test_go_run_takes_every_flag_that_is_known_here(tmp_path: Path) -> None:
    for name in sorted(VALUE_FLAGS):
        said = go_says("run", f"-{name}", cwd=tmp_path)
        assert said.startswith(f"flag needs an argument: -{name}\n")
    for name in sorted(BOOLEAN_FLAGS):
        said = go_says("run", f"-{name}=nonsense", cwd=tmp_path)
        assert said.startswith(f'invalid boolean value "nonsense" for -{name}: ')


@pytest.mark.parametrize(
    "words",
    [
        *(["-rcae"], ["---x"], ["-=x"], ["-tags"], ["-race=yes"], ["-buildvcs=maybe"], ["-C"]),
        *(["-race", "-C", "d"], ["-C", ".", "-C", "."], ["-o", "x"], ["-i"], ["-h"], ["-race="]),
    ],
)
def test_go_refuses_what_is_refused_here(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(UsageError):
        BuildFlags.parse(words)
    assert "usage: go run" in go_says("run", *words, cwd=tmp_path)


def _source(module: object) -> str:
    path = getattr(module, "__file__", "")
    with open(path, encoding="utf-8") as file:
        return file.read()
