"""Proves that build flags are read, spelled and judged as go does."""

from __future__ import annotations

import ast
import copy
import os
import pickle
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import gorun_tasks
from gorun_tasks.cli.answers import misplaced_flag, trap_sentence
from gorun_tasks.core import flags, target
from gorun_tasks.core.flag_keywords import KEYWORDS
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS, BuildFlags
from gorun_tasks.core.quoting import join_quoted, split_goflags, split_quoted
from gorun_tasks.core.tool_flags import for_debugging, stamp
from gorun_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
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


# Python keywords


@pytest.mark.parametrize(
    ("keywords", "typed"),
    [
        ({}, []),
        ({"race": True}, ["-race"]),
        ({"race": False}, ["-race=false"]),
        ({"buildvcs": "auto"}, ["-buildvcs=auto"]),
        ({"buildvcs": "false"}, ["-buildvcs=false"]),
        ({"buildvcs": True}, ["-buildvcs"]),
        ({"p": 4}, ["-p", "4"]),
        ({"tags": "dev"}, ["--tags", "dev"]),
        ({"tags": ["dev"]}, ["-tags=dev"]),
        ({"tags": ("dev", "linux")}, ["-tags", "dev,linux"]),
        ({"tags": []}, ["-tags="]),
        ({"coverpkg": ["./a", "./b/..."]}, ["-coverpkg=./a,./b/..."]),
        ({"ldflags": "-X 'main.v=1 2'"}, ["-ldflags", "-X 'main.v=1 2'"]),
        ({"ldflags": ["-X", "main.v=1 2", "-w"]}, ["-ldflags", "-X 'main.v=1 2' -w"]),
        ({"ldflags": ["-X", "main.v=it's"]}, ["-ldflags", '-X "main.v=it\'s"']),
        ({"ldflags": []}, ["-ldflags="]),
        ({"gcflags": ["all=-N", "-l"]}, ["-gcflags=all=-N -l"]),
        ({"asmflags": ["-D", ""]}, ["-asmflags=-D ''"]),
        ({"exec": "time -p"}, ["-exec", "time -p"]),
        ({"debug_runtime_trace": "f"}, ["-debug-runtime-trace=f"]),
        ({"race": True, "chdir": "d"}, ["-C", "d", "-race"]),
    ],
)
def test_keywords_and_typed_words_of_one_meaning_are_equal(
    keywords: dict[str, Any], typed: list[str]
) -> None:
    made, read = untyped(**keywords), BuildFlags.parse(typed)[0]
    assert made == read
    assert hash(made) == hash(read)
    assert made.words == read.words


