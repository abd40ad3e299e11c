"""Build flags as keywords of Python: the same as when they are typed."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from gorun_tasks.core import flags
from gorun_tasks.core.flag_keywords import KEYWORDS
from gorun_tasks.core.flags import BOOLEAN_FLAGS, VALUE_FLAGS, BuildFlags
from gorun_tasks.errors import UsageError


def untyped(**keywords: Any) -> BuildFlags:
    """Make flags as someone without a type checker does."""
    return BuildFlags(**keywords)


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


def _source(module: object) -> str:
    path = getattr(module, "__file__", "")
    with open(path, encoding="utf-8") as file:
        return file.read()
