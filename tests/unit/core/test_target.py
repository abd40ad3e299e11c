"""Proves that the words of a target mean here what they mean to `go run`."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

from gorun_tasks.core.target import Target
from gorun_tasks.errors import UsageError


def parsed(*words: str) -> Target:
    return Target.parse(words)[0]


# The grammar of the command line


@pytest.mark.parametrize(
    ("words", "taken", "kind"),
    [
        (["."], 1, "package"),
        ([".", "x.go"], 1, "package"),
        (["./cmd/api", "-v"], 1, "package"),
        (["/abs/dir", "a"], 1, "package"),
        (["example.com/x"], 1, "package"),
        (["fmt"], 1, "package"),
        (["main.go"], 1, "files"),
        (["main.go", "util.go"], 2, "files"),
        # A program cannot get a .go word as its first argument: go does the same.
        (["main.go", "data.go", "-v", "other.go"], 2, "files"),
        (["main.go", "--", "b.go"], 1, "files"),
        (["main.go", "dir", "b.go"], 1, "files"),
        (["./a/b.go"], 1, "files"),
        ([".go"], 1, "files"),
        # After a `--` a file may look like a flag.
        (["-x.go"], 1, "files"),
        (["example.com/x@v1.2.3", "a.go"], 1, "version"),
        # go runs the package of the current directory.
        ([""], 1, "package"),
    ],
)
def test_the_leading_run_of_go_files_or_the_first_word(
    words: list[str], taken: int, kind: str
) -> None:
    target, count = Target.parse(words)
    assert count == taken
    assert target.words == tuple(words[:taken])
    assert target.kind == kind


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("example.com/x@latest", "version"),
        ("x@", "version"),
        ("@v1", "version"),
        ("a@b@c", "version"),
        (".x@v1", "version"),
        (".@v1", "version"),
        ("...@v1", "version"),
        ("./x@v1.0.0", "package"),
        ("../x@v1.0.0", "package"),
        ("/x@v1.0.0", "package"),
        ("x@v1.go", "files"),
        ("./x@v1.go", "files"),
    ],
)
def test_an_at_sign_means_a_version_only_in_an_import_path(word: str, kind: str) -> None:
    assert parsed(word).kind == kind


def test_no_target_says_what_to_do() -> None:
    with pytest.raises(UsageError) as raised:
        Target.parse([])
    assert str(raised.value) == "no target: say what to run, e.g. gorun . or gorun ./cmd/api"
    assert raised.value.exit_status == 2


@pytest.mark.parametrize("word", ["-", "-x", "--", "--why", "-x@v1.0.0"])
def test_a_word_like_a_flag_is_no_target(word: str) -> None:
    with pytest.raises(UsageError, match=f"^{word} is no target; write ./ before"):
        Target.parse([word, "a.go"])


@pytest.mark.parametrize("words", [["x_test.go"], ["main.go", "x_test.go"], ["./d/x_test.go", "a"]])
def test_test_files_are_refused_by_name(words: list[str]) -> None:
    with pytest.raises(UsageError, match=r"go cannot run \*_test.go files \(.*x_test.go\)"):
        Target.parse(words)
    assert parsed("x_test").kind == "package"
    assert Target.parse([".", "x_test.go"])[1] == 1


# Versions and patterns


@pytest.mark.parametrize(
    "version",
    [
        *("v1.2.3", "v0.0.0", "v10.20.30", "v1.2.3-rc.1", "v1.2.3-alpha", "v1.2.3--", "v1.2.3-0a"),
        *("v2.0.0+incompatible", "v2.0.0-pre.1+incompatible", "v1.2.3-0.0"),
        "v0.0.0-20191109021931-daa7c04131f5",
        "v1.2.4-0.20191109021931-daa7c04131f5",
        "v1.2.3-pre.0.20191109021931-daa7c04131f5+incompatible",
    ],
)
def test_a_full_version_is_exact(version: str) -> None:
    assert parsed(f"example.com/x/cmd/y@{version}").is_exact_version


@pytest.mark.parametrize(
    "version",
    [
        *("latest", "upgrade", "patch", "none", "main", "feature/x", "daa7c04131f5", ""),
        *("v1", "v1.2", "v", "v1.", "v1.2.", "v1.2.3.4", "1.2.3", "V1.2.3", "vv1.2.3", "v1.2.x"),
        *("v01.2.3", "v1.02.3", "v1.2.03", "v1.2.3-", "v1.2.3-01", "v1.2.3-a..b", "v1.2.3-a_b"),
        *("v1.2.3+meta", "v1.2.3+incompatible+incompatible", "v-1.2.3", "v1.2.3-é", "v1.2.²"),
        *(">=v1.2.3", "<v1.2.3", " v1.2.3", "v1.2.3 ", "v1.2.3@v1.2.3", "v\u0661.2.3"),
    ],
)
def test_what_go_must_look_up_is_not_exact(version: str) -> None:
    assert not parsed(f"example.com/x@{version}").is_exact_version


def test_only_a_version_target_is_exact() -> None:
    for word in (".", "./x@v1.2.3", "/x@v1.2.3", "x@v1.2.3.go", "example.com/x"):
        assert not parsed(word).is_exact_version


@pytest.mark.parametrize(
    "word",
    ["./...", "...", "example.com/x/...", "./cmd/a...", "all", "std", "cmd", "tool", "work"],
)
def test_patterns(word: str) -> None:
    assert parsed(word).is_pattern
    assert parsed(f"{word.removeprefix('./')}@v1.0.0").is_pattern


@pytest.mark.parametrize(
    "word",
    [".", "..", "./all", "./std", "cmd/go", "allx", "a...b.go", "example.com/x@v1.2...3", "/all"],
)
def test_what_is_no_pattern(word: str) -> None:
    assert not parsed(word).is_pattern


# For people


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["."], "."),
        ([""], "."),
        (["./"], "./"),
        ([".."], ".."),
        (["./cmd/.."], "./cmd/.."),
        (["/"], "/"),
        (["./cmd/api"], "api"),
        (["./cmd/api/"], "api"),
        (["./cmd/api/."], "api"),
        (["/src/app/cmd/.hidden"], ".hidden"),
        (["example.com/tool/v2"], "tool"),
        (["example.com/tool/v1"], "v1"),
        (["example.com/tool/v05"], "v05"),
        (["example.com/tool/v10/"], "tool"),
        (["./v2"], "v2"),
        (["../v2"], "v2"),
        (["golang.org/x/tools/cmd/stringer@v0.30.0"], "stringer"),
        (["example.com/tool/v3@feature/x"], "tool"),
        (["./x@y"], "x@y"),
        (["./cmd/..."], "./cmd/..."),
        (["example.com/...@latest"], "example.com/..."),
        (["main.go"], "main"),
        (["./cmd/a.b.go", "z.go"], "a.b"),
        (["./cmd/v2.go"], "v2"),
        ([".go"], ".go"),
    ],
)
def test_the_name_is_short_and_go_s_where_the_words_tell(words: list[str], name: str) -> None:
    assert parsed(*words).name == name


# Python


@pytest.mark.parametrize(
    ("value", "words", "kind"),
    [
        (".", (".",), "package"),
        ("./my cmd", ("./my cmd",), "package"),
        ("main.go", ("main.go",), "files"),
        (["./cmd/api"], ("./cmd/api",), "package"),
        (("a.go", "b.go"), ("a.go", "b.go"), "files"),
        (["x.com/y@latest"], ("x.com/y@latest",), "version"),
    ],
)
def test_of_takes_one_word_or_a_list(value: Any, words: tuple[str, ...], kind: str) -> None:
    target = Target.of(value)
    assert target.words == words
    assert target.kind == kind


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "no target: say what to run"),
        (["main.go", "./cmd"], "a target is .go files or one package, not both: ./cmd is no .go"),
        (["./cmd", "main.go"], "a target is .go files or one package, not both: ./cmd is no .go"),
        (["./a", "./b"], "a target is one package, not 2: ./a, ./b; arguments for the program"),
        (["main.go", "x_test.go"], "go cannot run *_test.go files (x_test.go)"),
        ("-race", "-race is no target"),
        (["-race"], "-race is no target"),
        (None, "target: expected a str or a sequence of str, got NoneType None"),
        (b"x", "target: expected a str or a sequence of str, got bytes b'x'"),
        ({"."}, "target: expected a str or a sequence of str, got set {'.'}"),
        ([".", 1], "target: expected a str or a sequence of str, got list ['.', 1]"),
        # It would have lost its ./ and become an import path.
        (Path("./cmd"), "target: expected a str or a sequence of str, got "),
    ],
)
def test_of_says_what_is_wrong(value: Any, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        Target.of(value)
    assert str(raised.value).startswith(sentence)


def test_targets_cannot_change_and_can_be_keys_copied_and_pickled() -> None:
    target = parsed("a.go", "b.go")
    with pytest.raises(AttributeError, match="immutable"):
        target.words = ()
    with pytest.raises(AttributeError, match="immutable"):
        del target.kind
    assert {target: 1}[Target.of(["a.go", "b.go"])] == 1
    assert copy.deepcopy(target) == target
    assert pickle.loads(pickle.dumps(target)) == target
    assert target != parsed("a.go")
    assert target != ("a.go", "b.go")
    assert repr(target) == "<Target a.go b.go>"