def test_every_flag_has_a_typed_keyword() -> None:
    # FlagKeywords exists for type checkers only: read it as one.
    tree = ast.parse(_source(flags))
    (declared,) = (node for node in ast.walk(tree) if getattr(node, "name", "") == "FlagKeywords")
    assert isinstance(declared, ast.ClassDef)
    names = [item.target for item in declared.body if isinstance(item, ast.AnnAssign)]
    assert sorted(ast.unparse(name) for name in names) == sorted(KEYWORDS)
    assert sorted(KEYWORDS.values()) == sorted(BOOLEAN_FLAGS | VALUE_FLAGS)


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        ({"rcae": True}, "no build flag is called rcae; did you mean race?"),
        ({"C": "d"}, "no build flag is called C; the keywords are go's flags, chdir for -C"),
        ({"debug-trace": "f"}, "no build flag is called debug-trace; did you mean debug_trace?"),
        ({"race": "yes"}, "race: expected a bool, got str 'yes'"),
        ({"race": 1}, "race: expected a bool, got int 1"),
        ({"race": None}, "race: expected a bool, got NoneType None"),
        ({"buildvcs": 1}, "buildvcs: expected a bool or 'auto', got int 1"),
        ({"buildvcs": "x"}, 'invalid boolean value "x" for -buildvcs; it is true, false or auto'),
        ({"p": True}, "p: expected an int, got bool True"),
        ({"p": "4"}, "p: expected an int, got str '4'"),
        ({"mod": ["mod"]}, "mod: expected a str, got list ['mod']"),
        ({"pgo": b"f"}, "pgo: expected a str, got bytes b'f'"),
        ({"tags": {"a"}}, "tags: expected a str or a sequence of str, got set {'a'}"),
        ({"tags": b"a"}, "tags: expected a str or a sequence of str, got bytes b'a'"),
        ({"tags": ["a", 1]}, "tags: expected a str or a sequence of str, got list ['a', 1]"),
        (
            {"ldflags": {"a": "b"}},
            "ldflags: expected a str or a sequence of str, got dict {'a': 'b'}",
        ),
        ({"chdir": ""}, "-C needs a directory"),
    ],
)
def test_wrong_keywords_say_what_was_expected(keywords: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        untyped(**keywords)
    assert str(raised.value) == sentence


def test_tool_flags_that_go_cannot_quote_are_refused() -> None:
    with pytest.raises(UsageError, match="go cannot quote a word with both"):
        BuildFlags(ldflags=["-X", "main.v='\""])
    # go looks for a pattern at the start and takes a quote there for an error.
    with pytest.raises(UsageError, match=r"write two words: '-X', 'main\.v=1 2'"):
        BuildFlags(ldflags=["-X=main.v=1 2"])
    with pytest.raises(UsageError, match="go cannot quote the first word: ''"):
        BuildFlags(gcflags=[""])


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


def test_debugging_keeps_the_tool_flags_of_the_user() -> None:
    # go takes the last -ldflags whole: one more would drop the user's -X.
    plain = for_debugging(BuildFlags()).words
    assert plain == ("-gcflags=all=-N -l -dwarf", "-ldflags=-s=0 -w=0")
    said = BuildFlags(ldflags="-X main.v=1", gcflags="-m", chdir="d", race=True)
    made = for_debugging(said)
    added = ("-ldflags=-X main.v=1 -s=0 -w=0", "-gcflags=-m -N -l -dwarf", "-race")
    assert made.words == ("-C=d", *plain, *added)


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


# Quoting


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        (" \t\n\r", ()),
        ("a", ("a",)),
        (" a  b\tc\nd\re ", ("a", "b", "c", "d", "e")),
        ("'a b' \"c d\"", ("a b", "c d")),
        ("'a\"b'", ('a"b',)),
        ('"a\'b"', ("a'b",)),
        ("''", ("",)),
        ('"" a', ("", "a")),
        # A quote inside a word is a letter, and a word ends where its quote does.
        ("a'b c'd", ("a'b", "c'd")),
        ("'a'b", ("a", "b")),
        ("'a''b'", ("a", "b")),
        ("-ldflags='-X a'", ("-ldflags='-X", "a'")),
        ("'-ldflags=-X a.b=c d'", ("-ldflags=-X a.b=c d",)),
        # No escapes, and only ASCII space separates.
        ("a\\ b", ("a\\", "b")),
        ("'a\\'", ("a\\",)),
        ("a\x0bb\x0c\u00a0\u2003c", ("a\x0bb\x0c\u00a0\u2003c",)),
        ("é ü", ("é", "ü")),
    ],
)
def test_splitting_follows_go(text: str, words: tuple[str, ...]) -> None:
    assert split_quoted(text) == words
    assert split_goflags(text) == words


@pytest.mark.parametrize("text", ["'", '"', "a 'b", "'a\"", "'a' \"b"])
def test_a_quote_that_never_ends_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"^unterminated ['\"] string"):
        split_quoted(text)
    with pytest.raises(UsageError, match=r"^GOFLAGS: unterminated ['\"] string"):
        split_goflags(text)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("",),
        ("a", "", "b"),
        ("a b", "c\td", "e\nf"),
        ("it's", 'say "x"', "'", '"'),
        ("back\\slash", "é\u00a0ü", "-X", "main.v=a b"),
    ],
)
def test_what_is_joined_splits_back(words: Sequence[str]) -> None:
    assert split_quoted(join_quoted(words)) == tuple(words)


def test_words_are_quoted_only_where_needed() -> None:
    assert join_quoted(["-X", "main.v=1"]) == "-X main.v=1"


def test_stamps_are_quoted_for_the_linker() -> None:
    assert stamp({}) == ""
    assert stamp({"main.version": "1.2"}) == "-X main.version=1.2"
    assert stamp({"main.a": "", "ex.com/v.b": "1 2"}) == "-X main.a= -X 'ex.com/v.b=1 2'"
    assert stamp({"main.a": "it's=so"}) == '-X "main.a=it\'s=so"'


def test_stamps_that_cannot_work_are_refused() -> None:
    for name in ("version", "main.a=b", ""):
        with pytest.raises(UsageError, match="cannot stamp"):
            stamp({name: "1"})
    with pytest.raises(UsageError, match="go cannot quote"):
        stamp({"main.a": "'\""})
    number: Any = 1
    with pytest.raises(UsageError, match=r"main\.a: expected a str, got int 1"):
        stamp({"main.a": number})


# The flag-order trap

TRAPS = (
    *("race", "tags", "ldflags", "gcflags", "asmflags", "mod", "modfile", "trimpath", "cover"),
    *("msan", "asan", "pgo", "buildvcs"),
)


@pytest.mark.parametrize("name", TRAPS)
def test_a_misplaced_flag_is_found_in_each_spelling(name: str) -> None:
    for flag in (f"-{name}", f"--{name}", f"-{name}=x", f"--{name}=x", f"-{name}="):
        assert misplaced_flag(["serve", "-v", flag, "-race"]) == flag


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--", "-race"],
        ["-x", "--", "--tags=a"],
        ["race", "---race", "-races", "-Race", "=race", "a-race", "x=-race"],
        ["-", "", "-=race", "--=race"],
        [f"-{name}" for name in sorted((BOOLEAN_FLAGS | VALUE_FLAGS) - set(TRAPS))],
    ],
)
def test_arguments_that_may_well_be_the_programs_own_are_left_alone(arguments: list[str]) -> None:
    assert misplaced_flag(arguments) == ""


@pytest.mark.parametrize(
    ("flag", "words", "advice"),
    [
        ("-race", ["main.go"], "gorun -race main.go"),
        ("--tags=dev", ["a.go", "b.go"], "gorun --tags=dev a.go b.go"),
        ("-tags", ["."], "gorun -tags=... ."),
        ("-ldflags=-X a=b", ["./my cmd"], "gorun '-ldflags=-X a=b' './my cmd'"),
    ],
)
def test_the_trap_sentence_says_how_to_write_it(flag: str, words: list[str], advice: str) -> None:
    sentence = trap_sentence(flag, words)
    assert sentence == (
        f"gorun: {flag} stands after the target, so it went to the program;"
        f" to build with it: {advice}"
    )


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


# The real go


@pytest.fixture(scope="module")
def go() -> str:
    found = os.environ.get("GORUN_TEST_GO") or shutil.which("go")
    if not found:
        pytest.skip("no go: set GORUN_TEST_GO or PATH")
    return found


def _go(go: str, *words: str, cwd: Path | None = None, goflags: str = "") -> str:
    """Return what go says, on either stream."""
    environment = os.environ | {"GOFLAGS": goflags, "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        [go, *words],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def test_every_flag_that_go_lists_is_known_with_its_kind(go: str) -> None:
    build = _go(go, "help", "build")
    shared = build[build.index("The build flags are shared") : build.index("The -asmflags,")]
    listed = re.findall(r"^\t-(\S+)( .+)?$", shared, re.MULTILINE)
    assert len(listed) > 30
    usage = _go(go, "help", "run").partition("\n")[0]
    own = re.findall(r"\[-(\S+)( [^]]+)?\]", usage)
    assert own == [("exec", " xprog")]
    assert {name for name, value in listed + own if value} <= VALUE_FLAGS
    assert {name for name, value in listed + own if not value} <= BOOLEAN_FLAGS
    # What we know beyond the lists is go's unlisted debugging flags, no more.
    unlisted = (BOOLEAN_FLAGS | VALUE_FLAGS) - {name for name, _ in listed + own}
    assert sorted(unlisted) == ["debug-actiongraph", "debug-runtime-trace", "debug-trace"]


def test_go_run_takes_every_flag_that_is_known_here(go: str, tmp_path: Path) -> None:
    for name in sorted(VALUE_FLAGS):
        said = _go(go, "run", f"-{name}", cwd=tmp_path)
        assert said.startswith(f"flag needs an argument: -{name}\n")
    for name in sorted(BOOLEAN_FLAGS):
        said = _go(go, "run", f"-{name}=nonsense", cwd=tmp_path)
        assert said.startswith(f'invalid boolean value "nonsense" for -{name}: ')


@pytest.mark.parametrize(
    "words",
    [
        *(["-rcae"], ["---x"], ["-=x"], ["-tags"], ["-race=yes"], ["-buildvcs=maybe"], ["-C"]),
        *(["-race", "-C", "d"], ["-C", ".", "-C", "."], ["-o", "x"], ["-i"], ["-h"], ["-race="]),
    ],
)
def test_go_refuses_what_is_refused_here(go: str, tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(UsageError):
        BuildFlags.parse(words)
    assert "usage: go run" in _go(go, "run", *words, cwd=tmp_path)


@pytest.mark.parametrize(
    "goflags",
    [
        "-x 'a b'",
        "-x 'a''b'",
        "a'b c'",
        '-x\t"a\'b"c',
        "'a'b",
        "-x\n\r a\u00a0b",
        "-v ''",
        "-x a\\ b",
    ],
)
def test_goflags_split_as_by_go(go: str, tmp_path: Path, goflags: str) -> None:
    # go names the first word of GOFLAGS that is no flag: so it shows how it splits.
    first = next(word for word in split_goflags(goflags) if not word.startswith("-"))
    quoted = first.replace("\\", "\\\\").replace("\u00a0", "\\u00a0")
    said = _go(go, "run", ".", cwd=tmp_path, goflags=goflags)
    assert said == f'go: parsing $GOFLAGS: non-flag "{quoted}"\n'


def test_go_calls_the_same_quote_unterminated(go: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unterminated ' string"):
        split_goflags("-x 'a")
    said = _go(go, "run", ".", cwd=tmp_path, goflags="-x 'a")
    assert said == "go: parsing $GOFLAGS: unterminated ' string\n"


def _source(module: object) -> str:
    path = getattr(module, "__file__", "")
    with open(path, encoding="utf-8") as file:
        return file.read()
